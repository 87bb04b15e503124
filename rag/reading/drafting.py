"""An answer out of what was read: verbatim sentences, the short answer marked, and what disagrees side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from index.records import Hit
from index.sentences import sentences
from rag.answers import DraftSentence, Mark, Quote, Spot
from rag.reader import MAX_CHARACTERS, content_words
from rag.reading.spans import Span
from rag.reading.values import disagree
from rag.reading.wanted import Wanted, asks_value, wanted

MAX_SENTENCES = 3
MAX_SEVERAL = 5
# A further sentence is added when it has this share of the best one's support, and says something else. From .5 to .6
# the answer is found as often on news (200 questions), SQuAD (250) and the seeds (106), and 1 to 4 points more of the
# sentences hold it; beyond, it is found less often; 2026-11-28.
CLOSE = 0.6
# Two sentences say the same when they share this many of the words of the shorter one.
SAME = 0.7
# Values disagree only where both are this sure; otherwise one of them may be of something else.
SURE = 0.6
# Of the words beside the answers so many of the shorter sentence stand in the other, where both are of one matter.
ALIKE = 0.4

_WORD = re.compile(r"\w+")
_ARTICLES = {"a", "an", "the"}
DENIED = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|neither|nor|without|denie[sd]|kein\w*|nicht|nie)\b|n['’]t\b", re.I
)


@dataclass(frozen=True, slots=True)
class Found:
    """A span that was read, in the sentence it stands in, and from 0 to 1 how likely it answers.

    `start` and `end` of the sentence are offsets in the article.
    """

    hit: Hit
    start: int
    end: int
    mark: Mark
    support: float

    @property
    def text(self) -> str:
        """The sentence, verbatim."""
        return self.hit.article.text[self.start : self.end]

    @property
    def short(self) -> str:
        """The text of the span."""
        return self.text[slice(*self.mark)]


def spot_of(found: Found) -> Spot:
    """Where in the article the span stands."""
    first, last = found.mark
    return Spot(found.hit.passage.id, found.start + first, found.start + last)


def drafted(question: str, found: Sequence[Found]) -> tuple[tuple[DraftSentence, ...], bool]:
    """The sentences of an answer, and whether they disagree; every one of `found`, the best first, may be quoted."""
    wants = wanted(question)
    if wants is Wanted.SEVERAL:
        kept = several(found)
        return tuple(_quoted(f, marked=f is kept[0]) for f in in_order(kept)), False
    if wants is Wanted.DECISION:
        # What the span is does not matter where it is asked whether.
        return tuple(_quoted(f, marked=False) for f in apart(found, says_the_same)), False
    if asks_value(question) and (differing := values_apart(found)):
        return tuple(map(_quoted, differing)), True
    return tuple(map(_quoted, apart(found, answers_the_same))), False


def sentence_of(hit: Hit, span: Span, support: float = 0.0) -> Found:
    """The sentence of a span, or those that it reaches over; what is too long to be one is cut between words."""
    text = hit.passage.text
    ranges = [(a, b) for a, b in sentences(text, hit.article.language) if a < span.end and span.start < b]
    start, end = min([a for a, _ in ranges], default=span.start), max([b for _, b in ranges], default=span.end)
    start, end = min(start, span.start), max(end, span.end)
    if end - start > MAX_CHARACTERS:
        start, end = _cut(text, span, start, end)
    base = hit.passage.start
    return Found(hit, base + start, base + end, (span.start - start, span.end - start), support)


def _cut(text: str, span: Span, start: int, end: int) -> tuple[int, int]:
    room = max(0, MAX_CHARACTERS - (span.end - span.start)) // 2
    first, last = max(start, span.start - room), min(end, span.end + room)
    if first > start:
        space = text.find(" ", first, span.start)
        first = space + 1 if space >= 0 else first
    if last < end:
        space = text.rfind(" ", span.end, last)
        last = space if space >= 0 else last
    return first, last


def apart(found: Sequence[Found], same: Callable[[Found, Found], bool]) -> list[Found]:
    """The first, and those close behind that are not the same, those of other voices before the rest."""
    home = found[0].hit.speaker
    first, *rest = close(found)
    return unlike([first, *sorted(rest, key=lambda f: f.hit.speaker == home)], same, MAX_SENTENCES)


def several(found: Sequence[Found]) -> list[Found]:
    """Sentences that each add something, the best first: all that are close to the best."""
    return unlike(close(found), says_the_same, MAX_SEVERAL)


def close(found: Sequence[Found]) -> list[Found]:
    """Those, the best first, whose support is near that of the best."""
    return [f for f in found if f.support >= CLOSE * found[0].support]


def unlike(found: Sequence[Found], same: Callable[[Found, Found], bool], most: int) -> list[Found]:
    """At most so many of them, in their order, each of which is the same as none before it."""
    kept: list[Found] = []
    for one in found:
        if len(kept) < most and not any(same(one, other) for other in kept):
            kept.append(one)
    return kept


def in_order(found: Sequence[Found]) -> list[Found]:
    """Article after article, in the order of their best sentences; within one, as it reads."""
    articles = list(dict.fromkeys(f.hit.article.id for f in found))
    return sorted(found, key=lambda f: (articles.index(f.hit.article.id), f.start))


def values_apart(found: Sequence[Found]) -> list[Found]:
    """Sentences of different articles whose short answers are numbers or days that disagree, the newest article first.

    Empty where nothing disagrees.
    """
    if not found or found[0].support < SURE:
        return []
    kept = [found[0]]
    for other in found[1:]:
        # Near-copies too: one that was found beside its like says something else, such as a later count.
        new = all(other.hit.article.id != f.hit.article.id and disagree(other.short, f.short) for f in kept)
        if new and other.support >= SURE and about_the_same(other, found[0]) and len(kept) < MAX_SENTENCES:
            kept.append(other)
    return sorted(kept, key=lambda f: f.hit.article.published or date.min, reverse=True) if len(kept) > 1 else []


def about_the_same(one: Found, other: Found) -> bool:
    """Whether the sentences share words beside the answers, so that what disagrees is likely the same matter."""
    mine, theirs = _beside(one), _beside(other)
    return len(mine & theirs) >= max(2, ALIKE * min(len(mine), len(theirs)))


def _beside(found: Found) -> set[str]:
    start, end = found.mark
    return set(content_words(f"{found.text[:start]} {found.text[end:]}"))


def answers_the_same(one: Found, other: Found) -> bool:
    """Whether one short answer holds the words of the other, or one sentence most words of the other."""
    mine, theirs = (set(_WORD.findall(found.short.casefold())) - _ARTICLES for found in (one, other))
    return bool(mine and theirs and (mine <= theirs or theirs <= mine)) or says_the_same(one, other)


def says_the_same(one: Found, other: Found) -> bool:
    """Whether most words of the shorter sentence stand in the other and both deny or neither does, or they overlap."""
    if one.hit.article.id == other.hit.article.id and one.start < other.end and other.start < one.end:
        return True
    return in_the_same_words(one.text, other.text)


def in_the_same_words(one: str, other: str) -> bool:
    """Whether most words of the shorter text stand in the other and both deny or neither does."""
    mine, theirs = set(content_words(one)), set(content_words(other))
    alike = len(mine & theirs) >= SAME * max(1, min(len(mine), len(theirs)))
    return alike and len(DENIED.findall(one)) == len(DENIED.findall(other))


def _quote(found: Found) -> Quote:
    return Quote(found.hit.passage.id, found.text, found.start)


def _quoted(found: Found, marked: bool = True) -> DraftSentence:
    return DraftSentence(found.text, (_quote(found),), found.mark if marked else None)
