"""BEIR: corpus.jsonl, queries.jsonl and qrels/<split>.tsv in a folder. It holds all that a judged set does.

Thakur et al., NeurIPS 2021 Datasets and Benchmarks.
"""

from __future__ import annotations

from pathlib import Path

from index.errors import UsageError
from rag.evals import corpus
from rag.evals.collection import Collection, Documents, query, write_judged
from rag.evals.formats import Read, counted
from rag.evals.jsonl import records
from rag.evals.sets import QRELS, QUERIES, qrels

ABOUT = "a folder of corpus.jsonl, queries.jsonl and qrels/test.tsv"

SPLITS = ("test", "dev", "train")


def read(path: Path) -> Read:
    """The set in the folder, with the first of the splits test, dev and train that is there.

    Its queries.jsonl holds the questions of all splits: those without a relevant document in this one are left out,
    unless they say that they have none.
    """
    file = _judgements(path)
    grades = qrels(file)
    queries = [query(record, grades) for record in records(path / QUERIES)]
    kept = [q for q in queries if q.relevant or q.metadata.get("answerable") is False]
    left = len(queries) - len(kept)
    notes = (f"{counted(left)} without a relevant document in {file.name} left out.",) if left else ()
    return Read(Collection(Documents(path / corpus.FILE_NAME), kept), notes)


def write(collection: Collection, path: Path) -> list[str]:
    """Writes the folder; nothing is lost."""
    (path / "qrels").mkdir(parents=True)
    write_judged(collection, path, "qrels/test.tsv")
    return []


def _judgements(folder: Path) -> Path:
    places = [folder / "qrels" / f"{split}.tsv" for split in SPLITS]
    found = next((file for file in (*places, folder / QRELS) if file.is_file()), None)
    if found is None:
        raise UsageError(f"{folder} has no qrels/test.tsv", f"Give {ABOUT}.")
    return found
