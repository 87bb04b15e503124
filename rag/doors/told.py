"""An answer told as one text, with [n] at its sentences and the sources at its end, and which part rests on what.

It is for programs that draw Markdown. Text of articles is other people's: what would load a picture, be a link or be
markup in it is escaped, so that an article cannot make its reader's client call an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.printable import visible
from rag.answers import Answer, Citation, Refusal, Sentence
from rag.wording import NEAREST, SAYINGS, credit, glimpse, heading, reserve, short

_MARKUP = re.compile(r"(?<=!)\[|(?<=\])\(|(?<=\])\[|<(?=[A-Za-z/!?])")


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
        return Told("\n".join(_refused(answer, answer.refusal)))
    over = heading(answer)
    days = {citation.number: short(citation.published) for citation in answer.citations}
    body = _body(answer.sentences, answer.citations, days if over else {})
    if over:
        body = body.after(f"{over}\n")
    sources = "\n".join(["Sources:", *map(_source, answer.citations)])
    return Told("\n\n".join(filter(None, [body.text, answer.note, sources])), body.rests)


def begun(answer: Answer) -> str:
    """What can be told of an answer that still grows: its first sentences, as far as each rests on a quotation."""
    unsupported = (place for place, sentence in enumerate(answer.sentences) if not sentence.citations)
    return _body(answer.sentences[: next(unsupported, None)], answer.citations, {}).text


def url(citation: Citation) -> str:
    """The address of the article; of a file, a file: address."""
    path = Path(citation.source)
    return path.as_uri() if path.is_absolute() else citation.source


def inert(text: str) -> str:
    r"""The text with a backslash before what Markdown would draw as a picture, a link or a tag: `!\[x](y)`."""
    return _MARKUP.sub(lambda found: "\\" + found[0], visible(text))


def _body(sentences: Sequence[Sentence], citations: Sequence[Citation], days: Mapping[int, str]) -> Told:
    cited = {citation.number: citation for citation in citations}
    text, rests = "", []
    for sentence in sentences:
        day = days.get(sentence.citations[0]) if sentence.citations else None
        text += ("\n" if text else "") + (f"{day}: " if day else "")
        start, text = len(text), text + inert(sentence.text)
        rests += [Rest(start, len(text), cited[number]) for number in sentence.citations]
        numbers = "".join(f"[{number}]" for number in sentence.citations)
        behind = (numbers, f"({reserve(sentence)})" if reserve(sentence) else "")
        text += "".join(f" {said}" for said in behind if said)
    return Told(text, tuple(rests))


def _source(citation: Citation) -> str:
    return inert(f"[{citation.number}] {credit(citation)}: “{' '.join(citation.quote.split())}” ({citation.source})")


def _refused(answer: Answer, refusal: Refusal) -> Iterator[str]:
    yield SAYINGS[refusal]
    if answer.hits:
        yield "\nNearest passages:"
    for hit in answer.hits[:NEAREST]:
        text = "".join(glimpse(answer, hit))
        yield inert(f"- {hit.article.title} ({short(hit.article.published)}): {text}")
