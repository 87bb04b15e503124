import json

import pytest
from conftest import write_lines

from index.errors import FootnoteError, UsageError
from rag.evals.collection import Collection, Document, Query
from rag.evals.formats import mtrag

PASSAGE = {"document_id": "p1", "title": "Mole", "text": "The mole fell in August."}
TASK = {
    "task_id": "c1::2",
    "conversation_id": "c1",
    "turn": 2,
    "collection": "harbour",
    "contexts": [PASSAGE],
    "input": [
        {"speaker": "user", "text": "What is the mole?"},
        {"speaker": "agent", "text": "A wall."},
        {"speaker": "user", "text": "When did it fall?"},
    ],
    "targets": [{"speaker": "agent", "text": "In August."}],
    "Question Type": ["Factoid"],
    "Multi-Turn": ["Follow-up"],
    "answerability": ["ANSWERABLE"],
}
NOT = {
    "task_id": "c1::3",
    "contexts": [],
    "input": [{"speaker": "user", "text": "Who sang?"}],
    "targets": [],
    "Multi-Turn": float("nan"),
    "answerability": ["UNANSWERABLE"],
}


def test_a_task_is_the_last_question_with_what_was_said_before(tmp_path):
    found = mtrag.read(write_lines(tmp_path / "tasks.jsonl", TASK, NOT)).collection
    first, second = found.queries
    assert (first.id, first.text, first.relevance) == ("c1::2", "When did it fall?", {"p1": 1})
    assert (first.earlier, first.answers) == (("What is the mole?",), ("In August.",))
    assert first.metadata["history"][1] == {"role": "assistant", "text": "A wall."}
    assert (second.answerable, second.relevance, second.metadata["answerability"]) == (False, {}, "UNANSWERABLE")


def test_the_passages_of_the_tasks_are_the_documents(tmp_path):
    found = mtrag.read(write_lines(tmp_path / "tasks.jsonl", TASK, TASK | {"task_id": "c1::4"})).collection
    assert list(found.documents) == [Document("p1", "Mole", "The mole fell in August.")]


def test_a_corpus_beside_the_tasks_holds_the_documents(tmp_path):
    write_lines(tmp_path / "tasks.jsonl", TASK)
    write_lines(tmp_path / "corpus.jsonl", {"_id": "p1", "text": "The mole fell."}, {"_id": "p2", "text": "Ferries."})
    assert [one.id for one in mtrag.read(tmp_path).collection.documents] == ["p1", "p2"]


def test_a_task_is_the_same_there_and_back(tmp_path):
    found = mtrag.read(write_lines(tmp_path / "tasks.jsonl", TASK)).collection
    assert mtrag.write(found, tmp_path / "out") == []
    assert json.loads((tmp_path / "out" / "tasks.jsonl").read_text()) == TASK
    assert mtrag.read(tmp_path / "out").collection.queries == found.queries


def test_a_task_that_can_be_answered_and_has_no_passage_is_left_out(tmp_path):
    found = mtrag.read(write_lines(tmp_path / "tasks.jsonl", TASK | {"contexts": []}))
    assert (found.collection.queries, found.notes) == ([], ("1 question without a passage that answers left out.",))


def test_the_capital_of_some_files_is_read_too(tmp_path):
    task = {name: value for name, value in TASK.items() if name not in ("answerability", "collection")}
    task["Collection"] = "harbour"
    found = mtrag.read(write_lines(tmp_path / "tasks.jsonl", task | {"Answerability": ["PARTIAL"]})).collection
    assert (found.queries[0].answerable, found.queries[0].metadata["answerability"]) == (True, "PARTIAL")
    assert found.queries[0].metadata["collection"] == "harbour"


def test_what_mtrag_does_not_hold_is_told(tmp_path):
    about = {
        "type": "news",
        "question_date": "2024-05-03",
        "evidence": [{"doc_id": "d", "text": "May"}],
        "mood": "good",
    }
    made = Collection([Document("d", "", "May.")], [Query("q", "When?", about, {"d": 2})])
    assert mtrag.write(made, tmp_path / "out") == [
        "MTRAG does not hold the places that answer: 1 question.",
        "MTRAG does not hold grades of relevance: 1 question.",
        "MTRAG does not hold the day of a question: 1 question.",
        "MTRAG does not hold kinds of question: 1 question.",
        "MTRAG does not hold other notes on questions: 1 question.",
    ]


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"input": []}, "tasks.jsonl line 1: 'input' does not end with what the user asks"),
        (
            {"input": [{"speaker": "me", "text": "Why?"}]},
            "tasks.jsonl line 1, input 1: 'speaker' is 'me', not one of user, agent",
        ),
        ({"contexts": [{"text": "x"}]}, "tasks.jsonl line 1, contexts 1: 'document_id' is missing"),
    ],
)
def test_a_task_that_cannot_be_meant_is_named_by_its_line(tmp_path, changes, complaint):
    with pytest.raises(FootnoteError) as told:
        mtrag.read(write_lines(tmp_path / "tasks.jsonl", TASK | changes))
    assert str(told.value) == complaint


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"tasks\.jsonl does not exist"):
        mtrag.read(tmp_path)
