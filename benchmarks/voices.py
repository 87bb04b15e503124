"""What it changes that near-copies count as one voice: `python -m benchmarks.voices FOLDER STORE`.

FOLDER is a question set in the form of BEIR, and STORE holds its corpus. Each question is asked with and without
`rag.voices.one_voice`, of the set as it is, and of 400 articles of it, half of which three other papers carry too,
changed as papers do. What is ranked is what a reader sees: the articles of the passages, each once, a near-copy that is
named beside another in the place of that. Gold is a story, whichever paper carries it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.copies import CHANGES
from benchmarks.subset import cut
from index.embedder import Embedder
from index.records import Hit
from index.search import Index
from index.sync import sync
from rag.evals.comparisons import randomization
from rag.evals.measures import mean
from rag.evals.sets import EvalQuestion, QuestionSet, load
from rag.retrieve import find
from rag.voices import one_voice

ARTICLES, CARRIED, PAPERS = 400, 200, 3
KINDS = tuple(CHANGES)[:4]
COPY = "-as-carried-"
# Passages that are asked for, and how many of them are looked at.
LIMIT, TOP = 50, 10
SEED = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question found: measures by name, and of the first ten passages, how many stories and repetitions."""

    values: dict[str, float]
    stories: int
    repeated: int


def carried(folder: Path, into: Path) -> Path:
    """A set of ARTICLES, CARRIED of which stand there PAPERS more times, changed."""
    rng = Random(SEED)
    cut(folder, ARTICLES, into)
    lines = [json.loads(line) for line in (into / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    for document in rng.sample(lines, CARRIED):
        for number, kind in enumerate(rng.sample(KINDS, PAPERS)):
            text = CHANGES[kind](document["text"], rng)
            lines.append(document | {"_id": f"{document['_id']}{COPY}{number}", "text": text})
    written = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (into / "corpus.jsonl").write_text(written, encoding="utf-8")
    return into


def story(document: str) -> str:
    return document.partition(COPY)[0]


def asked(question: EvalQuestion, question_set: QuestionSet, index: Index, *, as_one: bool) -> Asked:
    vector = index.embedder.embed_question(question.text)
    with index.view() as view:
        heard = view.voices
        if not as_one:
            view.voices = lambda hits: {}  # type: ignore[method-assign]
        hits, *_ = find(view, question.text, vector, LIMIT)
        repeated = TOP - len(one_voice(hits[:TOP], heard(hits[:TOP])))
    places = [{story(question_set.document(source)) for source in hit.sources} for hit in once(hits)]
    gold = {story(document) for document, grade in question.relevance.items() if grade > 0}
    values = {f"hit@{k}": float(any(gold & place for place in places[:k])) for k in (1, 5)}
    values["recall@10"] = len(gold & set().union(*places[:10])) / len(gold)
    return Asked(values, len({story(question_set.document(hit.article.source)) for hit in hits[:TOP]}), repeated)


def once(hits: Sequence[Hit]) -> list[Hit]:
    """The best hit of each article."""
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.article.id, hit)
    return list(best.values())


def compared(name: str, folder: Path, index: Index) -> None:
    """Asks every answerable question of a set both ways, and prints what changed."""
    question_set = load(folder)
    questions = [question for question in question_set.questions if question.answerable]
    apart = [asked(question, question_set, index, as_one=False) for question in questions]
    as_one = [asked(question, question_set, index, as_one=True) for question in questions]
    overview = index.overview()
    with index.view() as view:
        grouped = list(view._catalog._db.execute("SELECT voice FROM articles WHERE live AND voice <> ''"))
    print(f"{name}: {overview.articles:,} articles, {overview.passages:,} passages", end="; ")
    print(f"{len(grouped):,} articles are in {len(set(grouped)):,} groups; {len(questions)} questions")
    for measure in apart[0].values:
        before, after = ([a.values[measure] for a in run] for run in (apart, as_one))
        changed = [b - a for a, b in zip(before, after, strict=True)]
        print(
            f"  {measure:<10} apart {shown(before)}  as one {shown(after)}  {mean(changed).value:+.3f}, "
            f"p {randomization(changed):.4f}, {sum(c > 0 for c in changed)} won, {sum(c < 0 for c in changed)} lost"
        )
    for what, run in (("apart", apart), ("as one", as_one)):
        print(
            f"  of the first {TOP} passages, {what}: {shown([float(a.repeated) for a in run])} only repeat another, in "
            f"{sum(a.repeated > 0 for a in run)} questions; {shown([float(a.stories) for a in run])} stories"
        )


def shown(values: Sequence[float]) -> str:
    found = mean(values)
    return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


def main() -> None:
    folder, store = map(Path, sys.argv[1:])
    embedder = Embedder()
    with tempfile.TemporaryDirectory() as place:
        many = carried(folder, Path(place) / "set")
        corpus = load(many).corpus
        assert corpus is not None
        sync(Path(place) / "store", [corpus], embedder)
        compared("half of them carried by four papers", many, Index(Path(place) / "store", embedder))
    compared("as it is", folder, Index(store, embedder))


if __name__ == "__main__":
    main()
