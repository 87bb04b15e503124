import dataclasses
import itertools
import json

import pytest
from reading import asked, tiny_reader

from index.errors import UsageError
from training.examples import plain
from training.loop import CHECKPOINT, CURVE, Habits, Plan, train
from training.network import Network
from training.scoring import score

QUESTIONS = [plain(one) for one in asked()]
PLAN = Plan(examples=240, rate=3e-3, batch_tokens=200)


class Same:
    """A mix that shows the same questions in each chunk."""

    def chunk(self, number):
        return QUESTIONS


def quiet(line):
    pass


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return tiny_reader(tmp_path_factory.mktemp("tiny"))


def trained(start, folder, habits=None, plan=PLAN):
    network = Network(start, dtype="float32")
    seen = train(network, Same(), QUESTIONS, plan, habits or Habits(), folder, quiet)
    return network, seen


def weights(network):
    return {name: weight.tolist() for name, weight in network.exact.items()}


def test_twenty_examples_are_learned(start, tmp_path):
    network, seen = trained(start, tmp_path, plan=Plan(examples=2400, rate=3e-3, batch_tokens=200))
    assert seen >= 2400
    found = score(network, QUESTIONS)
    assert found.f1 > 0.8
    assert found.auroc > 0.95


def test_a_training_that_is_stopped_anywhere_ends_with_the_same_weights(start, tmp_path):
    whole, _ = trained(start, tmp_path / "whole")
    for steps in (1, 5, 9):
        turns = itertools.count(1)
        habits = Habits(stop=lambda turns=turns, steps=steps: next(turns) == steps)
        assert trained(start, tmp_path / f"after{steps}", habits)[1] is None
        resumed, seen = trained(start, tmp_path / f"after{steps}")
        assert seen >= PLAN.examples
        assert weights(resumed) == weights(whole)


def test_a_training_that_is_killed_goes_on_from_its_last_checkpoint(start, tmp_path):
    whole, _ = trained(start, tmp_path / "whole")

    class Killed(Exception):
        pass

    turns = itertools.count(1)

    def kill():
        if next(turns) == 7:
            raise Killed
        return False

    with pytest.raises(Killed):
        trained(start, tmp_path / "killed", Habits(save_minutes=0.0, stop=kill))
    resumed, _ = trained(start, tmp_path / "killed")
    assert weights(resumed) == weights(whole)


def test_a_checkpoint_of_another_training_is_refused(start, tmp_path):
    trained(start, tmp_path, Habits(stop=lambda: True))
    with pytest.raises(UsageError, match=CHECKPOINT):
        trained(start, tmp_path, plan=dataclasses.replace(PLAN, seed=99))


def test_a_stopped_training_may_be_given_fewer_examples(start, tmp_path):
    trained(start, tmp_path, Habits(stop=lambda: True))
    _, seen = trained(start, tmp_path, plan=dataclasses.replace(PLAN, examples=60))
    assert 60 <= seen < 90


def test_the_rate_rises_and_falls_to_nothing():
    plan = Plan(examples=1000, rate=1.0, warm_up=0.1)
    assert [round(plan.rate_at(seen), 3) for seen in (0, 50, 100, 550, 1000, 1010)] == [0, 0.5, 1, 0.5, 0, 0]


def test_the_curve_has_a_row_for_each_evaluation(start, tmp_path):
    trained(start, tmp_path, Habits(every=100))
    rows = [json.loads(line) for line in (tmp_path / CURVE).read_text().splitlines()]
    assert len(rows) in (2, 3)
    assert rows[-1]["examples"] >= PLAN.examples
    assert (rows[0]["answerable"], rows[0]["unanswerable"]) == (10, 10)
