"""A catalog of the version before is brought up to date where it lies."""

import contextlib
import sqlite3
from datetime import date

from conftest import Shelf, WordEmbedder, live, rewrite

from index import schema
from index.candidates import Among, Only, members, overview, sources, wanted
from index.catalog import Catalog
from index.check import check
from index.database import FILE_NAME
from index.sync import sync
from index.upkeep import copy
from index.writer import writing

OLD_SOURCES = """CREATE TABLE sources (
  source TEXT PRIMARY KEY, digest TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('indexed', 'skipped', 'failed')), reason TEXT NOT NULL, readers TEXT NOT NULL
) WITHOUT ROWID"""


def old(store):
    """A catalog of version 1 that knows one source and follows one folder."""
    store.mkdir()
    db = sqlite3.connect(store / FILE_NAME, isolation_level=None)
    for statement in [*schema._split(schema._FIRST), schema.FULL_TEXT, OLD_SOURCES]:
        db.execute(statement)
    db.execute("INSERT INTO sources VALUES ('mole', 'd', 'failed', 'damaged PDF', '3')")
    db.execute("INSERT INTO followed VALUES ('/articles')")
    db.execute("PRAGMA user_version = 1")
    db.close()


def test_a_catalog_of_version_1_keeps_what_it_knows(store):
    old(store)
    with contextlib.closing(Catalog(store)) as catalog:
        assert {source: (k.state, k.reason) for source, k in catalog.known().items()} == {
            "mole": ("failed", "damaged PDF")
        }
        assert [(f.location, f.kind, f.listed) for f in catalog.following()] == [("/articles", "files", False)]
        assert catalog.connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    assert check(store).faults == ()


def test_an_article_of_version_2_is_whole_and_can_be_read(store):
    sync(store, [Shelf(mole="The mole fell in August.")], WordEmbedder())
    rewrite(store, "DROP INDEX articles_named")
    rewrite(store, "DROP INDEX articles_of_day")
    rewrite(store, "ALTER TABLE articles DROP COLUMN publisher")
    rewrite(store, "PRAGMA user_version = 2")
    assert live(store) == {"mole": "The mole fell in August."}
    assert check(store).faults == ()


def test_a_catalog_of_version_1_is_gone_on_with(store):
    old(store)
    shelf = Shelf(mole="The mole fell in August.")
    assert sync(store, [shelf], WordEmbedder()).new == 1
    assert live(store) == shelf.texts
    assert check(store).faults == ()


