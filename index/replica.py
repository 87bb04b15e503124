"""The copy of an index that several machines share: what one publishes goes to the others through a database.

Each machine answers from a copy on its own disk, as fast as from an index of its own. The database has the file of the
catalog in blocks and those of the segments in parts, each with its digest; a machine sends and fetches those that
differ. Whoever writes holds a lock in the database, so that two machines never write at once, fetches first what is
there, and hands on what came of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.catalog import Catalog
from index.database import CLEARING, FILE_NAME, Connection, Form
from index.errors import FootnoteError
from index.postgres import Shared, shared
from index.segments import SEGMENTS
from index.settings_file import database

# In the store: which shared index it is a copy of, and of what edition.
NOTE = "shared.json"
# Where what is fetched lies until it is whole.
FETCHING = "fetching"
# Bytes of a block of a file: one page of the catalog that changes brings that many along.
BLOCK = 65_536
# Blocks that are sent and fetched at once.
AT_ONCE = 64
# The catalog's name among the files; those of a segment have that of their folder before it.
CATALOG = ""
# What is locked for all machines while one writes.
LOCK = "footnote: the shared index"


def _statements(version: int) -> list[str]:
    return [
        "CREATE TABLE shared_index (one INTEGER PRIMARY KEY, identity TEXT NOT NULL, edition INTEGER NOT NULL)",
        "CREATE TABLE shared_parts (file TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL,"
        " data BLOB NOT NULL, PRIMARY KEY (file, number))",
        # Vectors do not become smaller by being compressed, and what was erased can be looked for in the files.
        "ALTER TABLE shared_parts ALTER COLUMN data SET STORAGE EXTERNAL",
    ][version:]


FORM = Form("shared index", 1, _statements, "")


@dataclass(frozen=True, slots=True)
class Note:
    """Which shared index a store is a copy of, and the edition of it that was fetched or handed on last."""

    identity: str
    edition: int


def note_of(store: Path) -> Note | None:
    """What a store is a copy of; None for an index of its own. Raises FootnoteError where that cannot be read."""
    file = store / NOTE
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return Note(str(said["identity"]), int(said["edition"]))
    except FileNotFoundError:
        return None
    except (OSError, LookupError, TypeError, ValueError) as error:
        hint = "Remove the file and run `python -m index share`; an index of its own does without."
        raise FootnoteError(f"{file} is not as it was written", hint) from error


def take_note(store: Path, note: Note) -> None:
    """Writes it down, whole at once."""
    draft = store / f"{NOTE}.draft"
    draft.write_text(json.dumps(asdict(note)), encoding="utf-8")
    draft.replace(store / NOTE)


def database_of(store: Path) -> Shared:
    """The database that is set, for a copy of a shared index. Raises FootnoteError where none is."""
    if database := database_set():
        return database
    raise FootnoteError(
        f"The index in {store} is a copy of a shared one, and no database is set",
        "Set FOOTNOTE_DATABASE, or let it be an index of its own: `python -m index share --end`.",
    )


def database_set() -> Shared | None:
    """The database that is set; None where none is."""
    address = database()
    return shared(address) if address else None


@contextlib.contextmanager
def in_step(store: Path, catalog: Catalog) -> Iterator[None]:
    """Inside, the catalog is the newest and no other machine writes; what was written is handed on at the end.

    An error inside leaves it here, for the next writer of this machine to hand on. For a store that is no copy of a
    shared index nothing is done. Raises FootnoteError while another machine writes, and when the database is away.
    """
    note = note_of(store)
    if not note:
        yield
        return
    database = database_of(store)
    with writing_alone(database):
        note = fetch(database, store, catalog, note)
        yield
        hand_on(database, store, catalog, note)


@contextlib.contextmanager
def writing_alone(database: Shared) -> Iterator[None]:
    """Inside, no other machine writes to the shared index. Raises FootnoteError at once while one does."""
    with database.alone(LOCK) as had:
        if not had:
            raise FootnoteError(
                "Another machine is writing to the shared index",
                "Wait until it is done; questions can be asked meanwhile.",
            )
        yield


def edition_of(database: Shared) -> Note | None:
    """What the database has now; None where it has no index."""
    with database.reading(FORM) as db:
        return _head(db) if db else None


def begin(database: Shared, store: Path, catalog: Catalog) -> Note:
    """Makes the index of this store the shared one of a database that has none, and gives what to note."""
    note = Note(uuid.uuid4().hex, 0)
    with database.writing(FORM) as db:
        assert db is not None
        db.execute("INSERT INTO shared_index VALUES (1, :identity, :edition)", asdict(note))
        return _sent(db, store, catalog, note)


def hand_on(database: Shared, store: Path, catalog: Catalog, note: Note) -> Note:
    """Sends what differs from what the database has, in one transaction, and notes the new edition.

    Raises FootnoteError, and sends nothing, when another machine has written since this one fetched.
    """
    with database.writing(FORM) as db:
        if not db or _head(db) != note:
            raise FootnoteError(
                "The shared index was changed by another machine meanwhile, so what was made here is not in it",
                "Do it once more: what is there is fetched first.",
            )
        note = _sent(db, store, catalog, note)
    take_note(store, note)
    return note


def fetch(database: Shared, store: Path, catalog: Catalog, note: Note) -> Note:
    """Puts what the database has into the place of this copy, where that is newer; whoever reads here goes on."""
    with database.reading(FORM) as db:
        there = _head(db) if db else None
        if db is None or there is None or there.identity != note.identity:
            raise FootnoteError(
                f"{database.name} does not have the index that {store} is a copy of",
                "Set the database that has it, or let this be an index of its own: `python -m index share --end`.",
            )
        if there.edition == note.edition:
            return note
        if there.edition < note.edition:
            raise FootnoteError(
                f"{database.name} has edition {there.edition} of the shared index, and {store} is of the newer "
                f"{note.edition}",
                "The database may have been restored. `python -m index share --end` makes this an index of its own.",
            )
        draft = store / FETCHING
        shutil.rmtree(draft, ignore_errors=True)
        try:
            draft.mkdir()
            _fetch_files(db, draft, store)
            with contextlib.closing(Catalog(draft)) as newer:
                for made in (draft / SEGMENTS).glob("*"):
                    shutil.rmtree(store / SEGMENTS / made.name, ignore_errors=True)
                    (store / SEGMENTS).mkdir(exist_ok=True)
                    made.rename(store / SEGMENTS / made.name)
                catalog.overwrite(newer)
            catalog.empty_log(CLEARING)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    take_note(store, there)
    return there


def erase(store: Path) -> bool:
    """Has the database write anew what it has of the index, without what was deleted.

    False where somebody is reading there, so that it may be left.
    """
    return database_of(store).rewrite(FORM) if note_of(store) else True


def _head(db: Connection) -> Note | None:
    row = db.execute("SELECT identity, edition FROM shared_index").fetchone()
    return Note(str(row[0]), int(row[1])) if row else None


def _sent(db: Connection, store: Path, catalog: Catalog, note: Note) -> Note:
    there = {(file, number): said for file, number, said in _digests(db)}
    kept = {file for file, _ in there}
    with _catalog_file(store, catalog) as whole:
        files = {CATALOG: whole}
        for name in (row.name for row in catalog.segments()):
            inside = sorted(f for f in (store / SEGMENTS / name).rglob("*") if f.is_file())
            files |= {f.relative_to(store / SEGMENTS).as_posix(): f for f in inside}
        # What is in a segment never changes.
        here = {file: _digests_of(path) for file, path in files.items() if file == CATALOG or file not in kept}
        changed = [
            (file, number)
            for file, said in here.items()
            for number, digest in enumerate(said)
            if there.get((file, number)) != digest
        ]
        gone = [(f, n) for f, n in there if f not in files or (f in here and n >= len(here[f]))]
        if not changed and not gone:
            return note
        put = (
            "INSERT INTO shared_parts VALUES (:file, :number, :digest, :data) ON CONFLICT (file, number)"
            " DO UPDATE SET digest = excluded.digest, data = excluded.data"
        )
        for some in _in_turn(changed):
            read = _read(files, some)
            db.execute_each(
                put,
                [{"file": f, "number": n, "digest": here[f][n], "data": read[f, n]} for f, n in some],
            )
        for some in _in_turn(gone):
            delete = "DELETE FROM shared_parts WHERE file = :file AND number = :number"
            db.execute_each(delete, [{"file": f, "number": n} for f, n in some])
    db.execute("UPDATE shared_index SET edition = :edition", {"edition": note.edition + 1})
    return Note(note.identity, note.edition + 1)


@contextlib.contextmanager
def _catalog_file(store: Path, catalog: Catalog) -> Iterator[Path]:
    """A file with all that is in the catalog: its own, or a copy while its log cannot be emptied."""
    catalog.empty_log(CLEARING)
    if not catalog.log.exists() or not catalog.log.stat().st_size:
        yield catalog.path
        return
    draft = store / FETCHING
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with contextlib.closing(Catalog(draft)) as copy:
            copy.overwrite(catalog)
        yield draft / FILE_NAME
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _fetch_files(db: Connection, draft: Path, store: Path) -> None:
    """Writes the catalog and the segments that are not here yet into a folder, and compares each block's digest."""
    hint = "Restore the database, or share the index anew from a machine that has it."
    wanted: dict[str, list[str]] = {}
    for file, number, digest in _digests(db):
        if not (draft / file).resolve().is_relative_to(draft.resolve()):
            raise FootnoteError(f"The shared index has a file that would lie elsewhere: {file}", hint)
        if file == CATALOG or not (store / SEGMENTS / file.partition("/")[0]).exists():
            if number != len(wanted.setdefault(file, [])):
                raise FootnoteError("A block of the shared index is missing", hint)
            wanted[file].append(digest)
    for file, blocks in wanted.items():
        place = draft / FILE_NAME if file == CATALOG else draft / SEGMENTS / file
        place.parent.mkdir(parents=True, exist_ok=True)
        have: Sequence[str] = ()
        if file == CATALOG and (store / FILE_NAME).exists():
            shutil.copyfile(store / FILE_NAME, place)
            have = _digests_of(place)
        _fetch_blocks(db, place, file, blocks, have)


