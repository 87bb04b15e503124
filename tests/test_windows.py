from itertools import pairwise

import pytest
from reading import tiny_reader

from rag.reading.windows import QUESTION, STRIDE, WINDOW, context, windows
from training.network import Network

SPECIAL = (-1, -1)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return Network(tiny_reader(tmp_path_factory.mktemp("tiny"))).tokenizer


def shown(tokenizer, question, title, text):
    return windows(tokenizer, [(question, title, text)])[0]


def test_a_window_is_the_question_then_the_title_and_the_text(tokenizer):
    (window,) = shown(tokenizer, "who?", "Ada", "it is.")
    assert tokenizer.decode(list(window.ids), skip_special_tokens=False) == "[CLS] who? [SEP] ada it is. [SEP]"
    # [CLS] w h o ? [SEP], then a d a i t i s . [SEP]
    assert window.types == (0,) * 6 + (1,) * 9


def test_the_offsets_of_a_token_give_back_its_characters(tokenizer):
    text = "Ann met  Émile in 1934."
    (window,) = shown(tokenizer, "who?", "Ada", text)
    said = "".join(text[a:b] for a, b in window.offsets if (a, b) != SPECIAL)
    assert said == text.replace(" ", "")


def test_the_question_and_the_title_have_no_offsets(tokenizer):
    (window,) = shown(tokenizer, "it is?", "it is", "it is.")
    assert [o for o in window.offsets if o != SPECIAL] == [(0, 1), (1, 2), (3, 4), (4, 5), (5, 6)]


def test_a_passage_without_a_title_is_its_text(tokenizer):
    assert context("", "it is.") == "it is."
    (window,) = shown(tokenizer, "who?", "", "it is.")
    assert next(o for o in window.offsets if o != SPECIAL) == (0, 1)


@pytest.mark.parametrize(("question", "title", "text"), [("who?", "", ""), ("who?", "Ada", ""), ("", "Ada", " ")])
def test_a_passage_without_words_is_one_window_without_offsets(tokenizer, question, title, text):
    (window,) = shown(tokenizer, question, title, text)
    assert set(window.offsets) == {SPECIAL}


def test_a_question_without_words_is_read_as_a_question_mark(tokenizer):
    assert shown(tokenizer, "  ", "", "it is.") == shown(tokenizer, "?", "", "it is.")


def test_a_long_passage_is_read_in_windows_that_overlap_and_hold_all_of_it(tokenizer):
    found = shown(tokenizer, "who?", "Ada", "ab " * 400 + "zz")
    inside = [[o for o in window.offsets if o != SPECIAL] for window in found]
    assert all(len(window.ids) == len(window.types) == len(window.offsets) <= WINDOW for window in found)
    assert len({o for of in inside for o in of}) == 802
    assert [len(set(a) & set(b)) for a, b in pairwise(inside)] == [STRIDE] * (len(found) - 1)


@pytest.mark.parametrize("more", [0, 1])
def test_a_passage_that_just_fits_is_one_window(tokenizer, more):
    room = WINDOW - len("?") - 3  # [CLS] and two [SEP]
    assert len(shown(tokenizer, "?", "", "a " * (room + more))) == 1 + more


def test_a_long_question_leaves_its_passage_room(tokenizer):
    (window,) = shown(tokenizer, "who " * 300, "", "it is.")
    assert window.types.count(0) == QUESTION + 2
    assert sum(o != SPECIAL for o in window.offsets) == 5


def test_passages_read_together_are_read_as_each_alone(tokenizer):
    every = [("who?", "Ada", "it is."), ("when?", "", "ab " * 300), ("", "", "")]
    assert windows(tokenizer, every) == [shown(tokenizer, *one) for one in every]
    assert windows(tokenizer, []) == []
