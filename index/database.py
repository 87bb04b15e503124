"""The SQLite file of a store: opening it, transactions, snapshots, and what its errors mean to a person.

In WAL mode each read transaction sees one state of the file for as long as it is open, whatever a writer does.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from index import schema
from index.errors import FootnoteError

FILE_NAME = "catalog.sqlite"
# Milliseconds that a write waits for another one.
PATIENCE = 30_000
# So that a file can give unused pages back. It is so from the first table on, or from the next VACUUM.
AUTO_VACUUM = "PRAGMA auto_vacuum = INCREMENTAL"


class Garbled(sqlite3.DatabaseError):
    """A row holds what was never written there, such as a date that is none."""


@contextlib.contextmanager
def as_written(what: str) -> Iterator[None]:
    """Raises Garbled when what is read inside is not of the form in which it was written."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise Garbled(f"{what} is garbled: {error}") from error


class Database:
    """A connection to the file of a store. Not to be shared between threads; opening one takes under 1 ms."""

    def __init__(self, store: Path) -> None:
        self.path = store / FILE_NAME
        try:
            store.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._db.execute(f"PRAGMA busy_timeout = {PATIENCE}")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise unusable(self.path, error) from error

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection itself, for index.audit."""
        return self._db

    def close(self) -> None:
        """Gives the connection back."""
        self._db.close()

    def copy_to(self, path: Path) -> None:
        """Writes one state of the file to a new file; a writer may go on meanwhile. Raises FootnoteError."""
        try:
            self._db.execute("VACUUM INTO ?", (str(path),))
        except sqlite3.Error as error:
            raise unusable(path, error) from error

    def _prepare(self) -> None:
        version = schema.version_of(self._db)
        if version == 0:
            self._db.execute(AUTO_VACUUM)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        if version < schema.VERSION:
            with self.transaction():
                for statement in schema.statements(schema.version_of(self._db)):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {schema.VERSION}")
        elif version > schema.VERSION:
            self._db.close()
            raise FootnoteError(
                f"{self.path} was made by a newer Footnote (its schema is {version}, this one knows {schema.VERSION})",
                "Update Footnote, or set FOOTNOTE_STORE to another folder to start a new index.",
            )

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens, or nothing does."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:  # a full disk ends it by itself
                self._db.execute("ROLLBACK")
            raise

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside belongs to one generation, whatever a writer publishes meanwhile.

        Raises FootnoteError when the file turns out to be damaged.
        """
        try:
            self._db.execute("BEGIN")
            self.generation()  # the first read is what takes the snapshot
            yield
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

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


def existing(store: Path) -> Path:
    """The store itself. Raises FootnoteError when there is no catalog in it; looking at a store never makes one."""
    if not (store / FILE_NAME).exists():
        raise FootnoteError(f"There is no index in {store}", "Run `python -m index sync PATH` to make one.")
    return store


def unusable(path: Path, error: Exception) -> FootnoteError:
    """The error a user sees when the catalog file itself cannot be used."""
    if isinstance(error, sqlite3.IntegrityError):
        return FootnoteError(
            f"{path} did not take what was to be written ({error})",
            "Run `python -m index check`; if it finds nothing, this is a fault of Footnote. What was indexed is there.",
        )
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return FootnoteError(
            f"{path} is damaged ({error})", "Move the store away and run `python -m index sync` to build a new index."
        )
    if is_busy(error):
        return FootnoteError(
            f"{path} cannot be used now: another process is writing to it", "Try again when it is done."
        )
    return FootnoteError(
        f"{path} cannot be used ({error})", "Check that the folder exists, has room and may be written."
    )


def is_busy(error: Exception) -> bool:
    """Whether another connection holds the lock; the low byte is the kind of error, the rest its details."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
