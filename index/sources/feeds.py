"""RSS, Atom and JSON feeds: what they list. The only import of feedparser, which gets bytes and never an address."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

from index.errors import UnreadableSource
from index.sources.decoding import cleaned, text_of
from index.sources.draft import collapsed

# News sites list 20 to 500.
MAX_ENTRIES = 2_000
MAX_BYTES = 10_000_000
# Of a title or a name. What is longer is none.
MAX_LINE = 500
MAX_URL = 2_000
MAX_CONTENT = 2_000_000
# In what order the full text is looked for in a JSON Feed.
_JSON_CONTENT = ("content_html", "content_text", "summary")
_JSON_FEED = "://jsonfeed.org/version/"
_TAG = re.compile(r"<[^<>]*>")
_MAIL = re.compile(r"\S+@\S+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One article that a feed or a sitemap lists, as it is told there: "" where it is not.

    `published` and `updated` are ISO 8601, in the zone of whoever wrote them. `content` is HTML: the full text, or
    only a summary. `guid` is what the feed itself tells its entries apart by.
    """

    url: str
    title: str = ""
    author: str = ""
    published: str = ""
    updated: str = ""
    content: str = ""
    guid: str = ""

    @property
    def stamp(self) -> str:
        """What changes when the article does, as far as the feed tells."""
        return self.updated or self.published


def read_feed(data: bytes, url: str, content_type: str = "") -> list[Entry]:
    """The entries in their order, at most MAX_ENTRIES, addresses made absolute by the `url` the feed came from.

    Raises UnreadableSource for what is no feed. A feed that breaks off gives the entries before.
    """
    if len(data) > MAX_BYTES:
        raise UnreadableSource(f"refused, because it is a feed larger than {MAX_BYTES // 1_000_000} MB")
    entries = _in_json(data) if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" else _in_xml(data, content_type)
    read = [_entry(said, url) for said, _ in zip(entries, range(MAX_ENTRIES), strict=False)]
    return [entry for entry in read if entry.url or entry.guid]


def _in_xml(data: bytes, content_type: str) -> Iterator[Mapping[str, str]]:
    import feedparser

    # It opens bytes that are the name of a file; a stream it reads. What it would sanitize is only ever read as text.
    feed: Any = feedparser.parse(
        io.BytesIO(data),
        response_headers={"content-type": content_type} if content_type else {},
        resolve_relative_uris=False,
        sanitize_html=False,
    )
    if not feed.get("version") and not feed.get("entries"):
        raise UnreadableSource("not a feed")
    # RSS 1.0 has no date of its own: it borrows that of Dublin Core, which feedparser takes for the last change.
    borrowed = feed.version in {"rss10", "rss090"}
    for entry in feed.entries:
        # Not by `entry.get`, which gives the day of publication where no last change is told.
        said: dict[str, Any] = dict(entry)
        updated = _moment(said, "updated")
        published = _moment(said, "published") or (updated if borrowed else "")
        contents = [str(part.get("value") or "") for part in said.get("content") or []]
        yield {
            "url": str(said.get("link") or ""),
            "title": _plain(said),
            "author": _authors(said, feed.version.startswith("atom")),
            "published": published,
            "updated": updated,
            "content": max([*contents, str(said.get("summary") or "")], key=len),
            "guid": str(said.get("id") or ""),
        }


def _plain(said: Mapping[str, Any]) -> str:
    """The title, without the marks in it where it is HTML."""
    title, kind = str(said.get("title") or ""), str((said.get("title_detail") or {}).get("type"))
    return html.unescape(_TAG.sub("", title)) if "html" in kind else title


def _authors(said: Mapping[str, Any], atom: bool) -> str:
    """The names. RSS asks for a mail address with the name behind it, which feedparser cuts at the wrong place."""
    alone = str(said.get("author") or "")[: MAX_LINE + 1]
    if not atom and "@" in alone:
        return _MAIL.sub("", alone).strip(" ()<>,;")
    people = said.get("authors") or []
    return ", ".join(dict.fromkeys(filter(None, (str(person.get("name") or "") for person in people)))) or alone


def _moment(said: Mapping[str, Any], key: str) -> str:
    """The moment in the zone that it is written in; in UTC where only feedparser understands it."""
    written = str(said.get(key) or "").strip()
    if moment := moment_of(written):
        return moment
    parsed = said.get(f"{key}_parsed")
    try:
        return datetime(*parsed[:6]).isoformat() + "Z" if parsed else ""
    except ValueError:
        return ""


def moment_of(written: str) -> str:
    """The ISO 8601 form of a moment that a feed, a sitemap or a server tells; "" for what is none."""
    if not written or len(written) > 60:
        return ""
    try:
        return datetime.fromisoformat(written).isoformat()
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(written).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""


def _in_json(data: bytes) -> Iterator[Mapping[str, str]]:
    """The items of a JSON Feed, https://www.jsonfeed.org/version/1.1/."""
    try:
        feed = json.loads(text_of(data))
    except (ValueError, RecursionError) as error:
        raise UnreadableSource("not a feed") from error
    if not isinstance(feed, dict) or _JSON_FEED not in str(feed.get("version")):
        raise UnreadableSource("not a feed")
    items = feed.get("items")
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict):
            authors = item.get("authors") or [item.get("author")]
            names = [a.get("name") for a in authors if isinstance(a, dict)] if isinstance(authors, list) else []
            yield {
                "url": _string(item.get("url")),
                "title": _string(item.get("title")),
                "author": ", ".join(filter(None, map(_string, names))),
                "published": moment_of(_string(item.get("date_published"))),
                "updated": moment_of(_string(item.get("date_modified"))),
                "content": next((t for k in _JSON_CONTENT if (t := _string(item.get(k)))), ""),
                "guid": _string(item.get("id")),
            }


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _entry(said: Mapping[str, str], base: str) -> Entry:
    return Entry(
        url=absolute(said["url"], base) or absolute(said["guid"], ""),
        title=line(said["title"]),
        author=line(said["author"]),
        published=said["published"],
        updated=said["updated"],
        content=cleaned(said["content"]) if len(said["content"]) <= MAX_CONTENT else "",
        guid=line(said["guid"]),
    )


def line(text: str) -> str:
    """The text on one line, cleaned; "" when it is longer than any line is."""
    return collapsed(cleaned(text)) if len(text) <= MAX_LINE else ""


def absolute(link: str, base: str) -> str:
    """The address that a link on the page at `base` leads to; "" when it is no web address."""
    link = link.strip()
    try:
        url = urljoin(base, link) if link else ""
    except ValueError:
        return ""
    return url if url.lower().startswith(("http://", "https://")) and len(url) <= MAX_URL else ""
