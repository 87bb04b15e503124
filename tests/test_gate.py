import json
from dataclasses import replace

import pytest
from test_gates import HALF, a_run

from index.terminal import guarded
from rag.__main__ import main
from rag.evals.runs import save


@pytest.fixture
def gate(tmp_path, capsys):
    """Runs the gate over a run, with rules and a baseline: exit code, stdout and stderr."""

    def passes(run, rules, *options, baseline=None):
        (tmp_path / "gate.toml").write_text(rules)
        arguments = ["--rules", str(tmp_path / "gate.toml"), *options]
        for name, made in (("run", run), ("base", baseline)):
            if made:
                save(made, tmp_path / f"{name}.json")
        arguments += ["--baseline", str(tmp_path / "base.json")] if baseline else []
        code = guarded(lambda: main(["eval", "gate", str(tmp_path / "run.json"), *arguments]))
        said = capsys.readouterr()
        return code, said.out, said.err

    return passes


FLOOR = '[floors]\n"hit@1" = 0.5\n'
MARGIN = '[margins]\n"hit@1" = 0.02\n'


def test_a_run_that_keeps_its_rules_exits_with_0(gate):
    code, out, err = gate(HALF, FLOOR)
    assert (code, err) == (0, "")
    assert out.rstrip().endswith("pass")


def test_a_regression_exits_with_1(gate):
    code, out, _ = gate(a_run(1, 0, 0), FLOOR)
    assert code == 1
    assert "0.3333" in out


@pytest.mark.parametrize("rules", ["", "[floors", '[floors]\n"hit@1" = "high"', '[floors]\n"hit@2" = 0.5', MARGIN])
def test_rules_that_cannot_be_meant_exit_with_2(gate, rules):
    code, out, err = gate(HALF, rules)
    assert (code, out) == (2, "")
    assert err


def test_a_run_file_that_is_not_there_exits_with_2(gate):
    assert gate(None, FLOOR)[0] == 2


def test_a_run_with_a_failed_question_exits_with_3(gate):
    failed = replace(HALF, rows=(replace(HALF.rows[0], values={}, error="OSError: gone"), *HALF.rows[1:]))
    code, out, _ = gate(failed, FLOOR)
    assert code == 3
    assert out.startswith("invalid: 1 of 20 questions failed, the first is q0: OSError: gone.\n")


def test_a_damaged_run_and_another_set_exit_with_3(gate, tmp_path):
    (tmp_path / "run.json").write_text('{"schema": 2}')
    assert gate(None, FLOOR)[0] == 3
    (tmp_path / "run.json").unlink()
    assert gate(HALF, MARGIN, baseline=replace(HALF, set_digest="9"))[0] == 3


def test_a_margin_that_is_not_shown_to_be_kept_exits_with_4(gate):
    less = a_run(*[1] * 9, *[0] * 11)
    assert gate(less, MARGIN, baseline=HALF)[0] == 4
    assert gate(less, MARGIN + '[floors]\n"hit@1" = 0.5\n', baseline=HALF)[0] == 1


def test_a_run_file_that_holds_no_numbers_exits_with_3(gate, tmp_path):
    save(HALF, tmp_path / "run.json")
    good = (tmp_path / "run.json").read_text(encoding="utf-8")
    for value in ("null", '"abc"', "NaN", "true", str(10**400)):
        (tmp_path / "run.json").write_text(good.replace('{"hit@1": 1.0}', f'{{"hit@1": {value}}}', 1), encoding="utf-8")
        code, out, err = gate(None, FLOOR)
        assert (code, out[:8], err) == (3, "invalid:", "")
    (tmp_path / "run.json").write_text("[" * 100_000, encoding="utf-8")
    assert gate(None, FLOOR)[0] == 3


def test_rules_that_are_nested_without_end_exit_with_2(gate):
    assert gate(HALF, f"a = {'[' * 100_000}")[0] == 2


def test_the_checks_are_json(gate):
    (check,) = json.loads(gate(HALF, FLOOR, "--json")[1])["checks"]
    assert check == {"rule": "floor", "measure": "hit@1", "value": 0.5, "limit": 0.5, "outcome": "pass"}
    assert json.loads(gate(a_run(), FLOOR, "--json")[1])["outcome"] == "invalid"
