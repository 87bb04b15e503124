"""The lines of the ledger."""

import contextlib
from datetime import date

from conftest import Shelf

from index.catalog import Catalog
from index.search import Index
from index.sync import sync

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
