"""LlamaIndex as its starter tutorial has it: VectorStoreIndex with its own stores, persisted to a folder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from benchmarks.peers.speaking import PASSAGES, Article, Place, Question, Watch, once, serve


class LlamaIndex:
    """VectorStoreIndex.from_documents, storage_context.persist, refresh_ref_docs and as_retriever."""

    packages = ("torch", "sentence-transformers", "llama-index-core", "llama-index-embeddings-huggingface")
    how: ClassVar = {
        "passages": "SentenceSplitter, 1,024 tokens with 200 of overlap; the model reads the first 256 of each",
        "store": "SimpleVectorStore and SimpleDocumentStore, as JSON",
        "sync": "refresh_ref_docs",
        "search": "dense",
        "precision": "float32",
    }

    def __init__(self, place: Place) -> None:
        self._store, self._model = str(place.store), place.model

    def load(self) -> None:
        from llama_index.core import Settings
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        Settings.embed_model = HuggingFaceEmbedding(model_name=self._model)

    def index(self, articles: Sequence[Article]) -> int:
        from llama_index.core import VectorStoreIndex

        index = VectorStoreIndex.from_documents(_documents(articles))
        index.storage_context.persist(persist_dir=self._store)
        return len(index.docstore.docs)

    def sync(self, articles: Sequence[Article]) -> None:
        self.load()
        index = self._kept()
        if any(index.refresh_ref_docs(_documents(articles))):
            index.storage_context.persist(persist_dir=self._store)

    def open(self, watch: Watch) -> None:
        self.load()
        from llama_index.core import QueryBundle, Settings

        self._retriever = self._kept().as_retriever(similarity_top_k=PASSAGES)
        self._embed = watch.timed(Settings.embed_model.get_agg_embedding_from_queries)
        self._asked = QueryBundle

    def find(self, question: Question) -> Sequence[str]:
        # What the retriever does itself with a text.
        asked = self._asked(question.text, embedding=self._embed([question.text]))
        return once(found.node.ref_doc_id for found in self._retriever.retrieve(asked))

    def _kept(self) -> Any:
        from llama_index.core import StorageContext, load_index_from_storage

        return load_index_from_storage(StorageContext.from_defaults(persist_dir=self._store))


def _documents(articles: Sequence[Article]) -> list[Any]:
    from llama_index.core import Document

    return [Document(text=article.text, id_=article.id) for article in articles]


if __name__ == "__main__":
    serve(LlamaIndex)
