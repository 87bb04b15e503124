import json
import random
from dataclasses import replace

import pytest
from conftest import FALL, MAY, MEASURES, SET, SEVEN, find, finds_first, walked

from index.errors import UsageError
from rag.evals.asking import run
from rag.evals.comparisons import (
    as_json,
    compare,
    compare_all,
    detectable,
    holm,
    randomization,
    randomizations,
    verdict,
)
from rag.evals.measures import measure
from rag.evals.runs import InvalidRun, Row, Run
from rag.measured import Mean


def a_run(*values, name="hit@1", digest="d", kinds=("single",)):
    rows = [
        Row(f"q{n}", f"Question {n}?", kinds[n % len(kinds)], True, {}, ("x",), {name: v}) for n, v in enumerate(values)
    ]
    return Run("quay", digest, tuple(rows))


def test_a_run_is_identical_to_itself():
    made = run(find, SET, MEASURES)
    change = compare(made, made).changes[0]
    assert (change.verdict, change.p, change.delta.value, change.ties) == ("identical", 1.0, 0.0, 2)
    assert compare(made, made).flips == ()


def test_many_wins_without_a_loss_are_better():
    before, after = a_run(*[0.0] * 8, *[1.0] * 12), a_run(*[1.0] * 20)
    change = compare(before, after).changes[0]
    # All 8 signs fall one way in 2 of 256 cases, so p is close to .0078.
    assert change.p == pytest.approx(2 / 256, abs=0.004)
    assert (change.delta.value, change.wins, change.ties, change.losses) == (8 / 20, 8, 12, 0)
    assert change.verdict == "better"
    assert compare(after, before).changes[0].verdict == "worse"


def test_one_win_in_twenty_is_inconclusive():
    change = compare(a_run(0.0, *[1.0] * 19), a_run(*[1.0] * 20)).changes[0]
    # The sign of a single difference has no unlikely value.
    assert (change.verdict, change.p) == ("inconclusive", 1.0)


def test_a_p_is_never_zero():
    assert randomization([1.0] * 100) == 1 / 10_001


def test_the_smallest_detectable_difference_is_2_8_standard_errors():
    # Deltas 1, 0, 0, 0: mean 1/4, variance (9/16 + 3/16) / 3 = 1/4, sd 1/2, standard error 1/4.
    assert detectable([1.0, 0.0, 0.0, 0.0]) == pytest.approx(2.8 / 4)
    assert detectable([1.0]) is None


def test_where_nothing_changed_no_smallest_difference_is_named():
    assert detectable([0.0] * 81) is None
    assert compare(a_run(1.0, 1.0), a_run(1.0, 1.0)).changes[0].detectable is None


def test_columns_are_tested_as_each_of_them_alone():
    columns = {"a": [1.0, 1.0, -1.0], "b": [0.5, 0.5, 0.5], "c": [1.0] * 8}
    assert randomizations(columns) == {name: randomization(deltas) for name, deltas in columns.items()}


def test_holm_multiplies_the_smallest_p_by_all_and_each_next_by_one_less():
    # .01 * 3, .02 * 2, and .03 * 1 = .03, which may not be below .04, the one before.
    assert holm({"a": 0.02, "b": 0.03, "c": 0.01}) == pytest.approx({"c": 0.03, "a": 0.04, "b": 0.04})
    assert holm({"a": 0.9, "b": 0.8}) == {"b": 1.0, "a": 1.0}


def test_a_verdict_rests_on_the_corrected_p():
    before, after = a_run(*[0.0] * 8, *[1.0] * 12), a_run(*[1.0] * 20)
    (change,) = compare(before, after).changes
    assert (change.holm, change.verdict) == (change.p, "better")
    for comparison in compare_all(before, [after] * 8):
        # 8 runs: p of about .008 becomes .06.
        assert comparison.changes[0].holm == pytest.approx(min(1, 8 * change.p))
        assert comparison.changes[0].verdict == "inconclusive"


def test_runs_in_which_nothing_changed_do_not_count_against_the_others():
    before, after = a_run(*[0.0] * 8, *[1.0] * 12), a_run(*[1.0] * 20)
    first, *same = compare_all(before, [after, before, before])
    assert first.changes[0].holm == first.changes[0].p
    assert {(c.changes[0].holm, c.changes[0].verdict) for c in same} == {(1.0, "identical")}


