"""PDF files with a text layer: the only import of pypdf. Pages become one text, as if they had never been cut."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from index.errors import NotAnArticle, UnreadableSource
from index.sources.byline import lines_of_title, read_opening
from index.sources.decoding import cleaned
from index.sources.draft import MAX_CHARACTERS, Block, Dated, Draft, collapsed, composed, starts
from index.sources.plain import ends_sentence, is_heading
from index.sources.properties import author_given, day_created, title_given

if TYPE_CHECKING:
    from pypdf import PdfReader

MAGIC = b"%PDF-"
# What the pages may expand to: pypdf takes a second for each megabyte, and 12 kB of PDF can hold four of them a page.
MAX_CONTENT = 50_000_000
# How many lines at the top and the bottom of a page may be repeated ones.
MARGIN_LINES = 4
MIN_REPEATS = 2
# A line under this share of the usual width had room for the next word, so a paragraph ends there.
SHORT_LINE = 0.85
HEADING_WIDTH = 0.7

_PAGE_NUMBER = re.compile(
    r"(?:page|seite|p\.)\s*\d+(?:\s*(?:/|of|von)\s*\d+)?|\d+\s*(?:/|of|von)\s*\d+|[-–—]\s*\d+\s*[-–—]", re.I
)
_NUMBER = re.compile(r"(?<!\d)\d{1,6}(?!\d)")
# "lower- and middle-income": the hyphen stands for the rest of a word that comes later.
_AFTER_SUSPENDED = re.compile(r"(?:and|or|to|und|oder|bis|et|ou|y|o|e)\b")
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page; `apart` when white space stands above it."""

    text: str
    page: int
    apart: bool = False


