"""A run: a question set asked through the served chain, measured question by question, and kept as a JSON file.

A question that failed is an error with its message; it is in no mean, and a run with errors has not done its work.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from index.errors import FootnoteError, UsageError
from index.records import Hit
from rag.answers import Answer, Question
from rag.evals import scores
from rag.evals.measures import STANDARD, Mean, Measure, mean
from rag.evals.sets import EvalQuestion, QuestionSet

SCHEMA_VERSION = 1
# How many documents of each ranking a run file keeps.
KEPT = 10

PACKAGES = ("chromadb", "langchain-core", "numpy", "sentence-transformers", "torch", "transformers")

Find = Callable[[Question], tuple[Hit, ...]]
Ask = Callable[[Question], Answer]
Progress = Callable[[str, int, int], None]

Given = TypeVar("Given")
Got = TypeVar("Got")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answered:
    """How the chain answered a question, and how long it took."""

    refused: bool
    citations: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Row:
    """One question of a run. `values` maps measures to values, `seconds` is the time of retrieval.

    A question with an `error` has no values. An unanswerable one has values of answering alone.
    """

    id: str
    text: str
    kind: str
    answerable: bool
    seconds: float
    ranking: tuple[str, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    answered: Answered | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds: the median and the 95th percentile over n questions."""

    p50: float
    p95: float
    n: int


@dataclass(frozen=True, slots=True)
class Run:
    """What a run measured, and what it measured: `about` names settings and index, `packages` versions."""

    set_name: str
    set_digest: str
    rows: tuple[Row, ...]
    about: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def errors(self) -> tuple[Row, ...]:
        """The questions that failed."""
        return tuple(row for row in self.rows if row.error)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of question, in the order they first came."""
        return tuple(dict.fromkeys(row.kind for row in self.rows))


def run(
    find: Find,
    question_set: QuestionSet,
    measures: Sequence[Measure] = STANDARD,
    *,
    ask: Ask | None = None,
    about: Mapping[str, str] | None = None,
    progress: Progress = lambda step, done, total: None,
) -> Run:
    """Asks every question of the set. `find` is the served chain up to retrieval, `ask` the whole of it, if wanted."""
    one = _One(find, ask, question_set.document, measures)
    rows = []
    for done, question in enumerate(question_set.questions):
        progress("asking", done, len(question_set.questions))
        rows.append(one.row(question))
    return Run(question_set.name, question_set.digest, tuple(rows), dict(about or {}), installed())


@dataclass(frozen=True, slots=True)
class _One:
    """One question asked and measured."""

    find: Find
    ask: Ask | None
    document: scores.Document
    measures: Sequence[Measure]

    def row(self, question: EvalQuestion) -> Row:
        start = time.perf_counter()
        try:
            return self._measured(question)
        except Exception as error:  # the outermost loop: one question that fails does not end the run
            seconds = time.perf_counter() - start
            why = f"{type(error).__name__}: {error}"
            log.warning("question %s failed: %s", question.id, why)
            log.debug("where it failed", exc_info=True)
            return Row(question.id, question.text, question.kind, question.answerable, seconds, error=why)

    def _measured(self, question: EvalQuestion) -> Row:
        hits, seconds = _timed(self.find, question.as_asked())
        values = scores.retrieval(question, hits, self.document, self.measures)
        answered = None
        if self.ask:
            answer, took = _timed(self.ask, question.as_asked())
            values |= scores.answering(question, answer, self.document)
            answered = Answered(answer.refusal is not None, len(answer.citations), took)
        return Row(
            id=question.id,
            text=question.text,
            kind=question.kind,
            answerable=question.answerable,
            seconds=seconds,
            ranking=scores.ranked(hits, self.document)[:KEPT],
            values=values,
            answered=answered,
        )


def _timed(step: Callable[[Given], Got], value: Given) -> tuple[Got, float]:
    start = time.perf_counter()
    return step(value), time.perf_counter() - start


def installed(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """The versions of those packages that are installed, without importing them."""
    known = {found.metadata["Name"]: found.version for found in metadata.distributions()}
    return {name: known[name] for name in packages if name in known}


def means(rows: Sequence[Row]) -> dict[str, Mean]:
    """The mean of each measure over the questions that have a value for it, in the order they first came."""
    names = dict.fromkeys(name for row in rows for name in row.values)
    return {name: mean([row.values[name] for row in rows if name in row.values]) for name in names}


def latency(seconds: Sequence[float]) -> Latency:
    """Median and 95th percentile of at least one time."""
    import numpy as np

    p50, p95 = np.percentile(np.asarray(seconds), [50, 95])
    return Latency(float(p50), float(p95), len(seconds))


def latencies(rows: Sequence[Row]) -> dict[str, Latency]:
    """How long retrieval and, where they were asked for, answers took; of the questions that did not fail."""
    times = {
        "retrieval": [row.seconds for row in rows if not row.error],
        "answer": [row.answered.seconds for row in rows if row.answered],
    }
    return {step: latency(seconds) for step, seconds in times.items() if seconds}


def as_json(run: Run) -> dict[str, Any]:
    """The run as plain JSON values. Means and latency are there to be read; they follow from the rows."""
    return {
        "schema": SCHEMA_VERSION,
        "set": {"name": run.set_name, "digest": run.set_digest},
        "created": run.created.isoformat(),
        "about": dict(run.about),
        "packages": dict(run.packages),
        "n": {
            "questions": len(run.rows),
            "answerable": sum(row.answerable for row in run.rows),
            "errors": len(run.errors),
        },
        "means": {name: asdict(value) for name, value in means(run.rows).items()},
        "latency": {step: asdict(value) for step, value in latencies(run.rows).items()},
        "rows": [asdict(row) for row in run.rows],
    }


def reserve(path: Path) -> None:
    """Raises UsageError when a run could not be kept there, which is better known before it is made."""
    with _writing(path):
        new = not path.exists()
        path.open("a").close()
        if new:
            path.unlink()


def save(run: Run, path: Path) -> None:
    """Writes the run as a JSON file. Raises UsageError when it cannot be written."""
    with _writing(path):
        path.write_text(json.dumps(as_json(run), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Give another path for the run.") from error


def load(path: Path) -> Run:
    """The run that `save` wrote. Raises UsageError when there is no file and FootnoteError when it is not a run."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Give the path of a run file.") from error
    except ValueError as error:
        raise FootnoteError(f"{path} is not a run file: {error}", "Give the path of a run file.") from error
    schema = values.get("schema") if isinstance(values, dict) else None
    if schema != SCHEMA_VERSION:
        raise FootnoteError(
            f"{path} is not a run file of schema {SCHEMA_VERSION}, its schema is {schema}", "Make the run again."
        )
    try:
        return _from_json(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise FootnoteError(f"{path} is a damaged run file: {error!r}", "Make the run again.") from error


def _from_json(values: Mapping[str, Any]) -> Run:
    return Run(
        set_name=values["set"]["name"],
        set_digest=values["set"]["digest"],
        rows=tuple(_row_from_json(row) for row in values["rows"]),
        about=values["about"],
        packages=values["packages"],
        created=datetime.fromisoformat(values["created"]),
    )


def _row_from_json(values: Mapping[str, Any]) -> Row:
    answered = Answered(**values["answered"]) if values["answered"] else None
    return Row(**{**values, "ranking": tuple(values["ranking"]), "answered": answered})
