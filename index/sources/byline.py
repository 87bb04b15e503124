"""The lines that stand over an article: title, "By NAME", date. They are taken off the text only when unmistakable."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from index.sources.dates import day_of
from index.sources.draft import collapsed

MAX_TITLE = 250
MAX_LINE = 160
MAX_NAME_WORDS = 6

_BY = re.compile(r"(?:by|von|par|por)(?::\s*|\s+)(?=\S)", re.I)
_PUBLISHED = re.compile(
    r"(?:first\s+)?(?:published|posted|date|veröffentlicht|publié)\b\s*:?\s*(?:on\b|am\b|le\b)?\s*", re.I
)
_FIELD = re.compile(r"(title|headline|author|authors|byline|by|date|published)\s*:\s*(\S.*)", re.I)
# What may follow a name: a date, an office, a place.
_AFTER_NAME = re.compile(r"\s*[,;|·•–—]\s*|\s+-\s+|\s+(?=\d)|\s+(?:for|in|at|from|of)\s+")
_AND = re.compile(r"\s*,\s*|\s+(?:and|und|et|y|&)\s+")
_PARTICLES = {"al", "bin", "da", "de", "del", "den", "der", "di", "dos", "du", "e", "la", "le", "ter", "van", "von"}


@dataclass(frozen=True, slots=True)
class Opening:
    """What was found at the top: `lines` says how many lines it takes, 0 when nothing is certain."""

    title: str = ""
    author: str | None = None
    day: date | None = None
    lines: int = 0


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
    return Opening(collapsed(title), author_of(names), day, lines)


def _under_title(lines: Sequence[str], title: str, title_lines: int) -> Opening:
    known = lines_of_title(lines, title)
    tries = [known] if known else [*([0] if title else []), *range(1, title_lines + 1)]
    for count in tries:
        opening = _credited(lines, count, certain=bool(known))
        if opening.lines:
            return opening
    return Opening()


def _credited(lines: Sequence[str], count: int, certain: bool) -> Opening:
    """The opening whose title takes `count` lines, when a byline or a date comes next.

    A line that ends a sentence is a title when it is `certain`, or when both come next.
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
    found = author and day if ended else at > count
    return Opening(title, author, day, at) if found else Opening()


def _byline(line: str) -> tuple[str, date | None] | None:
    """The author, and the date where one follows on the same line."""
    start = _BY.match(line)
    if not start or len(line) > MAX_LINE or line.endswith((".", "!", "?")):
        return None
    rest = line[start.end() :]
    cut = _AFTER_NAME.search(rest)
    names, tail = _names(rest, cut)
    return (_cased(names), _first_day(tail)) if names else None


def _names(rest: str, cut: re.Match[str] | None) -> tuple[str, str]:
    """The name or names that a byline begins with, and what stands after them; "" when it begins with none."""
    first, tail = (rest[: cut.start()], rest[cut.end() :]) if cut else (rest, "")
    several = re.match(r"[^\d|·•–—]+?\s(?:and|und|et|y|&)\s+[^\d,|·•–—]+", rest)
    if several and all(_is_name(name) for name in _AND.split(several[0].strip())):
        return several[0].strip(), rest[several.end() :]
    return (first, tail) if all(_is_name(name) for name in _AND.split(first)) else ("", "")


def _is_name(text: str) -> bool:
    words = text.split()
    fits = 0 < len(words) <= MAX_NAME_WORDS and not any(c.isdigit() for c in text)
    return fits and all(word[0].isupper() or not word[0].isascii() or word in _PARTICLES for word in words)


def _cased(names: str) -> str:
    """INES CALLOWAY as Ines Calloway; one word in capitals is an agency."""
    return names.title() if names.isupper() and " " in names else names


def _dateline(line: str) -> date | None:
    start = _PUBLISHED.match(line)
    return _first_day(line[start.end() :] if start else line)


def _first_day(text: str) -> date | None:
    """The day a line names, or its first part does: "3 May 2024 | Updated 4 May 2024"."""
    parts = re.split(r"\s*[|·•–—]\s*", text.strip(" ,;|·•–—-"))
    return next((day for part in (text.strip(" ,;|·•–—-"), parts[0]) if (day := day_of(part))), None)
