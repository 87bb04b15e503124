import random

import pytest
from reading import tiny_reader

from training.examples import Example
from training.features import batches, chosen, targets
from training.network import Network


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    return Network(tiny_reader(tmp_path_factory.mktemp("tiny"))).tokenizer


def example(text, answer, title="Ada"):
    start = text.index(answer) if answer else 0
    return Example("who?", title, text, (start, start + len(answer)) if answer else None, "made", "q")


def test_the_offsets_of_the_target_give_back_the_answer(tokenizer):
    shown = example("Ann met  Émile in 1934.", "Émile in 1934")
    (target,) = targets(tokenizer, [shown])[0]
    offsets = target.window.offsets
    assert shown.text[offsets[target.start][0] : offsets[target.end][1]] == "Émile in 1934"


def test_an_answer_that_stands_in_the_title_too_is_that_of_the_text(tokenizer):
    (target,) = targets(tokenizer, [example("it is.", "it", title="it is")])[0]
    assert (target.window.offsets[target.start], target.window.offsets[target.end]) == ((0, 1), (1, 2))


def test_a_null_points_at_the_first_token(tokenizer):
    (target,) = targets(tokenizer, [example("it is.", "")])[0]
    assert (target.start, target.end) == (0, 0)


def test_an_answer_is_only_where_a_window_holds_all_of_it(tokenizer):
    found = targets(tokenizer, [example("a " * 250 + "zz" * 40, "zz" * 40)])[0]
    assert [bool(target.start) for target in found] == [False, True]
    assert any(a >= 500 for a, _ in found[0].window.offsets)  # the first holds its beginning


def test_an_answer_is_trained_on_in_a_window_that_holds_it_and_a_null_in_any(tokenizer):
    text = "ab " * 400
    for answer in ("zz", ""):
        shown = example(text + "zz", answer)
        found = targets(tokenizer, [shown])[0]
        picked = {chosen(found, shown, random.Random(n)) for n in range(40)}
        assert picked == ({found[-1]} if answer else set(found))


def test_an_answer_that_no_window_holds_is_not_trained_on(tokenizer):
    shown = example("a " * 400, "a " * 350)
    assert chosen(targets(tokenizer, [shown])[0], shown, random.Random(1)) is None


def test_batches_hold_each_window_once_and_no_more_tokens_than_may_be(tokenizer):
    made = [t for n in range(40) for t in targets(tokenizer, [example("ab " * (n + 1), "")])[0]]
    found = batches(made, 200, random.Random(1))
    assert sorted(len(t.window.ids) for b in found for t in b) == sorted(len(t.window.ids) for t in made)
    assert all(len(b) * max(len(t.window.ids) for t in b) <= 200 for b in found)


def test_batches_come_in_an_order_that_the_seed_draws(tokenizer):
    made = targets(tokenizer, [example("ab " * 900, "")])[0]
    one, again, other = (batches(made, 1, random.Random(seed)) for seed in (1, 1, 2))
    assert one == again != other
