"""What in a text can be exchanged for another of its kind: names, years, months, numbers and words of one form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from index.lexical import STOP_WORDS

_MONTHS = (
    "January|February|March|April|May|June|July|August|September|October|November|December|Monday|Tuesday|Wednesday|"
    "Thursday|Friday|Saturday|Sunday"
)
_COUNTS = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|thousand"
_PART = r"(?!I[’'])[A-ZÀ-Þ][\w’'-]*[\w]"
_KINDS = (
    ("year", re.compile(r"(?<![\w.,$£€])(?:1[0-9]|20)\d\d(?!\w|%|[.,]\d)")),
    ("month", re.compile(rf"\b(?:{_MONTHS})\b")),
    ("number", re.compile(rf"(?<![\w.,])\d[\d.,]*(?![\w])|\b(?:{_COUNTS})\b", re.IGNORECASE)),
    ("name", re.compile(rf"\b{_PART}(?:(?: (?:of|the|and|de|van|von))? {_PART})*")),
)
# Endings that mostly tell how a word is used, the longest first.
_ENDINGS = ("tion", "ment", "ness", "ing", "ity", "ers", "ed", "er", "ly", "es", "s")
_PEOPLE = re.compile(r"\w+(?:ish|ese|ians?|eans?|[ck]ans?)|French|Dutch|Greeks?|Germans?")
# Words that often open a sentence and name nothing.
_OPENERS = frozenset(
    re.findall(
        r"\w+",
        "after although before both but during each every following he however it many more most no not one other "
        "several she since some such then there these those though under until while within also",
    )
)
_WORD = re.compile(r"(?<![\w’'-])[a-z]{4,}(?![\w’'-])")


@dataclass(frozen=True, slots=True)
class Thing:
    """A stretch of a text, and its kind: what may stand in its place."""

    start: int
    end: int
    text: str
    kind: str


def things(text: str) -> list[Thing]:
    """Names, words for peoples, years, months and numbers, none overlapping, in order.

    A word is no name for the capital with which it opens a sentence.
    """
    found: list[Thing] = []
    for kind, pattern in _KINDS:
        for match in pattern.finditer(text):
            start, end = match.span()
            if kind == "number":
                end = start + len(match[0].rstrip(".,"))
            if kind == "name":
                end -= 2 * text[:end].endswith(("'s", "’s"))
                start += _opening(text, start, end)
            taken = any(t.start < end and start < t.end for t in found)
            if not taken and end - start > (kind != "number"):
                said = text[start:end]
                found.append(Thing(start, end, said, "people" if _PEOPLE.fullmatch(said) else kind))
    return sorted(found, key=lambda t: t.start)


def words(text: str) -> Iterator[Thing]:
    """Words in small letters that say what a sentence is about, by their ending: "-ing", "-s", "-"."""
    for match in _WORD.finditer(text):
        if match[0] not in STOP_WORDS:
            ending = next((e for e in _ENDINGS if match[0].endswith(e)), "")
            yield Thing(match.start(), match.end(), match[0], f"-{ending}")


def _opening(text: str, start: int, end: int) -> int:
    """How much of a name only has its capital because a sentence begins: "The Normans" → 4, "However" → all."""
    before = text[:start].rstrip(" \"“'(")
    if before and before[-1] not in ".!?:\n":
        return 0
    first, _, rest = text[start:end].partition(" ")
    if first.lower() in STOP_WORDS or first.lower() in _OPENERS or not rest:
        return len(first) + 1 if rest else end - start
    return 0
