"""From the bytes of a file to its articles.

The formats are told apart by what the bytes are; the suffix only says what to expect.
"""

from __future__ import annotations

import errno
import math
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from index.errors import FootnoteError, NotAnArticle, UnreadableSource
from index.records import Article, Section, article_id, digest
from index.sentences import sentences
from index.sources.archive import declared
from index.sources.bundle import ZIP, read_zip
from index.sources.data_files import DATA_SUFFIXES, read_records
from index.sources.dates import EARLIEST, believable, day_in_name, day_in_url, day_of
from index.sources.decoding import text_of
from index.sources.draft import MAX_CHARACTERS, MIN_LANGUAGE_SAMPLE, Dated, Draft, Piece, collapsed
from index.sources.epub import read_epub
from index.sources.mail import read_mail
from index.sources.markdown import read_markdown
from index.sources.metadata import of_one_site
from index.sources.mhtml import SAVED, read_mhtml
from index.sources.odt import read_odt
from index.sources.pdf import MAGIC as PDF_MAGIC
from index.sources.pdf import read_pdf
from index.sources.plain import read_plain
from index.sources.rtf import MAGIC as RTF_MAGIC
from index.sources.rtf import read_rtf
from index.sources.sightings import Job, Reading
from index.sources.webpage import read_webpage
from index.sources.word import read_word

# Raised when a file that did not change would give another article, so that all are read again.
READERS_VERSION = "5"

PLAIN = {".txt", ".text"}
MARKDOWN = {".md", ".markdown"}
WEBPAGE = {".html", ".htm", ".xhtml"}
# They hold several articles.
LARGE = DATA_SUFFIXES | {ZIP}
# The reader of each format that is known by its suffix, and what a damaged file of it is called.
BY_SUFFIX: dict[str, tuple[Callable[[bytes, str], Draft], str]] = {
    ".docx": (read_word, "Word document"),
    ".odt": (read_odt, "OpenDocument text"),
    ".epub": (read_epub, "EPUB"),
    ".rtf": (read_rtf, "RTF document"),
    ".eml": (read_mail, "mail"),
    ".mhtml": (read_mhtml, "saved page"),
    ".mht": (read_mhtml, "saved page"),
}
SUFFIXES = PLAIN | MARKDOWN | WEBPAGE | LARGE | {".pdf"} | BY_SUFFIX.keys()

MAX_BYTES = 50_000_000
MAX_LARGE = 500_000_000
LIMITS = {suffix: MAX_LARGE if suffix in LARGE else MAX_BYTES for suffix in SUFFIXES}
MAX_TITLE_LINE = 120
MAX_TITLE = 80
# Enough to tell a language; more only takes longer.
LANGUAGE_SAMPLE = 5_000
# From how many bytes of its small words on, and with which lead, the language of a short text is sure. The lead is that
# of the logarithms of likelihood, divided by the root of the bytes, which keeps it alike for short and long. Tried on
# 9,306 English questions and 1,559 English answers of eight sets, 2026-11: of those long enough no question was taken
# for another language by a lead over 2.31, and no answer by one over 2.81.
SURE_BYTES, SURE_LEAD = 24, 3.0

_LETTERS = re.compile(r"[^\W\d_]+")
_WEBPAGE_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}>\s*)?<(?:!doctype\s+html|html)[\s>]", re.I)


def read(job: Job) -> Iterator[Reading]:
    """The article of a file, or the reason why there is none; of a file of several, each of them, and then the file.

    Runs where a fault of a parser does no harm.
    """
    key = ""
    try:
        data = plain_bytes(job.path, limit_of(job.name))
        key = digest(data)
        pieces = _pieces(data, job)
        if pieces is None:
            yield Reading(job.source, key, "indexed", article=article(job, drafted(data, Path(job.name))))
        else:
            yield from _opened(job, key, pieces)
    except MemoryError:  # this is of the process, which says so itself
        raise
    except Exception as error:
        yield unread(job, key, error)


