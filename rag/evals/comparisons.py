"""Runs on the same questions: is one better, by how much, and on which questions.

Every difference is paired by question, because questions differ more than systems do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from index.errors import UsageError
from rag.evals.measures import DESCRIPTIVE, SEED, mean_of_each
from rag.evals.runs import DIGESTS, InvalidRun, OtherQuestions, Row, Run
from rag.measured import Mean

PERMUTATIONS = 10_000
BATCH = 500
SIGNIFICANCE = 0.05
# Standard normal quantiles 1.96 + 0.84: a two-sided test at 5 % finds such a difference in 80 of 100 cases.
POWER = 2.8
# Differences below this are rounding.
EQUAL = 1e-12
# Differences within this are as good as none, unless another margin is given.
MARGIN = 0.01

FLIPS_BY = "hit@1"


class Verdict(StrEnum):
    """What may be said of B against A."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "same"
    INCONCLUSIVE = "inconclusive"
    IDENTICAL = "identical"


@dataclass(frozen=True, slots=True)
class Change:
    """One measure in both runs. `delta` is B - A, paired; `wins` counts the questions that are better in B.

    `holm` is the p corrected for the number of measures and runs in which anything changed. `detectable` is the
    smallest difference that as many questions as these would probably show before that correction; None where no
    difference differs from another.
    """

    measure: str
    a: Mean
    b: Mean
    delta: Mean
    p: float
    holm: float
    wins: int
    ties: int
    losses: int
    detectable: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Slice:
    """One measure on one kind of question, for a look at where a change comes from: it is not tested."""

    kind: str
    measure: str
    a: Mean
    b: Mean
    delta: Mean
    wins: int
    losses: int


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
    """Run B against run A. `flips` are by the measure `flips_by`, those that B lost first.

    A difference within `margin` is as good as none. `slices` are empty when there is one kind of question.
    """

    set_name: str
    a_about: str
    b_about: str
    margin: float
    changes: tuple[Change, ...]
    slices: tuple[Slice, ...]
    flips_by: str
    flips: tuple[Flip, ...]


def compare(a: Run, b: Run, *, margin: float = MARGIN, by: str = "", seed: int = SEED) -> Comparison:
    """B against A, for each measure that both have; flips are by the measure `by`, if one is given.

    Raises InvalidRun for runs that cannot be compared, and UsageError where they have no measure in common.
    """
    return compare_all(a, [b], margin=margin, by=by, seed=seed)[0]


def compare_all(
    a: Run, others: Sequence[Run], *, margin: float = MARGIN, by: str = "", seed: int = SEED
) -> tuple[Comparison, ...]:
    """Each of the others against A; p is corrected for all of them together."""
    for b in others:
        check_comparable(a, b)
    pairs = [_Pair(a, b, seed) for b in others]
    tested = {(n, name): p for n, pair in enumerate(pairs) for name, p in randomizations(pair.deltas, seed).items()}
    # A test that cannot tell anything apart, because nothing changed, raises no false alarm and is not counted:
    # Tarone, Biometrics 1990, doi:10.2307/2531456.
    counted = {(n, name): p for (n, name), p in tested.items() if any(pairs[n].deltas[name])}
    corrected = dict.fromkeys(tested, 1.0) | holm(counted)
    return tuple(
        Comparison(
            set_name=a.set_name,
            a_about=describe(a),
            b_about=describe(pair.b),
            margin=margin,
            changes=tuple(pair.changes({m: (tested[n, m], corrected[n, m]) for m in pair.deltas}, margin)),
            slices=tuple(pair.slices()),
            flips_by=(shown := pair.measure(by, {m: tested[n, m] for m in pair.deltas})),
            flips=_flips(shown, pair.rows),
        )
        for n, pair in enumerate(pairs)
    )


