"""The places at which questions are answered, and the line of those that wait for one."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque

from rag.doors.faults import Busy

# Seconds that a question waits for a place.
PATIENCE = 30.0

_Turn = tuple[asyncio.AbstractEventLoop, "asyncio.Future[None]"]


class Places:
    """So many places; of those that find none, so many wait, and have the next in the order they came.

    Taken in an event loop, and given back from any thread.
    """

    def __init__(self, places: int, waiting: int = 0, patience: float = PATIENCE) -> None:
        self._free = places
        self._waiting = waiting
        self._patience = patience
        self._line: deque[_Turn] = deque()
        self._lock = threading.Lock()

    async def take(self) -> None:
        """Waits for a place. Raises Busy where too many wait already, and after PATIENCE seconds."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._free:
                self._free -= 1
                return
            if len(self._line) >= self._waiting:
                raise Busy("As many questions as may be answered at once are being answered", "Ask again in a moment.")
            turn = loop.create_future()
            self._line.append((loop, turn))
        try:
            # Which is not cancelled with whoever waits: it may have come to its place in that moment.
            come, _ = await asyncio.wait({turn}, timeout=self._patience)
        except BaseException:
            self._leave(loop, turn)
            raise
        if not come:
            self._leave(loop, turn)
            raise Busy("Too many questions are waiting to be answered", "Ask again in a moment.")

    def give_back(self) -> None:
        """The place is for whoever has waited longest."""
        while True:
            with self._lock:
                if not self._line:
                    self._free += 1
                    return
                loop, turn = self._line.popleft()
            # A loop that has ended has nobody who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._called, turn)
                return

    def _called(self, turn: asyncio.Future[None]) -> None:
        if turn.cancelled():
            self.give_back()
        elif not turn.done():
            turn.set_result(None)

    def _leave(self, loop: asyncio.AbstractEventLoop, turn: asyncio.Future[None]) -> None:
        """Out of the line; a place that came too late goes to the next."""
        with self._lock, contextlib.suppress(ValueError):
            self._line.remove((loop, turn))
            turn.cancel()
            return
        if turn.done() and not turn.cancelled():
            self.give_back()
        else:
            turn.cancel()
