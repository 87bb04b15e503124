import random
from itertools import pairwise

import pytest
from conftest import WordEmbedder, article

from index.passages import MAX_CHARACTERS, embedded_text, split
from index.records import Section

WORDS = WordEmbedder(max_tokens=40)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789+/"
MEGABYTE = {
    "one word": "x" * 1_000_000,
    "Chinese without a stop": "中文字漢" * 25_000,
    "Thai": "สวัสดีชาวโลก" * 80_000,
    "base64": "".join(random.Random(1).choices(LETTERS, k=50_000)),
    "emoji": "😀👩‍👩‍👧" * 20_000,
    "white space": " " * 1_000_000 + "end",
    "no space after the stop": "The end.Begin again," * 10_000,
}


def parts(found, count=WORDS.count, max_tokens=WORDS.max_tokens):
    """The passages of an article, after a look at what must hold for all."""
    passages = split(found, count, max_tokens)
    windows = count([embedded_text(found.title, p.heading, p.text) for p in passages])
    assert all(tokens + 2 <= max_tokens for tokens in windows)
    assert all(found.text[p.start : p.end] == p.text and p.text.strip() for p in passages)
    assert all(len(p.text) <= MAX_CHARACTERS for p in passages)
    assert all((a.start, a.end) < (b.start, b.end) for a, b in pairwise(passages))
    assert len({p.id for p in passages}) == len(passages)
    return passages


def left_out(found, passages):
    """What stands in no passage."""
    rest, at = "", 0
    for p in passages:
        rest += found.text[at : p.start]
        at = max(at, p.end)
    return rest + found.text[at:]


def numbered(n):
    return " ".join(f"Sentence {i} has seven words in it." for i in range(n))


def test_a_short_article_is_one_passage():
    assert [p.text for p in parts(article(" A mole. It fell. \n"))] == ["A mole. It fell."]


@pytest.mark.parametrize("text", ["", " \n "])
def test_an_article_without_text_has_no_passage(text):
    assert parts(article(text)) == []


def test_passages_are_whole_sentences_and_nothing_is_lost():
    found = article(numbered(50))
    passages = parts(found)
    assert len(passages) > 10
    assert all(p.text.startswith("Sentence") and p.text.endswith(".") for p in passages)
    assert not left_out(found, passages).strip()


def test_neighbours_overlap_by_whole_sentences():
    first, second, *_ = parts(article(numbered(50)))
    assert second.start < first.end
    assert first.text.endswith(second.text[: first.end - second.start])


def test_a_passage_never_crosses_a_heading_and_holds_none():
    text = "Intro here.\n\nOne\n\nFirst part.\n\nTwo\n\nSecond part."
    found = article(text, sections=(Section(13, 18, "One"), Section(31, 36, "Two")))
    assert [(p.heading, p.text) for p in parts(found)] == [
        ("", "Intro here."),
        ("One", "First part."),
        ("Two", "Second part."),
    ]


def test_a_heading_that_is_the_title_is_not_said_twice():
    found = article("Mole\n\nIt fell.", title="Mole", sections=(Section(0, 6, "Mole"),))
    assert [(p.heading, p.text) for p in parts(found)] == [("", "It fell.")]


def test_a_passage_stands_on_the_page_where_it_begins():
    found = article("Page one.\n\nPage two.", pages=(0, 11), sections=(Section(11, 11, "Two"),))
    assert [p.page for p in parts(found)] == [1, 2]
    assert [p.page for p in parts(article("No pages."))] == [None]


def test_the_model_sees_title_heading_and_text():
    assert embedded_text("Mole", "", "It fell.") == "Mole\nIt fell."
    assert embedded_text("Mole", "1912", "It fell.") == "Mole\n1912\nIt fell."
    assert embedded_text("t" * 500, "", "It fell.") == "t" * 160 + "\nIt fell."


def test_a_sentence_longer_than_the_window_is_cut_between_words():
    found = article(" ".join(f"word{i}" for i in range(200)))
    passages = parts(found)
    assert len(passages) >= 200 // 36
    assert not left_out(found, passages).strip()
    assert all(word in found.text.split() for p in passages for word in p.text.split())


@pytest.mark.parametrize("name", MEGABYTE)
def test_a_giant_line_fits_the_window_of_the_real_model(model, name):
    found = article(MEGABYTE[name], title="標題" * 90, sections=(Section(0, 0, "A heading, " * 30),))
    passages = parts(found, model.count, model.max_tokens)
    assert not left_out(found, passages).strip()


@pytest.mark.parametrize("label", ["標題" * 90, "Chapter one " + "." * 200, "제목" * 90, "Заголовок " * 30])
def test_a_giant_title_and_heading_leave_room_in_the_window_of_the_real_model(model, label):
    parts(article(numbered(60), title=label, sections=(Section(0, 0, label + "!"),)), model.count, model.max_tokens)


def test_labels_of_words_the_real_model_does_not_know_are_cut_until_the_text_fits(model):
    found = article(numbered(60), title="xqz wvk " * 20, sections=(Section(0, 0, "jqk zxq " * 20),))
    headings = {p.heading for p in parts(found, model.count, model.max_tokens)}
    assert all(heading and "jqk zxq ".startswith(heading[:8]) for heading in headings)
    parts(article(numbered(60), title="qxz" * 53, sections=(Section(0, 0, "zqx" * 53),)), model.count, 256)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("zh", "今天天气很好，我们去公园。"),
        ("ja", "今日は天気がいいです。"),
        ("th", "วันนี้อากาศดีมาก "),
        ("en", "A fine day. "),
    ],
)
def test_languages_without_spaces_fit_the_window_of_the_real_model(model, language, sentence):
    found = article(sentence * 300, language=language)
    passages = parts(found, model.count, model.max_tokens)
    assert len(passages) > 2
    assert not left_out(found, passages).strip()


def test_the_same_article_is_always_split_the_same_way():
    assert parts(article(numbered(30))) == parts(article(numbered(30)))
