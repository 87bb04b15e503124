"""A record, such as an object of JSON or a row of a table, as an article: which of its fields hold what.

The names of the fields are guessed, case and punctuation aside, where a mapping from a role to a field does not say.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeVar

from index.errors import NotAnArticle
from index.sources.byline import MAX_LINE, MAX_TITLE, author_of, lines_of_title, read_opening
from index.sources.dates import day_of
from index.sources.decoding import cleaned
from index.sources.draft import GAP, MAX_CHARACTERS, Dated, Draft, collapsed, composed
from index.sources.markup import blocks, html_tree
from index.sources.plain import read_plain
from index.sources.webpage import read_webpage

Record = Mapping[str, Any]

# The names that archives of news, exports of sites and sets of research give to their fields, the surest first.
_USUAL = {
    "text": (
        "full_text text body content article article_body article_text maintext body_text page_content content_html"
        " content_text plaintext story document html"
    ),
    "title": "title headline name web_title",
    "author": "author authors byline creator dc:creator writer",
    "published": (
        "published date_published published_at publish_date publication_date published_date pub_date date_publish"
        " web_publication_date first_published published_time date created_at date_created created timestamp"
    ),
    "modified": "modified updated_at date_modified modified_at last_modified date_modify updated date_updated",
    "url": "url link canonical_url permalink web_url article_url",
    "publisher": "publisher publication site_name source_name outlet newspaper source site",
    "id": "id _id guid uid uuid article_id doc_id",
    "language": "language lang in_language",
}
ROLES = tuple(_USUAL)
# What holds the fields one step further in: search engines, interfaces of sites, sets of research.
_INNER = ("_source", "attributes", "fields", "row", "metadata", "meta")
# A value that is wrapped: {"rendered": ...} in exports of sites, {"$date": ...} in those of databases.
_WRAPPED = ("rendered", "text", "html", "name", "value", "$date", "$oid", "$numberLong", "#text", "@value", "$t")
_NOTHING = {"", "nan", "nat", "none", "null", "n/a", "na", "undefined", "[]", "{}"}

T = TypeVar("T")

MAX_DEPTH = 5
MAX_URL = 2_000
MAX_ID = 120
MAX_PUBLISHER = 80

_MARKUP = re.compile(
    r"<(?:/|!--|(?:p|div|span|br|h[1-6]|ul|ol|li|a|b|i|em|strong|blockquote|figure|img|table|section|article|pre)\b)[^<>]*>",
    re.I,
)
_PAGE = re.compile(r"\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html)\b", re.I)
_LISTED = re.compile(r"\[\s*['\"].*['\"]\s*\]", re.S)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_EPOCH = re.compile(r"(-?\d{9,10}|\d{12,13}|\d{15,16}|\d{18,19})(?:\.\d*)?")
_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_][a-z0-9]{2,8})*", re.I)
_ADDRESS = re.compile(r"https?://[^\s<>\"]+", re.I)
_ID = re.compile(r"[^\s#\ufffd]+")


class Entry:
    """One record, read by roles. `named` says for a role its field, with dots where that lies further in."""

    def __init__(self, record: Record, named: Mapping[str, str]) -> None:
        self._record = record
        self._named = named
        self._known = _known(record)

    @property
    def has_text(self) -> bool:
        """Whether it can be an article."""
        return any(re.search(r"\w", part) for value in self._values("text") for part in _texts(value))

    @property
    def id(self) -> str:
        """Its id, or else its address, where that is one short clean word; otherwise ""."""
        said = (_line(value) for role in ("id", "url") for value in self._values(role))
        return next((line for line in said if len(line) <= MAX_ID and _ID.fullmatch(line)), "")

    def draft(self) -> Draft:
        """The article. Raises NotAnArticle where there is no text, and UnreadableSource for markup without end."""
        title = self._first("title", _title) or ""
        draft = self._body(title)
        published = self._first("published", _day)
        return replace(
            draft,
            title=title or draft.title,
            author=self._first("author", _author) or draft.author,
            published=Dated(published, "record") if published else draft.published,
            modified=self._first("modified", _day) or draft.modified,
            url=self._first("url", _address) or draft.url,
            language=self._first("language", _language) or draft.language,
            publisher=self._first("publisher", _publisher) or draft.publisher,
        )

    def _values(self, role: str) -> Iterator[Any]:
        """What it holds for a role, the surest first; nothing that is empty."""
        if role in self._named:
            found = iter([at(self._record, self._named[role])])
        else:
            found = (self._known.get(name) for name in _NAMES[role])
        return (value for value in found if not _is_nothing(value))

    def _first(self, role: str, read: Callable[[Any], T | None]) -> T | None:
        """The first of its values that can be read as what the role wants."""
        return next((found for value in self._values(role) if (found := read(value))), None)

    def _body(self, title: str) -> Draft:
        text = next((text for value in self._values("text") if re.search(r"\w", text := GAP.join(_texts(value)))), None)
        if text is None:
            raise NotAnArticle("no text in it")
        if len(text) > MAX_CHARACTERS:
            raise NotAnArticle(f"longer than {MAX_CHARACTERS:,} characters")
        if _PAGE.match(text):
            return read_webpage(cleaned(text))
        return _fragment(text, title) if _MARKUP.search(text) else _plain(cleaned(text), title)


def unknown_role(named: Mapping[str, str]) -> str:
    """The first name in a mapping that is no role, "" when all are."""
    return next((role for role in named if role not in ROLES), "")


def at(record: Record, path: str) -> Any:  # noqa: ANN401 - a record holds anything
    """The value at a path: a field of that very name, or else one step in for each dot. None where there is none.

    In a list a number counts from 0, and a name gives that of each item: "authors.name".
    """
    if path in record:
        return record[path]
    value: Any = record
    for step in path.split("."):
        if isinstance(value, list) and not step.isdecimal():
            value = [item[step] for item in value if isinstance(item, dict) and step in item] or None
        elif isinstance(value, list):
            value = value[int(step)] if len(step) < 9 and int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def holds(record: Record, path: str) -> bool:
    """Whether the record has a field at the path, be it empty."""
    return path in record or at(record, path) is not None


def _known(record: Record) -> dict[str, Any]:
    """The fields by their plain names; those further in stand behind those of the record itself."""
    known: dict[str, Any] = {}
    for holder in (record, *(record[name] for name in _INNER if isinstance(record.get(name), dict))):
        for name, value in holder.items():
            plain = _plain_name(name)
            if plain not in known or _is_nothing(known[plain]):
                known[plain] = value
    return known


@lru_cache(1_000)
def _plain_name(name: str) -> str:
    return re.sub(r"[\W_]+", "", name[:100]).casefold()


_NAMES = {role: [_plain_name(name) for name in names.split()] for role, names in _USUAL.items()}


def _is_nothing(value: object) -> bool:
    return value in (None, [], {}) or (isinstance(value, str) and len(value) < 20 and value.strip().lower() in _NOTHING)


def _texts(value: Any, depth: int = 0) -> list[str]:  # noqa: ANN401
    """The texts in a value: itself, those of a list of paragraphs, or the one that is wrapped in an object."""
    if isinstance(value, str):
        return [value]
    if depth < MAX_DEPTH and isinstance(value, list):
        return [text for item in value for text in _texts(item, depth + 1) if text.strip()]
    if depth < MAX_DEPTH and isinstance(value, dict):
        return next((_texts(value[name], depth + 1) for name in _WRAPPED if name in value), [])
    return []


def _lines(value: Any, depth: int = 0) -> Iterator[str]:  # noqa: ANN401
    """The short texts and numbers in a value, each on one line."""
    if isinstance(value, str):
        yield collapsed(cleaned(value[: 10 * MAX_URL]))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
    elif depth < MAX_DEPTH and isinstance(value, list):
        for item in value:
            yield from _lines(item, depth + 1)
    elif depth < MAX_DEPTH and isinstance(value, dict):
        inner = next((value[name] for name in _WRAPPED if name in value), None)
        yield from _lines(inner, depth + 1)


def _line(value: Any) -> str:  # noqa: ANN401
    return next(_lines(value), "")


def _title(value: Any) -> str:  # noqa: ANN401
    """The title without tags and entities; "" for what is too long to be one."""
    line = _line(value)
    shown = collapsed(cleaned(html.unescape(_MARKUP.sub("", line))))
    return shown if len(shown) <= MAX_TITLE and any(c.isalnum() for c in shown) else ""


def _author(value: Any) -> str | None:  # noqa: ANN401
    """The names, as many as a byline takes."""
    if isinstance(value, str) and len(value) < 10_000 and _LISTED.fullmatch(value.strip()):
        value = [single or double for single, double in _QUOTED.findall(value)]
    names: dict[str, None] = {}
    length = 0
    for line in _lines(value):
        name = None if _ADDRESS.match(line) else author_of(html.unescape(line).replace("; ", ", "))
        length += len(name or "") + 2
        if length - 2 > MAX_LINE:
            break
        if name and name.lower() not in _NOTHING:
            names[name] = None
    return ", ".join(names) or None


def _day(value: Any) -> date | None:  # noqa: ANN401
    """The day that a date, or a number of seconds since 1970 or of parts of them, names."""
    said = _line(value)
    epoch = _EPOCH.fullmatch(said)
    if not epoch:
        return _day_named(said) if len(said) < 100 else None
    parts = 10 ** ((len(epoch[1].lstrip("-")) - 9) // 3 * 3)
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(epoch[1]) // parts)).date()


# The records of a day's news name the same days, and a date in words takes 2 ms.
_day_named = lru_cache(10_000)(day_of)


def _language(value: Any) -> str | None:  # noqa: ANN401
    """The ISO 639-1 code that a tag such as en-GB begins with."""
    tag = _LANGUAGE.fullmatch(_line(value))
    return tag[1].lower() if tag else None


def _address(value: Any) -> str:  # noqa: ANN401
    line = _line(value)
    return line if len(line) <= MAX_URL and _ADDRESS.fullmatch(line) else ""


def _publisher(value: Any) -> str:  # noqa: ANN401
    """The name of a paper or site: a short line that is no address; "" for anything else."""
    line = html.unescape(_line(value))
    return line if len(line) <= MAX_PUBLISHER and not _ADDRESS.match(line) and re.search(r"[^\W\d_]", line) else ""


def _plain(text: str, title: str) -> Draft:
    """The article of a plain text, without the title that it may begin with again."""
    draft = read_plain(text)
    first, _, below = draft.text.lstrip().partition("\n")
    return read_plain(below.lstrip()) if below.strip() and lines_of_title([first], title) else draft


def _fragment(text: str, title: str) -> Draft:
    """The article of a piece of a page."""
    found = list(blocks(html_tree(text)))
    lines = [block.text for block in found[:8]]
    opening = read_opening(lines, title)
    content, sections = composed(found[opening.lines or lines_of_title(lines, title) :])
    published = Dated(opening.day, "byline") if opening.day else None
    return Draft(content, sections, (), title or opening.title, opening.author, published)
