"""What is refused on noise alone, and what is said where sources disagree: the counterfactual set of RGB.

    python -m benchmarks.counterfactual en_fact.jsonl [--limit 100] [--threshold X]

Chen et al., Benchmarking Large Language Models in Retrieval-Augmented Generation, AAAI 2024, arXiv:2309.01431. Each
case has a query, snippets that say its answer, the same with another answer, and noise. Of each case three stores are
made: of its noise, of that and what is true, and of that and what is false too; the query is asked of each. On noise
alone it is to be refused.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from index.embedder import Embedder
from index.search import Index
from index.sync import sync_paths
from rag.answers import Answer, Question
from rag.chain import Assistant
from rag.evals.scores import stands_in
from rag.reading.packed import PackedModel
from rag.reading.span_reader import THRESHOLD, SpanReader
from rag.retrieve import HybridRetriever

Case = dict[str, Any]
KINDS = {
    "noise": ("negative",),
    "true": ("negative", "positive"),
    "true and false": ("negative", "positive", "positive_wrong"),
}


def stores(cases: list[Case], kind: str, folder: Path, embedder: Embedder) -> Iterator[tuple[Case, Index]]:
    """Each case with a store of its snippets."""
    for case in cases:
        texts = [text for name in KINDS[kind] for text in case[name]]
        file = folder / f"{kind}-{case['id']}.jsonl"
        rows = [json.dumps({"id": f"{n}", "text": text}) for n, text in enumerate(texts)]
        file.write_text("\n".join(rows) + "\n", encoding="utf-8")
        store = file.with_suffix(".store")
        sync_paths(store, [file], embedder)
        yield case, Index(store, embedder)


def quotes(answer: Answer, wanted: str | list[Any]) -> bool:
    """Whether a quote of the answer holds the text, or one of the texts, of a list of lists too."""
    if isinstance(wanted, list):
        return any(quotes(answer, one) for one in wanted)
    return any(stands_in(wanted, citation.quote) for citation in answer.citations)


def main() -> None:
    """Print a line for each kind of store."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.counterfactual", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--threshold", type=float, default=THRESHOLD)
    options = parser.parse_args()
    cases = [json.loads(line) for line in options.file.read_text(encoding="utf-8").splitlines()][: options.limit]
    embedder, model = Embedder(), PackedModel()
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            said = []
            for case, index in stores(cases, kind, Path(folder), embedder):
                assistant = Assistant(HybridRetriever(index=index), SpanReader(model, index, options.threshold))
                answer = assistant.ask(Question(case["query"]))
                true, false = quotes(answer, case["answer"]), quotes(answer, case["fakeanswer"])
                said.append((answer.refusal is not None, true, false, true and false, answer.differing))
            refused, true, false, both, differing = (sum(column) for column in zip(*said, strict=True))
            print(
                f"{kind}: {len(said)} asked, {refused} refused; quoted the true answer {true}, the false {false}, "
                f"both {both}; told that they differ {differing}",
                flush=True,
            )


if __name__ == "__main__":
    main()
