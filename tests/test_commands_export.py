import json

import pytest
from conftest import judged

from index.terminal import guarded
from rag.__main__ import main


@pytest.fixture
def exported(capsys, tmp_path, monkeypatch):
    """Runs `eval export`: exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        code = guarded(lambda: main(["eval", "export", *map(str, arguments)]))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_set_goes_out_and_says_what_was_lost(exported, tmp_path):
    code, out, err = exported(judged(tmp_path / "made"), "--format", "mtrag", "--out", tmp_path / "out")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"2 questions, 1 of them unanswerable, are in {tmp_path / 'out'}.",
        "MTRAG does not hold grades of relevance: 1 question.",
        "MTRAG does not hold the day of a question: 1 question.",
        "MTRAG does not hold kinds of question: 1 question.",
    ]


def test_what_went_out_is_told_as_json(exported, tmp_path):
    made = json.loads(exported(judged(tmp_path / "made"), "--format", "beir", "--out", tmp_path / "out", "--json")[1])
    assert made == {"path": str(tmp_path / "out"), "questions": 2, "unanswerable": 1, "notes": []}


def test_a_set_about_articles_elsewhere_needs_the_index_that_has_them(exported, tmp_path):
    gold = {"source": str(tmp_path / "elsewhere.md"), "text": "The mole fell."}
    asked = {"id": "q", "question": "What fell?", "kind": "single", "gold": [gold]}
    (tmp_path / "questions.jsonl").write_text(json.dumps(asked), encoding="utf-8")
    code, out, err = exported("questions.jsonl", "--format", "beir", "--out", "out", "--store", "none")
    assert (code, out) == (1, "")
    assert err.startswith("There is no index in none.\n")
    assert not (tmp_path / "out").exists()
