"""What `from rag import retriever, runnable` gives to a LangChain program, and what it costs to name nothing."""

import subprocess
import sys
from pathlib import Path

import pytest
from doors import FERRY, NOON
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

import rag
from rag import retriever, runnable
from rag.answers import Question

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def words(monkeypatch, tmp_path, embedder):
    """A bag of words in the place of the model, and no footnote.toml."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)


def test_the_retriever_gives_documents_that_say_where_they_stand(indexed):
    found = retriever(indexed.store, limit=2).invoke(FERRY)
    assert len(found) == 2
    first = found[0]
    assert isinstance(first, Document)
    article = indexed.article(first.metadata["article"])
    assert (first.metadata["source"], article.text[first.metadata["start"] : first.metadata["end"]]) == (
        "ferry", first.page_content,
    )  # fmt: skip


def test_the_runnable_takes_a_question_and_is_a_part_of_a_chain(indexed):
    sources = runnable(str(indexed.store)) | RunnableLambda(lambda answer: [c.source for c in answer.citations])
    assert "ferry" in sources.invoke(FERRY)
    assert "ferry" in sources.invoke(Question("And what does a ticket cost?", (FERRY,)))


def test_the_runnable_streams_and_the_last_is_done(indexed):
    *_, last = runnable(indexed.store).stream(FERRY)
    assert (last.done, last.question.text) == (True, FERRY)
    assert NOON in [hit.article.text[:24] for hit in last.hits]


def test_naming_nothing_loads_nothing():
    code = "import sys, rag; print({'langchain_core', 'torch', 'numpy', 'fastapi'} & sys.modules.keys())"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "set()\n"


def test_there_is_nothing_else():
    with pytest.raises(AttributeError, match="module 'rag' has no attribute 'agent'"):
        rag.agent  # noqa: B018
