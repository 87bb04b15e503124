"""Where the doors hand in their questions: so many are answered at once, and one that nobody waits for is dropped.

A question is answered in a thread of its own, which is not waited for when the server ends. A client that goes away is
heeded where the answer next grows.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from typing import Protocol, TypeVar, cast

from langchain_core.runnables import Runnable

from index.records import Overview
from rag.answers import Answer, Question
from rag.chain import Walk
from rag.doors.admission import AT_ONCE
from rag.doors.faults import Busy
from rag.doors.metrics import Metrics
from rag.doors.places import Places

log = logging.getLogger("footnote.doors")

Value = TypeVar("Value")


class Assistant(Protocol):
    """What the doors need of rag.chain.Assistant. All may be used from several threads."""

    find: Runnable[Question, Walk]

    def stream(self, question: Question) -> Iterator[Answer]:
        """The answer as it grows, the last one done; or a FootnoteError."""

    def overview(self) -> Overview:
        """What would be searched now."""


class Desk:
    """An assistant that is asked by the doors, `at_once` questions at a time.

    So many more are `waiting` for their turn, and what comes then is refused as busy.
    """

    def __init__(
        self,
        assistant: Assistant,
        metrics: Metrics,
        at_once: int = AT_ONCE,
        waiting: int = 0,
        *,
        log_questions: bool = False,
    ) -> None:
        self.assistant = assistant
        self.metrics = metrics
        self._log_questions = log_questions
        self._places = Places(at_once, waiting)

    def growing(self, question: Question) -> AsyncGenerator[Answer]:
        """The answer as it grows, the last one done. Raises a FootnoteError, and Busy as Places do."""
        return self._beside(lambda: self._answers(question))

    async def answer(self, question: Question, left: Callable[[], Awaitable[bool]]) -> Answer | None:
        """The answer, done; None when `left`, asked whenever it has grown, says that nobody waits any more."""
        last: Answer | None = None
        async with contextlib.aclosing(self.growing(question)) as answers:
            async for last in answers:
                if not last.done and await left():
                    return None
        return last

    async def found(self, question: Question) -> Walk:
        """What is found for the question, without reading it. Raises as `growing`."""
        async with contextlib.aclosing(self._beside(lambda: iter([self.assistant.find.invoke(question)]))) as walks:
            return await anext(walks)

    def _answers(self, question: Question) -> Iterator[Answer]:
        start = time.perf_counter()
        with contextlib.closing(cast("Generator[Answer]", self.assistant.stream(question))) as answers:
            for answer in answers:
                if answer.done:
                    self._note(answer, time.perf_counter() - start)
                yield answer

    def _note(self, answer: Answer, seconds: float) -> None:
        self.metrics.answered(answer)
        facts: dict[str, object] = {
            "refusal": answer.refusal.value if answer.refusal else None,
            "citations": len(answer.citations),
            "produced_by": answer.produced_by,
            "seconds": round(seconds, 3),
            "stages": {stage: round(taken, 3) for stage, taken in answer.timings.items()},
        }
        if self._log_questions:
            facts["question"] = answer.question.text
        log.info("answered", extra={"facts": facts})

    async def _beside(self, work: Callable[[], Iterator[Value]]) -> AsyncGenerator[Value]:
        """The values of `work`, which runs in a thread. It is closed at its next value when these are closed."""
        await self._places.take()
        loop = asyncio.get_running_loop()
        values: asyncio.Queue[tuple[Value | None, Exception | None]] = asyncio.Queue()
        gone = threading.Event()

        def put(value: Value | None, error: Exception | None = None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever waited
                loop.call_soon_threadsafe(values.put_nowait, (value, error))

        def run() -> None:
            self.metrics.begun()
            try:
                for value in work():
                    if gone.is_set():
                        break
                    put(value)
            except BaseException as error:  # no Exception is the panic of a library that is written in Rust
                put(None, error if isinstance(error, Exception) else _ended(error))
            else:
                put(None)
            finally:
                self.metrics.ended()
                self._places.give_back()

        self._begin(run)
        try:
            while (taken := await values.get()) != (None, None):
                value, error = taken
                if error:
                    raise error
                yield cast("Value", value)
        finally:
            gone.set()

    def _begin(self, run: Callable[[], None]) -> None:
        """Starts the thread, which will free its place. Raises Busy where the machine has no more threads."""
        try:
            threading.Thread(target=run, name="question", daemon=True).start()
        except RuntimeError as error:
            self._places.give_back()
            raise Busy("No thread can be started for the question", "Ask again in a moment.") from error


def _ended(error: BaseException) -> Exception:
    """What is told of an error that would end the server, too."""
    told = RuntimeError("The thread of a question has ended")
    told.__cause__ = error
    return told
