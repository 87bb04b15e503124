"""What an address answers with: a page, a feed, a sitemap, or a file of which format. Told from the bytes."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

from index.errors import UnreadableSource
from index.sources.addresses import canonical
from index.sources.apart import feeds_of_apart
from index.sources.fetcher import PAGES, Fetched
from index.sources.pdf import MAGIC as PDF_MAGIC
from index.sources.reading import LARGE, SUFFIXES
from index.sources.sitemaps import GZIP, expanded

Kind = Literal["page", "feed", "sitemap"]

_ROOTS: dict[bytes, Kind] = {
    b"rss": "feed",
    b"feed": "feed",
    b"rdf": "feed",
    b"urlset": "sitemap",
    b"sitemapindex": "sitemap",
}
_FORMATS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "text/x-markdown": ".md",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/epub+zip": ".epub",
    "application/rtf": ".rtf",
    "text/rtf": ".rtf",
    "message/rfc822": ".eml",
    "multipart/related": ".mhtml",
}
# What servers say when they do not know.
_UNSAID = {
    "",
    "application/octet-stream",
    "binary/octet-stream",
    "application/x-download",
    "application/force-download",
}
_XML = {"application/xml", "text/xml"}
# Far enough for a declaration, a stylesheet and a comment on how to read a feed.
_HEAD = 16_384
_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_OPENING = re.compile(rb"<(?:[\w.-]{1,40}:)?([A-Za-z]{1,40})[\s/>]")
# Before the first element: what begins so ends so.
_BEFORE = {b"<!--": b"-->", b"<?": b"?>", b"<!": b">"}
# The character sets of web pages; Python knows others, some of which take quadratic time.
_CHARSET = re.compile(r"(cp|iso8859-|mac-|koi8-|euc_|big5|gb|shift_jis|iso2022_|utf-?16|tis-?620|johab|hz)[\w-]*", re.I)


class Fetches(Protocol):
    """What answers for an address; `index.sources.fetcher.Fetcher` does."""

    def get(self, url: str, etag: str = "", last_modified: str = "", accept: str = PAGES) -> Fetched:
        """What the server answered. Raises UnreadableSource."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found at an address: its `kind`, the `url` to follow it by, and the `feeds` that a page names."""

    kind: Kind
    url: str
    feeds: tuple[str, ...] = ()


def discover(url: str, fetcher: Fetches) -> Found:
    """What there is to follow at an address. Raises UsageError for what is none, UnreadableSource for no answer.

    The address is the one that it has moved to, where the server says that it moved for good.
    """
    answer = fetcher.get(canonical(url))
    found = canonical(answer.url if answer.permanent else url)
    kind = kind_of(answer.body)
    if kind:
        return Found(kind, found)
    suffix = suffix_of(answer)
    if suffix is None:
        raise UnreadableSource(not_a_format(answer))
    return Found("page", found, feeds_of_apart(answer.body, answer.url) if suffix == ".html" else ())


def kind_of(body: bytes) -> Kind | None:
    """Whether the bytes are a feed or a sitemap; None for anything else, a page among it."""
    if body.startswith(GZIP):
        try:
            return "sitemap" if kind_of(expanded(body)) == "sitemap" else None
        except UnreadableSource:
            return None
    head = _start(body)
    if head.startswith(b"{"):
        return "feed" if b"://jsonfeed.org/version/" in head.replace(rb"\/", b"/") else None
    return _ROOTS.get(_root(head))


def suffix_of(answer: Fetched) -> str | None:
    """The suffix of a file with that content; None for what is no format of articles."""
    kind, body = answer.content_type, answer.body
    suffix = _FORMATS.get(kind)
    if kind in _UNSAID | _XML:
        named = PurePosixPath(unquote(urlsplit(answer.url).path)).suffix.lower()
        suffix = ".html" if _root(_start(body)) == b"html" else named if kind not in _XML else None
    if body.startswith(PDF_MAGIC):
        suffix = ".pdf"
    return suffix if suffix in SUFFIXES - LARGE else None


def not_a_format(answer: Fetched) -> str:
    """The reason why nothing is read from an answer."""
    kind = kind_of(answer.body)
    return (
        f"a {kind}, not an article" if kind else f"not an article format ({answer.content_type or 'no content type'})"
    )


def in_utf8(body: bytes, charset: str) -> bytes:
    """The bytes of a text, in UTF-8 where the server told its `charset` and nothing in them contradicts it."""
    if not charset or body.startswith(_MARKS):
        return body
    try:
        body.decode("utf-8")
    except UnicodeError:
        pass
    else:
        return body
    try:
        name = codecs.lookup(charset).name
        # As browsers do: pages that declare Latin-1 are written in its Windows superset.
        name = "cp1252" if name in {"iso8859-1", "ascii"} else name
        return body.decode(name).encode("utf-8") if _CHARSET.fullmatch(name) else body
    except (LookupError, UnicodeError, ValueError):
        return body


def _start(body: bytes) -> bytes:
    """The first characters; those of UTF-16 and UTF-32 without the zeros between them."""
    return body[:_HEAD].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")


def _root(head: bytes) -> bytes:
    """The name of the first element, in lower case and without its prefix."""
    at = 0
    while begins := next((mark for mark in _BEFORE if head.startswith(mark, at)), None):
        end = head.find(_BEFORE[begins], at)
        if end < 0:
            return b""
        at = end + len(_BEFORE[begins])
        at += len(head[at:]) - len(head[at:].lstrip())
    opening = _OPENING.match(head, at)
    return opening[1].lower() if opening else b""
