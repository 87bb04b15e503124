import pytest
from conftest import judged as judged_set

from index.errors import UsageError
from rag.evals.collection import Collection, Document, Query, judged
from rag.evals.formats import beir


@pytest.fixture
def folder(tmp_path):
    """A set in the layout of BEIR, with a question of another split."""
    made = judged_set(tmp_path / "beir")
    (made / "qrels").mkdir()
    (made / "qrels.tsv").rename(made / "qrels" / "test.tsv")
    with (made / "queries.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"_id": "q3", "text": "Of the training split?"}\n')
    return made


def test_questions_of_other_splits_are_left_out_and_told(folder):
    found = beir.read(folder)
    assert [asked.id for asked in found.collection.queries] == ["q1", "q2"]
    assert found.notes == ("1 question without a relevant document in test.tsv left out.",)


def test_nothing_is_lost_there_and_back(folder, tmp_path):
    found = beir.read(folder).collection
    assert beir.write(found, tmp_path / "out") == []
    again = beir.read(tmp_path / "out")
    assert list(again.collection.documents) == list(found.documents)
    assert (again.collection.queries, again.notes) == (found.queries, ())
    again_out = tmp_path / "again"
    beir.write(again.collection, again_out)
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        assert (again_out / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_a_place_that_stands_once_is_written_with_where(tmp_path):
    asked = Query("q1", "What?", {"evidence": [{"doc_id": "a", "text": t} for t in ("fell", "The")]}, {"a": 1})
    beir.write(Collection([Document("a", "", "The mole fell. The ferry sails.")], [asked]), tmp_path / "out")
    [again] = beir.read(tmp_path / "out").collection.queries
    assert [place.start for place in again.places("evidence")] == [9, None]


def test_a_question_without_places_is_written(tmp_path):
    asked = Query("q1", "What?", {"evidence": None, "also": []}, {"a": 1})
    assert beir.write(Collection([Document("a", "", "The mole fell.")], [asked]), tmp_path / "out") == []


def test_the_layout_of_a_judged_set_is_read_too(tmp_path):
    folder = judged_set(tmp_path)
    assert beir.read(folder).collection.queries == judged(folder).queries


def test_a_folder_without_judgements_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"has no qrels/test\.tsv"):
        beir.read(tmp_path)
