"""What a reader of one format makes of a file: its text with headings, and what the file says of itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from index.records import Section

MAX_CHARACTERS = 5_000_000
# Characters of a text, below which its language cannot be told from it.
MIN_LANGUAGE_SAMPLE = 40
GAP = "\n\n"


@dataclass(frozen=True, slots=True)
class Dated:
    """A date of publication and the evidence for it."""

    day: date
    evidence: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An article before its title and date are weighed: `title` is "" where only the text itself can give one.

    `published` is what the article says of its date, `created` what the properties of the document say, `modified` the
    day of its last change, `url` its canonical address, `language` its ISO 639-1 code and `publisher` the paper or site
    that it appeared in, where it names them.
    """

    text: str
    sections: tuple[Section, ...] = ()
    pages: tuple[int, ...] = ()
    title: str = ""
    author: str | None = None
    published: Dated | None = None
    created: date | None = None
    modified: date | None = None
    url: str = ""
    language: str = ""
    publisher: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, a list, a table, or a heading."""

    text: str
    heading: bool = False


def composed(blocks: Sequence[Block]) -> tuple[str, tuple[Section, ...]]:
    """The blocks as one text with a blank line between them, and the sections their headings open."""
    text = GAP.join(block.text for block in blocks)
    ends = [start + len(block.text) for block, start in zip(blocks, starts(blocks), strict=True)]
    return text, tuple(
        Section(end - len(block.text), min(end + len(GAP), len(text)), block.text)
        for block, end in zip(blocks, ends, strict=True)
        if block.heading
    )


def starts(blocks: Sequence[Block]) -> list[int]:
    """Where each block begins in the composed text."""
    offsets, at = [], 0
    for block in blocks:
        offsets.append(at)
        at += len(block.text) + len(GAP)
    return offsets


def collapsed(text: str) -> str:
    """The text on one line, single spaces between its words."""
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class Piece:
    """One article of a file that holds several: its `name` in the file, and either its own `data` or its `draft`.

    A draft comes with the `digest` of what it was made of. The `name` is "" for a file that is one article after all.
    With a `problem` there is neither; `state` then says whether it was "skipped" or "failed".
    """

    name: str
    data: bytes = b""
    draft: Draft | None = None
    digest: str = ""
    problem: str = ""
    state: str = "skipped"
