from itertools import pairwise

import pytest

from rag.measured import Curve, Mean, Point
from rag.plots import (
    BOTTOM,
    HIGH,
    LEFT,
    RIGHT,
    TOP,
    WIDE,
    against_latency,
    history,
    labelled,
    nice,
    percent,
    ranks,
    reach,
    risk_coverage,
    scale,
    spread,
    times,
)

FLOOR = HIGH - BOTTOM


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [
        (0, 1, (0, 0.2, 0.4, 0.6, 0.8, 1)),
        (0, 23.4, (0, 5, 10, 15, 20, 25)),
        (0.71, 0.93, (0.7, 0.75, 0.8, 0.85, 0.9, 0.95)),
        (3, 3, (2.4, 2.6, 2.8, 3, 3.2, 3.4, 3.6)),
    ],
)
def test_an_axis_has_round_numbers_that_hold_all_values(low, high, numbers):
    assert nice(low, high) == pytest.approx(numbers)


def test_a_scale_maps_one_range_onto_another():
    assert scale(0, 10, 100, 0)(2.5) == 75
    assert scale(1, 1, 0, 10)(1) == 5


def test_a_share_stands_between_0_and_100_percent():
    assert [percent(value) for value in (-1, 0, 0.25, 2)] == [0, 0, 25, 100]
    assert percent(0, -0.5, 0.5) == 50


def test_differences_reach_equally_far_to_both_sides():
    assert reach([Mean(0.01, -0.07, 0.03, 9)]) == 0.1
    assert reach([]) == 1


def test_a_point_stands_at_its_time_and_its_quality():
    plot = against_latency([("A", 0.1, Mean(1.0, 0.9, 1.0, 9), 0), ("B", 0.2, Mean(0.5, 0.4, 0.6, 9), 1)], "nDCG@10")
    a, b = plot.dots
    assert (b.x, a.y) == (WIDE - RIGHT, TOP)  # the slowest at the right end, 1 at the top
    assert a.x == pytest.approx((LEFT + WIDE - RIGHT) / 2)
    assert b.low > b.y > b.high  # up is less
    assert a.title == "A: nDCG@10 1.000 (0.900 to 1.000), p95 100 ms"


def test_labels_are_moved_apart():
    assert spread([10, 0, 12, 50], gap=5) == [10, 0, 15, 50]


def test_labels_are_apart_and_stand_on_no_other_point_and_not_on_the_axis():
    floor = HIGH - BOTTOM
    assert labelled([TOP, TOP + 60], gap=10) == [TOP, TOP + 60]
    assert labelled([TOP, TOP, TOP], gap=10) == [TOP + 10, TOP + 20, TOP + 30]
    assert labelled([floor], gap=10) == [floor - 10]
    assert labelled([floor, TOP, floor], gap=10) == [floor - 10, TOP, floor - 20]


@pytest.mark.parametrize(
    "heights", [[103.9, 23.3, 119.0, 134.5, 192.9, 102.6, 202.5], list(range(100, 112)), [TOP] * 9, [HIGH - BOTTOM] * 9]
)
def test_labels_are_always_apart_and_within_the_plot(heights):
    placed = sorted(labelled(heights))
    assert min(after - before for before, after in pairwise(placed)) >= 13 - 1e-9
    assert placed[-1] <= HIGH - BOTTOM


@pytest.mark.parametrize(
    ("value", "ends"), [(1.0, (0.75, 1.0)), (0.0, (0.0, 0.25)), (0.5, (0.25, 0.75)), (7.0, (6.4, 7.6))]
)
def test_the_axis_of_a_share_never_leaves_0_to_1(value, ends):
    plot = history([("A", Mean(value, value, value, 9), 0)], "hit@1")
    said = [float(tick.label) for tick in plot.y_ticks]
    assert (said[0], said[-1]) == pytest.approx(ends, abs=0.06)
    assert value > 1 or (said[0] >= 0 and said[-1] <= 1)


def test_a_curve_goes_through_its_points():
    curve = Curve((Point(0.5, 0.0, 0.9), Point(1.0, 0.2, 0.5)), 0.1)
    (line,) = risk_coverage([("A", curve, 0)]).lines
    middle = (LEFT + WIDE - RIGHT) / 2
    assert line.path == f"M{middle:.1f} {FLOOR:.1f}L{WIDE - RIGHT:.1f} {TOP:.1f}"


def test_ranks_are_counted_up_to_ten():
    plot = ranks([("A", [1, 1, 2, 6, 10, 11, None, None], 0)])
    assert [bar.title for bar in plot.bars] == [
        "A: 2 at 1, 25.0%", "A: 1 at 2, 12.5%", "A: 0 at 3, 0.0%", "A: 0 at 4, 0.0%", "A: 0 at 5, 0.0%",
        "A: 2 at 6–10, 25.0%", "A: 3 at none, 37.5%",
    ]  # fmt: skip
    assert plot.bars[0].y + plot.bars[0].height == FLOOR


def test_what_took_longer_than_all_but_one_in_a_hundred_stands_in_the_last_bar():
    plot = times([("A", [0.010] * 199 + [9.0], 0)])
    assert sum(bar.height > 0 for bar in plot.bars) <= 2
    assert plot.bars[-1].title.startswith("A: ")
    assert sum(int(bar.title.split()[1]) for bar in plot.bars) == 200


def test_the_bars_of_two_runs_stand_side_by_side():
    a, b = ranks([("A", [1], 0), ("B", [1], 1)]).bars[::7]
    assert a.x + a.width <= b.x


def test_a_history_goes_from_left_to_right():
    plot = history([("A", Mean(0.5, 0.4, 0.6, 9), 0), ("B", Mean(0.7, 0.6, 0.8, 9), 1)], "hit@1")
    assert plot.dots[0].x < plot.dots[1].x
    assert plot.dots[0].y > plot.dots[1].y
    assert [tick.label for tick in plot.x_ticks] == ["A", "B"]
