"""Answers that were marked as wrong: the list of them, and one of them with the ways to say what is right."""

from __future__ import annotations

from collections.abc import Sequence

from page.evals import BACK, said_html
from page.words import plain
from rag.measured import Mark, Place
from rag.wording import short

# How a question that is to be judged stands.
TO_JUDGE = "to be judged"


def marks_html(marks: Sequence[Mark]) -> str:
    """The marked answers, those that are to be judged first."""
    if not marks:
        return f'<div class="evals" data-view="marks">{BACK}<h2>Marked as wrong</h2><p>Nothing is marked.</p></div>'
    lines = "".join(
        f'<li><a href="#evals-mark-{mark.id}"><b>{plain(mark.question)}</b>'
        f"<i>{plain(' · '.join(filter(None, [standing(mark), short(mark.asked), mark.note])))}</i></a></li>"
        for mark in sorted(marks, key=lambda mark: bool(mark.verdict))
    )
    note = "Say what is right, and a marked answer becomes a question that each run asks."
    return (
        f'<div class="evals" data-view="marks">{BACK}<h2>Marked as wrong</h2><p class="note">{plain(note)}</p>'
        f'<ol class="asked">{lines}</ol></div>'
    )


def standing(mark: Mark) -> str:
    """How a marked question stands."""
    if not mark.verdict:
        return TO_JUDGE
    return "your articles do not say" if mark.verdict == "unanswerable" else "your articles say"


def mark_html(mark: Mark, places: Sequence[Place]) -> str:
    """A marked answer, and the three ways to say what is right: a text, a sentence, or that the articles do not say."""
    quotes = "".join(f"<li>{plain(quote)}<i>{plain(title)}</i></li>" for title, quote in mark.cited)
    cited = f'<ul class="cited">{quotes}</ul>' if quotes else ""
    searched = f"Searched for: {mark.searched_for}" if mark.searched_for != mark.question else ""
    back = '<p class="back"><a href="#evals-marks">Marked as wrong</a></p>'
    return (
        f'<div class="evals" data-view="mark">{back}<h2>{plain(mark.question)}</h2>'
        f'<p class="about">asked on {plain(short(mark.asked))}</p><p class="note">{plain(searched)}</p>'
        f"{said_html('Answered', mark.said)}{cited}{_note_html(mark)}"
        f"{_verdict_html(mark) if mark.verdict else _judge_html(mark, places)}"
        f'<p class="acts"><a class="act" href="#evals-drop-{mark.id}">Take it out</a></p></div>'
    )


def _note_html(mark: Mark) -> str:
    field = f'<input id="noted" aria-label="Note" placeholder="A note, if you like" value="{plain(mark.note)}">'
    return f'<p class="field">{field}<a class="act" href="#evals-note-{mark.id}">Keep the note</a></p>'


def _verdict_html(mark: Mark) -> str:
    quotes = "".join(f"<blockquote>{plain(text)}</blockquote>" for _, text in mark.places)
    answer = f"<p>{plain(mark.answer)}</p>" if mark.answer else ""
    return (
        f'<h3>What is right</h3><p class="told">{plain(standing(mark).capitalize())}.</p>{answer}{quotes}'
        f'<p class="acts"><a class="act" href="#evals-again-{mark.id}">Judge again</a></p>'
    )


def _judge_html(mark: Mark, places: Sequence[Place]) -> str:
    field = '<input id="right" aria-label="The right answer" placeholder="The right answer, as your articles say it">'
    lines = "".join(
        f"<li><b>{plain(place.title)}</b> <i>{plain(short(place.published))}</i>"
        f"<ul>{_sentences_html(mark, place)}</ul></li>"
        for place in places
    )
    found = f'<p>Or choose the sentence that answers:</p><ol class="places">{lines}</ol>' if places else ""
    return (
        f'<h3>What is right?</h3><p class="field">{field}<a class="run" href="#evals-right-{mark.id}">Keep</a></p>'
        f'<p><a class="act" href="#evals-none-{mark.id}">My articles do not say</a></p>{found}'
    )


def _sentences_html(mark: Mark, place: Place) -> str:
    return "".join(
        f'<li><a href="#evals-gold-{mark.id}-{place.number}-{number}">{plain(text)}</a></li>'
        for number, text in enumerate(place.sentences)
    )
