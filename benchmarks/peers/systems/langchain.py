"""The plain LangChain recipe, with LangChain's own indexing API, which is what it offers for keeping an index true."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

from benchmarks.peers.speaking import PASSAGES, Article, Place, Question, Watch, once, serve


class LangChain:
    """RecursiveCharacterTextSplitter, HuggingFaceEmbeddings, Chroma, and `index()` over a SQLRecordManager."""

    packages = ("torch", "sentence-transformers", "chromadb", "langchain-core", "langchain-chroma", "langchain-classic")
    how: ClassVar = {
        "passages": "RecursiveCharacterTextSplitter, 1,000 characters with 200 of overlap",
        "store": "Chroma",
        "sync": "index() with SQLRecordManager, cleanup incremental",
        "search": "dense",
        "precision": "float32",
    }

    def __init__(self, place: Place) -> None:
        self._store, self._model = place.store, place.model

    def load(self) -> None:
        from langchain_huggingface import HuggingFaceEmbeddings

        for needed in ("langchain_chroma", "langchain_classic.indexes", "langchain_text_splitters"):
            import_module(needed)
        self._embeddings = HuggingFaceEmbeddings(model_name=self._model)

    def index(self, articles: Sequence[Article]) -> int:
        self._indexed(articles)
        return int(self._chroma()._collection.count())

    def sync(self, articles: Sequence[Article]) -> None:
        self.load()
        self._indexed(articles)

    def open(self, watch: Watch) -> None:
        self.load()
        self._embeddings = _Timed(self._embeddings, watch)
        self._chunks = self._chroma()

    def find(self, question: Question) -> Sequence[str]:
        found = self._chunks.similarity_search(question.text, k=PASSAGES)
        return once(document.metadata["source"] for document in found)

    def _indexed(self, articles: Sequence[Article]) -> None:
        from langchain_classic.indexes import SQLRecordManager, index
        from langchain_core.documents import Document
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        self._store.mkdir(parents=True, exist_ok=True)
        records = SQLRecordManager("articles", db_url=f"sqlite:///{self._store / 'records.db'}")
        records.create_schema()
        documents = [Document(article.text, metadata={"source": article.id}) for article in articles]
        chunks = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(documents)
        index(chunks, records, self._chroma(), cleanup="incremental", source_id_key="source", key_encoder="sha256")

    def _chroma(self) -> Any:
        from langchain_chroma import Chroma

        return Chroma(
            "articles", self._embeddings, persist_directory=str(self._store / "chroma"),
            collection_metadata={"hnsw:space": "cosine"},
        )  # fmt: skip


class _Timed:
    """The same embeddings, on the watch."""

    def __init__(self, embeddings: Any, watch: Watch) -> None:
        self.embed_documents, self.embed_query = embeddings.embed_documents, watch.timed(embeddings.embed_query)


if __name__ == "__main__":
    serve(LangChain)
