from datetime import date

import pytest

from index.errors import NotAnArticle
from index.sources.draft import MAX_CHARACTERS, Dated
from index.sources.fields import ROLES, Entry, at, holds, unknown_role

TEXT = "The council of Port Ansel closed the oyster beds on Tuesday."


def draft(**record):
    return Entry({"text": TEXT, **record}, {}).draft()


@pytest.mark.parametrize("name", ["text", "Body", "content", "article", "articleBody", "article_body", "content_html"])
def test_the_text_is_found_under_its_usual_names(name):
    assert Entry({"id": 7, name: TEXT}, {}).draft().text == TEXT


@pytest.mark.parametrize("record", [{"rendered": TEXT}, [TEXT], [{"type": "paragraph", "text": TEXT}]])
def test_a_text_that_is_wrapped_is_unwrapped(record):
    assert draft(text=record).text == TEXT


@pytest.mark.parametrize("name", ["metadata", "_source", "attributes", "row"])
def test_fields_one_step_further_in_are_found_and_stand_behind_those_of_the_record(name):
    inner = {"text": "Not this.", "title": "Oysters", "author": "Ines Calloway"}
    found = Entry({"text": TEXT, "author": "Ada Bell", name: inner}, {}).draft()
    assert (found.text, found.title, found.author) == (TEXT, "Oysters", "Ada Bell")


def test_paragraphs_in_a_list_have_a_blank_line_between_them():
    assert draft(text=["One fell.", "", "Two rose."]).text == "One fell.\n\nTwo rose."


def test_a_record_without_a_text_is_no_article():
    for text in ("", " \n", "—", None, [], {}, 7, True, "NaN"):
        entry = Entry({"title": "Oysters", "text": text}, {})
        assert not entry.has_text
        with pytest.raises(NotAnArticle, match="no text in it"):
            entry.draft()


def test_a_text_that_is_too_long_is_no_article():
    with pytest.raises(NotAnArticle, match="longer than 5,000,000 characters"):
        draft(text="a" * (MAX_CHARACTERS + 1))


def test_markup_is_read_as_a_piece_of_a_page():
    found = draft(
        body="", text=None, content="<p>One &amp; two.</p><h2>Why</h2><p>So.<br>And so.</p><script>x()</script>"
    )
    assert found.text == "One & two.\n\nWhy\n\nSo.\nAnd so."
    assert [section.heading for section in found.sections] == ["Why"]


@pytest.mark.parametrize(
    "text", [f"<h1>Oysters</h1><p>{TEXT}</p>", f"Oysters\n\n{TEXT}", f"Oysters\nBy Ada Bell\n\n{TEXT}"]
)
def test_a_title_that_the_text_begins_with_again_is_left_out_of_it(text):
    assert draft(title="Oysters", text=text).text == TEXT
    assert draft(title="Oysters", text="Oysters\n").text.strip() == "Oysters"


def test_signs_of_less_and_more_are_no_markup():
    assert draft(text="If a < b and c > d, & so on &amp; on.").text == "If a < b and c > d, & so on &amp; on."


def test_a_whole_page_is_read_as_one():
    page = f"<!doctype html><html><head><title>Oysters</title></head><body><nav>Home</nav><p>{TEXT}</p></body></html>"
    found = draft(text=None, html=page)
    assert (found.title, found.text) == ("Oysters", TEXT)


def test_a_title_loses_its_tags_and_entities():
    assert draft(title={"rendered": "Oysters &amp; <em>beds</em>"}).title == "Oysters & beds"
    assert draft(headline="x" * 1000).title == ""


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("Ines Calloway", "Ines Calloway"),
        ("By INES CALLOWAY", "Ines Calloway"),
        (["Ines Calloway", "Ada Bell", "Ines Calloway"], "Ines Calloway, Ada Bell"),
        ([{"name": "Ines Calloway", "url": "https://a.example"}], "Ines Calloway"),
        ("['Ines Calloway', \"Sean O'Hara\"]", "Ines Calloway, Sean O'Hara"),
        ("Ines Calloway; Ada Bell", "Ines Calloway, Ada Bell"),
        ("https://a.example/ines", None),
        ("nan", None),
        ([], None),
        ([None, 7, {"id": 3}], None),
    ],
)
def test_authors_are_names(said, names):
    assert draft(authors=said).author == names


def test_of_many_authors_those_that_a_byline_takes_are_named():
    author = draft(authors=[f"Name Number{n:03}" for n in range(500)]).author
    assert len(author) <= 160
    assert author.startswith("Name Number000, Name Number001, ")


