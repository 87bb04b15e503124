"""What Prometheus may read of the doors: questions, refusals, errors, and the seconds of each stage."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.answers import Answer, Refusal

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

# Seconds. Searching takes tens of milliseconds, reading hundreds, and a language model up to a minute.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


@dataclass(frozen=True, slots=True)
class Shared:
    """Where the processes of one server keep what each counts, and which of them this is, from 1.

    One that is begun anew goes on with the counts of the one before it.
    """

    folder: Path
    number: int

    def begin(self) -> CollectorRegistry:
        """Has all that is counted from now on kept there, and gives the sums of all. For the whole process."""
        from prometheus_client import CollectorRegistry, values
        from prometheus_client.multiprocess import MultiProcessCollector

        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self.folder)
        values.ValueClass = values.MultiProcessValue(lambda: self.number)  # type: ignore[no-untyped-call]
        sums = CollectorRegistry()
        MultiProcessCollector(sums, str(self.folder))  # type: ignore[no-untyped-call]
        return sums


class Metrics:
    """Counters and histograms of one server, of all its processes where they are shared. Threads may share it."""

    def __init__(self, shared: Shared | None = None) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        sums = shared.begin() if shared else None
        self._registry = CollectorRegistry()
        self._told = sums or self._registry
        self._questions = Counter(
            "footnote_questions", "Questions that were answered or refused.", registry=self._registry
        )
        self._refusals = Counter("footnote_refusals", "Refusals by kind.", ["kind"], registry=self._registry)
        self._errors = Counter(
            "footnote_errors", "Responses by their status, from 400.", ["status"], registry=self._registry
        )
        self._asking = Gauge(
            "footnote_questions_in_progress", "Questions being answered.", registry=self._registry,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self._asking.set(0)  # whatever a process that died was answering
        self._stages = Histogram(
            "footnote_stage_seconds", "Seconds that a stage of an answer took.", ["stage"], buckets=BUCKETS,
            registry=self._registry,
        )  # fmt: skip
        for kind in Refusal:  # so that none is missing before it happens
            self._refusals.labels(kind.value)

    def begun(self) -> None:
        """A question is being answered."""
        self._asking.inc()

    def ended(self) -> None:
        """It no longer is, whatever became of it."""
        self._asking.dec()

    def answered(self, answer: Answer) -> None:
        """An answer was finished."""
        self._questions.inc()
        if answer.refusal:
            self._refusals.labels(answer.refusal.value).inc()
        for stage, seconds in answer.timings.items():
            self._stages.labels(stage).observe(seconds)

    def responded(self, status: int) -> None:
        """A response began with this status."""
        if status >= 400:
            self._errors.labels(str(status)).inc()

    def text(self) -> bytes:
        """All of it in Prometheus's text format."""
        from prometheus_client import generate_latest

        return generate_latest(self._told)
