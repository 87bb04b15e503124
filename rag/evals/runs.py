"""A run: a question set asked through the served chain, measured question by question, and kept as a JSON file.

A question that failed is an error with its message; it is in no mean, and a run with errors has not done its work.
Two runs of the same thing are the same bytes, but for the object "timings".
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import FootnoteError, UsageError
from rag.answers import Answer, Question
from rag.evals import scores
from rag.evals.abstention import Curve, Judged, auroc, risk_coverage
from rag.evals.journal import Journal
from rag.evals.measures import STANDARD, Mean, Measure, mean_of_each
from rag.evals.sets import EvalQuestion, QuestionSet
from rag.evals.squad_scores import squad_1, squad_2

if TYPE_CHECKING:
    from rag.chain import Walk

SCHEMA_VERSION = 2
# How many documents of each ranking a run file keeps.
KEPT = 100
TOTAL = "total"
# What of a row is kept apart, because it differs from run to run.
OF_TIME = {"timings", "known"}

# What `about` says for machines.
DIGESTS = {"edition", "fingerprint", "program"}
PACKAGES = ("chromadb", "langchain-core", "numpy", "sentence-transformers", "torch", "transformers")

Find = Callable[[Question], "Walk"]
Ask = Callable[[Question], Answer]
Progress = Callable[[str, int, int], None]

log = logging.getLogger(__name__)


class InvalidRun(FootnoteError):
    """A run from which nothing can be concluded: questions failed, its file is damaged, or something of it lacks."""


class OtherQuestions(InvalidRun):
    """Runs that did not ask the same questions, so that nothing can be said of one against the other."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Answered:
    """How the chain answered: what it said, "" for a refusal, how many citations it gave, and how confident it was."""

    refused: bool
    said: str
    citations: int
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One question of a run. `values` maps measures to values, `timings` each stage of the chain to seconds.

    A question with an `error` has no values. An unanswerable one has values of answering alone. The times of one that
    is `known` lack its embedding, which an earlier run made.
    """

    id: str
    text: str
    kind: str
    answerable: bool
    timings: Mapping[str, float] = field(default_factory=dict)
    ranking: tuple[str, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    answered: Answered | None = None
    error: str = ""
    known: bool = False


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds: the median, and the 95th and 99th percentiles, over n questions."""

    p50: float
    p95: float
    p99: float
    n: int