class _Pair:
    """Two runs, question by question: `deltas` are B - A for each measure that both have."""

    def __init__(self, a: Run, b: Run, seed: int) -> None:
        self.b = b
        self.rows = list(zip(a.rows, b.rows, strict=True))
        self._seed = seed
        self._values = shared(a, b)
        if not self._values:
            raise UsageError("The two runs have no measure in common", "Run both with the same measures.")
        self.deltas = {name: differences(values) for name, values in self._values.items()}

    def measure(self, wanted: str, tested: Mapping[str, float]) -> str:
        """The measure that is wanted. Without one FLIPS_BY, or where it has no flips, the one with the smallest p.

        Raises UsageError for no measure of these runs.
        """
        if wanted and wanted not in self.deltas:
            raise UsageError(f"The runs have no measure {wanted!r}", f"They have {', '.join(self.deltas)}.")
        changed = [name for name, deltas in self.deltas.items() if any(deltas)]
        if wanted or FLIPS_BY in changed:
            return wanted or FLIPS_BY
        return min(changed or self.deltas, key=lambda name: tested[name])

    def changes(self, tested: Mapping[str, tuple[float, float]], margin: float) -> list[Change]:
        """The change of each measure, given its p and its corrected p."""
        means = _means(self._values, self._seed)
        return [_change(name, means[name], self.deltas[name], *tested[name], margin) for name in self.deltas]

    def slices(self) -> list[Slice]:
        """Each measure on each kind of question, where there are several kinds."""
        kinds = dict.fromkeys(x.kind for x, _ in self.rows)
        found = []
        for kind in kinds if len(kinds) > 1 else ():
            rows = [(x, y) for x, y in self.rows if x.kind == kind]
            values = {
                name: [(x.values[name], y.values[name]) for x, y in rows if name in x.values and name in y.values]
                for name in self.deltas
            }
            values = {name: both for name, both in values.items() if both}
            for name, means in _means(values, self._seed).items():
                deltas = differences(values[name])
                found.append(Slice(kind, name, *means, sum(d > 0 for d in deltas), sum(d < 0 for d in deltas)))
        return found


def shared(a: Run, b: Run) -> dict[str, list[tuple[float, float]]]:
    """For each measure that is no mere description, its values in both runs on the questions that have it in both."""
    rows = list(zip(a.rows, b.rows, strict=True))
    names = dict.fromkeys(name for x, y in rows for name in x.values if name in y.values)
    return {
        name: [(x.values[name], y.values[name]) for x, y in rows if name in x.values and name in y.values]
        for name in names
        if not name.startswith(DESCRIPTIVE)
    }


def check_comparable(a: Run, b: Run) -> None:
    """Raises InvalidRun when the two did not ask the same questions, or some of them failed."""
    if a.set_digest != b.set_digest:
        raise OtherQuestions(
            f"The runs are on different questions: {a.set_name} {a.set_digest[:8]} and {b.set_name} {b.set_digest[:8]}",
            "Run both on the same set.",
        )
    if [row.id for row in a.rows] != [row.id for row in b.rows]:
        raise OtherQuestions("The runs did not ask the same questions", "Run both on the whole set.")
    failed = len(a.errors) + len(b.errors)
    if failed:
        raise InvalidRun(f"{failed} questions failed in these runs", "Mend the cause and run again: no row is skipped.")


def describe(run: Run) -> str:
    """A line that says when a run was made and with what."""
    about = [f"{name} {what}" for name, what in run.about.items() if name not in DIGESTS]
    return "; ".join([run.created.strftime("%Y-%m-%d %H:%M"), *about])


def randomization(deltas: Sequence[float], seed: int = SEED) -> float:
    """The p of a paired, two-sided randomization test: signs are flipped at random, 10,000 times.

    p = (count + 1) / (permutations + 1), so it is never 0: Phipson & Smyth, SAGMB 2010, doi:10.2202/1544-6115.1585.
    The test for retrieval: Smucker, Allan & Carterette, CIKM 2007, doi:10.1145/1321440.1321528.
    """
    return randomizations({"": deltas}, seed)[""]


