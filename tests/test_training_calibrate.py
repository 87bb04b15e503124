import math
import random

import pytest

from index.errors import FootnoteError
from training.calibrate import fit


def test_the_curve_that_scores_were_drawn_from_is_found():
    draw = random.Random(1)
    scores = [draw.uniform(-10, 10) for _ in range(20_000)]
    answerable = [draw.random() < 1 / (1 + math.exp((1.5 - s) / 2)) for s in scores]
    found = fit(scores, answerable)
    assert found.temperature == pytest.approx(2, rel=0.05)
    assert found.threshold == pytest.approx(1.5, abs=0.15)
    assert found.chance(found.threshold) == 0.5


def test_scores_that_part_both_kinds_wholly_give_a_finite_temperature():
    found = fit([-3, -2, 2, 3], [False, False, True, True])
    assert 0 < found.temperature < 100
    assert -2 < found.threshold < 2


def test_one_kind_alone_gives_no_calibration():
    with pytest.raises(FootnoteError, match="2 answerable and 0 unanswerable"):
        fit([1, 2], [True, True])