@pytest.mark.parametrize(
    ("low", "high", "p", "said"),
    [
        (0.001, 0.03, 0.01, "better"),
        (-0.03, -0.001, 0.01, "worse"),
        (-0.009, 0.008, 0.7, "same"),
        (-0.011, 0.008, 0.7, "inconclusive"),
        (0.001, 0.03, 0.06, "inconclusive"),
        (-0.001, 0.03, 0.04, "inconclusive"),
    ],
)
def test_a_verdict_needs_both_interval_and_p_and_same_an_interval_within_the_margin(low, high, p, said):
    assert verdict(Mean((low + high) / 2, low, high, 100), p, changed=9, margin=0.01) == said


def test_kinds_are_looked_at_apart():
    before = a_run(0.0, 0.0, 1.0, 0.0, kinds=("single", "dates"))
    slices = compare(before, a_run(1.0, 0.0, 1.0, 0.0, kinds=("single", "dates"))).slices
    assert [(s.kind, s.delta.value, s.delta.n, s.wins, s.losses) for s in slices] == [
        ("single", 1 / 2, 2, 1, 0),
        ("dates", 0.0, 2, 0, 0),
    ]
    assert compare(a_run(1.0), a_run(1.0)).slices == ()


def test_flips_are_by_the_measure_that_is_asked_for():
    first, other = run(find, SET, MEASURES), run(finds_first, SET, MEASURES)
    assert compare(first, other, by="MRR@10").flips_by == "MRR@10"
    assert compare(first, other).flips_by == "hit@1"
    # Nothing flips on hit@1, so what does is shown.
    late = run(lambda question: walked(question, SEVEN, *[MAY] * 10), SET, MEASURES)
    assert compare(first, late).flips_by == "span-recall@10"
    assert compare(first, late, by="hit@1").flips == ()
    with pytest.raises(UsageError, match="no measure 'recall@7'"):
        compare(first, other, by="recall@7")


def test_a_measure_of_the_judgements_is_not_compared():
    judged = [measure("hit@1"), measure("judged@10")]
    assert [c.measure for c in compare(run(find, SET, judged), run(finds_first, SET, judged)).changes] == [
        "hit@1",
        "span-recall@10",
    ]


def test_identical_systems_are_rarely_told_apart():
    chance = random.Random(11)
    told = sum(randomization([chance.choice([-1.0, 0.0, 1.0]) for _ in range(40)]) < 0.05 for _ in range(200))
    assert told <= 18  # 5 % of 200 is 10, and 18 or fewer come up in 99 of 100 cases


def test_flips_are_listed_with_the_worst_first_and_what_came_instead():
    before, after = run(find, SET, MEASURES), run(lambda question: walked(question, FALL, SEVEN), SET, MEASURES)
    flips = compare(before, after).flips
    assert [(flip.id, flip.a, flip.b) for flip in flips] == [("fare", 1, 0), ("fell", 0, 1)]
    assert (flips[0].first_a, flips[0].first_b) == ("ferry.md", "mole.md")


def test_runs_on_different_questions_are_not_compared():
    with pytest.raises(InvalidRun, match="different questions"):
        compare(a_run(1.0, digest="a"), a_run(1.0, digest="b"))
    with pytest.raises(InvalidRun, match="same questions"):
        compare(a_run(1.0), a_run(1.0, 1.0))
    with pytest.raises(UsageError, match="no measure in common"):
        compare(a_run(1.0), a_run(1.0, name="MRR@10"))


def test_a_run_with_failed_questions_is_not_compared():
    failed = replace(
        a_run(1.0, 1.0), rows=(a_run(1.0).rows[0], replace(a_run(1.0, 1.0).rows[1], error="no", values={}))
    )
    with pytest.raises(InvalidRun, match="1 questions failed"):
        compare(a_run(1.0, 1.0), failed)


def test_a_comparison_is_plain_json():
    found = compare(run(find, SET, MEASURES), run(finds_first, SET, MEASURES))
    assert json.loads(json.dumps(as_json(found)))["changes"][0]["verdict"] == "inconclusive"
