"""Several processes that do the same work: one that dies is begun anew, and all end with the one that began them.

They are begun afresh and not forked: a library for models that has threads may stand still in a fork.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from index.terminal import finish

log = logging.getLogger("footnote.doors")

# Whoever dies before so many seconds died at once, and is waited for longer each time.
STEADY = 20.0
LONGEST_PAUSE = 60.0
# Seconds that a process has to end by itself; answers that are under way have two of them.
LAST_SECONDS = 6.0

# What a process does, given its number, from 1; its exit code.
Work = Callable[[int], int]


def pause(early: int) -> float:
    """Seconds until a process is begun anew, after so many in a row died at once."""
    return min(LONGEST_PAUSE, 2.0 ** min(early - 1, 10)) if early else 0.0


@dataclass(slots=True)
class Place:
    """One of the processes: the one that is there, and when the next is due where none is."""

    number: int
    process: BaseProcess | None = None
    begun: float = 0.0
    due: float = 0.0
    early: int = 0

    def begin(self, work: Work) -> None:
        """A new process. Ctrl-C, which a terminal sends to all, is left to whoever begins it, from the first on."""
        process = multiprocessing.get_context("spawn").Process(target=_worker, args=(work, self.number))
        with _deaf():
            process.start()
        self.process, self.begun = process, time.monotonic()
        _note("a worker begins", self.number, pid=process.pid)

    def bury(self) -> None:
        """The process has died; says so, and when the next one is due."""
        assert self.process
        self.process.join()
        now = time.monotonic()
        self.early = self.early + 1 if now - self.begun < STEADY else 0
        self.due = now + pause(self.early)
        _note("a worker died", self.number, logging.WARNING, exit=self.process.exitcode, again=pause(self.early))
        self.process.close()
        self.process = None


def supervise(work: Work, workers: int) -> None:
    """Has the work done by so many processes until SIGINT or SIGTERM tells to end; then they are told, too."""
    places = [Place(number) for number in range(1, workers + 1)]
    for told in (signal.SIGINT, signal.SIGTERM):
        signal.signal(told, signal.default_int_handler)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                _attend(places, work)
    finally:
        for told in (signal.SIGINT, signal.SIGTERM):
            signal.signal(told, signal.SIG_IGN)
        _end([place.process for place in places if place.process])


def _attend(places: list[Place], work: Work) -> None:
    """Begins whoever is due, and waits until one dies or the next is due."""
    for place in places:
        if not place.process and place.due <= time.monotonic():
            place.begin(work)
    dues = [place.due for place in places if not place.process]
    dead = wait(
        [place.process.sentinel for place in places if place.process],
        max(0.0, min(dues) - time.monotonic()) if dues else None,
    )
    for place in places:
        if place.process and place.process.sentinel in dead:
            place.bury()


def _end(processes: list[BaseProcess]) -> None:
    for process in processes:
        process.terminate()
    last = time.monotonic() + LAST_SECONDS
    for process in processes:
        process.join(max(0.0, last - time.monotonic()))
    for process in processes:
        if process.is_alive():
            process.kill()
            process.join()


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Meanwhile Ctrl-C is ignored, and so it is by a process that is begun."""
    heard = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, heard)


def _note(event: str, number: int, level: int = logging.INFO, **facts: object) -> None:
    log.log(level, event, extra={"facts": {"worker": number, **facts}})


# In each of the processes ---------------------------------------------------------------------------------------------


def _worker(work: Work, number: int) -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    threading.Thread(target=_orphaned, name="parent", daemon=True).start()

    def until_told() -> int:
        with contextlib.suppress(KeyboardInterrupt):
            return work(number)
        return 0

    finish(until_told)


def _orphaned() -> None:
    """Ends this process when the one that began it is gone, however that went."""
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LAST_SECONDS)
    os._exit(1)
