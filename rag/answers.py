"""Question, Draft, Citation, Answer, Refusal: what flows through the chain and what every front shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from index.candidates import Only
from index.records import Copy, Hit, Overview
from rag.named import Implied


class Refusal(StrEnum):
    """Why there is no answer. These are expected outcomes, not errors.

    UNCLEAR is less than NOT_SUPPORTED: one of the nearest passages may answer, and it is not sure enough to be quoted.
    """

    NO_ARTICLES = "no_articles"
    NOTHING_FOUND = "nothing_found"
    NOT_SUPPORTED = "not_supported"
    UNCLEAR = "unclear"


class Doubt(StrEnum):
    """What of a sentence is not in the quotes under it: a number, a day, a name, a "not", or what it says at all."""

    NUMBER = "number"
    DAY = "day"
    NAME = "name"
    NEGATION = "negation"
    MEANING = "meaning"


@dataclass(frozen=True, slots=True)
class Question:
    """A question as asked. `earlier` holds the conversation's earlier questions, oldest first; `only` is kept to."""

    text: str
    earlier: tuple[str, ...] = ()
    asked_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    only: Only = field(default_factory=Only)


@dataclass(frozen=True, slots=True)
class Quote:
    """A claim that `text` stands in the passage `passage_id`. Not yet verified.

    `start` is where in the article, for a text that may stand in the passage more than once; without it, the first.
    """

    passage_id: str
    text: str
    start: int | None = None


