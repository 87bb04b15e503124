import json
from datetime import date
from html.parser import HTMLParser

import pytest
from scripted_page import PAYLOADS

from index.candidates import Names, Only
from index.errors import UsageError
from page.filters import MOST_NAMES, filters_html, implied_html, only_of
from page.rooms.ask import LONGEST, How, how_asked
from rag.named import Implied
from rag.periods import Period

MAY = Period("in May", date(2024, 5, 1), date(2024, 5, 31))
JUNE = Period("in June", date(2024, 6, 1), date(2024, 6, 30))


class Tags(HTMLParser):
    def __init__(self, drawn):
        super().__init__()
        self.tags, self.values = [], []
        self.feed(drawn)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.values += [value for name, value in attributes if name == "value"]


def test_names_are_offered_as_they_are_and_make_no_tags():
    drawn = Tags(filters_html(Names(PAYLOADS, ("Ines Calloway",))))
    assert drawn.values == [*PAYLOADS, "Ines Calloway"]
    assert set(drawn.tags) == {"details", "summary", "form", "label", "input", "datalist", "option", "button", "p"}


def test_no_more_names_are_sent_than_a_list_can_show():
    assert filters_html(Names(tuple(map(str, range(5_000))))).count("<option") == MOST_NAMES


def test_what_a_question_implies_is_shown_with_the_way_to_those_alone():
    drawn = implied_html(Implied(("The Packet",), (), (MAY,)))
    assert "<b>The Packet</b>" in drawn.replace("&#32;", " ")
    said = json.loads(bytes.fromhex(drawn.split("#only-")[1].split('"')[0]))
    assert said == {"source": '"The Packet"', "author": "", "first": "2024-05-01", "last": "2024-05-31"}


def test_nothing_implied_is_nothing_shown():
    assert implied_html(Implied()) == ""


def test_of_several_papers_or_periods_none_is_taken_alone():
    assert not only_of(Implied(("The Packet", "Evening Post"), ("Ines", "Tom"), (MAY, JUNE)))
    assert "#only-" not in implied_html(Implied(("The Packet", "Evening Post")))


def test_an_open_period_has_one_end():
    assert only_of(Implied(periods=(Period("since May", date(2024, 5, 1), date.max),))) == Only(first=date(2024, 5, 1))


def test_how_a_question_is_asked_is_read():
    assert how_asked("") == How()
    said = {"alone": True, "source": " Packet ", "first": "2024-05-01", "last": ""}
    assert how_asked(json.dumps(said)) == How(alone=True, only=Only("Packet", first=date(2024, 5, 1)))
    assert len(how_asked(json.dumps({"author": "x" * 9_999})).only.author) == LONGEST


@pytest.mark.parametrize(
    "text",
    ["[]", "7", "{", "[" * 100_000, "9" * 5_000, '{"first": "May"}', '{"first": "2024-05-02", "last": "2024-05-01"}'],
)
def test_what_cannot_be_read_is_one_sentence(text):
    with pytest.raises(UsageError):
        how_asked(text)


def test_the_sections_of_a_paper_are_one():
    assert only_of(Implied(("BBC News - Arts", "BBC News - Sport"))) == Only('"BBC News"')


def test_a_filter_is_one_line_of_whole_characters():
    assert how_asked(json.dumps({"source": "a\ud800\n b", "alone": "false"})) == How(only=Only("a\ufffd b"))
