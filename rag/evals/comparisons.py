"""Two runs on the same questions: is one better, by how much, and on which questions.

Every difference is paired by question, because questions differ more than systems do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from index.errors import UsageError
from rag.evals.measures import SEED, Mean, mean
from rag.evals.runs import Row, Run

PERMUTATIONS = 10_000
BATCH = 500
SIGNIFICANCE = 0.05
# Standard normal quantiles 1.96 + 0.84: a two-sided test at 5 % finds such a difference in 80 of 100 cases.
POWER = 2.8
# Differences below this are rounding.
EQUAL = 1e-12

FLIPS_BY = "hit@1"


class Verdict(StrEnum):
    """What may be said of B against A."""

    BETTER = "better"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"
    IDENTICAL = "identical"


@dataclass(frozen=True, slots=True)
class Change:
    """One measure in both runs. `delta` is B - A, paired; `wins` counts the questions that are better in B.

    `detectable` is the smallest difference that as many questions as these would probably show; None for one question.
    """

    measure: str
    a: Mean
    b: Mean
    delta: Mean
    p: float
    wins: int
    ties: int
    losses: int
    detectable: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Flip:
    """A question whose value changed, with what each run found first ("" for nothing)."""

    id: str
    text: str
    kind: str
    a: float
    b: float
    first_a: str
    first_b: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run B against run A. `flips` are by the measure `flips_by`, those that B lost first."""

    set_name: str
    a_about: str
    b_about: str
    changes: tuple[Change, ...]
    flips_by: str
    flips: tuple[Flip, ...]


def compare(a: Run, b: Run, seed: int = SEED) -> Comparison:
    """B against A, for each measure that both have. Raises UsageError for runs that cannot be compared."""
    _check_comparable(a, b)
    pairs = list(zip(a.rows, b.rows, strict=True))
    shared = dict.fromkeys(name for x, y in pairs for name in x.values if name in y.values)
    if not shared:
        raise UsageError("The two runs have no measure in common", "Run both with the same measures.")
    flips_by = FLIPS_BY if FLIPS_BY in shared else next(iter(shared))
    return Comparison(
        set_name=a.set_name,
        a_about=describe(a),
        b_about=describe(b),
        changes=tuple(_change(name, pairs, seed) for name in shared),
        flips_by=flips_by,
        flips=_flips(flips_by, pairs),
    )


def describe(run: Run) -> str:
    """A line that says when a run was made and with what."""
    return "; ".join([run.created.strftime("%Y-%m-%d %H:%M"), *(f"{name} {what}" for name, what in run.about.items())])


def randomization(deltas: Sequence[float], seed: int = SEED) -> float:
    """The p of a paired, two-sided randomization test: signs are flipped at random, 10,000 times.

    p = (count + 1) / (permutations + 1), so it is never 0: Phipson & Smyth, SAGMB 2010, doi:10.2202/1544-6115.1585.
    The test for retrieval: Smucker, Allan & Carterette, CIKM 2007, doi:10.1145/1321440.1321528.
    """
    import numpy as np

    changed = np.asarray([delta for delta in deltas if abs(delta) > EQUAL])
    rng = np.random.default_rng(seed)
    signs = (rng.integers(0, 2, (BATCH, len(changed))) * 2 - 1 for _ in range(PERMUTATIONS // BATCH))
    count = sum(int((np.abs(flipped @ changed) >= abs(changed.sum()) - 1e-9).sum()) for flipped in signs)
    return (count + 1) / (PERMUTATIONS + 1)


def detectable(deltas: Sequence[float]) -> float | None:
    """The smallest mean difference found in 80 of 100 cases: 2.8 * sd / sqrt(n); None for fewer than two questions."""
    if len(deltas) < 2:
        return None
    centre = math.fsum(deltas) / len(deltas)
    variance = math.fsum((delta - centre) ** 2 for delta in deltas) / (len(deltas) - 1)
    return POWER * math.sqrt(variance / len(deltas))


def verdict(delta: Mean, p: float, changed: int) -> Verdict:
    """Better or worse only when the interval excludes 0 and p < .05; identical when no question changed."""
    if not changed:
        return Verdict.IDENTICAL
    if p >= SIGNIFICANCE or delta.low <= 0 <= delta.high:
        return Verdict.INCONCLUSIVE
    return Verdict.BETTER if delta.value > 0 else Verdict.WORSE


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain JSON values."""
    return asdict(comparison)


def _check_comparable(a: Run, b: Run) -> None:
    if a.set_digest != b.set_digest:
        raise UsageError(
            f"The runs are on different questions: {a.set_name} {a.set_digest[:8]} and {b.set_name} {b.set_digest[:8]}",
            "Run both on the same set.",
        )
    if [row.id for row in a.rows] != [row.id for row in b.rows]:
        raise UsageError("The runs did not ask the same questions", "Run both on the whole set.")
    failed = len(a.errors) + len(b.errors)
    if failed:
        raise UsageError(f"{failed} questions failed in these runs", "Mend the cause and run again: no row is skipped.")


def _change(name: str, pairs: Sequence[tuple[Row, Row]], seed: int) -> Change:
    both = [(x.values[name], y.values[name]) for x, y in pairs if name in x.values and name in y.values]
    deltas = [y - x for x, y in both]
    wins, losses = sum(d > EQUAL for d in deltas), sum(d < -EQUAL for d in deltas)
    delta, p = mean(deltas, seed), randomization(deltas, seed)
    return Change(
        measure=name,
        a=mean([x for x, _ in both], seed),
        b=mean([y for _, y in both], seed),
        delta=delta,
        p=p,
        wins=wins,
        ties=len(deltas) - wins - losses,
        losses=losses,
        detectable=detectable(deltas),
        verdict=verdict(delta, p, wins + losses),
    )


def _flips(name: str, pairs: Sequence[tuple[Row, Row]]) -> tuple[Flip, ...]:
    flips = [
        Flip(x.id, x.text, x.kind, x.values[name], y.values[name], _first(x), _first(y))
        for x, y in pairs
        if name in x.values and name in y.values and abs(y.values[name] - x.values[name]) > EQUAL
    ]
    return tuple(sorted(flips, key=lambda flip: flip.b - flip.a))


def _first(row: Row) -> str:
    return row.ranking[0] if row.ranking else ""
