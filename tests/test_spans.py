import numpy as np
import pytest

from rag.reading.spans import LONGEST, Span, batches, best, read_windows, spans
from rag.reading.windows import Window

TEXT = "abcdefghij"


def window(tokens, before=1):
    """Tokens of one character each, after `before` that are outside the text."""
    offsets = ((-1, -1),) * before + tuple((i, i + 1) for i in range(tokens)) + ((-1, -1),)
    return Window((0,) * len(offsets), (0,) * len(offsets), offsets)


def logits(size, **at):
    """Zero but at the named places: `t3=2.0` is 2 at token 3."""
    made = np.zeros(size, dtype=np.float32)
    for name, value in at.items():
        made[int(name[1:])] = value
    return made


def test_a_span_goes_from_its_first_token_to_its_best_last_one():
    found = spans(window(6), logits(8, t2=3.0), logits(8, t4=5.0))
    assert max(found, key=lambda s: s.score) == Span(1, 4, 8.0)


def test_each_token_of_the_text_begins_one_span():
    assert [s.start for s in spans(window(4, before=3), logits(8), logits(8))] == [0, 1, 2, 3]


def test_the_score_is_less_that_of_not_here():
    found = spans(window(2), logits(4, t0=2.0, t1=3.0), logits(4, t0=1.5, t2=1.0))
    assert best(found, TEXT) == [Span(0, 2, 0.5)]  # 3 + 1 - (2 + 1.5)


def test_no_span_ends_before_it_begins():
    found = spans(window(4), logits(6, t3=5.0), logits(6, t1=9.0))
    assert all(s.start < s.end for s in found)
    assert found[2] == Span(2, 3, 5.0)


@pytest.mark.parametrize(("tokens", "score"), [(LONGEST, 9.0), (LONGEST + 1, 5.0)])
def test_a_span_is_never_longer_than_it_may_be(tokens, score):
    found = spans(window(60), logits(62, t1=5.0), logits(62, **{f"t{tokens}": 4.0}))
    assert found[0].score == score


def test_what_stands_outside_the_text_is_never_a_span():
    found = spans(window(2, before=3), logits(6, t1=9.0), logits(6, t2=9.0, t5=9.0))
    assert [(s.start, s.end, s.score) for s in found] == [(0, 1, 0.0), (1, 2, 0.0)]


def test_a_window_without_text_has_no_spans():
    assert spans(window(0), logits(2), logits(2)) == []


def test_the_best_spans_come_first_and_do_not_overlap():
    found = [Span(0, 4, 1.0), Span(3, 6, 3.0), Span(6, 9, 2.0), Span(0, 3, 0.5)]
    assert best(found, TEXT, 3) == [Span(3, 6, 3.0), Span(6, 9, 2.0), Span(0, 3, 0.5)]
    assert best(found, TEXT) == [Span(3, 6, 3.0)]
    assert best([], TEXT, 3) == []


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a headline\nand text", Span(7, 14, 9.0)),
        ("a noon .... and text", Span(7, 11, 9.0)),
        ("x" * 400, Span(0, 400, 9.0)),
    ],
    ids=["over two lines", "without a word", "of one endless word"],
)
def test_what_nobody_would_call_an_answer_is_none(text, first):
    assert best([first, Span(0, 1, 1.0)], text) == [Span(0, 1, 1.0)]


def test_a_passage_of_several_windows_has_the_best_of_all():
    first, second, other = window(2), window(3), window(2)
    said = [
        (logits(4, t1=1.0), logits(4)),
        (logits(5, t2=4.0), logits(5)),
        (logits(4, t2=2.0), logits(4)),
    ]
    found = read_windows([[first, second], [], [other]], [TEXT] * 3, said)
    assert found == [[Span(1, 2, 4.0)], [], [Span(1, 2, 2.0)]]


def test_a_batch_holds_each_place_once_and_no_more_tokens_than_may_be():
    sizes = [7, 90, 3, 41, 40, 200, 7, 12]
    found = batches(sizes, 100)
    assert sorted(place for batch in found for place in batch) == list(range(len(sizes)))
    assert all(len(b) * max(sizes[i] for i in b) <= 100 for b in found if len(b) > 1)


def test_batches_are_of_like_length_and_one_that_is_too_long_is_alone():
    assert batches([5, 200, 5, 50, 50], 100) == [[0, 2], [3, 4], [1]]
    assert batches([], 100) == []
