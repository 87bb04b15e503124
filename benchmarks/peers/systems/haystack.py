"""Haystack as its tutorials have it: DocumentSplitter, SentenceTransformersDocumentEmbedder, InMemoryDocumentStore."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from benchmarks.peers.speaking import PASSAGES, Article, Place, Question, Watch, once, serve


class Haystack:
    """The store is saved to disk and loaded whole; CacheChecker tells which articles are new to it."""

    packages = ("torch", "sentence-transformers", "sentence-transformers-haystack", "haystack-ai")
    how: ClassVar = {
        "passages": "DocumentSplitter, 200 words",
        "store": "InMemoryDocumentStore, saved as JSON",
        "sync": "CacheChecker and delete_by_filter; only what is new is embedded",
        "search": "dense",
        "precision": "float32",
    }

    def __init__(self, place: Place) -> None:
        self._folder, self._model = place.store, place.model
        self._embedder: Any = None

    @property
    def _file(self) -> str:
        return str(self._folder / "documents.json")

    def load(self) -> None:
        from haystack_integrations.components.embedders import sentence_transformers as embedders

        self._embedder = embedders.SentenceTransformersDocumentEmbedder(model=self._model, progress_bar=False)
        self._embedder.warm_up()

    def index(self, articles: Sequence[Article]) -> int:
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        store = InMemoryDocumentStore()
        self._write(store, _documents(articles))
        self._folder.mkdir(parents=True)
        store.save_to_disk(self._file)
        return int(store.count_documents())

    def sync(self, articles: Sequence[Article]) -> None:
        from haystack.components.caching import CacheChecker

        store, documents = self._kept(), _documents(articles)
        # A splitter notes from which document a passage is, and its id is a digest of what it says.
        checked = CacheChecker(store, cache_field="meta.source_id").run([document.id for document in documents])
        new = [document for document in documents if document.id in set(checked["misses"])]
        if not new:
            return
        for document in new:
            store.delete_by_filter({"field": "meta.article", "operator": "==", "value": document.meta["article"]})
        self.load()
        self._write(store, new)
        store.save_to_disk(self._file)

    def open(self, watch: Watch) -> None:
        from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
        from haystack_integrations.components.embedders import sentence_transformers as embedders

        embedder = embedders.SentenceTransformersTextEmbedder(model=self._model, progress_bar=False)
        embedder.warm_up()
        self._embed = watch.timed(embedder.run)
        self._retriever = InMemoryEmbeddingRetriever(self._kept(), top_k=PASSAGES)

    def find(self, question: Question) -> Sequence[str]:
        found = self._retriever.run(query_embedding=self._embed(question.text)["embedding"])
        return once(document.meta["article"] for document in found["documents"])

    def _kept(self) -> Any:
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        return InMemoryDocumentStore.load_from_disk(self._file)

    def _write(self, store: Any, documents: Sequence[Any]) -> None:
        from haystack.components.preprocessors import DocumentSplitter
        from haystack.components.writers import DocumentWriter

        splitter = DocumentSplitter()
        splitter.warm_up()
        passages = splitter.run(list(documents))["documents"]
        DocumentWriter(store).run(self._embedder.run(passages)["documents"])


def _documents(articles: Sequence[Article]) -> list[Any]:
    from haystack import Document

    return [Document(content=article.text, meta={"article": article.id}) for article in articles]


if __name__ == "__main__":
    serve(Haystack)
