"""Footnote as it comes: the sync that users run, and the served chain up to the passages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from importlib import import_module
from typing import ClassVar

from benchmarks.peers.speaking import Article, Place, Question, Watch, once, serve
from index.embedder import Embedder
from index.search import Index
from index.sync import sync
from rag.answers import Question as Asked
from rag.evals.corpus import Corpus
from rag.settings import Settings, build


class Footnote:
    """Reads the corpus itself, as it reads any source; a sync loads the model only when something is to be embedded."""

    packages = ("torch", "sentence-transformers", "chromadb", "langchain-core")
    how: ClassVar = {
        "passages": "whole sentences up to the 256 tokens that the model reads, with the title",
        "store": "SQLite and Chroma",
        "sync": "by digests of articles and passages",
        "search": "dense and lexical",
    }

    def __init__(self, place: Place) -> None:
        # The packaged model is the one that all are given.
        self._store, self._corpus, self._embedder = place.store, Corpus(place.folder), Embedder()

    def load(self) -> None:
        # Footnote imports it when it first writes a segment; the others import theirs before the time begins.
        import_module("chromadb")
        self._embedder.load()
        self.how["precision"] = self._embedder.precision

    def index(self, articles: Sequence[Article]) -> int:
        self.sync(articles)
        return Index(self._store, self._embedder).overview().passages

    def sync(self, articles: Sequence[Article]) -> None:
        report = sync(self._store, [self._corpus], self._embedder)
        assert not report.unread, report.unread[:3]

    def open(self, watch: Watch) -> None:
        parts = build(Settings(self._store))
        embedder = parts.index.embedder
        embedder.embed_question = watch.timed(embedder.embed_question)  # type: ignore[method-assign]
        self._assistant, self._last = parts.assistant, parts.index.overview().last

    def find(self, question: Question) -> Sequence[str]:
        hits = self._assistant.find.invoke(Asked(question.text, (), self._moment(question.asked))).hits
        return once(hit.article.source.removeprefix(self._corpus.prefix) for hit in hits)

    def _moment(self, asked: str) -> datetime:
        """When it was asked: as the question says, or at noon of the day of the last article."""
        if asked:
            return datetime.fromisoformat(asked)
        return datetime.combine(self._last or date.today(), time(12), UTC)


if __name__ == "__main__":
    serve(Footnote)