@dataclass(frozen=True, slots=True)
class Tail:
    """What a mean hides: the value that 5 % of the questions do not exceed, and the share of those that reach 1."""

    p5: float
    full: float


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
    def known(self) -> int:
        """How many questions were embedded by an earlier run, so that their times lack it."""
        return sum(row.known for row in self.rows)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of question, in the order they first came."""
        return tuple(dict.fromkeys(row.kind for row in self.rows))


def run(
    ask: Find | Ask,
    question_set: QuestionSet,
    measures: Sequence[Measure] = STANDARD,
    *,
    about: Mapping[str, str] | None = None,
    journal: Journal | None = None,
    known: Callable[[], bool] = lambda: False,
    progress: Progress = lambda step, done, total: None,
) -> Run:
    """Asks every question of the set: of the served chain up to retrieval, or of the whole of it, which answers too.

    What the journal has is not asked again, and what is asked is written there, so that a run that was stopped goes on.
    `known` says whether the question just asked was embedded by an earlier run.
    """
    one = _One(ask, question_set.document, measures, _matching(question_set), known)
    journal = journal or Journal(None)
    rows = []
    for done, question in enumerate(question_set.questions):
        progress("asking", done, len(question_set.questions))
        kept = journal.get(question.id)
        row = _row_from_json(kept) if kept else one.row(question)
        if not kept and not row.error:
            journal.add(question.id, _row_as_json(row))
        rows.append(row)
    return Run(question_set.name, question_set.digest, tuple(rows), dict(about or {}), installed())


def _matching(question_set: QuestionSet) -> scores.Matching | None:
    """As SQuAD 1.1 counts where everything can be answered, as 2.0 does elsewhere; not where there are no answers."""
    if not any(question.answers for question in question_set.questions):
        return None
    return squad_1 if all(question.answerable for question in question_set.questions) else squad_2


@dataclass(frozen=True, slots=True)
class _One:
    """One question asked and measured."""

    ask: Find | Ask
    document: scores.Document
    measures: Sequence[Measure]
    matching: scores.Matching | None
    known: Callable[[], bool]

    def row(self, question: EvalQuestion) -> Row:
        start = time.perf_counter()
        try:
            return self._measured(question)
        except Exception as error:  # the outermost loop: one question that fails does not end the run
            timings = {TOTAL: time.perf_counter() - start}
            why = f"{type(error).__name__}: {error}"
            log.warning("question %s failed: %s", question.id, why)
            log.debug("where it failed", exc_info=True)
            return Row(question.id, question.text, question.kind, question.answerable, timings, error=why)

    def _measured(self, question: EvalQuestion) -> Row:
        start = time.perf_counter()
        found = self.ask(question.as_asked())
        timings = {**found.timings, TOTAL: time.perf_counter() - start}
        values = scores.retrieval(question, found.hits, self.document, self.measures)
        answered = None
        if isinstance(found, Answer):
            values |= scores.answering(question, found, self.document, self.matching)
            refused = found.refusal is not None
            answered = Answered(refused, scores.said(found), len(found.citations), found.confidence)
        ranking = scores.ranked(found.hits, self.document)[:KEPT]
        about = (question.id, question.text, question.kind, question.answerable)
        return Row(*about, timings, ranking, values, answered, known=self.known())


def installed(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """The versions of those packages that are installed, without importing them."""
    versions = {name: _version(name) for name in packages}
    return {name: version for name, version in versions.items() if version}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def means(rows: Sequence[Row]) -> dict[str, Mean]:
    """The mean of each measure over the questions that have a value for it, in the order they first came."""
    return mean_of_each(_by_measure(rows))


def tails(rows: Sequence[Row]) -> dict[str, Tail]:
    """The tail of each measure, as `means` has its mean."""
    import numpy as np

    return {
        name: Tail(float(np.percentile(values, 5, method="lower")), sum(value >= 1 for value in values) / len(values))
        for name, values in _by_measure(rows).items()
    }


def _by_measure(rows: Sequence[Row]) -> dict[str, list[float]]:
    names = dict.fromkeys(name for row in rows for name in row.values)
    return {name: [row.values[name] for row in rows if name in row.values] for name in names}


def confidence(rows: Sequence[Row]) -> tuple[Mean | None, Curve | None]:
    """The AUROC of answerable against unanswerable questions, and the risk-coverage curve.

    An answer is right when the question has one and an answer text is in a cited quote or, in a set without answer
    texts, gold is cited. Both are None where answers have no confidence, and the AUROC without both sorts of question.
    """
    asked = [(row, row.answered, row.answered.confidence) for row in rows if row.answered]
    if not asked or any(sure is None for _, _, sure in asked):
        return None, None
    sure = [(row, answered, value) for row, answered, value in asked if value is not None]
    judged = [Judged(value, not answered.refused, _right(row)) for row, answered, value in sure]
    sides = ([value for row, _, value in sure if row.answerable is side] for side in (True, False))
    return auroc(*sides), risk_coverage(judged)


def _right(row: Row) -> bool:
    return row.answerable and bool(row.values.get(scores.TEXT_FOUND, row.values[scores.GOLD_CITED]))


def latency(seconds: Sequence[float]) -> Latency:
    """Median, 95th and 99th percentile of at least one time."""
    import numpy as np

    p50, p95, p99 = np.percentile(np.asarray(seconds), [50, 95, 99])
    return Latency(float(p50), float(p95), float(p99), len(seconds))


def latencies(rows: Sequence[Row]) -> dict[str, Latency]:
    """How long each stage took, and all of them; of the questions that did not fail."""
    times: dict[str, list[float]] = {}
    for row in rows:
        for stage, seconds in row.timings.items() if not row.error else ():
            times.setdefault(stage, []).append(seconds)
    return {stage: latency(seconds) for stage, seconds in times.items()}


def as_json(run: Run) -> dict[str, Any]:
    """The run as plain JSON values. Means, tails and latency are there to be read; they follow from the rows."""
    area, curve = confidence(run.rows)
    return {
        "schema": SCHEMA_VERSION,
        "set": {"name": run.set_name, "digest": run.set_digest},
        "about": dict(run.about),
        "packages": dict(run.packages),
        "n": {
            "questions": len(run.rows),
            "answerable": sum(row.answerable for row in run.rows),
            "errors": len(run.errors),
        },
        "means": {name: asdict(value) for name, value in means(run.rows).items()},
        "kinds": {
            kind: {name: asdict(value) for name, value in means([r for r in run.rows if r.kind == kind]).items()}
            for kind in run.kinds
        },
        "tails": {name: asdict(value) for name, value in tails(run.rows).items()},
        "confidence": {"AUROC": asdict(area) if area else None, "risk-coverage": asdict(curve) if curve else None},
        "rows": [{name: value for name, value in _row_as_json(row).items() if name not in OF_TIME} for row in run.rows],
        "timings": {
            "created": run.created.isoformat(),
            "known": [row.id for row in run.rows if row.known],
            "latency": {stage: asdict(value) for stage, value in latencies(run.rows).items()},
            "rows": [dict(row.timings) for row in run.rows],
        },
    }


def _row_as_json(row: Row) -> dict[str, Any]:
    """As `asdict`, which takes ten times as long because it copies every document's name."""
    values = {each.name: getattr(row, each.name) for each in fields(row)}
    return values | {"ranking": list(row.ranking), "answered": asdict(row.answered) if row.answered else None}


