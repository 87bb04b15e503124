"""Numbers and days in a text, and whether two texts disagree on them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
_YEAR = re.compile(r"(?<![\d,.£$€])\b((?:1[5-9]|20)\d\d)\b(?![,.]?\d|\s*(?:%|per\s?cent))")
_SMALL = "|".join(sorted(_WORDS, key=len, reverse=True))
_LARGE = "hundred|thousand|million|billion|trillion|dozen"
_NUMBER = re.compile(
    rf"(?<![\w.,])(?:[£$€]\s?)?(?P<digits>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?|\d+(?:\.\d+)?)\s?"
    rf"(?P<times>(?:{_LARGE}|mn|bn|tn|(?<!\s)[mk])\b)?"
    rf"|\b(?P<words>(?:{_SMALL})"
    rf"(?:(?:[- ]|(?<=hundred) and |(?<=thousand) and )(?:{_SMALL}|{_LARGE}))*)\b",
    re.IGNORECASE,
)


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


def days(text: str) -> list[Day]:
    """The days, months and years that a text names, in order of kind."""
    found = [Day(int(y), int(m), int(d)) for y, m, d in _ISO.findall(text)]
    rest = _ISO.sub(" ", text)
    for match in _DAY.finditer(rest):
        day = match["d1"] or match["d2"] or 0
        # "dec" or "mar" alone may be anything.
        if day or match["y"] or match["m"][0].isupper():
            found.append(Day(int(match["y"] or 0), _MONTHS[match["m"].lower()], int(day)))
    return found + [Day(int(y)) for y in _YEAR.findall(_DAY.sub(" ", rest))]


def numbers(text: str) -> list[float]:
    """The numbers that a text names, in digits or English words, in order; those of its days are none."""
    return list(_numbers(_YEAR.sub(" ", _DAY.sub(" ", _ISO.sub(" ", text)))))


def _numbers(text: str) -> Iterator[float]:
    for match in _NUMBER.finditer(text):
        if match["digits"]:
            number = float(match["digits"].replace(",", ""))
            # 1.1 million is 1,100,000, which it is not in binary fractions.
            yield round(number * _TIMES.get((match["times"] or "").lower(), 1), 6)
        else:
            yield from _in_words(re.split(r"[- ](?:and )?", match["words"].lower()))


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
    """Whether both texts name days, or both numbers, and none that may be the same."""
    first, second = days(one), days(other)
    if first and second:
        return not any(a.agrees(b) for a in first for b in second)
    mine, theirs = numbers(one), numbers(other)
    return bool(mine and theirs) and not set(mine) & set(theirs)
