"""Passages for a question: a dense and a lexical finder, fused into one list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from index.embedder import Vectors
from index.records import Hit, Overview
from index.search import Index, View
from rag.voices import one_voice

# How deep each finder looks before fusion.
DEPTH = 100
# The share of the dense score. See docs/measurements.md for the sets and the range swept.
DENSE_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Stage:
    """What one step of retrieval made of the passages: (passage number, score), best first.

    The names of the finders are those of `Hit.found_by`.
    """

    name: str
    ranking: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Passages, best first, what they were searched in, and the steps that led to them, in their order.

    All belong to one generation of the index.
    """

    hits: tuple[Hit, ...]
    searched: Overview
    stages: tuple[Stage, ...] = ()


class HybridRetriever(BaseRetriever):
    """Finds passages by meaning and by words. A LangChain retriever that any other chain can use."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: Index
    limit: int = 50

    def search(self, text: str) -> Found:
        """The best `limit` passages for `text`. A store without articles gives none, and none is made."""
        searched = self.index.overview()
        if not searched.passages:
            return Found((), searched)
        # Before the view begins: the first question loads the model, and the view would be overtaken meanwhile.
        vector = self.index.embedder.embed_question(text)
        with self.index.view() as view:
            hits, stages = find(view, text, vector, self.limit)
            return Found(tuple(hits), view.overview(), stages)

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [as_document(hit) for hit in self.search(query).hits]


def find(view: View, text: str, vector: Vectors, limit: int) -> tuple[list[Hit], tuple[Stage, ...]]:
    """The best `limit` passages of one view for `text`, whose embedding is `vector`, best first; and the steps."""
    dense, lexical = dict(view.dense(vector, DEPTH)), dict(view.lexical(text, DEPTH))
    # A passage that only the words found still has a similarity, so no passage is scored by a gap in a list.
    similar = dense | view.similarities(vector, [n for n in lexical if n not in dense])
    fused = fuse(similar, lexical, DENSE_WEIGHT)
    by = {n: "+".join([*["dense"] * (n in dense), *["lexical"] * (n in lexical)]) for n in fused}
    best = sorted(fused.items(), key=lambda item: (-item[1], item[0]))
    hits = _heard(view, view.hits(best[:limit], by))
    if len(hits) < limit < len(best):
        # Some only repeated others, so there is room for as many more, and for what those repeat.
        hits = _heard(view, view.hits(best[: limit + 2 * (limit - len(hits))], by))
    stages = (("dense", dense), ("lexical", lexical), ("fused", dict(best)))
    return hits[:limit], tuple(Stage(name, tuple(scores.items())) for name, scores in stages)


def _heard(view: View, hits: list[Hit]) -> list[Hit]:
    return one_voice(hits, view.voices(hits))


def fuse(dense: Mapping[int, float], lexical: Mapping[int, float], weight: float) -> dict[int, float]:
    """Convex combination of min-max normalised scores: weight * dense + (1 - weight) * lexical, from 0 to 1.

    A passage without a lexical score has 0: it shares no word with the question. One without a dense score, because its
    vector is lost, ranks with the least similar, so that no other moves. Over 29 BEIR sets this beat reciprocal rank
    fusion on 27. Bruch, Gai & Ingber, TOIS 2023, doi:10.1145/3596512.
    """
    scaled_dense = min_max(dense)
    scaled_lexical = min_max({n: lexical.get(n, 0.0) for n in [*dense, *lexical]})
    return {n: weight * scaled_dense.get(n, 0.0) + (1 - weight) * score for n, score in scaled_lexical.items()}


def min_max(scores: Mapping[int, float]) -> dict[int, float]:
    """Scores moved and stretched to the range 0 to 1; all 0 when they are all equal."""
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    span = high - low
    return {n: (score - low) / span if span else 0.0 for n, score in scores.items()}


def as_document(hit: Hit) -> Document:
    """A hit for a LangChain chain: where it stands is in the metadata."""
    return Document(
        id=hit.passage.id,
        page_content=hit.passage.text,
        metadata={
            "article": hit.article.id,
            "source": hit.article.source,
            "title": hit.article.title,
            "author": hit.article.author,
            "published": hit.article.published.isoformat() if hit.article.published else None,
            "start": hit.passage.start,
            "end": hit.passage.end,
            "heading": hit.passage.heading,
            "page": hit.passage.page,
            "score": hit.score,
        },
    )