def randomizations(columns: Mapping[str, Sequence[float]], seed: int = SEED) -> dict[str, float]:
    """The p of each column of differences, as `randomization`. The signs of columns of one length flip alike."""
    import numpy as np

    found: dict[str, float] = {}
    for n in {len(deltas) for deltas in columns.values()}:
        same = {name: deltas for name, deltas in columns.items() if len(deltas) == n}
        drawn, rng = np.asarray(list(same.values()), dtype=np.float64).T, np.random.default_rng(seed)
        reached = np.abs(drawn.sum(axis=0)) - 1e-9
        counts = np.zeros(len(same), dtype=np.int64)
        for _ in range(PERMUTATIONS // BATCH):
            signs = rng.integers(0, 2, (BATCH, n)) * 2.0 - 1.0
            counts += (np.abs(signs @ drawn) >= reached).sum(axis=0)
        found |= {name: (int(count) + 1) / (PERMUTATIONS + 1) for name, count in zip(same, counts, strict=True)}
    return found


def holm(tested: Mapping[Any, float]) -> dict[Any, float]:
    """The p of each of several tests, corrected so that a false alarm among all of them stays at 5 %.

    Holm, Scandinavian Journal of Statistics 1979.
    """
    corrected, highest = {}, 0.0
    for n, (name, p) in enumerate(sorted(tested.items(), key=lambda item: item[1])):
        highest = max(highest, min(1.0, (len(tested) - n) * p))
        corrected[name] = highest
    return corrected


def detectable(deltas: Sequence[float]) -> float | None:
    """The smallest mean difference found in 80 of 100 cases by a test of its own: 2.8 * sd / sqrt(n).

    None where the differences do not differ, such as where none changed: that tells nothing of how much they vary.
    """
    if len(set(deltas)) < 2:
        return None
    centre = math.fsum(deltas) / len(deltas)
    variance = math.fsum((delta - centre) ** 2 for delta in deltas) / (len(deltas) - 1)
    return POWER * math.sqrt(variance / len(deltas))


def verdict(delta: Mean, p: float, changed: int, margin: float = MARGIN) -> Verdict:
    """Better or worse only when the interval excludes 0 and p < .05; same when the interval is within the margin.

    Identical when no question changed, and inconclusive when nothing of this can be said.
    """
    if not changed:
        return Verdict.IDENTICAL
    if p < SIGNIFICANCE and not delta.low <= 0 <= delta.high:
        return Verdict.BETTER if delta.value > 0 else Verdict.WORSE
    return Verdict.SAME if -margin <= delta.low and delta.high <= margin else Verdict.INCONCLUSIVE


def differences(values: Sequence[tuple[float, float]]) -> list[float]:
    """B - A for each pair of values; what is rounding alone is 0."""
    return [y - x if abs(y - x) > EQUAL else 0.0 for x, y in values]


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The comparison as plain JSON values."""
    return asdict(comparison)


def _means(values: Mapping[str, Sequence[tuple[float, float]]], seed: int) -> dict[str, tuple[Mean, Mean, Mean]]:
    """The means of A, of B and of their difference, for each measure."""
    a = mean_of_each({name: [x for x, _ in both] for name, both in values.items()}, seed)
    b = mean_of_each({name: [y for _, y in both] for name, both in values.items()}, seed)
    delta = mean_of_each({name: [y - x for x, y in both] for name, both in values.items()}, seed)
    return {name: (a[name], b[name], delta[name]) for name in values}


def _change(
    name: str, means: tuple[Mean, Mean, Mean], deltas: Sequence[float], p: float, corrected: float, margin: float
) -> Change:
    a, b, delta = means
    wins, losses = sum(d > 0 for d in deltas), sum(d < 0 for d in deltas)
    return Change(
        measure=name,
        a=a,
        b=b,
        delta=delta,
        p=p,
        holm=corrected,
        wins=wins,
        ties=len(deltas) - wins - losses,
        losses=losses,
        detectable=detectable(deltas),
        verdict=verdict(delta, corrected, wins + losses, margin),
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
