"""What a report says of runs, before it is drawn: figures, differences, and the questions that went worst.

Every form of the report is made of this, so that the page, the Markdown and the JUnit file say the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from index.errors import FootnoteError, UsageError
from rag.evals.comparisons import Comparison, Flip, Verdict, compare_all
from rag.evals.runs import TOTAL, Row, Run, Tail, confidence, latencies, means, tails
from rag.evals.scores import ANSWER_RATE, REFUSAL_RATE
from rag.measured import Curve, Latency, Mean

# The measure that orders the questions and stands for quality, the first of these that the runs have.
LEADS = ("nDCG@10", "hit@1", ANSWER_RATE)
# The measures that are shown large, those that the runs have.
HEADLINES = ("hit@1", "recall@10", "nDCG@10", "all-evidence@10", ANSWER_RATE, REFUSAL_RATE)
RANK_BY = "MRR@10"
# Questions that are listed; the run file has all.
WORST = 50
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
EQUAL = 1e-12


class Fault(StrEnum):
    """What is wrong with how a question went; the words stand in the report."""

    FAILED = "failed"
    NOT_FOUND = "nothing relevant found"
    REFUSED = "refused, although it can be answered"
    ANSWERED = "answered, although it cannot be"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A question as it went: its value of the leading measure, the rank of what is relevant, and what is wrong.

    `value` is None for a question without one, `rank` for one whose relevant documents are not among the first ten.
    """

    row: Row
    value: float | None
    rank: int | None
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class Side:
    """One run of a report. `known` questions were embedded by an earlier run, so their times lack it."""

    letter: str
    name: str
    run: Run
    means: Mapping[str, Mean]
    tails: Mapping[str, Tail]
    latencies: Mapping[str, Latency]
    kinds: Mapping[str, Mapping[str, Mean]]
    area: Mean | None
    curve: Curve | None
    outcomes: tuple[Outcome, ...]

    @property
    def total(self) -> Latency | None:
        """How long a question took; None for a run that holds no times, as one of another system."""
        return self.latencies.get(TOTAL)

    @property
    def answerable(self) -> int:
        """How many of the questions can be answered."""
        return sum(row.answerable for row in self.run.rows)

    def worst(self) -> tuple[Outcome, ...]:
        """What went wrong, fault by fault, and then what has less than all of the leading measure, the least first."""
        return tuple(sorted((o for o in self.outcomes if _badness(o) < _GOOD), key=_badness))


@dataclass(frozen=True, slots=True)
class Findings:
    """The runs of a report, the first of which the others are compared with.

    `lead` is the measure that stands for quality. `comparisons` are empty for one run, and for runs that cannot be
    compared, when `incomparable` says why.
    """

    sides: tuple[Side, ...]
    lead: str
    comparisons: tuple[Comparison, ...]
    incomparable: str

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures of any of the runs, in the order they first came."""
        return tuple(dict.fromkeys(name for side in self.sides for name in side.means))

    @property
    def headlines(self) -> tuple[str, ...]:
        """The measures that are shown large."""
        return tuple(name for name in HEADLINES if name in self.measures) or self.measures[:4]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of question of any of the runs; empty when there is one."""
        found = dict.fromkeys(kind for side in self.sides for kind in side.run.kinds)
        return tuple(found) if len(found) > 1 else ()

    @property
    def last(self) -> Side:
        """The run that the report is about, where it shows one."""
        return self.sides[-1]


def findings(runs: Sequence[tuple[str, Run]], by: str = "") -> Findings:
    """What is to be said of these runs, each with its name; `by` is the measure that stands for quality.

    Raises UsageError for a measure that no run has.
    """
    lead = _lead([run for _, run in runs], by)
    sides = tuple(_side(letter(n), name, run, lead) for n, (name, run) in enumerate(runs))
    comparisons: tuple[Comparison, ...] = ()
    incomparable = ""
    try:
        first, *others = [run for _, run in runs]
        comparisons = compare_all(first, others, by=lead) if others else ()
    except FootnoteError as error:
        incomparable = f"{error}."
    return Findings(sides, lead, comparisons, incomparable)


