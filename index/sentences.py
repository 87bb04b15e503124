"""Where sentences begin and end: the only import of sentencex.

Sentences are ranges of the text, trimmed of white space, in order, never overlapping; what lies between them is white
space. sentencex was chosen over pysbd: the same ranges on news text at 300 times the speed, and nearly all languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

# A period or quote glued to the next sentence ("leave.Kyiv has stated") is common in pasted text, and a sentence cut
# there quotes better. Both sides must be words, so that "U.S.A." and "index.html" stay whole.
_GLUED = re.compile(r"(?<=[a-zà-ÿ]{2}[.!?])(?=[A-ZÀ-Þ][a-zà-ÿ]+[ ,])")

# sentencex takes the square of the length of a line of Chinese: 151 s for one of a million characters (1.0.32), 2 s in
# blocks of this length.
BLOCK = 10_000
_BORDERS = ("\n", "。！？", (". ", "! ", "? "), " ")


def sentences(text: str, language: str | None = None) -> list[tuple[int, int]]:
    """Ranges (start, end) of the sentences of `text`; `language` is an ISO 639-1 code, English when unknown."""
    import sentencex

    found: list[tuple[int, int]] = []
    for base, border in _blocks(text):
        for sentence in sentencex.get_sentence_boundaries(language or "en", text[base:border]):
            for start, end in _lines(text, base + sentence["start_index"], base + sentence["end_index"]):
                found.extend(_unglued(text, start, end))
    return found


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """The text in ranges of at most BLOCK characters, cut where a line ends, or else a sentence, or else a word."""
    start = 0
    while len(text) - start > BLOCK:
        limit = start + BLOCK
        places = (max(text.rfind(mark, start, limit) for mark in marks) + 1 for marks in _BORDERS)
        border = next((place for place in places if place > start), limit)
        yield start, border
        start = border
    yield start, len(text)


def _lines(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of a range between line breaks: a list item or a heading is not one sentence with the next."""
    parts = []
    for match in re.finditer(r"[^\n]+", text[start:end]):
        trimmed = _trim(text, start + match.start(), start + match.end())
        if trimmed[0] < trimmed[1]:
            parts.append(trimmed)
    return parts


def _unglued(text: str, start: int, end: int) -> list[tuple[int, int]]:
    cuts = [start, *(start + m.start() for m in _GLUED.finditer(text[start:end])), end]
    return [_trim(text, a, b) for a, b in pairwise(cuts) if text[a:b].strip()]


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
