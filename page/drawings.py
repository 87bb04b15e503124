"""Plots as SVG, with what they show as a table for those who do not see them. Colours are those of the page."""

from __future__ import annotations

from collections.abc import Sequence

from page.language import part_of
from page.words import plain, tell, told_html
from rag.measured import Drawing
from rag.plots import HIGH, LEFT, RIGHT, WIDE, Bar, Dot, Line, Tick

# Beyond this share of the width, the label of a point stands left of it.
_TURNS = 0.6


def drawing_html(drawing: Drawing, name: str) -> str:
    """A plot with its title, a sentence and its table; `name` tells it from others on the page."""
    columns = [_named(column) for column in drawing.columns]
    rows = [[_named(cell) for cell in row] for row in drawing.rows]
    return (
        f'<figure><figcaption id="plot-{name}"><b>{told_html(drawing.title)}</b>{told_html(drawing.note)}</figcaption>'
        f"{_svg(drawing, name)}<details><summary>{tell('As a table')}</summary>"
        f'<div class="wide">{table_html(columns, rows)}</div></details></figure>'
    )


def table_html(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts, the first column naming the row."""
    head = "".join(f'<th scope="col">{plain(column)}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{plain(first)}</th>{"".join(f"<td>{plain(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _named(said: str) -> str:
    """A figure, a name or a sentence of a plot in the language of the reader, where it is known in it."""
    return part_of(said)


def _svg(drawing: Drawing, name: str) -> str:
    plot = drawing.plot
    at = f'x="{WIDE - RIGHT:.1f}" y="{HIGH - 3:.1f}"'
    marks = [_across(plot.y_ticks), _below(plot.x_ticks)]
    marks += [f'<text class="name" {at} text-anchor="end">{plain(_named(plot.x_name))}</text>']
    marks += [*map(_bar, plot.bars), *map(_line, plot.lines), *map(_dot, plot.dots)]
    titles = [dot.title for dot in plot.dots] + [line.title for line in plot.lines]
    shown = "; ".join(map(_named, titles))
    named = f'role="img" aria-labelledby="plot-{name}-t plot-{name}-d"'
    return (
        f'<svg class="plot" viewBox="0 0 {WIDE:.0f} {HIGH:.0f}" {named}>'
        f'<title id="plot-{name}-t">{plain(_named(drawing.title))}</title>'
        f'<desc id="plot-{name}-d">{plain(shown)}</desc>'
        f"{''.join(marks)}</svg>"
    )


def _across(ticks: Sequence[Tick]) -> str:
    """The lines across the plot, the first of which is its floor, with what stands beside them."""
    return "".join(
        f'<line class="{"rule" if number else "base"}" x1="{LEFT:.1f}" x2="{WIDE - RIGHT:.1f}" '
        f'y1="{tick.at:.1f}" y2="{tick.at:.1f}"/>'
        f'<text x="{LEFT - 6:.1f}" y="{tick.at + 4:.1f}" text-anchor="end">{plain(_named(tick.label))}</text>'
        for number, tick in enumerate(ticks)
    )


def _below(ticks: Sequence[Tick]) -> str:
    return "".join(
        f'<text x="{tick.at:.1f}" y="{HIGH - 18:.1f}" text-anchor="middle">{plain(_named(tick.label))}</text>'
        for tick in ticks
    )


def _bar(bar: Bar) -> str:
    at = f'x="{bar.x:.1f}" y="{bar.y:.1f}" width="{bar.width:.1f}" height="{bar.height:.1f}"'
    return f'<rect class="hue{bar.hue}" {at}><title>{plain(_named(bar.title))}</title></rect>'


def _line(line: Line) -> str:
    return f'<path class="hue{line.hue}" d="{line.path}"><title>{plain(_named(line.title))}</title></path>'


def _dot(dot: Dot) -> str:
    side, anchor = (-10, "end") if dot.x > WIDE * _TURNS else (10, "start")
    label = (
        f'<text class="label" x="{dot.x + side:.1f}" y="{dot.label_y + 4:.1f}" text-anchor="{anchor}">'
        f"{plain(_named(dot.label))}</text>"
        if dot.label
        else ""
    )
    return (
        f'<g class="hue{dot.hue}"><title>{plain(_named(dot.title))}</title><line class="whisker" x1="{dot.x:.1f}" '
        f'x2="{dot.x:.1f}" y1="{dot.low:.1f}" y2="{dot.high:.1f}"/><circle cx="{dot.x:.1f}" cy="{dot.y:.1f}" r="5"/>'
        f"{label}</g>"
    )
