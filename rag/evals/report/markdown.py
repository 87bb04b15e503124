"""The report as Markdown, short enough for a comment on a pull request.

What others wrote stands in code spans: there it is no markup, no link, and calls nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from index.printable import visible
from rag.evals.comparisons import Comparison
from rag.evals.report.findings import Findings, Outcome, Side, lost_and_won, summary
from rag.measured import Mean

# Questions of each sort that are listed.
SHOWN = 10
LONGEST = 160


def markdown(found: Findings) -> str:
    """The report."""
    parts = [[f"## {code(found.last.run.set_name)}: evaluation", "", summary(found), ""], _runs(found)]
    if found.incomparable:
        parts.append([f"These runs are not compared: {code(found.incomparable)}", ""])
    for n, comparison in enumerate(found.comparisons, 1):
        parts.append(_changes(comparison, found.sides[n].letter))
    parts += [_means(found), _times(found)]
    if len(found.comparisons) == 1:
        parts.append(_flips(found.comparisons[0]))
    parts.append(_worst(found.last, found.lead))
    return "\n".join(line for part in parts for line in part).rstrip() + "\n"


def code(text: str) -> str:
    """Text of others as a code span that cannot be left, on one line, clipped, and fit for a cell of a table."""
    shown = " ".join(visible(text).split()).replace("|", "¦") or " "
    shown = shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    return f"{fence} {shown} {fence}" if "`" in shown else f"{fence}{shown}{fence}"


def _runs(found: Findings) -> list[str]:
    lines = [f"- **{side.letter}** {code(side.name)}, {side.run.created:%Y-%m-%d %H:%M}" for side in found.sides]
    return [*lines, ""]


def _table(*rows: Sequence[str], numbers: int) -> list[str]:
    """The first row is the heading; the columns from `numbers` on are set to the right."""
    rule = ["---" if n < numbers else "---:" for n in range(len(rows[0]))]
    return [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])] + [""]


def _changes(comparison: Comparison, letter: str) -> list[str]:
    head = ("measure", "verdict", "A", letter, f"{letter} − A", "95 % interval", "p", "won, tied, lost")
    rows = [
        (c.measure, f"**{c.verdict}**" if c.verdict in ("better", "worse") else str(c.verdict), f"{c.a.value:.3f}",
         f"{c.b.value:.3f}", f"{c.delta.value:+.3f}", _interval(c.delta, "+"), f"{c.holm:.4f}",
         f"{c.wins}, {c.ties}, {c.losses}")
        for c in comparison.changes
    ]  # fmt: skip
    return [f"### {letter} against A", "", *_table(head, *rows, numbers=2)]


def _means(found: Findings) -> list[str]:
    several = len(found.sides) > 1
    head = ("measure", *(["run"] if several else []), "mean", "95 % interval", "n")
    rows = [
        (name, *([side.letter] if several else []), f"{mean.value:.3f}", _interval(mean), f"{mean.n}")
        for name in found.measures
        for side in found.sides
        if (mean := side.means.get(name))
    ]
    return ["### Measures", "", *_table(head, *rows, numbers=len(head) - 3)]


def _times(found: Findings) -> list[str]:
    rows = [
        (
            side.letter,
            f"{took.p50 * 1000:.0f} ms",
            f"{took.p95 * 1000:.0f} ms",
            f"{took.p99 * 1000:.0f} ms",
            f"{took.n}",
        )
        for side in found.sides
        if (took := side.total)
    ]
    return ["### Time of a question", "", *_table(("run", "p50", "p95", "p99", "n"), *rows, numbers=1)] if rows else []


def _flips(comparison: Comparison) -> list[str]:
    lost, won = (flips[:SHOWN] for flips in lost_and_won(comparison))
    rows = [
        (f"{flip.a:.2f} → {flip.b:.2f}", code(flip.id), code(flip.text), code(flip.first_b)) for flip in (*lost, *won)
    ]
    if not rows:
        return []
    head = (comparison.flips_by, "id", "question", "found first now")
    count = f"{len(comparison.flips):,} questions changed; the worst {len(lost)} and the best {len(won)}."
    return ["### Questions that changed", "", count, "", *_table(head, *rows, numbers=4)]


def _worst(side: Side, lead: str) -> list[str]:
    worst = side.worst()
    if not worst:
        return ["### Worst questions", "", f"None: every question has all of {lead}."]
    rows = [tuple(_row(outcome)) for outcome in worst[:SHOWN]]
    count = f"{len(worst):,} of {len(side.run.rows):,} questions have less than all of {lead}."
    return ["### Worst questions", "", count, "", *_table((lead, "what", "id", "question"), *rows, numbers=4)]


def _row(outcome: Outcome) -> Iterator[str]:
    yield "–" if outcome.value is None else f"{outcome.value:.3f}"
    yield str(outcome.fault) if outcome.fault else f"rank {outcome.rank}" if outcome.rank else ""
    yield code(outcome.row.id)
    yield code(outcome.row.text)


def _interval(mean: Mean, sign: str = "") -> str:
    return f"{mean.low:{sign}.3f} to {mean.high:{sign}.3f}"
