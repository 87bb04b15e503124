"""The reader with a model: it marks spans in the passages, ranks them by these, and refuses where none answers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.lexical import stem
from index.records import Hit
from index.search import Index
from rag.answers import Draft, Refusal
from rag.reader import content_words, coverage, kind_of_answer
from rag.reading.drafting import Found, Reading, drafted, sentence_of
from rag.reading.spans import Span, SpanModel
from rag.reading.wanted import wanted

# How many passages are read, and of how many spans of each is known.
PASSAGES = 8
SPANS = 3
THRESHOLD = 0.5


class Ranker(Protocol):
    """Another order of passages than the reader's."""

    def relevance(self, question: str, passages: Sequence[tuple[str, str]]) -> list[float]:
        """How relevant each (title, text) is: higher is better, comparable within one call."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a passage as the one that answers.

    `chance` is the logarithm of the odds that the model gives its best span, `ranked` its score in retrieval,
    `similar` the cosine of question and the sentence of the span, `covered` the share of the question's words in that
    sentence or the title, by rarity, all three from 0 to 1; `kind` says whether the span is of the kind that is asked
    for: 1, 0, or 0.5 where the question does not say.
    """

    chance: float
    ranked: float
    similar: float
    covered: float
    kind: float

    def values(self) -> tuple[float, ...]:
        """The numbers in the order of the weights below."""
        return self.chance, self.ranked, self.similar, self.covered, self.kind


WEIGHTS = (0.5, 4.0, 4.0, 2.0, 0.5)
BIAS = -6.0


class SpanReader:
    """Reads with a span model. Safe to share between threads.

    A question is refused when no passage is as likely as `threshold`, from 0 to 1, to answer it.
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
        readings = self.readings(question, hits[: self._passages])
        order = tuple(reading.hit.passage.id for reading in readings)
        sure = max((reading.support for reading in readings), default=0.0)
        if not readings or sure < self._threshold:
            return Draft((), self._model.name, Refusal.NOT_SUPPORTED, sure, order)
        sentences, differing = drafted(readings, wanted(question))
        return Draft(sentences, self._model.name, None, sure, order, differing)

    def readings(self, question: str, hits: Sequence[Hit]) -> list[Reading]:
        """What was read in each passage, the best first."""
        found = [Reading(hit, spans, support(evidence)) for hit, spans, evidence in self.weigh(question, hits)]
        if self._ranker is None:
            return sorted(found, key=lambda reading: -reading.support)
        relevance = self._ranker.relevance(question, _shown([reading.hit for reading in found]))
        return [found[i] for i in sorted(range(len(found)), key=lambda i: -relevance[i])]

    def weigh(self, question: str, hits: Sequence[Hit]) -> list[tuple[Hit, tuple[Span, ...], Evidence]]:
        """The spans of each passage with what speaks for it, in the order of the hits; none for one without a span."""
        read = zip(hits, self._model.read(question, _shown(hits), SPANS), strict=True)
        spans = [(hit, tuple(found)) for hit, found in read if found]
        said = [sentence_of(hit, found[0], 0.0) for hit, found in spans]
        if not said:
            return []
        rare = self._rarity(question)
        similar = self._index.embedder.embed([s.text for s in said]) @ self._index.embedder.embed_question(question)
        return [
            (hit, found, self._evidence(question, found[0], sentence, rare, float(cosine)))
            for (hit, found), sentence, cosine in zip(spans, said, similar, strict=True)
        ]

    def _evidence(self, question: str, span: Span, said: Found, rare: Mapping[str, float], cosine: float) -> Evidence:
        return Evidence(
            chance=logit(self._model.chance(span.score)),
            ranked=said.hit.score,
            similar=max(0.0, cosine),
            covered=coverage(rare, f"{said.hit.article.title} {said.text}"),
            kind=kind_of_answer(question, said.short),
        )

    def _rarity(self, question: str) -> dict[str, float]:
        """How much each word of the question tells, by its stem."""
        with self._index.view() as view:
            return {stem(word): view.rarity(f'"{word}"') for word in content_words(question)}


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
