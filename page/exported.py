"""A conversation as one HTML file to take along: it needs nothing else, runs nothing and asks for nothing."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from index.records import Article, Hit
from page.chat import glimpse_html, marked_html
from page.words import plain
from rag.answers import Answer, Citation, Sentence
from rag.conversations import Turn
from rag.exports import UNTITLED, about, cited, searched, text_sha256
from rag.wording import NEAREST, heading, refused, reserve, short

STYLE = Path(__file__).parent / "exported.css"


def exported_html(title: str, turns: Sequence[Turn]) -> str:
    """The whole file. Text of others is escaped, and a policy in it forbids what escaping would have let through."""
    style, name = _style(), plain(title or UNTITLED)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{name}</title>\n<style>{style}</style>\n</head>\n<body>\n<h1>{name}</h1>\n"
        + "".join(f"{turn_html(turn)}\n" for turn in turns)
        + "</body>\n</html>\n"
    )


def turn_html(turn: Turn) -> str:
    """A question with its answer, or with why that cannot be read."""
    said = _answer_html(turn.number, turn.answer) if turn.answer else f"<p>{plain(turn.trouble)}</p>"
    return f"<section><h2>{plain(turn.question or UNTITLED)}</h2>{said}</section>"


def _answer_html(number: int, answer: Answer) -> str:
    drawn = _refusal_html(answer) if answer.refusal else _quoted_html(number, answer)
    note = f"<p>{plain(answer.note)}</p>" if answer.note else ""
    return f'{note}{drawn}<p class="searched">{plain(searched(answer))}</p>'


def _quoted_html(number: int, answer: Answer) -> str:
    sentences = [_sentence_html(number, sentence) for sentence in answer.sentences]
    said = f"<p>{' '.join(sentences)}</p>"
    if over := heading(answer):
        days = {citation.number: short(citation.published) for citation in answer.citations}
        rows = [
            f"<li>{plain(days[s.citations[0]])}: {drawn}</li>" if s.citations else f"<li>{drawn}</li>"
            for s, drawn in zip(answer.sentences, sentences, strict=True)
        ]
        said = f"<p>{plain(over)}</p><ul>{''.join(rows)}</ul>"
    articles = cited(answer)
    return f"{said}<ol>{''.join(_note_html(number, c, articles[c.number]) for c in answer.citations)}</ol>"


def _sentence_html(number: int, sentence: Sentence) -> str:
    links = "".join(f'<a href="#note-{number}-{n}">&#91;{n}&#93;</a>' for n in sentence.citations)
    remark = f" <small>({plain(reserve(sentence))})</small>" if reserve(sentence) else ""
    return f"{marked_html(sentence)}{'&#160;' if links else ''}{links}{remark}"


def _note_html(number: int, citation: Citation, article: Article) -> str:
    """A footnote: the quote, and all that is needed to find and to check it."""
    return (
        f'<li id="note-{number}-{citation.number}"><blockquote>“{plain(citation.quote)}”</blockquote>'
        f'<span class="about"><b>{plain(citation.title or UNTITLED)}</b>, {plain(about(citation))}</span>'
        f'<span class="about">{_source_html(citation.source)}, characters {citation.start}–{citation.end}</span>'
        f'<span class="about">SHA-256 of the article’s text: <code>{text_sha256(article)}</code></span></li>'
    )


def _source_html(source: str) -> str:
    """Where the article was; an address of the web may be followed, and no other."""
    if not re.match(r"https?://", source):
        return f"<code>{plain(source)}</code>"
    return f'<a href="{plain(source)}" rel="noopener noreferrer">{plain(source)}</a>'


def _refusal_html(answer: Answer) -> str:
    near = "".join(f"<li>{glimpse_html(answer, hit)}{_passage_html(hit)}</li>" for hit in answer.hits[:NEAREST])
    said = f"<p>{plain(refused(answer))}</p>"
    return said + (f"<p>Nearest passages:</p><ul>{near}</ul>" if near else "")


def _passage_html(hit: Hit) -> str:
    article, place = hit.article, f"characters {hit.passage.start}–{hit.passage.end}"
    return (
        f'<span class="about"><b>{plain(article.title or UNTITLED)}</b>, {plain(short(article.published))}</span>'
        f'<span class="about">{_source_html(article.source)}, {place}</span>'
    )


@cache
def _style() -> str:
    return STYLE.read_text(encoding="utf-8")
