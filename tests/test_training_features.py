import random

import pytest
from reading import tiny_reader

from training.examples import Example
from training.features import STRIDE, WINDOW, batches, chosen, spans, windows


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(str(tiny_reader(tmp_path_factory.mktemp("tiny"))))


def example(text, answer, title="Ada"):
    start = text.index(answer) if answer else 0
    return Example("who?", title, text, (start, start + len(answer)) if answer else None, "made", "q")


def test_the_offsets_of_the_target_give_back_the_answer(tokenizer):
    shown = example("Ann met  Émile in 1934.", "Émile in 1934")
    (window,) = windows(tokenizer, [shown])[0]
    assert shown.text[window.offsets[window.start][0] : window.offsets[window.end][1]] == "Émile in 1934"


def test_no_answer_begins_in_the_question_or_the_title(tokenizer):
    (window,) = windows(tokenizer, [example("it is.", "", title="it is")])[0]
    assert [o for o in window.offsets if o != (-1, -1)] == [(0, 1), (1, 2), (3, 4), (4, 5), (5, 6)]


def test_a_null_points_at_the_first_token(tokenizer):
    (window,) = windows(tokenizer, [example("it is.", "")])[0]
    assert (window.start, window.end) == (0, 0)


def test_a_long_passage_is_read_in_windows_that_overlap_and_hold_all_of_it(tokenizer):
    text = "ab " * 400
    found = windows(tokenizer, [example(text + "zz", "zz")])[0]
    assert all(len(w.ids) <= WINDOW for w in found)
    covered = sorted({o for w in found for o in w.offsets if o[0] >= 0})
    assert covered[0][0] == 0
    assert len(covered) == 802
    both = set(found[0].offsets) & set(found[1].offsets) - {(-1, -1)}
    assert len(both) == STRIDE
    assert [bool(w.start) for w in found] == [False] * (len(found) - 1) + [True]


def test_an_answer_is_trained_on_in_a_window_that_holds_it_and_a_null_in_any(tokenizer):
    text = "ab " * 400
    for answer in ("zz", ""):
        shown = example(text + "zz", answer)
        found = windows(tokenizer, [shown])[0]
        picked = {chosen(found, shown, random.Random(n)) for n in range(40)}
        assert picked == ({found[-1]} if answer else set(found))


def test_a_long_question_leaves_its_passage_room(tokenizer):
    shown = Example("who " * 300, "", "it is.", None, "made", "q")
    (window,) = windows(tokenizer, [shown])[0]
    assert sum(o[0] >= 0 for o in window.offsets) == 5


def test_batches_hold_each_window_once_and_no_more_tokens_than_may_be(tokenizer):
    made = [w for n in range(40) for w in windows(tokenizer, [example("ab " * (n + 1), "")])[0]]
    found = batches(made, 200, random.Random(1))
    assert sorted(len(w.ids) for b in found for w in b) == sorted(len(w.ids) for w in made)
    assert all(len(b) * max(len(w.ids) for w in b) <= 200 for b in found)


def test_a_span_is_never_longer_than_it_may_be(tokenizer):
    (window,) = windows(tokenizer, [example("abcdef", "")])[0]
    first = window.offsets.index((0, 1))
    starts, ends = [-9.0] * len(window.ids), [0.0] * len(window.ids)
    starts[first], ends[first + 5], ends[first + 2] = 5.0, 9.0, 1.0
    assert max(spans(window, starts, ends, longest=3)) == (6.0, 0, 3)
    assert max(spans(window, starts, ends, longest=6)) == (14.0, 0, 6)
