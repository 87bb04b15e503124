"""For LangChain programs: the retriever, and the walk from a question to an answer, over a store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from langchain_core.runnables import Runnable, RunnableLambda

from rag.answers import Answer, Question
from rag.retrieve import HybridRetriever
from rag.settings import build, load_settings

if TYPE_CHECKING:
    from rag.settings import Settings


def retriever(store: str | Path | None = None, limit: int = 50) -> HybridRetriever:
    """A LangChain retriever of the best `limit` passages; where each stands is in the metadata of its document."""
    settings = _settings(store)
    return HybridRetriever(index=build(settings).index, limit=limit, depth=settings.depth)


def runnable(store: str | Path | None = None) -> Runnable[str | Question, Answer]:
    """A LangChain runnable from a question, as text or with what was asked before it, to its answer; it streams."""
    ask: Runnable[str | Question, Question] = RunnableLambda(_question).with_config(run_name="question")
    return ask | build(_settings(store)).assistant.chain


def _question(asked: str | Question) -> Question:
    return Question(asked) if isinstance(asked, str) else asked


def _settings(store: str | Path | None) -> Settings:
    return load_settings().at(Path(store) if store is not None else None)
