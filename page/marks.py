"""Answers that were marked as wrong: the list of them, and one of them with the ways to say what is right."""

from __future__ import annotations

from collections.abc import Sequence

from page.evals import back_html, said_html
from page.language import say, short
from page.phrases import narrowed
from page.words import plain, tell
from rag.measured import Mark, Place


def marks_html(marks: Sequence[Mark]) -> str:
    """The marked answers, those that are to be judged first."""
    head = f'<div class="evals" data-view="marks">{back_html()}<h2>{tell("Marked as wrong")}</h2>'
    if not marks:
        return f"{head}<p>{tell('Nothing is marked.')}</p></div>"
    lines = "".join(
        f'<li><a href="#evals-mark-{mark.id}"><b>{plain(mark.question)}</b>'
        f"<i>{plain(' · '.join(filter(None, [standing(mark), short(mark.asked), mark.note])))}</i></a></li>"
        for mark in sorted(marks, key=lambda mark: bool(mark.verdict))
    )
    note = tell("Say what is right, and a marked answer becomes a question that each run asks.")
    return f'{head}<p class="note">{note}</p><ol class="asked">{lines}</ol></div>'


def standing(mark: Mark) -> str:
    """How a marked question stands."""
    if not mark.verdict:
        return say("to be judged")
    return say("your articles do not say") if mark.verdict == "unanswerable" else say("your articles say")


def mark_html(mark: Mark, places: Sequence[Place]) -> str:
    """A marked answer, and the three ways to say what is right: a text, a sentence, or that the articles do not say."""
    quotes = "".join(f"<li>{plain(quote)}<i>{plain(title)}</i></li>" for title, quote in mark.cited)
    cited = f'<ul class="cited">{quotes}</ul>' if quotes else ""
    searched = f"{say('Searched for:')} {mark.searched_for}" if mark.searched_for != mark.question else ""
    asked = " · ".join(filter(None, [say("asked on {day}", day=short(mark.asked)), narrowed(mark.only)]))
    back = f'<p class="back"><a href="#evals-marks">{tell("Marked as wrong")}</a></p>'
    return (
        f'<div class="evals" data-view="mark">{back}<h2>{plain(mark.question)}</h2>'
        f'<p class="about">{plain(asked)}</p><p class="note">{plain(searched)}</p>'
        f"{said_html(say('Answered'), mark.said)}{cited}{_note_html(mark)}"
        f"{_verdict_html(mark) if mark.verdict else _judge_html(mark, places)}"
        f'<p class="acts"><a class="act" href="#evals-drop-{mark.id}">{tell("Take it out")}</a></p></div>'
    )


def _note_html(mark: Mark) -> str:
    names = f'aria-label="{tell("Note")}" placeholder="{tell("A note, if you like")}"'
    field = f'<input id="noted" {names} value="{plain(mark.note)}">'
    return f'<p class="field">{field}<a class="act" href="#evals-note-{mark.id}">{tell("Keep the note")}</a></p>'


def _verdict_html(mark: Mark) -> str:
    quotes = "".join(f"<blockquote>{plain(text)}</blockquote>" for _, text in mark.places)
    answer = f"<p>{plain(mark.answer)}</p>" if mark.answer else ""
    return (
        f'<h3>{tell("What is right")}</h3><p class="told">{_verdict(mark)}</p>{answer}{quotes}'
        f'<p class="acts"><a class="act" href="#evals-again-{mark.id}">{tell("Judge again")}</a></p>'
    )


def _verdict(mark: Mark) -> str:
    return tell("Your articles do not say.") if mark.verdict == "unanswerable" else tell("Your articles say.")


def _judge_html(mark: Mark, places: Sequence[Place]) -> str:
    names = f'aria-label="{tell("The right answer")}" placeholder="{tell("The right answer, as your articles say it")}"'
    field = f'<input id="right" {names}>'
    lines = "".join(
        f"<li><b>{plain(place.title)}</b> <i>{plain(short(place.published))}</i>"
        f"<ul>{_sentences_html(mark, place)}</ul></li>"
        for place in places
    )
    choose = tell("Or choose the sentence that answers:")
    found = f'<p>{choose}</p><ol class="places">{lines}</ol>' if places else ""
    return (
        f"<h3>{tell('What is right?')}</h3>"
        f'<p class="field">{field}<a class="run" href="#evals-right-{mark.id}">{tell("Keep")}</a></p>'
        f'<p><a class="act" href="#evals-none-{mark.id}">{tell("My articles do not say")}</a></p>{found}'
    )


def _sentences_html(mark: Mark, place: Place) -> str:
    return "".join(
        f'<li><a href="#evals-gold-{mark.id}-{place.number}-{number}">{plain(text)}</a></li>'
        for number, text in enumerate(place.sentences)
    )
