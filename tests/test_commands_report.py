import json

import pytest
from conftest import MEASURES, SET, find, finds_first

from index.terminal import guarded
from rag.__main__ import main
from rag.evals.asking import run
from rag.evals.runs import save


@pytest.fixture
def reported(capsys, tmp_path):
    """Runs `eval report` on two kept runs: exit code, stdout and stderr."""
    (tmp_path / "more").mkdir()
    save(run(find, SET, MEASURES), tmp_path / "before.json")
    save(run(finds_first, SET, MEASURES), tmp_path / "more" / "before.json")

    def report(*arguments):
        code = guarded(lambda: main(["eval", "report", *map(str, arguments)]))
        said = capsys.readouterr()
        return code, said.out, said.err

    return report


@pytest.mark.parametrize(("name", "start"), [("r.html", "<!doctype html>"), ("r.md", "## `quay`"), ("r.XML", "<?xml")])
def test_the_suffix_says_the_form(reported, tmp_path, name, start):
    code, out, err = reported(tmp_path / "before.json", "--out", tmp_path / "out" / name)
    assert (code, err) == (0, "")
    assert out.endswith(f"The report is in {tmp_path / 'out' / name}.\n")
    assert (tmp_path / "out" / name).read_text(encoding="utf-8").startswith(start)


def test_two_runs_are_compared_and_keep_apart_when_named_alike(reported, tmp_path):
    runs = (tmp_path / "before.json", tmp_path / "more" / "before.json")
    said = json.loads(reported(*runs, "--out", tmp_path / "r.md", "--json")[1])
    assert said["runs"] == [str(path) for path in runs]
    assert said["summary"].startswith("3 questions, 2 of them with an answer in the articles; none failed. ")


def test_a_suffix_that_says_no_form_is_a_usage_error(reported, tmp_path):
    code, out, err = reported(tmp_path / "before.json", "--out", tmp_path / "r.pdf")
    assert (code, out) == (2, "")
    assert err == f"{tmp_path / 'r.pdf'} has no suffix of a report.\nKnown are: .html, .htm, .md, .markdown, .xml.\n"


def test_a_place_that_cannot_be_written_is_a_usage_error(reported, tmp_path):
    code, _, err = reported(tmp_path / "before.json", "--out", tmp_path / "before.json" / "r.md")
    assert code == 2
    assert "cannot be written" in err


def test_a_measure_that_no_run_has_is_a_usage_error(reported, tmp_path):
    code, _, err = reported(tmp_path / "before.json", "--out", tmp_path / "r.md", "--by", "hit@99")
    assert (code, err.splitlines()[0]) == (2, "The runs have no measure 'hit@99'.")
