"""A written set, questions.jsonl with gold as quotations, as a Collection and back.

Its documents are the article files beside it, each known by its path from there and read as the index reads it; or,
when it asks about articles that lie elsewhere, those of the index.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.errors import FootnoteError
from index.records import Article
from rag.evals.collection import Collection, Document, Place, Query, line
from rag.evals.jsonl import Record, records
from rag.evals.sets import QUESTIONS

HELD_OUT, ONLY = "held_out", "only"


@dataclass(frozen=True, slots=True)
class ArticleFiles:
    """The articles of a folder as documents, read anew each time they are gone through."""

    folder: Path
    without: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[Document]:
        for name, article in articles(self.folder):
            if name not in self.without:
                yield _document(name, article)


@dataclass(frozen=True, slots=True)
class IndexedArticles:
    """The articles of an index as documents; those of `folder` are known by their path from there."""

    store: Path
    folder: Path
    without: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[Document]:
        from index.catalog import Catalog
        from index.database import existing

        here = f"{self.folder}{os.sep}"
        with contextlib.closing(Catalog(existing(self.store))) as catalog, catalog.snapshot():
            for source, known in catalog.known().items():
                article = catalog.article(source) if known.recipe else None
                if article and not {source, source.removeprefix(here)} & self.without:
                    yield _document(source.removeprefix(here), article)


def articles(folder: Path) -> Iterator[tuple[str, Article]]:
    """The name and the article of each file in `folder` that holds one. Raises FootnoteError for a damaged one."""
    from index.sources.files import Files

    files, here = Files(folder), f"{folder.resolve()}{os.sep}"
    seen = [s for s in files.scan({}) if s.state == "seen" and s.source != here + QUESTIONS]
    for reading in files.read(seen):
        if reading.state == "failed":
            raise FootnoteError(f"{reading.source} cannot be read: {reading.reason}", "Mend it, or take it away.")
        if reading.article:
            yield reading.source.removeprefix(here), reading.article


def written(file: Path, store: Path) -> Collection:
    """The set of a questions.jsonl, about the articles beside it or else those of the index in `store`.

    Articles that are held out for a question are none of its documents. Raises FootnoteError, naming file and line.
    """
    folder = file.parent
    queries = [_query(record) for record in records(file)]
    without = frozenset(name for query in queries for name in query.metadata.get(HELD_OUT, ()))
    named = {name for query in queries for name in query.relevance}
    beside = all(not Path(name).is_absolute() and (folder / name).is_file() for name in named)
    if beside and not without:
        return Collection(ArticleFiles(folder), queries, folder)
    return Collection(ArticleFiles(folder, without) if beside else IndexedArticles(store, folder, without), queries)


def write_written(collection: Collection, folder: Path) -> None:
    """Writes questions.jsonl into `folder`, which exists, and copies the article files beside it."""
    assert collection.articles is not None
    copy_articles(collection.articles, folder)
    with (folder / QUESTIONS).open("w", encoding="utf-8") as file:
        file.writelines(line(_question(asked)) for asked in collection.queries)


def copy_articles(folder: Path, target: Path) -> None:
    """Copies the article files of `folder`, unless `target` is that folder."""
    from index.sources.files import Files

    folder, target = folder.resolve(), target.resolve()
    if folder == target:
        return
    for sighting in Files(folder).scan({}):
        source = Path(sighting.source)
        if sighting.state == "seen" and source != folder / QUESTIONS:
            place = target / source.relative_to(folder)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)


def _document(name: str, article: Article) -> Document:
    about = {
        "author": article.author,
        "date": article.published.isoformat() if article.published else None,
        "url": article.url,
    }
    return Document(name, article.title, article.text, {key: value for key, value in about.items() if value})


def _query(record: Record) -> Query:
    kind = record.value("kind", str)
    lists: dict[str, Any] = {
        "answers": list(record.texts("answers")),
        "history": [{"role": "user", "text": text} for text in record.texts("earlier")],
        "evidence": [_place(gold) for gold in record.records("gold")],
        "also": [_place(gold) for gold in record.records("also")],
        HELD_OUT: list(record.texts(HELD_OUT)),
    }
    about = {"type": kind, "answerable": kind != "unanswerable"}
    about |= {name: found for name, found in lists.items() if found}
    about |= {ONLY: only} if (only := dict(record.record(ONLY).values)) else {}
    relevance = {no.value("source", str): 0 for no in record.records("not")}
    relevance |= {place["doc_id"]: 1 for place in (*lists["evidence"], *lists["also"])}
    return Query(record.value("id", str), record.value("question", str), about, relevance)


def _place(gold: Record) -> dict[str, Any]:
    found = {"doc_id": gold.value("source", str), "text": gold.value("text", str)}
    return found | ({"start": gold.value("start", int)} if "start" in gold.values else {})


def _question(asked: Query) -> Mapping[str, Any]:
    further = {
        "also": [_gold(place) for place in asked.places("also")],
        "not": [{"source": name} for name, grade in asked.relevance.items() if grade <= 0],
        HELD_OUT: list(asked.metadata.get(HELD_OUT) or ()),
        ONLY: asked.metadata.get(ONLY),
    }
    return {
        "id": asked.id,
        "question": asked.text,
        "kind": asked.kind if asked.answerable else "unanswerable",
        "earlier": list(asked.earlier),
        "answers": list(asked.answers),
        "gold": [_gold(place) for place in asked.places("evidence")],
        **{name: found for name, found in further.items() if found},
    }


def _gold(place: Place) -> Mapping[str, Any]:
    if place.start is None:
        return {"source": place.document, "text": place.text}
    end = place.start + len(place.text)
    return {"source": place.document, "start": place.start, "end": end, "text": place.text}
