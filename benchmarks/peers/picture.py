"""The plot of the README: some figures side by side, a bar for each system, as one SVG that reads in light and dark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.peers.measuring import Result
from benchmarks.peers.preparing import Prepared
from benchmarks.peers.table import FOOTNOTE, MILLION, NAMES, RECIPE, average, milliseconds, ratio
from rag.plots import nice, scale

WIDE, LEFT, GAP, TOP, ROW, BAR = 860.0, 118.0, 22.0, 44.0, 26.0, 14.0
# Beside the longest bar there is room for its number and its ratio.
ROOM = 92.0
STYLE = (
    "text{font:12px system-ui,-apple-system,'Segoe UI',sans-serif;fill:#57606a}"
    ".name{font-weight:600;fill:#24292f}.own{fill:#24292f;font-weight:600}"
    "rect{fill:#8c959f}rect.own{fill:#0b6bcb}line{stroke:#d0d7de}"
    "@media(prefers-color-scheme:dark){text{fill:#9198a1}.name,.own{fill:#f0f6fc}"
    "rect{fill:#656c76}rect.own{fill:#4493f8}line{stroke:#3d444d}}"
)


@dataclass(frozen=True)
class Panel:
    """A figure of each system: its title, what it says below it, how it is taken and written."""

    title: str
    note: str
    of: Callable[[Result], float]
    form: str


def panels(given: Prepared) -> tuple[Panel, ...]:
    """What the plot shows."""
    return (
        Panel("the right article first", "hit@1, more is better", lambda r: average(r, "hit@1"), ".2f"),
        Panel("characters indexed", "thousands a second, more is better",
              lambda r: given.characters / r.indexed / 1000, ",.0f"),
        Panel("sync, 1 % changed", "seconds, less is better", lambda r: r.changed, ",.1f"),
        Panel("question, p95", "milliseconds, less is better", lambda r: milliseconds(r, 95), ",.0f"),
        Panel("peak memory, indexing", "MB, less is better", lambda r: r.index_peak / MILLION, ",.0f"),
        Panel("cold start", "seconds, less is better", lambda r: r.cold_start, ",.1f"),
    )  # fmt: skip


def svg(given: Prepared, results: Sequence[Result]) -> str:
    """The plot. Two rows of three panels; every number stands beside its bar, with its ratio to the plain recipe."""
    shown = panels(given)
    across = 3
    width = (WIDE - LEFT - GAP * (across - 1)) / across
    height = TOP + ROW * len(results) + 14
    drawn = []
    for n, panel in enumerate(shown):
        x, y = LEFT + (n % across) * (width + GAP), (n // across) * height
        drawn.append(_panel(panel, results, x, y, width))
    labels = [
        f'<text class="{"own" if r.name == FOOTNOTE else ""}" x="{LEFT - 10:.0f}" y="{row * height + _at(k) + 11:.1f}" '
        f'text-anchor="end">{escape(_short(r.name))}</text>'
        for row in range(-(-len(shown) // across))
        for k, r in enumerate(results)
    ]
    told = "; ".join(
        f"{panel.title} ({panel.note}): "
        + ", ".join(f"{_short(r.name)} {format(panel.of(r), panel.form)}" for r in results)
        for panel in shown
    )
    high = height * -(-len(shown) // across)
    about = (
        f"{given.articles:,} articles, {len(given.questions):,} questions, the same model; "
        f"in brackets the ratio to the {_short(RECIPE)}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE:.0f} {high + 20:.0f}" role="img" '
        f'aria-labelledby="t d"><title id="t">Footnote beside other libraries</title><desc id="d">{escape(told)}</desc>'
        f"<style>{STYLE}</style>{''.join(labels)}{''.join(drawn)}"
        f'<text x="{WIDE - 4:.0f}" y="{high + 12:.0f}" text-anchor="end">{escape(about)}</text></svg>\n'
    )


def _panel(panel: Panel, results: Sequence[Result], x: float, y: float, width: float) -> str:
    values = [panel.of(result) for result in results]
    recipe = next((panel.of(r) for r in results if r.name == RECIPE), None)
    along = scale(0, max(nice(0, max(values))[-1], 1e-9) if max(values) > 0 else 1, 0, width - ROOM)
    marks = [
        f'<text class="name" x="{x:.1f}" y="{y + 16:.1f}">{escape(panel.title)}</text>'
        f'<text x="{x:.1f}" y="{y + 32:.1f}">{escape(panel.note)}</text>'
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y + TOP - 4:.1f}" y2="{y + TOP + ROW * len(results) - 6:.1f}"/>'
    ]
    for k, (result, value) in enumerate(zip(results, values, strict=True)):
        own = ' class="own"' if result.name == FOOTNOTE else ""
        times = f" ({ratio(value, recipe)})" if recipe and result.name != RECIPE else ""
        top, end = y + _at(k), along(value)
        marks.append(
            f'<rect{own} x="{x:.1f}" y="{top:.1f}" width="{end:.1f}" height="{BAR:.0f}" rx="2"/>'
            f'<text{own} x="{x + end + 5:.1f}" y="{top + 11:.1f}">{format(value, panel.form)}{times}</text>'
        )
    return "".join(marks)


def _at(row: int) -> float:
    return TOP + row * ROW


def _short(name: str) -> str:
    return "plain recipe" if name == RECIPE else NAMES.get(name, name)