def unread(job: Job, key: str, error: Exception, part_of: str = "") -> Reading:
    """The reading of what gave an error: the bytes of what failed are read again another time, so it has no digest."""
    if isinstance(error, NotAnArticle):
        return Reading(job.source, key, "skipped", str(error), part_of=part_of)
    # Parsers raise whatever a damaged file leads them to, RecursionError included.
    reason = f"damaged {_format(Path(job.name))}"
    if isinstance(error, FootnoteError | OSError):
        reason = said(error) if isinstance(error, OSError) else str(error)
    return Reading(job.source, "", "failed", reason, part_of=part_of)


def _pieces(data: bytes, job: Job) -> Iterator[Piece] | None:
    """The articles of a file that holds several; None for one of another format."""
    suffix = Path(job.name).suffix.lower()
    if suffix == ZIP:
        return read_zip(data, LIMITS, job.fields)
    return read_records(data, job.name, job.fields) if suffix in DATA_SUFFIXES else None


def _opened(job: Job, key: str, pieces: Iterator[Piece]) -> Iterator[Reading]:
    """The readings of the pieces, and then that of the file; a piece without a name is the file itself."""
    for piece in pieces:
        if not piece.name:
            yield _of_piece(job, piece, key)
            return
        name = Path(piece.name).name if piece.data else ""
        part = Job(f"{job.source}#{piece.name}", job.path, name, fetched=job.fetched)
        yield _of_piece(part, piece, piece.digest or (digest(piece.data) if piece.data else ""), part_of=job.source)
    yield Reading(job.source, key, "opened")


def _of_piece(part: Job, piece: Piece, key: str, part_of: str = "") -> Reading:
    if piece.problem:
        failed = piece.state == "failed"
        return Reading(part.source, "" if failed else key, piece.state, piece.problem, part_of=part_of)
    try:
        draft = piece.draft or drafted(piece.data, Path(part.name))
        return Reading(part.source, key, "indexed", article=article(part, draft), part_of=part_of)
    except MemoryError:
        raise
    except Exception as error:
        return unread(part, key, error, part_of)


def drafted(data: bytes, path: Path) -> Draft:
    """What the reader of its format makes of a file."""
    suffix, name = path.suffix.lower(), path.name
    if data.startswith(PDF_MAGIC) or (suffix == ".pdf" and PDF_MAGIC in data[:1024]):
        return read_pdf(data, name)
    if suffix == ".pdf":
        raise UnreadableSource("damaged PDF: it does not begin as one")
    suffix = _declared(data, suffix) or suffix
    if suffix in BY_SUFFIX:
        return BY_SUFFIX[suffix][0](data, name)
    if suffix in WEBPAGE or (suffix in PLAIN | MARKDOWN and _WEBPAGE_START.match(data)):
        return read_webpage(text_of(data, markup=True))
    text = text_of(data)
    _check_length(text)
    return read_markdown(text) if suffix in MARKDOWN else read_plain(text)


def _declared(data: bytes, suffix: str) -> str:
    """The suffix of the format that the bytes say they are, whatever the file is called; "" where they do not say."""
    if data.startswith(RTF_MAGIC):
        return ".rtf"
    return ".mhtml" if suffix == ".eml" and SAVED in data[:4096] else declared(data)


