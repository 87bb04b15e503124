import json
import unicodedata

import pytest

from index.printable import escaped, place, visible

ESCAPES = {
    "colour": ("\x1b[31mred\x1b[0m", "[31mred[0m"),
    "clear screen": ("\x1b[2J\x1b[H", "[2J[H"),
    "window title": ("\x1b]0;owned\x07", "]0;owned"),
    "link": ("\x1b]8;;http://example.org\x1b\\text", "]8;;http://example.org\\text"),
    "eight-bit escape": ("\x9b31mred", "31mred"),
    "back over it": ("safe\b\b\b\bevil", "safeevil"),
    "over the line": ("safe\revil", "safeevil"),
    "bell, form feed, delete, null": ("a\x07b\x0cc\x7fd\0", "abcd"),
}


@pytest.mark.parametrize(("hostile", "harmless"), ESCAPES.values(), ids=ESCAPES)
def test_an_escape_sequence_loses_what_a_terminal_obeys(hostile, harmless):
    assert visible(hostile) == harmless


def test_no_control_character_but_tab_and_line_feed_is_shown():
    every = "".join(map(chr, range(0x110000)))
    shown = visible(every)
    assert {c for c in shown if unicodedata.category(c) == "Cc"} == {"\t", "\n"}


def test_no_bidi_control_is_shown():
    bidi = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    every = "".join(map(chr, range(0x110000)))
    assert not [c for c in visible(every) if unicodedata.bidirectional(c) in bidi]


@pytest.mark.parametrize("hidden", ["\u200b", "\ufeff", "\u2060", "\u200e", "\u061c", "\U000e0041"])
def test_what_is_invisible_is_left_out(hidden):
    assert visible(f"no{hidden}where") == "nowhere"


def test_what_is_shown_can_always_be_sent():
    assert visible("a\ud800b\udfff").encode() == "a\ufffdb\ufffd".encode()


def test_json_that_is_escaped_means_the_same_and_can_be_sent():
    value = ["\x9b31m\u202e\U000e0041\ud800 Grüße 船 \u200c", {"\x7f": 1}]
    text = escaped(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == value
    assert visible(text) == text
    assert "Grüße 船 \u200c".encode() in text.encode()


@pytest.mark.parametrize("text", ["Grüße, naïve", "mi\u200cravam", "क्\u200dष", "船は七時", "שלום", "a\tb\nc", "£6.4m"])
def test_what_people_write_stays_as_it_is(text):
    assert visible(text) == text


def test_a_source_below_the_working_folder_is_shown_from_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert place(str(tmp_path / "notes" / "a.md")) == "notes/a.md"
    assert place(str(tmp_path.parent / "a.md")) == str(tmp_path.parent / "a.md")
    assert place("https://example.org/a") == "https://example.org/a"
