"""txtai as its notebooks have it: Segmentation by paragraphs, Embeddings with content, saved to a folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from benchmarks.peers.speaking import PASSAGES, Article, Place, Question, Watch, once, serve


class Txtai:
    """`upsert` embeds all that it is given, so what has changed is told from the text that it keeps, by its SQL."""

    packages = ("torch", "transformers", "faiss-cpu", "txtai")
    how: ClassVar = {
        "passages": "Segmentation, paragraphs",
        "store": "Faiss and SQLite",
        "sync": "upsert and delete of what differs from the text it keeps",
        "search": "dense",
        "precision": "float32",
    }

    def __init__(self, place: Place) -> None:
        self._store, self._model = str(place.store), place.model

    def load(self) -> None:
        from txtai import Embeddings
        from txtai.pipeline import Segmentation

        self._embeddings = Embeddings(path=self._model, content=True)
        # The model is loaded when something is embedded.
        self._embeddings.transform("warm")
        self._segmentation = Segmentation(paragraphs=True)

    def index(self, articles: Sequence[Article]) -> int:
        self._embeddings.index(self._passages(articles))
        self._embeddings.save(self._store)
        return int(self._embeddings.count())

    def sync(self, articles: Sequence[Article]) -> None:
        from txtai import Embeddings
        from txtai.pipeline import Segmentation

        self._segmentation = Segmentation(paragraphs=True)
        self._embeddings = Embeddings()
        self._embeddings.load(self._store)
        every = self._embeddings.search("select id, text from txtai", self._embeddings.count())
        kept = {one["id"]: one["text"] for one in every}
        passages = list(self._passages(articles))
        new = [passage for passage in passages if kept.get(passage[0]) != passage[1]]
        gone = kept.keys() - {name for name, _, _ in passages}
        if gone:
            self._embeddings.delete(sorted(gone))
        if new:
            self._embeddings.upsert(new)
        if gone or new:
            self._embeddings.save(self._store)

    def open(self, watch: Watch) -> None:
        from txtai import Embeddings

        self._embeddings = Embeddings()
        self._embeddings.load(self._store)
        self._embeddings.batchtransform = watch.timed(self._embeddings.batchtransform)

    def find(self, question: Question) -> Sequence[str]:
        found = self._embeddings.search(question.text, PASSAGES)
        return once(one["id"].rpartition(" ")[0] for one in found)

    def _passages(self, articles: Sequence[Article]) -> Iterator[tuple[str, str, Any]]:
        for article in articles:
            for number, text in enumerate(self._segmentation(article.text)):
                yield f"{article.id} {number}", text, None


if __name__ == "__main__":
    serve(Txtai)
