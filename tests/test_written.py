import json
from pathlib import Path

import pytest
from conftest import ARTICLE, write_lines

from index.errors import FootnoteError
from index.sync import sync_paths
from rag.evals.collection import Place
from rag.evals.sets import load
from rag.evals.written import articles, write_written, written

FELL = {"source": "mole.md", "start": 0, "end": 24, "text": "The mole fell in August."}
ASKED = {"id": "q1", "question": "When?", "kind": "single", "earlier": ["What?"], "answers": ["August"], "gold": [FELL]}
SANG = {"id": "q2", "question": "Who sang?", "kind": "unanswerable", "earlier": [], "answers": [], "gold": []}


@pytest.fixture
def folder(tmp_path):
    """A set of two questions beside two articles."""
    (tmp_path / "set" / "deep").mkdir(parents=True)
    (tmp_path / "set" / "mole.md").write_text(ARTICLE, encoding="utf-8")
    (tmp_path / "set" / "deep" / "ferry.txt").write_text("The ferry sails at noon.", encoding="utf-8")
    write_lines(tmp_path / "set" / "questions.jsonl", ASKED, SANG)
    return tmp_path / "set"


def test_the_documents_are_the_articles_beside_the_questions(folder, store):
    found = written(folder / "questions.jsonl", store)
    assert {one.id: one.text for one in found.documents} == {
        "mole.md": ARTICLE,
        "deep/ferry.txt": "The ferry sails at noon.",
    }
    assert found.articles == folder


def test_a_question_keeps_its_gold_its_answers_and_what_was_asked_before(folder, store):
    first, second = written(folder / "questions.jsonl", store).queries
    assert first.places("evidence") == (Place("mole.md", "The mole fell in August.", 0),)
    assert (first.kind, first.answers, first.earlier) == ("single", ("August",), ("What?",))
    assert (first.relevance, second.answerable) == ({"mole.md": 1}, False)


def test_what_is_written_again_is_the_same_byte_for_byte(folder, store, tmp_path):
    (tmp_path / "copy").mkdir()
    write_written(written(folder / "questions.jsonl", store), tmp_path / "copy")
    for name in ("questions.jsonl", "mole.md", "deep/ferry.txt"):
        assert (tmp_path / "copy" / name).read_bytes() == (folder / name).read_bytes()
    assert load(tmp_path / "copy").digest == load(folder).digest


def test_the_questions_about_the_seeds_stay_the_same_byte_for_byte(store, tmp_path):
    seeds = Path(__file__).parent.parent / "seeds"
    write_written(written(seeds / "questions.jsonl", store), tmp_path)
    assert (tmp_path / "questions.jsonl").read_bytes() == (seeds / "questions.jsonl").read_bytes()


def test_documents_that_were_judged_and_refused_stay_so(folder, store, tmp_path):
    write_lines(folder / "questions.jsonl", ASKED | {"not": [{"source": "deep/ferry.txt"}]})
    found = written(folder / "questions.jsonl", store)
    assert found.queries[0].relevance == {"deep/ferry.txt": 0, "mole.md": 1}
    (tmp_path / "copy").mkdir()
    write_written(found, tmp_path / "copy")
    assert json.loads((tmp_path / "copy" / "questions.jsonl").read_text())["not"] == [{"source": "deep/ferry.txt"}]


def test_articles_that_lie_elsewhere_are_those_of_the_index(folder, store, embedder, tmp_path):
    sync_paths(store, [folder], embedder)
    gold = FELL | {"source": str(folder / "mole.md")}
    questions = write_lines(tmp_path / "elsewhere" / "questions.jsonl", ASKED | {"gold": [gold]})
    found = written(questions, store)
    assert {one.id for one in found.documents} == {str(folder / "mole.md"), str(folder / "deep" / "ferry.txt")}
    assert found.articles is None


def test_an_article_that_is_held_out_is_no_document(folder, store):
    write_lines(folder / "questions.jsonl", ASKED, SANG | {"held_out": ["deep/ferry.txt"]})
    assert [one.id for one in written(folder / "questions.jsonl", store).documents] == ["mole.md"]


def test_an_article_that_is_damaged_is_told(folder):
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 and then nothing")
    with pytest.raises(FootnoteError, match=r"broken\.pdf cannot be read: "):
        list(articles(folder))
