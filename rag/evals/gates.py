"""Rules that a run must keep: floors, largest drops, margins and latency budgets. What CI asks is answered here.

A run from which nothing can be concluded is neither a pass nor a regression: it raises InvalidRun.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from index.errors import UsageError
from rag.evals.comparisons import Change, check_comparable, compare, differences, shared
from rag.evals.runs import InvalidRun, Run, confidence, latencies, means
from rag.measured import Mean

Found = TypeVar("Found")

AUROC = "AUROC"
PERCENTILES = ("p50", "p95", "p99")
# Differences below this are rounding.
EQUAL = 1e-9
# Fewer shared questions than these do not show that nothing was lost.
ENOUGH = 10


class Outcome(StrEnum):
    """How a rule was kept."""

    PASS = "pass"  # noqa: S105 - no password
    REGRESSION = "regression"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a run must keep.

    `floors` are the lowest means, `drops` the largest mean losses against the baseline on the questions that have the
    measure in both runs, and `margins` the losses that the interval of that difference must exclude, all from 0 to 1 by
    measure. `latency` is in milliseconds, by stage and percentile. `set_digest` is how the digest of the question set
    begins, and `questions` how many it has at least.
    """

    floors: Mapping[str, float] = field(default_factory=dict)
    drops: Mapping[str, float] = field(default_factory=dict)
    margins: Mapping[str, float] = field(default_factory=dict)
    latency: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    set_digest: str = ""
    questions: int = 1


@dataclass(frozen=True, slots=True)
class Check:
    """One rule and how it was kept: `value` was found, `limit` was asked for."""

    rule: str
    measure: str
    value: float
    limit: float
    outcome: Outcome


