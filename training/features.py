"""Examples as token ids: windows over the passage, where the answer stands in them, and batches of like length."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.reading import spans, windows
from training.examples import Example

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True, slots=True)
class Target:
    """A window with the first and the last token of the answer; both 0, which is [CLS], when it is not all there."""

    window: windows.Window
    start: int = 0
    end: int = 0


def targets(tokenizer: Tokenizer, examples: Sequence[Example]) -> list[list[Target]]:
    """The windows of each example, in order, as serving reads them; `tokenizer` neither cuts nor pads."""
    found = windows.windows(tokenizer, [(e.question, e.title, e.text) for e in examples])
    return [
        [Target(window, *_target(window.offsets, example.answer)) for window in of]
        for of, example in zip(found, examples, strict=True)
    ]


def _target(offsets: Sequence[tuple[int, int]], answer: tuple[int, int] | None) -> tuple[int, int]:
    """The first and last token of the answer; (0, 0) when there is none or it is not all there."""
    if answer is None:
        return 0, 0
    tokens = [i for i, (a, b) in enumerate(offsets) if a >= 0 and a < answer[1] and answer[0] < b]
    if not tokens or offsets[tokens[0]][0] > answer[0] or offsets[tokens[-1]][1] < answer[1]:
        return 0, 0
    return tokens[0], tokens[-1]


def chosen(found: Sequence[Target], example: Example, draw: random.Random) -> Target | None:
    """The one window that is trained on: one that holds the answer, or any of a null. None when none holds it whole."""
    fit = [t for t in found if bool(t.start) == (example.answer is not None)]
    return draw.choice(fit) if fit else None


def batches(made: Sequence[Target], tokens: int, draw: random.Random) -> list[list[Target]]:
    """Batches of windows of like length, each of at most `tokens` after padding, in an order drawn by chance."""
    grouped = [[made[i] for i in batch] for batch in spans.batches([len(t.window.ids) for t in made], tokens)]
    draw.shuffle(grouped)
    return grouped
