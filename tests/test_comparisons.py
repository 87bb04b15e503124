import json
import random
from dataclasses import replace

import pytest
from conftest import FALL, MEASURES, SET, SEVEN, find, finds_first

from index.errors import UsageError
from rag.evals.comparisons import as_json, compare, detectable, randomization
from rag.evals.runs import Row, Run, run


def a_run(*values, name="hit@1", digest="d"):
    rows = [Row(f"q{n}", f"Question {n}?", "single", True, 0.01, ("x",), {name: v}) for n, v in enumerate(values)]
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


def test_identical_systems_are_rarely_told_apart():
    chance = random.Random(11)
    told = sum(randomization([chance.choice([-1.0, 0.0, 1.0]) for _ in range(40)]) < 0.05 for _ in range(200))
    assert told <= 18  # 5 % of 200 is 10, and 18 or fewer come up in 99 of 100 cases


def test_flips_are_listed_with_the_worst_first_and_what_came_instead():
    before, after = run(find, SET, MEASURES), run(lambda question: (FALL, SEVEN), SET, MEASURES)
    flips = compare(before, after).flips
    assert [(flip.id, flip.a, flip.b) for flip in flips] == [("fare", 1, 0), ("fell", 0, 1)]
    assert (flips[0].first_a, flips[0].first_b) == ("ferry.md", "mole.md")


def test_runs_on_different_questions_are_not_compared():
    with pytest.raises(UsageError, match="different questions"):
        compare(a_run(1.0, digest="a"), a_run(1.0, digest="b"))
    with pytest.raises(UsageError, match="same questions"):
        compare(a_run(1.0), a_run(1.0, 1.0))
    with pytest.raises(UsageError, match="no measure in common"):
        compare(a_run(1.0), a_run(1.0, name="MRR@10"))


def test_a_run_with_failed_questions_is_not_compared():
    failed = replace(
        a_run(1.0, 1.0), rows=(a_run(1.0).rows[0], replace(a_run(1.0, 1.0).rows[1], error="no", values={}))
    )
    with pytest.raises(UsageError, match="1 questions failed"):
        compare(a_run(1.0, 1.0), failed)


def test_a_comparison_is_plain_json():
    found = compare(run(find, SET, MEASURES), run(finds_first, SET, MEASURES))
    assert json.loads(json.dumps(as_json(found)))["changes"][0]["verdict"] == "inconclusive"
