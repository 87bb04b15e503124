"""How long a question takes from its text to its passages, and beside it the embedding of the question alone.

    python -m benchmarks.latency STORE SET [--questions 300]

STORE is the folder of an index, SET a question set in the form of BEIR whose questions are asked there, whether or not
the store holds what answers them. Every second question is also embedded alone, so that both see the same machine. The
served retriever is asked, with a view of its own for each question, after ten questions that are not counted.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

from index.embedder import Embedder
from index.search import Index
from rag.evals.sets import load
from rag.retrieve import HybridRetriever

WARM = 10


def main() -> None:
    """Print the percentiles in milliseconds, and their ratio to those of the embedding."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("set", type=Path)
    parser.add_argument("--questions", type=int, default=300)
    options = parser.parse_args()
    index = Index(options.store, Embedder())
    retriever = HybridRetriever(index=index)
    questions = load(options.set).questions
    drawn = np.random.default_rng(0).permutation(len(questions))[: WARM + options.questions]
    whole, alone = [], []
    for count, number in enumerate(drawn):
        question = questions[number]
        day = (question.asked_at or datetime.now(UTC)).date()
        start = time.perf_counter()
        retriever.search(question.text, day)
        took = time.perf_counter() - start
        if count >= WARM:
            whole.append(1000 * took)
        if count >= WARM and count % 2:
            start = time.perf_counter()
            index.embedder.embed_question(questions[drawn[count - 1]].text + "?")
            alone.append(1000 * (time.perf_counter() - start))
    overview = index.overview()
    print(f"{overview.articles} articles, {overview.passages} passages; {len(whole)} questions of {options.set.name}")
    for name, values in (("question", whole), ("its embedding", alone)):
        print(f"{name:14} ms: " + "  ".join(f"p{p} {np.percentile(values, p):.1f}" for p in (50, 95, 99)))
    print(f"ratio of the medians {np.median(whole) / np.median(alone):.2f}")
    print(f"resident at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
