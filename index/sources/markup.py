"""XML and HTML from anywhere, and all the text that is in it: the only import of lxml.

Nothing is fetched and no entity expanded. Where a page must be told from the article in it, see index.sources.webpage.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from html.entities import html5
from typing import Any, Literal

from index.errors import UnreadableSource
from index.sources.decoding import cleaned, text_of
from index.sources.draft import Block, collapsed

# "skip" leaves the text of an element out, "aside" gives it after the block that it stands in, as a note or a caption.
Kind = Literal["block", "heading", "list", "item", "table", "row", "cell", "code", "break", "space", "skip", "aside"]

# An element of libxml2 takes 120 bytes and an attribute as much again, so this many of both are 360 MB.
MAX_MARKS = 3_000_000
MAX_MARKUP = 30_000_000

_TAGS: dict[Kind, str] = {
    "block": "p div section article main header footer address blockquote center fieldset figcaption figure form"
    " body dl dt dd hr summary details caption thead tbody tfoot",
    "heading": "h1 h2 h3 h4 h5 h6",
    "list": "ul ol menu dir",
    "item": "li",
    "table": "table",
    "row": "tr",
    "cell": "td th",
    "code": "pre",
    "break": "br",
    "skip": "head script style nav template noscript iframe object svg math select button textarea title rp rt audio"
    " video canvas map",
}
HTML: Mapping[str, Kind] = {tag: kind for kind, tags in _TAGS.items() for tag in tags.split()}
# What e-mail hides to be shown in a list of mails, and the marks of notes and printed pages in books.
_HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.I)
_ROLES = ("{http://www.idpf.org/2007/ops}type", "epub:type", "role")
_MARKS = {"noteref", "pagebreak", "doc-noteref", "doc-pagebreak"}

_ENTITY = re.compile(rb"&([A-Za-z][A-Za-z0-9]{1,31};)")
_OWN_ENTITIES = {b"amp;", b"lt;", b"gt;", b"quot;", b"apos;"}
_SPACES = re.compile(r"\s+")


def xml_tree(data: bytes) -> Any:  # noqa: ANN401 - lxml ships no types
    """The root of an XML document, without comments and instructions; the entities of a DTD of its own stay out.

    Raises UnreadableSource for what is no XML, or too much of it.
    """
    from lxml import etree

    _check(data)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(_ENTITY.sub(_numbered, data), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableSource("damaged: a part of it is not XML") from error


def html_tree(text: str) -> Any:  # noqa: ANN401
    """The root of an HTML page, whatever is wrong with it, and of none as well; nothing lies 255 elements deep."""
    from lxml import etree

    _check(text.encode("utf-8", "replace"))
    parser = etree.HTMLParser(no_network=True, huge_tree=False, remove_comments=True, remove_pis=True, encoding="utf-8")
    tree = etree.fromstring(text.encode("utf-8", "replace"), parser) if text.strip() else None
    return etree.Element("html") if tree is None else tree


def page_tree(data: bytes) -> Any:  # noqa: ANN401
    """The root of an XHTML page, read as HTML where it is not well-formed; its tags have no namespace."""
    try:
        tree = xml_tree(data)
    except UnreadableSource:
        return html_tree(text_of(data, markup=True))
    for element in tree.iter("{http://www.w3.org/1999/xhtml}*"):
        element.tag = element.tag.rpartition("}")[2]
    return tree


def ended(data: bytes) -> Iterator[Any]:
    """The elements of an XML document as each ends, for long flat ones: who has read one may clear it.

    What is not well-formed is mended, and where that cannot be done it ends. Raises UnreadableSource for too much.
    """
    from lxml import etree

    _check(data)
    reader = etree.iterparse(
        io.BytesIO(data),
        events=("end",),
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        for _, element in reader:
            yield element
    except etree.XMLSyntaxError:
        return


def _check(data: bytes) -> None:
    if len(data) > MAX_MARKUP:
        raise UnreadableSource(f"refused, because a part of it is larger than {MAX_MARKUP // 1_000_000} MB")
    if (marks := data.count(b"<") + data.count(b"=")) > MAX_MARKS:
        raise UnreadableSource(f"refused, because it has {marks:,} tags and attributes (limit {MAX_MARKS:,})")


def _numbered(entity: re.Match[bytes]) -> bytes:
    """&nbsp; as &#160;, since XML knows five names only."""
    known = None if entity[1] in _OWN_ENTITIES else html5.get(entity[1].decode("ascii"))
    return "".join(f"&#{ord(character)};" for character in known).encode("ascii") if known else entity[0]


