"""A page that is not as it was written is never read."""

import contextlib

import pytest
from conftest import live

from index.catalog import Catalog
from index.database import FILE_NAME, DamagedCatalog
from index.errors import FootnoteError

# In the first page: whether pages have checksums, how many bytes are kept for them.
RESERVED = 20


def flipped(store, at):
    data = bytearray((store / FILE_NAME).read_bytes())
    data[at] ^= 4
    (store / FILE_NAME).write_bytes(data)


def everything(store):
    """Each row of each table."""
    with contextlib.closing(Catalog(store)) as catalog, catalog.snapshot():
        tables = catalog.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1").fetchall()
        return [catalog.connection.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in tables]


def test_a_byte_that_changed_is_refused_wherever_it_lies(indexed, store):
    whole, good = everything(store), (store / FILE_NAME).read_bytes()
    said = set()
    for page in range(len(good) // 4096):
        (store / FILE_NAME).write_bytes(good)
        flipped(store, 4096 * page + 3000)
        try:
            assert everything(store) == whole  # a page that only an index needs
        except DamagedCatalog as error:
            said.add(str(error))
    assert said == {f"{store / FILE_NAME} is damaged (a page is not as it was written)"}


@pytest.mark.parametrize("at", range(100))
def test_a_header_that_changed_is_refused(indexed, store, at):
    flipped(store, at)
    with pytest.raises(FootnoteError, match="is damaged"):
        live(store)


def test_a_file_that_says_it_has_no_checksums_is_refused(indexed, store):
    flipped(store, RESERVED)
    with pytest.raises(DamagedCatalog, match="its checksums are not compared"):
        live(store)