def read_pdf(data: bytes, name: str) -> Draft:
    """The text of all pages. Raises UnreadableSource for a locked file and NotAnArticle for one without text."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    reader = PdfReader(io.BytesIO(data))
    try:
        # Opens a file whose password is empty, as many are that only forbid printing.
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableSource("password-protected")
        return _read(reader, name)
    # For AES, pypdf needs another library, and misses it only when it comes to the first page.
    except (DependencyError, NotImplementedError) as error:
        reason = "encrypted in a way that cannot be read here" if reader.is_encrypted else "damaged PDF"
        raise UnreadableSource(reason) from error


def _read(reader: PdfReader, name: str) -> Draft:
    _check_size(reader)
    pages = _pages(reader)
    lines = _without_margins([_lines(text, number) for number, text in enumerate(pages)])
    about = reader.metadata
    title = title_given(about.title, name) if about else ""
    draft = _draft(lines, len(pages), title)
    author = draft.author or (author_given(about.author) if about else None)
    created, modified = (
        (day_created(about.creation_date), day_created(about.modification_date)) if about else (None, None)
    )
    return Draft(draft.text, draft.sections, draft.pages, draft.title, author, draft.published, created, modified)


def _check_size(reader: PdfReader) -> None:
    """Raises UnreadableSource for pages that would take minutes; what a page draws by reference is not counted."""
    size = 0
    for page in reader.pages:
        contents = page.get_contents()
        size += len(contents.get_data()) if contents is not None else 0
        if size > MAX_CONTENT:
            raise UnreadableSource(f"refused, because its pages would expand to over {MAX_CONTENT // 1_000_000} MB")


def _pages(reader: PdfReader) -> list[str]:
    pages, size = [], 0
    for page in reader.pages:
        text = page.extract_text().translate(_LIGATURES).replace("\u00ad\n", "-\n")
        pages.append(cleaned(text))
        size += len(pages[-1])
        if size > MAX_CHARACTERS:
            break  # refused for its length later; a small file can expand to far more than it is worth waiting for
    if not pages:
        raise UnreadableSource("damaged PDF")
    if not any(text.strip() for text in pages):
        raise NotAnArticle("no text layer (a scan); OCR it first")
    return pages


def _lines(text: str, page: int) -> list[_Line]:
    lines, apart = [], False
    for raw in text.split("\n"):
        line = collapsed(raw)
        if line:
            lines.append(_Line(line, page, apart))
        apart = not line
    return lines


def _without_margins(pages: Sequence[list[_Line]]) -> list[_Line]:
    """The lines of all pages without running headers, footers and page numbers; all of them where that leaves none."""
    seen = Counter(mark for page in pages for mark in {mark for line in _margins(page) for mark in _marks(line)})
    enough = max(MIN_REPEATS, len(pages) / 2)
    kept = []
    for page in pages:
        start, end = 0, len(page)
        while start < min(end, MARGIN_LINES) and _repeated(page[start], seen, enough):
            if _is_title(page[start:][:2]):
                break
            start += 1
        while end > max(start, len(page) - MARGIN_LINES) and _repeated(page[end - 1], seen, enough):
            end -= 1
        kept.extend(page[start:end])
    return kept or [line for page in pages for line in page]


def _margins(page: list[_Line]) -> list[_Line]:
    return page if len(page) <= 2 * MARGIN_LINES else page[:MARGIN_LINES] + page[-MARGIN_LINES:]


def _repeated(line: _Line, seen: Counter[str], enough: float) -> bool:
    return any(seen[mark] >= enough for mark in _marks(line)) or bool(_PAGE_NUMBER.fullmatch(line.text))


def _marks(line: _Line) -> set[str]:
    """The line, and the line with each of its numbers counted from its page: a footer counts the pages.

    Numbers that do anything else stay, for the rows of a table differ in nothing but their numbers.
    """
    text = line.text.casefold()
    counted = ((number, int(number[0]) - line.page) for number in _NUMBER.finditer(text))
    return {text, *(f"{text[: number.start()]}#{count}{text[number.end() :]}" for number, count in counted)}


def _is_title(lines: Sequence[_Line]) -> bool:
    """Whether a byline stands under the first of two lines: then it is the title, which later pages repeat."""
    opening = read_opening([line.text for line in lines])
    return opening.lines > 1 and opening.author is not None


def _draft(lines: list[_Line], pages: int, title: str) -> Draft:
    top = [line.text for line in lines[:8]]
    opening = read_opening(top, title, title_lines=3)
    titled = 0 if opening.lines else lines_of_title(top, title)
    paragraphs = _paragraphs(lines[opening.lines + titled :])
    if titled:
        paragraphs.insert(0, lines[:titled])
    blocks = [Block(_flowing(lines), heading) for lines, heading in _marked(paragraphs, titled)]
    text, sections = composed(blocks)
    offsets = _page_starts(paragraphs, starts(blocks), pages, len(text))
    published = Dated(opening.day, "byline") if opening.day else None
    return Draft(text, sections, offsets, title or opening.title, opening.author, published)


def _marked(paragraphs: list[list[_Line]], titled: int) -> list[tuple[list[_Line], bool]]:
    """The paragraphs, each with whether it is a heading: the title, or a line that reads as one with text under it."""
    width = _width([line for lines in paragraphs for line in lines])
    last = len(paragraphs) - 1
    return [
        (lines, bool(titled and not at) or (at < last and len(lines) == 1 and _heads(lines[0], width)))
        for at, lines in enumerate(paragraphs)
    ]


def _paragraphs(lines: list[_Line]) -> list[list[_Line]]:
    """The lines in paragraphs. A border is where a line ends a sentence with room to spare, or a heading stands."""
    width = _width(lines)
    paragraphs: list[list[_Line]] = []
    headed = False
    for at, line in enumerate(lines):
        before = lines[at - 1] if at else None
        fresh = before is None or headed or _border(before, line, width)
        after = lines[at + 1] if at + 1 < len(lines) else None
        headed = _starts_heading(before, line, after, fresh, width)
        if fresh or headed:
            paragraphs.append([])
        paragraphs[-1].append(line)
    return paragraphs


def _width(lines: Sequence[_Line]) -> int:
    """How many characters a full line of this document has."""
    lengths = sorted(len(line.text) for line in lines)
    return lengths[int(0.9 * (len(lengths) - 1))] if lengths else 0


def _border(before: _Line, line: _Line, width: int) -> bool:
    if line.text[0].islower():
        return False
    room = len(before.text) + 1 + len(line.text.split(maxsplit=1)[0]) < SHORT_LINE * width
    return line.text[0] in "•▪‣" or (line.apart and before.page == line.page) or (room and ends_sentence(before.text))


def _starts_heading(before: _Line | None, line: _Line, after: _Line | None, fresh: bool, width: int) -> bool:
    """A heading follows a finished sentence and is followed by a line that begins one."""
    ready = fresh or before is None or ends_sentence(before.text)
    return ready and _heads(line, width) and after is not None and not after.text[0].islower()


def _heads(line: _Line, width: int) -> bool:
    return is_heading(line.text) and len(line.text) <= HEADING_WIDTH * width


def _flowing(lines: Sequence[_Line]) -> str:
    """The lines as one, words that were broken at the end of a line made whole."""
    return "".join(_parts(lines))


def _parts(lines: Sequence[_Line]) -> list[str]:
    """What each line gives to the text: itself, and a space or the start of a word that the next one ends."""
    return [_led_on(line.text, after.text) for line, after in pairwise(lines)] + [lines[-1].text]


def _led_on(line: str, after: str) -> str:
    broken = len(line) > 1 and line[-1] in "-\u2010" and line[-2].islower() and after[0].islower()
    return line[:-1] if broken and not _AFTER_SUSPENDED.match(after) else f"{line} "


def _page_starts(paragraphs: list[list[_Line]], offsets: list[int], pages: int, end: int) -> tuple[int, ...]:
    """Where each page begins in the text; a page without text begins where the next one does."""
    first: dict[int, int] = {}
    for lines, offset in zip(paragraphs, offsets, strict=True):
        ends = accumulate((len(part) for part in _parts(lines)), initial=offset)
        for line, start in zip(lines, ends, strict=False):
            first.setdefault(line.page, start)
    found = [first.get(page, -1) for page in range(pages)]
    for page in reversed(range(pages)):
        if found[page] < 0:
            found[page] = found[page + 1] if page + 1 < pages else end
    return tuple(found)
