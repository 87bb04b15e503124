"""The reader with a model: it marks spans in the passages, ranks them by these, and refuses where none answers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from index.embedder import Vectors
from index.records import Hit
from index.search import Index
from rag.answers import Draft, Refusal
from rag.followups import Query
from rag.reader import PASSAGES
from rag.reading.drafting import Found, drafted, sentence_of, spot_of
from rag.reading.spans import Span, SpanModel
from rag.reading.wanted import Wanted, asks_value, of_kind, wanted

# Of how many spans of each passage is known. With three of eight passages as many answers are right on news (200
# questions), SQuAD (250) and the seeds (106) as with two of six, and reading takes half as long again; with four
# passages, or one span, fewer are; 2026-11-28.
SPANS = 2
# So many are read first. When one of them is this likely to answer, the others are not read, unless the question wants
# several sentences or a number or day, on which articles may disagree.
FIRST, CONFIDENT = 3, 0.8
# What is quoted is at least so likely to answer. Swept from .1 to .5, 2026-11-28; docs/measurements.md has what each
# answers and refuses. With .25 nine of ten answerable questions are answered on news and on SQuAD, and five of six that
# no article answers are refused on news. F1 over all questions, where a refusal is the answer to what cannot be
# answered, is best from .35 on, at the cost of many right answers where questions are put in other words. It belongs to
# the shipped model, and to the packaged embedding model.
THRESHOLD = 0.25
# With this share of that, a refusal does not claim that the articles do not say: 26 of the 63 questions on news from
# .15 to .25 have an answer, 7 of the 111 below, 291 of the 315 above; 2026-11-28.
HARDLY = 0.6
# A question for reasons, for a list, or for yes or no has no span that the model would be sure of: half is enough.
OPEN = 0.5
# How much the odds of a passage move it in the order of the passages, where its score in retrieval goes from 0 to 1.
# Swept from .01 to .5, 2026-11-28: hit@1 from .870 to .910 on SQuAD (223 questions) and from .802 to .840 on the seeds
# (81) at .03, from .651 to .645 on news (169, human-linked); more gains little there and loses on news.
REORDERED = 0.03


class Ranker(Protocol):
    """Another order of passages than the reader's."""

    def relevance(self, question: str, passages: Sequence[tuple[str, str]]) -> list[float]:
        """How relevant each (title, text) is: higher is better, comparable within one call."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a span as the answer.

    `odds` is the logarithm of the odds that the model gives it, `ranked` the score of its passage in retrieval and
    `similar` the cosine of question and the sentence of the span, both from 0 to 1; `kind` says whether the span is of
    the kind that is asked for: 1, 0, or 0.5 where the question does not say.
    """

    odds: float
    ranked: float
    similar: float
    kind: float

    def values(self) -> tuple[float, ...]:
        """The numbers in the order of the weights below."""
        return self.odds, self.ranked, self.similar, self.kind


