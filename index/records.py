"""Article, Passage and Hit: what flows through the index, and how their ids are made.

An article's id comes from where it was found, so it stays when the text is edited; its revision comes from what it
says. A passage's id comes from the article, the revision and its offsets, so writing it twice is harmless.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path


def digest(*parts: str | bytes) -> str:
    """SHA-256 of the parts, each preceded by its length so that no two lists of parts collide. 32 hex digits."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(str(len(data)).encode() + b":")
        state.update(data)
    return state.hexdigest()[:32]


def sha256(file: Path) -> str:
    """SHA-256 of a file, 64 hex digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def article_id(source: str) -> str:
    """The id of the article found at `source` (an absolute path or a URL)."""
    return digest("article", source)


def passage_id(revision: str, start: int, end: int) -> str:
    """The id of the passage from `start` to `end` of a revision of an article."""
    return digest("passage", revision, f"{start}:{end}")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the range of the article's text that it stands over: from `start` to the next section's start.

    `start` is where the heading line itself begins, `body` where the text under it begins; a heading is shown and
    searched, but it is not part of any passage.
    """

    start: int
    body: int
    heading: str


@dataclass(frozen=True, slots=True)
class Article:
    """One article as indexed. Offsets anywhere in Footnote count characters of `text`.

    `published_from` names the evidence for the date ("JSON-LD", "meta tag", "feed", "URL", "byline", "file name", ...);
    a date without evidence is None, and an unknown date stays unknown. `modified` is the day of the last change that
    the article itself names, `fetched` when it was read, `url` its canonical address, `publisher` the name of the
    paper, site or feed that it appeared in. `pages` holds the start offset of each page of a paged document and is
    empty otherwise.
    """

    id: str
    source: str
    title: str
    text: str
    author: str | None = None
    published: date | None = None
    published_from: str | None = None
    fetched: datetime = field(default_factory=lambda: datetime.now(UTC))
    language: str | None = None
    pages: tuple[int, ...] = ()
    sections: tuple[Section, ...] = ()
    modified: date | None = None
    url: str | None = None
    publisher: str | None = None

    @property
    def revision(self) -> str:
        """Changes when anything a reader would see changes: text, title, author, date, headings, pages."""
        about = [self.title, self.author, str(self.published), self.published_from, self.language]
        about += [str(self.modified), self.url]
        # Not at all where it is unknown, so that what was stored before publishers were read stays what it was.
        about += [self.publisher] if self.publisher else []
        places = [self.pages, [(s.start, s.body, s.heading) for s in self.sections]]
        return digest("revision", self.id, json.dumps([about, places]), self.text)


@dataclass(frozen=True, slots=True)
class Passage:
    """A range of one revision of an article: `article.text[start:end] == text`, always. `page` counts from 1."""

    id: str
    article_id: str
    revision: str
    start: int
    end: int
    text: str
    heading: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """Where else a passage was published: what is said of another article that says the same."""

    source: str
    title: str
    published: date | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, with the article it stands in.

    `score` is higher for better and only comparable within one list of hits; `found_by` says which finder made it
    ("dense", "lexical", "dense+lexical"). `voice` is the name of the group of near-copies that the article belongs to,
    "" when there are none, and `also` the other articles of that group whose passage was left out for this one.
    """

    passage: Passage
    article: Article
    score: float
    found_by: str
    voice: str = ""
    also: tuple[Copy, ...] = ()

    @property
    def sources(self) -> tuple[str, ...]:
        """Where it was published: the article's own source, and those of its copies."""
        return self.article.source, *(copy.source for copy in self.also)

    @property
    def speaker(self) -> str:
        """Who says it: hits with different speakers are independent of one another."""
        return self.voice or self.article.id


@dataclass(frozen=True, slots=True)
class Overview:
    """What is searched: counts of what is live, the span of the known dates, and the generation they belong to."""

    articles: int
    passages: int
    first: date | None
    last: date | None
    undated: int
    generation: int
