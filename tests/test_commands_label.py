import io
import json

import pytest
from conftest import judged as judged_set

from index.errors import UsageError
from index.settings import IndexSettings
from index.sync import sync_paths
from rag.__main__ import main
from rag.evals.evaluate import evaluate
from rag.evals.runs import save
from rag.evals.sets import load


@pytest.fixture(autouse=True)
def words(monkeypatch, embedder):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_, **__: embedder)
    return embedder


@pytest.fixture
def label(store, monkeypatch, capsys):
    """Labels with these lines typed; gives what was said as JSON."""

    def run(typed, *rest):
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in typed)))
        assert main(["eval", "label", "--json", "--store", str(store), *map(str, rest)]) == 0
        return json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def questions(tmp_path, store, words):
    """A text file of two questions about two articles that are indexed."""
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "ferry.txt").write_text("The ferry sails at noon. A ticket costs two crowns.", encoding="utf-8")
    (folder / "mole.txt").write_text("The mole fell in August. It was rebuilt by May.", encoding="utf-8")
    sync_paths(store, [folder], words)
    (tmp_path / "mine.txt").write_text("What does a ticket cost?\nWho sang at supper?\n", encoding="utf-8")
    return tmp_path / "mine.txt"


def test_questions_of_a_text_file_become_a_set_that_can_be_run(label, questions, store, tmp_path):
    said = label(["2", "n", "n", "n"], "--set", questions, "--out", tmp_path / "mine")
    assert said == {
        "kept_in": str(tmp_path / "mine" / "questions.jsonl"),
        "judged": 4,
        "relevant": 1,
        "skipped": 0,
        "questions_left": 0,
    }
    ticket, sang = load(tmp_path / "mine").questions
    assert [span.text for span in ticket.spans] == ["A ticket costs two crowns."]
    assert not sang.answerable
    run = evaluate(IndexSettings(store), tmp_path / "mine")
    assert (run.errors, run.rows[0].values["hit@1"]) == ((), 1)


def test_a_session_goes_on_where_the_last_one_ended(label, questions, tmp_path):
    first = label(["2", "q"], "--set", questions, "--out", tmp_path / "mine")
    assert (first["judged"], first["questions_left"]) == (1, 2)
    second = label(["n", "n", "n"], "--set", questions, "--out", tmp_path / "mine")
    assert (second["judged"], second["relevant"], second["questions_left"]) == (3, 0, 0)
    assert label([], "--set", questions, "--out", tmp_path / "mine")["judged"] == 0


def test_the_pooled_results_of_runs_become_lines_of_the_qrels(label, store, tmp_path):
    folder = judged_set(tmp_path / "judged", qrels="q1\td1\t1\n")
    run = evaluate(IndexSettings(store), folder)
    save(run, tmp_path / "run.json")
    said = label(["n"], tmp_path / "run.json", "--set", folder)
    assert (said["judged"], said["kept_in"]) == (1, str(folder / "qrels.tsv"))
    assert load(folder).questions[0].relevance == {"d1": 1, "d2": 0}


def test_prompts_go_to_stderr_and_the_result_to_stdout(questions, store, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("y\nq\n"))
    out = tmp_path / "mine"
    assert main(["eval", "label", "--store", str(store), "--set", str(questions), "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert "[1 of 2] What does a ticket cost?" in said.err
    assert said.out.startswith(f"1 place judged, 1 of them answer; kept in {out / 'questions.jsonl'}\n2 questions left")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--set", "mine.txt"], "A text file of questions makes a new set"),
        (["--set", "judged", "--out", "x"], "--out is for a text file of questions"),
        (["--set", "mine.txt", "--k", "0"], "--k is 0"),
        (["--set", "other.jsonl", "--out", "x"], "other.jsonl is no text file of questions"),
    ],
)
def test_what_cannot_be_labelled_is_told(questions, store, tmp_path, monkeypatch, options, complaint):
    judged_set(tmp_path / "judged")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=complaint):
        main(["eval", "label", "--store", str(store), *options])