def _fetch_blocks(db: Connection, place: Path, file: str, wanted: Sequence[str], have: Sequence[str]) -> None:
    hint = "Restore the database, or share the index anew from a machine that has it."
    missing = [number for number, digest in enumerate(wanted) if number >= len(have) or have[number] != digest]
    ask = "SELECT number, data FROM shared_parts WHERE file = :file AND number = ANY(:numbers)"
    with place.open("r+b" if place.exists() else "wb") as out:
        size = None
        for some in _in_turn(missing):
            for number, data in db.execute(ask, {"file": file, "numbers": list(some)}):
                block = bytes(data)
                if _digest(block) != wanted[number]:
                    raise FootnoteError("A block of the shared index is not as it was written", hint)
                out.seek(number * BLOCK)
                out.write(block)
                if number == len(wanted) - 1:
                    size = number * BLOCK + len(block)
        if size is not None or len(have) > len(wanted):
            out.truncate(len(wanted) * BLOCK if size is None else size)


def _digests(db: Connection) -> Iterable[tuple[str, int, str]]:
    for file, number, digest in db.execute("SELECT file, number, digest FROM shared_parts ORDER BY file, number"):
        yield str(file), int(number), str(digest)


def _digests_of(path: Path) -> list[str]:
    """The digest of each block; an empty file has one, which is empty, so that it is one of the files."""
    with path.open("rb") as file:
        return [_digest(block) for block in iter(lambda: file.read(BLOCK), b"")] or [_digest(b"")]


def _digest(block: bytes) -> str:
    return hashlib.sha256(block).hexdigest()


def _read(files: dict[str, Path], blocks: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
    read = {}
    for name in dict.fromkeys(file for file, _ in blocks):
        with files[name].open("rb") as file:
            for number in (n for f, n in blocks if f == name):
                file.seek(number * BLOCK)
                read[name, number] = file.read(BLOCK)
    return read


def _in_turn(whole: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (whole[start : start + AT_ONCE] for start in range(0, len(whole), AT_ONCE))
