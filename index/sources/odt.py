"""OpenDocument texts (.odt), as LibreOffice writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from index.errors import NotAnArticle, UnreadableSource
from index.sources.archive import Archive
from index.sources.byline import read_opening
from index.sources.dates import day_of
from index.sources.decoding import cleaned
from index.sources.draft import Dated, Draft, collapsed, composed
from index.sources.markup import Kind, blocks, xml_tree
from index.sources.properties import author_given, title_given

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_SVG = "{urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0}"
_MANIFEST = "{urn:oasis:names:tc:opendocument:xmlns:manifest:1.0}"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_DC = "{http://purl.org/dc/elements/1.1/}"

_KINDS: Mapping[str, Kind] = {
    f"{_TEXT}h": "heading",
    f"{_TEXT}p": "block",
    f"{_TEXT}list": "list",
    f"{_TEXT}list-item": "item",
    f"{_TEXT}list-header": "item",
    f"{_TABLE}table": "table",
    f"{_TABLE}table-row": "row",
    f"{_TABLE}table-cell": "cell",
    f"{_TEXT}line-break": "break",
    f"{_TEXT}s": "space",
    f"{_TEXT}tab": "space",
    # The body of a note and a picture's caption stand in the middle of a sentence.
    f"{_TEXT}note": "aside",
    f"{_DRAW}frame": "aside",
    f"{_DRAW}custom-shape": "aside",
    f"{_TEXT}note-citation": "skip",
    f"{_TEXT}tracked-changes": "skip",
    f"{_OFFICE}annotation": "skip",
    f"{_OFFICE}forms": "skip",
    f"{_TEXT}ruby-text": "skip",
    f"{_TEXT}table-of-content": "skip",
    f"{_TEXT}alphabetical-index": "skip",
    f"{_TEXT}illustration-index": "skip",
    f"{_TEXT}hidden-text": "skip",
    f"{_SVG}title": "skip",
    f"{_SVG}desc": "skip",
}


def read_odt(data: bytes, name: str) -> Draft:
    """The paragraphs, lists and tables in document order, each note after the paragraph that it belongs to.

    Raises UnreadableSource for a document that is damaged, under a password, or would expand too far.
    """
    archive = Archive(data, "OpenDocument text")
    if _is_encrypted(archive):
        raise UnreadableSource("password-protected")
    content = xml_tree(archive.read("content.xml"))
    body = content.find(f"{_OFFICE}body/{_OFFICE}text")
    if body is None:
        raise NotAnArticle("an OpenDocument file that is no text")
    about = xml_tree(archive.read("meta.xml")) if "meta.xml" in archive else None
    title = _headed(content, body) or title_given(_property(about, f"{_DC}title"), name)
    found = list(blocks(body, _KINDS))
    opening = read_opening([block.text for block in found[:8]], title)
    text, sections = composed(found[opening.lines :])
    return Draft(
        text,
        sections,
        title=title or opening.title,
        author=opening.author
        or author_given(_property(about, f"{_META}initial-creator") or _property(about, f"{_DC}creator")),
        published=Dated(opening.day, "byline") if opening.day else None,
        created=_day(about, f"{_META}creation-date"),
        modified=_day(about, f"{_DC}date"),
    )


def _is_encrypted(archive: Archive) -> bool:
    """Whether the manifest says how a part is to be decrypted; a locked document has no other part to read it in."""
    if "META-INF/manifest.xml" not in archive:
        return False
    return next(xml_tree(archive.read("META-INF/manifest.xml")).iter(f"{_MANIFEST}encryption-data"), None) is not None


def _headed(content: Any, body: Any) -> str:  # noqa: ANN401 - lxml ships no types
    """The text of the first paragraph in the style Title, or in one made from it by hand; it is a heading from now."""
    styles = content.iter(f"{_STYLE}style")
    named = {s.get(f"{_STYLE}name") for s in styles if s.get(f"{_STYLE}parent-style-name") == "Title"} | {"Title"}
    for paragraph in body.iter(f"{_TEXT}p", f"{_TEXT}h"):
        if paragraph.get(f"{_TEXT}style-name") in named:
            paragraph.tag = f"{_TEXT}h"
            return next((block.text for block in blocks(paragraph, _KINDS) if block.heading), "")
    return ""


def _property(about: Any, tag: str) -> str:  # noqa: ANN401
    found = None if about is None else next(about.iter(tag), None)
    return "" if found is None else collapsed(cleaned(found.text or ""))


def _day(about: Any, tag: str) -> date | None:  # noqa: ANN401
    return day_of(_property(about, tag)[:10])