@pytest.mark.parametrize(
    "said",
    [
        "2024-02-08",
        "2024-02-08T23:30:00-08:00",
        "Thu, 08 Feb 2024 13:00:00 GMT",
        "February 8, 2024 ",
        1707393600,
        1707393600.5,
        "1707393600",
        1707393600000,
        "1707393600000000",
        20240208,
        {"$date": "2024-02-08T13:00:00Z"},
        {"$date": {"$numberLong": "1707393600000"}},
    ],
)
def test_a_day_is_read_however_it_is_written(said):
    assert draft(published_at=said).published == Dated(date(2024, 2, 8), "record")


@pytest.mark.parametrize(
    "said", [True, "yes", "2024", 2024, "03/04/2024", "9" * 5000, 10**30, float("inf"), [], "2024-13-40"]
)
def test_what_names_no_one_day_is_none(said):
    assert draft(published=said).published is None


def test_the_first_field_that_gives_a_day_gives_it():
    found = draft(published=True, date="", created_at="2024-02-08", updated_at="2024-02-09")
    assert (found.published.day, found.modified) == (date(2024, 2, 8), date(2024, 2, 9))


def test_the_address_and_the_language_are_taken_where_they_are_one():
    found = draft(link="https://a.example/b", lang="en-GB")
    assert (found.url, found.language) == ("https://a.example/b", "en")
    found = draft(link="javascript:alert(1)", lang="english")
    assert not found.url
    assert not found.language


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"source": {"id": "packet", "name": "The Packet"}}, "The Packet"),
        ({"publisher": "Packet &amp; Post", "source": "wire"}, "Packet & Post"),
        ({"source": "https://packet.example/feed"}, ""),
        ({"source": "x" * 81}, ""),
        ({"source": 7}, ""),
    ],
)
def test_a_publisher_is_a_short_name(said, name):
    assert draft(**said).publisher == name


@pytest.mark.parametrize(
    ("record", "name"),
    [
        ({"id": 7}, "7"),
        ({"_id": {"$oid": "65c4"}}, "65c4"),
        ({"guid": {"rendered": "https://a.example/?p=7"}}, "https://a.example/?p=7"),
        ({"id": "", "uuid": "a-b", "url": "https://a.example/b"}, "a-b"),
        ({"id": "two words", "url": "https://a.example/b"}, "https://a.example/b"),
        ({"id": "x" * 200}, ""),
        ({"id": "a#b"}, ""),
        ({"id": "\ud800"}, ""),
        ({"id": True}, ""),
        ({"id": None}, ""),
    ],
)
def test_an_id_is_one_short_clean_word(record, name):
    assert Entry(record, {}).id == name


def test_a_mapping_goes_before_the_usual_names_and_only_for_its_own_roles():
    record = {
        "text": "Not this.",
        "a": {"b": TEXT},
        "title": "Oysters",
        "writers": [{"n": "Ada Bell"}, {"n": "Ines Calloway"}],
    }
    found = Entry(record, {"text": "a.b", "author": "writers.n"}).draft()
    assert (found.text, found.title, found.author) == (TEXT, "Oysters", "Ada Bell, Ines Calloway")
    assert not Entry(record, {"text": "missing"}).has_text


def test_a_path_leads_to_a_value():
    record = {"a": {"b": [1, {"c": 2}]}, "a.b": 3, "d": {"e": None}}
    assert [at(record, path) for path in ("a.b", "a", "d.e", "a.x")] == [3, record["a"], None, None]
    del record["a.b"]
    assert [at(record, path) for path in ("a.b.0", "a.b.1.c", "a.b.c", "a.b.9", "a.b." + "9" * 30)] == [
        1,
        2,
        [2],
        None,
        None,
    ]
    assert holds({"a": None}, "a")
    assert not holds({"a": None}, "b")


def test_a_role_that_there_is_not_is_told():
    assert unknown_role({"text": "a", "headline": "b"}) == "headline"
    assert unknown_role(dict.fromkeys(ROLES, "a")) == ""


def test_what_a_reader_does_not_see_stays_out():
    found = draft(text="The\u202e beds\x00 are\u200b shut \ud800.", title="A\u202eB\x00", author="Ada\u202e Bell\x07")
    assert (found.text, found.title, found.author) == ("The beds are shut \ufffd.", "AB", "Ada Bell")