def read_rules(path: Path) -> Rules:
    """The rules of a TOML file. Raises UsageError, naming what is wrong, when it cannot be read or meant."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}", "Give a TOML file with the rules.") from error
    return rules(values, path.name)


def rules(values: Mapping[str, Any], name: str) -> Rules:
    """The rules in these values, of a file of that name. Raises UsageError for what is no rule, or none at all."""
    known = {"set", "questions", "floors", "drops", "margins", "latency"}
    for key in values.keys() - known:
        raise UsageError(f"{name}: there is no rule {key!r}", f"Known are {', '.join(sorted(known))}.")
    latency = {stage: _numbers(found, f"{name}, latency.{stage}", math.inf) for stage, found in
               _table(values, "latency", name).items()}  # fmt: skip
    for stage, budgets in latency.items():
        for percentile in budgets.keys() - set(PERCENTILES):
            raise UsageError(f"{name}, latency.{stage}: there is no {percentile!r}", f"Use {', '.join(PERCENTILES)}.")
    by_measure = {kind: _numbers(_table(values, kind, name), f"{name}, {kind}", 1.0)
                  for kind in ("floors", "drops", "margins")}  # fmt: skip
    if not latency and not any(by_measure.values()):
        raise UsageError(f"{name} has no rule", 'Give at least a floor: [floors], and below it "recall@10" = 0.9.')
    questions, digest = values.get("questions", 1), values.get("set", "")
    if not isinstance(questions, int) or isinstance(questions, bool) or questions < 1 or not isinstance(digest, str):
        raise UsageError(f"{name}: set is a digest and questions a number from 1", "Leave out what you do not ask for.")
    return Rules(**by_measure, latency=latency, set_digest=digest, questions=questions)


def judge(run: Run, wanted: Rules, baseline: Run | None = None) -> tuple[Check, ...]:
    """Each rule and how it was kept, in the order floors, drops, margins, latency.

    Raises InvalidRun for a run with failed or too few questions, on another set than the rules or the baseline, or
    without its full times where these have a budget; UsageError for a measure or stage that the run does not have.
    """
    _require_valid(run, wanted)
    if baseline is None and (wanted.drops or wanted.margins):
        raise UsageError("Drops and margins are against a baseline", "Give one: --baseline RUN.")
    if baseline is not None:
        check_comparable(baseline, run)
    checks = [*_floors(run, wanted), *_against(run, wanted, baseline), *_latency(run, wanted)]
    return tuple(checks)


def worst(checks: tuple[Check, ...]) -> Outcome:
    """A regression if there is one, otherwise inconclusive if something is, otherwise a pass."""
    found = {check.outcome for check in checks}
    return next(o for o in (Outcome.REGRESSION, Outcome.INCONCLUSIVE, Outcome.PASS) if o in found)


def _require_valid(run: Run, wanted: Rules) -> None:
    if run.errors:
        first = run.errors[0]
        raise InvalidRun(
            f"{len(run.errors)} of {len(run.rows)} questions failed, the first is {first.id}: {first.error}",
            "Mend the cause and run again: a failed question is no zero.",
        )
    if len(run.rows) < wanted.questions:
        raise InvalidRun(f"The run has {len(run.rows)} questions, not {wanted.questions}", "Run the whole set.")
    if not run.set_digest.startswith(wanted.set_digest):
        raise InvalidRun(
            f"The run is on {run.set_name} {run.set_digest}, and the rules are for {wanted.set_digest}",
            "Run the set that the rules are for, or set new floors for this one and say why.",
        )
    for row in run.rows:
        for name, value in row.values.items():
            if not math.isfinite(value):
                raise InvalidRun(f"{name} of the question {row.id} is {value}", "Mend the measure, and run again.")
    if wanted.latency and run.known:
        raise InvalidRun(
            f"{run.known} questions were embedded by an earlier run, so their times are not those of a user",
            "Run again with --fresh.",
        )


def _floors(run: Run, wanted: Rules) -> Iterator[Check]:
    found = _measured(run)
    for name, floor in wanted.floors.items():
        value = _of(found, name).value
        yield Check("floor", name, value, floor, _kept(value >= floor - EQUAL))


def _against(run: Run, wanted: Rules, baseline: Run | None) -> Iterator[Check]:
    if baseline is None:
        return
    deltas = _differences(baseline, run) if wanted.drops else {}
    for name, drop in wanted.drops.items():
        delta, count = _of(deltas, name)
        yield Check("drop", name, delta, -drop, _shown(_kept(delta >= -drop - EQUAL), count))
    changes = {change.measure: change for change in compare(baseline, run).changes} if wanted.margins else {}
    for name, margin in wanted.margins.items():
        change = _of(changes, name)
        yield Check("margin", name, change.delta.low, -margin, _within(change, margin))


def _differences(baseline: Run, run: Run) -> dict[str, tuple[float, int]]:
    """The mean difference of each measure on the questions that have it in both runs, how many, and that of the AUROC.

    The means themselves may be of other questions: only what was answered has a citation precision.
    """
    deltas = {name: differences(values) for name, values in shared(baseline, run).items()}
    found = {name: (math.fsum(each) / len(each), len(each)) for name, each in deltas.items()}
    (before, _), (after, _) = confidence(baseline.rows), confidence(run.rows)
    return found | ({AUROC: (after.value - before.value, len(run.rows))} if before and after else {})


def _within(change: Change, margin: float) -> Outcome:
    """Whether the loss is within the margin: surely, surely not, or one cannot say with so many questions."""
    if change.delta.low >= -margin - EQUAL:
        return _shown(Outcome.PASS, change.wins + change.ties + change.losses)
    return Outcome.REGRESSION if change.delta.high < -margin - EQUAL else Outcome.INCONCLUSIVE


def _latency(run: Run, wanted: Rules) -> Iterator[Check]:
    took = latencies(run.rows) if wanted.latency else {}
    for stage, budgets in wanted.latency.items():
        for percentile, limit in budgets.items():
            value = 1000 * float(getattr(_of(took, stage), percentile))
            yield Check("latency", f"{stage} {percentile}", value, limit, _kept(value <= limit))


def _measured(run: Run) -> dict[str, Mean]:
    area, _ = confidence(run.rows)
    return means(run.rows) | ({AUROC: area} if area else {})


def _of(found: Mapping[str, Found], name: str) -> Found:
    if name not in found:
        raise UsageError(f"The run has no {name!r}", f"It has {', '.join(found) or 'nothing'}.")
    return found[name]


def _shown(outcome: Outcome, questions: int) -> Outcome:
    """The same, but hardly any question shows that a rule is kept."""
    return Outcome.INCONCLUSIVE if outcome is Outcome.PASS and questions < ENOUGH else outcome


def _kept(kept: bool) -> Outcome:
    return Outcome.PASS if kept else Outcome.REGRESSION


def _table(values: Mapping[str, Any], key: str, name: str) -> Mapping[str, Any]:
    found = values.get(key, {})
    if not isinstance(found, dict):
        raise UsageError(f"{name}: {key} is no table", f"Write [{key}] on a line of its own.")
    return found


def _numbers(found: object, where: str, highest: float) -> dict[str, float]:
    if not isinstance(found, dict):
        raise UsageError(f"{where} is no table", "Write p95 = 60 below it, in milliseconds.")
    if not found and math.isinf(highest):
        raise UsageError(f"{where} has no budget", "Write p95 = 60 below it, in milliseconds.")
    for key, value in found.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= highest:
            raise UsageError(f"{where}: {key} is {value!r}", f"Give a number from 0 to {highest:g}.")
    return {key: float(value) for key, value in found.items()}
