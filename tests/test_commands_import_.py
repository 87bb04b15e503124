import json

import pytest
from conftest import judged

from index.terminal import guarded
from rag.__main__ import main
from rag.evals.sets import load

RUN = "q1 Q0 d1 1 2.5 bm25\nq1 Q0 d2 2 1.5 bm25\n"


@pytest.fixture
def imported(capsys):
    """Runs `eval import`: exit code, stdout and stderr."""

    def run(*arguments):
        code = guarded(lambda: main(["eval", "import", *map(str, arguments)]))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_set_comes_in_and_says_what_comes_next(imported, tmp_path):
    code, out, err = imported("beir", judged(tmp_path / "made"), "--out", tmp_path / "set")
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"2 questions, 1 of them unanswerable, are in {tmp_path / 'set'}.",
        f"`python -m rag eval run --set {tmp_path / 'set'}` asks them.",
    ]
    assert len(load(tmp_path / "set").questions) == 2


def test_what_came_in_is_told_as_json(imported, tmp_path):
    made = json.loads(imported("beir", judged(tmp_path / "made"), "--out", tmp_path / "set", "--json")[1])
    assert made == {"path": str(tmp_path / "set"), "questions": 2, "unanswerable": 1, "notes": []}


def test_a_run_comes_in_as_a_run_file(imported, tmp_path):
    (tmp_path / "run.txt").write_text(RUN, encoding="utf-8")
    about = ("trec-run", tmp_path / "run.txt", "--set", judged(tmp_path / "made"), "--out", tmp_path / "run.json")
    code, out, _ = imported(*about)
    assert code == 1  # q2 has no line
    assert "the run file has no line for this question" in out
    assert imported(*about, "--complete")[0] == 0


def test_a_run_without_its_set_is_a_usage_error(imported, tmp_path):
    code, out, err = imported("trec-run", tmp_path / "run.txt", "--out", tmp_path / "run.json")
    assert (code, out) == (2, "")
    assert err == "A run is about a question set, and none is named.\nName it with --set.\n"


def test_a_format_that_does_not_exist_is_a_usage_error(imported, tmp_path):
    code, _, err = imported("excel", tmp_path, "--out", tmp_path / "set")
    assert code == 2
    assert err.startswith("There is no format 'excel'.\nKnown are: beir, trec, ")
