"""Whether the quotes under a sentence carry what it says: its numbers, days, names, whether it is denied, and the rest.

These are the mistakes that language models make with a true quote beside them. What is looked at is mechanical, so it
finds them whoever wrote the sentence, and it is a doubt, not a verdict: the sentence is shown with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from index.lexical import STOP_WORDS, stem
from index.records import Hit
from rag.answers import Doubt
from rag.periods import MONTH, WEEKDAYS, periods
from rag.reader import content_words
from rag.reading.drafting import DENIED
from rag.reading.values import Amount, Day, amounts, days

# When this share of the words of a sentence stands in what it quotes, its meaning is not compared.
COVERED = 0.5
# Two texts that say the same have at least this cosine.
SIMILAR = 0.4
# So many words behind a "not" are denied by it.
REACH = 6
# Where more of the words have capitals, nouns have them, and a name cannot be told: German.
CAPITALS = 0.3

_WORD = re.compile(r"[^\W_]+(?:[-.’'][^\W_]+)*")
_NUMBER = re.compile(r"\d")
_WEEKDAY = re.compile("|".join(WEEKDAYS), re.IGNORECASE)
_OF_TIME = re.compile(rf"(?:{MONTH}|{'|'.join(WEEKDAYS)})s?", re.IGNORECASE)
# How the adjective of a place ends, and the words that stand within names.
_OF_A_PLACE = ("ian", "ean", "an", "n", "ese", "i", "ish", "s")
_WITHIN_NAMES = {"of", "the", "and", "for", "de", "on", "in"}
_POSSESSIVE = re.compile(r"['’]s?$")
# What is said with a "not" may be said with one of these.
_REFUSED = re.compile(
    r"\b(?:refus|fail|lack|declin|reject|den[iy]|ban(?:s|ned)?\b|prevent|stop|unable|impossible|unlikely|false|hardly"
    r"|few\b|little\b|miss|absen|oppos|against\b|without\b|un\w+ed\b|rul\w+ out|zero\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a sentence stands on: its quotes, the passages they are of, and what was asked.

    `names` are those of all passages that were found: a sentence that begins with one of them begins with a name.
    """

    quotes: tuple[str, ...]
    hits: tuple[Hit, ...]
    question: str
    names: frozenset[str] = frozenset()

    @property
    def said(self) -> str:
        """The quotes as one text."""
        return " \n".join(self.quotes)

    @property
    def around(self) -> str:
        """All that a name may be taken from: a quote says "he" of somebody who is named before it."""
        facts = (
            part
            for hit in self.hits
            for part in (
                hit.passage.text,
                hit.passage.heading,
                hit.article.title,
                hit.article.publisher,
                hit.article.author,
            )
        )
        return " \n".join([self.question, *filter(None, facts)])

    @property
    def published(self) -> tuple[date, ...]:
        """The days on which the articles appeared, as far as they are known."""
        return tuple(hit.article.published for hit in self.hits if hit.article.published)


def names_in(texts: Iterable[str]) -> frozenset[str]:
    """The words, in small letters, that stand with a capital behind a word without one, and never without."""
    large: set[str] = set()
    small: set[str] = set()
    for text in texts:
        words = _WORD.findall(text)
        small.update(word for word in words if word.islower())
        large.update(_plain(b) for a, b in pairwise(words) if a.islower() and _is_name(b))
    return frozenset(large - small)


# The cosine of a text with each of some others.
Similarity = Callable[[str, Sequence[str]], Sequence[float]]


def doubt(written: str, ground: Ground, similarity: Similarity) -> Doubt | None:
    """The first thing in a sentence that what it stands on does not carry; None where all is there."""
    if written in ground.quotes:
        return None
    if not all(_has_day(day, ground) for day in days(written)):
        return Doubt.DAY
    if not all(_has_amount(amount, ground) for amount in amounts(written)):
        return Doubt.NUMBER
    if not _has_names(written, ground):
        return Doubt.NAME
    if _turned(written, ground.quotes):
        return Doubt.NEGATION
    if coverage(written, ground) < COVERED and max(similarity(written, ground.quotes), default=0.0) < SIMILAR:
        return Doubt.MEANING
    return None


def coverage(written: str, ground: Ground) -> float:
    """The share of the words of a sentence that stand in its quotes or in the question, from 0 to 1."""
    words = {stem(word) for word in content_words(written)}
    known = {stem(word) for word in content_words(f"{ground.said} {ground.question}")}
    return len(words & known) / len(words) if words else 1.0


