"""The one writer of a store, which a lock of the operating system makes the only one."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from index.catalog import Catalog
from index.database import CLEARING, DRAFT, Error, unusable
from index.errors import FootnoteError
from index.replica import NOTE, in_step
from index.segments import remove_unused
from index.server import Server
from index.vectors import is_alive

HOLDER = "writer"
# Where pages are put that were fetched and are not read yet.
SPOOL = "fetched"
# Seconds that the writer of a copy of a shared index waits for another process of this machine.
PATIENCE = 10.0
# Looks for the signature of the writer, and seconds between them.
LOOKS, BETWEEN = 25, 0.02


class Busy(FootnoteError):
    """Another process of this machine is writing."""


@contextlib.contextmanager
def writing(store: Path, server: Server | None = None) -> Iterator[Catalog]:
    """The catalog, for the one writer, with what an interrupted run left behind cleared away, also on the server.

    A copy of a shared index is the newest then, and what was written is handed on. Raises FootnoteError at once when
    another process is writing.
    """
    # Of a copy, another process of this machine may be fetching what is new, which it does by itself.
    with holding(store, PATIENCE if (store / NOTE).exists() else 0) as catalog:
        with in_step(store, catalog):
            catalog.add_checksums()
            catalog.discard_staged()
            _clear(store, catalog, server)
            yield catalog
        # When it has been handed on: until then other machines ask what is not used here any more.
        _clear(store, catalog, server)


@contextlib.contextmanager
def holding(store: Path, patience: float = 0) -> Iterator[Catalog]:
    """The catalog as it lies there, for the one writer.

    Raises Busy when another process is writing, and still is after so many seconds. The lock is the operating system's
    and ends with the process; the process number beside it only serves the message.
    """
    from filelock import FileLock, Timeout

    catalog = Catalog(store)
    lock = FileLock(store / "LOCK", timeout=patience)
    try:
        lock.acquire()
        _sign(store)
        yield catalog
    except Timeout as error:
        raise Busy(
            f"Another process ({_holder(store)}) is writing to the index in {store}",
            "Wait until it is done; questions can be asked meanwhile.",
        ) from error
    except (Error, OSError) as error:
        raise unusable(catalog.path, error) from error
    finally:
        if lock.is_locked:
            catalog.empty_log(CLEARING)
        catalog.close()
        lock.release()


def _clear(store: Path, catalog: Catalog, server: Server | None) -> None:
    shutil.rmtree(store / SPOOL, ignore_errors=True)
    for draft in store.glob(f"{DRAFT}*"):
        draft.unlink(missing_ok=True)
    remove_unused(store, catalog, server)


def _sign(store: Path) -> None:
    """Leaves the number of this process, whole at once."""
    draft = store / f"{HOLDER}-{os.getpid()}"
    draft.write_text(str(os.getpid()))
    draft.replace(store / HOLDER)


def _holder(store: Path) -> str:
    """The process that holds the lock, which signs a moment after it has taken it."""
    for _ in range(LOOKS):
        with contextlib.suppress(OSError, ValueError):
            number = int((store / HOLDER).read_text())
            if is_alive(number):
                return f"process {number}"
        time.sleep(BETWEEN)
    return "its number is not known"
