"""Word documents (.docx): the only import of docx, which is given a zip that index.sources.archive has unpacked."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from index.errors import UnreadableSource
from index.sources.archive import Archive
from index.sources.byline import read_opening
from index.sources.decoding import cleaned
from index.sources.draft import Block, Dated, Draft, collapsed, composed
from index.sources.properties import author_given, day_created, title_given

# How the compound files of Microsoft begin, which wrap a document under a password too.
_OLD = b"\xd0\xcf\x11\xe0"

_Piece = tuple[str, str]  # the kind of a paragraph or row, and its text


def read_word(data: bytes, name: str) -> Draft:
    """The paragraphs and tables in document order. Raises UnreadableSource for a zip that would expand too far."""
    import docx

    if data.startswith(_OLD):
        raise UnreadableSource("password-protected, or an old Word document; save it as .docx without a password")
    document = docx.Document(io.BytesIO(Archive(data, "Word document").unpacked()))
    about = document.core_properties
    pieces = list(_pieces(document))
    title = next((text for kind, text in pieces if kind == "title"), "") or title_given(about.title, name)
    blocks = list(_blocks(pieces))
    opening = read_opening([block.text for block in blocks[:8]], title)
    text, sections = composed(blocks[opening.lines :])
    published = Dated(opening.day, "byline") if opening.day else None
    author = opening.author or author_given(about.author)
    created, modified = day_created(about.created), day_created(about.modified)
    return Draft(text, sections, (), title or opening.title, author, published, created, modified)


def _pieces(document: Any) -> Iterator[_Piece]:  # noqa: ANN401 - python-docx ships no types
    """(kind, text) of each paragraph and table row that holds any: "title", "heading", "list", "row of N", "text"."""
    for number, item in enumerate(document.iter_inner_content()):
        if hasattr(item, "rows"):
            yield from ((f"row of {number}", text) for row in item.rows if (text := _row(row)))
        elif text := cleaned(item.text).strip():
            kind = _kind((item.style.name if item.style else "") or "")
            yield kind, collapsed(text) if kind in {"title", "heading"} else text


def _kind(style: str) -> str:
    style = style.lower()
    kinds = ("title", "heading", "list")
    return next((kind for kind in kinds if style.startswith(kind) and style != "list paragraph"), "text")


def _row(row: Any) -> str:  # noqa: ANN401
    """The cells of a row, a merged cell once."""
    cells = (collapsed(cleaned(next(same).text)) for _, same in groupby(row.cells, key=lambda cell: cell._tc))
    return " | ".join(filter(None, cells))


def _blocks(pieces: list[_Piece]) -> Iterator[Block]:
    """Neighbouring list items and rows of one table are lines of one block."""
    for kind, run in groupby(pieces, key=lambda piece: piece[0]):
        texts = [text for _, text in run]
        if kind == "list" or kind.startswith("row"):
            yield Block("\n".join(texts))
        else:
            yield from (Block(text, kind in {"title", "heading"}) for text in texts)
