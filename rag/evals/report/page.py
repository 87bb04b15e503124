"""The report as one HTML page that needs nothing else: no network, no script, light and dark, desktop and phone.

The markup is in page.html alone, and drawn with everything escaped: questions, ids and answers are other people's text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from index.printable import visible
from rag import plots
from rag.evals.comparisons import Change, Flip
from rag.evals.report.findings import LETTERS, RANK_BY, WORST, Findings, Side, lost_and_won, summary
from rag.evals.runs import DIGESTS, TOTAL, latencies
from rag.evals.scores import ANSWER_RATE, REFUSAL_RATE
from rag.measured import Mean
from rag.plots import Plot

HERE = Path(__file__).parent
# The hues that page.css has.
HUES = 6
# Flips of each sort that are listed.
FLIPS = 25


def page(found: Findings) -> str:
    """The page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, finalize=_shown
    )
    environment.filters.update(FILTERS)
    return environment.get_template("page.html").render(
        found=found,
        set_name=found.last.run.set_name,
        summary=summary(found),
        comparisons=found.comparisons,
        changes=_changes(found),
        kind_measures=_kind_measures(found),
        plots=drawn(found),
        stages=tuple(dict.fromkeys(stage for side in found.sides for stage in side.latencies)),
        flips=_flips(found),
        shown=FLIPS,
        worst=found.last.worst(),
        most=WORST,
        wide=plots.WIDE,
        high=plots.HIGH,
    )


def drawn(found: Findings) -> list[tuple[Plot, str, str]]:
    """The plots that these runs have, each with its title and a sentence below it."""
    return [
        plot for plot in (_against_latency(found), _ranks(found), _risk(found), _times(found), _history(found)) if plot
    ]


def _against_latency(found: Findings) -> tuple[Plot, str, str] | None:
    """A point for each run, or for each kind of question of one run."""
    lead = found.lead
    if len(found.sides) > 1:
        timed = [
            (s.letter, s.total.p95, s.means[lead], _hue(s.letter)) for s in found.sides if s.total and lead in s.means
        ]
        what = "A point for each run"
    else:
        side = found.last
        took = {kind: latencies([row for row in side.run.rows if row.kind == kind]).get(TOTAL) for kind in side.kinds}
        timed = [(kind, t.p95, side.kinds[kind][lead], 0) for kind, t in took.items() if t and lead in side.kinds[kind]]
        what = "A point for each kind of question"
    if len(timed) < 2:
        return None
    return plots.against_latency(timed, lead), "Quality against latency", f"{what}; up and to the left is better."


def _ranks(found: Findings) -> tuple[Plot, str, str] | None:
    sides = [side for side in found.sides if RANK_BY in side.means]
    if not sides:
        return None
    groups = [(s.letter, [o.rank for o in s.outcomes if RANK_BY in o.row.values], _hue(s.letter)) for s in sides]
    return plots.ranks(groups), "Where the first relevant document stood", "Of the questions that have an answer."


def _risk(found: Findings) -> tuple[Plot, str, str] | None:
    curves = [(side.letter, side.curve, _hue(side.letter)) for side in found.sides if side.curve]
    if not curves:
        return None
    area, name = found.last.area, f" of {found.last.letter}" if len(found.sides) > 1 else ""
    note = "The most confident answers first, from the left; lower is better."
    tells = f" AUROC{name}, answerable against not: {area.value:.3f} ({_interval(area)})." if area else ""
    return plots.risk_coverage(curves), "Risk and coverage", note + tells


def _times(found: Findings) -> tuple[Plot, str, str] | None:
    groups = [
        (
            side.letter,
            [row.timings[TOTAL] for row in side.run.rows if TOTAL in row.timings and not row.error],
            _hue(side.letter),
        )
        for side in found.sides
        if side.total
    ]
    if not groups:
        return None
    return plots.times(groups), "How long a question took", "The last bar holds whatever took longer."


def _history(found: Findings) -> tuple[Plot, str, str] | None:
    sides = sorted((side for side in found.sides if found.lead in side.means), key=lambda side: side.run.created)
    if len(sides) < 3:
        return None
    points = [(side.letter, side.means[found.lead], _hue(side.letter)) for side in sides]
    return plots.history(points, found.lead), "From run to run", "The oldest first, with 95 % intervals."


def _changes(found: Findings) -> Mapping[str, Change]:
    """By measure, what changed, when there are two runs."""
    return {c.measure: c for c in found.comparisons[0].changes} if len(found.comparisons) == 1 else {}


def _kind_measures(found: Findings) -> tuple[str, ...]:
    wanted = dict.fromkeys((found.lead, ANSWER_RATE, REFUSAL_RATE))
    return tuple(name for name in wanted if name in found.measures)


def _flips(found: Findings) -> Mapping[str, Sequence[Flip]]:
    lost, won = lost_and_won(found.comparisons[0]) if len(found.comparisons) == 1 else ([], [])
    return {"lost": lost, "won": won}


def _hue(letter: str) -> int:
    return LETTERS.index(letter[0]) % HUES if letter in LETTERS else HUES - 1


def _interval(mean: Mean) -> str:
    return f"{mean.low:.3f} to {mean.high:.3f}".replace("-", "−")


def _shown(value: object) -> object:
    """What is put into the page, without what hides words or reorders them; what a macro drew stays as it is."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def _clip(text: str, most: int) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def _about(side: Side) -> list[tuple[str, str]]:
    return [(name, what) for name, what in side.run.about.items() if name not in DIGESTS]


def _time(seconds: float) -> str:
    if seconds >= 10:
        return f"{seconds:,.1f} s"
    return f"{seconds * 1000:,.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def _moment(when: datetime) -> str:
    return when.strftime("%d %b %Y, %H:%M").lstrip("0")


FILTERS: Mapping[str, Any] = {
    "num": lambda value: f"{value:.3f}",
    "signed": lambda value: f"{value:+.3f}".replace("-", "−"),
    "bound": lambda value: f"{value:+g}".replace("-", "−"),
    "interval": _interval,
    "p": lambda value: f"{value:.4f}",
    "ms": _time,
    "percent": lambda value, low, high: f"{plots.percent(value, low, high):.2f}",
    "px": lambda value: f"{value:.1f}",
    "reach": plots.reach,
    "hue": _hue,
    "clip": _clip,
    "about": _about,
    "moment": _moment,
}
