"""Runs and comparisons as tables for a terminal. A mean is never shown without its n and its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.printable import visible
from rag.evals.comparisons import Change, Comparison, Flip, describe
from rag.evals.measures import Mean
from rag.evals.runs import Run, latencies, means

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

# How many lines of questions a report shows before it says how many more there are.
SHOWN = 10


def run_report(run: Run) -> RenderableType:
    """What was measured, the means overall and by kind, the times, and the questions that failed."""
    from rich.console import Group
    from rich.text import Text

    answerable = sum(row.answerable for row in run.rows)
    counts = f"{answerable} answerable, {len(run.rows) - answerable} unanswerable, {len(run.errors)} failed"
    head = f"{run.set_name} {run.set_digest[:8]}: {len(run.rows)} questions, {counts}\n{describe(run)}"
    times = [
        f"{step}: p50 {1000 * took.p50:.0f} ms, p95 {1000 * took.p95:.0f} ms (n {took.n})"
        for step, took in latencies(run.rows).items()
    ]
    tables = [_means_table(run), *([_errors_table(run)] if run.errors else [])]
    return Group(Text(head), *tables, Text("\n".join(times)))


def comparison_report(comparison: Comparison) -> RenderableType:
    """Both means, the paired difference and the verdict for each measure; then the questions that flipped."""
    from rich.console import Group
    from rich.text import Text

    head = f"{comparison.set_name}\nA: {comparison.a_about}\nB: {comparison.b_about}"
    tables = [_changes_table(comparison.changes), *([_flips_table(comparison)] if comparison.flips else [])]
    note = (
        "+ = -: questions that B won, tied and lost; smallest: what this many questions would show in 80 of 100 cases"
    )
    return Group(Text(head), *tables, Text(note))


def _table(*columns: str, numbers: tuple[str, ...] = (), title: str = "") -> Table:
    from rich import box
    from rich.table import Table

    table = Table(title=title or None, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        number = column in numbers
        table.add_column(column, justify="right" if number else "left", no_wrap=number, overflow="fold")
    return table


def _means_table(run: Run) -> Table:
    table = _table("questions", "measure", "mean", "95 % interval", "n", numbers=("mean", "95 % interval", "n"))
    for kind in ("all", *(run.kinds if len(run.kinds) > 1 else ())):
        rows = [row for row in run.rows if kind in ("all", row.kind)]
        for n, (name, value) in enumerate(means(rows).items()):
            table.add_row(_plain(kind if n == 0 else ""), name, f"{value.value:.3f}", _range(value), str(value.n))
        table.add_section()
    return table


def _errors_table(run: Run) -> Table:
    table = _table("failed", "question", "error")
    for row in run.errors[:SHOWN]:
        table.add_row(_plain(row.id), _plain(row.text), _plain(row.error))
    return _with_rest(table, len(run.errors))


def _changes_table(changes: tuple[Change, ...]) -> Table:
    table = _table(
        "measure", "run", "mean", "95 % interval", "n", "B against A", numbers=("mean", "95 % interval", "n")
    )
    for c in changes:
        smallest = "" if c.detectable is None else f"smallest {c.detectable:.3f}"
        table.add_row(c.measure, "A", f"{c.a.value:.3f}", _range(c.a), str(c.a.n), f"{c.verdict.value}, p {c.p:.4f}")
        table.add_row("", "B", f"{c.b.value:.3f}", _range(c.b), str(c.b.n), f"+{c.wins} ={c.ties} -{c.losses}")
        table.add_row("", "B - A", f"{c.delta.value:+.3f}", _range(c.delta, "+"), str(c.delta.n), smallest)
        table.add_section()
    return table


def _flips_table(comparison: Comparison) -> Table:
    title = f"{len(comparison.flips)} questions changed on {comparison.flips_by}, worst first"
    table = _table("question", "A → B", "first in A", "first in B", title=title)
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
