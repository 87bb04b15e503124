"""A question set as what passes between formats: documents, questions, and what was judged of them.

It is the form of BEIR in memory. What a format says beyond that is in the `metadata` of a question, under these names:
type, answerable, answers, history (turns before, each with role and text), question_date, evidence (the places that
answer, all needed: doc_id, text and, where known, start) and also (places that say the same).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.evals import corpus
from rag.evals.jsonl import Record, as_text, records
from rag.evals.sets import QRELS, QUERIES, qrels

HEADER = "query-id\tcorpus-id\tscore\n"
# What a question has places under.
PLACES = ("evidence", "also")


@dataclass(frozen=True, slots=True)
class Document:
    """A document; `metadata` holds its author, its date and whatever else the format says of it."""

    id: str
    title: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a text of a document, from `start` where that is known."""

    document: str
    text: str
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """A question with the grades of its documents, and the names above in its metadata."""

    id: str
    text: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    relevance: Mapping[str, int] = field(default_factory=dict)

    @property
    def answerable(self) -> bool:
        """Whether it is said to be, or, where nothing is said, whether a document is relevant."""
        said = self.metadata.get("answerable")
        return any(grade > 0 for grade in self.relevance.values()) if said is None else bool(said)

    @property
    def kind(self) -> str:
        """The kind of question, "question" where none is said."""
        return str(self.metadata.get("type") or "question")

    @property
    def answers(self) -> tuple[str, ...]:
        """Texts of which any will do."""
        return tuple(self.metadata.get("answers") or ())

    @property
    def relevant(self) -> tuple[str, ...]:
        """The relevant documents."""
        return tuple(document for document, grade in self.relevance.items() if grade > 0)

    @property
    def copies(self) -> frozenset[str]:
        """The documents that are relevant only because they say the same as another one that is."""
        needed = {place.document for place in self.places("evidence")}
        also = frozenset(place.document for place in self.places("also")) - needed
        return also if any(name in needed for name in self.relevant) else frozenset()

    @property
    def earlier(self) -> tuple[str, ...]:
        """What the user asked before, oldest first."""
        return tuple(turn["text"] for turn in self.metadata.get("history") or () if turn.get("role") == "user")

    def places(self, name: str) -> tuple[Place, ...]:
        """The places under `name`, "evidence" or "also"."""
        return tuple(Place(p["doc_id"], p["text"], p.get("start")) for p in self.metadata.get(name) or ())


@dataclass(frozen=True, slots=True)
class Collection:
    """A question set. `documents` can be gone through more than once; they may be many, so they need not be in memory.

    `articles` is the folder of the files that the documents are, for a written set.
    """

    documents: Iterable[Document]
    queries: Sequence[Query]
    articles: Path | None = None


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of a corpus.jsonl, read line by line each time they are gone through."""

    file: Path

    def __iter__(self) -> Iterator[Document]:
        for record in records(self.file):
            yield document(record)


def document(record: Record) -> Document:
    """The document of a line of a corpus.jsonl. Raises FootnoteError, naming the line."""
    about = record.record("metadata").values
    return Document(record.value("_id", str), record.value("title", str, ""), record.value("text", str), about)


def judged(folder: Path) -> Collection:
    """The set of corpus.jsonl, queries.jsonl and qrels.tsv in `folder`. Raises FootnoteError, naming file and line."""
    grades = qrels(folder / QRELS)
    return Collection(Documents(folder / corpus.FILE_NAME), [query(r, grades) for r in records(folder / QUERIES)])


def query(record: Record, grades: Mapping[str, Mapping[str, int]]) -> Query:
    """The question of a line of a queries.jsonl. Raises FootnoteError, naming the line."""
    name, about = record.value("_id", str), record.record("metadata")
    for places in PLACES:
        for place in about.records(places):
            place.value("doc_id", str)
            place.value("text", str)
    for turn in about.records("history"):
        turn.value("role", str)
        turn.value("text", str)
    about.texts("answers")
    return Query(name, record.value("text", str), about.values, grades.get(name, {}))


def write_judged(collection: Collection, folder: Path, qrels_name: str = QRELS) -> None:
    """Writes corpus.jsonl, queries.jsonl and the qrels into `folder`, which exists.

    Places whose text stands once in its document are written with where that is.
    """
    starts = _Starts(collection.queries)
    with (folder / corpus.FILE_NAME).open("w", encoding="utf-8") as file:
        for one in collection.documents:
            starts.find(one)
            about = {"metadata": dict(one.metadata)} if one.metadata else {}
            file.write(line({"_id": one.id, "title": one.title, "text": one.text, **about}))
    with (folder / QUERIES).open("w", encoding="utf-8") as file:
        for asked in collection.queries:
            about = {"metadata": starts.told(asked.metadata)} if asked.metadata else {}
            file.write(line({"_id": asked.id, "text": asked.text, **about}))
    with (folder / qrels_name).open("w", encoding="utf-8") as file:
        file.write(HEADER)
        file.writelines(
            f"{asked.id}\t{name}\t{grade}\n" for asked in collection.queries for name, grade in asked.relevance.items()
        )


class _Starts:
    """Where the places of questions stand, found while the documents go by: they need not be in memory."""

    def __init__(self, queries: Iterable[Query]) -> None:
        self._wanted: dict[str, set[str]] = {}
        self._found: dict[tuple[str, str], int] = {}
        for place in (p for asked in queries for name in PLACES for p in asked.places(name)):
            if place.start is None and place.text:
                self._wanted.setdefault(place.document, set()).add(place.text)

    def find(self, document: Document) -> None:
        """Notes the places of this document."""
        for text in self._wanted.get(document.id, ()):
            at = document.text.find(text)
            if at >= 0 and document.text.find(text, at + 1) < 0:
                self._found[document.id, text] = at

    def told(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The same metadata, its places with their start where it was found."""
        return {key: [self._placed(place) for place in value] if key in PLACES and value else value
                for key, value in metadata.items()}  # fmt: skip

    def _placed(self, place: Mapping[str, Any]) -> Mapping[str, Any]:
        at = self._found.get((place["doc_id"], place["text"]))
        return place if at is None or place.get("start") is not None else {**place, "start": at}


def line(values: Mapping[str, Any]) -> str:
    """A line of JSON, as `as_text`."""
    return as_text(values) + "\n"
