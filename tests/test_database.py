"""A page that is not as it was written is never read."""

import contextlib
import subprocess
import sys

import pytest
from conftest import live

from index.catalog import Catalog
from index.database import DRAFT, FILE_NAME, DamagedCatalog, Database
from index.errors import FootnoteError
from index.writer import writing

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


CROWD, TURNS = 6, 40
# A process that opens each of the stores at the moment when the others do.
OPENS = """
import sys, uuid
from pathlib import Path
from index.database import Database
place, crowd, turns = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for turn in range(turns):
    here = place / f"here {turn}"
    here.mkdir(exist_ok=True)
    (here / uuid.uuid4().hex).touch()
    while len(list(here.iterdir())) < crowd:
        pass
    Database(place / f"store {turn}").close()
"""


def test_a_catalog_is_whole_from_the_first_moment_that_anybody_sees_it(tmp_path):
    command = [sys.executable, "-c", OPENS, tmp_path, str(CROWD), str(TURNS)]
    crowd = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(CROWD)]
    try:
        assert [process.communicate(timeout=120)[1] for process in crowd] == [""] * CROWD
    finally:
        for process in crowd:
            process.kill()
    assert not list(tmp_path.glob(f"*/{DRAFT}*"))


def test_a_catalog_that_a_killed_process_was_making_is_cleared_away(store):
    store.mkdir()
    left = [store / f"{DRAFT}abc", store / f"{DRAFT}abc-wal"]
    for file in left:
        file.write_bytes(b"half")
    with writing(store):
        assert not any(file.exists() for file in left)


def test_a_catalog_is_made_where_a_file_cannot_have_two_names(store, monkeypatch):
    def refused(*_):
        raise OSError("Operation not permitted")

    monkeypatch.setattr("os.link", refused)
    Database(store).close()
    with writing(store) as catalog:
        assert catalog.connection.execute("PRAGMA checksum_verification").fetchone() == ("1",)
