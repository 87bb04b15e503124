"""The evals: question sets, runs with what they say, two runs compared, and where a question was lost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from page.drawings import drawing_html, table_html
from page.language import figures, known, later, say, several, short
from page.making import making_html
from page.words import file_name, plain, tell, together, told_html
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
from rag.wording import clipped

# The measures that a list of runs shows, as it calls them: of those of one entry, the first that the run has.
SHOWN = {
    later("recall@10"): ("recall@10",),
    later("MRR@10"): ("MRR@10",),
    later("answered right"): ("answer text found", "gold cited"),
    later("refused right"): ("refusal rate",),
}
# What measures say, for those who do not know them by their names.
MEANINGS = {
    "hit@1": later("a right article came first"),
    "recall@10": later("right articles among the first ten"),
    "MRR@10": later("1 over the rank of the first right article"),
    "nDCG@10": later("right articles, the higher the better"),
    "all-evidence@10": later("every needed article among the first ten"),
    "span-recall@10": later("right places among the first ten passages"),
    "answer rate": later("answered what can be answered"),
    "refusal rate": later("refused what cannot be answered"),
    "answer text found": later("a quote holds the right answer"),
    "gold cited": later("a quote is from the right place"),
    "short answer right": later("the marked words are the right answer"),
    "citation precision": later("quotes that are from the right place"),
    "citation recall": later("right places that are quoted"),
    "quote exactness": later("quotes that stand in the article, letter for letter"),
}
# The steps at which a place can be lost, in their order, and what it means to get past each.
STEPS = {
    "not indexed": later("indexed"),
    "split by a border": later("whole in a passage"),
    "not a candidate": later("found"),
    "lost in fusion": later("kept when lists were joined"),
    "lost in ranking": later("kept when ranked"),
    "cut by k": later("among the first ten"),
    "reader": later("cited"),
}


def back_html() -> str:
    """The way back to where the room is entered."""
    return f'<p class="back"><a href="#evals-home">{tell("All evals")}</a></p>'


# What the set is called that the marked answers make.
MARKED = later("Marked in conversations")
# What a run says of how it was made.
MADE = {"settings": later("settings"), "index": later("index"), "model": later("model")}
# The stages of a run.
STAGES = {
    "beginning": later("Beginning"),
    "asking": later("Asking"),
    "reading": later("Reading articles"),
    "making": later("Making questions"),
    "choosing": later("Choosing questions"),
}


def home_html(
    sets: Sequence[Offered], lines: Sequence[Line], drawings: Sequence[Drawing], marks: Sequence[Mark], busy: bool
) -> str:
    """The room as it is entered: what can be run, what was marked, the plots and the runs."""
    return (
        f'<div class="evals" data-view="home"><h2>{tell("How good are the answers?")}</h2>{_sets_html(sets, busy)}'
        f"{'' if busy else making_html()}{_marked_html(marks)}{drawings_html(drawings)}{_runs_html(lines)}</div>"
    )


def trouble_html(said: str) -> str:
    """What went wrong, and the way back."""
    return f'<div class="evals" data-view="trouble">{back_html()}<p class="trouble">{told_html(said)}</p></div>'


# Sets and what is going on -------------------------------------------------------------------------------------------


def going_html(going: Going | None) -> str:
    """How far the run is, with the way to end it; that it begins, while nothing is known of it."""
    if going is None:
        return f'<p class="running">{tell("Beginning")}</p>'
    numbers = {"done": figures(f"{going.done:,}"), "total": figures(f"{going.total:,}")}
    stage = say(STAGES.get(going.step, going.step.capitalize()))
    far = say("{stage} {done} of {total}", stage=stage, **numbers) if going.total else stage
    said = say("Ending") if going.cancelled else far
    asked = f'max="{going.total}" value="{going.done}" aria-label="{tell("Questions asked")}"'
    bar = f"<progress {asked}></progress>" if going.total else ""
    stop = "" if going.cancelled else f'<a class="act" href="#evals-cancel">{tell("Cancel")}</a>'
    return f'<p class="running"><b>{plain(named(going.name))}</b> {plain(said)}{bar}{stop}</p>'


def ended_html(said: str) -> str:
    """How the last run ended, where that was not well; nothing for ""."""
    return f'<p class="trouble">{told_html(said)}</p>' if said else ""


def _sets_html(sets: Sequence[Offered], busy: bool) -> str:
    if not sets:
        none = tell(
            "There is no question set yet. Make one from your articles, add one of your own, or mark an answer as "
            "wrong."
        )
        return f'<p class="nothing">{none}</p>'
    return f'<ul class="sets">{"".join(_set_html(one, busy) for one in sets)}</ul>'


def _set_html(one: Offered, busy: bool) -> str:
    counts = several(
        one.questions,
        "{n} question, {refused} of them to be refused; about {what}",
        "{n} questions, {refused} of them to be refused; about {what}",
        refused=figures(f"{one.unanswerable:,}"),
        what=known(one.about) or one.about,
    )
    run = "" if busy or one.trouble else f'<a class="run" href="#evals-start-{one.id}">{tell("Run")}</a>'
    told = f'<span class="trouble">{told_html(one.trouble)}</span>' if one.trouble else plain(counts)
    remove = _remove_html(one) if one.own and not busy else ""
    return f"<li><span><b>{plain(named(one.name))}</b><i>{told}</i></span>{remove}{run}</li>"


def _remove_html(one: Offered) -> str:
    """The link that takes a set out; script.js asks its question before anything happens."""
    name = named(one.name)
    asked = tell("Remove “{name}”? Its questions are gone; its runs stay.", name=name)
    return (
        f'<a class="act" href="#evals-remove-{one.id}" data-ask="{asked}" data-yes="{tell("Remove")}" '
        f'aria-label="{tell("Remove {name}", name=name)}">{tell("Remove")}</a>'
    )


def named(name: str) -> str:
    """What a set is called: 'Marked in conversations' for 'marked-in-conversations', whoever's it is.

    One that was made here is 'Question set 3' for 'made-3'.
    """
    if made := re.fullmatch("made-([0-9]+)", name):
        return say("Question set {n}", n=made[1])
    own = re.sub("^(marked-in-conversations)-[0-9a-f]{8}$", r"\1", name).replace("-", " ").capitalize()
    return say(own) if own == MARKED else own


# Runs ----------------------------------------------------------------------------------------------------------------


def moment(when: datetime) -> str:
    """'29 Nov 2026, 10:12', in the time of this machine."""
    here = when.astimezone()
    return together(f"{short(here.date())}, {here:%H:%M}")


def _runs_html(lines: Sequence[Line]) -> str:
    if not lines:
        none = tell("None yet. A run asks every question of a set and measures what comes back.")
        return f"<h3>{tell('Runs')}</h3><p>{none}</p>"
    names = (say("run"), *map(say, SHOWN), say("time"))
    head = "".join(f'<th scope="col">{plain(name)}</th>' for name in names)
    body = "".join(map(_run_html, lines))
    note = tell(
        "Each mean with its 95 % interval below it. Time: the median of a question, and what 95 of 100 stay under."
    )
    return (
        f'<h3>{tell("Runs")}</h3><p class="note">{note}</p>'
        f'<table class="runs"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


def _run_html(line: Line) -> str:
    if line.trouble:
        why = told_html(clipped(line.trouble))
        return f'<tr><th scope="row">{plain(line.name)}<i class="trouble">{why}</i></th></tr>'
    failed = f", {say('{n} failed', n=figures(f'{line.failed:,}'))}" if line.failed else ""
    settings = f" · {line.made['settings']}" if line.made.get("settings") else ""
    about = f"{named(line.name)} · {several(line.questions, '{n} question', '{n} questions')}{failed}{settings}"
    cells = "".join(_cell(say(name), _first(line.means, names)) for name, names in SHOWN.items())
    return (
        f'<tr><th scope="row"><a href="#evals-sheet-{line.id}">{plain(moment(line.created))}</a>'
        f"<i>{plain(about)}</i></th>{cells}{_time_cell(line.time)}</tr>"
    )


def _first(means: Mapping[str, Mean], names: Sequence[str]) -> Mean | None:
    return next((means[name] for name in names if name in means), None)


def _cell(name: str, mean: Mean | None) -> str:
    interval = figures(f"{mean.low:.2f}–{mean.high:.2f}") if mean else ""
    said = f"{figures(f'{mean.value:.2f}')}<small>{interval}</small>" if mean else "–"
    return f'<td data-name="{plain(name)}">{said}</td>'


def _time_cell(time: Latency | None) -> str:
    said = f"{_time(time.p50)}<small>{_time(time.p95)}</small>" if time else "–"
    return f'<td data-name="{tell("time")}">{said}</td>'


def _took(seconds: float) -> str:
    return together(figures(f"{seconds:,.1f} s" if seconds >= 1 else f"{1000 * seconds:,.0f} ms"))


def _time(seconds: float) -> str:
    return plain(_took(seconds))


def sheet_html(sheet: Sheet, others: Sequence[Line]) -> str:
    """A run in full; `others` are runs of the same questions, the newest first, to compare it with."""
    line = sheet.line
    made = " · ".join(f"{say(MADE.get(name, name))} {known(what) or what}" for name, what in line.made.items())
    return (
        f'<div class="evals" data-view="sheet">{back_html()}<h2>{plain(named(line.name))}</h2>'
        f'<p class="about">{plain(moment(line.created))}</p><p>{told_html(sheet.summary)}</p>'
        f"{_figures_html(line)}{_against_html(line, others)}{drawings_html(sheet.drawings)}"
        f"{_worst_html(sheet)}{_measures_html(sheet)}<h3>{tell('How it was measured')}</h3>"
        f'<p class="note">{plain(made)}</p></div>'
    )


def _figures_html(line: Line) -> str:
    """The figures that come first, large."""
    found = {name: mean for name, names in SHOWN.items() if (mean := _first(line.means, names))}
    drawn = [
        f"<div><dt>{tell(name)}</dt><dd>{figures(f'{mean.value:.3f}')}"
        f"<small>{plain(_interval(mean))}, n {figures(f'{mean.n:,}')}</small></dd></div>"
        for name, mean in found.items()
    ]
    if line.time:
        most = tell("95 of 100 under {time}", time=_took(line.time.p95))
        drawn.append(f"<div><dt>{tell('time')}</dt><dd>{_time(line.time.p50)}<small>{most}</small></dd></div>")
    return f'<dl class="figures">{"".join(drawn)}</dl>'


def _against_html(line: Line, others: Sequence[Line]) -> str:
    if not others:
        return ""
    links = ", ".join(
        f'<a href="#evals-versus-{other.id}-{line.id}">{plain(moment(other.created))}</a>' for other in others
    )
    return f'<p class="against">{tell("Compare with the run of")} {links}</p>'


def _worst_html(sheet: Sheet) -> str:
    if not sheet.worst:
        return f"<h3>{tell('Questions that went wrong')}</h3><p>{tell('None.')}</p>"
    asked = "".join(_asked_html(one, sheet.line.id) for one in sheet.worst)
    note = tell("What went wrong first, then by {lead}. Open one to see where it was lost.", lead=_measure(sheet.lead))
    return f'<h3>{tell("Questions that went wrong")}</h3><p class="note">{note}</p><ol class="asked">{asked}</ol>'


def _asked_html(one: Asked, run: str) -> str:
    value = figures(f"{one.value or 0:.2f}")
    rank = tell("first right article at rank {n}", n=one.rank) if one.rank else plain(value)
    why = told_html(one.fault) if one.fault else rank
    said = f"<span>{plain(clipped(one.said))}</span>" if one.said else ""
    return (
        f'<li><a href="#evals-trace-{run}-{one.number}"><b>{plain(one.text)}</b>'
        f"<i>{plain(_kind(one.kind))} · {why}</i></a>{said}</li>"
    )


def _measure(name: str) -> str:
    """What a measure is called: most have the same name everywhere."""
    return known(name) or say(name)


def _kind(name: str) -> str:
    """A kind of question, which whoever made the set has named."""
    return known(name) or name


def _measures_html(sheet: Sheet) -> str:
    rows = [
        (
            _measure(name),
            say(MEANINGS[name]) if name in MEANINGS else "",
            figures(f"{mean.value:.3f}"),
            _interval(mean),
            figures(f"{mean.n:,}"),
        )
        for name, mean in sheet.line.means.items()
    ]
    columns = (say("measure"), say("says"), say("mean"), say("95 % interval"), "n")
    kinds = [
        (_kind(kind), figures(f"{mean.value:.3f}"), _interval(mean), figures(f"{mean.n:,}"))
        for kind, means in sheet.kinds.items()
        if (mean := _first(means, (sheet.lead, "refusal rate")))
    ]
    times = [
        (known(stage) or stage, *(figures(f"{1000 * s:,.0f} ms") for s in (took.p50, took.p95, took.p99)))
        for stage, took in sheet.times.items()
    ]
    lead = say("{measure}, or refused right", measure=_measure(sheet.lead))
    drawn = [
        _folded(say("All measures"), table_html(columns, rows)),
        _folded(
            say("By kind of question"),
            table_html((say("kind"), lead, say("95 % interval"), "n"), kinds) if kinds else "",
        ),
        _folded(
            say("Time of each step"),
            table_html((say("step"), say("median"), say("95 % under"), say("99 % under")), times),
        ),
    ]
    return f"<h3>{tell('In figures')}</h3>{''.join(drawn)}"


def _folded(title: str, table: str) -> str:
    return f'<details><summary>{plain(title)}</summary><div class="wide">{table}</div></details>' if table else ""


def _interval(mean: Mean) -> str:
    low, high = (figures(f"{bound:.3f}").replace("-", "−") for bound in (mean.low, mean.high))
    return say("{low} to {high}", low=low, high=high)


def drawings_html(drawings: Sequence[Drawing]) -> str:
    """The plots, side by side where there is room."""
    if not drawings:
        return ""
    return f'<div class="plots">{"".join(drawing_html(one, str(number)) for number, one in enumerate(drawings))}</div>'


# Two runs ------------------------------------------------------------------------------------------------------------


def versus_html(found: Versus) -> str:
    """Run B against run A: a sentence, the differences with their intervals, and the questions that changed."""
    head = (
        f'<div class="evals" data-view="versus">{back_html()}'
        f"<h2>{tell('{name}: two runs', name=named(found.b.name))}</h2>"
        f"{_side_html('A', found.a)}{_side_html('B', found.b)}"
    )
    if found.incomparable:
        told = f"{tell('They are not compared.')} {told_html(found.incomparable)}"
        return f'{head}<p class="trouble">{told}</p></div>'
    rows = [
        (
            _measure(one.measure), figures(f"{one.a.value:.3f}"), figures(f"{one.b.value:.3f}"),
            figures(f"{one.delta.value:+.3f}").replace("-", "−"), _interval(one.delta), figures(f"{one.p:.3f}"),
            f"+{one.wins} ={one.ties} −{one.losses}", known(one.verdict) or one.verdict,
        )
        for one in found.differences
    ]  # fmt: skip
    columns = (
        say("measure"), "A", "B", "B − A", say("95 % interval"), "p", say("won, tied, lost"), say("verdict"),
    )  # fmt: skip
    note = tell(
        "Paired by question. p: randomization test, corrected for the number of measures. Better or worse only where p "
        "is below .05 and the interval leaves 0 out."
    )
    return (
        f'{head}<p class="said">{told_html(found.summary)}</p><p class="note">{note}</p>'
        f'<div class="wide versus">{table_html(columns, rows)}</div>'
        f"{_turned_html(say('B lost'), found.lost, found)}{_turned_html(say('B won'), found.won, found)}</div>"
    )


def _side_html(letter: str, line: Line) -> str:
    settings = f", {line.made['settings']}" if line.made.get("settings") else ""
    return (
        f'<p class="about"><b>{letter}</b> <a href="#evals-sheet-{line.id}">{plain(moment(line.created))}</a>'
        f"{plain(settings)}</p>"
    )


def _change(one: Turned) -> str:
    return figures(f"{one.a:.2f} → {one.b:.2f}")


def _turned_html(title: str, turned: Sequence[Turned], found: Versus) -> str:
    if not turned:
        return ""
    asked = "".join(
        f'<li><a href="#evals-trace-{found.b.id}-{one.number}"><b>{plain(one.text)}</b>'
        f"<i>{plain(f'{_kind(one.kind)} · {_measure(found.by)} {_change(one)}')}</i></a></li>"
        for one in turned
    )
    return f'<h3>{plain(title)}</h3><ol class="asked">{asked}</ol>'


# Where a question was lost -------------------------------------------------------------------------------------------


def traced_html(found: Traced) -> str:
    """One question: how it went in the run, what became of what answers it, and what was found before it."""
    asked = found.asked
    searched = f"{say('Searched for:')} {found.searched_for}" if found.searched_for != asked.text else ""
    then = told_html(asked.error or asked.fault) or tell("went well")
    notes = "".join(f'<p class="note">{text}</p>' for text in (plain(searched), told_html(found.note)) if text)
    no = tell("By its set, your articles do not answer this question.")
    no = f'<p class="note">{no}</p>' if not asked.answerable else ""
    back = f'<p class="back"><a href="#evals-sheet-{found.line.id}">{plain(moment(found.line.created))}</a></p>'
    return (
        f'<div class="evals" data-view="trace">{back}<h2>{plain(asked.text)}</h2>'
        f'<p class="about">{plain(_kind(asked.kind))} · {tell("in the run:")} {then}</p>{notes}'
        f"{''.join(said_html(title, said) for title, said in _answers(asked.said, found.said))}{no}"
        f"{''.join(map(_wanted_html, found.wanted))}{_found_html(found.found)}</div>"
    )


def _answers(then: str, now: str) -> list[tuple[str, str]]:
    """What was answered, each under its title; one answer where they are the same."""
    if then == now:
        return [(say("Answered, then and now"), now)]
    return [(say("Answered then"), then), (say("Answered now"), now)]


def said_html(title: str, said: str) -> str:
    """An answer under a title; that it was refused, for ""."""
    shown = plain(said) if said else f"<i>{tell('Refused')}</i>"
    return f"<h3>{plain(title)}</h3><blockquote>{shown}</blockquote>"


def _wanted_html(one: Wanted) -> str:
    quote = f"<blockquote>{plain(one.text)}</blockquote>" if one.text else ""
    lost = say("Lost: {why}.", why=known(one.why) or one.why)
    told = lost if one.lost else say("It was found and cited.")
    return (
        f'<h3>{tell("What answers it")}</h3>{quote}<p class="about">{plain(file_name(one.document))}</p>'
        f"{_steps_html(one.lost)}"
        f'<p class="told">{plain(told)} {plain(_ranks(one.ranks, one.final))}</p>'
    )


def _steps_html(lost: str) -> str:
    """The steps in order: those that were passed, the one at which it was lost, and those it never came to."""
    names = list(STEPS)
    at = names.index(lost) if lost in STEPS else len(names)
    kinds = ["passed" if n < at else "lost" if n == at else "ahead" for n in range(len(names))]
    said = {"passed": "✓", "lost": "✗", "ahead": "·"}
    drawn = "".join(
        f'<li class="{kind}"><span aria-hidden="true">{said[kind]}</span> {tell(STEPS[name])}{_aside(kind)}</li>'
        for name, kind in zip(names, kinds, strict=True)
    )
    return f'<ol class="steps">{drawn}</ol>'


def _aside(kind: str) -> str:
    """What a screen reader is told in place of the colour."""
    told = {"lost": later("lost here"), "ahead": later("not reached")}.get(kind)
    return f'<span class="unseen">, {tell(told)}</span>' if told else ""


def _ranks(ranks: Mapping[str, int | None], final: int | None) -> str:
    every = {**ranks, "in the end": final} if ranks else {}
    listed = ", ".join(f"{known(name) or name} {rank or '–'}" for name, rank in every.items())
    return say("Ranks: {ranks}.", ranks=listed) if every else ""


def _found_html(found: Sequence[Found]) -> str:
    if not found:
        return f"<h3>{tell('Found first')}</h3><p>{tell('Nothing was found.')}</p>"
    lines = "".join(
        f'<li><a class="read" href="#read-{one.article}"><b>{plain(one.title)}</b></a>'
        f"<i>{plain(_ranks(one.ranks, one.rank))}</i><span>{plain(clipped(one.text, 240))}</span></li>"
        for one in found
    )
    return f'<h3>{tell("Found first, now")}</h3><ol class="asked found">{lines}</ol>'


# Answers that were marked as wrong -----------------------------------------------------------------------------------


def _marked_html(marks: Sequence[Mark]) -> str:
    if not marks:
        return ""
    left = sum(not mark.verdict for mark in marks)
    said = several(left, "{n} answer to be judged", "{n} answers to be judged") if left else say("all judged")
    return f'<p class="marks"><a href="#evals-marks">{tell("Marked as wrong: {what}", what=said)}</a></p>'
