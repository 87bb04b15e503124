"""Where the marks of a plot stand. Numbers in, coordinates out; the page draws them.

A plot is WIDE by HIGH units, the origin at the top left, as SVG has it. The report of an eval and the page draw alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.measured import Curve, Mean

WIDE, HIGH = 420.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 38.0, 12.0, 12.0, 34.0
# The least distance between the labels of two points.
LINE = 13.0
RANKS = ("1", "2", "3", "4", "5", "6–10", "none")
BINS = 12


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis, with what it says."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point with its interval as a whisker, and a label beside it at `label_y`; `hue` is that of its run."""

    x: float
    y: float
    low: float
    high: float
    label: str
    label_y: float
    hue: int
    title: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a histogram."""

    x: float
    y: float
    width: float
    height: float
    hue: int
    title: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, as an SVG path."""

    path: str
    hue: int
    title: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: its axes and its marks."""

    x_name: str
    y_name: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    dots: tuple[Dot, ...] = ()
    bars: tuple[Bar, ...] = ()
    lines: tuple[Line, ...] = ()


def scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Maps low to high onto start to end; everything onto the middle when low and high are equal."""
    if high == low:
        return lambda _: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def nice(low: float, high: float, count: int = 5) -> tuple[float, ...]:
    """About `count` round numbers, in steps of 1, 2 or 5, the first at or below low and the last at or above high."""
    if high <= low:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * n for n in (1, 2, 5, 10) if power * n >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(n * step, 12) for n in range(first, last + 1))


def percent(value: float, low: float = 0.0, high: float = 1.0) -> float:
    """Where a value stands between low and high, from 0 to 100."""
    return min(100.0, max(0.0, scale(low, high, 0, 100)(value)))


def reach(values: Sequence[Mean]) -> float:
    """A round number that no end of these intervals is farther from 0 than."""
    farthest = max((max(abs(value.low), abs(value.high)) for value in values), default=0.0)
    return nice(0, farthest, 2)[-1] if farthest else 1.0


def against_latency(points: Sequence[tuple[str, float, Mean, int]], quality: str) -> Plot:
    """Quality against the 95th percentile of the time: (label, seconds, mean, hue) for each point."""
    xs = nice(0, max(seconds for _, seconds, _, _ in points) * 1000)
    ys = _qualities([mean for _, _, mean, _ in points])
    across, up = _across(xs), _up(ys)
    heights = labelled([up(mean.value) for _, _, mean, _ in points])
    dots = tuple(
        Dot(across(seconds * 1000), up(mean.value), up(mean.low), up(mean.high), label, height, hue,
            f"{label}: {quality} {mean.value:.3f} ({mean.low:.3f} to {mean.high:.3f}), p95 {seconds * 1000:.0f} ms")
        for (label, seconds, mean, hue), height in zip(points, heights, strict=True)
    )  # fmt: skip
    return Plot("p95 of a question, ms", quality, _ticks(xs, across), _ticks(ys, up), dots)


def risk_coverage(curves: Sequence[tuple[str, Curve, int]]) -> Plot:
    """The share of wrong answers among the most confident ones: (label, curve, hue) for each run."""
    xs = nice(0, 1)
    ys = nice(0, max(0.1, max(point.risk for _, curve, _ in curves for point in curve.points)))
    across, up = _across(xs), _up(ys)
    lines = tuple(
        Line(_path([(across(p.coverage), up(p.risk)) for p in curve.points]), hue,
             f"{label}: mean risk {curve.area:.3f}")
        for label, curve, hue in curves
    )  # fmt: skip
    return Plot("share of questions answered", "wrong, of those", _ticks(xs, across), _ticks(ys, up), lines=lines)


def ranks(groups: Sequence[tuple[str, Sequence[int | None], int]]) -> Plot:
    """At which rank the first relevant document stood: (label, ranks, hue) for each run, None for not among ten."""
    counts = [[0] * len(RANKS) for _ in groups]
    for tally, (_, found, _) in zip(counts, groups, strict=True):
        for rank in found:
            tally[len(RANKS) - 1 if rank is None or rank > 10 else min(rank, 6) - 1] += 1
    named = [(label, tally, hue) for (label, _, hue), tally in zip(groups, counts, strict=True)]
    return _histogram(RANKS, named, "rank of the first relevant document")


def times(groups: Sequence[tuple[str, Sequence[float], int]]) -> Plot:
    """How long the questions took: (label, seconds, hue) for each run. What took longer stands in the last bin."""
    every = sorted(seconds * 1000 for _, found, _ in groups for seconds in found)
    edges = nice(0, every[min(len(every) - 1, int(0.99 * len(every)))], BINS)
    step = edges[1] - edges[0]
    counts = [[0] * (len(edges) - 1) for _ in groups]
    for tally, (_, found, _) in zip(counts, groups, strict=True):
        for seconds in found:
            tally[min(len(tally) - 1, int(seconds * 1000 / step))] += 1
    labels = [f"{edge:g}" for edge in edges[:-1]]
    named = [(label, tally, hue) for (label, _, hue), tally in zip(groups, counts, strict=True)]
    return _histogram(labels, named, f"ms from, in steps of {step:g}")


