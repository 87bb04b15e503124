import pytest
from conftest import judged as judged_set

from index.errors import FootnoteError
from rag.evals.collection import Place, Query, judged, write_judged
from rag.evals.sets import load


def test_a_judged_set_has_its_documents_questions_and_grades(tmp_path):
    found = judged(judged_set(tmp_path))
    assert [(one.id, one.title) for one in found.documents] == [("d1", "Möle"), ("d2", ""), ("d3", "Nothing")]
    first, second = found.queries
    assert (first.relevance, first.relevant, first.kind, first.answers) == (
        {"d1": 2, "d2": 1},
        ("d1", "d2"),
        "news",
        ("May",),
    )
    assert first.earlier == ("What is the mole?",)
    assert (first.answerable, second.answerable) == (True, False)


def test_what_is_not_said_to_be_answerable_is_so_when_a_document_is_relevant():
    assert Query("q", "Why?", relevance={"d": 1}).answerable
    assert not Query("q", "Why?", relevance={"d": 0}).answerable


def test_a_written_copy_is_the_same_set_byte_for_byte(tmp_path):
    found = judged(judged_set(tmp_path / "a"))
    for name in ("b", "c"):
        (tmp_path / name).mkdir()
        write_judged(found, tmp_path / name)
        found = judged(tmp_path / name)
    for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"):
        assert (tmp_path / "b" / name).read_bytes() == (tmp_path / "c" / name).read_bytes()
    assert load(tmp_path / "b").questions == load(tmp_path / "a").questions


def test_places_are_those_of_the_metadata():
    asked = Query(
        "q", "Why?", {"evidence": [{"doc_id": "d", "text": "May", "start": 3}, {"doc_id": "d", "text": "June"}]}
    )
    assert asked.places("evidence") == (Place("d", "May", 3), Place("d", "June"))
    assert asked.places("also") == ()


@pytest.mark.parametrize(
    ("metadata", "complaint"),
    [
        ({"evidence": [{"text": "May"}]}, "queries.jsonl line 1, metadata, evidence 1: 'doc_id' is missing"),
        ({"history": [{"role": "user"}]}, "queries.jsonl line 1, metadata, history 1: 'text' is missing"),
        ({"answers": "May"}, "queries.jsonl line 1, metadata: 'answers' is not a list"),
    ],
)
def test_metadata_that_cannot_be_meant_is_named_by_its_line(tmp_path, metadata, complaint):
    folder = judged_set(tmp_path, [{"_id": "q1", "text": "Why?", "metadata": metadata}])
    with pytest.raises(FootnoteError) as told:
        judged(folder)
    assert str(told.value).startswith(complaint)
