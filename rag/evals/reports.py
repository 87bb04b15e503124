"""Runs and comparisons as tables for a terminal. What is claimed is never shown without its n and its interval."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from index.printable import visible
from rag.evals.comparisons import Comparison, Flip, describe
from rag.evals.report.findings import letter
from rag.evals.runs import Run, confidence, latencies, means, tails
from rag.evals.scores import ANSWER_RATE, CITATION_PRECISION, F1, REFUSAL_RATE
from rag.measured import Mean

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from rag.evals.diagnoses import Finding
    from rag.evals.gates import Check, Outcome

# How many lines of questions a report shows before it says how many more there are.
SHOWN = 10
# What is shown of each kind of question; the JSON has all.
BY_KIND = {"hit@1", "recall@10", "all-evidence@10", F1, ANSWER_RATE, REFUSAL_RATE, CITATION_PRECISION}
# Where a risk-coverage curve is shown, as shares of the questions.
COVERAGES = (0.25, 0.5, 0.75, 1.0)


def run_report(run: Run) -> RenderableType:
    """What was measured, the means overall and by kind, the times, and the questions that failed."""
    from rich.console import Group
    from rich.text import Text

    answerable = sum(row.answerable for row in run.rows)
    counts = f"{answerable} answerable, {len(run.rows) - answerable} unanswerable, {len(run.errors)} failed"
    head = f"{run.set_name} {run.set_digest[:8]}: {len(run.rows)} questions, {counts}\n{describe(run)}"
    tables = [_means_table(run), *([_errors_table(run)] if run.errors else []), _times_table(run)]
    notes = [*_confidence_lines(run), *_known_lines(run)]
    return Group(Text(head), *tables, *([Text("\n".join(notes))] if notes else []))


def comparison_report(comparisons: Sequence[Comparison]) -> RenderableType:
    """For each comparison with the first run: the difference and the verdict by measure and kind, and what flipped."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [Text(f"{comparisons[0].set_name}\nA: {comparisons[0].a_about}")]
    for n, comparison in enumerate(comparisons, 1):
        name = letter(n)
        parts += [Text(f"{name}: {comparison.b_about}"), _changes_table(comparison, name)]
        parts += [_slices_table(comparison, name)] if comparison.slices else []
        parts += [_flips_table(comparison, name)] if comparison.flips else []
    return Group(*parts, Text(NOTE.format(margin=comparisons[0].margin)))


def findings_report(findings: Sequence[Finding]) -> RenderableType:
    """Each finding under what it is about, the serious ones marked, and how many of them there are."""
    from rich.text import Text

    lines = []
    for about in dict.fromkeys(finding.about for finding in findings):
        lines.append(about)
        lines += [f"  {'!' if f.serious else '·'} {visible(f.text)}" for f in findings if f.about == about]
    serious = sum(finding.serious for finding in findings)
    return Text("\n".join([*lines, "", f"{serious} serious" if serious else "nothing serious"]))


def gate_report(outcome: Outcome, checks: Sequence[Check]) -> RenderableType:
    """Each rule with what was found and what was asked for, and the outcome of all of them."""
    from rich.console import Group
    from rich.text import Text

    table = _table("rule", "measure", "found", "limit", "outcome", numbers=("found", "limit"))
    for check in checks:
        shown = (f"{check.value:.0f} ms", f"{check.limit:.0f} ms") if check.rule == "latency" else (
            f"{check.value:.4f}", f"{check.limit:.4f}")  # fmt: skip
        table.add_row(check.rule, check.measure, *shown, check.outcome.value)
    return Group(table, Text(outcome.value))


NOTE = """+ = -: questions it won, tied and lost. p: paired randomization test, corrected after Holm for all
measures and runs that changed. smallest: the difference that this many questions would show in 80 of 100 cases, before
that correction. same: within {margin:g}."""


def _table(*columns: str, numbers: tuple[str, ...] = (), title: str = "") -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        number = column in numbers
        table.add_column(column, justify="right" if number else "left", no_wrap=number, overflow="fold")
    return table


