"""The share of the dense score in the fusion, swept; and whether Chroma's graph finds what an exact scan finds.

    python -m benchmarks.fusion SET STORE [SET STORE ...]

Each pair is a question set in the form of BEIR and a store that holds its corpus. At most 500 answerable questions of
each are drawn. Documents are ranked by their best passage, as the served chain does.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

from index import vectors
from index.embedder import Embedder
from index.search import Index
from rag.evals.measures import STANDARD
from rag.evals.scores import ranked
from rag.evals.sets import load
from rag.retrieve import DEPTH, fuse

WEIGHTS = tuple(n / 10 for n in range(11))
QUESTIONS = 500
SEED = 0


def main() -> None:
    """Print, for each set, a line for each weight, and how many of the nearest the graph found."""
    embedder = Embedder()
    for folder, store in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        question_set = load(Path(folder))
        answerable = [q for q in question_set.questions if q.answerable]
        drawn = np.random.default_rng(SEED).permutation(len(answerable))[:QUESTIONS]
        values: dict[float, list[list[float]]] = defaultdict(list)
        shares: list[float] = []
        with Index(Path(store), embedder).view() as view:
            catalog = view._catalog
            members = [n for row in catalog.segments() for n in catalog.members(row.number)]
            everything = catalog.vectors(members)
            everything /= np.linalg.norm(everything, axis=1, keepdims=True)
            for question in (answerable[n] for n in sorted(drawn)):
                vector = embedder.embed_question(question.text)
                dense, lexical = dict(view.dense(vector, DEPTH)), dict(view.lexical(question.text, DEPTH))
                exact = vectors.exact(vector, everything)
                nearest = {members[i] for i in np.argsort(-exact)[: len(dense)]}
                shares.append(len(nearest & dense.keys()) / len(nearest))
                similar = dense | view.similarities(vector, [n for n in lexical if n not in dense])
                for weight in WEIGHTS:
                    fused = sorted(fuse(similar, lexical, weight).items(), key=lambda item: (-item[1], item[0]))
                    ranking = ranked(view.hits(fused[:50], {}), question_set.document)
                    values[weight].append([m.of(ranking, question.relevance) for m in STANDARD])
        print(
            f"{question_set.name}: {len(drawn)} questions; the graph found {np.mean(shares):.4f} of the nearest {DEPTH}"
        )
        for weight, rows in values.items():
            shown = "  ".join(f"{m.name} {v:.3f}" for m, v in zip(STANDARD, np.mean(rows, axis=0), strict=True))
            print(f"  {weight:.1f}  {shown}")


if __name__ == "__main__":
    main()