def without_checksums(store):
    """A catalog of version 3, as Python's sqlite3 made it, which knows one article."""
    store.mkdir()
    db = sqlite3.connect(store / FILE_NAME, isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    for statement in schema.statements(0):
        db.execute(statement)
    db.execute("DROP INDEX articles_of_day")
    db.execute("INSERT INTO followed (location) VALUES ('/articles')")
    db.execute("PRAGMA user_version = 3")
    db.close()


def checksums(store):
    """Whether pages have checksums, and whether the file says that they must have."""
    with contextlib.closing(Catalog(store)) as catalog:
        rows = [catalog.connection.execute(f"PRAGMA {name}") for name in ("checksum_verification", "application_id")]
        return [bool(int(row.fetchone()[0])) for row in rows]


def test_a_catalog_of_version_3_has_checksums_from_the_next_run_on(store):
    without_checksums(store)
    assert checksums(store) == [False, False]
    sync(store, [Shelf(mole="The mole fell in August.")], WordEmbedder())
    assert checksums(store) == [True, True]
    with contextlib.closing(Catalog(store)) as catalog:
        assert catalog.followed() == ["/articles"]
        assert catalog.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert check(store).faults == ()


def test_a_catalog_of_version_3_that_is_open_elsewhere_gets_them_later(store):
    without_checksums(store)
    with contextlib.closing(Catalog(store)), writing(store):
        assert checksums(store) == [False, False]
    with writing(store):
        pass
    assert checksums(store) == [True, True]


def test_a_copy_of_a_catalog_of_version_3_is_one_too(store, tmp_path):
    without_checksums(store)
    copy(store, tmp_path / "copy")
    assert checksums(tmp_path / "copy") == [False, False]
    assert check(tmp_path / "copy").faults == ()


def test_each_page_of_a_large_catalog_has_a_checksum_after_it_is_written_anew(store):
    without_checksums(store)
    with contextlib.closing(sqlite3.connect(store / FILE_NAME, isolation_level=None)) as db:
        db.executemany("INSERT INTO vectors VALUES (?, zeroblob(2000000))", [("a",), ("b",)])  # more than is held back
    with writing(store):
        pass
    assert checksums(store) == [True, True]
    assert check(store).faults == ()
    copy(store, store.parent / "copy")
    assert check(store.parent / "copy").faults == ()


def test_a_catalog_of_version_4_gets_the_indexes_of_this_one(store):
    sync(store, [Shelf(mole="The mole fell in August.")], WordEmbedder())
    for name, columns in (("articles_named", "live, publisher, author, published"), ("articles_of_source", "source")):
        rewrite(store, f"DROP INDEX {name}")
        rewrite(store, f"CREATE INDEX {name} ON articles ({columns})")
    rewrite(store, "DROP INDEX articles_of_day")
    rewrite(store, "PRAGMA user_version = 4")
    with contextlib.closing(Catalog(store)) as catalog:
        made = dict(catalog.connection.execute("SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'articles'"))
        assert made["articles_named"].endswith("(live, publisher, author, published, source)")
        assert made["articles_of_source"].endswith("(source, live, title, author, url)")
        assert made["articles_of_day"].endswith("(live, published, publisher, author, source)")
    assert live(store) == {"mole": "The mole fell in August."}
    assert check(store).faults == ()


def test_a_catalog_of_version_5_gets_the_index_of_days(store):
    sync(store, [Shelf(mole="The mole fell in August.")], WordEmbedder())
    rewrite(store, "DROP INDEX articles_of_day")
    rewrite(store, "PRAGMA user_version = 5")
    assert live(store) == {"mole": "The mole fell in August."}
    with contextlib.closing(Catalog(store)) as catalog:
        made = dict(catalog.connection.execute("SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'articles'"))
        assert "articles_of_day" in made
        assert catalog.connection.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    assert check(store).faults == ()


def plans(store, ask):
    """How SQLite goes about each statement of `ask`."""
    said, told = [], []
    with contextlib.closing(Catalog(store)) as catalog:
        catalog.connection.exec_trace = lambda _, sql, values: said.append((sql, values)) or True
        ask(catalog)
        catalog.connection.exec_trace = None
        for sql, values in said:
            told += [row[3] for row in catalog.connection.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    return told


def test_what_finds_articles_among_many_reads_none_of_them(store):
    sync(store, [Shelf(mole="The mole fell in August.")], WordEmbedder())
    words = plans(store, lambda catalog: catalog.states("mole"))
    assert any("SEARCH a USING COVERING INDEX articles_of_source" in step for step in words)
    place = plans(store, lambda catalog: members(catalog, Only(source="mole"), 10))
    assert any("SEARCH a USING COVERING INDEX" in step for step in place)
    day = (date(2024, 8, 1), date(2024, 8, 31))
    for among, by in ((Among(days=(day,)), "articles_of_day"), (Among(("The Age",)), "articles_named")):
        named = plans(store, lambda catalog, among=among: wanted(catalog, among, Only(), 10))
        assert any(f"SEARCH a USING COVERING INDEX {by}" in step for step in named)
    since = date(2024, 8, 1)
    for only in (
        Only(first=since),
        Only("mole", first=since),
        Only(author="quill", last=since),
        Only('"The Age"', first=since),
    ):
        for among in (None, Among(days=(day,)), Among(("The Age",))):
            kept = plans(store, lambda catalog, only=only, among=among: wanted(catalog, among, only, 10))
            assert any(step.startswith("SEARCH a USING COVERING INDEX") for step in kept), (only, among, kept)
        for ask in (overview, sources):
            kept = plans(store, lambda catalog, only=only, ask=ask: ask(catalog, only))
            assert any(step.startswith("SEARCH a USING COVERING INDEX") for step in kept), (only, ask, kept)
    # Each article is looked for among the twins, not all twins for each article.
    assert any("SEARCH s USING COVERING INDEX twins" in step for step in place)