def article(job: Job, draft: Draft) -> Article:
    """The article that a draft makes, with its title, date and language settled. Raises NotAnArticle."""
    if not re.search(r"\w", draft.text):
        raise NotAnArticle("no text in it")
    _check_length(draft.text)
    language = draft.language or language_of(draft.text)
    draft = replace(draft, title=draft.title or job.title, author=draft.author or job.author or None)
    draft = draft if draft.title else titled(draft, language)
    dated = _dated(draft, job)
    return Article(
        id=article_id(job.source),
        source=job.source,
        title=draft.title,
        text=draft.text,
        author=draft.author,
        published=dated.day if dated else None,
        published_from=dated.evidence if dated else None,
        language=language,
        pages=draft.pages,
        sections=draft.sections,
        fetched=job.fetched or datetime.now(UTC),
        modified=_changed(draft.modified, dated),
        url=(draft.url if of_one_site(draft.url, job.url) else job.url) or None,
        publisher=draft.publisher or None,
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


def languages_differ(one: str, other: str) -> bool:
    """Whether two texts are surely in different languages; False where either is too short, or it is not sure.

    Told by the words without capitals: names say nothing of the language that they stand in.
    """
    texts = [_small_words(text[:LANGUAGE_SAMPLE]) for text in (one, other)]
    roots = [math.sqrt(len(text.encode("utf-8", "replace"))) for text in texts]
    if min(roots) < math.sqrt(SURE_BYTES):
        return False
    import py3langid

    scores = [dict(py3langid.rank(text)) for text in texts]
    names = [max(likely, key=lambda name: likely[name]) for likely in scores]
    leads = [
        (likely[own] - likely[others]) / root
        for likely, own, others, root in zip(scores, names, reversed(names), roots, strict=True)
    ]
    return bool(min(leads) >= SURE_LEAD)


def _small_words(text: str) -> str:
    """The words that are written small; in a text of mostly other scripts, which know no capitals, those of these."""
    words = _LETTERS.findall(text)
    cased = [word for word in words if word.lower() != word.upper()]
    others = [word for word in words if word.lower() == word.upper()]
    if sum(map(len, others)) > sum(map(len, cased)):
        return " ".join(others)
    return " ".join(word for word in cased if word == word.lower())


def _first_words(text: str, language: str | None) -> str:
    """The first sentence, cut between words when it is long."""
    sample = text.lstrip()[: 10 * MAX_TITLE]
    start, end = next(iter(sentences(sample, language)), (0, len(sample)))
    sentence = collapsed(sample[start:end])
    if len(sentence) <= MAX_TITLE:
        return sentence
    border = sentence.rfind(" ", 0, MAX_TITLE)
    return sentence[: border if border > 0 else MAX_TITLE - 1].rstrip(" ,;:–—-") + "…"


def _dated(draft: Draft, job: Job) -> Dated | None:
    """The best evidence of a day: what the article says for machines, then what is said of it, then its byline.

    The name of the file and the properties of the document come last.
    """
    today = datetime.now(UTC).date()
    said = draft.published
    evidence = (
        said if said and said.evidence != "byline" else None,
        _dated_by(day_of(job.published), job.evidence),
        _dated_by(day_in_url(job.url), "URL"),
        said,
        _dated_by(day_in_name(job.name), "file name"),
        _dated_by(draft.created, "document properties"),
    )
    return next((dated for dated in evidence if dated and believable(dated.day, today)), None)


def _changed(modified: date | None, dated: Dated | None) -> date | None:
    """The day of the last change; none before the article was published, a day of which time zones may take away."""
    earliest = dated.day - timedelta(days=1) if dated else EARLIEST
    known = believable(modified, datetime.now(UTC).date())
    return modified if modified and known and modified >= earliest else None


def _dated_by(day: date | None, evidence: str) -> Dated | None:
    return Dated(day, evidence) if day else None


def limit_of(name: str) -> int:
    """How many bytes a file of that name may have."""
    return LIMITS.get(Path(name).suffix.lower(), MAX_BYTES)


def plain_bytes(path: Path, most: int = MAX_BYTES) -> bytes:
    """The bytes of a plain file, at most so many. A link or a pipe put in its place after the scan is refused."""
    handle = os.open(
        path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UnreadableSource("not a plain file")
        data = file.read(most + 1)
    if len(data) > most:
        raise NotAnArticle(f"larger than {most // 1_000_000} MB")
    return data


def said(error: OSError) -> str:
    """What the operating system says, as the reason for a reader of the ledger."""
    if error.errno == errno.ENOENT:
        return "no longer there"
    return (error.strerror or str(error)).lower()


def _format(path: Path) -> str:
    suffix = path.suffix.lower()
    return "PDF" if suffix == ".pdf" else BY_SUFFIX[suffix][1] if suffix in BY_SUFFIX else "file"
