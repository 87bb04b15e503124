"""Plain text: quoted as it stands in the file, so an offset in the article is an offset in what was read."""

from __future__ import annotations

import re
from itertools import pairwise

from index.records import Section
from index.sources.byline import MAX_LINE, read_opening
from index.sources.draft import Dated, Draft, collapsed

MAX_HEADING = 80
# Lines are broken by hand or by a program at a column in this range.
WRAP_COLUMNS = range(40, 101)
MIN_FILLED = 0.9

_LINE = re.compile(r"[^\n]*\S[^\n]*")
_ENDED = re.compile(r"[.!?:;,…][\"'”’»)\]]*$")
_ITEM = re.compile(r"\s|[-*•–]\s|\d+[.)]\s")


def read_plain(text: str) -> Draft:
    """The text without the lines that were recognised as its title, byline and date."""
    lines = list(_LINE.finditer(text, 0, 20 * MAX_LINE))[:8]
    opening = read_opening([line[0] for line in lines])
    text = unwrapped(text[lines[opening.lines - 1].end() :].lstrip() if opening.lines else text)
    published = Dated(opening.day, "byline") if opening.day else None
    return Draft(text, _sections(text), (), opening.title, opening.author, published)


def unwrapped(text: str) -> str:
    """Text whose lines were broken at a column, each paragraph on one line; of the same length, so offsets stay.

    A line was broken there when the next word would have run over the column.
    """
    lines = text.split("\n")
    column = max((len(a) for a, b in pairwise(lines) if b.strip() and " " in a.strip()), default=0)
    pairs = [(a, b) for a, b in pairwise(lines) if a.strip() and b.strip()]
    filled = sum(_broken_at(column, a, b) for a, b in pairs)
    if column not in WRAP_COLUMNS or filled < max(2, MIN_FILLED * len(pairs)):
        return text
    glue = [" " if _broken_at(column, a, b) and not _ITEM.match(b) else "\n" for a, b in pairwise(lines)]
    return "".join(part for line, end in zip(lines, [*glue, ""], strict=True) for part in (line, end))


def _broken_at(column: int, line: str, following: str) -> bool:
    words = following.split(maxsplit=1)
    return bool(words and line.strip()) and len(line) + 1 + len(words[0]) > column


def _sections(text: str) -> tuple[Section, ...]:
    """A heading is a short line between blank lines that ends no sentence, with prose under it."""
    paragraphs = list(re.finditer(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", text))
    return tuple(
        Section(line.start(), below.start(), collapsed(line[0]))
        for line, below in pairwise(paragraphs)
        if is_heading(line[0]) and (len(below[0]) > MAX_HEADING or _ENDED.search(below[0].rstrip()))
    )


def is_heading(line: str) -> bool:
    """Whether a line on its own reads as a heading."""
    line = line.strip()
    starts = bool(line) and not line[0].islower() and not _ITEM.match(line)
    words = "\n" not in line and len(line) <= MAX_HEADING and any(c.isalpha() for c in line)
    return starts and words and not ends_sentence(line)


def ends_sentence(line: str) -> bool:
    """Whether a line ends a sentence, or at least a part of one."""
    return bool(_ENDED.search(line.rstrip()))
