"""Which day a line of text names: the only import of dateparser. What could be two days is none."""

from __future__ import annotations

import re
from datetime import date, timedelta

EARLIEST = date(1500, 1, 1)
# Someone east of us may have published what is tomorrow here.
LATEST_AHEAD = timedelta(days=1)
# Where a machine has no date it writes that its clock is at 0, which west of Greenwich was the day before.
NO_DATES = {date(1970, 1, 1), date(1969, 12, 31)}
MAX_LENGTH = 60

# dateparser tries 200 languages when it is told none: 2.5 s for the first line that is not a date.
LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "hu", "ro", "el", "tr", "ru", "uk",
    "bg", "hr", "he", "ar", "fa", "hi", "id", "vi", "th", "ja", "ko", "zh",
)  # fmt: skip
# What machines write after a day: T23:30:00-08:00, 06:00 BST, Z, T10:30+02:00[Europe/Berlin].
_OFFSET = r"\s*(?:Z|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d\d)?)"
_AREA = r"[A-Z][A-Za-z]+(?:/[A-Z][\w+-]*){1,2}"
_ZONE = rf"(?:\s+[A-Z]{{2,5}}|\s+{_AREA}|\s*\[(?:{_AREA}|[A-Z]{{1,5}})\])"
_TIME = rf"(?:T\d\d(?::?\d\d){{0,2}}|,?\s+\d{{1,2}}(?::\d\d){{1,2}})(?:[.,]\d{{1,9}})?(?:{_OFFSET})?{_ZONE}?"
_AFTER = rf"(?:{_TIME}|{_OFFSET})?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_AFTER}")
_COMPACT = re.compile(rf"(\d{{4}})(\d\d)(\d\d){_AFTER}")
_IN_URL = re.compile(r"://[^/?#]+/(?:[^?#]*/)?((?:19|20)\d\d)([-/])(\d\d)\2(\d\d)(?=[-/_.?#]|$)")
_YEAR = re.compile(r"(?<!\d)(1[5-9]|20)\d\d(?!\d)")
_DAY = re.compile(r"(?<!\d)[0-3]?\d(?!\d)")


def day_of(text: str) -> date | None:
    """The one day that the whole of a short text names, with a time or without; None for a month, a year or prose.

    None too for 03/04/2024, which is two days.
    """
    text = text.strip()
    first = _YEAR_FIRST.fullmatch(text)
    if first:
        return _date(first[1], first[3], first[4])
    compact = _COMPACT.fullmatch(text)
    if compact:
        return _date(*compact.groups())
    if len(text) > MAX_LENGTH or not (_YEAR.search(text) and _DAY.search(text)):
        return None
    return _parsed(text)


def day_in_name(name: str) -> date | None:
    """The day that a file name such as 2024-02-08-oyster-beds.md begins with."""
    found = re.match(r"(\d{4})-(\d{2})-(\d{2})(?!\d)", name)
    return _date(*found.groups()) if found else None


def day_in_url(url: str) -> date | None:
    """The day in a path such as https://example.org/2024/02/08/oyster-beds or /2024-02-08-oyster-beds."""
    found = _IN_URL.search(url)
    return _date(found[1], found[3], found[4]) if found else None


def believable(day: date | None, today: date) -> bool:
    """Whether an article can have been published on that day."""
    return day is not None and EARLIEST <= day <= today + LATEST_AHEAD and day not in NO_DATES


def _parsed(text: str) -> date | None:
    import dateparser

    settings = {"REQUIRE_PARTS": ["day", "month", "year"], "STRICT_PARSING": True, "PARSERS": ["absolute-time"]}
    days = {
        moment.date() if moment else None
        for order in ("DMY", "MDY")
        for moment in [
            dateparser.parse(
                text,
                languages=list(LANGUAGES),
                settings={**settings, "DATE_ORDER": order, "PREFER_LOCALE_DATE_ORDER": False},
            )
        ]
    }
    return days.pop() if len(days) == 1 else None


def _date(year: str, month: str, day: str) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
