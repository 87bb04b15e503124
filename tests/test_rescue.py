"""What is left of a catalog when one byte in a page of each of its tables is changed."""

import contextlib

import pytest
from conftest import Shelf, found, live

from index.catalog import Catalog
from index.check import check
from index.database import FILE_NAME
from index.errors import FootnoteError
from index.search import Index
from index.sync import sync


def pages(store, table):
    """The numbers of the pages of a table or an index; where the file is whole, all of them lie in it."""
    with contextlib.closing(Catalog(store)) as catalog:
        rows = catalog.connection.execute("SELECT pageno FROM dbstat WHERE name = ? ORDER BY path", (table,)).fetchall()
    return [number for (number,) in rows]


def hurt(store, *numbers):
    """Changes one byte in the middle of each of these pages."""
    data = bytearray((store / FILE_NAME).read_bytes())
    for number in numbers:
        data[4096 * number - 2048] ^= 1
    (store / FILE_NAME).write_bytes(data)


def problems(report):
    return [(fault.problem.split(" (")[0].split(";")[-1].strip(), fault.repaired) for fault in report.faults]


@pytest.mark.parametrize("table", ["passages_text_data", "passages_text_content", "articles_of_source", "bands"])
def test_what_is_derived_is_made_again(indexed, store, embedder, table):
    hurt(store, *pages(store, table))
    embedder.embedded.clear()
    assert problems(check(store, repair=True)) == [("The catalog was damaged", True)]
    assert check(store).faults == ()
    assert found(Index(store, embedder), "When does the ferry sail?")[1] == ["ferry"]
    assert embedder.embedded == []


@pytest.mark.parametrize("table", ["articles", "passages", "sources"])
def test_what_is_lost_is_read_again_and_not_embedded(indexed, store, shelf, embedder, table):
    hurt(store, *pages(store, table))
    embedder.embedded.clear()
    check(store, repair=True)
    sync(store, [shelf], embedder)
    assert live(store) == shelf.texts
    assert check(store).faults == ()
    assert embedder.embedded == []


def test_only_what_stood_on_the_page_is_read_again(store, embedder):
    shelf = Shelf(**{f"story{n}": f"Ferry {n} sails at noon. {n * 'Nobody was hurt. '}" for n in range(60)})
    sync(store, [shelf], embedder)
    leaves = pages(store, "passages")[1:]
    assert len(leaves) > 2
    hurt(store, leaves[1])
    report = check(store, repair=True)
    left = len(live(store))
    assert 0 < left < 60
    assert report.faults[0].problem.endswith(f"; {60 - left} sources to be read again")
    embedder.embedded.clear()
    done = sync(store, [shelf], embedder)
    assert (done.new, done.changed, done.gone) == (60 - left, 0, 0)
    assert live(store) == shelf.texts
    assert embedder.embedded == []


def test_segments_are_made_again_when_numbers_might_be_given_twice(indexed, store, embedder):
    hurt(store, *pages(store, "sqlite_sequence"))
    with contextlib.closing(Catalog(store)) as catalog:
        before = catalog.segments()[0].name
    assert check(store, repair=True).sound
    with contextlib.closing(Catalog(store)) as catalog:
        assert [row.name == before for row in catalog.segments()] == [False]
    assert check(store).faults == ()


def test_a_vector_that_is_lost_is_computed_by_the_next_run(indexed, store, shelf, embedder):
    hurt(store, *pages(store, "vectors"))
    assert ("3 passages without a vector", False) in problems(check(store, repair=True))
    embedder.embedded.clear()
    sync(store, [shelf], embedder)
    assert len(embedder.embedded) == 3
    assert check(store).faults == ()


@pytest.mark.parametrize("table", ["meta", "followed", "sqlite_schema"])
def test_without_what_nothing_else_tells_it_is_begun_anew(indexed, store, table):
    hurt(store, *pages(store, table))
    data = (store / FILE_NAME).read_bytes()
    with pytest.raises(FootnoteError, match=r"is damaged") as caught:
        check(store, repair=True)
    assert caught.value.hint.startswith("Move the store away")
    assert (store / FILE_NAME).read_bytes() == data


def test_a_reader_goes_on_through_a_rescue(indexed, store, shelf, embedder):
    hurt(store, *pages(store, "passages_text_content"))
    with indexed.view() as view:
        assert check(store, repair=True).sound
        assert view.overview().articles == 3
    assert found(indexed, "When does the ferry sail?")[1] == ["ferry"]
