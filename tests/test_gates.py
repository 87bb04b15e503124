from dataclasses import replace

import pytest

from index.errors import UsageError
from rag.evals.gates import Check, Outcome, Rules, judge, read_rules, rules, worst
from rag.evals.runs import Answered, InvalidRun, Row, Run


def a_run(*values, measure="hit@1", seconds=0.05, **about):
    rows = [
        Row(f"q{n}", "Why?", "single", True, {"retrieve": seconds, "total": 2 * seconds}, (), {measure: float(v)})
        for n, v in enumerate(values)
    ]
    return Run("quay", "0123456789abcdef", tuple(rows), **about)


def outcomes(run, *against, **wanted):
    return [check.outcome for check in judge(run, Rules(**wanted), *against)]


HALF = a_run(*[1] * 10, *[0] * 10)


# Rules in a file ------------------------------------------------------------------------------------------------------


def test_rules_are_read_from_toml(tmp_path):
    (tmp_path / "gate.toml").write_text("""
        set = "0123"
        questions = 106
        [floors]
        "recall@10" = 0.95
        [drops]
        "hit@1" = 0.02
        [margins]
        "MRR@10" = 0.03
        [latency.total]
        p95 = 60
    """)
    assert read_rules(tmp_path / "gate.toml") == Rules(
        {"recall@10": 0.95}, {"hit@1": 0.02}, {"MRR@10": 0.03}, {"total": {"p95": 60.0}}, "0123", 106
    )


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({}, "has no rule"),
        ({"floor": {"hit@1": 0.5}}, "no rule 'floor'"),
        ({"floors": {"hit@1": 50}}, "hit@1 is 50"),
        ({"floors": {"hit@1": "high"}}, "hit@1 is 'high'"),
        ({"floors": {"hit@1": True}}, "hit@1 is True"),
        ({"floors": 0.5}, "floors is no table"),
        ({"drops": {"hit@1": -0.1}}, "hit@1 is -0.1"),
        ({"latency": {"total": 60}}, "latency.total is no table"),
        ({"latency": {"total": {"p90": 60}}}, "no 'p90'"),
        ({"floors": {"hit@1": 0.5}, "questions": "all"}, "questions a number"),
    ],
)
def test_what_is_no_rule_is_refused_by_name(values, complaint):
    with pytest.raises(UsageError, match=complaint):
        rules(values, "gate.toml")


def test_a_file_that_is_no_toml_is_a_usage_error(tmp_path):
    (tmp_path / "gate.toml").write_text("[floors")
    for name in ("gate.toml", "none.toml"):
        with pytest.raises(UsageError, match="cannot be read"):
            read_rules(tmp_path / name)


# Keeping them ---------------------------------------------------------------------------------------------------------


def test_a_floor_is_kept_at_its_height_and_not_below():
    assert outcomes(HALF, floors={"hit@1": 0.5}) == ["pass"]
    assert outcomes(HALF, floors={"hit@1": 0.51}) == ["regression"]
    assert judge(HALF, Rules(floors={"hit@1": 0.5})) == (Check("floor", "hit@1", 0.5, 0.5, Outcome.PASS),)


def test_the_auroc_can_have_a_floor():
    rows = [
        Row(f"q{n}", "?", "", n > 0, values={"gold cited": 1.0}, answered=Answered(False, "So.", 1, n / 2))
        for n in range(3)
    ]
    assert outcomes(Run("quay", "0", tuple(rows)), floors={"AUROC": 1.0}) == ["pass"]


def test_a_drop_is_against_the_baseline():
    less = a_run(*[1] * 9, *[0] * 11)
    assert outcomes(less, HALF, drops={"hit@1": 0.05}) == ["pass"]
    assert outcomes(less, HALF, drops={"hit@1": 0.04}) == ["regression"]
    assert outcomes(HALF, less, drops={"hit@1": 0.0}) == ["pass"]


def test_a_drop_is_of_the_questions_that_have_the_measure_in_both_runs():
    # The run answers one question more, and badly: what both answered is as it was.
    more = a_run(*[1] * 10, 0, measure="citation precision")
    less = replace(more, rows=(*more.rows[:10], replace(more.rows[10], values={})))
    assert judge(more, Rules(drops={"citation precision": 0.0}), less)[0].value == 0


