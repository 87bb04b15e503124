"""Catalogs that stay open between questions, with what they have read.

A catalog that is opened anew reads each page from its file once more and compares its checksum, which was a third of
the time of a question among 35,000 passages, and half of it among 100,000.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

from index.catalog import Catalog
from index.database import FILE_NAME

# As many as answer at once in one process; more are opened when they are needed, and closed after that.
KEPT = 4
# Of each, in KiB. Among 100,000 passages a question took of the processor p50 49, 35, 31, 30 and 33 ms with 2,000 (what
# SQLite has of itself), 8,000, 16,000, 32,000 and 64,000 (2 cores of an AMD EPYC, 2026-11-29).
MEMORY = 32_000

# Which file it is, wherever it has been moved, and when it was last written to: device, number and nanoseconds.
_File = tuple[int, int, int]


class Lending:
    """The open catalogs of one store. Safe for several threads: each catalog is lent to one at a time."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._idle: list[tuple[_File, Catalog]] = []
        self._out = 0
        self._lock = threading.Lock()
        weakref.finalize(self, _close_all, self._idle)

    @contextlib.contextmanager
    def one_state(self) -> Iterator[Catalog]:
        """A catalog in one state, which another process may have just published.

        One that was given an error is not lent again.
        """
        file, catalog = self._lent()
        try:
            with catalog.snapshot():
                yield catalog
            self._emptied(catalog)
            # One without checksums is to get them, for which nobody may have it open.
            keep = catalog.has_checksums
        except BaseException:
            self._closed(catalog)
            raise
        with self._lock:
            self._out -= 1
            keep = keep and len(self._idle) < KEPT
            if keep:
                self._idle.append((file, catalog))
        if not keep:
            catalog.close()

    def let_go(self) -> None:
        """Closes those that are not lent now."""
        with self._lock:
            _close_all(self._idle)

    def _emptied(self, catalog: Catalog) -> None:
        """Empties the log that a writer could not empty, because somebody here was reading.

        Whoever copies the file, or another over it, does not think of the log.
        """
        with contextlib.suppress(OSError):
            if self._out == 1 and catalog.log.stat().st_size:
                catalog.empty_log()

    def _closed(self, catalog: Catalog) -> None:
        with self._lock:
            self._out -= 1
        catalog.close()

    def _lent(self) -> tuple[_File, Catalog]:
        """One that is open on the file that is there now, or a new one."""
        file = self._file()
        with self._lock:
            if any(of != file for of, _ in self._idle):  # a store that was moved away, made anew, or copied over
                _close_all(self._idle)
            self._out += 1
            if self._idle:
                return self._idle.pop()
        try:
            catalog = Catalog(self._store)
        except BaseException:
            with self._lock:
                self._out -= 1
            raise
        catalog.connection.execute(f"PRAGMA cache_size = -{MEMORY}")
        return file, catalog

    def _file(self) -> _File:
        try:
            found = (self._store / FILE_NAME).stat()
        except OSError:  # the catalog says what is wrong with it
            return 0, 0, 0
        return found.st_dev, found.st_ino, found.st_mtime_ns


def _close_all(idle: list[tuple[_File, Catalog]]) -> None:
    while idle:
        idle.pop()[1].close()
