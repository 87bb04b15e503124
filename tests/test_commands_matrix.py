import json
import shlex

import pytest
from conftest import write_lines

from index.sync import sync_paths
from index.terminal import guarded
from rag.__main__ import main
from rag.evals.commands.matrix import LONGEST, broken


@pytest.fixture
def measured(capsys, tmp_path, monkeypatch, embedder, store):
    """Runs `eval matrix` on a set of one question about one article: exit code, stdout and stderr."""
    gold = {"source": "mole.txt", "text": "The mole fell in August."}
    asked = {"id": "q1", "question": "When did the mole fall?", "kind": "single", "gold": [gold]}
    write_lines(tmp_path / "set" / "questions.jsonl", asked)
    (tmp_path / "set" / "mole.txt").write_text("The mole fell in August.", encoding="utf-8")
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    monkeypatch.chdir(tmp_path)
    sync_paths(store, [tmp_path / "set"], embedder)

    def run(*arguments):
        code = guarded(lambda: main(["eval", "matrix", *arguments, "--set", "set", "--store", "store"]))
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_table_has_each_cell_and_the_command_for_it(measured):
    code, out, err = measured("read=4,6")
    assert (code, err) == (0, "")
    rows = [line.split() for line in out.splitlines() if "1.000 to 1.000" in line]
    assert [row[1] if row[0] == "●" else row[0] for row in rows] == ["4", "6"]
    assert "python -m rag eval run --set set --store store --with read=4 --fresh --out" in out


def test_the_cells_as_json(measured):
    found = json.loads(measured("read=4", "--json", "--by", "hit@1")[1])
    (cell,) = found["cells"]
    assert (found["by"], cell["cell"], cell["run"], cell["best"]) == ("hit@1", ["read=4"], "matrix/read=4.json", True)
    assert cell["quality"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 1}


def test_an_axis_that_cannot_be_meant_is_a_usage_error(measured):
    code, out, err = measured("read")
    assert (code, out) == (2, "")
    assert err == "'read' names no values.\nWrite NAME=VALUE,VALUE, such as read=4,6,8.\n"


def test_a_long_command_is_broken_so_that_a_shell_takes_it_as_one():
    words = ["python", "-m", "rag", "--out", "a folder/run.json", *["--with", "read=4"] * 20]
    lines = broken(shlex.join(words)).split(" \\\n")
    assert len(lines) > 1
    assert all(len(line) <= LONGEST + 4 and not line.endswith("--with") for line in lines)
    assert shlex.split("".join(lines)) == words
