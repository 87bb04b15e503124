"""Where what people write is kept: in files of the store, or in a database that several machines share.

Statements are written once, in the SQL that SQLite and PostgreSQL have in common, with their values by name. They could
be made with SQLAlchemy's Core, and are not: every start without a database would have to import it, and it does not
know apsw, without which the pages of a file have no checksums. So it has the connections to PostgreSQL alone
(index/postgres.py), which also puts in the few words of it that SQLite has others for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from index.database import Connection, Database, Error, Form, is_damage, one_state, unusable, what_is_wrong
from index.errors import FootnoteError
from index.postgres import checked_address, shared
from index.settings_file import SETTINGS_FILE
from index.settings_file import database as as_set


@dataclass(frozen=True, slots=True)
class Keeping:
    """The folder of the store, and the address of the database, "" for files in that folder.

    All methods raise FootnoteError when the file or the database cannot be used.
    """

    store: Path
    database: str = field(default="", repr=False)

    @contextlib.contextmanager
    def reading(self, form: Form) -> Iterator[Connection | None]:
        """One state of what is kept of this form, None while nothing is; looking never makes anything."""
        opened = shared(self.database).reading(form) if self.database else one_state(self.store, form)
        with opened as db:
            yield db

    @contextlib.contextmanager
    def writing(self, form: Form, *, make: bool = True) -> Iterator[Connection | None]:
        """A transaction: everything inside happens or nothing does, and nobody else writes meanwhile.

        The tables are made for it; where `make` forbids that and there are none, it has None.
        """
        opened = shared(self.database).writing(form, make=make) if self.database else self._in_file(form, make)
        try:
            with opened as db:
                yield db
        except OSError as error:  # of what is written beside it; a file says so itself
            hint = "Check that the folder exists, has room and may be written."
            raise FootnoteError(f"{error.filename} cannot be written ({error.strerror})", hint) from error

    def rewrite(self, form: Form) -> bool:
        """Writes what is kept anew without what was deleted.

        False where somebody is reading, so that old pages may be left.
        """
        if self.database:
            return shared(self.database).rewrite(form)
        if not (self.store / form.name).exists():
            return True
        with contextlib.closing(Database(self.store, form)) as file:
            try:
                return file.rewrite()
            except Error as error:
                raise unusable(file.path, error, form) from error

    def rewritten(self, *forms: Form) -> tuple[bool, str]:
        """The same of several, when what was deleted is gone: whether all are, and why not where that was a fault."""
        try:
            whole = [self.rewrite(form) for form in forms]
            return all(whole), ""
        except FootnoteError as error:
            return False, str(error)

    def faults(self, db: Connection) -> Iterator[str]:
        """What SQLite itself finds wrong with its file. PostgreSQL has tools of its own for that."""
        if self.database:
            return
        try:
            rows = [row[0] for row in db.execute("PRAGMA integrity_check(5)")]
        except Error as error:
            if not is_damage(error):
                raise
            rows = [what_is_wrong(error)]
        yield from (f"The file is damaged: {row}." for row in rows if row != "ok")

    @contextlib.contextmanager
    def _in_file(self, form: Form, make: bool) -> Iterator[Connection | None]:
        if not make and not (self.store / form.name).exists():
            yield None
            return
        with contextlib.closing(Database(self.store, form)) as file:
            try:
                file.connection.execute("PRAGMA secure_delete = ON")
                with file.transaction():
                    yield file.connection
                file.connection.execute("PRAGMA incremental_vacuum").fetchall()
            except (Error, OSError) as error:
                raise unusable(file.path, error, form) from error


def keeping(place: Path | Keeping) -> Keeping:
    """The keeping itself, or the files of this store."""
    return place if isinstance(place, Keeping) else Keeping(place)


def database(environ: Mapping[str, str] | None = None, file: Path = Path(SETTINGS_FILE)) -> str:
    """The address that is set, "" for none. Raises UsageError for what is no address of PostgreSQL."""
    address = as_set(environ, file)
    return checked_address(address) if address else ""
