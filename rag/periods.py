"""The days that a question names in words, resolved against the day it was asked: "this week", "in June", "on 3 May".

Days of articles are days of publication: an article about something of this week was published this week or is not
found by it. A bare year is not taken for one, since questions name years of what happened long before they were
written about, and what a question knows of by name alone ("before the vote") has no day here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

# An article may be dated by another zone than the question, and a week is told loosely.
SLACK = timedelta(days=1)
# What "recently" and "latest" reach back.
RECENT = 30

_MONTHS = "january february march april may june july august september october november december".split()  # noqa: SIM905
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()  # noqa: SIM905
_MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if name != "september" else "sept?(?:ember)?" for name in _MONTHS)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_DAYS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?P<month>{_MONTH})\.? {_DAY}(?:,? (?P<year>\d{{4}}))?\b(?![.,:]\d)",
        rf"\b{_DAY} (?:of )?(?P<month>{_MONTH})\b\.?(?:,? (?P<year>\d{{4}}))?\b",
        r"\b(?P<year>\d{4})-(?P<number>\d\d)-(?P<day>\d\d)\b",
    )
)
# "may" and "march" are words too, and August is a name: a month alone has a capital, stands behind a preposition, and
# no other capital comes next.
_WHOLE_MONTH = re.compile(
    r"\b(?i:(?P<how>in|of|during|since|until|by|before|after|early|late|mid|last|this))[ -](?P<month>"
    + "|".join(name.capitalize() for name in _MONTHS)
    + r")\b(?! \d{1,2}\b| [A-Z])(?:,? (?P<year>\d{4}))?"
)
_WEEKDAY = re.compile(
    r"(?<!\bnext )(?<!\bevery )(?<!\beach )(?<!\bblack )(?<!\bcyber )(?<!\bgood )(?<!\bash )(?<!\bsuper )(?<!\bthe )"
    rf"\b(?P<name>{'|'.join(_WEEKDAYS)})\b(?! night football)",
    re.IGNORECASE,
)
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "few": 4, "couple of": 3}
_UNITS = {"day": 1, "week": 7, "month": 31, "year": 366}
_BACK = re.compile(
    rf"\b(?:last|past|previous) (?P<count>\d{{1,2}}|{'|'.join(_COUNTS)}) (?P<unit>{'|'.join(_UNITS)})s?\b",
    re.IGNORECASE,
)
_RECENTLY = re.compile(
    r"\b(?:recent|recently|newly|latest|newest|lately|these days|(?:has|have|had|was|were|is|are) just)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|other than|except|but not)(?: (?:on|in))?\s*$", re.IGNORECASE)
_BEFORE = re.compile(r"\b(?:before|until|by|prior to)\s*$", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|since|from)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `first` to `last`, both included, as the question says them in `words`."""

    words: str
    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Whether the day is one of them."""
        return self.first <= day <= self.last


def periods(text: str, asked: date, latest: date | None) -> tuple[Period, ...]:
    """What the question says of time, as periods, in no order. `latest` is the last day of publication there is.

    A day or month without a year is the last one of its kind, seen from the question or from the last article.
    """
    now = min(asked, latest) if latest else asked
    return (*_named_days(text, asked, now), *_named_months(text, asked, now), *_relative(text, asked))


def _named_days(text: str, asked: date, now: date) -> Iterator[Period]:
    for pattern in _DAYS:
        for found in pattern.finditer(text):
            parts = found.groupdict()
            month = int(parts["number"]) if parts.get("number") else _month(parts["month"])
            day = _day(parts.get("year"), month, int(parts["day"]), now)
            if day and not _DENIED.search(text, 0, found.start()):
                before, after = (p.search(text, 0, found.start()) for p in (_BEFORE, _AFTER))
                yield Period(found[0], date.min if before else day, asked if after and day <= asked else day)


def _named_months(text: str, asked: date, now: date) -> Iterator[Period]:
    for found in _WHOLE_MONTH.finditer(text):
        month = _month(found["month"])
        if first := _day(found["year"], month, 1, now):
            how = found["how"].lower()
            last = asked if how in {"since", "after"} else _month_end(first)
            yield Period(found[0], date.min if how in {"until", "by", "before"} else first, last + SLACK)


def _relative(text: str, asked: date) -> Iterator[Period]:
    for words, first, last in _spans(asked):
        if found := re.search(rf"\b{words}\b", text, re.IGNORECASE):
            yield Period(found[0], first - SLACK, last + SLACK)
    for found in _BACK.finditer(text):
        count = _COUNTS.get(found["count"].lower()) or int(found["count"])
        back = timedelta(days=count * _UNITS[found["unit"].lower()])
        yield Period(found[0], asked - back - SLACK, asked + SLACK)
    if found := _WEEKDAY.search(text):
        yield Period(found[0], asked - timedelta(days=7) - SLACK, asked + SLACK)
    if found := _RECENTLY.search(text):
        yield Period(found[0], asked - timedelta(days=RECENT), asked + SLACK)


def _spans(asked: date) -> Iterator[tuple[str, date, date]]:
    """What is said of days in fixed words, with the first and the last day."""
    week, month, year = timedelta(days=7), asked.replace(day=1), asked.replace(month=1, day=1)
    monday = asked - timedelta(days=asked.weekday())
    before = month - timedelta(days=1)
    yield "(?:today|tonight|this (?:morning|afternoon|evening))", asked, asked
    yield "yesterday", asked - timedelta(days=1), asked
    yield "(?:this|(?:in |over )?the past|(?:in |over )the last) week", asked - week, asked
    yield "(?<!the )last week", monday - week, monday
    yield "(?:this|the past|(?:in|over) the last) month", min(month, asked - timedelta(days=RECENT)), asked
    yield "(?<!the )last month", before.replace(day=1), before
    yield "(?<!later )(?<!end of )this year", year, asked
    yield "last year", year.replace(year=year.year - 1), year - timedelta(days=1)


def _day(year: str | None, month: int, day: int, now: date) -> date | None:
    """The day, None when there is none such; without a year the last one that is not after `now`."""
    for each in [int(year)] if year else [now.year, now.year - 1]:
        try:
            found = date(each, month, day)
        except ValueError:
            continue
        if year or found <= now:
            return found
    return None


def _month(name: str) -> int:
    return next(n for n, month in enumerate(_MONTHS, 1) if month.startswith(name[:3].lower()))


def _month_end(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
