"""Files as a source of articles: what is there, and what each says.

Nothing outside the folder is ever read: links are not followed, and a path is opened only if it is a plain file. The
formats are told apart by what the bytes are; the suffix only says what to expect.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from index.errors import FootnoteError, NotAnArticle, UnreadableSource, UsageError
from index.records import Article, Section, article_id, digest
from index.sentences import sentences
from index.sources.dates import believable, day_in_name
from index.sources.decoding import text_of
from index.sources.draft import MAX_CHARACTERS, Dated, Draft, collapsed
from index.sources.markdown import read_markdown
from index.sources.pdf import MAGIC as PDF_MAGIC
from index.sources.pdf import read_pdf
from index.sources.plain import read_plain
from index.sources.webpage import read_webpage
from index.sources.word import read_word

# Raised when a file that did not change would give another article, so that all are read again.
READERS_VERSION = "3"

PLAIN = {".txt", ".text"}
MARKDOWN = {".md", ".markdown"}
WEBPAGE = {".html", ".htm", ".xhtml"}
SUFFIXES = PLAIN | MARKDOWN | WEBPAGE | {".pdf", ".docx"}

MAX_BYTES = 50_000_000
MAX_TITLE_LINE = 120
MAX_TITLE = 80
# Enough to tell a language; more only takes longer.
LANGUAGE_SAMPLE = 5_000
MIN_LANGUAGE_SAMPLE = 40

_WEBPAGE_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html)[\s>]", re.I)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A source that a scan met: `state` is "seen", or "skipped" or "failed" with the `problem` that says why.

    `digest` is that of its bytes, "" where they were not read.
    """

    source: str
    digest: str
    problem: str = ""
    state: str = "seen"


class Files:
    """The articles in a file or a folder, at any depth. Raises UsageError when nothing is there."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self._unlisted: set[str] = set()
        if not self.root.exists():
            raise UsageError(f"{root} does not exist", "Check the spelling.")

    def scan(self) -> Iterator[Sighting]:
        """Every visible file, in the order of the names, one folder in memory at a time."""
        self._unlisted.clear()
        yield from self._folder(self.root) if self.root.is_dir() else self._file(self.root)

    def read(self, source: str) -> Article:
        """The article in the file. Raises NotAnArticle or UnreadableSource; the reason does not name the file."""
        path = Path(source)
        try:
            return article(source, drafted(_bytes(path), path))
        except FootnoteError:
            raise
        except OSError as error:
            raise UnreadableSource(_said(error)) from error
        # The parsers below raise whatever a damaged file leads them to, RecursionError and MemoryError included.
        except Exception as error:
            raise UnreadableSource(f"damaged {_format(path)}") from error

    def covers(self, source: str) -> bool:
        """Whether the source lies under the root, and not in a folder that the last scan could not look into."""
        return _lies_in(source, str(self.root)) and not any(_lies_in(source, folder) for folder in self._unlisted)

    def _folder(self, folder: Path) -> Iterator[Sighting]:
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            self._unlisted.add(str(folder))
            yield Sighting(_storable(folder), "", f"the folder cannot be listed: {_said(error)}", "failed")
            return
        for entry in entries:
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            path = Path(entry.path)
            yield from self._folder(path) if entry.is_dir(follow_symlinks=False) else self._file(path)

    def _file(self, path: Path) -> Iterator[Sighting]:
        """The sighting of a plain file; none for a pipe, a device, a socket, or what vanished meanwhile."""
        source = _storable(path)
        try:
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                yield _refused(path, source, status.st_size) or Sighting(source, digest(_bytes(path)))
        except FileNotFoundError:
            return
        except (OSError, FootnoteError) as error:
            yield Sighting(source, "", _said(error) if isinstance(error, OSError) else str(error), "failed")


def drafted(data: bytes, path: Path) -> Draft:
    """What the reader of its format makes of a file."""
    suffix, name = path.suffix.lower(), path.name
    if data.startswith(PDF_MAGIC) or (suffix == ".pdf" and PDF_MAGIC in data[:1024]):
        return read_pdf(data, name)
    if suffix == ".pdf":
        raise UnreadableSource("damaged PDF: it does not begin as one")
    if suffix == ".docx":
        return read_word(data, name)
    if suffix in WEBPAGE or (suffix in PLAIN | MARKDOWN and _WEBPAGE_START.match(data)):
        return read_webpage(text_of(data, markup=True))
    text = text_of(data)
    _check_length(text)
    return read_markdown(text) if suffix in MARKDOWN else read_plain(text)


def article(source: str, draft: Draft) -> Article:
    """The article that a draft makes, with its title, date and language settled. Raises NotAnArticle."""
    if not re.search(r"\w", draft.text):
        raise NotAnArticle("no text in it")
    _check_length(draft.text)
    language = language_of(draft.text)
    draft = draft if draft.title else titled(draft, language)
    dated = _dated(draft, Path(source).name)
    return Article(
        id=article_id(source),
        source=source,
        title=draft.title,
        text=draft.text,
        author=draft.author,
        published=dated.day if dated else None,
        published_from=dated.evidence if dated else None,
        language=language,
        pages=draft.pages,
        sections=draft.sections,
    )


def _check_length(text: str) -> None:
    """Raises NotAnArticle; asked before parsing too, for 5 MB of Markdown marks take 10 s and a gigabyte."""
    if len(text) > MAX_CHARACTERS:
        raise NotAnArticle(f"longer than {MAX_CHARACTERS:,} characters")


def titled(draft: Draft, language: str | None) -> Draft:
    """The draft with its first line for a title, where that reads as one, otherwise with its first words."""
    start = len(draft.text) - len(draft.text.lstrip())
    line, _, below = draft.text[start:].partition("\n")
    goes_on = below[:1].islower()
    if len(line) > MAX_TITLE_LINE or line.rstrip().endswith((".", ".”", '."', ".’")) or goes_on:
        return replace(draft, title=_first_words(draft.text, language))
    title, rest = collapsed(line), below.lstrip()
    known = any(section.start == start for section in draft.sections)
    alone = below.startswith("\n") or line.rstrip()[-1:] not in set("!?:;,…”\"'’")
    if known or not rest or not alone:
        return replace(draft, title=title)
    heading = Section(start, len(draft.text) - len(rest), title)
    return replace(draft, title=title, sections=(heading, *draft.sections))


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language; None for a text too short to tell. The only import of py3langid."""
    if len(text.strip()) < MIN_LANGUAGE_SAMPLE:
        return None
    import py3langid

    return str(py3langid.classify(text[:LANGUAGE_SAMPLE])[0])


