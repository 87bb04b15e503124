"""The evals: question sets, runs with what they say, two runs compared, and where a question was lost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from page.drawings import drawing_html, table_html
from page.words import file_name, plain, together
from rag.measured import (
    Asked,
    Drawing,
    Found,
    Going,
    Latency,
    Line,
    Mark,
    Mean,
    Offered,
    Sheet,
    Traced,
    Turned,
    Versus,
    Wanted,
)
from rag.wording import clipped, counted, short

# The measures that a list of runs shows, as it calls them: of those of one entry, the first that the run has.
SHOWN = {
    "recall@10": ("recall@10",),
    "MRR@10": ("MRR@10",),
    "answered right": ("answer text found", "gold cited"),
    "refused right": ("refusal rate",),
}
# What measures say, for those who do not know them by their names.
MEANINGS = {
    "hit@1": "a right article came first",
    "recall@10": "right articles among the first ten",
    "MRR@10": "1 over the rank of the first right article",
    "nDCG@10": "right articles, the higher the better",
    "all-evidence@10": "every needed article among the first ten",
    "span-recall@10": "right places among the first ten passages",
    "answer rate": "answered what can be answered",
    "refusal rate": "refused what cannot be answered",
    "answer text found": "a quote holds the right answer",
    "gold cited": "a quote is from the right place",
    "short answer right": "the marked words are the right answer",
    "citation precision": "quotes that are from the right place",
    "citation recall": "right places that are quoted",
    "quote exactness": "quotes that stand in the article, letter for letter",
}
# The steps at which a place can be lost, in their order, and what it means to get past each.
STEPS = {
    "not indexed": "indexed",
    "split by a border": "whole in a passage",
    "not a candidate": "found",
    "lost in fusion": "kept when lists were joined",
    "lost in ranking": "kept when ranked",
    "cut by k": "among the first ten",
    "reader": "cited",
}
BACK = '<p class="back"><a href="#evals-home">All evals</a></p>'


def home_html(
    sets: Sequence[Offered], lines: Sequence[Line], drawings: Sequence[Drawing], marks: Sequence[Mark], busy: bool
) -> str:
    """The room as it is entered: what can be run, what was marked, the plots and the runs."""
    return (
        f'<div class="evals" data-view="home"><h2>How good are the answers?</h2>{_sets_html(sets, busy)}'
        f"{_marked_html(marks)}{drawings_html(drawings)}{_runs_html(lines)}</div>"
    )


def trouble_html(said: str) -> str:
    """What went wrong, and the way back."""
    return f'<div class="evals" data-view="trouble">{BACK}<p class="trouble">{plain(said)}</p></div>'


# Sets and what is going on -------------------------------------------------------------------------------------------


def going_html(going: Going | None) -> str:
    """How far the run is, with the way to end it; that it begins, while nothing is known of it."""
    if going is None:
        return '<p class="running">Beginning</p>'
    far = f" {going.done:,} of {going.total:,}" if going.total else ""
    said = "Ending" if going.cancelled else f"{going.step.capitalize()}{far}"
    bar = f'<progress max="{going.total}" value="{going.done}" aria-label="Questions asked"></progress>' if far else ""
    stop = "" if going.cancelled else '<a class="act" href="#evals-cancel">Cancel</a>'
    return f'<p class="running"><b>{plain(named(going.name))}</b> {plain(said)}{bar}{stop}</p>'


def ended_html(said: str) -> str:
    """How the last run ended, where that was not well; nothing for ""."""
    return f'<p class="trouble">{plain(said)}</p>' if said else ""


def _sets_html(sets: Sequence[Offered], busy: bool) -> str:
    if not sets:
        return (
            '<p class="nothing">There is no question set yet. '
            f"{plain('In a terminal, `python -m rag eval make --out DIR` makes one from your articles; DIR is')} "
            f"{plain('a new one in “questions” in the folder of the index. Or mark an answer as wrong.')}</p>"
        )
    return f'<ul class="sets">{"".join(_set_html(one, busy) for one in sets)}</ul>'


def _set_html(one: Offered, busy: bool) -> str:
    counts = f"{counted(one.questions, 'question')}, {one.unanswerable:,} of them to be refused"
    run = "" if busy or one.trouble else f'<a class="run" href="#evals-start-{one.id}">Run</a>'
    told = (
        f'<span class="trouble">{plain(one.trouble)}</span>' if one.trouble else plain(f"{counts}; about {one.about}")
    )
    return f"<li><span><b>{plain(named(one.name))}</b><i>{told}</i></span>{run}</li>"


def named(name: str) -> str:
    """What a set is called: 'Marked in conversations' for 'marked-in-conversations', whoever's it is."""
    return re.sub("^(marked-in-conversations)-[0-9a-f]{8}$", r"\1", name).replace("-", " ").capitalize()


