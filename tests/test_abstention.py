import math
import random

import pytest

from rag.evals.abstention import Judged, auroc, risk_coverage
from rag.measured import Point


def test_auroc_is_how_often_an_answerable_question_has_more_confidence():
    # Pairs: .9 > .5, .9 > .1, .5 = .5 (half), .5 > .1: 3.5 of 4.
    found = auroc([0.9, 0.5], [0.5, 0.1])
    assert (found.value, found.n) == (3.5 / 4, 4)


def test_auroc_is_one_when_they_are_apart_and_a_half_when_they_are_alike():
    assert auroc([0.8, 0.9], [0.1, 0.2]).value == 1
    assert auroc([0.5] * 3, [0.5] * 4).value == 1 / 2


def test_the_interval_of_auroc_is_delongs():
    # Shares won: 1 and 3/4 (mean 7/8, variance 1/32); lost sides 3/4 and 1, alike. Each mean has variance 1/64.
    found = auroc([0.9, 0.5], [0.5, 0.1])
    spread = 1.96 * math.sqrt(1 / 64 + 1 / 64)
    assert (found.low, found.high) == (pytest.approx(7 / 8 - spread), 1.0)


def test_the_interval_of_auroc_holds_the_truth_in_some_95_of_100_cases():
    chance = random.Random(5)
    truth = 0.5 * (1 + math.erf(1 / 2))  # of two normal variables that lie 1 apart: Phi(1 / sqrt 2)
    held = 0
    for _ in range(300):
        found = auroc([chance.gauss(1, 1) for _ in range(60)], [chance.gauss(0, 1) for _ in range(60)])
        held += found.low <= truth <= found.high
    assert 270 <= held <= 298


def test_without_both_sorts_of_question_there_is_no_auroc():
    assert auroc([], [0.5]) is None
    assert auroc([0.5], []) is None


def test_the_curve_goes_from_the_most_confident_answer_to_the_last():
    asked = [Judged(0.9, True, True), Judged(0.8, True, False), Judged(0.7, True, True), Judged(0.1, False, False)]
    curve = risk_coverage(asked)
    assert curve.points == (Point(1 / 4, 0.0, 0.9), Point(2 / 4, 1 / 2, 0.8), Point(3 / 4, 1 / 3, 0.7))
    assert curve.area == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)


def test_answers_of_equal_confidence_fall_together():
    asked = [Judged(0.9, True, False), Judged(0.9, True, True), Judged(0.5, True, True)]
    for order in (asked, asked[::-1]):
        assert risk_coverage(order).points == (Point(2 / 3, 1 / 2, 0.9), Point(1.0, 1 / 3, 0.5))
        assert risk_coverage(order).area == pytest.approx((1 / 2 + 1 / 2 + 1 / 3) / 3)


def test_a_long_curve_keeps_a_point_for_each_hundredth_of_coverage():
    curve = risk_coverage([Judged(n, True, n % 2 == 0) for n in range(1_000)])
    assert len(curve.points) == 100
    assert (curve.points[0].coverage, curve.points[-1].coverage) == (0.01, 1.0)


def test_where_nothing_was_answered_there_is_no_curve():
    assert risk_coverage([Judged(0.1, False, False)]) is None
