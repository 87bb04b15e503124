"""The lines that stand over an article: title, "By NAME", date. They are taken off the text only when unmistakable.

A line that is taken off is lost to search and quotation, one that is missed merely stays in the text. So a line goes
only when all of it is understood: a date and nothing else, or a byline of full names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from index.sources.dates import day_of
from index.sources.draft import collapsed

MAX_TITLE = 250
MAX_LINE = 160
MAX_DATELINE = 60
MAX_NAME_WORDS = 6

_BY = re.compile(r"(?:by|von|par|por)(?::\s*|\s+)(?=\S)", re.I)
_PUBLISHED = re.compile(
    r"(?:first\s+)?(?:published|posted|date|veröffentlicht|publié)\b\s*:?\s*(?:on\b|am\b|le\b)?\s*", re.I
)
_UPDATED = re.compile(
    r"(?:last\s+)?(?:updated|modified|aktualisiert|mis à jour)\b\s*:?\s*(?:on\b|at\b|am\b|le\b)?\s*", re.I
)
_TIME = re.compile(r"(?i:at\s+)?\d{1,2}[:.h]\d\d(?i:\s*[ap]\.?m\b\.?)?(?:\s+[A-Z]{2,5}|\s+Uhr)?")
_BAR = re.compile(r"\s*[|·•–—]\s*")
_FIELD = re.compile(r"(title|headline|author|authors|byline|by|date|published)\s*:\s*(\S.*)", re.I)
# What may follow the names: a date, a paper, a place.
_AFTER_NAMES = re.compile(r"\s*[;|·•–—]|\s+-\s|\s+(?=\d)|\s+(?=(?:for|in|at|from|of)\s)")
# The parts of what follows the names; the comma of "May 3, 2024" divides nothing.
_PARTS = re.compile(r"\s*[;|·•–—]\s*|\s+-\s+")
_COMMA = re.compile(r"\s*,(?!\s*\d{4}\b)\s*")
_OFFICE = re.compile(
    r"(?:[\w-]+\s+){0,3}(?:correspondent|reporter|editor|writer|columnist|critic|contributor|journalist|photographer"
    r"|korrespondent(?:in)?|redakteur(?:in)?|correspondante?|corresponsal|\d+\s+min(?:ute)?s?\s+read)\b",
    re.I,
)
# "The Packet", "New York Times": what tells a paper from the half of a headline, "By Law, Rents Fell".
_OUTLET = re.compile(
    r"The\s+\w+|(?:\w+\s+){1,4}(?:Chronicle|Courier|Gazette|Guardian|Herald|Journal|Magazine|News|Post|Press|Times"
    r"|Tribune)",
    re.I,
)
_AND = re.compile(r"\s*,\s*(?:(?:and|und|et|y|&)\s+)?|\s+(?:and|und|et|y|&)\s+", re.I)
_NAME_WORD = re.compile(r"[^\W\d_](?:[\w.'’-]*[\w.])?(?<!['’][sS])")
_PARTICLES = {"al", "bin", "da", "de", "del", "den", "der", "di", "dos", "du", "e", "la", "le", "ter", "van", "von"}
_SMALL = _PARTICLES | {"at", "for", "from", "in", "of", "the"}
# "By Monday Night", "By Any Means": capitals that make no name. June Carter pays for it: her byline stays in the text.
_NO_NAME = {
    "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "january", "february", "march",
    "april", "may", "june", "july", "august", "september", "october", "november", "december",
    "a", "all", "an", "any", "her", "his", "its", "my", "no", "our", "that", "their", "this", "your",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Opening:
    """What was found at the top: `lines` says how many lines it takes, 0 when none is certain to be no text.

    A `day` without lines is that of a line which stays: "May 3, 2024 — The council voted."
    """

    title: str = ""
    author: str | None = None
    day: date | None = None
    lines: int = 0
    publisher: str = ""


def read_opening(lines: Sequence[str], title: str = "", title_lines: int = 1) -> Opening:
    """The title, byline and date line that the lines begin with; `title` is given where the file names it elsewhere.

    A title may run over `title_lines` lines. Only the byline or date under it shows that it is one.
    """
    shown = [collapsed(line).strip("*_ ") for line in lines]
    return _fields(shown) or _under_title(shown, title, title_lines)


def lines_of_title(lines: Sequence[str], title: str) -> int:
    """How many of the first lines, at most three, say the title together; 0 for none."""
    wanted = collapsed(title).casefold()
    counts = range(1, min(3, len(lines)) + 1)
    return next((n for n in counts if wanted and collapsed(" ".join(lines[:n])).casefold() == wanted), 0)


def author_of(names: str) -> str | None:
    """The author that a byline, with or without its "By", gives; None when it is not a name."""
    names = collapsed(names)
    by = _BY.match(names)
    names = names[by.end() :] if by else names
    return _cased(names) if names and len(names) <= MAX_LINE and any(c.isalpha() for c in names) else None


def _fields(lines: Sequence[str]) -> Opening | None:
    """Lines such as "Title: ...", two at least."""
    found: dict[str, str] = {}
    for line in lines:
        field = _FIELD.fullmatch(line)
        if not field:
            break
        found[field[1].lower()] = field[2]
    return from_fields(found, len(found)) if len(found) > 1 else None


def from_fields(fields: Mapping[str, str], lines: int = 0) -> Opening:
    """The opening that named fields make."""
    title = fields.get("title") or fields.get("headline") or ""
    names = next((fields[key] for key in ("author", "authors", "byline", "by") if fields.get(key)), "")
    day = next((day_of(fields[key]) for key in ("date", "published") if fields.get(key)), None)
    publisher = collapsed(fields.get("publisher") or fields.get("publication") or "")
    return Opening(collapsed(title), author_of(names), day, lines, publisher if len(publisher) <= MAX_LINE else "")


def _under_title(lines: Sequence[str], title: str, title_lines: int) -> Opening:
    known = lines_of_title(lines, title)
    tries = [known] if known else [*([0] if title else []), *range(1, title_lines + 1)]
    found = [_credited(lines, count, certain=bool(known)) for count in tries]
    return next((opening for opening in found if opening.lines), next((o for o in found if o.day), Opening()))


def _credited(lines: Sequence[str], count: int, certain: bool) -> Opening:
    """The opening whose title takes `count` lines, when a byline or a date comes next.

    A line that ends a sentence is a title when it is `certain`, or when both come next. What goes on in small letters
    was never an opening but the beginning of a text in short lines, unless both stand there: "iPhone sales fell."
    """
    title = collapsed(" ".join(lines[:count]))
    if len(title) > MAX_TITLE:
        return Opening()
    ended = not certain and any(line.endswith((".", ":", ";")) for line in lines[:count])
    author, day, at = None, None, count
    for line in lines[count : count + 2]:
        name, when = _byline(line) or (None, _dateline(line))
        if not (name or when) or (name and author) or (when and day):
            break
        author, day, at = author or name, day or when, at + 1
    if lines[at:] and lines[at][:1].islower() and not (author and day):
        return Opening()
    if author and day if ended else at > count:
        return Opening(title, author, day or _day_before_text(lines, at), at)
    return Opening() if ended else Opening(day=_day_before_text(lines, at))


def _byline(line: str) -> tuple[str, date | None] | None:
    """The author, and the date where one follows on the same line."""
    start = _BY.match(line)
    if not start or len(line) > MAX_LINE or line.endswith((".", "!", "?")):
        return None
    names, tail = _names(line[start.end() :], agency=not line.isupper())
    divided = [_COMMA.split(part) for part in _PARTS.split(tail)]
    places = [part for before, *_ in divided if (part := before.strip())]
    listed = [part for _, *after in divided for part in after if part]
    parts = [*places, *listed]
    if not names or not all(_is_when(part) or _is_office_or_place(part) for part in parts):
        return None
    if not all(_is_when(part) or _is_office_or_outlet(part) for part in listed):
        return None
    return _cased(names), next((day for part in parts if (day := _dateline(part))), None)


def _names(rest: str, agency: bool) -> tuple[str, str]:
    """The names that a byline begins with, as many as there are, and what stands after them; "" when there is none.

    One word is no name, but in capitals among small letters it is an `agency`: "By REUTERS".
    """
    cut = _AFTER_NAMES.search(rest)
    listed = rest[: cut.start()] if cut else rest
    ends = [comma.start() for comma in re.finditer(",", listed)] + [len(listed)]
    end = next((end for end in reversed(ends) if _are_names(listed[:end], agency)), ends[0])
    first = listed[:end].strip()
    named = _are_names(first, agency) or (agency and first.isalpha() and first.isupper())
    return (first, rest[end:]) if named else ("", "")


def _are_names(text: str, agency: bool) -> bool:
    """Whether the text lists names and nothing else; commas without an "and" join names of two words only.

    "By New York Standards, Rents Fell" and "By EU Law, Member States" are headlines; "By JD Vance" pays for the latter.
    """
    names = _AND.split(text.strip())
    brief = "," in text and not re.search(r"\s(?:and|und|et|y|&)\s", text, re.I)
    return (
        all(_is_name(name) and not (agency and _opens_in_capitals(name)) for name in names)
        and not any(_is_office_or_outlet(name) for name in names[1:])
        and not (brief and any(len(_whole_words(name)) > 2 for name in names))
    )


def _whole_words(name: str) -> list[str]:
    return [word for word in name.split() if word not in _PARTICLES and not word.endswith(".")]


def _opens_in_capitals(name: str) -> bool:
    """Whether only the first word, of two letters or more, is all capitals: "EU Law"."""
    first, *others = name.split()
    return len(first) > 1 and first.isalpha() and first.isupper() and not all(word.isupper() for word in others)


def _is_name(text: str) -> bool:
    """Whether the text is two large words or more, particles aside, or one in a script that has no capitals."""
    words = text.split()
    large = [word for word in words if word not in _PARTICLES and word.casefold() != "the"]
    enough = len(large) > 1 or (len(large) == 1 and text.lower() == text.upper())
    named = not any(word.casefold() in _NO_NAME for word in large) and all(_is_large(word) for word in large)
    return named and enough and len(words) <= MAX_NAME_WORDS


def _is_large(word: str) -> bool:
    return bool(_NAME_WORD.fullmatch(word)) and not word[0].islower()


def _is_office_or_place(text: str) -> bool:
    """Whether the text can follow a name: "editor of The Packet", "Port Ansel", "ines@packet.example"."""
    office = _OFFICE.match(text)
    words = [word for word in text[office.end() if office else 0 :].split() if word not in _SMALL]
    named = bool(office) or any(word.casefold() not in _NO_NAME for word in words)
    return named and len(words) <= MAX_NAME_WORDS and all("@" in word or _is_large(word) for word in words)


def _is_office_or_outlet(text: str) -> bool:
    """Whether the text after a comma is surely no clause: an office, a paper or an e-mail address."""
    return bool(_OFFICE.match(text) or _OUTLET.fullmatch(text)) or "@" in text


def _cased(names: str) -> str:
    """INES CALLOWAY as Ines Calloway; one word in capitals is an agency."""
    return names.title() if names.isupper() and " " in names else names


def _dateline(line: str) -> date | None:
    """The day of a line that is a date and nothing else: "Published 3 May 2024, 10:30 | Updated 4 May 2024"."""
    if len(line) > MAX_DATELINE:
        return None
    label = _PUBLISHED.match(line)
    said = (line[label.end() :] if label else line).strip(" ,;|·•–—-")
    first, *others = _BAR.split(said)
    return day_of(said) or (day_of(first) if all(_is_when(part) for part in others) else None)


def _is_when(text: str) -> bool:
    """Whether the text is a date or a time, with "Updated" or "Published" before it or without."""
    label = _UPDATED.match(text) or _PUBLISHED.match(text)
    text = text[label.end() :] if label else text
    return bool(_TIME.fullmatch(text) or day_of(text))


def _day_before_text(lines: Sequence[str], at: int) -> date | None:
    """The day that line `at` goes on after, as agencies write it; none in a chronicle, where other lines do too."""
    days = [(number, day) for number, line in enumerate(lines) if (day := _leading_day(line))]
    return days[0][1] if len(days) == 1 and days[0][0] == at else None


def _leading_day(line: str) -> date | None:
    bar = _BAR.search(line)
    return day_of(line[: bar.start()]) if bar and not line[bar.end() :][:1].islower() else None
