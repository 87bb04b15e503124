"""Reads the passages that were found and drafts an answer of verbatim sentences, or says that they do not hold one.

No language model: each sentence of the passages is weighed against the question by meaning, by words and by whether it
holds the kind of thing that is asked for. The seam for a better reader is `Reader`: question and hits in, a Draft out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from index.embedder import Vectors
from index.lexical import stem, terms
from index.records import Hit
from index.search import Index
from index.sentences import sentences
from rag.answers import Draft, DraftSentence, Quote, Refusal
from rag.followups import Query

NAME = "sentences"
# How many passages are read. Each costs some 8 sentences to embed, about 20 ms on two cores.
PASSAGES = 6
MAX_SENTENCES = 3
# A further sentence is added when it has this share of the best one's support, and says something else. From .9 to .4
# the answer was among the sentences more often (.66 to .83 of 94 news questions) and they were right less often (.60 to
# .51 of them).
CLOSE = 0.6
SAME = 0.85
# Shorter ones are captions and headings, longer ones tables and lists that a splitter took for a sentence.
MIN_CHARACTERS, MAX_CHARACTERS = 20, 800


class Reader(Protocol):
    """What the chain needs of a reader."""

    def read(self, query: Query | str, hits: Sequence[Hit]) -> Draft:
        """A draft whose quotes stand in the hits, or one with a refusal."""


@runtime_checkable
class EarlyReader(Reader, Protocol):
    """A reader that can say something before it has read everything."""

    def drafts(self, query: Query | str, hits: Sequence[Hit]) -> Iterator[Draft]:
        """The draft that `read` gives, and before it none or some that are `early`."""


def drafts(reader: Reader, query: Query, hits: Sequence[Hit]) -> Iterator[Draft]:
    """What the reader says, as soon as it says anything."""
    if isinstance(reader, EarlyReader):
        yield from reader.drafts(query, hits)
    else:
        yield reader.read(query, hits)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a sentence as the answer; all between 0 and 1, higher is better.

    `similar` is the cosine of question and sentence, `covered` the share of the question's words in it, by rarity,
    `ranked` the score of its passage among those found, and `kind` whether it holds the kind of thing that is asked
    for: 1, 0, or 0.5 where the question does not say.
    """

    similar: float
    covered: float
    ranked: float
    kind: float

    def values(self) -> tuple[float, ...]:
        """The numbers in the order of the weights below."""
        return self.similar, self.covered, self.ranked, self.kind


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a passage: `start` and `end` are offsets in the article."""

    hit: Hit
    start: int
    end: int

    @property
    def text(self) -> str:
        """The sentence, verbatim."""
        return self.hit.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A candidate with its evidence and its vector, float32 (dimension,), of length 1."""

    candidate: Candidate
    evidence: Evidence
    vector: Vectors


# The odds that a sentence answers are exp(BIAS + WEIGHTS . evidence). Fitted on 25 November 2026 by
# `python -m benchmarks.calibrate`; docs/measurements.md has the sets, the counts, and how it does on questions that it
# was not fitted on. Tried, and no help: embedding the sentence with its title or its neighbours, the words around it,
# its length.
WEIGHTS = (0.67, 2.72, 6.45, 1.38)
BIAS = -9.67
# When no sentence comes this close to the question, the articles do not say. Swept from .2 to .6 in the same run: .45
# refused none of 126 answerable news questions and 1.1 % of 183 of SQuAD's, and 38 % of 274 news questions that nothing
# answers. It belongs to the packaged embedding model.
THRESHOLD = 0.45
# Half of the question's words in one sentence are as close as THRESHOLD, whatever the model makes of them.
WORDS = 0.9


class SentenceReader:
    """The reader that needs no model beside the index's embedding model. Safe to share between threads."""

    def __init__(self, index: Index, threshold: float = THRESHOLD, passages: int = PASSAGES) -> None:
        self._index = index
        self._threshold = threshold
        self._passages = passages

    def read(self, query: Query | str, hits: Sequence[Hit]) -> Draft:
        """The best sentences, verbatim, the best first. A refusal when there are none or none comes close."""
        question = str(query)
        if not hits:
            return Draft((), NAME, Refusal.NOTHING_FOUND, confidence=0.0)
        weighed = sorted(self.weigh(question, hits), key=lambda w: -support(w.evidence))
        nearest = max((closeness(w.evidence) for w in weighed), default=0.0)
        if not weighed or nearest < self._threshold:
            return Draft((), NAME, Refusal.NOT_SUPPORTED, nearest)
        return Draft(tuple(_quoted(w.candidate) for w in chosen(weighed)), NAME, confidence=nearest)

    def weigh(self, question: str, hits: Sequence[Hit]) -> list[Weighed]:
        """Every sentence of the passages that are read with its evidence, in the order of the hits."""
        found = candidates(hits[: self._passages])
        if not found:
            return []
        rare = rarity(self._index, question)
        vectors = self._index.embedder.embed_sentences([c.text for c in found])
        similar = vectors @ self._index.embedder.embed_question(question)
        return [
            Weighed(candidate, evidence(question, candidate, rare, float(cosine)), vector)
            for candidate, cosine, vector in zip(found, similar, vectors, strict=True)
        ]


