"""The lines of the ledger."""

import contextlib
import json
from datetime import UTC, date, datetime, timedelta

from conftest import Shelf

from index.catalog import Catalog
from index.following import add
from index.ledger import UNDATED, Followed, Timeline
from index.search import Index
from index.sync import sync, sync_followed, sync_paths

LONG = " ".join(f"Sentence {n} of the report says that the mole was rebuilt with stone." for n in range(6))


def entries(store, *chosen):
    with contextlib.closing(Catalog(store)) as catalog:
        return catalog.entries(*chosen)


def filled(store, embedder):
    shelf = Shelf(mole=LONG, copy=LONG, ferry="The ferry sails at noon.", scan="x", torn="y")
    shelf.titles, shelf.dates = {"ferry": "100 % off the ferry_fare"}, {"ferry": date(2024, 2, 8)}
    shelf.bare, shelf.broken = {"scan"}, {"torn"}
    sync(store, [shelf], embedder)
    return store


def test_every_source_has_a_line_the_failed_first(store, embedder):
    lines = entries(filled(store, embedder))
    assert [(e.source, e.state) for e in lines] == [
        ("torn", "failed"), ("scan", "skipped"), ("copy", "indexed"), ("ferry", "indexed"), ("mole", "indexed"),
    ]  # fmt: skip
    assert (lines[0].reason, lines[3].published, lines[3].published_from) == ("torn: damaged", "2024-02-08", "shelf")


def test_a_twin_shows_the_article_that_stands_for_it(store, embedder):
    lines = {e.source: e for e in entries(filled(store, embedder), "indexed")}
    assert (lines["copy"].twin, lines["mole"].twin) == ("mole", "")
    assert lines["copy"].characters == lines["mole"].characters == len(LONG)


def test_a_twin_does_not_take_the_date_of_the_article_that_stands_for_it(store, embedder):
    shelf = Shelf(a=LONG, b=LONG)
    shelf.dates, shelf.titles = {"a": date(2024, 1, 1)}, {"a": "First", "b": "Second"}
    sync(store, [shelf], embedder)
    assert [(e.source, e.published, e.published_from) for e in entries(store)] == [
        ("a", "2024-01-01", "shelf"), ("b", None, None),
    ]  # fmt: skip
    with Index(store, embedder).view() as view:
        (hit, *_) = view.hits(view.lexical("mole", 1), {})
    assert [(copy.source, copy.title, copy.published) for copy in hit.also] == [("b", "", None)]


def test_the_states_sum_to_what_was_seen(store, embedder):
    with contextlib.closing(Catalog(filled(store, embedder))) as catalog:
        assert catalog.states() == {"indexed": 3, "skipped": 1, "failed": 1}
        assert catalog.states("ferry") == {"indexed": 1, "skipped": 0, "failed": 0}


def test_what_is_looked_for_is_taken_as_it_is_written(store, embedder):
    filled(store, embedder)
    assert [e.source for e in entries(store, "", "100 %")] == ["ferry"]
    assert [e.source for e in entries(store, "", "ferry_fare")] == ["ferry"]
    assert entries(store, "", "ferryXfare") == []
    assert [e.source for e in entries(store, "", "DAMAGED")] == ["torn"]


def test_a_page_of_lines_can_be_asked_for(store, embedder):
    filled(store, embedder)
    assert [e.source for e in entries(store, "", "", 2, 1)] == ["scan", "copy"]


# When articles appeared ----------------------------------------------------------------------------------------------


def dated(store, embedder):
    shelf = Shelf(
        a=LONG, b="The ferry sails at noon.", c="A crane barge struck the quay.", d="The mole fell.", copy=LONG
    )
    shelf.dates = {"a": date(2023, 12, 31), "b": date(2024, 2, 1), "c": date(2024, 2, 29), "copy": date(2024, 2, 2)}
    sync(store, [shelf], embedder)
    return Index(store, embedder)


def test_the_timeline_counts_each_article_in_its_month_and_those_without_a_day_aside(store, embedder):
    assert dated(store, embedder).timeline() == Timeline((("2023-12", 1), ("2024-02", 2)), undated=1)


def test_the_timeline_is_counted_anew_when_articles_come(store, embedder):
    index = dated(store, embedder)
    assert index.timeline() is index.timeline()
    more = Shelf(e="Another barge.")
    more.dates = {"e": date(2024, 3, 1)}
    more.covers = lambda source: False
    sync(store, [more], embedder)
    assert index.timeline() == Timeline((("2023-12", 1), ("2024-02", 2), ("2024-03", 1)), undated=1)


def test_a_store_that_does_not_exist_has_no_timeline_and_no_places(store, embedder):
    index = Index(store, embedder)
    assert (index.timeline(), index.places(), store.exists()) == (Timeline(), [], False)


