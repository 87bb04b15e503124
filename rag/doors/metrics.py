"""What Prometheus may read of the doors: questions, refusals, errors, and the seconds of each stage."""

from __future__ import annotations

from rag.answers import Answer, Refusal

# Seconds. Searching takes tens of milliseconds, reading hundreds, and a language model up to a minute.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """Counters and histograms of one server. Safe to share between threads."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = CollectorRegistry()
        self._questions = Counter(
            "footnote_questions", "Questions that were answered or refused.", registry=self._registry
        )
        self._refusals = Counter("footnote_refusals", "Refusals by kind.", ["kind"], registry=self._registry)
        self._errors = Counter(
            "footnote_errors", "Responses by their status, from 400.", ["status"], registry=self._registry
        )
        self._asking = Gauge("footnote_questions_in_progress", "Questions being answered.", registry=self._registry)
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

        return generate_latest(self._registry)
