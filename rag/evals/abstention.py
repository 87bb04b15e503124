"""When to refuse: how well confidence tells what can be answered, and what refusing below each threshold would cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rag.measured import Curve, Mean, Point

# The points of a curve that are kept: one for each hundredth of coverage, and the last.
STEPS = 100
# Standard normal quantile of a two-sided 95 % interval.
Z = 1.96


@dataclass(frozen=True, slots=True)
class Judged:
    """A question that was asked: how confident the answer or the refusal was, and whether it was answered, rightly."""

    confidence: float
    answered: bool
    right: bool


def auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> Mean | None:
    """How often an answerable question has more confidence than one that is not, ties counting half.

    None unless there are both. The interval is DeLong's: DeLong, DeLong & Clarke-Pearson, Biometrics 1988,
    doi:10.2307/2531595.
    """
    import numpy as np

    if not answerable or not unanswerable:
        return None
    high, low = np.sort(np.asarray(answerable)), np.sort(np.asarray(unanswerable))

    def above(values: np.ndarray, others: np.ndarray) -> np.ndarray:
        """For each value the share of the others that lie below it, those that equal it counting half."""
        below, upto = np.searchsorted(others, values, "left"), np.searchsorted(others, values, "right")
        return np.asarray((below + upto) / (2 * len(others)))

    wins, losses = above(high, low), 1 - above(low, high)
    value = float(wins.mean())
    spread = Z * math.sqrt(_variance_of_mean(wins.tolist()) + _variance_of_mean(losses.tolist()))
    return Mean(value, max(0.0, value - spread), min(1.0, value + spread), len(high) + len(low))


def risk_coverage(asked: Sequence[Judged]) -> Curve | None:
    """The curve over all that was asked; None when nothing was answered. Answers of equal confidence fall together."""
    answers = sorted((one for one in asked if one.answered), key=lambda one: -one.confidence)
    if not answers:
        return None
    points: list[Point] = []
    risks: list[float] = []
    wrong = 0
    for n, one in enumerate(answers, 1):
        wrong += not one.right
        if n == len(answers) or answers[n].confidence < one.confidence:
            points.append(Point(n / len(asked), wrong / n, one.confidence))
            risks += [wrong / n] * (n - len(risks))
    return Curve(_thinned(points), math.fsum(risks) / len(risks))


def _thinned(points: Sequence[Point]) -> tuple[Point, ...]:
    """The last point within each hundredth of coverage."""
    # .07 * 100 is a little more than 7.
    return tuple({math.ceil(round(point.coverage * STEPS, 6)): point for point in points}.values())


def _variance_of_mean(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    centre = math.fsum(values) / len(values)
    return math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1) / len(values)