def _first_words(text: str, language: str | None) -> str:
    """The first sentence, cut between words when it is long."""
    sample = text.lstrip()[: 10 * MAX_TITLE]
    start, end = next(iter(sentences(sample, language)), (0, len(sample)))
    sentence = collapsed(sample[start:end])
    if len(sentence) <= MAX_TITLE:
        return sentence
    border = sentence.rfind(" ", 0, MAX_TITLE)
    return sentence[: border if border > 0 else MAX_TITLE - 1].rstrip(" ,;:–—-") + "…"


def _dated(draft: Draft, name: str) -> Dated | None:
    """The best evidence of a day: the article's own, then the file's name, then the document's properties."""
    today = datetime.now(UTC).date()
    named = day_in_name(name)
    evidence = (
        draft.published,
        Dated(named, "file name") if named else None,
        Dated(draft.created, "document properties") if draft.created else None,
    )
    return next((dated for dated in evidence if dated and believable(dated.day, today)), None)


def _refused(path: Path, source: str, size: int) -> Sighting | None:
    """The sighting of a file that is not worth opening."""
    if source != str(path):
        return Sighting(source, "", "its name is not valid UTF-8; rename it", "failed")
    if path.suffix.lower() not in SUFFIXES:
        return Sighting(source, "", f"not an article format ({path.suffix.lower() or 'no suffix'})", "skipped")
    if not size:
        return Sighting(source, "", "empty file", "skipped")
    if size > MAX_BYTES:
        return Sighting(source, "", f"larger than {MAX_BYTES // 1_000_000} MB", "skipped")
    return None


def _bytes(path: Path) -> bytes:
    """The bytes of a plain file, at most MAX_BYTES. A link or a pipe put in its place after the scan is refused."""
    handle = os.open(
        path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UnreadableSource("not a plain file")
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise NotAnArticle(f"larger than {MAX_BYTES // 1_000_000} MB")
    return data


def _lies_in(source: str, folder: str) -> bool:
    return source == folder or source.startswith(folder.rstrip(os.sep) + os.sep)


def _storable(path: Path) -> str:
    """The path as text; bytes in a name that are no UTF-8 are replaced, for no database would take them."""
    return os.fsencode(path).decode("utf-8", "replace")


def _said(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "no longer there"
    return (error.strerror or str(error)).lower()


def _format(path: Path) -> str:
    return {".pdf": "PDF", ".docx": "Word document"}.get(path.suffix.lower(), "file")
