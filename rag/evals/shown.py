"""Runs, comparisons and explanations as the values that a front draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from index.records import article_id
from rag import plots
from rag.evals.comparisons import Flip
from rag.evals.explanations import Explanation, Gold, Seen
from rag.evals.losses import SAYINGS
from rag.evals.report.findings import Findings, Outcome, Side, findings, lost_and_won, summary
from rag.evals.runs import DIGESTS, TOTAL, Row, Run, confidence, latencies, means
from rag.measured import Asked, Difference, Drawing, Found, Line, Mean, Sheet, Traced, Turned, Versus, Wanted
from rag.wording import counted

# Runs that a plot shows, the newest; their names stand beside each other.
DRAWN = 8
# The hues that plots have.
HUES = 6
# Questions that a run lists.
WORST = 100
# The coverages at which the table of a risk-coverage curve says the risk.
TENTHS = tuple(n / 10 for n in range(1, 11))


def line(name: str, run: Run) -> Line:
    """The run as a line of a list, `name` being its id there."""
    return Line(
        id=name,
        name=run.set_name,
        created=run.created,
        set_digest=run.set_digest,
        questions=len(run.rows),
        failed=len(run.errors),
        means=means(run.rows),
        time=latencies(run.rows).get(TOTAL),
        made={key: what for key, what in run.about.items() if key not in DIGESTS},
    )


def sheet(of: Line, run: Run) -> Sheet:
    """One run in full, with the plots of it alone."""
    found = findings([("", run)])
    side = found.last
    numbers = {row.id: number for number, row in enumerate(run.rows)}
    worst = tuple(_asked(outcome, numbers[outcome.row.id]) for outcome in side.worst()[:WORST])
    drawn = tuple(one for one in (_by_kind(side, found.lead), _risk([("this run", side)])) if one)
    kinds = side.kinds if found.kinds else {}
    return Sheet(of, summary(found), found.lead, kinds, side.latencies, drawn, worst)


def asked(run: Run) -> list[Asked]:
    """The questions of a run as they went, in its order."""
    return [_asked(outcome, number) for number, outcome in enumerate(findings([("", run)]).last.outcomes)]


def _asked(outcome: Outcome, number: int) -> Asked:
    row = outcome.row
    said = row.answered.said if row.answered else ""
    fault = outcome.fault.value if outcome.fault else ""
    about = (number, row.id, row.text, row.kind, row.answerable)
    return Asked(*about, fault, outcome.value, outcome.rank, said, row.error)


def drawings(runs: Sequence[Run]) -> tuple[Drawing, ...]:
    """Quality against latency, risk-coverage and history of runs of one set, the oldest first; none without a run."""
    if not runs:
        return ()
    found = findings([(f"{run.created:%d %b, %H:%M}".lstrip("0"), run) for run in runs])
    named = [(side.name, side) for side in found.sides]
    latency = _against_latency(found) if len(runs) > 1 else _by_kind(found.last, found.lead)
    return tuple(one for one in (latency, _risk(named[-2:]), _history(found)) if one)


def _against_latency(found: Findings) -> Drawing | None:
    timed = [
        (side.name, side.total.p95, side.means[found.lead], number % HUES)
        for number, side in enumerate(found.sides)
        if side.total and found.lead in side.means
    ]
    return _quality("A point for each run", timed, found.lead, "run")


def _by_kind(side: Side, lead: str) -> Drawing | None:
    rows = {kind: [row for row in side.run.rows if row.kind == kind] for kind in side.kinds}
    took = {kind: latencies(of_kind).get(TOTAL) for kind, of_kind in rows.items()}
    timed = [
        (kind, time.p95, side.kinds[kind][lead], 0) for kind, time in took.items() if time and lead in side.kinds[kind]
    ]
    return _quality("A point for each kind of question", timed, lead, "kind")


def _quality(what: str, timed: list[tuple[str, float, Mean, int]], lead: str, of: str) -> Drawing | None:
    if len(timed) < 2:
        return None
    rows = tuple((label, _number(mean), _interval(mean), f"{1000 * p95:.0f} ms") for label, p95, mean, _ in timed)
    plot = plots.against_latency(timed, lead)
    note = f"{what}, with its 95 % interval; up and to the left is better."
    return Drawing("Quality against latency", note, plot, (of, lead, "95 % interval", "time, p95"), rows)


def _risk(named: Sequence[tuple[str, Side]]) -> Drawing | None:
    sure = {label: _with_confidence(side.run) for label, side in named}
    told = {label: confidence(rows) for label, rows in sure.items()}
    curves = [(label, curve, number % HUES) for number, (label, (_, curve)) in enumerate(told.items()) if curve]
    if not curves:
        return None
    rows = []
    for label, curve, _ in curves:
        reached = {share: [p for p in curve.points if p.coverage <= share] for share in TENTHS}
        marks = dict.fromkeys(points[-1] for points in reached.values() if points)
        rows += [(label, f"{100 * p.coverage:.0f} %", f"{100 * p.risk:.0f} %") for p in marks]
    note = "The most confident answers first, from the left; lower is better."
    last, side = named[-1]
    if left := len(side.run.rows) - len(sure[last]):
        note += f" Without {counted(left, 'question')} whose answer says nothing of its confidence."
    if area := told[last][0]:
        note += f" Confidence tells what can be answered in {100 * area.value:.0f} of 100 cases, chance in 50."
    columns = ("run", "questions answered", "of those wrong")
    return Drawing("Risk and coverage", note, plots.risk_coverage(curves), columns, tuple(rows))


def _with_confidence(run: Run) -> list[Row]:
    return [row for row in run.rows if row.answered and row.answered.confidence is not None]


def _history(found: Findings) -> Drawing | None:
    points = [(side, side.means[found.lead]) for side in found.sides if found.lead in side.means]
    if len(points) < 2:
        return None
    labels = [f"{side.run.created:%d %b}".lstrip("0") for side, _ in points]
    plot = plots.history([(label, mean, 0) for label, (_, mean) in zip(labels, points, strict=True)], found.lead)
    rows = tuple((side.name, _number(mean), _interval(mean), str(mean.n)) for side, mean in points)
    columns = ("run", found.lead, "95 % interval", "questions")
    return Drawing("From run to run", "The oldest first, with 95 % intervals.", plot, columns, rows)


def versus(a: Line, b: Line, found: Findings) -> Versus:
    """The comparison of two runs."""
    if not found.comparisons:
        return Versus(a, b, summary(found), incomparable=found.incomparable)
    (comparison,) = found.comparisons
    differences = tuple(
        Difference(c.measure, c.a, c.b, c.delta, c.holm, c.wins, c.ties, c.losses, c.verdict.value)
        for c in comparison.changes
    )
    numbers = {row.id: number for number, row in enumerate(found.last.run.rows)}
    lost, won = (tuple(_turned(flip, numbers) for flip in flips) for flips in lost_and_won(comparison))
    return Versus(a, b, summary(found), differences, comparison.flips_by, lost, won)


def _turned(flip: Flip, numbers: Mapping[str, int]) -> Turned:
    return Turned(numbers[flip.id], flip.text, flip.kind, flip.a, flip.b)


def traced(of: Line, question: Asked, found: Explanation, note: str) -> Traced:
    """The explanation of a question of a run."""
    wanted, first = tuple(map(_wanted, found.golds)), tuple(map(_found, found.top))
    return Traced(of, question, found.searched_for, wanted, first, found.answered or "", note)


def _wanted(gold: Gold) -> Wanted:
    why = SAYINGS[gold.lost].replace("the first k", "the first ten") if gold.lost else ""
    lost = gold.lost.value if gold.lost else ""
    return Wanted(gold.document, gold.text, gold.ranks.steps, gold.ranks.final, lost, why)


def _found(seen: Seen) -> Found:
    return Found(seen.rank, seen.title, article_id(seen.source), seen.text, seen.steps)


def _number(mean: Mean) -> str:
    return f"{mean.value:.3f}"


def _interval(mean: Mean) -> str:
    return f"{mean.low:.3f} to {mean.high:.3f}"
