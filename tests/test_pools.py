from pathlib import Path

import pytest
from conftest import Shelf

from index.errors import UsageError
from index.settings import IndexSettings
from index.sync import sync
from rag.evals.pools import pool
from rag.evals.runs import Row, Run
from rag.evals.sets import EvalQuestion, QuestionSet
from rag.settings import build

BOATS = " ".join(f"Boat number {n} lay at the old quay of Merrowick for a very long while." for n in range(20))
SHELF = Shelf(ferry="The ferry sails at noon. A ticket costs two crowns.", boats=f"{BOATS} The fare is two crowns.")
FARE = EvalQuestion("fare", "What is the fare in crowns?", "single", answerable=True)


class Named(QuestionSet):
    """A set whose documents are the sources themselves."""

    def source(self, document):
        return document

    def document(self, source):
        return source


SET = Named("shelf", Path("nowhere"), "0" * 32, (FARE,))


@pytest.fixture
def parts(store, embedder, monkeypatch):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_, **__: embedder)
    sync(store, [SHELF], embedder)
    return build(IndexSettings(store))


def run_of(*ranking, name="fare"):
    return Run("shelf", "0" * 32, (Row(name, "", "single", True, ranking=ranking),))


def test_without_runs_the_passages_that_the_chain_finds_are_judged(parts):
    found = list(pool(parts, FARE, SET, [], 3, whole=False))
    hits = parts.assistant.find.invoke(FARE.as_asked()).hits[:3]
    assert [(one.document, one.start) for one in found] == [(h.article.source, h.passage.start) for h in hits]
    assert len({one.document for one in found}) < 3  # several passages of one article


def test_documents_that_are_judged_whole_come_once(parts):
    found = list(pool(parts, FARE, SET, [], 5, whole=True))
    assert sorted(one.document for one in found) == ["boats", "ferry"]


def test_the_first_results_of_several_runs_are_pooled_each_once(parts):
    found = list(pool(parts, FARE, SET, [run_of("boats", "ferry"), run_of("ferry", "boats")], 1, whole=True))
    assert [one.document for one in found] == ["boats", "ferry"]
    assert [one.document for one in pool(parts, FARE, SET, [run_of("boats", "ferry")], 1, whole=True)] == ["boats"]


def test_of_a_document_the_passage_with_most_of_the_words_is_shown(parts):
    (found,) = pool(parts, FARE, SET, [run_of("boats")], 10, whole=True)
    assert found.text.endswith("The fare is two crowns.")
    assert SHELF.texts["boats"][found.start : found.end] == found.text
    last = found.sentences[-1]
    assert SHELF.texts["boats"][slice(*last)] == "The fare is two crowns."


def test_a_document_that_is_not_in_the_index_is_left_out(parts):
    assert [one.document for one in pool(parts, FARE, SET, [run_of("gone", "ferry")], 10, whole=True)] == ["ferry"]


def test_a_run_that_did_not_ask_the_question_is_refused(parts):
    with pytest.raises(UsageError, match="A run of shelf did not ask 'fare'"):
        list(pool(parts, FARE, SET, [run_of("ferry", name="other")], 10, whole=True))
