"""What is asked before something is taken out, and what is followed, as it is drawn."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

import pytest

from index.ledger import Entry, Followed, Place
from index.records import article_id
from page.added import Removal, ago, places_html, removal, removal_html, unfollowing

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ADDED = "/store/added"
MINE = Place(Followed(ADDED), 2, 0, "2026-11-29T11:59:30+00:00", "")
NEWS = Place(Followed("/news"), 1234, 3, "2026-11-29T11:55:00+00:00", "")
OLD = Place(Followed("/news/old"), 5, 0, "", "")
FEED = Place(Followed("https://harbour.example/feed", "feed"), 1, 0, "2026-11-29T09:00:00+00:00", "HTTP 500 <b>")
PLACES = (MINE, NEWS, OLD, FEED)


def line(source, part_of="", title="The river"):
    return Entry(source, "indexed", "", "", part_of, "", title, None, None, None, None, None, "en", None, 90, 0)


def asked(source, part_of=""):
    return removal(line(source, part_of), PLACES, ADDED)


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).replace("\xa0", " ").split())


def test_an_added_file_is_deleted_and_the_question_says_so():
    assert asked(f"{ADDED}/river.md") == Removal(
        article_id(f"{ADDED}/river.md"),
        "Delete “river.md”? Here the file and its article are gone. Answers that quoted it keep their quotes.",
        "Delete",
    )


def test_what_is_in_an_added_file_goes_with_the_file_and_the_question_names_it():
    whole = f"{ADDED}/press.zip"
    found = asked(f"{whole}#river.md", whole)
    assert (found.key, found.yes) == (article_id(whole), "Delete")
    assert found.ask.startswith("Delete “press.zip”? Here the file and all articles in it are gone.")


def test_an_article_of_a_folder_cannot_be_taken_out_alone_and_the_innermost_folder_is_named():
    assert (asked("/news/a.md").yes, asked("/news/old/a.md").yes) == ("", "")
    assert "lies in the folder “news”, which is followed." in asked("/news/a.md").ask
    assert "lies in the folder “old”, which is followed." in asked("/news/old/a.md").ask


def test_an_article_of_a_feed_goes_with_the_feed():
    found = asked("https://harbour.example/1", FEED.followed.location)
    assert found.yes == ""
    assert found.ask.startswith("“The river” is listed by harbour.example/feed, which is followed. It goes when ")


def test_what_is_followed_itself_can_be_followed_no_longer():
    page = Place(Followed("https://harbour.example/1", "page"), 1, 0, "", "")
    found = removal(line("https://harbour.example/1"), [page], ADDED)
    assert (found.yes, found.key) == ("Stop", article_id("https://harbour.example/1"))
    assert found.ask.startswith(
        "Stop following “harbour.example/1”? Its 1 article will not be searched any more. What "
    )
    folder = unfollowing(NEWS, ADDED).ask
    assert "Its 1,234 articles will not be searched any more. The files stay where they are." in folder


def test_what_a_list_names_is_taken_out_there():
    listed = replace(NEWS, followed=replace(NEWS.followed, listed=True))
    found = unfollowing(listed, ADDED)
    assert (found.yes, found.ask) == ("", "“news” is named in sources.toml. Take it out there, and sync.")


def test_the_folder_of_added_files_is_no_folder_to_stop_following():
    assert unfollowing(MINE, ADDED) is None


def test_a_line_that_lies_in_nothing_has_no_link():
    assert removal_html(asked("/elsewhere/a.md"), "a") == ""
    assert asked("/newspapers/a.md") is None


def test_names_in_a_question_are_text():
    name = '"><img src=x onerror=alert(1)>.md'
    drawn = removal_html(asked(f"{ADDED}/{name}"), name)
    assert "<img" not in drawn
    assert unescape(re.search(r'data-ask="([^"]*)"', drawn)[1]).startswith(f"Delete “{name}”?")


def test_each_place_says_what_it_holds_and_when_it_was_looked_at():
    drawn = words(places_html(PLACES, ADDED, NOW))
    assert drawn.startswith("A sync looks at 4 places, last just now Added files 2 articles · looked at just now news")
    assert "news 1,234 articles · 3 left out · looked at 5 minutes ago Unfollow" in drawn
    assert "old 5 articles · not looked at yet Unfollow" in drawn
    assert "harbour.example/feed feed · 1 article · looked at 3 hours ago Unfollow Not reached HTTP 500 <b>" in drawn


def test_nothing_followed_is_nothing_said():
    assert places_html((), ADDED, NOW) == ""
    assert words(places_html((OLD,), ADDED, NOW)).startswith("A sync looks at 1 place old")


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("2026-11-29T11:59:01+00:00", "just now"),
        ("2026-11-29T11:58:59+00:00", "1 minute ago"),
        ("2026-11-29T11:00:01+00:00", "59 minutes ago"),
        ("2026-11-29T11:00:00+00:00", "1 hour ago"),
        ("2026-11-28T12:00:01+00:00", "23 hours ago"),
        ("2026-11-20T12:00:00+00:00", "on\xa020\xa0Nov\xa02026"),
        ("2027-01-01T00:00:00+00:00", "just now"),
    ],
)
def test_the_time_since_is_said_in_words(then, said):
    assert ago(then, NOW) == said
