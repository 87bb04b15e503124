"""A run: what a question set was worth, question by question, kept as a JSON file; its means, tails and times.

A question that failed is an error with its message; it is in no mean, and a run with errors has not done its work.
Two runs of the same thing are the same bytes, but for the object "timings".
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index.errors import FootnoteError, UsageError
from rag.evals import scores
from rag.evals.abstention import Judged, auroc, risk_coverage
from rag.evals.jsonl import as_text
from rag.evals.measures import mean_of_each
from rag.measured import Curve, Latency, Mean

SCHEMA_VERSION = 2
# How many documents of each ranking a run file keeps.
KEPT = 100
TOTAL = "total"
# What of a row is kept apart, because it differs from run to run.
OF_TIME = {"timings", "known"}

# How every run file begins, whatever its schema.
BEGINNING = b'{\n"schema": '

# What `about` says for machines.
DIGESTS = {"edition", "fingerprint", "program"}


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
    found = row.values.get(scores.TEXT_FOUND, row.values.get(scores.GOLD_CITED, 0.0))
    return row.answerable and bool(found)


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
        "rows": [{name: value for name, value in row_as_json(row).items() if name not in OF_TIME} for row in run.rows],
        "timings": {
            "created": run.created.isoformat(),
            "known": [row.id for row in run.rows if row.known],
            "latency": {stage: asdict(value) for stage, value in latencies(run.rows).items()},
            "rows": [dict(row.timings) for row in run.rows],
        },
    }


def row_as_json(row: Row) -> dict[str, Any]:
    """As `asdict`, which takes ten times as long because it copies every document's name."""
    values = {each.name: getattr(row, each.name) for each in fields(row)}
    return values | {"ranking": list(row.ranking), "answered": asdict(row.answered) if row.answered else None}


def reserve(path: Path) -> None:
    """Raises UsageError when a run could not be kept there, which is better known before it is made."""
    with _writing(path):
        if path.exists() and not _is_ours(path):
            raise UsageError(f"{path} is there already and is no run file", "Give another path, or take it away.")
        part = _part(path)
        part.open("w").close()
        part.unlink()


def save(run: Run, path: Path) -> None:
    """Writes the run as a JSON file, a line for each row, in the place of an older run alone; it is whole or not there.

    Raises UsageError when it cannot be written.
    """
    reserve(path)
    with _writing(path):
        part = _part(path)
        part.write_text(_laid_out(as_json(run)), encoding="utf-8")
        os.replace(part, path.resolve())


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        found = file.read(len(BEGINNING))
    return found in (b"", BEGINNING)


def _part(path: Path) -> Path:
    place = path.resolve()
    return place.with_name(f".{place.name}.part")


def _laid_out(values: Mapping[str, Any]) -> str:
    """An object with a line for each of its members and for each of theirs, so that two files can be compared."""

    def block(value: object) -> str:
        if isinstance(value, dict) and value:
            return "{\n" + ",\n".join(f" {as_text(name)}: {as_text(inner)}" for name, inner in value.items()) + "\n}"
        if isinstance(value, list) and value:
            return "[\n" + ",\n".join(f" {as_text(inner)}" for inner in value) + "\n]"
        return as_text(value)

    return "{\n" + ",\n".join(f"{as_text(name)}: {block(value)}" for name, value in values.items()) + "\n}\n"


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
        values = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", "Give the path of a run file.") from error
    except (ValueError, RecursionError) as error:
        raise InvalidRun(f"{path} is not a run file: {error}", "Give the path of a run file.") from error
    schema = values.get("schema") if isinstance(values, dict) else None
    if schema != SCHEMA_VERSION:
        raise InvalidRun(
            f"{path} is not a run file of schema {SCHEMA_VERSION}, its schema is {schema}", "Make the run again."
        )
    try:
        return _checked(_from_json(values))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InvalidRun(f"{path} is a damaged run file: {error!r}", "Make the run again.") from error


def _from_json(values: Mapping[str, Any]) -> Run:
    timings = values["timings"]
    rows, known = zip(values["rows"], timings["rows"], strict=True), set(timings["known"])
    return Run(
        set_name=values["set"]["name"],
        set_digest=values["set"]["digest"],
        rows=tuple(row_from_json({**row, "timings": took, "known": row["id"] in known}) for row, took in rows),
        about=values["about"],
        packages=values["packages"],
        created=datetime.fromisoformat(timings["created"]),
    )


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _checked(run: Run) -> Run:
    """The run. Raises ValueError for what would be measured wrongly: no finite number, no text, a question twice."""
    for row in run.rows:
        sure = row.answered.confidence if row.answered else None
        for number in (*row.values.values(), *row.timings.values(), *(() if sure is None else (sure,))):
            if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
                raise ValueError(f"{number!r:.40} of the question {row.id!r:.40} is no finite number")
        if not isinstance(row.answerable, bool):
            raise ValueError(f"answerable of the question {row.id!r:.40} is neither true nor false")
    texts = [text for row in run.rows for text in (row.id, row.text, row.kind, row.error, *row.ranking, *row.values)]
    texts += [run.set_name, run.set_digest, *run.about.values(), *run.packages.values()]
    if wrong := [text for text in texts if not isinstance(text, str)]:
        raise ValueError(f"{wrong[0]!r:.40} is no text")
    if len({row.id for row in run.rows}) < len(run.rows):
        raise ValueError("a question stands there twice")
    return run


def row_from_json(values: Mapping[str, Any]) -> Row:
    """The row that `row_as_json` gave."""
    answered = Answered(**values["answered"]) if values["answered"] else None
    return Row(**{**values, "ranking": tuple(values["ranking"]), "answered": answered})
