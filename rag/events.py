"""Days that a question knows by what happened then, "before the vote", as the articles that were found tell them.

A wrong day harms more than a missed one. So a day is taken only where it is clear: a sentence names the event and one
day, its passage is about what is asked, and those that do so mostly agree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from index.lexical import STOP_WORDS, stem
from index.sentences import sentences
from rag.periods import AHEAD, MONTH, WEEKDAYS, Period, moved, named_days, up_to

# Words of the longest event that is looked for, "the second reading vote".
MAX_WORDS = 3
# The share of the other words of the question that a passage has which tells of the event that is meant, and the fewest
# that tell anything.
ABOUT_IT, FEWEST = 0.5, 2
# So many passages at least tell the day, and so many times as many as tell another. Of ten questions about the news of
# 2022 four are given a day with these, all the right one; with one passage two more are, one of them a wrong one.
TELLING, AHEAD_OF_OTHERS = 2, 1.5
# How long after an event what went before it is still told. Days.
TOLD = 3
# Stems keep so many letters of their words.
BEGINNING = 3

_EVENT = re.compile(
    r"\b(?P<how>before|ahead of|prior to|until|after|following|since) (?:the|this) (?P<event>[^,.;:?!()\"“”]+)",
    re.IGNORECASE,
)
# Then it is before somebody, or after something: "testified before the court", "named after the president".
_OTHERWISE = re.compile(
    r"\b(?:named|called|look(?:s|ed|ing)?|g(?:o|oes|one|oing)|went|chas\w+|runs?|ran|com(?:e|es|ing)|came|brought|put"
    r"|stood|stands?|standing|testif\w+|appear\w*|heard|argued|pleaded|modelled|year|month|week|day|morning|night) $",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+(?:['’-]\w+)*")
# They name no event, or one that has no day of its own.
_TIMES = (
    "age beginning century crisis day days decade decades end era fact first future hour hours last middle moment "
    "month months morning next night other pandemic past period presidency quarter rest revolution same season start "
    "summer time times turn very war wars way week weekend weeks winter world year years"
)
_NO_EVENTS = frozenset(_TIMES.split())
# What mostly goes on after the event: "before the vote did", "after the storm hit".
_AUXILIARIES = "did does do was were is are has had have will would can could said say says"
_VERBS = frozenset(_AUXILIARIES.split())
# They are about no event: any passage may have them.
_ANYTHING = (
    "before ahead prior to until after following since happen happened happens told tell tells most more much last "
    "week month year day days time new first people"
)
_EMPTY = STOP_WORDS | _VERBS | frozenset(_ANYTHING.split())
_TODAY = re.compile(r"\b(?:today|tonight|this (?:morning|afternoon|evening))\b", re.IGNORECASE)
_YESTERDAY = re.compile(r"\b(?:yesterday|last night)\b", re.IGNORECASE)
_WEEKDAY = re.compile(
    rf"\b(?P<which>last |next )?(?P<name>{'|'.join(name.capitalize() for name in WEEKDAYS)})\b"
    rf"(?! [A-Z]|s\b|,? (?:\d|(?i:{MONTH})\b))"
)
_SOME_DAY = re.compile(rf"day\b|\b(?:tonight|this (?:morning|afternoon|evening)|last night)\b|\b(?i:{MONTH})\b")
# Another name, or each of them: "Black Friday", "every Monday".
_NO_DAY = re.compile(
    r"(?:\b(?!(?:On|By|Early|Late|Since|Until|After|Before|From|But|And|This|That)\b)[A-Z]\w+"
    r"|\b(?:every|each|most|a)) $"
)
# The day of what was said is not that of what was told: "said on Tuesday that the war".
_SAID = re.compile(
    r"\b(?:said|says|told|announced|reported|added|wrote|tweeted|posted|confirmed|stated|published|warned|claimed)"
    r"(?: \w+){0,2}?(?: on)? $",
    re.IGNORECASE,
)


def around_event(text: str, asked: date, passages: Iterable[tuple[date | None, str]]) -> Period | None:
    """The days before or since an event that the question names; `passages` are (day of publication, text).

    None when it names none, or hardly any passage tells when that was, or they do not agree.
    """
    found = _EVENT.search(text)
    event = _words(found["event"]) if found else []
    if not found or not event or _OTHERWISE.search(up_to(text, found.start())):
        return None
    # "Before the 2016 election", "after the crisis of 2008": of another one than what was written about of late.
    if not _NO_EVENTS.isdisjoint(event) or any(character.isdigit() for character in found["event"]):
        return None
    wanted = {stem(word) for word in event}
    others = {stem(word) for word in _content(text)} - wanted
    if len(others) < FEWEST:
        return None
    days: Counter[date] = Counter()
    for published, passage in passages:
        if published and _is_about(passage, wanted, others):
            days.update(set(_days(passage, wanted, published)))
    (day, count), (_, other), *_ = [*days.most_common(2), (asked, 0), (asked, 0)]
    if count < TELLING or count < AHEAD_OF_OTHERS * other or day > asked:
        return None
    words = text[found.start() : found.start("event")] + " ".join(event)
    is_since = found["how"].lower() in {"after", "following", "since"}
    return Period(words, day, asked) if is_since else Period(words, date.min, moved(day, TOLD))


def _words(said: str) -> list[str]:
    """The words of the event, up to where something else begins."""
    words: list[str] = []
    for word in _WORD.findall(said):
        if word.lower() in STOP_WORDS | _VERBS or len(words) == MAX_WORDS:
            break
        words.append(word.lower())
    return words


def _content(text: str) -> list[str]:
    return [word for word in map(str.lower, _WORD.findall(text)) if word not in _EMPTY]


def _is_about(passage: str, wanted: set[str], others: set[str]) -> bool:
    lowered = passage.lower()
    # Most passages are not, and stemming takes time.
    if not all(word[:BEGINNING] in lowered for word in wanted) or not _SOME_DAY.search(passage):
        return False
    said = {stem(word) for word in _content(passage)}
    return wanted <= said and len(others & said) >= ABOUT_IT * len(others)


def _days(passage: str, wanted: set[str], published: date) -> Iterator[date]:
    """The day of each sentence that has the words and names one day alone."""
    for start, end in sentences(passage):
        sentence = passage[start:end]
        if _SOME_DAY.search(sentence) and wanted <= {stem(word) for word in _content(sentence)}:
            named = set(_named(sentence, published))
            if len(named) == 1:
                yield named.pop()


def _named(sentence: str, published: date) -> Iterator[date]:
    """The days that a sentence of an article of that day names as such of what happened."""
    yield from (p.first for p in named_days(sentence, published, published) if p.first == p.last)
    for pattern, back in ((_TODAY, 0), (_YESTERDAY, 1)):
        for found in pattern.finditer(sentence):
            if not _SAID.search(up_to(sentence, found.start())):
                yield moved(published, -back)
    for found in _WEEKDAY.finditer(sentence):
        before = up_to(sentence, found.start())
        if not (_SAID.search(before) or _NO_DAY.search(before)):
            yield _weekday(found, before, published)


def _weekday(found: re.Match[str], before: str, published: date) -> date:
    """The last such day, or the next one where the words before it in its clause say that it is to come."""
    back = (published.weekday() - WEEKDAYS.index(found["name"].lower())) % 7
    clause = re.split(r"[,;:]", before)[-1]
    if found["which"] == "next " or AHEAD.search(clause):
        return moved(published, -back % 7 or 7 if found["which"] else -back % 7)
    return moved(published, -(back or 7) if found["which"] else -back)
