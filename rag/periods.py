"""The days that a question names in words, resolved against the day it was asked: "this week", "in June", "on 3 May".

Days of articles are days of publication: an article about something of this week was published this week or is not
found by it. A bare year is not taken for one, since questions name years of what happened long before they were
written about, and what a question knows of by name alone ("before the vote", "September 11") has no day here.

A wrong day harms more than a missed one, so words that may be something else ("Wednesday", "may", "just") count only
where they can hardly be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

# An article may be dated by another zone than the question, and a week is told loosely. Days.
SLACK = 1
# What "recently" and "latest" reach back.
RECENT = 30
HALF_A_YEAR = 183
# How many characters around a name or a day are looked at.
NEAR = 100

MONTHS = "january february march april may june july august september october november december".split()  # noqa: SIM905
WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()  # noqa: SIM905
_HOLIDAYS = {
    "christmas eve": (12, 24),
    "christmas day": (12, 25),
    "boxing day": (12, 26),
    "new year's eve": (12, 31),
    "new year's day": (1, 1),
}
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
# Days whose date without a year is the name of what happened on them once.
_EVENTS = {(9, 11), (1, 6)}

MONTH = "|".join(f"{name[:3]}(?:{name[3:]})?" if name != "september" else "sept?(?:ember)?" for name in MONTHS)
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,? (?:in |of )?(?P<year>\d{4})\b)?"
# "On October 7 1200 people" has no year.
_YEAR_OF_DAY = r"(?:(?:,|,? (?:in|of)|(?= (?:1[5-9]|20)\d\d\b)) (?P<year>\d{4})\b)?"
_DAYS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?P<month>{MONTH})\.? {_DAY}\b{_YEAR_OF_DAY}(?![.,:]\d)",
        rf"\b{_DAY} (?:of )?(?P<month>{MONTH})\b\.?{_YEAR_OF_DAY}",
        r"\b(?P<year>\d{4})[-/](?P<number>\d\d)[-/](?P<day>\d\d)\b",
        # Which of the two is the day is not told, so both readings count where both are days.
        r"(?<![\d/])(?P<number>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})\b",
        r"(?<![\d/])(?P<day>\d{1,2})/(?P<number>\d{1,2})/(?P<year>\d{4})\b",
        rf"(?<=\bon )(?P<holiday>{'|'.join(_HOLIDAYS)})\b{_YEAR}",
    )
)
# What stands before a day that has no year.
_LEADS = re.compile(
    r"\b(?:on|since|until|till|by|before|after|from|through|dated|coming|starting|beginning|ending|as of|week of|\w+ed"
    rf"|(?:{'|'.join(WEEKDAYS)}),?) $",
    re.IGNORECASE,
)
_POINT = (
    rf"(?:(?P<early{{n}}>\d{{{{1,2}}}})(?:st|nd|rd|th)? (?:of )?)?(?P<month{{n}}>{MONTH})\b\.?"
    r"(?: (?P<late{n}>\d{{1,2}})(?:st|nd|rd|th)?\b)?(?:,? (?P<year{n}>\d{{4}})\b)?"
)
# "From October 3 to October 10, 2021", "between June and August 2021", "from 3 to 10 October".
_RANGE = re.compile(
    rf"\b(?:from|between) (?:{_POINT.format(n=1)}|(?P<alone>\d{{1,2}})(?:st|nd|rd|th)?)"
    rf" (?:to|and|until|till|through) {_POINT.format(n=2)}",
    re.IGNORECASE,
)
_WEEK_OF = re.compile(r"\bweek (?:of|from|beginning|starting)(?: on)?(?: the)? $", re.IGNORECASE)
_WEEK_TO = re.compile(r"\bweek (?:to|ending|ended)(?: on)?(?: the)? $", re.IGNORECASE)
_ON = re.compile(r"\bon(?: the)? $", re.IGNORECASE)
_WHOLE_MONTH = re.compile(
    r"(?:\b(?i:(?P<how>in|of|during|since|until|by|before|after|early|late|mid|last|this))[ -])?"
    rf"\b(?P<month>(?i:{MONTH}))\b\.?{_YEAR}(?![.,:/]\w)"
)
_OF = re.compile(r"\b(?:as|end|middle|beginning|start|month|half|week)\s*$", re.IGNORECASE)
# Names too, so that "before May" may be before somebody.
_MONTH_OR_NAME = frozenset({"April", "May", "June", "August"})
# "In May's cabinet" and "since May left" are of somebody.
_PERSON = re.compile(
    r"['’]s (?:cabinet|government|party|team|life|career|office|family|home|house|band|films?|books?|speech|own)\b"
    r"| (?:left|took|became|won|lost|quit|resigned|married|joined|died|moved|said)\b"
)
# "In August: Osage County", "in March of the Penguins".
_TITLE_GOES_ON = re.compile(r" \d{1,2}\b| (?:of the )?[A-Z]|: [A-Z]|['’]s [A-Z]")
# In small letters, behind these, it is one as well: "in october".
_SURELY = frozenset({"in", "during", "since", "last", "this", "early", "late", "mid"})
_OTHER_WORDS = frozenset({"march", "may", "august"})
# Verbs too, in small letters: "how many people may 5 buses carry".
_MONTH_OR_VERB = frozenset({"may", "mar", "march"})
_SEASON = re.compile(
    r"\b(?i:(?P<how>last|this|in|during|since|over|the)) (?:the )?(?:early |late )?"
    rf"(?P<season>{'|'.join(f'[{name[0]}{name[0].upper()}]{name[1:]}' for name in _SEASONS)})\b{_YEAR}"
)
_WEEKDAY = re.compile(rf"\b(?P<name>{'|'.join(WEEKDAYS)})\b", re.IGNORECASE)
_BEFORE_WEEKDAY = re.compile(r"\b(?:last|this|since|by|until|before|after|early|late|(?<!\bmail )on) $", re.IGNORECASE)
# "Was sentenced Thursday" and "at Sunday's awards", but not "in Wednesday", "black Friday", "open Monday".
_BARE_WEEKDAY = re.compile(
    r"\b(?!(?:the|an?|every|each|next|any|in|of|about|is|was|are|than|and|or|to|through|from|with|black|cyber|good"
    r"|super|open|opens|closed|as|calls?|called|names?|named|voiced?|created?"
    r"|plays?|played|watch(?:ed)?|saw|sang|wrote|directed|made) )[a-z]+ $"
)
_AT = re.compile(r"\b(?:at|in|during|after|before) $")
# A name goes on, it is weekly, or a day follows: "on Monday Night Football", "on Monday nights", "on Tuesday 3 June".
_NO_WEEKDAY = re.compile(
    rf" [A-Z]|\.com\b| night football| (?:to|through|and|or) (?i:{'|'.join(WEEKDAYS)})\b|[-–]"
    rf"| (?:morning|afternoon|evening|night)s\b|,? (?:the )?(?:\d|(?i:{MONTH})\b)"
)
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "ten": 10, "few": 4, "couple of": 3}
_UNITS = {"day": 1, "week": 7, "month": 31, "year": 366}
_BACK = re.compile(
    rf"\b(?:last|past|previous) (?P<count>\d{{1,2}}|{'|'.join(_COUNTS)}) (?P<unit>{'|'.join(_UNITS)})s?\b"
)
# Not years: what is told of a year ago is told at any time since.
_AGO = re.compile(
    rf"\b(?:(?P<one>an?|one)|(?:a )?(?P<count>\d{{1,2}}|{'|'.join(_COUNTS)})) (?P<unit>day|week|month)s? ago\b"
)
# "In the world today" and "in today's money" mean these times, and "today is" may be anything.
_THESE_TIMES = re.compile(r"\b(?:world|society|still|even|used|known|visible|exists?|survives?) $")
_OF_THESE_TIMES = re.compile(r"['’]s (?:world|society|money|terms|prices|standards)\b| (?:show|is|are|was)\b")
_RECENTLY = re.compile(
    r"\b(?<!until )(?<!more )(?<!most )(?<!\bas )recently\b|\blately\b"
    r"|\b(?:an?|the|from) recent\b(?! (?:history|past|years|decades|centuries|times))"
    r"|\brecent (?:days|weeks|news|articles?|reports?)\b"
    r"|(?:\b(?:his|her|its|their)|['’]s) latest\b"
    # The last one that there is, however old.
    r"(?! (?:\w+ )?(?:albums?|books?|films?|games?|movies?|novels?|seasons?|series|shows?|singles?|songs?)\b)"
    r"|\bthe latest (?:on|in|from|about|with)\b"
    r"|\blatest (?:\w+ )?(?:news|updates?|developments?|headlines|reports?|figures|numbers|data|polls?|articles?)\b"
    r"|\b(?:has|have|was|were) just (?:been )?(?:\w+ed|won|lost|left|made|said|become|begun|given|taken|sold|found)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|other than|except|than|unlike|compared (?:to|with)|day before)(?: (?:on|in|it was|they were))?\s*$",
    re.IGNORECASE,
)
# "the last year of her life", "the last two years running", "the last week before the vote", "this week in 1963".
_OF_ANOTHER_TIME = re.compile(r"(?: (?:of|running|before|until|when)\b| in (?:office|power|history|\d))")
# ... but "in the last two weeks" ends now.
_THE_SPAN = re.compile(r"\b(?:in|over|during|within|for|of) the $", re.IGNORECASE)
_OWNED = re.compile(r"(?:\b(?:the|his|her|its|their|our|my|your)|['’]s?) $", re.IGNORECASE)
# What is still to come is not told of by what was written a year ago.
AHEAD = re.compile(r"^Will\b|\bwill\b|\bgoing to be\b|\b(?:is|are) (?:scheduled|planned|expected|set)\b|\bupcoming\b")
# What happens in June each year has no day.
_ALWAYS = re.compile(
    r"\b(?:every|each|annual|annually|usually|normally|always|traditionally|does it (?:get|rain|snow)"
    rf"|how (?:hot|cold|warm|cool|wet|dry) (?:is|does|do|are) (?:\w+ ){{1,3}}in (?:{MONTH}))\b",
    re.IGNORECASE,
)
# Whose birthday it is, is of each year.
_BORN = re.compile(r"\bborn (?:on (?:the )?)?$", re.IGNORECASE)
_ANY_YEAR = re.compile(r"(?<![\d.,$£€])(?:1\d|20)\d\d(?![\d%]|[.,]\d)")
# A year may be said without its number: "in May three years ago", "in June of that year", "in June '68".
_OTHER_YEAR = re.compile(
    r"\byears? (?:ago|earlier|later|before|after)\b|\b(?:that|(?:the|that) (?:same|following|next|previous)) year\b"
    r"|\bthe ['’]?\d0s\b|(?<!\w)['’]\d\d\b|\d (?:BCE?|CE|AD)\b"
)
_YEAR_BEHIND = re.compile(r",? (?:of )?(?P<which>last|this) year\b")
# "In June or July 2021", "October 3 and October 10, 2021": one year for both.
_YEAR_SHARED = re.compile(
    rf" (?:and|or|to|through) (?:{MONTH})\b\.?(?: \d{{1,2}}(?:st|nd|rd|th)?)?,? (?P<year>\d{{4}})\b", re.IGNORECASE
)
# "In May of", before "last year".
_MONTH_BEFORE = re.compile(
    r"\b(?:in|on|of|since|until|by|before|after|during|early|late|mid)[ -](?:the )?"
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)? (?:of )?)?(?=[A-Z])(?i:{MONTH})\b\.?(?: \d{{1,2}}(?:st|nd|rd|th)?)?,? (?:of )?$"
)
_DATED = re.compile(
    rf"\b(?:{MONTH})\.?(?: \d{{1,2}}(?:st|nd|rd|th)?)?,? (?:in |of )?\d{{4}}\b|\b\d{{4}}[-/]\d\d[-/]\d\d\b"
    r"|\b\d{1,2}/\d{1,2}/\d{4}\b",
    re.IGNORECASE,
)
_ONE_DAY = frozenset({"today", "tonight", "yesterday", "this morning", "this afternoon", "this evening"})
_BEFORE = re.compile(r"\b(?:before|until|by|prior to)\s*$", re.IGNORECASE)
_AFTER = re.compile(r"\b(?:after|since|from)\s*$", re.IGNORECASE)
# Not "from" and "by": articles from last week are of last week, what was hit by last night's storm is of last night.
_UNTIL = re.compile(r"\b(?:(?P<before>before|prior to)|until)\s*$", re.IGNORECASE)
_SINCE = re.compile(r"\b(?:after|since)\s*$", re.IGNORECASE)
# "Twenty years ago today" is not today.
_AGO_TO_THE_DAY = re.compile(r"\bago,? $")


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
    ranges = tuple(_ranges(text, now))
    for each in ranges:
        text = text.replace(each.words, "X" * len(each.words))
    return (
        *ranges,
        *named_days(text, asked, now),
        *_named_months(text, asked, now),
        *_seasons(text, asked),
        *_relative(text, asked),
    )


def up_to(text: str, at: int) -> str:
    """What stands before the place: as much of it as is looked at, so that long questions take no longer."""
    return text[max(0, at - NEAR) : at]


def onward(text: str, at: int) -> str:
    """What stands behind the place, as much of it."""
    return text[at : at + NEAR]


def opens_sentence(before: str) -> bool:
    """Whether what follows is the first word of a sentence, which has a capital in any case."""
    before = before.rstrip(" \"'“‘(")
    return not before or before[-1] in ".?!:"


def _ranges(text: str, now: date) -> Iterator[Period]:
    """From a day or month to another; a year that stands behind the last is that of both."""
    undated = _undated(text, now)
    for found in _RANGE.finditer(text):
        day, end = found["alone"] or found["early1"] or found["late1"], found["early2"] or found["late2"]
        named = [found["month1"] or found["month2"], found["month2"]]
        # "From May to June" may be from one to the other, and "from June 3 to July" is told carelessly.
        if bool(day) != bool(end) or not (found["year2"] or (undated and (day or _are_months(named)))):
            continue
        from_month, month = map(_month, named)
        last = _day(found["year2"], month, int(end or 1), now)
        if last:
            year = found["year1"] or f"{max(1, last.year - (from_month > month)):04}"
            first, last = _day(year, from_month, int(day or 1), now), last if end else _month_end(last, 1)
            if first and first <= last:
                yield Period(found[0], first, last)


def _are_months(names: Sequence[str]) -> bool:
    return all(name.capitalize() == name and name.lower() in MONTHS and name not in _MONTH_OR_NAME for name in names)


def named_days(text: str, asked: date, now: date) -> Iterator[Period]:
    """Days by their date, "on 3 May": one without a year is the last one that is not after `now`."""
    undated, ahead = _undated(text, now), bool(AHEAD.search(text))
    for pattern in _DAYS:
        for found in pattern.finditer(text):
            before = up_to(text, found.start())
            year = found["year"]
            if _DENIED.search(before) or not (_is_dated(found, before) if year else undated and _is_day(found, before)):
                continue
            year = year or _year_behind(text, found.end(), asked)
            day = _day(year, *_month_and_day(found.groupdict()), now)
            if day and (year or not (ahead and _is_long_ago(day, now))):
                if _WEEK_OF.search(before):
                    yield Period(found[0], day, moved(day, 6))
                elif _WEEK_TO.search(before):
                    yield Period(found[0], moved(day, -6), day)
                else:
                    first = date.min if _BEFORE.search(before) else day
                    yield Period(found[0], first, asked if _AFTER.search(before) and day <= asked else day)


def _is_day(found: re.Match[str], before: str) -> bool:
    """Whether what has no year is a day: "on June 3", but neither "may 5 buses" nor "since September 11"."""
    parts = found.groupdict()
    if _BORN.search(before):
        return False
    if parts.get("holiday"):
        return True
    if re.match(r"\d+[a-z]", found[0]):
        before = before.removesuffix("the ")
    leads = _ON if parts["month"] in _MONTH_OR_VERB else _LEADS
    return _month_and_day(parts) not in _EVENTS and bool(leads.search(before))


def _is_dated(found: re.Match[str], before: str) -> bool:
    """Whether what has a year is a day: "7 may 2024", but not "which of the 7 may in 2024 be elected"."""
    is_verb = found.groupdict().get("month") in _MONTH_OR_VERB and re.search(r" in \d+$", found[0])
    return not is_verb or bool(_ON.search(before))


def _month_and_day(parts: dict[str, str | None]) -> tuple[int, int]:
    if holiday := parts.get("holiday"):
        return _HOLIDAYS[holiday.lower()]
    number = parts.get("number")
    return int(number) if number else _month(parts["month"] or ""), int(parts["day"] or 0)


def _named_months(text: str, asked: date, now: date) -> Iterator[Period]:
    undated, ahead = _undated(text, now), bool(AHEAD.search(text))
    last_one = min(now, moved(asked.replace(day=1), -1))
    for found in _WHOLE_MONTH.finditer(text):
        how, year = (found["how"] or "").lower(), found["year"]
        if re.search(r"\d(?:st|nd|rd|th)?(?: of)? $", up_to(text, found.start("month"))):
            continue
        if year:
            is_month = bool(how) or found["month"] not in _MONTH_OR_VERB
        else:
            is_month = undated and _is_month(found, how, text)
            year = _year_behind(text, found.end(), asked)
        first = _day(year, _month(found["month"]), 1, last_one if how == "last" else now)
        if not year and first:
            # This May is none before it came, and last May none that has not ended.
            to_come = ahead and _is_long_ago(first, now)
            is_month = is_month and not (to_come or (how == "this" and first.year < now.year))
        if is_month and first:
            last = asked if how in {"since", "after"} else _month_end(first, 1)
            yield Period(found[0], date.min if how in {"until", "by", "before"} else first, moved(last, SLACK))


def _is_month(found: re.Match[str], how: str, text: str) -> bool:
    """Whether a word without a year is a month: a whole one, behind a preposition, no name going on."""
    name, before, after = found["month"], up_to(text, found.start()), onward(text, found.end())
    return (
        bool(how)
        and name.lower() in MONTHS
        and (name[0].isupper() or (how in _SURELY and name not in _OTHER_WORDS))
        and not _TITLE_GOES_ON.match(after)
        and not (name.capitalize() in _MONTH_OR_NAME and (how in {"by", "before", "after"} or _PERSON.match(after)))
        and (how != "of" or bool(_OF.search(before)))
        and not (_DENIED.search(before) or _BORN.search(before))
    )


def _undated(text: str, now: date) -> bool:
    """Whether a day without a year may be one of late: the question names no other year, and nothing of each year."""
    years = {int(year) for year in _ANY_YEAR.findall(_DATED.sub("", text))}
    return years <= {now.year} and not _ALWAYS.search(text) and not _OTHER_YEAR.search(text)


def _is_long_ago(day: date, now: date) -> bool:
    """Whether of a day without a year the next one is nearer than the last, and meant where a question looks ahead."""
    return (now - day).days > HALF_A_YEAR


def _year_behind(text: str, at: int, asked: date) -> str | None:
    """The year that stands behind a day or month in other words, or behind the next one for both."""
    after = onward(text, at)
    if found := _YEAR_BEHIND.match(after):
        return f"{max(1, asked.year - (found['which'] == 'last')):04}"
    shared = _YEAR_SHARED.match(after)
    return shared["year"] if shared else None


def _seasons(text: str, asked: date) -> Iterator[Period]:
    for found in _SEASON.finditer(text):
        how, name = found["how"].lower(), found["season"]
        if _DENIED.search(up_to(text, found.start())) or _OF_ANOTHER_TIME.match(onward(text, found.end())):
            continue
        if found["year"]:
            # "The fall of 1989" may be anybody's.
            if (how, name.lower()) != ("the", "fall") and (
                first := _day(found["year"], _SEASONS[name.lower()], 1, asked)
            ):
                season = Period(found[0], first, asked if how == "since" else _month_end(first, 3))
                yield _open(season, found, text, asked)
        elif (
            how in {"last", "this"}
            and name.islower()
            and name != "fall"
            and not _OWNED.search(up_to(text, found.start()))
        ):
            for season in _season_of_late(found[0], how, _SEASONS[name], asked):
                yield _open(season, found, text, asked)


def _season_of_late(words: str, how: str, month: int, asked: date) -> Iterator[Period]:
    for year in range(asked.year, max(asked.year - 3, 0), -1):
        first = date(year, month, 1)
        last = _month_end(first, 3)
        if last < asked if how == "last" else first <= asked:
            # This summer is the one of this year, and none before it began.
            if how == "last" or asked <= last or first.year == asked.year:
                yield Period(words, first, last)
            return


def _relative(text: str, asked: date) -> Iterator[Period]:
    for words, first, last in _spans(asked):
        if found := next((f for f in re.finditer(rf"\b(?:{words})\b", text) if _is_of_late(f, text)), None):
            yield _open(Period(found[0], moved(first, -SLACK), moved(last, SLACK)), found, text, asked)
    for found in _BACK.finditer(text):
        if _is_of_late(found, text):
            back = _count(found["count"]) * _UNITS[found["unit"]]
            yield Period(found[0], moved(asked, -back - SLACK), moved(asked, SLACK))
    for found in _AGO.finditer(text):
        if not _DENIED.search(up_to(text, found.start())):
            yield _open(_ago(found, asked), found, text, asked)
    weekdays = () if _ALWAYS.search(text) else _WEEKDAY.finditer(text)
    if found := next((f for f in weekdays if _is_weekday(f, text)), None):
        yield _weekday(found, text, asked)
    if found := _RECENTLY.search(text):
        yield Period(found[0], moved(asked, -RECENT), moved(asked, SLACK))


def _open(period: Period, found: re.Match[str], text: str, asked: date) -> Period:
    """The same, open at one end where "since" or "before" stands in front of its words."""
    before = up_to(text, found.start())
    if until := _UNTIL.search(before):
        return Period(period.words, date.min, period.first if until["before"] else period.last)
    return Period(period.words, period.first, moved(asked, SLACK)) if _SINCE.search(before) else period


def _spans(asked: date) -> Iterator[tuple[str, date, date]]:
    """What is said of days in fixed words, with the first and the last day. With a capital inside, it is a name."""
    week, month, year = moved(asked, -7), asked.replace(day=1), asked.replace(month=1, day=1)
    monday = moved(asked, -asked.weekday())
    yield "[Tt]oday|[Tt]onight|[Tt]his (?:morning|afternoon|evening)", asked, asked
    yield "[Yy]esterday", moved(asked, -1), asked
    yield "[Ll]ast night", moved(asked, -1), asked
    yield "(?:[Ll]ast|[Oo]ver the|[Tt]his past) weekend", week, asked
    yield "(?<!later )[Tt]his week|the past week|[Pp]ast week|(?:[Ii]n|[Oo]ver|[Dd]uring) the last week", week, asked
    yield "[Ll]ast week", moved(monday, -7), monday
    yield (
        "(?<!later )[Tt]his month|the past month|(?:[Ii]n|[Oo]ver|[Dd]uring) the last month",
        min(month, moved(asked, -RECENT)),
        asked,
    )
    yield "[Ll]ast month", moved(month, -1).replace(day=1), moved(month, -1)
    yield "(?<!later )(?<!end of )[Tt]his year", year, asked
    yield "[Ll]ast year", year.replace(year=max(1, year.year - 1)), moved(year, -1)


def _is_of_late(found: re.Match[str], text: str) -> bool:
    """Whether the words are meant from the day of the question, and are no name or part of something else."""
    words, before, after = found[0], up_to(text, found.start()), onward(text, found.end())
    if _DENIED.search(before) or _OF_ANOTHER_TIME.match(after):
        return False
    if words[0].isupper() and not opens_sentence(before):
        return False
    if words.lower().startswith("last") and _OWNED.search(before):
        return found.re is _BACK and bool(_THE_SPAN.search(before))
    if words.lower() in _ONE_DAY and _AGO_TO_THE_DAY.search(before):
        return False
    if words in {"last year", "this year"} and _MONTH_BEFORE.search(before):
        return False
    return not (words.lower() in _ONE_DAY and (_THESE_TIMES.search(before) or _OF_THESE_TIMES.match(after)))


def _ago(found: re.Match[str], asked: date) -> Period:
    """About then: the day and its neighbours, three days around a week, two weeks around a month."""
    unit = _UNITS[found["unit"]]
    if found["count"] in {"few", "couple of"}:
        return Period(found[0], moved(asked, -2 * _COUNTS[found["count"]] * unit), asked)
    day = moved(asked, -unit * (1 if found["one"] else _count(found["count"])))
    return Period(found[0], moved(day, -(unit // 2) - SLACK), moved(day, unit // 2 + SLACK))


def _count(said: str) -> int:
    return _COUNTS.get(said) or int(said)


def _is_weekday(found: re.Match[str], text: str) -> bool:
    """Whether it is the day of late, and no name or habit: "Sheffield Wednesday", "open Monday to Friday"."""
    before, after = up_to(text, found.start()), onward(text, found.end())
    if _NO_WEEKDAY.match(after):
        return False
    if _BEFORE_WEEKDAY.search(before):
        return True
    possessive = re.match(r"['’]s\b", after)
    return found[0][0].isupper() and bool((_AT if possessive else _BARE_WEEKDAY).search(before))


def _weekday(found: re.Match[str], text: str, asked: date) -> Period:
    if re.search(r"\blast $", up_to(text, found.start()), re.IGNORECASE):
        back = (asked.weekday() - WEEKDAYS.index(found["name"].lower()) - 1) % 7 + 1
        first, last = moved(asked, -back - SLACK), moved(asked, -back + SLACK)
        since = re.search(r"\b(?:since|after) last $", up_to(text, found.start()), re.IGNORECASE)
        return Period(f"last {found[0]}", first, moved(asked, SLACK) if since else last)
    return Period(found[0], moved(asked, -7 - SLACK), moved(asked, SLACK))


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
    return next(n for n, month in enumerate(MONTHS, 1) if month.startswith(name[:3].lower()))


def _month_end(first: date, months: int) -> date:
    """The last day of so many months, the first of which begins with `first`, or the last day there is."""
    after = first.month + months
    try:
        return moved(date(first.year + (after - 1) // 12, (after - 1) % 12 + 1, 1), -1)
    except ValueError:
        return date.max


def moved(day: date, days: int) -> date:
    """So many days later, or earlier, and never beyond the days that there are: years 1 to 9999."""
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))
