"""What passes between a source of articles and the run that reads it: what was seen, what to read, what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from index.errors import NotAnArticle, UnreadableSource
from index.records import Article

# What a source remembers of another one from run to run, for itself alone: what a server said of a page, and when.
Memo = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalog remembers of a source since it was last looked at.

    `state` is "indexed", "skipped", "failed", or "opened" for what holds articles and is none itself: a feed, an
    archive. `part_of` is the opened source that it was found in. `twin` is the source whose article says the same,
    and stands for this one too.
    """

    digest: str
    state: str
    reason: str
    readers: str
    recipe: str | None  # of its live revision; None without one
    part_of: str = ""
    twin: str = ""
    memo: Memo = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A source that a scan met: `state` is "seen", "opened", or "skipped" or "failed" with the `problem` that says why.

    `digest` is that of its bytes, "" where they were not read. What is "opened" need not be read: the scan has looked
    into it already, and gives a sighting of each part.
    """

    source: str
    digest: str
    problem: str = ""
    state: str = "seen"
    part_of: str = ""
    memo: Memo = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """A file to be read as the article, or the articles, of `source`.

    `name` is a file name whose suffix says what to expect. The rest is what is known from outside the file: the `url`
    it was fetched from and when, what a feed or sitemap, as `evidence` says, says of it, and which `fields` of a record
    hold what.
    """

    source: str
    path: Path
    name: str
    url: str = ""
    fetched: datetime | None = None
    title: str = ""
    author: str = ""
    published: str = ""  # ISO 8601
    evidence: str = "feed"
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a source that was read.

    `state` is "indexed" with the `article`, "opened", or "skipped" or "failed" with the `reason`, which does not name
    the source. The readings of the parts of a source, which name it in `part_of`, come before its own.
    """

    source: str
    digest: str
    state: str
    reason: str = ""
    article: Article | None = None
    part_of: str = ""


class Source(Protocol):
    """Where articles come from: a folder of files, a feed, the documents of a question set."""

    def scan(self, known: Mapping[str, Known]) -> Iterator[Sighting]:
        """What is there now. `known` is everything the catalog remembers."""

    def read(self, sightings: Iterable[Sighting]) -> Iterator[Reading]:
        """What these sources say, in their order. A source that cannot be read is a reading too."""

    def covers(self, source: str) -> bool:
        """Whether the last scan would have met `source` if it still existed."""


def one_by_one(read: Callable[[str], Article], sightings: Iterable[Sighting]) -> Iterator[Reading]:
    """The readings of sources of one article each. A failure is no news of the bytes, so it is tried again."""
    for sighting in sightings:
        try:
            article = read(sighting.source)
        except NotAnArticle as error:
            yield Reading(sighting.source, sighting.digest, "skipped", str(error))
        except UnreadableSource as error:
            yield Reading(sighting.source, "", "failed", str(error))
        else:
            yield Reading(sighting.source, sighting.digest, "indexed", article=article)
