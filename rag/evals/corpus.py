"""The documents of a question set as a source of articles: corpus.jsonl, one {_id, title, text, metadata} per line.

It has the shape of a folder of files, so the index that is measured is made by the same sync as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import FootnoteError, NotAnArticle, UnreadableSource
from index.records import Article, article_id, digest
from rag.evals.jsonl import Line, Record, lines

if TYPE_CHECKING:
    from index.sources.sightings import Known, Reading, Sighting

FILE_NAME = "corpus.jsonl"

_DATE_FIELDS = ("date", "published", "published_at")
_PUBLISHER_FIELDS = ("publisher", "source")


class Corpus:
    """The documents of `folder`; of `documents` alone, when given. Keeps where each line begins, not what it says.

    Raises FootnoteError for a line that is not a document or an id that stands there twice.
    """

    def __init__(self, folder: Path, documents: frozenset[str] | None = None) -> None:
        self._file = folder.resolve() / FILE_NAME
        self.prefix = f"{self._file}#"
        self._offsets: dict[str, int] = {}
        for line in lines(self._file):
            record = line.record()
            document = record.value("_id", str)
            if document in self._offsets:
                raise record.wrong(f"the _id {document!r} stands there twice")
            record.value("text", str)
            self._offsets[document] = line.offset
        if documents is not None:
            self._offsets = {document: at for document, at in self._offsets.items() if document in documents}

    @property
    def documents(self) -> frozenset[str]:
        """The ids of the documents."""
        return frozenset(self._offsets)

    def scan(self, known: Mapping[str, Known]) -> Iterator[Sighting]:
        """Every document, in the order of the file."""
        from index.sources.sightings import Sighting  # here, because a report of a run needs no readers of files

        with self._file.open("rb") as file:
            for document, offset in self._offsets.items():
                file.seek(offset)
                yield Sighting(source=self.prefix + document, digest=digest(file.readline()))

    def read(self, sightings: Iterable[Sighting]) -> Iterator[Reading]:
        """The documents, in their order."""
        from index.sources.sightings import one_by_one

        return one_by_one(self.article, sightings)

    def article(self, source: str) -> Article:
        """The document as an article; a date that is not ISO 8601 stays unknown.

        Raises NotAnArticle for an empty document and UnreadableSource for one that is not, or no longer, there.
        """
        document = source.removeprefix(self.prefix)
        record = self._record(document)
        text, about = record.value("text", str), record.record("metadata")
        if not text.strip():
            raise NotAnArticle(f"{source} is empty")
        published = _published(about)
        return Article(
            id=article_id(source),
            source=source,
            title=record.value("title", str, ""),
            text=text,
            author=about.value("author", str, "") or None,
            publisher=_publisher(about),
            published=published,
            published_from="corpus metadata" if published else None,
        )

    def covers(self, source: str) -> bool:
        """Whether `source` names a line of this file."""
        return source.startswith(self.prefix)

    def _record(self, document: str) -> Record:
        if document not in self._offsets:
            raise UnreadableSource(f"{self._file} has no document {document!r}")
        try:
            with self._file.open("rb") as file:
                file.seek(self._offsets[document])
                record = Line(self._offsets[document], file.readline(), f"{FILE_NAME} {document}").record()
        except (OSError, FootnoteError) as error:
            raise UnreadableSource(f"{self._file} changed while it was read: {error}") from error
        if record.values.get("_id") != document:
            raise UnreadableSource(f"{self._file} changed while it was read", "Run it again.")
        return record


def day(text: str) -> date | None:
    """The day of an ISO 8601 date or time, also written with slashes; None for anything else."""
    try:
        return datetime.fromisoformat(text.strip().replace("/", "-")).date()
    except ValueError:
        return None


def _published(about: Record) -> date | None:
    days = (day(str(about.values.get(name) or "")) for name in _DATE_FIELDS)
    return next((found for found in days if found), None)


def _publisher(about: Record) -> str | None:
    said = (about.values.get(name) for name in _PUBLISHER_FIELDS)
    return next((name for name in said if isinstance(name, str) and name.strip()), None)