def reserve(path: Path) -> None:
    """Raises UsageError when a run could not be kept there, which is better known before it is made."""
    with _writing(path):
        new = not path.exists()
        path.open("a").close()
        if new:
            path.unlink()


def save(run: Run, path: Path) -> None:
    """Writes the run as a JSON file, a line for each row. Raises UsageError when it cannot be written."""
    with _writing(path):
        path.write_text(_laid_out(as_json(run)), encoding="utf-8")


def _laid_out(values: Mapping[str, Any]) -> str:
    """An object with a line for each of its members and for each of theirs, so that two files can be compared."""

    def line(value: object) -> str:
        return json.dumps(value, ensure_ascii=False)

    def block(value: object) -> str:
        if isinstance(value, dict) and value:
            return "{\n" + ",\n".join(f" {line(name)}: {line(inner)}" for name, inner in value.items()) + "\n}"
        if isinstance(value, list) and value:
            return "[\n" + ",\n".join(f" {line(inner)}" for inner in value) + "\n]"
        return line(value)

    return "{\n" + ",\n".join(f"{line(name)}: {block(value)}" for name, value in values.items()) + "\n}\n"


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Give another path for the run.") from error


def load(path: Path) -> Run:
    """The run that `save` wrote. Raises UsageError when there is no file and InvalidRun when it is not a run."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Give the path of a run file.") from error
    except ValueError as error:
        raise InvalidRun(f"{path} is not a run file: {error}", "Give the path of a run file.") from error
    schema = values.get("schema") if isinstance(values, dict) else None
    if schema != SCHEMA_VERSION:
        raise InvalidRun(
            f"{path} is not a run file of schema {SCHEMA_VERSION}, its schema is {schema}", "Make the run again."
        )
    try:
        return _from_json(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidRun(f"{path} is a damaged run file: {error!r}", "Make the run again.") from error


def _from_json(values: Mapping[str, Any]) -> Run:
    timings = values["timings"]
    rows, known = zip(values["rows"], timings["rows"], strict=True), set(timings["known"])
    return Run(
        set_name=values["set"]["name"],
        set_digest=values["set"]["digest"],
        rows=tuple(_row_from_json({**row, "timings": took, "known": row["id"] in known}) for row, took in rows),
        about=values["about"],
        packages=values["packages"],
        created=datetime.fromisoformat(timings["created"]),
    )


def _row_from_json(values: Mapping[str, Any]) -> Row:
    answered = Answered(**values["answered"]) if values["answered"] else None
    return Row(**{**values, "ranking": tuple(values["ranking"]), "answered": answered})
