"""Sitemaps: the articles that a site lists for machines, news sitemaps and indexes of sitemaps among them.

As described at https://www.sitemaps.org/protocol.html and in Google's "Create a news sitemap".
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from index.errors import UnreadableSource
from index.sources.feeds import Entry, absolute, line, moment_of
from index.sources.markup import MAX_MARKUP, ended

# As the protocol has it.
MAX_ENTRIES = 50_000
GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Listed:
    """What a sitemap lists: `entries`, or, when it is an index, the `nested` sitemaps, of which only the url is set."""

    entries: tuple[Entry, ...] = ()
    nested: tuple[Entry, ...] = ()


def read_sitemap(data: bytes, url: str) -> Listed:
    """What the sitemap lists, in its order; one that breaks off gives what stands before. Raises UnreadableSource."""
    entries: list[Entry] = []
    nested: list[Entry] = []
    kinds = {"url": entries, "sitemap": nested}
    known = False
    for element in ended(expanded(data)):
        name = _name(element)
        known = known or name in {"urlset", "sitemapindex"}
        if name in kinds and len(kinds[name]) < MAX_ENTRIES:
            entry = _entry(element, url)
            kinds[name].extend([entry] if entry.url else [])
        if name in kinds:
            _forget(element)
    if not (known or entries or nested):
        raise UnreadableSource("not a sitemap")
    return Listed(tuple(entries), tuple(nested))


def expanded(data: bytes) -> bytes:
    """The bytes, unpacked when they are in gzip. Raises UnreadableSource for what grows beyond a sitemap's size."""
    if not data.startswith(GZIP):
        return data
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        whole = unpacker.decompress(data, MAX_MARKUP + 1)
    except zlib.error as error:
        raise UnreadableSource("a damaged gzip file") from error
    if len(whole) > MAX_MARKUP:
        raise UnreadableSource(f"refused, because it would expand to more than {MAX_MARKUP // 1_000_000} MB")
    return whole


def _entry(element: Any, base: str) -> Entry:  # noqa: ANN401 - lxml ships no types
    said: dict[str, str] = {}
    # A sitemap of images or videos names other addresses and titles inside theirs, the news inside its own.
    for child in element:
        said[_name(child)] = (child.text or "").strip()
        if _name(child) == "news":
            said |= {f"news:{_name(part)}": (part.text or "").strip() for part in child}
    return Entry(
        url=absolute(said.get("loc", ""), base),
        title=line(said.get("news:title", "")),
        published=moment_of(said.get("news:publication_date", "")),
        updated=moment_of(said.get("lastmod", "")),
    )


def _name(element: Any) -> str:  # noqa: ANN401
    """The name without its namespace; sites give the wrong one too often for it to count."""
    return element.tag.rpartition("}")[2].lower() if isinstance(element.tag, str) else ""


def _forget(element: Any) -> None:  # noqa: ANN401
    """Frees an element that was read, and those before it."""
    element.clear()
    while element.getprevious() is not None:
        del element.getparent()[0]
