import numpy as np
import pytest
from reading import asked

from training.examples import plain
from training.scoring import Read, best_threshold, scores

QUESTIONS = [plain(one) for one in asked()]  # answerable and unanswerable in turn


def test_a_reader_that_is_always_right_has_full_scores():
    found = [Read(a.answers[0], 1.0) if a.answers else Read("x", -1.0) for a in QUESTIONS]
    said = scores(QUESTIONS, found)
    assert (said.exact, said.f1, said.auroc, said.all_f1, said.threshold) == (1, 1, 1, 1, 1.0)


def test_f1_of_the_answerable_counts_no_refusal():
    found = [Read(a.answers[0] if a.answers else "x", -5.0) for a in QUESTIONS]
    said = scores(QUESTIONS, found, threshold=0.0)
    assert (said.f1, said.all_f1, said.auroc) == (1, 0.5, 0.5)


@pytest.mark.parametrize(
    ("confidence", "gain", "least", "most"),
    [
        ([3.0, 2.0, 1.0], [1, 1, -1], 1.0, 2.0),
        ([3.0, 2.0, 1.0], [-1, -1, -1], 3.0, 99.0),
        ([1.0, 1.0, 0.0], [1, -1, 1], 0.0, 0.0),
    ],
)
def test_the_threshold_gains_the_most(confidence, gain, least, most):
    threshold = best_threshold(np.array(confidence), np.array(gain))
    assert least < threshold <= most or threshold == most
