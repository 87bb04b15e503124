"""The SQLite files of a store: the only import of apsw. Opening one, transactions, snapshots, and what errors mean.

In WAL mode each read transaction sees one state of the file for as long as it is open, whatever a writer does.
Each page of the file ends with a checksum, which SQLite's own extension cksumvfs writes and compares at each reading:
without one SQLite does not notice when a byte changes on the disk, and answers with other words or with fewer rows.
Python's sqlite3 cannot be given such an extension; apsw brings it along.
"""

from __future__ import annotations

import contextlib
import os
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import apsw

from index import schema
from index.errors import FootnoteError

FILE_NAME = "catalog.sqlite"
# What was asked and answered, in the same store, with the text of what it cites. Nothing in index/ opens it.
CONVERSATIONS = "conversations.db"
# Which answers were marked as wrong, with what they said and cited; nor does anything in index/ open this.
MARKS = "marks.db"
Connection: TypeAlias = Any  # apsw.Connection, whose types say of each value that it may be of any SQLite type
Error = apsw.Error
# The name under which the extension is known to SQLite, and the bytes that it takes at the end of each page.
_CHECKED, _CHECKSUM = "cksmvfs", 8
# The mark of a file whose pages have checksums: "Note", as SQLite's application_id.
_MARK = 0x4E6F7465
# How the name of a file begins that is not at its place yet.
DRAFT = "making-"
# Milliseconds that a write waits for another one.
PATIENCE = 30_000
# Milliseconds for which emptying the log of a file waits for those who read it.
CLEARING = 2_000
# So that a file can give unused pages back. It is so from the first table on, or from the next VACUUM.
AUTO_VACUUM = "PRAGMA auto_vacuum = INCREMENTAL"


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of file: its name, the version of its tables, and what makes those of a file of an earlier version.

    `mend` is the next step for who finds one damaged.
    """

    name: str
    version: int
    statements: Callable[[int], list[str]]
    mend: str


CATALOG = Form(
    FILE_NAME,
    schema.VERSION,
    schema.statements,
    "Run `python -m index check --repair`, which keeps what can still be read.",
)


class Garbled(apsw.Error):
    """A row holds what was never written there, such as a date that is none."""


class DamagedCatalog(FootnoteError):
    """The catalog file is not as it was written; a repair may save what can still be read."""


@contextlib.contextmanager
def as_written(what: str) -> Iterator[None]:
    """Raises Garbled when what is read inside is not of the form in which it was written."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise Garbled(f"{what} is garbled: {error}") from error


