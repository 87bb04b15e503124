"""A catalog of the version before is brought up to date where it lies."""

import contextlib
import sqlite3

from conftest import Shelf, WordEmbedder, live

from index import schema
from index.catalog import Catalog
from index.check import check
from index.database import FILE_NAME
from index.sync import sync

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
        assert schema.version_of(catalog.connection) == schema.VERSION
    assert check(store).faults == ()


def test_an_article_of_version_2_is_whole_and_can_be_read(store):
    sync(store, [Shelf(mole="The mole fell in August.")], WordEmbedder())
    with contextlib.closing(sqlite3.connect(store / FILE_NAME, isolation_level=None)) as db:
        db.execute("ALTER TABLE articles DROP COLUMN publisher")
        db.execute("PRAGMA user_version = 2")
    assert live(store) == {"mole": "The mole fell in August."}
    assert check(store).faults == ()


def test_a_catalog_of_version_1_is_gone_on_with(store):
    old(store)
    shelf = Shelf(mole="The mole fell in August.")
    assert sync(store, [shelf], WordEmbedder()).new == 1
    assert live(store) == shelf.texts
    assert check(store).faults == ()
