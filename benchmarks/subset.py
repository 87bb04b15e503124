"""A smaller question set in the form of BEIR, cut from a larger one in a way that anybody can repeat.

Half of the documents are the gold of some question, half are of none, each half the first in the order of the SHA-256
of their ids. A question keeps the gold that is left; one that loses all of its gold is dropped, and so are, unless
`strangers`, the questions that nothing answers. With `strangers`, questions whose gold was left out stay, as questions
that the articles do not answer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def cut(folder: Path, articles: int, into: Path, *, strangers: bool = False) -> Path:
    """Writes a set of `articles` documents of `folder` into `into` and gives its path."""
    documents = {line["_id"]: line for line in _lines(folder / "corpus.jsonl")}
    judged = _judged(folder / "qrels.tsv")
    gold = {document for grades in judged.values() for document, grade in grades.items() if grade > 0}
    order = sorted(documents, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    half = min(articles // 2, len(gold))
    kept = {name for name in order if name in gold} and set([n for n in order if n in gold][:half])
    kept |= set([n for n in order if n not in gold][: articles - len(kept)])
    left = {q: {d: g for d, g in grades.items() if d in kept} for q, grades in judged.items()}
    into.mkdir(parents=True, exist_ok=True)
    _write(into / "corpus.jsonl", (documents[name] for name in documents if name in kept))
    _write(into / "queries.jsonl", _questions(folder / "queries.jsonl", left, strangers))
    rows = (f"{q}\t{d}\t{g}\n" for q, grades in left.items() if any(grades.values()) for d, g in grades.items())
    (into / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(rows), encoding="utf-8")
    return into


def _questions(file: Path, left: dict[str, dict[str, int]], strangers: bool) -> Iterator[dict[str, Any]]:
    for question in _lines(file):
        answerable = any(left.get(question["_id"], {}).values())
        if answerable or strangers:
            yield question | {"metadata": question["metadata"] | {"answerable": answerable}}


def _judged(file: Path) -> dict[str, dict[str, int]]:
    judged: dict[str, dict[str, int]] = {}
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        judged.setdefault(query, {})[document] = int(grade)
    return judged


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def _write(file: Path, lines: Iterator[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