def blocks(tree: Any, kinds: Mapping[str, Kind] = HTML) -> Iterator[Block]:  # noqa: ANN401
    """Every paragraph, list, table and heading under an element, in their order; `kinds` says what each tag is.

    The items of a list and the rows of a table are the lines of one block. Blank space counts as in HTML.
    """
    return _Blocks(kinds).of(tree)


class _Blocks:
    """The text on its way into blocks: `_inline` of the current line, `_lines` of the list or table it stands in."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self._kinds = kinds
        self._inline: list[str] = []
        self._lines: list[str] = []
        self._asides: list[Block] = []
        self._inside: list[Kind] = []  # the lists, tables and code around

    def of(self, tree: Any) -> Iterator[Block]:  # noqa: ANN401
        from lxml import etree

        walk = etree.iterwalk(tree, events=("start", "end"))
        for event, element in walk:
            kind = self._kind(element)
            if event == "start":
                yield from self._open(element, kind)
                if kind in {"skip", "aside"}:
                    walk.skip_subtree()
                    continue
                self._add(element.text)
            else:
                yield from self._close(kind)
                self._add(element.tail if element is not tree else "")
        yield from self._flushed()

    def _kind(self, element: Any) -> Kind | None:  # noqa: ANN401
        if not isinstance(element.tag, str):
            return "skip"
        kind = self._kinds.get(element.tag)
        if kind == "table" and _lays_out(element):
            return "block"
        if (kind in {"row", "cell"} and "table" not in self._inside) or (kind == "item" and not self._inside):
            return "block"
        return "skip" if self._kinds is HTML and _hidden(element) else kind

    def _open(self, element: Any, kind: Kind | None) -> Iterator[Block]:  # noqa: ANN401
        if kind == "aside":
            self._asides.extend(block for part in element for block in _Blocks(self._kinds).of(part))
        elif kind == "break":
            self._inline.append(" " if self._inside[-1:] == ["table"] else "\n")
        elif kind == "space":
            self._inline.append(" ")
        elif kind == "cell":
            self._inline.append("\0")
        elif self._ends_line(kind):
            self._end_line()
        elif kind and kind != "skip":
            yield from self._flushed()
            if kind in {"list", "table", "code"}:
                self._inside.append(kind)

    def _close(self, kind: Kind | None) -> Iterator[Block]:
        if kind in {"list", "table", "code"}:
            yield from self._flushed(ended=len(self._inside) == 1)
            self._inside.pop()
        elif self._ends_line(kind):
            self._end_line()
        elif kind in {"block", "heading", "item", "row"}:
            yield from self._flushed(kind == "heading")

    def _ends_line(self, kind: Kind | None) -> bool:
        """Whether an item or a row begins or ends a line; a list in a cell does not break the row."""
        return kind == "row" or (kind == "item" and self._inside[:1] == ["list"])

    def _add(self, text: str | None) -> None:
        if text and "code" in self._inside:
            self._inline.append(text)
        elif text:
            self._inline.append(_SPACES.sub(" ", text.replace("\0", "")))

    def _end_line(self) -> None:
        cells = "".join(self._inline).split("\0")
        self._inline.clear()
        if line := " | ".join(filter(None, (collapsed(cleaned(cell)) for cell in cells))):
            self._lines.append(line)

    def _flushed(self, heading: bool = False, ended: bool = False) -> Iterator[Block]:
        """The block that ends here, and the notes to it; in a list or a table it only parts two words."""
        if self._inside and not ended:
            self._inline.append(" " if self._inside[-1] != "code" else "\n")
            return
        if self._inside == ["code"]:
            text = cleaned("".join(self._inline)).strip("\n")
            self._inline.clear()
        elif self._inside:
            self._end_line()
            text = "\n".join(self._lines)
            self._lines.clear()
        else:
            lines = [collapsed(line) for line in cleaned("".join(self._inline).replace("\0", " ")).split("\n")]
            self._inline.clear()
            text = (" " if heading else "\n").join(filter(None, lines))
        if text.strip():
            yield Block(text, heading)
            yield from self._asides
            self._asides.clear()


def _lays_out(table: Any) -> bool:  # noqa: ANN401
    """Whether a table of HTML only places things on the page: it holds another, or never two cells in a row."""
    if table.tag != "table":
        return False
    return next(table.iterdescendants("table"), None) is not None or all(
        sum(cell.tag in {"td", "th"} for cell in row) < 2 for row in table.iter("tr")
    )


def _hidden(element: Any) -> bool:  # noqa: ANN401
    attributes = element.attrib
    said = " ".join(attributes.get(name, "") for name in _ROLES)
    return bool(
        "hidden" in attributes
        or (attributes.get("style") and _HIDDEN.search(attributes["style"]))
        or not _MARKS.isdisjoint(said.split())
    )
