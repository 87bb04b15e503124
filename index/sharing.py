"""Sharing an index with other machines: beginning, ending, and keeping a copy up while it is read."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from index import replica
from index.database import FILE_NAME
from index.errors import FootnoteError, UsageError, explained
from index.replica import NOTE
from index.segments import remove_unused
from index.server import Server
from index.writer import holding

# Seconds between two looks at whether another machine has published something.
EVERY = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sharing:
    """What came of sharing: where the index is shared, its edition, and whether it was there and has been fetched."""

    where: str
    edition: int
    fetched: bool


def share(store: Path) -> Sharing:
    """Makes the index of the store the shared one of the database that is set, or the store a copy of the one there.

    Raises FootnoteError where both have an index, where neither has one, and while another process or machine writes.
    """
    if replica.note_of(store):
        raise UsageError(f"The index in {store} is shared already", "`python -m index status` says where.")
    database = replica.database_set()
    if not database:
        raise UsageError("No database is set", "Set FOOTNOTE_DATABASE to postgresql://user@host/name.")
    with replica.writing_alone(database):
        there, here = replica.edition_of(database), (store / FILE_NAME).exists()
        if there and here:
            raise FootnoteError(
                f"{database.name} has a shared index, and {store} has one of its own",
                "Share from an empty folder, with --store or FOOTNOTE_STORE, and index there what is to come in.",
            )
        if not there and not here:
            raise FootnoteError(
                f"{database.name} has no shared index yet, and there is none in {store}",
                "Run `python -m index sync PATH`, and then this again.",
            )
        with holding(store) as catalog:
            if there:
                note = replica.fetch(database, store, catalog, replica.Note(there.identity, 0))
            else:
                note = replica.begin(database, store, catalog)
                replica.take_note(store, note)
    return Sharing(database.name, note.edition, bool(there))


def end(store: Path) -> None:
    """Lets the copy in the store be an index of its own from now on; the shared one and other copies stay."""
    if not (store / NOTE).exists():
        raise UsageError(f"The index in {store} is not shared", "Nothing has to be ended.")
    (store / NOTE).unlink()


def fetch_newest(store: Path, server: Server | None = None) -> bool:
    """Fetches what another machine has published, if it has; whether something came.

    Raises FootnoteError when the database is away, and while another process writes to the store.
    """
    note = replica.note_of(store)
    if not note or replica.edition_of(replica.database_of(store)) == note:
        return False
    with holding(store) as catalog:
        now = replica.fetch(replica.database_of(store), store, catalog, replica.note_of(store) or note)
        remove_unused(store, catalog, server)
    return now != note


def keep_up(
    store: Path, server: Server | None = None, every: float = EVERY, over: threading.Event | None = None
) -> threading.Thread:
    """Begins a thread that fetches what other machines publish, until `over` is set or the process ends.

    What goes wrong is logged once, and tried again.
    """
    over = over or threading.Event()

    def keep() -> None:
        said = ""
        while not over.is_set():
            try:
                fetch_newest(store, server)
                said = ""
            except FootnoteError as error:
                if explained(error) != said:
                    said = explained(error)
                    log.warning("What other machines publish is not fetched: %s", said)
            over.wait(every)

    thread = threading.Thread(target=keep, name="shared index", daemon=True)
    thread.start()
    return thread
