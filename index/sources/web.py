"""Pages on the web as sources of articles, and what pages, feeds and sitemaps share: asked for as seldom as can be.

An article is known by the address that it is linked by. What was heard of it is kept in its memo: `etag` and
`last_modified` to ask with, `checked` when that was, `stamp` what a feed or sitemap said of its last change, `said`
what else was said there, and `inside` where the text of the feed stands for a page that cannot be had.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from index.errors import FootnoteError, NotAnArticle
from index.records import article_id, digest
from index.sources.addresses import canonical
from index.sources.draft import collapsed
from index.sources.feeds import Entry
from index.sources.fetcher import PAGES, Fetched, Gone
from index.sources.kinds import Fetches, in_utf8, not_a_format, suffix_of
from index.sources.reading import MARKDOWN, PLAIN, READERS_VERSION, WEBPAGE
from index.sources.sightings import Job, Known, Memo, Reading, Sighting
from index.sources.webpage import page_around
from index.sources.workers import read_all

ReadAll = Callable[[Iterable[Job]], Iterator[Reading]]

# Characters. A feed's text that is shorter is taken for the summary of an article, and is none.
MIN_INSIDE = 500
MAX_NAME = 80
# Bytes that are fetched in one run, of all that is followed, before any of it is read. The rest waits for the next run.
MAX_SPOOLED = 1_000_000_000
_UNFIT = re.compile(r"[^\w.-]+")
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Tools:
    """What a source on the web works with.

    `spool` is the folder that keeps what was fetched until it is read; the run empties it.
    """

    fetcher: Fetches
    spool: Path
    read_all: ReadAll = read_all
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


class Visits:
    """Articles that are fetched one by one while the scan goes on, and read from the spool.

    `evidence` is what a title or a date from outside the page is owed to.
    """

    evidence = "feed"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._jobs: dict[str, Job] = {}
        self._inside: dict[str, Job] = {}
        self._gone: set[str] = set()
        self._had: set[str] = set()  # an article when they were last read

    def read(self, sightings: Iterable[Sighting]) -> Iterator[Reading]:
        """What these articles say. Those whose page holds no article, and whose feed tells it in full, come last."""
        bare: dict[str, Reading] = {}
        unfetched: list[Reading] = []
        asked: dict[str, Sighting] = {}
        for reading in self._tools.read_all(self._taken(sightings, asked, unfetched)):
            if reading.state != "indexed" and reading.source in self._inside:
                bare[reading.source] = reading
            else:
                yield self._ended(reading, asked[reading.source])
        for reading in self._tools.read_all([self._inside.pop(source) for source in bare]):
            sighting = asked[reading.source]
            read = reading.state == "indexed"
            yield self._ended(replace(reading, digest=sighting.digest) if read else bare[reading.source], sighting)
        yield from unfetched

    def covers(self, source: str) -> bool:
        """Whether its site said in the last scan that the source is gone for good; nothing else ends an article."""
        return source in self._gone

    def _ended(self, reading: Reading, sighting: Sighting) -> Reading:
        """The reading as the ledger has it: that a page shows no article today does not end the one it had."""
        failed = reading.state == "skipped" and reading.source in self._had
        state, key = ("failed", "") if failed else (reading.state, reading.digest)
        return replace(reading, state=state, digest=key, part_of=sighting.part_of)

    def _taken(
        self, sightings: Iterable[Sighting], asked: dict[str, Sighting], unfetched: list[Reading]
    ) -> Iterator[Job]:
        """The jobs of the sightings. What was not fetched, because it had not changed, is fetched now."""
        for sighting in sightings:
            source, problem = sighting.source, "the feed no longer lists it"
            if source not in self._jobs and "#" not in source:
                entry = remembered(source, sighting.memo)
                found = list(self._visit(source, None, entry, sighting.part_of))
                problem = next((s.problem for s in found), problem)
            job = self._jobs.pop(source, None)
            asked[source] = sighting
            if job:
                yield job
            else:
                unfetched.append(Reading(source, "", "failed", problem, part_of=sighting.part_of))

    def _visit(self, source: str, before: Known | None, entry: Entry, part_of: str = "") -> Iterator[Sighting]:
        """Asks for an article. No sighting when it was indexed, and its site now says that it is gone for good."""
        anew = before is None or not before.digest or before.state == "failed" or is_stale(before)
        memo = {} if before is None else dict(before.memo)
        told = {"checked": self._now(), **_told(entry)}
        had = before is not None and had_article(before)
        self._had.update([source] if had else [])
        try:
            answer = self._asked(source, {} if anew else memo)
        except Gone as error:
            if had:
                self._gone.add(source)
            else:
                yield Sighting(source, "", str(error), "skipped", part_of, told)
        except NotAnArticle as error:
            yield Sighting(source, "", str(error), "failed" if had else "skipped", part_of, told)
        except FootnoteError as error:
            inside = None if had and not memo.get("inside") else self._from_feed(source, entry)
            if inside:
                self._jobs[source] = inside
                key = digest(inside.path.read_bytes())
                yield Sighting(source, key, part_of=part_of, memo={**told, "inside": True})
            else:
                yield Sighting(source, "", str(error), "failed", part_of, {**memo, **told})
        else:
            if before is not None and answer.status == 304:
                yield Sighting(source, before.digest, part_of=part_of, memo={**memo, **told})
            else:
                yield self._seen(source, answer, entry, part_of, told)

    def _told_inside(self, source: str, entry: Entry, part_of: str) -> Sighting:
        """The sighting of an article that has no address of its own."""
        job = self._from_feed(source, entry)
        memo = {"checked": self._now(), **_told(entry)}
        if job is None:
            problem = "the feed gives neither its address nor its full text"
            return Sighting(source, "", problem, "skipped", part_of, memo)
        self._jobs[source] = job
        return Sighting(source, digest(job.path.read_bytes()), part_of=part_of, memo={**memo, "inside": True})

    def _asked(self, url: str, memo: Memo, accept: str = PAGES) -> Fetched:
        return self._tools.fetcher.get(url, str(memo.get("etag", "")), str(memo.get("last_modified", "")), accept)

    def _seen(self, source: str, answer: Fetched, entry: Entry, part_of: str, told: Memo) -> Sighting:
        """The sighting of a page that came, which is kept to be read."""
        suffix = suffix_of(answer)
        if suffix is None:
            state = "failed" if source in self._had else "skipped"
            return Sighting(source, "", not_a_format(answer), state, part_of, told)
        text = suffix in PLAIN | MARKDOWN | WEBPAGE
        body = in_utf8(answer.body, answer.charset) if text else answer.body
        path = self._spooled(f"{article_id(source)}{suffix}", body)
        self._jobs[source] = self._job(source, path, entry, _name_in(answer.url, suffix), canonical(answer.url))
        if inside := self._from_feed(source, entry):
            self._inside[source] = inside
        return Sighting(source, digest(body), part_of=part_of, memo={**told, **validators(answer)})

    def _from_feed(self, source: str, entry: Entry) -> Job | None:
        """The job of reading what the feed itself tells; None where that is no more than a summary."""
        if len(collapsed(_TAG.sub(" ", entry.content))) < MIN_INSIDE:
            return None
        page = page_around(entry.title, entry.content).encode("utf-8", "replace")
        path = self._spooled(f"{article_id(source)}-inside.html", page)
        return self._job(source, path, entry, "entry.html", entry.url)

    def _job(self, source: str, path: Path, entry: Entry, name: str, url: str) -> Job:
        return Job(
            source,
            path,
            name,
            url=url,
            fetched=self._tools.clock(),
            title=entry.title,
            author=entry.author,
            published=entry.published,
            evidence=self.evidence,
        )

    @property
    def _has_room(self) -> bool:
        """Whether more may be fetched before what is fetched is read."""
        try:
            with os.scandir(self._tools.spool) as files:
                return sum(file.stat().st_size for file in files) < MAX_SPOOLED
        except FileNotFoundError:
            return True

    def _spooled(self, name: str, data: bytes) -> Path:
        self._tools.spool.mkdir(parents=True, exist_ok=True)
        path = self._tools.spool / name
        path.write_bytes(data)
        return path

    def _now(self) -> str:
        return self._tools.clock().isoformat(timespec="seconds")


class Page(Visits):
    """One article, by its address. Raises UsageError for what is no http(s) address."""

    def __init__(self, url: str, tools: Tools) -> None:
        super().__init__(tools)
        self.url = canonical(url)

    def scan(self, known: Mapping[str, Known]) -> Iterator[Sighting]:
        """The page, when its site does not say that it is gone for good."""
        self._gone.clear()
        yield from self._visit(self.url, known.get(self.url), Entry(self.url))


def is_stale(before: Known) -> bool:
    """Whether it was read by readers of another version, so that it is to be read again."""
    return before.readers not in {"", READERS_VERSION}


def had_article(before: Known) -> bool:
    """Whether it gave an article, be it one that another source says too."""
    return bool(before.recipe or before.twin or before.state == "indexed")


def validators(answer: Fetched) -> dict[str, str]:
    """What to ask with the next time."""
    return {k: v for k, v in (("etag", answer.etag), ("last_modified", answer.last_modified)) if v}


def remembered(source: str, memo: Memo) -> Entry:
    """What a feed said of an article when it last listed it."""
    said = memo.get("said")
    said = said if isinstance(said, Mapping) else {}
    told = {key: str(said[key]) for key in ("title", "author", "published") if key in said}
    return Entry(source, updated=str(memo.get("stamp", "")), **told)


def _told(entry: Entry) -> dict[str, Any]:
    said = {"title": entry.title, "author": entry.author, "published": entry.published}
    said = {key: value for key, value in said.items() if value}
    return {**({"stamp": entry.stamp} if entry.stamp else {}), **({"said": said} if said else {})}


def _name_in(url: str, suffix: str) -> str:
    """A file name for what lies at the address: the last part of its path, with the suffix that fits what it is."""
    stem = PurePosixPath(unquote(urlsplit(url).path)).stem
    return (_UNFIT.sub("-", stem)[:MAX_NAME].strip(".-") or "page") + suffix
