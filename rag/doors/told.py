"""An answer told as one text, with [n] at its sentences and the sources at its end, and which part rests on what.

It is for programs that draw Markdown. Text of articles is other people's: what would be markup in it is escaped and its
white space is single spaces, so that an article cannot make its reader's client call an address, nor be a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rag.answers import Answer, Citation, Sentence
from rag.exports import code_span, unmarked
from rag.wording import NEAREST, credit, glimpse, heading, missing, refused, reserve, short

_WEB = re.compile("https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rest:
    """That the characters from `start` to `end` of a text rest on this citation."""

    start: int
    end: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as one text, and what rests on what in it."""

    text: str
    rests: tuple[Rest, ...] = ()

    def after(self, before: str) -> Told:
        """The same, with `before` in front of it."""
        by = len(before)
        return Told(before + self.text, tuple(replace(r, start=r.start + by, end=r.end + by) for r in self.rests))


def told(answer: Answer) -> Told:
    """The whole answer or refusal: its sentences, a note, and its sources or the nearest passages."""
    if answer.refusal:
        return Told("\n".join(_refused(answer)))
    over = heading(answer)
    days = {citation.number: short(citation.published) for citation in answer.citations}
    body = _body(answer.sentences, answer.citations, days if over else {})
    if over:
        body = body.after(f"{over}\n")
    sources = "\n".join(["Sources:", *map(_source, answer.citations)])
    return Told("\n\n".join(filter(None, [body.text, unmarked(answer.note, begins=True), sources])), body.rests)


def begun(answer: Answer) -> str:
    """What can be told of an answer that still grows: its first sentences, as far as each rests on a quotation."""
    unsupported = (place for place, sentence in enumerate(answer.sentences) if not sentence.citations)
    return _body(answer.sentences[: next(unsupported, None)], answer.citations, {}).text


def url(citation: Citation) -> str:
    """The address of the article; of a file, a file: address; of what has neither, a name made of the article's id."""
    if _WEB.match(citation.source):
        return citation.source
    path = Path(citation.source)
    return path.as_uri() if path.is_absolute() else f"urn:footnote:{citation.article_id}"


def _body(sentences: Sequence[Sentence], citations: Sequence[Citation], days: Mapping[int, str]) -> Told:
    cited = {citation.number: citation for citation in citations}
    text, rests = "", []
    for sentence in sentences:
        day = days.get(sentence.citations[0]) if sentence.citations else None
        text += ("\n" if text else "") + (f"{day}: " if day else "")
        start, text = len(text), text + unmarked(sentence.text, begins=not day)
        rests += [Rest(start, len(text), cited[number]) for number in sentence.citations]
        numbers = "".join(f"[{number}]" for number in sentence.citations)
        behind = (numbers, f"({reserve(sentence)})" if reserve(sentence) else "")
        text += "".join(f" {said}" for said in behind if said)
    return Told(text, tuple(rests))


def _source(citation: Citation) -> str:
    said = unmarked(f"{credit(citation)}: “{' '.join(citation.quote.split())}”")
    return f"[{citation.number}] {said} ({code_span(citation.source)})"


def _refused(answer: Answer) -> Iterator[str]:
    yield " ".join(filter(None, [refused(answer), missing(answer)]))
    if answer.hits:
        yield "\nNearest passages:"
    for hit in answer.hits[:NEAREST]:
        text = "".join(glimpse(answer, hit))
        yield "- " + unmarked(f"{hit.article.title} ({short(hit.article.published)}): {text}", begins=True)