def _means_table(run: Run) -> Table:
    numbers = ("mean", "95 % interval", "n", "worst 5 %", "full")
    table = _table("questions", "measure", *numbers, numbers=numbers)
    for kind in ("all", *(run.kinds if len(run.kinds) > 1 else ())):
        rows = [row for row in run.rows if kind in ("all", row.kind)]
        worst = tails(rows)
        shown = {name: value for name, value in means(rows).items() if kind == "all" or name in BY_KIND}
        for n, (name, value) in enumerate(shown.items()):
            tail = (f"{worst[name].p5:.3f}", f"{worst[name].full:.3f}")
            about = (_plain(kind if n == 0 else ""), name)
            table.add_row(*about, f"{value.value:.3f}", _range(value), str(value.n), *tail)
        table.add_section()
    return table


def _errors_table(run: Run) -> Table:
    table = _table("failed", "question", "error")
    for row in run.errors[:SHOWN]:
        table.add_row(_plain(row.id), _plain(row.text), _plain(row.error))
    return _with_rest(table, len(run.errors))


def _confidence_lines(run: Run) -> Iterator[str]:
    area, curve = confidence(run.rows)
    if area:
        yield f"AUROC of answerable against unanswerable, by confidence: {area.value:.3f} ({_range(area)}, n {area.n})"
    if curve:
        marks = (max((p for p in curve.points if p.coverage <= share), key=lambda p: p.coverage, default=None)
                 for share in COVERAGES)  # fmt: skip
        risks = [f"{mark.risk:.3f} at {mark.coverage:.2f}" for mark in dict.fromkeys(marks) if mark]
        yield f"risk of the most confident answers, at a coverage of the questions: {', '.join(risks)}"


def _known_lines(run: Run) -> Iterator[str]:
    if run.known:
        yield f"{run.known} questions were embedded by an earlier run and their times lack it; --fresh has them."


def _times_table(run: Run) -> Table:
    table = _table("stage", "p50", "p95", "p99", "n", numbers=("p50", "p95", "p99", "n"))
    for stage, took in latencies(run.rows).items():
        table.add_row(stage, *(f"{1000 * seconds:.0f} ms" for seconds in (took.p50, took.p95, took.p99)), str(took.n))
    return table


def _changes_table(comparison: Comparison, name: str) -> Table:
    numbers = ("n", "A", name, f"{name} - A", "95 % interval", "p", "smallest")
    table = _table("measure", *numbers[:-1], "+ = -", "smallest", "verdict", numbers=numbers)
    for c in comparison.changes:
        table.add_row(
            c.measure, str(c.delta.n), f"{c.a.value:.3f}", f"{c.b.value:.3f}", f"{c.delta.value:+.3f}",
            _range(c.delta, "+"), f"{c.holm:.4f}", f"+{c.wins} ={c.ties} -{c.losses}",
            "" if c.detectable is None else f"{c.detectable:.3f}", c.verdict.value,
        )  # fmt: skip
    return table


def _slices_table(comparison: Comparison, name: str) -> Table:
    numbers = ("n", "A", name, f"{name} - A", "95 % interval")
    title = f"{comparison.flips_by} by kind of question, not tested"
    table = _table("kind", *numbers, "+ -", numbers=numbers, title=title)
    for s in comparison.slices:
        if s.measure == comparison.flips_by:
            values = (str(s.delta.n), f"{s.a.value:.3f}", f"{s.b.value:.3f}", f"{s.delta.value:+.3f}")
            table.add_row(_plain(s.kind), *values, _range(s.delta, "+"), f"+{s.wins} -{s.losses}")
    return table


def _flips_table(comparison: Comparison, name: str) -> Table:
    title = f"{len(comparison.flips)} questions changed on {comparison.flips_by}, worst first"
    table = _table("question", f"A → {name}", "first in A", f"first in {name}", title=title)
    for flip in comparison.flips[:SHOWN]:
        change = f"{flip.a:.2f} → {flip.b:.2f}"
        table.add_row(_plain(_asked(flip)), change, _plain(flip.first_a or "–"), _plain(flip.first_b or "–"))
    return _with_rest(table, len(comparison.flips))


def _with_rest(table: Table, count: int) -> Table:
    if count > SHOWN:
        table.caption = f"and {count - SHOWN:,} more in the JSON"
    return table


def _asked(flip: Flip) -> str:
    return f"{flip.id} ({flip.kind}): {flip.text}"


def _range(value: Mean, sign: str = "") -> str:
    return f"{value.low:{sign}.3f} to {value.high:{sign}.3f}"


def _plain(text: str) -> RenderableType:
    """Text of a question or an article, in which square brackets are no markup and nothing commands a terminal."""
    from rich.text import Text

    return Text(visible(text))
