"""Books and magazines in EPUB 2 and 3: every paragraph of the reading order.

What reads web pages leaves out the notes, boxes, captions, lists and small tables of a chapter, and keeps its dialogue
(tried on 14 shapes of chapters, 25 November 2026). Here everything is kept.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import unquote

from index.errors import NotAnArticle, UnreadableSource
from index.sources.archive import Archive
from index.sources.byline import read_opening
from index.sources.dates import day_of
from index.sources.decoding import cleaned
from index.sources.draft import MAX_CHARACTERS, Block, Dated, Draft, collapsed, composed
from index.sources.markup import blocks, page_tree, xml_tree
from index.sources.properties import author_given, title_given

WHAT = "EPUB"
# As attributes; the elements are taken in any namespace, since books are written in older ones and in none.
_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_PAGES = {"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"}
# These only make a font useless outside of its book.
_OBFUSCATED = {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}


@dataclass(frozen=True, slots=True)
class _Item:
    """A file of the manifest."""

    path: str
    kind: str
    properties: frozenset[str]


def read_epub(data: bytes, name: str) -> Draft:
    """The chapters in reading order, with their headings. Raises UnreadableSource, for a protected book too."""
    archive = Archive(data, WHAT)
    path = _package_path(archive)
    package = xml_tree(archive.read(path))
    folder = posixpath.dirname(path)
    items = _items(package, folder)
    listed = {_beside(folder, link) for link in _tables_of_contents(package)}
    chapters = [chapter for chapter in _spine(package, items) if chapter in archive and chapter not in listed]
    if not chapters:
        raise UnreadableSource("damaged EPUB: no chapter of it is there")
    if _locked(archive) & set(chapters):
        raise UnreadableSource("protected by DRM")
    title = title_given(_first(package, "title"), name)
    found = list(_text(archive, chapters, _labels(archive, package, items)))
    opening = read_opening([block.text for block in found[:8]], title)
    text, sections = composed(found[opening.lines :])
    published, created = _dates(package)
    byline = Dated(opening.day, "byline") if opening.day else None
    return Draft(
        text,
        sections,
        title=title or opening.title,
        author=_authors(package) or opening.author,
        published=published or byline,
        created=created,
        modified=_modified(package),
    )


def _package_path(archive: Archive) -> str:
    """Where the container says that the package lies, or the one package there is."""
    if "META-INF/container.xml" in archive:
        for file in xml_tree(archive.read("META-INF/container.xml")).iter("{*}rootfile"):
            if (path := unquote(file.get("full-path") or "")) in archive:
                return path
    path = next((path for path in archive if path.lower().endswith(".opf")), "")
    if not path:
        raise UnreadableSource("damaged EPUB: it does not say what is in it")
    return path


def _items(package: Any, folder: str) -> dict[str, _Item]:  # noqa: ANN401 - lxml ships no types
    return {
        item.get("id", ""): _Item(
            _beside(folder, item.get("href", "")),
            item.get("media-type", "").lower(),
            frozenset(item.get("properties", "").split()),
        )
        for item in package.iterfind("{*}manifest/{*}item")
    }


def _beside(folder: str, link: str) -> str:
    """The path in the zip that a link of a file in `folder` leads to."""
    return posixpath.normpath(posixpath.join(folder, unquote(link.partition("#")[0])))


def _spine(package: Any, items: dict[str, _Item]) -> list[str]:  # noqa: ANN401
    """The pages in reading order, each once, without the table of contents of EPUB 3."""
    spine = [items.get(reference.get("idref", "")) for reference in package.iterfind("{*}spine/{*}itemref")]
    pages = [item for item in spine if item and item.kind in _PAGES and "nav" not in item.properties]
    return list(dict.fromkeys(item.path for item in pages))


def _tables_of_contents(package: Any) -> Iterator[str]:  # noqa: ANN401
    for reference in package.iterfind("{*}guide/{*}reference"):
        if reference.get("type", "").lower() == "toc":
            yield reference.get("href", "")


def _locked(archive: Archive) -> set[str]:
    """The files that a reader without the key sees as noise."""
    if "META-INF/encryption.xml" not in archive:
        return set()
    return {
        unquote(reference.get("URI", ""))
        for encrypted in xml_tree(archive.read("META-INF/encryption.xml")).iter("{*}EncryptedData")
        if not any(m.get("Algorithm") in _OBFUSCATED for m in encrypted.iter("{*}EncryptionMethod"))
        for reference in encrypted.iter("{*}CipherReference")
    }


def _text(archive: Archive, chapters: list[str], labels: dict[str, str]) -> Iterator[Block]:
    """The blocks of the chapters. Raises NotAnArticle as soon as they are too long for an article."""
    characters = 0
    for path in chapters:
        try:
            found = list(blocks(page_tree(archive.read(path))))
        except NotAnArticle as error:
            raise UnreadableSource("damaged EPUB: a chapter of it is no text") from error
        for block in _headed(found, labels.get(path, "")):
            characters += len(block.text)
            if characters > MAX_CHARACTERS:
                raise NotAnArticle(f"longer than {MAX_CHARACTERS:,} characters")
            yield block


def _headed(found: list[Block], label: str) -> list[Block]:
    """The blocks of a chapter; a first line that the table of contents names it by is its heading."""
    first = found[0] if found else Block("")
    named = label.casefold() == collapsed(first.text).casefold()
    return [Block(collapsed(first.text), True), *found[1:]] if found and named else found


def _labels(archive: Archive, package: Any, items: dict[str, _Item]) -> dict[str, str]:  # noqa: ANN401
    """What the table of contents calls each page, by its path: the nav of EPUB 3, or else the NCX of EPUB 2."""
    nav = next((item.path for item in items.values() if "nav" in item.properties), "")
    ncx = next((item.path for item in items.values() if item.kind == "application/x-dtbncx+xml"), "")
    labels: dict[str, str] = {}
    try:
        if nav in archive:
            for link in page_tree(archive.read(nav)).iter("a"):
                labels.setdefault(_beside(posixpath.dirname(nav), link.get("href", "")), _said(link))
        elif ncx in archive:
            for point in xml_tree(archive.read(ncx)).iter("{*}navPoint"):
                label, content = point.find("{*}navLabel"), point.find("{*}content")
                if label is not None and content is not None:
                    labels.setdefault(_beside(posixpath.dirname(ncx), content.get("src", "")), _said(label))
    except (UnreadableSource, NotAnArticle):  # the chapters can be read without it
        return {}
    return labels


def _said(element: Any) -> str:  # noqa: ANN401
    return collapsed(cleaned("".join(element.itertext())))


def _metadata(package: Any, name: str) -> list[Any]:  # noqa: ANN401
    return list(package.iterfind(f"{{*}}metadata//{_DC}{name}"))


def _first(package: Any, name: str) -> str:  # noqa: ANN401
    return next((said for element in _metadata(package, name) if (said := _said(element))), "")


def _authors(package: Any) -> str | None:  # noqa: ANN401
    """The creators in the role of an author, or in none: EPUB 3 says it in a meta, EPUB 2 in an attribute."""
    metas = [meta for meta in package.iterfind("{*}metadata/{*}meta") if meta.get("property") == "role"]
    roles = {meta.get("refines"): _said(meta) for meta in metas}
    names = [
        _said(creator)
        for creator in _metadata(package, "creator")
        if (creator.get(f"{_OPF}role") or roles.get(f"#{creator.get('id')}") or "aut") == "aut"
    ]
    return author_given(", ".join(dict.fromkeys(filter(None, names))))


def _dates(package: Any) -> tuple[Dated | None, date | None]:  # noqa: ANN401
    """The day of publication, and that of another event. EPUB 3 defines its one date as that of publication."""
    published, other = None, None
    for element in _metadata(package, "date"):
        event = (element.get(f"{_OPF}event") or "").lower()
        day = day_of(_said(element))
        if "publication" in event or (not event and package.get("version", "").startswith("3")):
            published = published or day
        elif event != "modification":
            other = other or day
    return (Dated(published, "EPUB metadata") if published else None), other


def _modified(package: Any) -> date | None:  # noqa: ANN401
    metas = package.iterfind("{*}metadata/{*}meta")
    said = [_said(meta) for meta in metas if meta.get("property") == "dcterms:modified"]
    said += [_said(e) for e in _metadata(package, "date") if e.get(f"{_OPF}event") == "modification"]
    return next((day for text in said if (day := day_of(text))), None)
