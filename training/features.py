"""Examples as token ids: windows over the passage, where the answer stands in them, and batches of like length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from training.examples import Example

# The longest window, its question and special tokens included: 95 of 100 training paragraphs fit whole.
WINDOW = 288
STRIDE = 96
# A question is cut here, so that its passage keeps most of a window.
QUESTION = 64


@dataclass(frozen=True, slots=True)
class Window:
    """A question and a stretch of its passage. `offsets` has each token's characters in the passage's text.

    Tokens of the question and the title, and special ones, have offsets (-1, -1). `start` and `end` are the first and
    the last token of the answer; both are 0, which is [CLS], when the stretch does not hold it whole.
    """

    ids: tuple[int, ...]
    types: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    start: int = 0
    end: int = 0


def windows(tokenizer: Any, examples: Sequence[Example]) -> list[list[Window]]:  # noqa: ANN401 - it has no type
    """The windows of each example, in order. `tokenizer` is a fast one, as transformers has them."""
    if not examples:
        return []
    questions = tokenizer([e.question for e in examples], add_special_tokens=False, truncation=True,
                          max_length=QUESTION, return_offsets_mapping=True)["offset_mapping"]  # fmt: skip
    cut = [e.question[: spans[-1][1]] if spans else "?" for e, spans in zip(examples, questions, strict=True)]
    coded = tokenizer(cut, [e.context for e in examples], truncation="only_second", max_length=WINDOW, stride=STRIDE,
                      return_overflowing_tokens=True, return_offsets_mapping=True)  # fmt: skip
    made: list[list[Window]] = [[] for _ in examples]
    for row, number in enumerate(coded["overflow_to_sample_mapping"]):
        example = examples[number]
        before = len(example.context) - len(example.text)
        offsets = tuple(
            (a - before, b - before) if part == 1 and a >= before and b > a else (-1, -1)
            for part, (a, b) in zip(coded.sequence_ids(row), coded["offset_mapping"][row], strict=True)
        )
        ids, types = tuple(coded["input_ids"][row]), tuple(coded["token_type_ids"][row])
        made[number].append(Window(ids, types, offsets, *_target(offsets, example.answer)))
    return made


def _target(offsets: Sequence[tuple[int, int]], answer: tuple[int, int] | None) -> tuple[int, int]:
    """The first and last token of the answer; (0, 0) when there is none or it is not all there."""
    if answer is None:
        return 0, 0
    tokens = [i for i, (a, b) in enumerate(offsets) if a >= 0 and a < answer[1] and answer[0] < b]
    if not tokens or offsets[tokens[0]][0] > answer[0] or offsets[tokens[-1]][1] < answer[1]:
        return 0, 0
    return tokens[0], tokens[-1]


def chosen(found: Sequence[Window], example: Example, draw: random.Random) -> Window | None:
    """The one window that is trained on: one that holds the answer, or any of a null. None when none holds it whole."""
    fit = [w for w in found if bool(w.start) == (example.answer is not None)]
    return draw.choice(fit) if fit else None


def batches(made: Sequence[Window], tokens: int, draw: random.Random) -> list[list[Window]]:
    """Batches of windows of like length, each of at most `tokens` after padding, in an order drawn by chance."""
    grouped: list[list[Window]] = []
    for window in sorted(made, key=lambda w: len(w.ids)):
        if grouped and (len(grouped[-1]) + 1) * len(window.ids) <= tokens:
            grouped[-1].append(window)
        else:
            grouped.append([window])
    draw.shuffle(grouped)
    return grouped


def spans(
    window: Window, starts: Sequence[float], ends: Sequence[float], longest: int
) -> Iterator[tuple[float, int, int]]:
    """For each token of the text that may begin an answer: the best score of a span from there, and its characters."""
    inside = [i for i, (a, _) in enumerate(window.offsets) if a >= 0]
    for place, i in enumerate(inside):
        reach = inside[place : place + longest]
        j = max(reach, key=lambda k: ends[k])
        yield starts[i] + ends[j], window.offsets[i][0], window.offsets[j][1]
