"""Rich text (.rtf), as Word, LibreOffice and TextEdit write it: the only import of striprtf.

striprtf knows the character sets, and what is no text. It forgets headings, lists, rows and notes, and writes where a
link leads into its sentence; so a copy is given to it in which these things are marked.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Literal

from index.errors import UnreadableSource
from index.sources.byline import read_opening
from index.sources.decoding import cleaned
from index.sources.draft import Block, Dated, Draft, collapsed, composed
from index.sources.properties import author_given, title_given

MAGIC = b"{\\rtf"
# Without its pictures. 2.7 MB of it take a second (25 November 2026).
MAX_RTF = 20_000_000
MAX_INFO = 100_000

# Characters of no script, which stand for what the text has no sign of.
_TITLE, _HEADING, _ITEM, _CELL, _ROW_END, _ROW, _LINE = "\ue000\ue001\ue002\ue003\ue004\ue005\ue006"

# A backslash after a backslash begins no command: it is one that is shown.
_BINARY = re.compile(rb"(?:\\[\\{}])+|\\bin(?![a-z])(\d{1,9})? ?")
_PAPER_BIN = re.compile(rb"((?:\\[\\{}])+)|\\bin[a-z]+\d*")
_PICTURE = re.compile(rb"[0-9a-fA-F\r\n]{200,}")
_EIGHT_BIT = re.compile(rb"[\x80-\xff]")
_CODE_PAGE = re.compile(r"\\ansicpg(\d{1,6})")
_GROUP = re.compile(r"\\[\\{}]|\\par(?![a-zA-Z])|\{(?:\\\*)?\s?\\(fonttbl|info|footnote|stylesheet)(?![a-zA-Z])|[{}]")
_FONT = re.compile(r"\\f(\d{1,5})(?!\d)[^;{}]{0,100}?\\fcharset(\d{1,3})(?!\d)")
_STYLE = re.compile(r"\{\\s(\d{1,5})(?!\d)([^{}]*)\}")
_WORD = re.compile(r"\\[a-z]+-?\d* ?")
_STYLED = re.compile(r"(?<!\\)\\s(\d{1,5})(?!\d)|\\outlinelevel[0-8](?!\d)")
_MARKED = (
    (re.compile(r"\{(?:\\\*)?\\(?:listtext|pntext)(?![a-z])"), rf"\\plain {_ITEM}{{\\comment"),
    (re.compile(r"(?<!\\)\\cell(?![a-z])"), rf"\\plain {_CELL}"),
    (re.compile(r"(?<!\\)\\row(?![a-z])"), rf"\\plain {_ROW_END}"),
    (re.compile(r"(?<!\\)\\trowd(?![a-z])"), rf"\\plain {_ROW}"),
    (re.compile(r"(?<!\\)\\line(?![a-z])"), rf"\\plain {_LINE}"),
    (re.compile(r"(?<!\\)\\nestcell(?![a-z])"), r"\\tab"),
    (re.compile(r"(?<!\\)\\fldinst(?![a-z])"), r"\\comment"),
)
_PROPERTY = r"\{\\%s(?![a-z])((?:[^{}\\]|\\.|\{(?:[^{}\\]|\\.)*\})*)\}"
_DAY = re.compile(r"\\yr(\d{1,4})\s?\\mo(\d{1,2})\s?\\dy(\d{1,2})")

_Kind = Literal["title", "heading", "item", "row", "text"]


def read_rtf(data: bytes, name: str) -> Draft:
    """The paragraphs, lists and tables in document order, each note after the paragraph that it belongs to."""
    if not data.lstrip().startswith(MAGIC):
        raise UnreadableSource("damaged RTF document: it does not begin as one")
    rtf = _source(data)
    parts = _parted(rtf)
    page = found[0] if (found := _CODE_PAGE.search(rtf[:1000])) else ""
    body = _marked(parts["body"], _heading_styles(parts["stylesheet"]))
    pieces = list(_pieces(_text(f"{{{_fonts(parts['fonttbl'])}{body}}}")))
    info = parts["info"][:MAX_INFO]
    title = next((text for kind, text in pieces if kind == "title"), "") or title_given(
        _said(info, "title", page), name
    )
    blocks = list(_blocks(pieces))
    opening = read_opening([block.text for block in blocks[:8]], title)
    text, sections = composed(blocks[opening.lines :])
    return Draft(
        text,
        sections,
        title=title or opening.title,
        author=opening.author or author_given(_said(info, "author", page)),
        published=Dated(opening.day, "byline") if opening.day else None,
        created=_day(info, "creatim"),
        modified=_day(info, "revtim"),
    )


def _source(data: bytes) -> str:
    """The seven bits of RTF, without pictures, which are most of it, and with a code page that exists."""
    kept, at, data = [], 0, _PAPER_BIN.sub(lambda found: found[1] or b"", data)
    while found := _BINARY.search(data, at):
        shown = found[0].startswith((b"\\\\", b"\\{", b"\\}"))
        kept.append(data[at : found.end() if shown else found.start()])
        at = found.end() + (0 if shown else int(found[1] or 0))
        if at > len(data):
            raise UnreadableSource("damaged RTF document: it ends within a picture")
    data = _PICTURE.sub(b" ", b"".join([*kept, data[at:]]))
    if len(data) > MAX_RTF:
        raise UnreadableSource(f"refused, because it holds more than {MAX_RTF // 1_000_000} MB beside its pictures")
    rtf = _EIGHT_BIT.sub(lambda byte: b"\\'%02x" % byte[0][0], data).decode("ascii")
    return _CODE_PAGE.sub(lambda page: page[0] if _is_known(f"cp{page[1]}") else "", rtf)


def _is_known(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    return True


def _parted(rtf: str) -> dict[str, str]:
    """The "body" with each note behind its paragraph, and by their names the other parts that are looked into."""
    kept: dict[str, list[str]] = {"body": [], "fonttbl": [], "info": [], "footnote": [], "stylesheet": []}
    word, depth, at = "", 0, 0
    for found in _GROUP.finditer(rtf):
        if word:
            depth += (found[0][0] == "{") - (found[0] == "}")
            if depth == 0:
                kept[word].append(rtf[at : found.start()])
                word, at = "", found.end()
        elif found[1]:
            kept["body"].append(rtf[at : found.start()])
            word, depth, at = found[1], 1, found.end()
        elif found[0] == "\\par" and kept["footnote"]:
            notes = "".join(f"{{\\plain {note}\\par}}" for note in kept["footnote"])
            kept["footnote"].clear()
            kept["body"].append(f"{rtf[at : found.end()]}{notes}")
            at = found.end()
    notes = "".join(f"\\par{{\\plain {note}}}" for note in kept["footnote"])
    if word:
        raise UnreadableSource("damaged RTF document: a part of it does not end")
    kept["body"].append(_before_end(rtf[at:], notes))
    return {part: "".join(texts) for part, texts in kept.items()}


def _before_end(rtf: str, notes: str) -> str:
    body, brace, after = rtf.rpartition("}")
    return f"{body}{notes}{brace}{after}" if notes else rtf


def _fonts(table: str) -> str:
    """The fonts and their character sets alone: striprtf looks through a long table again for each font in it."""
    fonts = "".join(rf"{{\f{number}\fcharset{charset} x;}}" for number, charset in _FONT.findall(table))
    return rf"{{\fonttbl{fonts}}}"


def _heading_styles(styles: str) -> dict[str, str]:
    """The marks of the styles that make a title or a heading, by their number."""
    marks = {}
    for number, said in _STYLE.findall(styles):
        name = _WORD.sub("", said).strip(" ;\r\n").lower()
        if name == "title":
            marks[number] = _TITLE
        elif name.startswith("heading") or re.search(r"\\outlinelevel[0-8](?!\d)", said):
            marks[number] = _HEADING
    return marks


def _marked(body: str, styles: dict[str, str]) -> str:
    """The body with marks; a control word goes before each, so that it is not skipped with the stand-in of a letter."""
    body = _STYLED.sub(
        lambda word: f"\\plain {styles.get(word[1], '')}" if word[1] else f"\\plain {_HEADING}",
        body,
    )
    for word, mark in _MARKED:
        body = word.sub(mark, body)
    return body


def _text(rtf: str) -> str:
    from striprtf.striprtf import rtf_to_text

    text = str(rtf_to_text(rtf, errors="replace"))  # type: ignore[no-untyped-call]
    # It writes a character beyond U+FFFF as the two halves that stand in the file.
    return cleaned(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _pieces(text: str) -> Iterator[tuple[_Kind, str]]:
    """(kind, text) of each paragraph and row of a table that holds any."""
    row: list[str] | None = None
    for part in re.split(f"([{_ROW}{_ROW_END}])", text):
        if part == _ROW:
            row = [] if row is None else row
        elif part == _ROW_END:
            yield from _row("".join(row or []))
            row = None
        elif row is not None:
            row.append(part)
        else:
            before, first, cells = part.partition(_CELL)
            above, _, start = before.rpartition("\n") if first else (before, "", "")
            yield from _paragraphs(above)
            row = [start, first, cells] if first else None
    yield from _paragraphs("".join(row or []).replace(_CELL, "\n"))


def _row(text: str) -> Iterator[tuple[_Kind, str]]:
    cells = (collapsed(re.sub(f"[{_TITLE}-{_LINE}]", " ", cell)) for cell in text.split(_CELL))
    if line := " | ".join(filter(None, cells)):
        yield "row", line


def _paragraphs(text: str) -> Iterator[tuple[_Kind, str]]:
    marks: dict[str, _Kind] = {_TITLE: "title", _HEADING: "heading", _ITEM: "item"}
    for line in text.split("\n"):
        kind: _Kind = next((kind for mark, kind in marks.items() if mark in line), "text")
        lines = [collapsed(part) for part in re.sub(f"[{_TITLE}-{_ITEM}]", "", line).split(_LINE)]
        if said := ("\n" if kind == "text" else " ").join(filter(None, lines)):
            yield kind, said


def _blocks(pieces: list[tuple[_Kind, str]]) -> Iterator[Block]:
    """Neighbouring list items and rows are lines of one block."""
    for kind, run in groupby(pieces, key=lambda piece: piece[0]):
        texts = [text for _, text in run]
        if kind in {"item", "row"}:
            yield Block("\n".join(texts))
        else:
            yield from (Block(text, kind in {"title", "heading"}) for text in texts)


def _said(info: str, word: str, page: str) -> str:
    found = re.search(_PROPERTY % word, info)
    return collapsed(_text(f"{{\\rtf1{page} {found[1]}}}")) if found else ""


def _day(info: str, word: str) -> date | None:
    found = re.search(_PROPERTY % word, info)
    said = _DAY.search(found[1]) if found else None
    try:
        return date(*map(int, said.groups())) if said else None
    except ValueError:
        return None
