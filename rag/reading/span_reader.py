"""The reader with a model: it marks spans in the passages, ranks them by these, and refuses where none answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.embedder import Vectors
from index.records import Hit
from index.search import Index
from rag.answers import Draft, Refusal
from rag.reader import coverage, rarity
from rag.reading.drafting import Found, Reading, drafted, sentence_of
from rag.reading.spans import Span, SpanModel
from rag.reading.wanted import Wanted, asks_value, of_kind, wanted

# How many passages are read, and of how many spans of each is known.
PASSAGES, SPANS = 8, 3
# So many are read first. When one of them is this likely to answer, the others are not read, unless the question wants
# several sentences or a number or day, on which articles may disagree.
FIRST, CONFIDENT = 3, 0.8
THRESHOLD = 0.5


class Ranker(Protocol):
    """Another order of passages than the reader's."""

    def relevance(self, question: str, passages: Sequence[tuple[str, str]]) -> list[float]:
        """How relevant each (title, text) is: higher is better, comparable within one call."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a passage as the one that answers.

    `odds` is the logarithm of the odds that the model gives its best span, `ranked` its score in retrieval, `similar`
    the cosine of question and the sentence of the span, `covered` the share of the question's words in that sentence
    or the title, by rarity, all three from 0 to 1; `kind` says whether the span is of the kind that is asked for: 1, 0,
    or 0.5 where the question does not say.
    """

    odds: float
    ranked: float
    similar: float
    covered: float
    kind: float

    def values(self) -> tuple[float, ...]:
        """The numbers in the order of the weights below."""
        return self.odds, self.ranked, self.similar, self.covered, self.kind


@dataclass(frozen=True, slots=True)
class Weighed:
    """A passage with its spans, best first, at least one, and what speaks for the best."""

    hit: Hit
    spans: tuple[Span, ...]
    evidence: Evidence

    @property
    def reading(self) -> Reading:
        """The same with how likely it answers."""
        return Reading(self.hit, self.spans, support(self.evidence))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with its vector, and how much each of its words tells."""

    text: str
    vector: Vectors
    rare: Mapping[str, float]


WEIGHTS = (0.5, 4.0, 4.0, 2.0, 0.5)
BIAS = -6.0


class SpanReader:
    """Reads with a span model. Safe to share between threads.

    Nothing is quoted from a passage that is less likely than `threshold`, from 0 to 1, to answer; when none is as
    likely, the question is refused. A `ranker` orders those that are.
    """

    def __init__(
        self,
        model: SpanModel,
        index: Index,
        threshold: float = THRESHOLD,
        passages: int = PASSAGES,
        ranker: Ranker | None = None,
    ) -> None:
        self._model = model
        self._index = index
        self._threshold = threshold
        self._passages = passages
        self._ranker = ranker

    def read(self, question: str, hits: Sequence[Hit]) -> Draft:
        """Verbatim sentences with the short answer marked, the best first; a refusal when none is likely enough."""
        if not hits:
            return Draft((), self._model.name, Refusal.NOTHING_FOUND, confidence=0.0)
        readings = self._ordered(question, self._readings(question, hits[: self._passages]))
        order = tuple(reading.hit.passage.id for reading in readings)
        sure = max((reading.support for reading in readings), default=0.0)
        likely = [reading for reading in readings if reading.support >= self._threshold]
        if not likely:
            return Draft((), self._model.name, Refusal.NOT_SUPPORTED, sure, order)
        sentences, differing = drafted(question, likely)
        return Draft(sentences, self._model.name, None, sure, order, differing)

    def weigh(self, question: str, hits: Sequence[Hit]) -> list[Weighed]:
        """What was read in each passage, in the order of the hits; nothing of one without a span."""
        return self._weighed(self._asked(question), hits)

    def _readings(self, question: str, hits: Sequence[Hit]) -> list[Reading]:
        """What was read, of the first passages alone where that is enough."""
        asked = self._asked(question)
        found = [weighed.reading for weighed in self._weighed(asked, hits[:FIRST])]
        alone = wanted(question) is Wanted.SPAN and not asks_value(question)
        if alone and any(reading.support >= CONFIDENT for reading in found):
            return found
        return found + [weighed.reading for weighed in self._weighed(asked, hits[FIRST:])]

    def _ordered(self, question: str, readings: Sequence[Reading]) -> list[Reading]:
        if self._ranker is None:
            return sorted(readings, key=lambda reading: -reading.support)
        relevance = self._ranker.relevance(question, _shown([reading.hit for reading in readings]))
        return [readings[i] for i in sorted(range(len(readings)), key=lambda i: -relevance[i])]

    def _asked(self, question: str) -> _Asked:
        return _Asked(question, self._index.embedder.embed_question(question), rarity(self._index, question))

    def _weighed(self, asked: _Asked, hits: Sequence[Hit]) -> list[Weighed]:
        read = zip(hits, self._model.read(asked.text, _shown(hits), SPANS) if hits else (), strict=True)
        spans = [(hit, tuple(found)) for hit, found in read if found]
        if not spans:
            return []
        said = [sentence_of(hit, found[0], 0.0) for hit, found in spans]
        similar = self._index.embedder.embed([one.text for one in said]) @ asked.vector
        return [
            Weighed(hit, found, self._evidence(asked, found[0], sentence, float(cosine)))
            for (hit, found), sentence, cosine in zip(spans, said, similar, strict=True)
        ]

    def _evidence(self, asked: _Asked, span: Span, said: Found, cosine: float) -> Evidence:
        return Evidence(
            odds=logit(self._model.chance(span.score)),
            ranked=said.hit.score,
            similar=max(0.0, cosine),
            covered=coverage(asked.rare, f"{said.hit.article.title} {said.text}"),
            kind=of_kind(asked.text, said.short),
        )


def _shown(hits: Sequence[Hit]) -> list[tuple[str, str]]:
    return [(hit.article.title, hit.passage.text) for hit in hits]


def logit(chance: float) -> float:
    """The logarithm of the odds of a chance, kept within what can be added up."""
    inside = min(max(chance, 1e-6), 1 - 1e-6)
    return math.log(inside / (1 - inside))


def support(evidence: Evidence) -> float:
    """How likely a passage with this evidence answers, from 0 to 1."""
    total = BIAS + sum(w * x for w, x in zip(WEIGHTS, evidence.values(), strict=True))
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, total))))