def _has_day(day: Day, ground: Ground) -> bool:
    """Whether a quote names the day, counts to it from the day it appeared, or appeared on it."""
    told = [other for other in days(ground.said) if day.agrees(other)]
    if any(not day.year or other.year == day.year for other in told):
        return True
    near = [around.year for around in ground.published]
    if told and (not near or any(abs(day.year - year) <= 1 for year in near)):
        return True
    return any(_holds(day, first, last) for first, last in _counted(ground))


def _counted(ground: Ground) -> Iterable[tuple[date, date]]:
    """The days that quotes tell by words alone, such as "yesterday"; where they tell none, when they appeared."""
    named = any(day.day for day in days(ground.said))
    for published in ground.published:
        told = [(p.first, p.last) for q in ground.quotes for p in periods(q, published, None) if p.first > date.min]
        for name in WEEKDAYS if _WEEKDAY.search(ground.said) else ():
            if re.search(rf"\b{name}\b", ground.said, re.IGNORECASE):
                day = published - timedelta(days=(published.weekday() - WEEKDAYS.index(name)) % 7)
                told.append((day, day))
        yield from told
        if not named and not told:
            yield published, published


def _holds(day: Day, first: date, last: date) -> bool:
    """Whether the span has a day that this may be."""
    if (last - first).days > 800:
        return False
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return any(day.agrees(Day(one.year, one.month, one.day)) for one in span)


def _has_amount(amount: Amount, ground: Ground) -> bool:
    """Whether the quotes name the number; what it counts may have another name there."""
    return any(
        amount.low <= other.high and other.low <= amount.high and (amount.unit == "%") == (other.unit == "%")
        for other in amounts(ground.said)
    )


def _has_names(written: str, ground: Ground) -> bool:
    """Whether all names of a sentence are known where it was taken from; Germany makes "German" known."""
    words = _WORD.findall(written)
    large = [word for word in words[1:] if _is_name(word)]
    if len(large) > CAPITALS * len(words) and len(words) > 6 and any(not word.isascii() for word in words):
        return True
    around = f"{ground.said} \n{ground.around}"
    known = {_plain(word) for word in _WORD.findall(around)}
    known |= {part for word in known for part in re.split(r"[-.]", word)}
    initials = " ".join(_initials(around))
    opening = [word for word in words[:1] if _is_name(word) and _plain(word) in ground.names]
    return all(_known(name, known, initials) for name in large + opening)


def _is_name(word: str) -> bool:
    if not word[0].isupper() or len(word) < 2 or word.lower() in STOP_WORDS:
        return False
    return not _NUMBER.search(word) and not _OF_TIME.fullmatch(word)


def _known(written: str, known: set[str], initials: str) -> bool:
    name = _plain(written)
    if name in known or all(part in known for part in re.split(r"[-.]", name)):
        return True
    letters = _POSSESSIVE.sub("", written).replace(".", "")
    if letters.isupper() and letters.lower() in initials:
        return True
    return bool(known & _kin(name)) or any(name in _kin(word) for word in known if word[:3] == name[:3])


def _kin(name: str) -> set[str]:
    """What a place may be called of which this is the adjective: "germany", and more that is nothing; all small."""
    roots = {name.removesuffix(end) for end in _OF_A_PLACE if name.endswith(end)}
    return {name + "y"} | {root + end for root in roots for end in ("", "a", "e", "o", "y", "ia") if len(root) > 2}


def _initials(text: str) -> Iterator[str]:
    """The first letters of words with a capital that follow each other, small: "eu" of "European Union"."""
    run = ""
    for word in _WORD.findall(text):
        if word[0].isupper():
            run += word[0].lower()
        elif word not in _WITHIN_NAMES:
            yield run
            run = ""
    yield run


def _plain(word: str) -> str:
    return _POSSESSIVE.sub("", word.lower())


def _turned(written: str, quotes: Sequence[str]) -> bool:
    """Whether one of both is denied and the other is not."""
    if DENIED.search(written):
        return not any(DENIED.search(quote) or _REFUSED.search(quote) for quote in quotes)
    if _REFUSED.search(written):
        return False
    words = {stem(word) for word in content_words(written)}
    return bool(quotes) and all(words & _denied(quote) for quote in quotes)


def _denied(quote: str) -> set[str]:
    """The stems of what stands close behind a "not" of the quote, in its clause."""
    found: set[str] = set()
    for match in DENIED.finditer(quote):
        clause = re.split(r"[,;:.!?–—]|\b(?:but|until|only|because)\b", quote[match.end() :])[0]
        found |= {stem(word) for word in content_words(" ".join(clause.split()[:REACH]))}
    return found
