"""Numbers and days in a text, and whether two texts disagree on them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.lexical import STOP_WORDS, stem

_TIMES = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "m": 1e6, "mn": 1e6, "bn": 1e9,
    "k": 1e3, "tn": 1e12, "dozen": 12,
}  # fmt: skip
_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: n for n, word in enumerate(_ONES.split())} | {word: 10 * n for n, word in enumerate(_TENS.split(), 2)}
_MONTHS = {
    name: n
    for n, names in enumerate(
        (
            "january jan januar", "february feb februar", "march mar märz", "april apr", "may mai", "june jun juni",
            "july jul juli", "august aug", "september sep sept", "october oct oktober", "november nov",
            "december dec dezember",
        ),
        1,
    )
    for name in names.split()
}  # fmt: skip
# "may" and "march" are words too: as months they are written large.
_WRITTEN = {"may": "(?-i:May|MAY)", "march": "(?-i:March|MARCH)"}
_MONTH = "|".join(_WRITTEN.get(name, name) for name in sorted(_MONTHS, key=len, reverse=True))
_DAY = re.compile(
    rf"\b(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?)?(?P<m>{_MONTH})\b\.?"
    rf"(?:\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!,?\d|\s*(?:{_MONTH})))?(?:,?\s+(?P<y>(?:1[5-9]|20)\d\d)\b)?",
    re.IGNORECASE,
)
_ISO = re.compile(r"\b((?:1[5-9]|20)\d\d)-(\d\d)-(\d\d)\b")
_SLASHED = re.compile(r"\b(\d{1,2})[/.](\d{1,2})[/.]((?:1[5-9]|20)\d\d)\b")
_YEAR = re.compile(r"(?<![\d,.£$€])\b((?:1[5-9]|20)\d\d)\b(?![,.]?\d|\s*(?:%|per\s?cent))")
_YEARS = re.compile(r"\b((?:1[5-9]|20)\d\d)\s?(?:-|–|to|and|until)\s?((?:1[5-9]|20)\d\d)\b")
_TIME = re.compile(
    r"\b(?P<h>\d{1,2})(?:[:.](?P<m>\d\d))?\s?(?P<half>[ap])\.?m\b\.?|\b(?P<h24>\d{1,2}):(?P<m24>\d\d)\b", re.IGNORECASE
)
_SMALL = "|".join(sorted(_WORDS, key=len, reverse=True))
_LARGE = "hundred|thousand|million|billion|trillion|dozen"
_NUMBER = re.compile(
    r"(?<![\w.,])(?P<sign>[£$€])?\s?(?P<digits>\d{1,3}(?:[,  ]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?)\s?"
    rf"(?P<times>(?:{_LARGE}|mn|bn|tn|(?<!\s)[mk])\b)?"
    rf"|\b(?P<words>(?:{_SMALL})"
    rf"(?:(?:[- ]|(?<=hundred) and |(?<=thousand) and )(?:{_SMALL}|{_LARGE}))*)\b(?! of\b)",
    re.IGNORECASE,
)
_A_DOZEN = re.compile(rf"\ban? (?={_LARGE})", re.IGNORECASE)
# What is counted, behind a number.
_UNIT = re.compile(r"[- ]?(%|[^\W\d_]+)")
_NO_UNITS = STOP_WORDS | {"than", "between", "per", "against", "after", "before"}
_PER_CENT = frozenset({"%", "per", "percent", "prozent"})
# A number behind a name is part of it: "Boeing 747".
_NAME = re.compile(r"\b[A-ZÀ-Þ][\w-]+\s$")
_ROUGHLY = re.compile(
    r"\b(?:about|around|roughly|approximately|some|nearly|almost|over|under|up to|at least|at most|close to|or so"
    r"|(?:more|less|fewer) than|etwa|rund|fast|mehr als|weniger als)\b|~",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\s?(?:-|–|to)\s?|\sand\s", re.IGNORECASE)
# How far from a rough number another may be and mean the same.
ROUGH = 0.2


@dataclass(frozen=True, slots=True)
class Day:
    """A day or a part of one; 0 for what is not said."""

    year: int = 0
    month: int = 0
    day: int = 0

    def agrees(self, other: Day) -> bool:
        """Whether both may be the same: nothing that both say differs. "2024" and "in May" may be."""
        pairs = ((self.year, other.year), (self.month, other.month), (self.day, other.day))
        return all(a == b for a, b in pairs if a and b)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number, or a range of numbers, of something; `unit` is "" where the text does not say of what."""

    low: float
    high: float
    unit: str = ""

    def comparable(self, other: Amount) -> bool:
        """Whether both may count the same thing."""
        return not self.unit or not other.unit or self.unit == other.unit

    def agrees(self, other: Amount) -> bool:
        """Whether both may be the same number of the same thing."""
        return self.comparable(other) and self.low <= other.high and other.low <= self.high