# Where in a sentence the short answer stands: (start, end), characters of its text.
Mark = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the answer would stand in a passage, were it one: offsets in the article, within the passage."""

    passage_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """One sentence that a reader or writer proposes, with the quotes it claims to rest on.

    `doubt` is what they do not carry of it.
    """

    text: str
    quotes: tuple[Quote, ...]
    mark: Mark | None = None
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a reader or writer says, unverified; `refusal` when it found nothing to say.

    `confidence` is how sure it is that the passages answer the question, from 0 to 1, and what it refuses by; also of
    a refusal. None when it does not say. `spots` are where the answer would stand in the passages
    that it read, in the order that it would have them in. `differing` says that the sentences disagree on a number or a
    day. `pending` is the beginning of a sentence that is still being written; `prompt` the digest of the prompt it was
    written by, and `note` what whoever reads the answer should know of how it came about, "" for none. `heading` stands
    over sentences that are a list, each with the day of its article. An `early` one is of the first passages alone,
    while others are read: the next may say something else.
    """

    sentences: tuple[DraftSentence, ...]
    produced_by: str
    refusal: Refusal | None = None
    confidence: float | None = None
    spots: tuple[Spot, ...] = ()
    differing: bool = False
    pending: str = ""
    prompt: str = ""
    note: str = ""
    heading: str = ""
    early: bool = False


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote that stands in an article: `article.text[start:end] == quote`. Only rag.citations.verify makes one.

    `also` are the places where the passage was published too, in these or nearly these words.
    """

    number: int
    passage_id: str
    article_id: str
    revision: str
    start: int
    end: int
    quote: str
    title: str
    source: str
    author: str | None
    published: date | None
    heading: str
    page: int | None
    also: tuple[Copy, ...] = ()


@dataclass(frozen=True, slots=True)
class Nearby:
    """A passage that was found for a question and is not in its answer: of what article it is, and where it stands.

    `said` is a piece of it, and `text` the digest of the article's text.
    """

    article: str
    source: str
    url: str | None
    title: str
    published: date | None
    language: str | None
    text: str
    passage: str
    start: int
    end: int
    said: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer, with the numbers of the citations under it; none means it is unsupported.

    `mark` is where the short answer stands in it, if it holds one. `doubt` is what the quotes under it do not carry;
    of a sentence that is itself a quote there is none.
    """

    text: str
    citations: tuple[int, ...]
    mark: Mark | None = None
    doubt: Doubt | None = None

    @property
    def short(self) -> str:
        """The text that is marked, "" where nothing is."""
        return self.text[slice(*self.mark)] if self.mark else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What every front shows, and enough to check it: the hits carry the articles as they were when it was made.

    `timings` maps a stage to seconds. When `refusal` is set there are no sentences, and `hits` are the nearest
    passages, with the `spots` in them that come nearest to an answer. `confidence` and `differing` are the draft's.
    `implied` is what the question says of the articles that are meant: those were preferred, and the others were not
    left out. One that is still being written is not `done`, and `pending` is the beginning of its next sentence; only
    the last of a stream is to be kept. `prompt`, `note`, `heading` and `early` are the draft's. `unknown` are the words
    of the question that stand in no article. Of what is shown (rag.stored.shown), `nearby` is what else was found, and
    `offers` are questions that may be asked next.
    """

    question: Question
    searched_for: str
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    searched: Overview
    produced_by: str
    refusal: Refusal | None = None
    timings: Mapping[str, float] = field(default_factory=dict)
    confidence: float | None = None
    implied: Implied = field(default_factory=Implied)
    differing: bool = False
    spots: tuple[Spot, ...] = ()
    done: bool = True
    pending: str = ""
    prompt: str = ""
    note: str = ""
    heading: str = ""
    unknown: tuple[str, ...] = ()
    early: bool = False
    nearby: tuple[Nearby, ...] = ()
    offers: tuple[str, ...] = ()

    @property
    def begun(self) -> bool:
        """Whether there is anything of it that will stay; before, it says what is searched."""
        return bool(self.done or ((self.sentences or self.pending) and not self.early))

    @property
    def short(self) -> str:
        """The short answer: what is marked in the first sentence that has a mark, "" where none has."""
        return next((sentence.short for sentence in self.sentences if sentence.mark), "")

    def spot(self, hit: Hit) -> tuple[int, int]:
        """Where in the text of a passage the answer would stand; (0, 0) where nothing is known of it."""
        base = hit.passage.start
        return next(((s.start - base, s.end - base) for s in self.spots if s.passage_id == hit.passage.id), (0, 0))


def as_json(answer: Answer) -> dict[str, Any]:
    """The answer as plain JSON values: dates in ISO 8601, hits without the article's full text."""
    return {
        "question": answer.question.text,
        "earlier": list(answer.question.earlier),
        "asked_at": answer.question.asked_at.isoformat(),
        "only": {
            "source": answer.question.only.source,
            "author": answer.question.only.author,
            "first": iso(answer.question.only.first),
            "last": iso(answer.question.only.last),
        },
        "searched_for": answer.searched_for,
        "short": answer.short,
        "sentences": [
            {
                "text": s.text,
                "citations": list(s.citations),
                "mark": list(s.mark) if s.mark else None,
                "doubt": s.doubt.value if s.doubt else None,
            }
            for s in answer.sentences
        ],
        "done": answer.done,
        "pending": answer.pending,
        "note": answer.note,
        "heading": answer.heading,
        "differing": answer.differing,
        "citations": [_citation_as_json(c) for c in answer.citations],
        "refusal": answer.refusal.value if answer.refusal else None,
        "confidence": answer.confidence,
        "hits": [_hit_as_json(hit) for hit in answer.hits],
        "spots": [{"passage": s.passage_id, "start": s.start, "end": s.end} for s in answer.spots],
        "searched": {
            "articles": answer.searched.articles,
            "passages": answer.searched.passages,
            "first": iso(answer.searched.first),
            "last": iso(answer.searched.last),
            "undated": answer.searched.undated,
            "generation": answer.searched.generation,
        },
        "implied": {
            "publishers": list(answer.implied.publishers),
            "authors": list(answer.implied.authors),
            "periods": [{"words": p.words, "first": iso(p.first), "last": iso(p.last)} for p in answer.implied.periods],
        },
        "produced_by": answer.produced_by,
        "prompt": answer.prompt,
        "unknown": list(answer.unknown),
        "timings": dict(answer.timings),
    }


def _citation_as_json(c: Citation) -> dict[str, Any]:
    return {
        "number": c.number,
        "article": c.article_id,
        "revision": c.revision,
        "passage": c.passage_id,
        "source": c.source,
        "title": c.title,
        "author": c.author,
        "published": iso(c.published),
        "heading": c.heading,
        "page": c.page,
        "start": c.start,
        "end": c.end,
        "quote": c.quote,
        "also": [{"source": a.source, "title": a.title, "published": iso(a.published), "url": a.url} for a in c.also],
    }


def iso(day: date | None) -> str | None:
    """The day in ISO 8601, None where it is not known."""
    return day.isoformat() if day else None


def _hit_as_json(hit: Hit) -> dict[str, Any]:
    return {
        "article": hit.article.id,
        "source": hit.article.source,
        "title": hit.article.title,
        "published": iso(hit.article.published),
        "passage": hit.passage.id,
        "start": hit.passage.start,
        "end": hit.passage.end,
        "text": hit.passage.text,
        "score": hit.score,
        "found_by": hit.found_by,
    }
