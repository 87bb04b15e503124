"""The copy of an index that several machines share: what one publishes goes to the others through a database.

Each machine answers from a copy on its own disk, as fast as from an index of its own. The database has the file of the
catalog in blocks and those of the segments in parts, each with its digest; a machine sends and fetches those that
differ. Whoever writes holds a lock in the database, so that two machines never write at once, fetches first what is
there, and hands on what came of it. What is followed belongs to the machine that followed it: no other one looks at a
folder that may be another there, under the same name.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import logging
import os
import platform
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from index.added import folder as added_in
from index.catalog import Catalog
from index.database import CLEARING, FILE_NAME, Connection, DamagedCatalog, Error, Form
from index.errors import FootnoteError, UsageError, explained
from index.postgres import Shared, shared
from index.segments import SEGMENTS
from index.settings_file import database

# In the store: which shared index it is a copy of, and of what edition.
NOTE = "shared.json"
# Where what is fetched lies until it is whole, and a copy of what is sent.
FETCHING = "fetching"
# What evals keep of articles, which goes with what was erased.
EVALS = "evals"
# The edition of a copy that has nothing yet.
NOTHING = -1
# Bytes of a block of a file: one page of the catalog that changes brings that many along.
BLOCK = 65_536
# Blocks that are sent and fetched at once, and vectors that are copied at once.
AT_ONCE, VECTORS_AT_ONCE = 64, 1_000
# The catalog's name among the files; those of a segment have that of their folder before it.
CATALOG = ""
# What is locked for all machines while one writes.
LOCK = "footnote: the shared index"
# In the catalog: which machine each followed place belongs to.
MACHINES = "machines"
# What a sync remembers of when it looked, which is no reason to send anything.
_PASSING = ("looked",)

log = logging.getLogger(__name__)


_TABLES = [
    "CREATE TABLE shared_index (one INTEGER PRIMARY KEY, identity TEXT NOT NULL, edition INTEGER NOT NULL)",
    "CREATE TABLE shared_parts (file TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL,"
    " data BLOB NOT NULL, PRIMARY KEY (file, number))",
    # Vectors do not become smaller by being compressed, and what was erased can be looked for in the files.
    "ALTER TABLE shared_parts ALTER COLUMN data SET STORAGE EXTERNAL",
]
FORM = Form("shared index", 1, lambda version: [] if version else _TABLES, "")


@dataclass(frozen=True, slots=True)
class Note:
    """Which shared index a store is a copy of, the edition that was fetched or handed on last, and whose store it is.

    `unsent` is set while something may have been written that was not handed on.
    """

    identity: str
    edition: int
    machine: str = ""
    unsent: bool = False

    def is_of(self, head: Note | None) -> bool:
        """Whether that is the edition which the database has."""
        return head is not None and (head.identity, head.edition) == (self.identity, self.edition)

    def at(self, edition: int) -> Note:
        """The same of another edition, of which there is nothing to hand on."""
        return replace(self, edition=edition, unsent=False)


def note_of(store: Path) -> Note | None:
    """What a store is a copy of; None for an index of its own. Raises FootnoteError where that cannot be read."""
    file = store / NOTE
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return Note(str(said["identity"]), int(said["edition"]), str(said["machine"]), bool(said["unsent"]))
    except FileNotFoundError:
        return None
    except (OSError, LookupError, TypeError, ValueError) as error:
        hint = "Move the store away, and make an empty one a copy: `python -m index share`."
        raise FootnoteError(f"{file} is not as it was written", hint) from error


def take_note(store: Path, note: Note) -> None:
    """Writes it down, whole at once."""
    draft = store / f"{NOTE}.draft"
    with draft.open("w", encoding="utf-8") as file:
        json.dump(asdict(note), file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(store / NOTE)


def database_of(store: Path) -> Shared:
    """The database that is set, for a copy of a shared index. Raises FootnoteError where none is."""
    if set_here := database_set():
        return set_here
    raise FootnoteError(
        f"The index in {store} is a copy of a shared one, and no database is set",
        "Set FOOTNOTE_DATABASE, or let it be an index of its own: `python -m index share --end`.",
    )


def database_set() -> Shared | None:
    """The database that is set; None where none is."""
    address = database()
    return shared(address) if address else None


# Writing --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def in_step(store: Path, catalog: Catalog) -> Iterator[None]:
    """Inside, the catalog is the newest and no other machine writes; what was written is handed on at the end.

    So it is when an error ends it, as far as that can be done; otherwise the next writer of this machine hands it on.
    For a store that is no copy of a shared index nothing is done. Raises FootnoteError while another machine writes,
    and when the database is away.
    """
    note = note_of(store)
    if not note:
        yield
        return
    there = database_of(store)
    with writing_alone(there):
        note = fetch(there, store, catalog, note)
        before = _state(catalog)

        def is_news() -> bool:
            return note.unsent or _state(catalog) != before

        take_note(store, replace(note, unsent=True))
        try:
            yield
        except BaseException:
            try:
                if is_news():
                    hand_on(there, store, catalog, note)
            except (FootnoteError, Error, OSError) as error:
                log.warning("%s", explained(error) if isinstance(error, FootnoteError) else error)
            raise
        if is_news():
            hand_on(there, store, catalog, note)
        else:
            take_note(store, note)


@contextlib.contextmanager
def writing_alone(there: Shared) -> Iterator[None]:
    """Inside, no other machine writes to the shared index. Raises FootnoteError at once while one does."""
    with there.alone(LOCK, platform.node()) as other:
        if other is not None:
            raise FootnoteError(
                f"Another machine ({other}) is writing to the shared index",
                "Wait until it is done; questions can be asked meanwhile.",
            )
        yield


def claim(store: Path, catalog: Catalog, locations: Iterable[str]) -> None:
    """Lets these places belong to this machine from now on, where the index is shared.

    Raises UsageError for the folder of added files while it is that of another machine, whose files are not here.
    """
    note = note_of(store)
    if not note:
        return
    owners = _owners(catalog)
    mine = {location: note.machine for location in locations if owners.get(location) != note.machine}
    if str(added_in(store)) in mine.keys() & owners.keys():
        raise UsageError(
            f"Another machine that shares this index has added files in {added_in(store)} too",
            "Let the stores lie under different paths, or add a folder of your own.",
        )
    if mine:
        catalog.remember(MACHINES, json.dumps(owners | mine))


def elsewhere(store: Path, catalog: Catalog) -> set[str]:
    """The places that belong to other machines. Nothing, for an index of its own."""
    note = note_of(store)
    return {location for location, machine in _owners(catalog).items() if machine != note.machine} if note else set()


def _owners(catalog: Catalog) -> dict[str, str]:
    return dict(json.loads(catalog.note(MACHINES) or "{}"))


def _state(catalog: Catalog) -> str:
    """Changes with whatever is worth handing on."""
    told = hashlib.sha256()
    columns = "source, digest, state, reason, readers, part_of, twin, memo"
    for statement in ("SELECT * FROM meta", "SELECT * FROM followed", f"SELECT {columns} FROM sources"):  # noqa: S608
        for row in catalog.connection.execute(f"{statement} ORDER BY 1"):
            if row[0] not in _PASSING:
                told.update(repr(row).encode())
    return told.hexdigest()


# Handing on -----------------------------------------------------------------------------------------------------


def edition_of(there: Shared) -> Note | None:
    """What the database has now; None where it has no index."""
    with there.reading(FORM) as db:
        return _head(db) if db else None


def begin(there: Shared, store: Path, catalog: Catalog) -> Note:
    """Makes the index of this store the shared one, in place of what the database may have, and notes it."""
    old = note_of(store)
    note = Note(uuid.uuid4().hex, 0, old.machine if old else uuid.uuid4().hex)
    take_note(store, note)
    try:
        others = elsewhere(store, catalog)
        claim(store, catalog, [place for place in catalog.followed() if place not in others])
        with there.writing(FORM) as db:
            assert db is not None
            db.execute("DELETE FROM shared_index")
            db.execute("DELETE FROM shared_parts")  # what is damaged there may say that it is not
            db.execute("INSERT INTO shared_index VALUES (1, :identity, 0)", {"identity": note.identity})
            note = note.at(_sent(db, store, catalog, 0))
    except BaseException:
        take_note(store, old) if old else (store / NOTE).unlink()
        raise
    take_note(store, note)
    return note


def hand_on(there: Shared, store: Path, catalog: Catalog, note: Note) -> None:
    """Sends what differs from what the database has, in one transaction, and notes the new edition.

    Raises FootnoteError, and sends nothing, when another machine has written since this one fetched, when the catalog
    is damaged here, and when the database is away.
    """
    try:
        with there.writing(FORM) as db:
            newer = not db or not note.is_of(_head(db))
            if db and not newer:
                note = note.at(_sent(db, store, catalog, note.edition))
    except DamagedCatalog:
        raise
    except FootnoteError as error:
        raise FootnoteError(
            f"What was made here could not be handed on to the shared index: {error}",
            "It is found here, and the next run hands it on.",
        ) from error
    if newer:
        raise FootnoteError(
            "The shared index was changed by another machine meanwhile, so what was made here is not in it",
            "Do it once more: what is there is fetched first.",
        )
    take_note(store, note)


def _sent(db: Connection, store: Path, catalog: Catalog, edition: int) -> int:
    """The new edition, or that one where nothing differs."""
    there = {(file, number): said for file, number, said in _digests(db)}
    kept, named = {file for file, _ in there}, {row.name for row in catalog.segments()}
    with _copied(store, catalog) as whole:
        files = {CATALOG: whole}
        for name in sorted(named):
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
        # A segment that is not on the disk here may be on others: only what the catalog no longer names is gone.
        gone = [
            (file, number)
            for file, number in there
            if (number >= len(here[CATALOG]) if file == CATALOG else _segment(file) not in named)
        ]
        if not changed and not gone:
            return edition
        put = (
            "INSERT INTO shared_parts VALUES (:file, :number, :digest, :data) ON CONFLICT (file, number)"
            " DO UPDATE SET digest = excluded.digest, data = excluded.data"
        )
        for some in _in_turn(changed):
            read = _read(files, some)
            rows = [{"file": f, "number": n, "digest": here[f][n], "data": read[f, n]} for f, n in some]
            db.execute_each(put, rows)
        delete = "DELETE FROM shared_parts WHERE file = :file AND number = :number"
        for some in _in_turn(gone):
            db.execute_each(delete, [{"file": f, "number": n} for f, n in some])
    db.execute("UPDATE shared_index SET edition = :edition", {"edition": edition + 1})
    return edition + 1


@contextlib.contextmanager
def _copied(store: Path, catalog: Catalog) -> Iterator[Path]:
    """A file with all that is in the catalog, of which each page was compared with its checksum. Raises DamagedCatalog.

    Nothing else does that: what is read past SQLite would be handed on as it lies on the disk.
    """
    with _draft(store) as draft:
        with contextlib.closing(Catalog(draft)) as copy:
            try:
                copy.overwrite(catalog)
            except DamagedCatalog as error:
                raise DamagedCatalog(f"{catalog.path} is damaged, so it is not handed on", error.hint) from error
        yield draft / FILE_NAME


@contextlib.contextmanager
def _draft(store: Path) -> Iterator[Path]:
    """The folder of what is not whole yet, without what a process left in it that was killed."""
    draft = store / FETCHING
    shutil.rmtree(draft, ignore_errors=True)
    try:
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


# Fetching -------------------------------------------------------------------------------------------------------


def fetch(there: Shared, store: Path, catalog: Catalog, note: Note) -> Note:
    """Puts what the database has into the place of this copy, where that is newer; whoever reads here goes on.

    Vectors that were not handed on are kept, so that nothing is embedded twice.
    """
    with there.reading(FORM) as db:
        head = _head(db) if db else None
        if db is None or head is None or head.identity != note.identity:
            raise FootnoteError(
                f"{there.name} does not have the index that {store} is a copy of",
                "Set the database that has it, or let this be an index of its own: `python -m index share --end`.",
            )
        # A catalog that somebody took away was made anew, and is empty.
        edition = note.edition if holds_something(catalog) else NOTHING
        if head.edition == edition:
            return note
        if head.edition < edition:
            raise FootnoteError(
                f"{there.name} has edition {head.edition} of the shared index, and {store} is of the newer "
                f"{note.edition}",
                "The database may have been restored. `python -m index share --replace` takes this one instead, "
                "`python -m index share --end` makes it an index of its own.",
            )
        try:
            with _draft(store) as draft:
                _fetch_catalog(db, draft, catalog)
                with contextlib.closing(Catalog(draft)) as newer:
                    purged = _purged(newer) != _purged(catalog)
                    if note.unsent and not purged:  # what was erased may be among them
                        _keep_vectors(catalog, newer)
                    _fetch_segments(db, draft, store, _segments_of(newer))
                    catalog.overwrite(newer)
                catalog.empty_log(CLEARING)
        except DamagedCatalog as error:
            raise _wrong_there(f"The index that {there.name} has is damaged") from error
    if purged:
        shutil.rmtree(store / EVALS, ignore_errors=True)
    note = replace(note, edition=head.edition)
    take_note(store, note)
    return note


def erase(store: Path) -> bool:
    """Has the database write anew what it has of the index, without what was deleted.

    False where somebody is reading there or it cannot be done, so that it may be left.
    """
    if not note_of(store):
        return True
    try:
        return database_of(store).rewrite(FORM)
    except FootnoteError as error:
        log.warning("What was erased may be left in the database: %s", explained(error))
        return False


def _keep_vectors(catalog: Catalog, newer: Catalog) -> None:
    """Vectors are kept under what they are of, so those of one catalog serve another."""
    with contextlib.suppress(Error):  # what is damaged here is made again
        rows = catalog.connection.execute("SELECT key, vector FROM vectors")
        with newer.transaction():
            while some := list(itertools.islice(rows, VECTORS_AT_ONCE)):
                newer.connection.executemany("INSERT OR IGNORE INTO vectors (key, vector) VALUES (?, ?)", some)


def _purged(catalog: Catalog) -> str:
    try:
        return catalog.note("purged") or ""
    except Error:  # it is damaged, and about to be written over
        return ""


def holds_something(catalog: Catalog) -> bool:
    """Whether anything was indexed or begun; what is damaged is taken for something."""
    try:
        return bool(catalog.generation() or catalog.following() or catalog.beginning())
    except Error:
        return True


def _segments_of(newer: Catalog) -> set[str]:
    try:
        return {row.name for row in newer.segments()}
    except Error as error:
        raise _wrong_there("The catalog of the shared index cannot be read") from error


def _fetch_catalog(db: Connection, draft: Path, catalog: Catalog) -> None:
    """Writes the catalog into a folder, with the blocks that the one here has already.

    They are read by SQLite: whoever closes a file of it elsewhere in this process takes the locks of its readers.
    """
    place, have = draft / FILE_NAME, []
    try:
        with contextlib.closing(Catalog(draft)) as copy:
            copy.overwrite(catalog)
        have = _digests_of(place)
    except DamagedCatalog:  # then all is fetched
        shutil.rmtree(draft)
        draft.mkdir()
    _fetch_blocks(db, place, CATALOG, have)


def _fetch_segments(db: Connection, draft: Path, store: Path, names: set[str]) -> None:
    """Puts the files of these segments that are not here in their places, a new segment whole at once."""
    for name in sorted(names):
        files = [str(row[0]) for row in db.execute("SELECT DISTINCT file FROM shared_parts WHERE file LIKE :like",
                                                   {"like": f"{name}/%"})]  # fmt: skip
        missing = [file for file in files if not (store / SEGMENTS / file).exists()]
        for file in missing:
            place = draft / SEGMENTS / file
            if not place.resolve().is_relative_to((draft / SEGMENTS / name).resolve()):
                raise _wrong_there(f"The shared index has a file that would lie elsewhere: {file}")
            place.parent.mkdir(parents=True, exist_ok=True)
            _fetch_blocks(db, place, file, ())
        if missing and not (store / SEGMENTS / name).exists():
            (store / SEGMENTS).mkdir(exist_ok=True)
            (draft / SEGMENTS / name).rename(store / SEGMENTS / name)
            continue
        for file in missing:
            (store / SEGMENTS / file).parent.mkdir(parents=True, exist_ok=True)
            (draft / SEGMENTS / file).rename(store / SEGMENTS / file)


def _fetch_blocks(db: Connection, place: Path, file: str, have: Sequence[str]) -> None:
    """Writes a file of which the place may have some blocks, and compares the digest of each that comes."""
    ask = "SELECT number, digest FROM shared_parts WHERE file = :file ORDER BY number"
    wanted = {int(number): str(digest) for number, digest in db.execute(ask, {"file": file})}
    if not wanted or list(wanted) != list(range(len(wanted))):
        raise _wrong_there("A block of the shared index is missing")
    missing = [number for number, digest in wanted.items() if number >= len(have) or have[number] != digest]
    ask = "SELECT number, data FROM shared_parts WHERE file = :file AND number = ANY(:numbers)"
    size = len(wanted) * BLOCK
    with place.open("r+b" if place.exists() else "wb") as out:
        for some in _in_turn(missing):
            for number, data in db.execute(ask, {"file": file, "numbers": list(some)}):
                block = bytes(data)
                if _digest(block) != wanted[number]:
                    raise _wrong_there("A block of the shared index is not as it was written")
                out.seek(number * BLOCK)
                out.write(block)
                if number == len(wanted) - 1:
                    size = number * BLOCK + len(block)
        # Where the last block was here, either it is the last here too, or it is a whole one.
        if len(wanted) - 1 in missing or len(have) > len(wanted):
            out.truncate(size)


def _wrong_there(what: str) -> FootnoteError:
    """The error for what the database has, where it is not as it was written."""
    hint = "Restore the database, or run `python -m index share --replace` at a machine that has the index sound."
    return FootnoteError(what, hint)


# Blocks ---------------------------------------------------------------------------------------------------------


def _head(db: Connection) -> Note | None:
    row = db.execute("SELECT identity, edition FROM shared_index").fetchone()
    return Note(str(row[0]), int(row[1])) if row else None


def _segment(file: str) -> str:
    return file.partition("/")[0]


def _digests(db: Connection) -> Iterable[tuple[str, int, str]]:
    for file, number, digest in db.execute("SELECT file, number, digest FROM shared_parts ORDER BY file, number"):
        yield str(file), int(number), str(digest)


def _digests_of(path: Path) -> list[str]:
    """The digest of each block; an empty file has one, which is empty, so that it is one of the files."""
    with path.open("rb") as file:
        return [_digest(block) for block in iter(lambda: file.read(BLOCK), b"")] or [_digest(b"")]


def _digest(block: bytes) -> str:
    return hashlib.sha256(block).hexdigest()


def _read(files: Mapping[str, Path], blocks: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
    read = {}
    for name in dict.fromkeys(file for file, _ in blocks):
        with files[name].open("rb") as file:
            for number in (n for f, n in blocks if f == name):
                file.seek(number * BLOCK)
                read[name, number] = file.read(BLOCK)
    return read


def _in_turn(whole: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (whole[start : start + AT_ONCE] for start in range(0, len(whole), AT_ONCE))
