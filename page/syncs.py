"""The syncs that are begun from the page: one at a time, which every open page can watch, and stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.sync import Report

Progress = Callable[[str, int, int], None]
Sync = Callable[[Progress], "Report"]


class Stopped(Exception):
    """Somebody has stopped a sync. What it has done is kept, and the next one goes on from there."""


@dataclass(slots=True, eq=False)
class Running:
    """A sync under way: the step that it is at, as (stage, done, total), and how it ended when it has.

    `holds` tells whether who began it is there still; who was removed meanwhile changes nothing any more.
    """

    sync: Sync
    holds: Callable[[], bool] = lambda: True
    step: tuple[str, int, int] = ("", 0, 0)
    stopping: bool = False
    ended: Future[Report] = field(default_factory=Future)

    def run(self) -> None:
        """The sync itself, to its end."""
        try:
            self.ended.set_result(self.sync(self._progress))
        except BaseException as error:
            self.ended.set_exception(error)

    def steps(self, every: float = 0.25) -> Iterator[Running]:
        """Itself, about four times a second, and once when it has ended."""
        while not self.ended.done():
            yield self
            wait([self.ended], timeout=every)
        yield self

    def _progress(self, stage: str, done: int, total: int) -> None:
        # Between two steps, where a run may be ended as by Ctrl-C.
        if self.stopping or not self.holds():
            raise Stopped
        self.step = (stage, done, total)


class Syncs:
    """At most one sync at a time: what the store says of a second one is meant for other processes.

    `holding` gives what tells whether who is asking now is there still.
    """

    def __init__(self, holding: Callable[[], Callable[[], bool]] = lambda: lambda: True) -> None:
        self._holding = holding
        self._lock = threading.Lock()
        self._last: Running | None = None

    @property
    def running(self) -> Running | None:
        """The sync under way, if there is one."""
        last = self._last
        return last if last and not last.ended.done() else None

    def begin(self, sync: Sync) -> Running:
        """The sync under way, which goes on when nobody watches it; this one, if there was none."""
        with self._lock:
            if running := self.running:
                return running
            self._last = Running(sync, self._holding())
            # Not a pool, whose threads are waited for when the server is stopped; a run may be ended anywhere.
            threading.Thread(target=self._last.run, name="sync", daemon=True).start()
            return self._last

    def stop(self) -> None:
        """Has the sync under way end at its next step."""
        if running := self.running:
            running.stopping = True

    def watched(self, sync: Sync, *, own: bool = False) -> Iterator[Running]:
        """The sync under way, or this one when there is none, at each of its steps and at its end.

        With `own` it is this one in any case: where another is under way, its steps come first.
        """
        while True:
            running = self.begin(sync)
            this = running.sync is sync or not own
            yield from (step for step in running.steps() if this or not step.ended.done())
            if this:
                return