def history(points: Sequence[tuple[str, Mean, int]], measure: str) -> Plot:
    """A measure from run to run: (label, mean, hue) for each, the oldest first."""
    ys = _qualities([mean for _, mean, _ in points])
    up = _up(ys)
    across = scale(-0.5, len(points) - 0.5, LEFT, WIDE - RIGHT)
    dots = tuple(
        Dot(across(n), up(mean.value), up(mean.low), up(mean.high), "", 0, hue,
            f"{label}: {mean.value:.3f} ({mean.low:.3f} to {mean.high:.3f}), n {mean.n}")
        for n, (label, mean, hue) in enumerate(points)
    )  # fmt: skip
    line = Line(_path([(dot.x, dot.y) for dot in dots]), -1, measure)
    every = math.ceil(len(points) / 8)
    ticks = tuple(Tick(dots[n].x, points[n][0]) for n in range(0, len(points), every))
    return Plot("", measure, ticks, _ticks(ys, up), dots, lines=(line,))


def spread(heights: Sequence[float], gap: float = LINE) -> list[float]:
    """The heights moved down until any two are at least `gap` apart, in the same order from the top."""
    placed = [0.0] * len(heights)
    last = -math.inf
    for n in sorted(range(len(heights)), key=heights.__getitem__):
        last = max(heights[n], last + gap)
        placed[n] = last
    return placed


def labelled(heights: Sequence[float], gap: float = LINE) -> list[float]:
    """Where labels of points at these heights stand: beside them, or apart towards the middle of the plot.

    One that is not alone at its height would be crossed by its neighbours, and one on the floor by the axis.
    """
    floor, middle = HIGH - BOTTOM, (TOP + HIGH - BOTTOM) / 2

    def begun(height: float) -> float:
        alone = sum(abs(height - other) < gap / 2 for other in heights) == 1
        return height if alone and height < floor - gap / 2 else height + (gap if height < middle else -gap)

    wanted = [begun(height) for height in heights]
    above = [n for n, height in enumerate(heights) if height < middle]
    below = [n for n, height in enumerate(heights) if height >= middle]
    placed = dict(zip(above, spread([wanted[n] for n in above], gap), strict=True))
    placed |= {n: -at for n, at in zip(below, spread([-wanted[n] for n in below], gap), strict=True)}
    # Where both meet, or there are too many, those below are moved down, and from the floor up again.
    apart = spread([placed[n] for n in range(len(heights))], gap)
    lowest = floor - gap / 2
    for n in sorted(range(len(apart)), key=apart.__getitem__, reverse=True):
        apart[n] = min(apart[n], lowest)
        lowest = apart[n] - gap
    return apart


def _qualities(means: Sequence[Mean]) -> tuple[float, ...]:
    """The axis of a measure: from the lowest end of an interval to the highest, a share never past 0 or 1."""
    low, high = min(mean.low for mean in means), max(mean.high for mean in means)
    if 0 <= low == high <= 1:
        low, high = max(0.0, low - 0.25), min(1.0, high + 0.25)
    return nice(low, high)


def _histogram(labels: Sequence[str], groups: Sequence[tuple[str, Sequence[int], int]], name: str) -> Plot:
    """Shares of each label, the bars of the groups side by side."""
    shares = [[count / max(1, sum(counts)) for count in counts] for _, counts, _ in groups]
    ys = nice(0, max((share for group in shares for share in group), default=1.0) or 1.0)
    up, across = _up(ys), scale(0, len(labels), LEFT, WIDE - RIGHT)
    room = (across(1) - across(0)) * 0.8
    width = room / len(groups)
    bars = tuple(
        Bar(across(n) + room / 8 + g * width, up(share), max(1.0, width - 1), up(0) - up(share), hue,
            f"{label}: {counts[n]:,} at {labels[n]}, {share:.1%}")
        for g, ((label, counts, hue), group) in enumerate(zip(groups, shares, strict=True))
        for n, share in enumerate(group)
    )  # fmt: skip
    ticks = tuple(Tick(across(n + 0.5), label) for n, label in enumerate(labels))
    return Plot(name, "share of questions", ticks, _ticks(ys, up), bars=bars)


def _across(values: Sequence[float]) -> Callable[[float], float]:
    return scale(values[0], values[-1], LEFT, WIDE - RIGHT)


def _up(values: Sequence[float]) -> Callable[[float], float]:
    return scale(values[0], values[-1], HIGH - BOTTOM, TOP)


def _ticks(values: Sequence[float], place: Callable[[float], float]) -> tuple[Tick, ...]:
    return tuple(Tick(place(value), f"{value:g}") for value in values)


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