def summary(found: Findings) -> str:
    """What the report says in two sentences: what was asked, and how the last run does against the first."""
    side = found.last
    counts = f"{len(side.run.rows):,} questions, {side.answerable:,} of them with an answer in the articles"
    failed = f"{len(side.run.errors):,} failed" if side.run.errors else "none failed"
    last = [_said(found.comparisons[-1], side.letter)] if found.comparisons else []
    return " ".join([f"{counts}; {failed}.", *last])


def _said(comparison: Comparison, name: str) -> str:
    by = {verdict: [c.measure for c in comparison.changes if c.verdict is verdict] for verdict in Verdict}
    better, worse = ", ".join(by[Verdict.BETTER]), ", ".join(by[Verdict.WORSE])
    if better and worse:
        return f"{name} is better than A by {better}, and worse by {worse}."
    if better or worse:
        return f"{name} is {'better' if better else 'worse'} than A by {better or worse}."
    if len(by[Verdict.IDENTICAL]) == len(comparison.changes):
        return f"{name} and A are identical, question by question."
    if not by[Verdict.INCONCLUSIVE]:
        return f"{name} is as good as A, within {comparison.margin:g}."
    return f"Whether {name} is better or worse than A cannot be told from these questions."


def lost_and_won(comparison: Comparison) -> tuple[list[Flip], list[Flip]]:
    """The questions that the run lost, and those that it won, the largest differences first."""
    won = sorted((flip for flip in comparison.flips if flip.b > flip.a), key=lambda flip: flip.a - flip.b)
    return [flip for flip in comparison.flips if flip.b < flip.a], won


def letter(n: int) -> str:
    """The name of the n-th run, from A."""
    return LETTERS[n] if n < len(LETTERS) else f"Z{n - len(LETTERS) + 1}"


def rank(row: Row) -> int | None:
    """The rank of the first relevant document, None when it is not among the first ten or not known."""
    value = row.values.get(RANK_BY, 0.0)
    return math.floor(1 / value + 0.5) if value > 0 else None


_GOOD = (len(Fault), 1 - EQUAL)


def _badness(outcome: Outcome) -> tuple[int, float]:
    """The worse, the lower: by fault, then by value. A question without a value and without a fault went well."""
    value = 1.0 if outcome.value is None and not outcome.fault else outcome.value or 0.0
    return (list(Fault).index(outcome.fault) if outcome.fault else len(Fault)), value


def _lead(runs: Sequence[Run], by: str) -> str:
    known = dict.fromkeys(name for run in runs for row in run.rows for name in row.values)
    if by and by not in known:
        raise UsageError(f"The runs have no measure {by!r}", f"Known are: {', '.join(known)}.")
    return by or next((name for name in LEADS if name in known), next(iter(known), LEADS[0]))


def _side(name_in_report: str, name: str, run: Run, lead: str) -> Side:
    area, curve = confidence(run.rows)
    of_kind = {kind: [row for row in run.rows if row.kind == kind] for kind in run.kinds}
    return Side(
        letter=name_in_report,
        name=name,
        run=run,
        means=means(run.rows),
        tails=tails(run.rows),
        latencies=latencies(run.rows),
        kinds={kind: means(rows) for kind, rows in of_kind.items()},
        area=area,
        curve=curve,
        outcomes=tuple(Outcome(row, row.values.get(lead), rank(row), _fault(row)) for row in run.rows),
    )


def _fault(row: Row) -> Fault | None:
    if row.error:
        return Fault.FAILED
    if row.values.get(RANK_BY) == 0:
        return Fault.NOT_FOUND
    if row.values.get(ANSWER_RATE) == 0:
        return Fault.REFUSED
    return Fault.ANSWERED if row.values.get(REFUSAL_RATE) == 0 else None