# Runs ----------------------------------------------------------------------------------------------------------------


def moment(when: datetime) -> str:
    """'29 Nov 2026, 10:12', in the time of this machine."""
    here = when.astimezone()
    return together(f"{short(here.date())}, {here:%H:%M}")


def _runs_html(lines: Sequence[Line]) -> str:
    if not lines:
        return "<h3>Runs</h3><p>None yet. A run asks every question of a set and measures what comes back.</p>"
    head = "".join(f'<th scope="col">{plain(name)}</th>' for name in ("run", *SHOWN, "time"))
    body = "".join(map(_run_html, lines))
    return (
        '<h3>Runs</h3><p class="note">Each mean with its 95 % interval below it. Time: the median of a question, and '
        f'what 95 of 100 stay under.</p><table class="runs"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _run_html(line: Line) -> str:
    if line.trouble:
        why = plain(clipped(line.trouble))
        return f'<tr><th scope="row">{plain(line.name)}<i class="trouble">{why}</i></th></tr>'
    failed = f", {line.failed:,} failed" if line.failed else ""
    settings = f" · {line.made['settings']}" if line.made.get("settings") else ""
    about = f"{named(line.name)} · {counted(line.questions, 'question')}{failed}{settings}"
    cells = "".join(_cell(name, _first(line.means, names)) for name, names in SHOWN.items())
    return (
        f'<tr><th scope="row"><a href="#evals-sheet-{line.id}">{plain(moment(line.created))}</a>'
        f"<i>{plain(about)}</i></th>{cells}{_time_cell(line.time)}</tr>"
    )


def _first(means: Mapping[str, Mean], names: Sequence[str]) -> Mean | None:
    return next((means[name] for name in names if name in means), None)


def _cell(name: str, mean: Mean | None) -> str:
    said = f"{mean.value:.2f}<small>{mean.low:.2f}–{mean.high:.2f}</small>" if mean else "–"
    return f'<td data-name="{plain(name)}">{said}</td>'


def _time_cell(time: Latency | None) -> str:
    said = f"{_time(time.p50)}<small>{_time(time.p95)}</small>" if time else "–"
    return f'<td data-name="time">{said}</td>'


def _time(seconds: float) -> str:
    said = f"{seconds:,.1f} s" if seconds >= 1 else f"{1000 * seconds:,.0f} ms"
    return plain(together(said))


def sheet_html(sheet: Sheet, others: Sequence[Line]) -> str:
    """A run in full; `others` are runs of the same questions, the newest first, to compare it with."""
    line = sheet.line
    made = " · ".join(f"{name} {what}" for name, what in line.made.items())
    return (
        f'<div class="evals" data-view="sheet">{BACK}<h2>{plain(named(line.name))}</h2>'
        f'<p class="about">{plain(moment(line.created))}</p><p>{plain(sheet.summary)}</p>'
        f"{_figures_html(line)}{_against_html(line, others)}{drawings_html(sheet.drawings)}"
        f"{_worst_html(sheet)}{_measures_html(sheet)}<h3>How it was measured</h3>"
        f'<p class="note">{plain(made)}</p></div>'
    )


def _figures_html(line: Line) -> str:
    """The figures that come first, large."""
    found = {name: mean for name, names in SHOWN.items() if (mean := _first(line.means, names))}
    drawn = [
        f"<div><dt>{plain(name)}</dt>"
        f"<dd>{mean.value:.3f}<small>{plain(_interval(mean))}, n {mean.n:,}</small></dd></div>"
        for name, mean in found.items()
    ]
    if line.time:
        p95 = _time(line.time.p95)
        drawn.append(f"<div><dt>time</dt><dd>{_time(line.time.p50)}<small>95 of 100 under {p95}</small></dd></div>")
    return f'<dl class="figures">{"".join(drawn)}</dl>'


def _against_html(line: Line, others: Sequence[Line]) -> str:
    if not others:
        return ""
    links = ", ".join(
        f'<a href="#evals-versus-{other.id}-{line.id}">{plain(moment(other.created))}</a>' for other in others
    )
    return f'<p class="against">Compare with the run of {links}</p>'


def _worst_html(sheet: Sheet) -> str:
    if not sheet.worst:
        return "<h3>Questions that went wrong</h3><p>None.</p>"
    asked = "".join(_asked_html(one, sheet.line.id) for one in sheet.worst)
    note = f"What went wrong first, then by {sheet.lead}. Open one to see where it was lost."
    return f'<h3>Questions that went wrong</h3><p class="note">{plain(note)}</p><ol class="asked">{asked}</ol>'


def _asked_html(one: Asked, run: str) -> str:
    why = one.fault or (f"first right article at rank {one.rank}" if one.rank else f"{one.value or 0:.2f}")
    said = f"<span>{plain(clipped(one.said))}</span>" if one.said else ""
    return (
        f'<li><a href="#evals-trace-{run}-{one.number}"><b>{plain(one.text)}</b>'
        f"<i>{plain(one.kind)} · {plain(why)}</i></a>{said}</li>"
    )


def _measures_html(sheet: Sheet) -> str:
    rows = [
        (name, MEANINGS.get(name, ""), f"{mean.value:.3f}", _interval(mean), f"{mean.n:,}")
        for name, mean in sheet.line.means.items()
    ]
    columns = ("measure", "says", "mean", "95 % interval", "n")
    kinds = [
        (kind, f"{mean.value:.3f}", _interval(mean), f"{mean.n:,}")
        for kind, means in sheet.kinds.items()
        if (mean := _first(means, (sheet.lead, "refusal rate")))
    ]
    times = [
        (stage, *(f"{1000 * seconds:,.0f} ms" for seconds in (took.p50, took.p95, took.p99)))
        for stage, took in sheet.times.items()
    ]
    drawn = [
        _folded("All measures", table_html(columns, rows)),
        _folded(
            "By kind of question",
            table_html(("kind", f"{sheet.lead}, or refused right", "95 % interval", "n"), kinds) if kinds else "",
        ),
        _folded("Time of each step", table_html(("step", "median", "95 % under", "99 % under"), times)),
    ]
    return f"<h3>In figures</h3>{''.join(drawn)}"


def _folded(title: str, table: str) -> str:
    return f'<details><summary>{plain(title)}</summary><div class="wide">{table}</div></details>' if table else ""


def _interval(mean: Mean) -> str:
    return f"{mean.low:.3f} to {mean.high:.3f}".replace("-", "−")


def drawings_html(drawings: Sequence[Drawing]) -> str:
    """The plots, side by side where there is room."""
    if not drawings:
        return ""
    return f'<div class="plots">{"".join(drawing_html(one, str(number)) for number, one in enumerate(drawings))}</div>'


# Two runs ------------------------------------------------------------------------------------------------------------


def versus_html(found: Versus) -> str:
    """Run B against run A: a sentence, the differences with their intervals, and the questions that changed."""
    head = (
        f'<div class="evals" data-view="versus">{BACK}<h2>{plain(named(found.b.name))}: two runs</h2>'
        f"{_side_html('A', found.a)}{_side_html('B', found.b)}"
    )
    if found.incomparable:
        return f'{head}<p class="trouble">{plain(f"They are not compared. {found.incomparable}")}</p></div>'
    rows = [
        (
            one.measure, f"{one.a.value:.3f}", f"{one.b.value:.3f}", f"{one.delta.value:+.3f}".replace("-", "−"),
            _interval(one.delta), f"{one.p:.3f}", f"+{one.wins} ={one.ties} −{one.losses}", one.verdict,
        )
        for one in found.differences
    ]  # fmt: skip
    columns = ("measure", "A", "B", "B − A", "95 % interval", "p", "won, tied, lost", "verdict")
    note = (
        "Paired by question. p: randomization test, corrected for the number of measures. Better or worse only where p "
        "is below .05 and the interval leaves 0 out."
    )
    return (
        f'{head}<p class="said">{plain(found.summary)}</p><p class="note">{plain(note)}</p>'
        f'<div class="wide versus">{table_html(columns, rows)}</div>'
        f"{_turned_html('B lost', found.lost, found)}{_turned_html('B won', found.won, found)}</div>"
    )


def _side_html(letter: str, line: Line) -> str:
    settings = f", {line.made['settings']}" if line.made.get("settings") else ""
    return (
        f'<p class="about"><b>{letter}</b> <a href="#evals-sheet-{line.id}">{plain(moment(line.created))}</a>'
        f"{plain(settings)}</p>"
    )


def _turned_html(title: str, turned: Sequence[Turned], found: Versus) -> str:
    if not turned:
        return ""
    asked = "".join(
        f'<li><a href="#evals-trace-{found.b.id}-{one.number}"><b>{plain(one.text)}</b>'
        f"<i>{plain(f'{one.kind} · {found.by} {one.a:.2f} → {one.b:.2f}')}</i></a></li>"
        for one in turned
    )
    return f'<h3>{plain(title)}</h3><ol class="asked">{asked}</ol>'


# Where a question was lost -------------------------------------------------------------------------------------------


def traced_html(found: Traced) -> str:
    """One question: how it went in the run, what became of what answers it, and what was found before it."""
    asked = found.asked
    searched = f"Searched for: {found.searched_for}" if found.searched_for != asked.text else ""
    then = asked.error or asked.fault or "went well"
    notes = "".join(f'<p class="note">{plain(text)}</p>' for text in (searched, found.note) if text)
    no = '<p class="note">By its set, your articles do not answer this question.</p>' if not asked.answerable else ""
    back = f'<p class="back"><a href="#evals-sheet-{found.line.id}">{plain(moment(found.line.created))}</a></p>'
    return (
        f'<div class="evals" data-view="trace">{back}<h2>{plain(asked.text)}</h2>'
        f'<p class="about">{plain(asked.kind)} · in the run: {plain(then)}</p>{notes}'
        f"{''.join(said_html(title, said) for title, said in _answers(asked.said, found.said))}{no}"
        f"{''.join(map(_wanted_html, found.wanted))}{_found_html(found.found)}</div>"
    )


def _answers(then: str, now: str) -> list[tuple[str, str]]:
    """What was answered, each under its title; one answer where they are the same."""
    return [("Answered, then and now", now)] if then == now else [("Answered then", then), ("Answered now", now)]


def said_html(title: str, said: str) -> str:
    """An answer under a title; that it was refused, for ""."""
    shown = plain(said) if said else "<i>Refused</i>"
    return f"<h3>{plain(title)}</h3><blockquote>{shown}</blockquote>"


def _wanted_html(one: Wanted) -> str:
    quote = f"<blockquote>{plain(one.text)}</blockquote>" if one.text else ""
    told = f"Lost: {one.why}." if one.lost else "It was found and cited."
    return (
        f'<h3>What answers it</h3>{quote}<p class="about">{plain(file_name(one.document))}</p>{_steps_html(one.lost)}'
        f'<p class="told">{plain(told)} {plain(_ranks(one.ranks, one.final))}</p>'
    )


def _steps_html(lost: str) -> str:
    """The steps in order: those that were passed, the one at which it was lost, and those it never came to."""
    names = list(STEPS)
    at = names.index(lost) if lost in STEPS else len(names)
    kinds = ["passed" if n < at else "lost" if n == at else "ahead" for n in range(len(names))]
    said = {"passed": "✓", "lost": "✗", "ahead": "·"}
    drawn = "".join(
        f'<li class="{kind}"><span aria-hidden="true">{said[kind]}</span> {plain(STEPS[name])}{_aside(kind)}</li>'
        for name, kind in zip(names, kinds, strict=True)
    )
    return f'<ol class="steps">{drawn}</ol>'


def _aside(kind: str) -> str:
    """What a screen reader is told in place of the colour."""
    told = {"lost": "lost here", "ahead": "not reached"}.get(kind)
    return f'<span class="unseen">, {told}</span>' if told else ""


def _ranks(ranks: Mapping[str, int | None], final: int | None) -> str:
    every = {**ranks, "in the end": final} if ranks else {}
    return "Ranks: " + ", ".join(f"{name} {rank or '–'}" for name, rank in every.items()) + "." if every else ""


def _found_html(found: Sequence[Found]) -> str:
    if not found:
        return "<h3>Found first</h3><p>Nothing was found.</p>"
    lines = "".join(
        f'<li><a class="read" href="#read-{one.article}"><b>{plain(one.title)}</b></a>'
        f"<i>{plain(_ranks(one.ranks, one.rank))}</i><span>{plain(clipped(one.text, 240))}</span></li>"
        for one in found
    )
    return f'<h3>Found first, now</h3><ol class="asked found">{lines}</ol>'


# Answers that were marked as wrong -----------------------------------------------------------------------------------


def _marked_html(marks: Sequence[Mark]) -> str:
    if not marks:
        return ""
    left = sum(not mark.verdict for mark in marks)
    said = f"{counted(left, 'answer')} to be judged" if left else "all judged"
    return f'<p class="marks"><a href="#evals-marks">Marked as wrong: {plain(said)}</a></p>'