class Database:
    """A connection to a file of a store. Not to be shared between threads; opening one takes under 1 ms."""

    def __init__(self, store: Path, form: Form = CATALOG) -> None:
        self.path = store / form.name
        self._form = form
        try:
            store.mkdir(parents=True, exist_ok=True)
            if not self.path.exists():
                self._make()
            self._db = _connected(self.path)
            self._prepare()
        except (apsw.Error, OSError) as error:
            raise unusable(self.path, error, form) from error

    @property
    def connection(self) -> Connection:
        """The connection itself, for those who know the tables."""
        return self._db

    def close(self) -> None:
        """Gives the connection back."""
        self._db.close()

    def _version(self) -> int:
        """The version of the tables in the file; 0 for a new file."""
        return self._pragma("user_version")

    def _make(self) -> None:
        """Makes the file, beside its place and then there as a whole, unless another process was faster.

        Whether pages have checksums is told by the first of them, so nobody may open the file before it has one. Where
        a file cannot have two names the file is made at its place, and gets its checksums from the next writer.
        """
        # A writer of the catalog clears away its drafts, and may not take one of another file that is being made.
        prefix = "" if self._form is CATALOG else f"{self._form.name}-"
        draft = self.path.with_name(f"{prefix}{DRAFT}{uuid.uuid4().hex}")
        self._db = _connected(draft)
        try:
            self._db.reserve_bytes(reserve=_CHECKSUM)
            self._db.execute(AUTO_VACUUM)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._bring_up()
            self._db.close()
            with contextlib.suppress(OSError):
                os.link(draft, self.path)
        finally:
            self._db.close()
            draft.unlink(missing_ok=True)

    def _prepare(self) -> None:
        version, known = self._version(), self._form.version
        if version > known:
            self._db.close()
            raise FootnoteError(
                f"{self.path} was made by a newer Footnote (its schema is {version}, this one knows {known})",
                "Update Footnote, or set FOOTNOTE_STORE to another folder to start a new index.",
            )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        if version < known:
            self._bring_up()
        self._require_checksums()

    def _bring_up(self) -> None:
        """Brings the tables up to date and marks pages with checksums, unless another process has done so meanwhile."""
        with self.transaction():
            have = self._version()
            if have < self._form.version:
                for statement in self._form.statements(have):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {self._form.version}")
                if self._pragma("checksum_verification"):
                    self._db.execute(f"PRAGMA application_id = {_MARK}")

    def _require_checksums(self) -> None:
        """Raises Garbled when a file whose pages have checksums says that they have none: then none is compared."""
        if not self._pragma("checksum_verification") and self._pragma("application_id"):
            raise Garbled("its checksums are not compared")

    def _pragma(self, name: str) -> int:
        return int(self._db.execute(f"PRAGMA {name}").fetchone()[0])

    def add_checksums(self) -> None:
        """Writes the file of an earlier version anew, with checksums.

        Does nothing while another process has it open, which would not know, and leave pages without.
        """
        if self._pragma("application_id"):
            return
        self._db.close()
        try:
            with contextlib.closing(apsw.Connection(str(self.path), vfs=_with_checksums())) as alone:
                alone.execute("PRAGMA locking_mode = EXCLUSIVE")
                alone.reserve_bytes(reserve=_CHECKSUM)
                alone.execute("VACUUM")
                # From the log pages come in their order: the first one, which says that there are checksums, first.
                alone.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                alone.execute(f"PRAGMA application_id = {_MARK}")
        except (apsw.BusyError, apsw.LockedError):
            pass
        finally:
            self._db = _connected(self.path)
            self._prepare()

    def overwrite(self, other: Database) -> None:
        """Puts what another catalog holds now in the place of this one, in one transaction; readers go on.

        This one may be damaged. Raises FootnoteError when it cannot be written.
        """
        try:
            self._db.execute("PRAGMA checksum_verification = OFF")  # pages are read before they are written over
            with self._db.backup("main", other.connection, "main") as backup:
                backup.step()
            self._db.close()
            self._db = _connected(self.path)
            self._prepare()
        except apsw.Error as error:
            raise unusable(self.path, error) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens, or nothing does."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._require_checksums()
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk ends it by itself
                self._db.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside belongs to one state of the file, whatever a writer publishes meanwhile.

        Raises FootnoteError when the file turns out to be damaged.
        """
        try:
            self._db.execute("BEGIN")
            self._version()  # the first read is what takes the snapshot
            self._require_checksums()
            yield
        except apsw.Error as error:
            raise unusable(self.path, error, self._form) from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def rewrite(self) -> bool:
        """Writes the file anew without what was deleted; whether its log could be emptied too, for which it waits."""
        self._db.execute(AUTO_VACUUM)
        self._db.execute("VACUUM")
        self._db.execute(f"PRAGMA busy_timeout = {CLEARING}")
        emptied = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        self._db.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        return bool(emptied)

    def empty_log(self, patience: int = 0) -> None:
        """Writes what is in the log into the file itself, unless somebody reads what was before for so many ms.

        SQLite does so when the last connection is closed; but whoever answers questions keeps one.
        """
        with contextlib.suppress(apsw.Error):  # it stays in the log, where it is as safe
            self._db.execute(f"PRAGMA busy_timeout = {patience}")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._db.execute(f"PRAGMA busy_timeout = {PATIENCE}")

    @property
    def log(self) -> Path:
        """The file of what is not in the file itself yet; it may not be there."""
        return self.path.with_name(f"{self.path.name}-wal")

    @property
    def has_checksums(self) -> bool:
        """Whether its pages have them, as those of all but the earliest versions do."""
        return bool(self._pragma("application_id"))

    def generation(self) -> int:
        """Rises by one with each publication."""
        return int(self.note("generation") or 0)

    def note(self, key: str) -> str | None:
        """A remembered value, or None."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def remember(self, key: str, value: str) -> None:
        """Keeps a value under `key`."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def _forget(self, key: str) -> None:
        self._db.execute("DELETE FROM meta WHERE key = ?", (key,))


@contextlib.contextmanager
def one_state(store: Path, form: Form) -> Iterator[Connection | None]:
    """One state of that file of a store, or None while there is no file."""
    if not (store / form.name).exists():
        yield None
        return
    with contextlib.closing(Database(store, form)) as file, file.snapshot():
        yield file.connection


def existing(store: Path) -> Path:
    """The store itself. Raises FootnoteError when there is no catalog in it; looking at a store never makes one."""
    if not (store / FILE_NAME).exists():
        raise FootnoteError(f"There is no index in {store}", "Run `python -m index sync PATH` to make one.")
    return store


def unusable(path: Path, error: Exception, form: Form = CATALOG) -> FootnoteError:
    """The error a user sees when a file itself cannot be used."""
    if form is not CATALOG and is_damage(error):
        return FootnoteError(f"{path} is damaged ({what_is_wrong(error)})", form.mend)
    if isinstance(error, apsw.ConstraintError):
        return FootnoteError(
            f"{path} did not take what was to be written ({error})",
            "Run `python -m index check`; if it finds nothing, this is a fault of Footnote. What was indexed is there.",
        )
    if isinstance(error, apsw.NotADBError):
        return start_anew(DamagedCatalog(f"{path} is damaged ({error})"))
    if is_damage(error):
        return DamagedCatalog(
            f"{path} is damaged ({what_is_wrong(error)})",
            CATALOG.mend,
        )
    if is_busy(error):
        return FootnoteError(
            f"{path} cannot be used now: another process is writing to it", "Try again when it is done."
        )
    return FootnoteError(
        f"{path} cannot be used ({error})", "Check that the folder exists, has room and may be written."
    )


def start_anew(error: DamagedCatalog) -> FootnoteError:
    """The same error, when nothing can be repaired."""
    return FootnoteError(str(error), "Move the store away and run `python -m index sync` to build a new index.")


def is_busy(error: Exception) -> bool:
    """Whether another connection holds the lock."""
    return isinstance(error, apsw.BusyError | apsw.LockedError)


def is_damage(error: Exception) -> bool:
    """Whether the file is not as it was written."""
    damage = (Garbled, apsw.CorruptError, apsw.NotADBError, apsw.FormatError)
    return isinstance(error, damage) or _checksum_differs(error)


def what_is_wrong(error: Exception) -> str:
    """What SQLite says of it; what it says of a checksum is that the disk fails."""
    return "a page is not as it was written" if _checksum_differs(error) else str(error)


def _checksum_differs(error: Exception) -> bool:
    return isinstance(error, apsw.IOError) and getattr(error, "extendedresult", 0) == apsw.SQLITE_IOERR_DATA


def _connected(path: Path) -> Connection:
    db = apsw.Connection(str(path), vfs=_with_checksums())
    db.execute(f"PRAGMA busy_timeout = {PATIENCE}")
    # LIKE knows the case of ASCII letters alone.
    db.create_scalar_function("folded", lambda *said: folded(said[0]), 1, deterministic=True)
    return db


def folded(text: object) -> str | None:
    """The text as it is compared where neither case nor the way that accents are written matters; None for none."""
    return unicodedata.normalize("NFC", text).casefold() if isinstance(text, str) else None


@cache
def _with_checksums() -> str:
    """Has SQLite know the extension, once in a process, and gives its name."""
    from apsw import sqlite_extra

    try:
        with contextlib.closing(apsw.Connection(":memory:")) as db:
            sqlite_extra.load(db, "cksumvfs")
    except (sqlite_extra.NotAvailable, LookupError) as error:
        raise FootnoteError(
            "This apsw comes without SQLite's extensions, and checksums need one of them",
            "Install it from PyPI, which has it built with them: `pip install --force-reinstall apsw`.",
        ) from error
    return _CHECKED
