from dataclasses import replace
from datetime import UTC, datetime

import pytest

from index.errors import UsageError
from rag.evals.report.findings import Fault, findings, letter, rank, summary
from rag.evals.runs import Answered, Row, Run

WHEN = datetime(2026, 11, 20, tzinfo=UTC)


def row(name, value=1.0, *, kind="single", error="", **values):
    """An answerable question whose first relevant document stands where MRR@10 says."""
    found = {} if error else {"hit@1": float(value == 1), "MRR@10": value, "nDCG@10": value, **values}
    return Row(name, f"Question {name}?", kind, True, {"total": 0.02}, ("a.md",), found, error=error)


def made(*rows, name="quay", when=WHEN):
    return Run(name, "0" * 32, rows, created=when)


GOOD, LATE, NONE = row("good"), row("late", 0.25), row("none", 0.0)


def test_a_run_has_its_means_overall_and_by_kind():
    found = findings([("a", made(GOOD, replace(NONE, kind="dates")))])
    assert found.last.means["MRR@10"].value == 0.5
    assert {kind: means["MRR@10"].value for kind, means in found.last.kinds.items()} == {"single": 1, "dates": 0}
    assert found.kinds == ("single", "dates")
    assert (found.lead, found.headlines) == ("nDCG@10", ("hit@1", "nDCG@10"))


def test_one_kind_of_question_is_no_slice():
    assert findings([("a", made(GOOD, NONE))]).kinds == ()


def test_the_rank_follows_from_the_reciprocal_rank():
    assert [rank(row("q", 1 / n)) for n in range(1, 11)] == list(range(1, 11))
    assert rank(NONE) is None


def test_what_is_wrong_with_a_question_has_a_name():
    no = Row("no", "Who sang?", "unanswerable", False, values={"refusal rate": 0.0})
    refused = row("refused", 1.0, **{"answer rate": 0.0})
    found = findings([("a", made(GOOD, NONE, refused, no, row("failed", error="OSError: gone")))])
    assert [outcome.fault for outcome in found.last.outcomes] == [
        None, Fault.NOT_FOUND, Fault.REFUSED, Fault.ANSWERED, Fault.FAILED,
    ]  # fmt: skip


def test_the_worst_come_first_and_what_went_well_is_not_among_them():
    no = Row("no", "Who sang?", "unanswerable", False, values={"refusal rate": 1.0})
    later = row("later", 0.125)
    worst = findings([("a", made(GOOD, no, LATE, NONE, later, row("failed", error="OSError: gone")))]).last.worst()
    assert [outcome.row.id for outcome in worst] == ["failed", "none", "later", "late"]


def test_two_runs_are_compared_and_the_summary_says_what_became_better():
    rows = [row(f"q{n}", 0.0) for n in range(20)]
    found = findings([("a", made(*rows)), ("b", made(*(replace(r, values=GOOD.values) for r in rows)))])
    assert summary(found) == (
        "20 questions, 20 of them with an answer in the articles; none failed. "
        "B is better than A by hit@1, MRR@10, nDCG@10."
    )
    assert found.comparisons[0].flips_by == "nDCG@10"


def test_the_summary_of_the_same_run_twice_says_so():
    assert summary(findings([("a", made(GOOD)), ("b", made(GOOD))])).endswith(
        "B and A are identical, question by question."
    )


def test_runs_that_cannot_be_compared_are_shown_beside_each_other():
    found = findings([("a", made(GOOD)), ("b", replace(made(GOOD), set_digest="1" * 32))])
    assert found.comparisons == ()
    assert found.incomparable.startswith("The runs are on different questions")


def test_a_run_with_a_failed_question_says_so():
    found = findings([("a", made(GOOD, row("failed", error="OSError: gone")))])
    assert summary(found) == "2 questions, 2 of them with an answer in the articles; 1 failed."


def test_another_measure_may_lead():
    assert findings([("a", made(GOOD, LATE))], "hit@1").lead == "hit@1"
    with pytest.raises(UsageError, match="have no measure 'hit@99'"):
        findings([("a", made(GOOD))], "hit@99")


def test_a_run_in_which_everything_failed_has_a_report_too():
    found = findings([("a", made(row("failed", error="OSError: gone")))])
    assert (found.measures, found.headlines, len(found.last.worst())) == ((), (), 1)


def test_a_run_without_confidence_has_no_curve():
    answered = replace(GOOD, answered=Answered(False, "May.", 1), values={**GOOD.values, "gold cited": 1.0})
    assert findings([("a", made(answered))]).last.curve is None


def test_there_is_a_letter_for_every_run():
    assert [letter(n) for n in (0, 25, 26, 27)] == ["A", "Z", "Z1", "Z2"]