def support(found: Evidence) -> float:
    """How likely a sentence with this evidence answers the question, from 0 to 1."""
    return 1 / (1 + math.exp(-BIAS - sum(w * x for w, x in zip(WEIGHTS, found.values(), strict=True))))


def closeness(found: Evidence) -> float:
    """How near a sentence comes to the question, by meaning or by words, from 0 to 1."""
    return max(found.similar, WORDS * found.covered)


def candidates(hits: Sequence[Hit]) -> list[Candidate]:
    """The sentences of the passages, each once although neighbouring passages overlap."""
    found: dict[tuple[str, int, int], Candidate] = {}
    for hit in hits:
        for a, b in sentences(hit.passage.text, hit.article.language):
            start, end = hit.passage.start + a, hit.passage.start + b
            if MIN_CHARACTERS <= end - start <= MAX_CHARACTERS:
                found.setdefault((hit.article.id, start, end), Candidate(hit, start, end))
    return list(found.values())


def evidence(question: str, candidate: Candidate, rare: Mapping[str, float], cosine: float) -> Evidence:
    """What speaks for a candidate; `rare` maps the stems of the question's words to what they tell."""
    return Evidence(
        similar=max(0.0, cosine),
        covered=coverage(rare, candidate.text),
        ranked=candidate.hit.score,
        kind=kind_of_answer(question, candidate.text),
    )


def rarity(index: Index, question: str) -> dict[str, float]:
    """How much each word of the question tells in what is indexed, from 0 to 1, by its stem."""
    with index.view() as view:
        return {stem(word): view.rarity(f'"{word}"') for word in content_words(question)}


def coverage(rare: Mapping[str, float], text: str) -> float:
    """The share of the question's words that stand in `text`, each weighed by how much it tells."""
    total = sum(rare.values())
    stems = {stem(word) for word in content_words(text)}
    return sum(weight for word, weight in rare.items() if word in stems) / total if total else 0.0


def chosen(weighed: Sequence[Weighed]) -> list[Weighed]:
    """The first, and those close behind that say something else, those of other voices before the rest."""
    best = support(weighed[0].evidence)
    close = [w for w in weighed[1:] if support(w.evidence) >= CLOSE * best]
    home = weighed[0].candidate.hit.speaker
    kept = [weighed[0]]
    for other in sorted(close, key=lambda w: w.candidate.hit.speaker == home):
        if len(kept) < MAX_SENTENCES and all(float(other.vector @ w.vector) < SAME for w in kept):
            kept.append(other)
    return kept


def content_words(text: str) -> list[str]:
    """The words of a text in lower case, each once, without those that say how a question is asked.

    They are what the full text is asked for: where a script is written without spaces, pairs of neighbours, "渡 轮".
    """
    return [term.strip('"') for term in terms(text)]


_NUMBER = re.compile(r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|half|third|"
                     r"hundred|thousand|million|billion)\b", re.IGNORECASE)  # fmt: skip
DAY = re.compile(r"\b(?:1[5-9]|20)\d\d\b|\b(?:january|february|march|april|may|june|july|august|september|october|"
                   r"november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|yesterday|today|"
                   r"tomorrow|spring|summer|autumn|winter|noon|midnight)\b|\b\d{1,2}[:.]\d\d\b|\bo.clock\b",
                   re.IGNORECASE)  # fmt: skip
# A capital that does not open the sentence.
_NAME = re.compile(r"(?<=[^\W\d_][ ,;:\-–—(\"“‘’'])\s*[A-ZÀ-Þ][^\W\d_]+")
# What asks for a number, a day and a name.
NUMBER_ASKED = re.compile(
    r"\bhow (?:much|many|old|young|long|far|tall|fast|quickly|high|big|large|deep|wide|hot|cold|warm|often)\b"
    r"|\bwhat (?:age|share|percentage|percent|proportion|price|number)\b", re.IGNORECASE)  # fmt: skip
DAY_ASKED = re.compile(r"\bwhen\b|\b(?:what|which) (?:day|date|year|month|week|time)\b", re.IGNORECASE)
NAME_ASKED = re.compile(
    r"\bwho\b|\bwhose\b|\bwhom\b|\bwhere\b|\bwhich (?:city|town|country|company|firm|state|person)\b", re.IGNORECASE
)
_ASKED = ((NUMBER_ASKED, _NUMBER), (DAY_ASKED, DAY), (NAME_ASKED, _NAME))


def kind_of_answer(question: str, text: str) -> float:
    """1 when the text holds the number, date or name that is asked for, 0 when not, 0.5 for other questions."""
    wanted = [shape for asked, shape in _ASKED if asked.search(question)]
    return float(any(shape.search(text) for shape in wanted)) if wanted else 0.5


def _quoted(candidate: Candidate) -> DraftSentence:
    return DraftSentence(candidate.text, (Quote(candidate.hit.passage.id, candidate.text, candidate.start),))
