"""Spans of a passage that may answer, out of the logits of their first and last tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.reading.windows import Window

# The logits of start and end for each token of a window, float32 (tokens,).
Logits = tuple[NDArray[np.float32], NDArray[np.float32]]

# The most tokens of an answer.
LONGEST = 30


class SpanModel(Protocol):
    """What reads: question, title and text in, spans out. Safe to share between threads."""

    @property
    def name(self) -> str:
        """What an answer says that it was produced by."""

    def read(self, question: str, passages: Sequence[tuple[str, str]], count: int = 1) -> list[list[Span]]:
        """At most `count` spans of each (title, text), the best first, none of which overlap."""

    def chance(self, score: float) -> float:
        """The chance, from 0 to 1, that a passage whose best span has this score answers."""


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


def best(found: Iterable[Span], count: int = 1) -> list[Span]:
    """At most `count` of them, the best first, none of which overlap."""
    kept: list[Span] = []
    for span in sorted(found, key=lambda s: -s.score):
        if len(kept) == count:
            break
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return kept


def read_windows(made: Sequence[Sequence[Window]], logits: Sequence[Logits], count: int = 1) -> list[list[Span]]:
    """The best spans of each passage; `logits` are those of all windows, one passage after another."""
    rest = iter(logits)
    found = []
    for of in made:
        pairs = [(window, *next(rest)) for window in of]
        found.append(best((s for w, a, b in pairs for s in spans(w, a, b)), count))
    return found


def batches(sizes: Sequence[int], tokens: int) -> list[list[int]]:
    """The places of windows of these sizes in batches of like length, each of at most `tokens` after padding."""
    made: list[list[int]] = []
    for place in sorted(range(len(sizes)), key=sizes.__getitem__):
        if made and (len(made[-1]) + 1) * sizes[place] <= tokens:
            made[-1].append(place)
        else:
            made.append([place])
    return made
