import time

import pytest

from index.sentences import BLOCK, sentences


def said(text, language="en"):
    return [text[start:end] for start, end in sentences(text, language)]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("The mole fell. It was rebuilt.", "en", ["The mole fell.", "It was rebuilt."]),
        ("Dr. Vane spoke. Nobody heard.", "en", ["Dr. Vane spoke.", "Nobody heard."]),
        ("It cost 3.5 crowns. Cheap!", "en", ["It cost 3.5 crowns.", "Cheap!"]),
        ("今天天气很好。我们去公园。", "zh", ["今天天气很好。", "我们去公园。"]),
        ("Der Mole z.B. fehlt es. Schade.", "de", ["Der Mole z.B. fehlt es.", "Schade."]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text, language, expected):
    assert said(text, language) == expected


def test_sentences_glued_together_are_parted():
    assert said("They may leave.Kyiv has stated its terms.") == ["They may leave.", "Kyiv has stated its terms."]
    assert said("See index.html in the U.S.A. today") == ["See index.html in the U.S.A. today"]


def test_a_line_is_never_one_sentence_with_the_next():
    assert said("- bread\n- milk\n\nAnd wine") == ["- bread", "- milk", "And wine"]


@pytest.mark.parametrize("text", ["", " ", "\n\n \t\n"])
def test_white_space_holds_no_sentence(text):
    assert sentences(text) == []


@pytest.mark.parametrize("language", [None, "en", "xx", "zh", "th"])
def test_only_white_space_lies_between_sentences(language):
    text = "  First one.  Second “one”!\n\nอากาศดีมาก 今天。明天。\r\n Last\u00a0one \u2003"
    rest, at = "", 0
    for start, end in sentences(text, language):
        assert at <= start < end
        assert text[start:end] == text[start:end].strip()
        rest += text[at:start]
        at = end
    assert not (rest + text[at:]).strip()


@pytest.mark.parametrize("unit", ["今天天气很好。", "A few words. ", "one line\n", "x"])
def test_a_long_text_loses_nothing_at_the_borders_of_its_blocks(unit):
    text = unit * (3 * BLOCK // len(unit))
    assert "".join(said(text, "zh")).replace(" ", "") == "".join(text.split())
    assert set(said(text, "zh")) <= {unit.strip(), "x" * BLOCK}


def test_a_giant_line_takes_no_square_of_its_length():
    start = time.process_time()
    assert len(sentences("今天天气很好。我们去公园。" * 20_000, "zh")) == 40_000
    assert time.process_time() - start < 10
