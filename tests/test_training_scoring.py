import numpy as np
import pytest
from reading import SURE, asked, tiny_reader

from rag.reading.spans import Span
from training.examples import Example, plain
from training.network import Network
from training.scoring import Read, best_threshold, read, read_packed, scores

QUESTIONS = [plain(one) for one in asked()]  # answerable and unanswerable in turn
LONG = Example("who?", "Ada", "bob has 22. cy has 33. " * 40, None, "made", "long")
EMPTY = Example("who?", "Ada", "", None, "made", "empty")


class First:
    """Says the first three characters of each passage that has any."""

    def read(self, question, passages, count=1):
        return [[Span(0, 3, 2.0)] if text else [] for _, text in passages]


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


def test_an_example_is_read_among_others_as_alone(tmp_path):
    network = Network(tiny_reader(tmp_path, spread=SURE), dtype="float32")
    examples = [LONG, *QUESTIONS, EMPTY]
    alone = [read(network, [example])[0] for example in examples]
    together = read(network, examples)
    assert [r.said for r in together] == [r.said for r in alone]
    assert [r.score for r in together] == pytest.approx([r.score for r in alone], abs=1e-3)
    assert all(r.said in e.text for r, e in zip(together, examples, strict=True))
    assert together[-1] == Read("", -np.inf)


def test_reading_says_how_much_is_left(tmp_path):
    lines = []
    read(Network(tiny_reader(tmp_path), dtype="float32"), [LONG] * 10, lines.append)
    assert len(lines) > 1
    assert lines[-1] == "0 windows to read"


def test_what_is_served_is_scored_by_its_best_span():
    assert read_packed(First(), [LONG, EMPTY]) == [Read("bob", 2.0), Read("", -np.inf)]