@pytest.mark.parametrize("kind", ["drops", "margins"])
def test_hardly_any_shared_question_shows_that_nothing_was_lost(kind):
    for count, outcome in ((9, "inconclusive"), (10, "pass")):
        run = a_run(*[1] * count)
        assert outcomes(run, run, **{kind: {"hit@1": 0.5}}) == [outcome]


@pytest.mark.parametrize("kind", ["drops", "margins"])
def test_a_loss_on_every_shared_question_is_one_however_few_they_are(kind):
    assert outcomes(a_run(*[0] * 5), a_run(*[1] * 5), **{kind: {"hit@1": 0.5}}) == ["regression"]


def test_a_margin_is_kept_when_the_interval_excludes_a_larger_loss():
    assert outcomes(HALF, HALF, margins={"hit@1": 0.0}) == ["pass"]
    # One question of 20 lost: the interval of the difference reaches from 0 to about -.15.
    less = a_run(*[1] * 9, *[0] * 11)
    assert outcomes(less, HALF, margins={"hit@1": 0.2}) == ["pass"]
    assert outcomes(less, HALF, margins={"hit@1": 0.02}) == ["inconclusive"]
    assert outcomes(a_run(*[0] * 20), HALF, margins={"hit@1": 0.02}) == ["regression"]
    # Surely a loss, of about .05 to .4, which may still be within the margin.
    assert outcomes(a_run(*[1] * 6, *[0] * 14), HALF, margins={"hit@1": 0.15}) == ["inconclusive"]


def test_a_latency_budget_is_in_milliseconds():
    assert outcomes(HALF, latency={"retrieve": {"p95": 50}, "total": {"p99": 99}}) == ["pass", "regression"]


def test_one_regression_is_worse_than_any_number_of_passes():
    checks = judge(HALF, Rules(floors={"hit@1": 0.6}, latency={"total": {"p50": 500}}))
    assert worst(checks) == "regression"
    assert worst(checks[1:]) == "pass"


# Nothing to conclude --------------------------------------------------------------------------------------------------


def test_a_run_with_a_failed_question_is_invalid():
    failed = replace(HALF, rows=(*HALF.rows[:-1], replace(HALF.rows[-1], values={}, error="OSError: gone")))
    with pytest.raises(InvalidRun, match="1 of 20 questions failed, the first is q19: OSError: gone"):
        judge(failed, Rules(floors={"hit@1": 0.1}))
    with pytest.raises(InvalidRun, match="1 questions failed"):
        judge(HALF, Rules(drops={"hit@1": 0.1}), failed)


def test_a_run_of_too_few_questions_or_none_is_invalid():
    with pytest.raises(InvalidRun, match="has 20 questions, not 21"):
        judge(HALF, Rules(floors={"hit@1": 0.1}, questions=21))
    with pytest.raises(InvalidRun, match="has 0 questions"):
        judge(a_run(), Rules(floors={"hit@1": 0.0}))


def test_a_run_on_another_set_is_invalid():
    assert outcomes(HALF, floors={"hit@1": 0.5}, set_digest="0123") == ["pass"]
    with pytest.raises(InvalidRun, match="the rules are for 99"):
        judge(HALF, Rules(floors={"hit@1": 0.5}, set_digest="99"))
    with pytest.raises(InvalidRun, match="different questions"):
        judge(HALF, Rules(drops={"hit@1": 0.5}), replace(HALF, set_digest="99"))


def test_a_value_that_is_no_number_is_invalid():
    with pytest.raises(InvalidRun, match="hit@1 of the question q1 is nan"):
        judge(a_run(1, float("nan")), Rules(floors={"hit@1": 0.0}))


def test_times_without_the_model_have_no_budget():
    known = replace(HALF, rows=tuple(replace(row, known=True) for row in HALF.rows))
    assert outcomes(known, floors={"hit@1": 0.5}) == ["pass"]
    with pytest.raises(InvalidRun, match="20 questions were embedded by an earlier run"):
        judge(known, Rules(latency={"total": {"p95": 999}}))


@pytest.mark.parametrize(
    "wanted", [{"floors": {"recall@7": 0.5}}, {"latency": {"paint": {"p95": 9}}}, {"drops": {"hit@1": 0.5}}]
)
def test_a_rule_about_what_the_run_does_not_have_is_a_usage_error(wanted):
    with pytest.raises(UsageError):
        judge(HALF, Rules(**wanted))


def test_a_stage_without_a_budget_is_refused():
    with pytest.raises(UsageError, match=r"latency\.total has no budget"):
        rules({"latency": {"total": {}}}, "gate.toml")
