"""A conversation as one HTML file to take along: it needs nothing else, runs nothing and asks for nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from datetime import UTC
from functools import cache
from pathlib import Path

from index.records import Article, Hit
from page.chat import glimpse_html, languages, marked_html
from page.language import language, say, short
from page.phrases import about, looked_through
from page.words import lang_html, plain, tell, told_html
from rag.answers import Answer, Citation, Sentence
from rag.conversations import Turn
from rag.exports import cited, text_sha256
from rag.wording import NEAREST, heading, refused, reserve

STYLE = Path(__file__).parent / "exported.css"


def exported_html(title: str, turns: Sequence[Turn]) -> str:
    """The whole file. Text of others is escaped, and a policy in it forbids what escaping would have let through."""
    style, name = _style(), plain(title or say("Untitled"))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        f'<!doctype html>\n<html lang="{language()}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{name}</title>\n<style>{style}</style>\n</head>\n<body>\n<h1>{name}</h1>\n"
        + "".join(f"{turn_html(turn)}\n" for turn in turns)
        + "</body>\n</html>\n"
    )


def turn_html(turn: Turn) -> str:
    """A question with its answer, or with why that cannot be read."""
    said = _answer_html(turn.number, turn.answer) if turn.answer else f"<p>{told_html(turn.trouble)}</p>"
    return f"<section><h2>{plain(turn.question or say('Untitled'))}</h2>{said}</section>"


def _answer_html(number: int, answer: Answer) -> str:
    drawn = _refusal_html(answer) if answer.refusal else _quoted_html(number, answer)
    note = f"<p>{told_html(answer.note)}</p>" if answer.note else ""
    return f'{note}{drawn}<p class="searched">{plain(_searched(answer))}</p>'


def _searched(answer: Answer) -> str:
    """When it was asked, what was searched and for what, and what wrote the answer."""
    fields = {
        "day": short(answer.question.asked_at.astimezone(UTC).date()),
        "what": looked_through(answer.searched),
        "by": answer.produced_by,
    }
    if answer.searched_for == answer.question.text:
        return say("Asked on {day}; searched {what}; answered by {by}.", **fields)
    return say("Asked on {day}; searched {what}, for “{query}”; answered by {by}.", query=answer.searched_for, **fields)


def _quoted_html(number: int, answer: Answer) -> str:
    spoken = languages(answer)
    told = {citation.number: spoken.get(citation.passage_id) for citation in answer.citations}
    sentences = [_sentence_html(number, sentence, told) for sentence in answer.sentences]
    said = f"<p>{' '.join(sentences)}</p>"
    if over := heading(answer):
        days = {citation.number: short(citation.published) for citation in answer.citations}
        rows = [
            f"<li>{plain(days[s.citations[0]])}: {drawn}</li>" if s.citations else f"<li>{drawn}</li>"
            for s, drawn in zip(answer.sentences, sentences, strict=True)
        ]
        said = f"<p>{told_html(over)}</p><ul>{''.join(rows)}</ul>"
    articles = cited(answer)
    return f"{said}<ol>{''.join(_note_html(number, c, articles[c.number]) for c in answer.citations)}</ol>"


def _sentence_html(number: int, sentence: Sentence, spoken: dict[int, str | None]) -> str:
    links = "".join(f'<a href="#note-{number}-{n}">&#91;{n}&#93;</a>' for n in sentence.citations)
    remark = f" <small>({told_html(reserve(sentence))})</small>" if reserve(sentence) else ""
    lang = lang_html(spoken[sentence.citations[0]]) if sentence.citations else ""
    text = f"<span{lang}>{marked_html(sentence)}</span>" if lang else marked_html(sentence)
    return f"{text}{'&#160;' if links else ''}{links}{remark}"


def _note_html(number: int, citation: Citation, article: Article) -> str:
    """A footnote: the quote, and all that is needed to find and to check it."""
    lang = lang_html(article.language)
    return (
        f'<li id="note-{number}-{citation.number}"><blockquote{lang}>“{plain(citation.quote)}”</blockquote>'
        f'<span class="about"><b{lang}>{plain(citation.title or say("Untitled"))}</b>, {plain(about(citation))}</span>'
        f'<span class="about">{_source_html(citation.source)}, {_characters(citation.start, citation.end)}</span>'
        f'<span class="about">{tell("SHA-256 of the article’s text:")} <code>{text_sha256(article)}</code></span></li>'
    )


def _characters(start: int, end: int) -> str:
    return tell("characters {start}–{end}", start=start, end=end)


def _source_html(source: str) -> str:
    """Where the article was; an address of the web may be followed, and no other."""
    if not re.match(r"https?://", source):
        return f"<code>{plain(source)}</code>"
    return f'<a href="{plain(source)}" rel="noopener noreferrer">{plain(source)}</a>'


def _refusal_html(answer: Answer) -> str:
    near = "".join(f"<li>{_glimpse(answer, hit)}{_passage_html(hit)}</li>" for hit in answer.hits[:NEAREST])
    said = f"<p>{told_html(refused(answer))}</p>"
    return said + (f"<p>{tell('Nearest passages:')}</p><ul>{near}</ul>" if near else "")


def _glimpse(answer: Answer, hit: Hit) -> str:
    drawn, lang = glimpse_html(answer, hit), lang_html(hit.article.language)
    return f"<span{lang}>{drawn}</span>" if lang else drawn


def _passage_html(hit: Hit) -> str:
    article, place = hit.article, _characters(hit.passage.start, hit.passage.end)
    lang = lang_html(article.language)
    return (
        f'<span class="about"><b{lang}>{plain(article.title or say("Untitled"))}</b>, '
        f"{plain(short(article.published))}</span>"
        f'<span class="about">{_source_html(article.source)}, {place}</span>'
    )


@cache
def _style() -> str:
    return STYLE.read_text(encoding="utf-8")
