"""The figures of benchmarks.curves as a table in Markdown and as a plot on logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from rag.plots import BOTTOM, HIGH, LEFT, LINE, RIGHT, TOP, WIDE, scale, spread

Size = Mapping[str, Any]

ROWS: dict[str, Callable[[Size], str]] = {
    "articles, passages": lambda s: f"{s['index']['articles']:,}, {s['index']['passages']:,}",
    "indexing, s by the clock": lambda s: f"{s['index']['index seconds']:,.1f}",
    "indexing, s of the processor": lambda s: f"{s['index']['index cpu']:,.1f}",
    "the same, ms a passage": lambda s: f"{1000 * s['index']['index cpu'] / s['index']['passages']:.1f}",
    "resident at most while indexing, MB": lambda s: f"{s['index']['index peak MB']:,}",
    "disk, MB": lambda s: f"{s['index']['disk MB']:,.0f}",
    "opening, s": lambda s: f"{s['ask']['open seconds']:.2f}",
    "counting for the first question, s": lambda s: f"{s['ask']['counting seconds']:.2f}",
    "a question, ms: p50 / p95 / p99": lambda s: _three(s["ask"]["question ms"]),
    "of the processor, ms": lambda s: _three(s["ask"]["question cpu ms"]),
    "common words alone, processor": lambda s: _three(s["ask"]["question cpu ms by kind"]["common"]),
    "rare words alone, processor": lambda s: _three(s["ask"]["question cpu ms by kind"]["rare"]),
    "mixed, processor": lambda s: _three(s["ask"]["question cpu ms by kind"]["mixed"]),
    "a paper and a month, processor": lambda s: _three(s["ask"]["question cpu ms by kind"]["named"]),
    "asking holds, MB: own + of files": lambda s: "{anonymous:,} + {files:,}".format(**s["ask"]["asking MB"]),
    "load": lambda s: " to ".join(f"{load:g}" for load in (s["index"]["load"][0], s["ask"]["load"][1])),
}
# What is drawn: (name of the panel, its unit, the lines in it).
PANELS: list[tuple[str, str, dict[str, Callable[[Size], float]]]] = [
    (
        "Indexing",
        "s",
        {"clock": lambda s: s["index"]["index seconds"], "processor": lambda s: s["index"]["index cpu"]},
    ),
    (
        "A question",
        "ms",
        {
            "p50": lambda s: s["ask"]["question ms"]["p50"],
            "p95": lambda s: s["ask"]["question ms"]["p95"],
            "p95, processor": lambda s: s["ask"]["question cpu ms"]["p95"],
        },
    ),
    (
        "Memory",
        "MB",
        {
            "indexing, at most": lambda s: s["index"]["index peak MB"],
            "asking, own": lambda s: s["ask"]["asking MB"]["anonymous"],
        },
    ),
    ("Disk", "MB", {"all": lambda s: s["index"]["disk MB"], "graph": lambda s: s["index"]["segments MB"]}),
]
# The room for the names of the lines.
LABELS = 92
# In decades: a tenth more or less.
NEARLY = 0.05
COLOURS = ("#0b5cad", "#b3470f", "#4d7a1f")


def table(results: Mapping[str, Any]) -> str:
    """A column for each size that was measured whole, and how the least steep and the steepest stretch grow."""
    sizes = whole(results)
    head = ["", *(f"{size:,}" for size in sizes)]
    steps = sorted({step for s in sizes.values() for step in s["ask"]["question cpu ms by step"]})
    rows = ROWS | {f"p95 of {step}, processor": partial(_of_step, step) for step in steps}
    lines = [head, ["---"] * len(head), *([name, *map(row, sizes.values())] for name, row in rows.items())]
    grows = [
        f"- {title}, {name}: " + ", ".join(f"{slope:.2f}" for slope in slopes(sizes, of))
        for title, _, series in PANELS
        for name, of in series.items()
    ]
    exponents = ["", "Exponents of growth from size to size, 1 being linear:", "", *grows] if len(sizes) > 1 else []
    return "\n".join([*("| " + " | ".join(cells) + " |" for cells in lines), *exponents])


def whole(results: Mapping[str, Any]) -> dict[int, Size]:
    """The sizes of which both parts are measured, the smallest first."""
    found = {int(size): of for size, of in results["sizes"].items() if {"index", "ask"} <= of.keys()}
    return dict(sorted(found.items()))


def slopes(sizes: Mapping[int, Size], of: Callable[[Size], float]) -> list[float]:
    """The exponent of growth from each size to the next: 1 where it grows as the passages do, 0 where it does not."""
    points = [(s["index"]["passages"], of(s)) for s in sizes.values()]
    return [math.log(y / b) / math.log(x / a) for (a, b), (x, y) in pairwise(points)]


def svg(results: Mapping[str, Any]) -> str:
    """Four panels, two by two, each with both axes logarithmic."""
    sizes = whole(results)
    panels = (
        f'<g transform="translate({WIDE * (n % 2):.0f} {HIGH * (n // 2):.0f})">{_panel(sizes, *panel)}</g>'
        for n, panel in enumerate(PANELS)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * WIDE:.0f} {2 * HIGH:.0f}" role="img" '
        f'font-family="sans-serif" font-size="11"><title>Costs by the number of passages</title>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(panels)}</svg>\n'
    )


def _panel(sizes: Mapping[int, Size], title: str, unit: str, series: Mapping[str, Callable[[Size], float]]) -> str:
    passages = [s["index"]["passages"] for s in sizes.values()]
    values = {name: [of(s) for s in sizes.values()] for name, of in series.items()}
    low, high = decades([value for line in values.values() for value in line])
    across = _logarithmic(*decades(passages), LEFT + 14, WIDE - RIGHT - LABELS)
    up = _logarithmic(low, high, HIGH - BOTTOM, TOP + 14)
    marks = [f'<text x="{LEFT + 14:.0f}" y="{TOP + 2:.0f}" font-weight="bold">{title}, {unit}</text>']
    marks += [
        f'<line x1="{LEFT + 14:.1f}" x2="{WIDE - RIGHT - LABELS:.1f}" y1="{up(power):.1f}" y2="{up(power):.1f}" '
        f'stroke="#ddd"/><text x="{LEFT + 8:.1f}" y="{up(power) + 4:.1f}" text-anchor="end">{power:,.6g}</text>'
        for power in _powers(low, high)
    ]
    marks += [
        f'<text x="{across(power):.1f}" y="{HIGH - BOTTOM + 16:.1f}" text-anchor="middle">{power:,.0f}</text>'
        for power in _powers(*decades(passages))
    ]
    heights = spread([up(line[-1]) for line in values.values()], LINE)
    for (name, line), height, colour in zip(values.items(), heights, COLOURS, strict=False):
        points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in zip(passages, line, strict=True))
        marks.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        marks.append(f'<text x="{across(passages[-1]) + 6:.1f}" y="{height + 4:.1f}" fill="{colour}">{name}</text>')
    return "".join(marks)


def decades(values: Sequence[float]) -> tuple[float, float]:
    """The powers of ten around the values, which are above 0; a value that hardly misses one counts as it."""
    return 10.0 ** math.floor(math.log10(min(values)) + NEARLY), 10.0 ** math.ceil(math.log10(max(values)) - NEARLY)


def _powers(low: float, high: float) -> list[float]:
    return [10.0**n for n in range(round(math.log10(low)), round(math.log10(high)) + 1)]


def _logarithmic(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    place = scale(math.log10(low), math.log10(high), start, end)
    return lambda value: place(math.log10(value))


def _of_step(step: str, size: Size) -> str:
    return f"{size['ask']['question cpu ms by step'][step]['p95']:.1f}"


def _three(values: Mapping[str, float]) -> str:
    return " / ".join(f"{values[name]:.0f}" for name in ("p50", "p95", "p99"))
