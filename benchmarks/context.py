"""What it brings to tell the model more of a passage than its text: its title, heading, date, and neighbours.

    python -m benchmarks.context SET STORE [SET STORE ...]

Each pair is a question set in the form of BEIR and the folder of an index of its corpus. All passages of the index are
embedded anew in each way, and all answerable questions are asked, at most 500 drawn: by the vectors alone, and by the
served ranking with these vectors in place of those of the index. p is a paired randomization test of nDCG@10 against
the way that is served.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
from numpy.typing import NDArray

from index.embedder import Embedder, Vectors
from index.passages import embedded_text
from index.records import Article, Passage
from index.search import Index, View
from index.sentences import sentences
from rag.evals.comparisons import randomization
from rag.evals.measures import measure
from rag.evals.scores import ranked
from rag.evals.sets import EvalQuestion, QuestionSet, load
from rag.followups import Query
from rag.retrieve import Asked, find

QUESTIONS, LIMIT = 500, 50
MEASURES = tuple(measure(name) for name in ("hit@1", "recall@10", "nDCG@10"))


@dataclass(frozen=True, slots=True)
class Placed:
    """A passage in its article, with the sentences that stand before and behind it; empty at the ends."""

    passage: Passage
    article: Article
    before: str
    behind: str


def _served(placed: Placed) -> str:
    return embedded_text(placed.article.title, placed.passage.heading, placed.passage.text)


def _dated(placed: Placed) -> str:
    day = placed.article.published
    return "\n".join(filter(None, [f"{day:%-d %B %Y}" if day else "", _served(placed)]))


def _among_neighbours(placed: Placed) -> str:
    text = " ".join(filter(None, [placed.before, placed.passage.text, placed.behind]))
    return embedded_text(placed.article.title, placed.passage.heading, text)


WAYS: dict[str, Callable[[Placed], str]] = {
    "title, heading, text": _served,
    "text alone": lambda placed: placed.passage.text,
    "title, text": lambda placed: embedded_text(placed.article.title, "", placed.passage.text),
    "date before them": _dated,
    "with a sentence before and behind": _among_neighbours,
}


class Replaced(View):
    """The view with other vectors, all of them compared."""

    numbers: list[int]
    matrix: Vectors

    def dense(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        """The nearest of all."""
        similar = self.matrix @ vector
        return [(self.numbers[i], float(similar[i])) for i in np.argsort(-similar, kind="stable")[:limit]]

    def similarities(self, vector: Vectors, numbers: Sequence[int]) -> dict[int, float]:
        """Those of the passages asked for."""
        places = {number: place for place, number in enumerate(self.numbers)}
        return {n: float(self.matrix[places[n]] @ vector) for n in numbers if n in places}


def main() -> None:
    """Print a line for each set and way."""
    embedder = Embedder()
    for folder, store in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        question_set, index = load(Path(folder)), Index(Path(store), embedder)
        answerable = [q for q in question_set.questions if q.answerable]
        drawn = np.random.default_rng(0).permutation(len(answerable))[:QUESTIONS]
        asked = [answerable[n] for n in sorted(drawn)]
        with index.view() as view:
            catalog = view._catalog
            numbers = [number for row in catalog.segments() for number in catalog.members(row.number)]
            placed = _placed(catalog.live_passages(numbers))
            print(f"{question_set.name}: {len(placed)} passages, {len(asked)} questions", flush=True)
            other = Replaced(index, catalog)
            other.numbers, first = list(placed), None
            for name, way in WAYS.items():
                other.matrix = embedder.embed([way(p) for p in placed.values()])
                scores = _scores(other, asked, question_set, embedder)
                first = scores if first is None else first
                print(f"  {name:36} " + "   ".join(_line(leg, scores[leg], first[leg]) for leg in scores), flush=True)


def _placed(live: dict[int, tuple[Passage, Article]]) -> dict[int, Placed]:
    made = {}
    for number, (passage, article) in live.items():
        before = list(sentences(article.text[: passage.start]))[-1:]
        behind = list(sentences(article.text[passage.end :]))[:1]
        made[number] = Placed(
            passage,
            article,
            *(article.text[: passage.start][a:b] for a, b in before or [(0, 0)]),
            *(article.text[passage.end :][a:b] for a, b in behind or [(0, 0)]),
        )
    return made


def _scores(
    view: Replaced, asked: Sequence[EvalQuestion], question_set: QuestionSet, embedder: Embedder
) -> dict[str, NDArray[np.float64]]:
    rows: dict[str, list[list[float]]] = {"vectors alone": [], "as served": []}
    for question in asked:
        vector = embedder.embed_question(question.text)
        day = (question.asked_at or datetime.now(UTC)).date()
        served = find(view, Asked(Query(question.text), lambda vector=vector: vector, day), LIMIT).hits
        for leg, hits in (("vectors alone", view.hits(view.dense(vector, LIMIT), {})), ("as served", served)):
            ranking = ranked(hits, question_set.document)
            rows[leg].append([measured.of(ranking, question.relevance) for measured in MEASURES])
    return {leg: np.array(values) for leg, values in rows.items()}


def _line(leg: str, scores: NDArray[np.float64], first: NDArray[np.float64]) -> str:
    means = " ".join(f"{m.name} {value:.3f}" for m, value in zip(MEASURES, scores.mean(axis=0), strict=True))
    return f"{leg}: {means} p {randomization(list(scores[:, -1] - first[:, -1])):.4f}"


if __name__ == "__main__":
    main()
