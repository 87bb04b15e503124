"""Sharing an index with other machines: beginning, ending, and keeping a copy up while it is read."""

from __future__ import annotations

import contextlib
import logging
import threading
import uuid
from dataclasses import dataclass, replace
from pathlib import Path

from index import replica
from index.audit import Audit
from index.catalog import Catalog
from index.database import FILE_NAME, is_damage
from index.errors import FootnoteError, UsageError, explained
from index.replica import NOTE
from index.rescue import Rescue, rescue
from index.segments import remove_unused
from index.server import Server
from index.writer import PATIENCE, Busy, holding

# Seconds between two looks at whether another machine has published something.
EVERY = 5.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Sharing:
    """What came of sharing: where the index is shared, its edition, and whether it was there and has been fetched."""

    where: str
    edition: int
    fetched: bool


def share(store: Path, *, replacing: bool = False) -> Sharing:
    """Makes the index of the store the shared one of the database that is set, or the store a copy of the one there.

    With `replacing` it takes the place of what the database has, of which no other machine can fetch any more then.
    Raises FootnoteError where both have an index, where neither has one, and while another process or machine writes.
    """
    if replica.note_of(store) and not replacing:
        raise UsageError(f"The index in {store} is shared already", "`python -m index status` says of which edition.")
    there = replica.database_set()
    if not there:
        raise UsageError("No database is set", "Set FOOTNOTE_DATABASE to postgresql://user@host/name.")
    with replica.writing_alone(there):
        head, here = replica.edition_of(there), _holds_something(store)
        if head and here and not replacing:
            raise FootnoteError(
                f"{there.name} has a shared index, and {store} has one of its own",
                "Share from an empty folder, with --store or FOOTNOTE_STORE, and index there what is to come in; "
                "`--replace` puts this one in the place of the shared one.",
            )
        if not here and (replacing or not head):
            raise FootnoteError(
                f"{there.name} has no shared index yet, and there is none in {store}"
                if not head
                else f"There is no index in {store}",
                "Run `python -m index sync PATH`, and then this again.",
            )
        with holding(store) as catalog:
            if head and not replacing:
                first = replica.Note(head.identity, replica.NOTHING, uuid.uuid4().hex)
                note = replica.fetch(there, store, catalog, first)
            else:
                note = replica.begin(there, store, catalog)
    return Sharing(there.name, note.edition, bool(head) and not replacing)


def end(store: Path) -> None:
    """Lets the copy in the store be an index of its own from now on; the shared one and other copies stay.

    It keeps all articles, and follows what this machine followed. Raises FootnoteError while another process writes.
    """
    if not (store / NOTE).exists():
        raise UsageError(f"The index in {store} is not shared", "Nothing has to be ended.")
    with holding(store, PATIENCE) as catalog:
        for place in replica.elsewhere(store, catalog):  # nothing is to be looked for here that lies at others
            catalog.unfollow(place)
        catalog.remember(replica.MACHINES, "{}")
        (store / NOTE).unlink(missing_ok=True)


def fetch_newest(store: Path, server: Server | None = None) -> bool:
    """Fetches what another machine has published, if it has; whether something came.

    Raises Busy while another process writes to the store, and FootnoteError when the database is away.
    """
    note = replica.note_of(store)
    if not note:
        return False
    there = replica.database_of(store)
    if note.is_of(replica.edition_of(there)):
        return False
    with holding(store) as catalog:
        note = replica.note_of(store)  # it may have been ended, or fetched by another process
        if not note:
            return False
        now = replica.fetch(there, store, catalog, note)
        remove_unused(store, catalog, server)
    return now != note


def restore(store: Path) -> Rescue | None:
    """Fetches the catalog of a copy anew where it is damaged; None where it is not. For any other store, `rescue`.

    Raises FootnoteError as `fetch` does, and while another process is writing.
    """
    note = replica.note_of(store)
    if not note:
        return rescue(store)
    anew, damage = replace(note, edition=replica.NOTHING), ""
    try:
        Catalog(store).close()
    except FootnoteError as error:
        if not isinstance(error.__cause__, Exception) or not is_damage(error.__cause__):
            raise
        damage = str(error)
        replica.take_note(store, anew)
        # It cannot even be opened. Whoever has it open keeps what it was.
        for left in store.glob(f"{FILE_NAME}*"):
            left.unlink()
    with holding(store) as catalog:
        damage = damage or next(iter(Audit(catalog).integrity_problems()), "")
        if damage:
            replica.fetch(replica.database_of(store), store, catalog, anew)
        return Rescue(damage, 0) if damage else None


def _holds_something(store: Path) -> bool:
    """Whether there is an index in which something is, or was begun."""
    if not (store / FILE_NAME).exists():
        return False
    with contextlib.closing(Catalog(store)) as catalog:
        return replica.holds_something(catalog)


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
            except Busy:  # another time
                pass
            except Exception as error:  # of a library, or of a disk that is full: what comes next may go well again
                told = explained(error) if isinstance(error, FootnoteError) else f"{type(error).__name__}: {error}"
                if told != said:
                    said = told
                    log.warning("What other machines publish is not fetched: %s", said)
            over.wait(every)

    thread = threading.Thread(target=keep, name="shared index", daemon=True)
    thread.start()
    return thread
