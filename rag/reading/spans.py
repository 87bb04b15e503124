"""Spans of a passage that may answer, out of the logits of their first and last tokens."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.reading.windows import Window

# The logits of start and end for each token of a window, float32 (tokens,).
Logits = tuple[NDArray[np.float32], NDArray[np.float32]]

# The most tokens of an answer, and its most characters: what the tokenizer does not know is one token, however long.
LONGEST, CHARACTERS = 30, 300
_WORD = re.compile(r"\w")


class SpanModel(Protocol):
    """What reads: question, title and text in, spans out. Safe to share between threads."""

    @property
    def name(self) -> str:
        """What an answer says that it was produced by."""

    def read(self, question: str, passages: Sequence[tuple[str, str]], count: int = 1) -> list[list[Span]]:
        """At most `count` spans of each (title, text), the best first, none of which overlap."""

    def chance(self, score: float) -> float:
        """The chance, from 0 to 1, that a passage whose best span has this score answers."""


def chance(score: float, threshold: float, temperature: float) -> float:
    """The chance, from 0 to 1, that a span with this score answers; 1/2 at the threshold. Platt, 1999."""
    return 1 / (1 + math.exp(max(-700.0, min(700.0, (threshold - score) / temperature))))


@dataclass(frozen=True, slots=True)
class Span:
    """`start` and `end` are characters of the passage's text; `score` is that of the span less that of "not here"."""

    start: int
    end: int
    score: float


def spans(window: Window, starts: NDArray[np.float32], ends: NDArray[np.float32]) -> list[Span]:
    """For each token of the text that may begin an answer: the best span from there."""
    inside = [i for i, (a, _) in enumerate(window.offsets) if a >= 0]
    if not inside:
        return []
    nowhere = float(starts[0] + ends[0])
    reach = np.full(len(inside) + LONGEST - 1, -np.inf, dtype=np.float32)
    reach[: len(inside)] = ends[inside]
    last = np.lib.stride_tricks.sliding_window_view(reach, LONGEST).argmax(axis=1)
    return [
        Span(window.offsets[i][0], window.offsets[inside[k + more]][1], float(starts[i] + reach[k + more]) - nowhere)
        for k, (i, more) in enumerate(zip(inside, last.tolist(), strict=True))
    ]


def best(found: Iterable[Span], text: str, count: int = 1) -> list[Span]:
    """At most `count` of them, the best first, none of which overlap: words of the text, on one line of it."""
    kept: list[Span] = []
    for span in sorted(found, key=lambda s: -s.score):
        if len(kept) == count:
            break
        said = text[span.start : span.end]
        if len(said) > CHARACTERS or "\n" in said or not _WORD.search(said):
            continue
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return kept


def read_windows(
    made: Sequence[Sequence[Window]], texts: Sequence[str], logits: Sequence[Logits], count: int = 1
) -> list[list[Span]]:
    """The best spans of each text; `logits` are those of the windows of all texts, one text after another."""
    rest = iter(logits)
    found = []
    for of, text in zip(made, texts, strict=True):
        pairs = [(window, *next(rest)) for window in of]
        found.append(best((s for w, a, b in pairs for s in spans(w, a, b)), text, count))
    return found


def run_in_batches(run: Callable[[list[Window]], list[Logits]], windows: Sequence[Window], tokens: int) -> list[Logits]:
    """The logits of each window, in order, run in batches of like length."""
    said: list[Logits] = [(np.zeros(0, np.float32), np.zeros(0, np.float32))] * len(windows)
    for batch in batches([len(window.ids) for window in windows], tokens):
        for place, logits in zip(batch, run([windows[i] for i in batch]), strict=True):
            said[place] = logits
    return said


def batches(sizes: Sequence[int], tokens: int) -> list[list[int]]:
    """The places of windows of these sizes in batches of like length, of at most `tokens` after padding or one."""
    made: list[list[int]] = []
    for place in sorted(range(len(sizes)), key=sizes.__getitem__):
        if made and (len(made[-1]) + 1) * sizes[place] <= tokens:
            made[-1].append(place)
        else:
            made.append([place])
    return made
