"""A question with a passage as token ids, in windows, as the span model reads them and was trained on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.passages import embedded_text

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

# The longest window, its question and special tokens included: 95 of 100 training paragraphs fit whole.
WINDOW = 288
STRIDE = 96
# A question is cut here, so that its passage keeps most of a window.
QUESTION = 64


@dataclass(frozen=True, slots=True)
class Window:
    """A question and a stretch of its passage. `offsets` has each token's characters in the passage's text.

    Tokens of the question and the title, and special ones, have offsets (-1, -1).
    """

    ids: tuple[int, ...]
    types: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]


def context(title: str, text: str) -> str:
    """A passage as it is shown: the title on a line of its own, then the text."""
    return embedded_text(title, "", text)


def windows(tokenizer: Tokenizer, shown: Sequence[tuple[str, str, str]]) -> list[list[Window]]:
    """The windows of each (question, title, text), in order; `tokenizer` neither cuts nor pads."""
    contexts = [context(title, text) for _, title, text in shown]
    asked = tokenizer.encode_batch([question.strip() or "?" for question, _, _ in shown], add_special_tokens=False)
    read = tokenizer.encode_batch(contexts, add_special_tokens=False)
    ends = (tokenizer.token_to_id("[CLS]") or 0, tokenizer.token_to_id("[SEP]") or 0)
    return [
        _windows(ends, question.ids[:QUESTION], passage, len(whole) - len(text))
        for question, passage, whole, (_, _, text) in zip(asked, read, contexts, shown, strict=True)
    ]


def _windows(ends: tuple[int, int], asked: Sequence[int], read: Encoding, before: int) -> list[Window]:
    """`before` is how many characters of the context stand before the text."""
    opened, closed = ends
    head = (opened, *asked, closed)
    outside = (-1, -1)
    offsets = [(a - before, b - before) if a >= before and b > a else outside for a, b in read.offsets]
    room = WINDOW - len(head) - 1
    starts = range(0, max(1, len(read.ids) - STRIDE), room - STRIDE)
    return [
        Window(
            (*head, *read.ids[start : start + room], closed),
            (0,) * len(head) + (1,) * (len(read.ids[start : start + room]) + 1),
            (*(outside,) * len(head), *offsets[start : start + room], outside),
        )
        for start in starts
    ]
