"""What each part of the score brings: the legs alone, and the weights of rag.fusion swept one at a time.

    python -m benchmarks.fusion SET STORE [SET STORE ...]

Each pair is a question set in the form of BEIR and the folder of an index of its corpus. At most 500 answerable
questions of each are drawn. The served function ranks; only its constants are changed. It also prints how many of the
nearest passages Chroma's graph finds of those that an exact scan finds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

from index import vectors
from index.embedder import Embedder
from index.search import Index, View
from rag import fusion
from rag.evals.measures import STANDARD
from rag.evals.scores import ranked
from rag.evals.sets import EvalQuestion, QuestionSet, load
from rag.followups import Query
from rag.named import Implied
from rag.retrieve import DEPTH, Asked, find, gathered

QUESTIONS = 500
SEED = 0
LIMIT = 50
SWEPT = {
    "WORDS": (0.0, 0.01, 0.015, 0.02, 0.03, 0.04),
    "LEAD": (0.0, 0.1, 0.2, 0.3),
    "NAMED": (0.0, 0.1, 0.2, 0.25, 0.3),
}


def main() -> None:
    """Print, for each set, the legs, a line for each weight, and what the graph found."""
    embedder = Embedder()
    for folder, store in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        question_set = load(Path(folder))
        answerable = [q for q in question_set.questions if q.answerable]
        drawn = np.random.default_rng(SEED).permutation(len(answerable))[:QUESTIONS]
        asked = [(q := answerable[n], _asked(q, embedder)) for n in sorted(drawn)]
        with Index(Path(store), embedder).view() as view:
            print(f"{question_set.name}: {len(asked)} questions; the graph found {_graph(view, asked):.4f}")
            for leg in ("dense", "lexical"):
                rankings = [_leg(view, a, leg, question_set) for _, a in asked]
                _show(f"{leg} alone", asked, rankings)
            for name, values in SWEPT.items():
                for value in values:
                    with _set(name, value):
                        rankings = [ranked(find(view, a, LIMIT).hits, question_set.document) for _, a in asked]
                    _show(f"{name} {value}", asked, rankings)


def _asked(question: EvalQuestion, embedder: Embedder) -> Asked:
    day = (question.asked_at or datetime.now(UTC)).date()
    vector = embedder.embed_question(question.text)
    return Asked(Query(question.text), lambda: vector, day)


def _leg(view: View, asked: Asked, name: str, question_set: QuestionSet) -> Sequence[str]:
    found = gathered(view, asked, Implied())[name]
    return ranked(view.hits(list(found.items())[:LIMIT], {}), question_set.document)


@contextmanager
def _set(name: str, value: float) -> Iterator[None]:
    before = getattr(fusion, name)
    setattr(fusion, name, value)
    try:
        yield
    finally:
        setattr(fusion, name, before)


def _graph(view: View, asked: Sequence[tuple[EvalQuestion, Asked]]) -> float:
    catalog = view._catalog
    members = [n for row in catalog.segments() for n in catalog.members(row.number)]
    everything = catalog.vectors(members)
    shares = []
    for _, a in asked:
        vector = a.vector()
        found = dict(view.dense(vector, DEPTH))
        nearest = {members[i] for i in np.argsort(-vectors.exact(vector, everything))[: len(found)]}
        shares.append(len(nearest & found.keys()) / len(nearest))
    return float(np.mean(shares))


def _show(label: str, asked: Sequence[tuple[EvalQuestion, Asked]], rankings: Sequence[Sequence[str]]) -> None:
    values = [[m.of(r, q.relevance) for m in STANDARD] for (q, _), r in zip(asked, rankings, strict=True)]
    shown = "  ".join(f"{m.name} {v:.3f}" for m, v in zip(STANDARD, np.mean(values, axis=0), strict=True))
    print(f"  {label:16} {shown}", flush=True)


if __name__ == "__main__":
    main()
