import pytest
from conftest import TEXTS, judged, write_lines

from index.settings import IndexSettings
from index.sync import sync_paths
from rag.evals.evaluate import evaluate
from rag.evals.examination import examine
from rag.evals.runs import Run, save


@pytest.fixture(autouse=True)
def words(monkeypatch, embedder):
    """A bag of words in the place of the model, the same one for each build."""
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    return embedder


@pytest.fixture
def written(tmp_path, store, words):
    """A set about one article that is indexed."""
    folder = tmp_path / "written"
    gold = {"source": "mole.txt", "text": "The mole fell in August."}
    asked = "Is it so that the mole fell in August?"
    write_lines(
        folder / "questions.jsonl",
        {"id": "q1", "question": asked, "kind": "single", "gold": [gold], "answers": ["May"]},
    )
    (folder / "mole.txt").write_text(f"{asked} {TEXTS['mole.md']}", encoding="utf-8")
    sync_paths(store, [folder], words)
    return folder


def test_a_set_is_looked_at_with_the_articles_that_are_indexed(written, store):
    found = [finding.text for finding in examine(IndexSettings(store), written)]
    assert "1 questions stand word for word in an article that answers them: q1" in found
    assert not any(finding.serious for finding in examine(IndexSettings(store), written))


def test_runs_are_looked_at_with_the_set_they_were_made_on(written, store, tmp_path):
    save(evaluate(IndexSettings(store), written), tmp_path / "a.json")
    found = examine(IndexSettings(store), written, [tmp_path / "a.json", tmp_path / "a.json"])
    assert not any(finding.serious for finding in found)
    (written / "questions.jsonl").write_text((written / "questions.jsonl").read_text() + "\n")
    found = examine(IndexSettings(store), written, [tmp_path / "a.json"])
    assert [f.text.split(" of the set")[0] for f in found if f.serious] == ["a.json was made on another version"]


def test_without_a_set_the_runs_alone_are_looked_at(written, store, tmp_path):
    save(evaluate(IndexSettings(store), written), tmp_path / "a.json")
    assert {f.about for f in examine(IndexSettings(store), None, [tmp_path / "a.json"])} == {"runs"}


def test_the_index_of_a_judged_set_is_looked_at_and_not_made(store, tmp_path):
    folder = judged(tmp_path / "judged")
    assert any("is not made yet" in f.text for f in examine(IndexSettings(store), folder))
    assert not store.exists()
    # d3 of it is empty, and no article.
    (folder / "corpus.jsonl").write_text("".join((folder / "corpus.jsonl").read_text().splitlines(True)[:2]))
    evaluate(IndexSettings(store), folder)
    assert [f.text for f in examine(IndexSettings(store), folder) if f.serious] == []


def test_a_run_without_questions_is_serious(store, tmp_path):
    save(Run("quay", "0" * 32, ()), tmp_path / "a.json")
    assert [f.text for f in examine(IndexSettings(store), None, [tmp_path / "a.json"]) if f.serious] == [
        "a.json has no questions"
    ]
