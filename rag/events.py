"""Days that a question knows by what happened then, "before the vote", as the articles that were found tell them.

A day is taken only where it is clear: a sentence names the event and one day, and the articles that do so mostly agree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from index.lexical import STOP_WORDS, stem
from index.sentences import sentences
from rag.periods import AHEAD, WEEKDAYS, Period, named_days

# Words of the longest event that is looked for, "the second reading vote".
MAX_WORDS = 3
# The share of the other words of the question that a passage has which tells of the event that is meant.
ABOUT_IT = 0.5
# Stems keep so many letters of their words.
BEGINNING = 3

_EVENT = re.compile(
    r"\b(?P<how>before|ahead of|prior to|until|after|following|since) (?:the|this) (?P<event>[^,.;:?!()\"“”]+)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# They name no event.
_NO_EVENTS = frozenset(
    "age beginning century day days decade decades end fact first hour hours last middle moment month months morning "  # noqa: SIM905
    "next night other past rest same start time times turn very way week weekend weeks year years".split()
)
# What mostly goes on after the event: "before the vote did", "after the storm hit".
_VERBS = frozenset("did does do was were is are has had have will would can could said say says".split())  # noqa: SIM905
_TODAY = re.compile(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b", re.IGNORECASE)
_YESTERDAY = re.compile(r"\b(?:yesterday|last night)\b", re.IGNORECASE)
_WEEKDAY = re.compile(rf"\b(?:{'|'.join(name.capitalize() for name in WEEKDAYS)})\b(?! \d| [A-Z])")


def around_event(text: str, asked: date, passages: Iterable[tuple[date | None, str]]) -> Period | None:
    """The days before or since an event that the question names; `passages` are (day of publication, text).

    None when it names none, or the passages do not tell when that was, or do not agree.
    """
    found = _EVENT.search(text)
    event = _words(found["event"]) if found else []
    if not found or not event or _NO_EVENTS.issuperset(event):
        return None
    wanted = {stem(word) for word in event}
    others = {stem(word) for word in _content(text)} - wanted
    days: Counter[date] = Counter()
    for published, passage in passages:
        if published and _is_about(passage, wanted, others):
            days.update(set(_days(passage, wanted, published)))
    (day, count), *_ = days.most_common(1) or [(asked, 0)]
    if 2 * count <= days.total() or day > asked:
        return None
    words = f"{found['how']} the {' '.join(event)}"
    return (
        Period(words, day, asked)
        if found["how"].lower() in {"after", "following", "since"}
        else Period(words, date.min, day)
    )


def _words(said: str) -> list[str]:
    """The words of the event, up to where something else begins."""
    words: list[str] = []
    for word in _WORD.findall(said):
        if word.lower() in STOP_WORDS | _VERBS or len(words) == MAX_WORDS:
            break
        words.append(word.lower())
    return words


def _content(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text) if word.lower() not in STOP_WORDS]


def _is_about(passage: str, wanted: set[str], others: set[str]) -> bool:
    lowered = passage.lower()
    if not all(word[:BEGINNING] in lowered for word in wanted):  # most passages, and stemming takes time
        return False
    said = {stem(word) for word in _content(passage)}
    return wanted <= said and len(others & said) >= ABOUT_IT * len(others)


def _days(passage: str, wanted: set[str], published: date) -> Iterator[date]:
    """The day of each sentence that has the words and names one day alone."""
    for start, end in sentences(passage):
        sentence = passage[start:end]
        if wanted <= {stem(word) for word in _content(sentence)}:
            named = set(_named(sentence, published))
            if len(named) == 1:
                yield named.pop()


def _named(sentence: str, published: date) -> Iterator[date]:
    """The days that a sentence of an article of that day names."""
    yield from (p.first for p in named_days(sentence, published, published) if p.first == p.last)
    if _TODAY.search(sentence):
        yield published
    if _YESTERDAY.search(sentence):
        yield published - timedelta(days=1)
    for found in _WEEKDAY.finditer(sentence):
        back = (published.weekday() - WEEKDAYS.index(found[0].lower())) % 7
        yield published + timedelta(days=-back % 7 if AHEAD.search(sentence) else -back)