@dataclass(frozen=True, slots=True)
class Weighed:
    """A span in its sentence, as likely to answer as what speaks for it makes it."""

    found: Found
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question, and the vector of all that it leans on.

    A follow-up is read as it was asked: with earlier questions before it, the model answers these.
    """

    text: str
    vector: Vectors


# By `python -m benchmarks.reading` on news and SQuAD, 28 November 2026, which gave `similar` a weight of 1.1 to 1.7.
# With 3, of 1.7, 3, 5 and 8, spans were right more often on the seeds, and as often on both. docs/measurements.md has
# how it does on questions that it was not fitted on. Tried, and no help on other articles: the share of the question's
# words in the sentence. It tells of a large archive; where every word is rare, it misleads.
WEIGHTS = (0.52, 1.71, 3.0, 0.87)
BIAS = -4.64


class SpanReader:
    """Reads with a span model. Safe to share between threads.

    Nothing is quoted from a passage that is less likely than `threshold`, from 0 to 1, to answer; when none is as
    likely, the question is refused; half of it is enough where no span is asked for. The likeliest is quoted first. The
    passages themselves are ordered by retrieval and by the model, or by a `ranker`.
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

    def read(self, query: Query | str, hits: Sequence[Hit]) -> Draft:
        """Verbatim sentences with the short answer marked, the best first; a refusal when none is likely enough."""
        *_, last = self.drafts(query, hits)
        return last

    def drafts(self, query: Query | str, hits: Sequence[Hit]) -> Iterator[Draft]:
        """What `read` gives, after what the first passages say where they answer and others have to be read.

        With a ranker there is nothing before: it takes longer than the rest.
        """
        if not hits:
            yield Draft((), self._model.name, Refusal.NOTHING_FOUND, confidence=0.0)
            return
        query = Query(query) if isinstance(query, str) else query
        asked, hits = self._asked(query), hits[: self._passages]
        first = self._weighed(asked, hits[:FIRST])
        rest = hits[FIRST:] if not self._enough(query, first) else ()
        if rest and not self._ranker and not (early := self._drafted(query, first)).refusal:
            yield replace(early, early=True)
        yield self._drafted(query, first + self._weighed(asked, rest))

    def _drafted(self, query: Query, weighed: Sequence[Weighed]) -> Draft:
        spots = tuple(spot_of(found) for found in self._ordered(query, weighed))
        found = sorted((one.found for one in weighed), key=lambda f: -f.support)
        sure = found[0].support if found else 0.0
        least = self._threshold * (1 if wanted(query.text) is Wanted.SPAN else OPEN)
        likely = [f for f in found if f.support >= least]
        if not likely:
            refusal = Refusal.UNCLEAR if found and sure >= HARDLY * least else Refusal.NOT_SUPPORTED
            return Draft((), self._model.name, refusal, sure, spots)
        sentences, differing = drafted(query.text, likely)
        return Draft(sentences, self._model.name, None, sure, spots, differing)

    def weigh(self, query: Query, hits: Sequence[Hit]) -> list[Weighed]:
        """The spans of each passage, best first, in the order of the hits."""
        return self._weighed(self._asked(query), hits)

    def _enough(self, query: Query, first: Sequence[Weighed]) -> bool:
        """Whether nothing else has to be read."""
        alone = wanted(query.text) is Wanted.SPAN and not asks_value(query.text)
        return alone and any(one.found.support >= CONFIDENT for one in first)

    def _ordered(self, query: Query, weighed: Sequence[Weighed]) -> list[Found]:
        """The likeliest span of each passage, in the order that the passages should have."""
        likeliest: dict[str, Weighed] = {}
        for one in weighed:
            passage = one.found.hit.passage.id
            if passage not in likeliest or one.found.support > likeliest[passage].found.support:
                likeliest[passage] = one
        kept = list(likeliest.values())
        if self._ranker:
            worth = self._ranker.relevance(str(query), _shown([one.found.hit for one in kept]))
        else:
            worth = [one.evidence.ranked + REORDERED * one.evidence.odds for one in kept]
        return [kept[i].found for i in sorted(range(len(kept)), key=lambda i: -worth[i])]

    def _asked(self, query: Query) -> _Asked:
        return _Asked(query.text, self._index.embedder.embed_question(str(query)))

    def _weighed(self, asked: _Asked, hits: Sequence[Hit]) -> list[Weighed]:
        read = zip(hits, self._model.read(asked.text, _shown(hits), SPANS) if hits else (), strict=True)
        spans = [(hit, span) for hit, found in read for span in found]
        if not spans:
            return []
        said = [sentence_of(hit, span) for hit, span in spans]
        # Spans may share a sentence.
        texts = list(dict.fromkeys(one.text for one in said))
        similar = dict(zip(texts, self._index.embedder.embed_sentences(texts) @ asked.vector, strict=True))
        evidence = [
            self._evidence(asked, span, one, float(similar[one.text]))
            for (_, span), one in zip(spans, said, strict=True)
        ]
        return [
            Weighed(replace(one, support=support(speaks)), speaks) for one, speaks in zip(said, evidence, strict=True)
        ]

    def _evidence(self, asked: _Asked, span: Span, said: Found, cosine: float) -> Evidence:
        return Evidence(
            odds=logit(self._model.chance(span.score)),
            ranked=said.hit.score,
            similar=max(0.0, cosine),
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
