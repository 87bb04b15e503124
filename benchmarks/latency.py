"""How long a question takes from its text to its passages, and beside it the embedding of the question alone.

    python -m benchmarks.latency STORE SET [--questions 300] [--answers]

STORE is the folder of an index, SET a question set in the form of BEIR whose questions are asked there, whether or not
the store holds what answers them. Every second question is also embedded alone, so that both see the same machine. The
served retriever is asked, with a view of its own for each question, after ten questions that are not counted. With
`--answers` the whole chain is, up to the verified answer; how long the reader takes to load and read once is told too.
"""

from __future__ import annotations

import argparse
import os
import resource
import time
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

from rag.evals.sets import load
from rag.reading.packed import PackedModel
from rag.settings import Settings, build

WARM = 10


def main() -> None:
    """Print the percentiles in milliseconds, and their ratio to those of the embedding."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("set", type=Path)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--answers", action="store_true", help="time the whole chain")
    options = parser.parse_args()
    parts = build(Settings(options.store))
    index = parts.index
    index.embedder.embed_question("What?")
    if options.answers:
        start = time.perf_counter()
        PackedModel().read("Who?", [("", "Nobody.")])
        print(f"loading the reader and reading once, beside the embedding model: {time.perf_counter() - start:.2f} s")
    ask = parts.assistant.ask if options.answers else parts.assistant.find.invoke
    questions = load(options.set).questions
    drawn = np.random.default_rng(0).permutation(len(questions))[: WARM + options.questions]
    whole, alone = [], []
    for count, number in enumerate(drawn):
        question = questions[number]
        asked = question.as_asked()
        start = time.perf_counter()
        ask(asked)
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