def days(text: str) -> list[Day]:
    """The days, months and years that a text names, in order of kind."""
    found = [Day(int(y), int(m), int(d)) for y, m, d in _ISO.findall(text)]
    rest = _ISO.sub(" ", text)
    found += [_slashed(int(a), int(b), int(y)) for a, b, y in _SLASHED.findall(rest)]
    rest = _SLASHED.sub(" ", rest)
    for match in _DAY.finditer(rest):
        day = match["d1"] or match["d2"] or 0
        # "dec" or "mar" alone may be anything, and "April Jones" is somebody.
        if day or match["y"] or (match["m"][0].isupper() and not re.match(r"\s+[A-Z]", rest[match.end() :])):
            found.append(Day(int(match["y"] or 0), _MONTHS[match["m"].lower()], int(day)))
    rest = _DAY.sub(" ", rest)
    found += [Day(year) for a, b in _YEARS.findall(rest) for year in range(int(a), int(b) + 1)]
    return found + [Day(int(y)) for y in _YEAR.findall(_YEARS.sub(" ", rest))]


def _slashed(first: int, second: int, year: int) -> Day:
    """A day whose month may be written first or second; where it may be either, only the year is sure."""
    if first > 12 >= second:
        return Day(year, second, first)
    return Day(year, first, second) if second > 12 >= first else Day(year)


def numbers(text: str) -> list[float]:
    """The numbers that a text names, in digits or English words, in order; those of its days are none."""
    return [amount.low for amount in amounts(text)]


def amounts(text: str) -> list[Amount]:
    """The numbers that a text names with what they count, in order; hours last, and those of its days are none.

    A rough number is as wide as what it may mean, and a range is one amount. "1.250" is two: it is written so for both.
    """
    rest = text
    for pattern in (_ISO, _SLASHED, _DAY, _YEARS, _YEAR):
        rest = pattern.sub(" ; ", rest)
    hours = [hour for match in _TIME.finditer(rest) for hour in _hours(match)]
    rest = _A_DOZEN.sub("one ", _TIME.sub(" ; ", rest))
    rough = ROUGH if _ROUGHLY.search(rest) else 0.0
    found: list[Amount] = []
    end = -1
    for match in _NUMBER.finditer(rest):
        unit = _unit(rest, match)
        for value in () if unit is None else _values(match):
            amount = Amount(value * (1 - rough), value * (1 + rough), unit or "")
            if found and found[-1].low < amount.high and _is_range(rest, end, match.start()):
                amount = Amount(found.pop().low, amount.high, amount.unit)
            found.append(amount)
        end = match.end()
    return found + hours


def _is_range(text: str, end: int, start: int) -> bool:
    """Whether the text between the end of a number and the start of the next makes both one range."""
    between = text[end:start]
    return bool(_RANGE.fullmatch(between)) and ("and" not in between or "between" in text[:end].lower())


def _hours(match: re.Match[str]) -> list[Amount]:
    """A time of day in hours; one of a clock of twelve that does not say which half is both."""
    if match["half"]:
        hour = int(match["h"]) % 12 + 12 * (match["half"].lower() == "p") + int(match["m"] or 0) / 60
        return [Amount(hour, hour, "o'clock")]
    hour = int(match["h24"]) + int(match["m24"]) / 60
    return [Amount(h, h, "o'clock") for h in ((hour, hour + 12) if hour < 13 else (hour,))]


def _unit(text: str, match: re.Match[str]) -> str | None:
    """What a number counts, "" where nothing says it; None for a number that is part of a name."""
    if match["digits"] and match["sign"]:
        return match["sign"]
    behind = _UNIT.match(text[match.end() :])
    word = behind[1].lower() if behind else ""
    if word in _PER_CENT:
        return "%"
    if word and word not in _NO_UNITS:
        return stem(word)
    before = text[: match.start()]
    named = match["digits"] and _NAME.search(before) and not _ROUGHLY.search(before[-16:])
    return None if named else ""


def _values(match: re.Match[str]) -> list[float]:
    """The number of a match, or those that it may be."""
    if match["words"]:
        return list(_in_words(re.split(r"[- ](?:and )?", match["words"].lower())))
    times = _TIMES.get((match["times"] or "").lower(), 1)
    digits = re.sub(r"[  ]", "", match["digits"])
    if re.fullmatch(r"\d{1,3}\.\d{3}", digits):
        written = [float(digits), float(digits.replace(".", ""))]
    elif re.fullmatch(r"\d+,\d{1,2}", digits):
        written = [float(digits.replace(",", "."))]
    else:
        written = [float(digits.replace(",", ""))]
    # 1.1 million is 1,100,000, which it is not in binary fractions.
    return [round(number * times, 6) for number in written]


def _in_words(words: Sequence[str]) -> Iterator[float]:
    """The numbers of some words: "two hundred and fifty thousand" is one number, "five six" are two."""
    whole = part = 0.0
    for word in words:
        times = _TIMES.get(word)
        if times is None:
            small = _WORDS[word]
            if part % 100 and not (part % 10 == 0 and part % 100 > 10 and small < 10):
                yield whole + part
                whole = part = 0.0
            part += small
        elif times < 1000:
            part *= times
        else:
            whole, part = whole + part * times, 0.0
    yield whole + part


def disagree(one: str, other: str) -> bool:
    """Whether both texts name days, or both numbers of the same thing, and none that may be the same."""
    first, second = days(one), days(other)
    if first and second:
        return not any(a.agrees(b) for a in first for b in second)
    pairs = [(a, b) for a in amounts(one) for b in amounts(other)]
    return any(a.comparable(b) for a, b in pairs) and not any(a.agrees(b) for a, b in pairs)