def test_a_period_gives_as_many_lines_as_the_timeline_counts(store, embedder):
    index = dated(store, embedder)
    shown = {
        period: [e.source for e in index.listing(period=period).entries]
        for period in ("2023", "2023-12", "2024", "2024-02", "2024-02-29", "2022", "20", UNDATED)
    }
    assert shown == {
        "2023": ["a"], "2023-12": ["a"], "2024": ["b", "c"], "2024-02": ["b", "c"], "2024-02-29": ["c"], "2022": [],
        "20": ["a", "b", "c"], UNDATED: ["d"],
    }  # fmt: skip


def test_a_period_goes_with_the_other_filters_and_states_count_what_is_in_it(store, embedder):
    index = dated(store, embedder)
    assert index.listing(period="2024").states == {"indexed": 2, "skipped": 0, "failed": 0}
    assert [e.source for e in index.listing("indexed", "b", period="2024").entries] == ["b"]
    assert index.listing("failed", period="2024").entries == ()


def test_what_is_no_period_finds_nothing_and_harms_nothing(store, embedder):
    assert dated(store, embedder).listing(period="') OR 1 --").entries == ()


# What is followed -----------------------------------------------------------------------------------------------------


def folder(tmp_path, name, **texts):
    place = tmp_path / name
    place.mkdir(parents=True)
    for stem, text in texts.items():
        (place / f"{stem}.md").write_text(text)
    return place


def test_each_place_counts_what_lies_in_it_and_says_when_it_was_looked_at(store, embedder, tmp_path):
    news = folder(tmp_path, "news", ferry="The ferry sails at noon.", empty="")
    folder(news, "old", mole="The mole fell in August.")
    newspapers = folder(tmp_path, "news.old", crane="A crane barge struck the quay.")
    sync_paths(store, [news, newspapers], embedder)
    first, second = Index(store, embedder).places()
    assert [(p.followed.location, p.indexed, p.unread) for p in (first, second)] == [
        (str(news), 2, 1), (str(newspapers), 1, 0),
    ]  # fmt: skip
    looked = datetime.fromisoformat(first.looked)
    assert timedelta(0) <= datetime.now(UTC) - looked < timedelta(minutes=1)


def test_a_place_that_was_only_added_was_not_looked_at_yet(store, embedder, tmp_path):
    news = folder(tmp_path, "news", ferry="The ferry sails at noon.")
    sync_paths(store, [news], embedder)
    add(store, [folder(tmp_path, "more", mole="The mole fell.")], "", {})
    more, first = Index(store, embedder).places()
    assert (more.indexed, more.looked, bool(first.looked)) == (0, "", True)
    sync_followed(store, embedder, only=lambda followed: followed == more.followed)
    assert Index(store, embedder).places()[0].indexed == 1


def test_a_place_that_is_not_there_says_so(store, embedder, tmp_path):
    news = folder(tmp_path, "news", ferry="The ferry sails at noon.")
    sync_paths(store, [news], embedder)
    (news / "ferry.md").unlink()
    news.rmdir()
    sync_followed(store, embedder)
    (place,) = Index(store, embedder).places()
    assert (place.indexed, place.unread) == (1, 0)
    assert place.problem.startswith("no longer there")


def test_what_a_feed_lists_and_what_a_file_holds_counts_for_it(store):
    with contextlib.closing(Catalog(store)) as catalog:
        for location, kind in (("/a.zip", "files"), ("https://h.example/feed", "feed"), ("https://h.example", "page")):
            catalog.follow(Followed(location, kind))
        catalog.connection.executemany(
            "INSERT INTO sources VALUES (?, '', ?, '', '', ?, '', '{}', '')",
            [
                ("/a.zip", "opened", ""), ("/a.zip#one.md", "indexed", "/a.zip"), ("/a.zip#two", "skipped", "/a.zip"),
                ("https://h.example/feed", "opened", ""), ("https://h.example", "indexed", ""),
                *((f"https://h.example/{n}", "indexed", "https://h.example/feed") for n in range(3)),
            ],
        )  # fmt: skip
        assert [(p.followed.location, p.indexed, p.unread) for p in catalog.places()] == [
            ("/a.zip", 1, 1), ("https://h.example", 1, 0), ("https://h.example/feed", 3, 0),
        ]  # fmt: skip


def test_a_place_that_is_followed_no_longer_is_forgotten(store):
    with contextlib.closing(Catalog(store)) as catalog:
        catalog.follow(Followed("/a"))
        catalog.follow(Followed("/b"))
        catalog.note_looked(["/a", "/b", "/c"])
        catalog.unfollow("/a")
        catalog.note_looked([])
        assert list(json.loads(catalog.note("looked"))) == ["/b"]
