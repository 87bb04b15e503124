"""Feeds and sitemaps as sources of articles: which of what they list is new, changed, or due to be looked at again.

Nothing that leaves a feed or a sitemap leaves the index. A feed remembers how to ask whether it changed only when
everything in it was known already: a run that is stopped before its articles are in cannot make the next one miss them.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from urllib.parse import urlsplit

from index.errors import FootnoteError
from index.records import digest
from index.sources.addresses import canonical
from index.sources.apart import read_feed_apart
from index.sources.feeds import Entry
from index.sources.fetcher import Fetched
from index.sources.sightings import Known, Sighting
from index.sources.sitemaps import Listed, read_sitemap
from index.sources.web import Tools, Visits, had_article, is_stale, remembered, validators

ACCEPTED = (
    "application/atom+xml,application/rss+xml,application/rdf+xml,application/feed+json,application/xml;q=0.9,"
    "text/xml;q=0.9,*/*;q=0.8"
)
AGAIN = timedelta(days=1)
# Sitemaps within sitemaps, and how many sitemaps of a site one scan opens.
MAX_DEPTH = 2
MAX_OPENED = 50


class Reason(IntEnum):
    """Why an article is asked for, the most pressing first."""

    NEW = 0
    CHANGED = 1
    FAILED = 2
    STALE = 3
    DUE = 4


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An article to be asked for."""

    reason: Reason
    source: str
    entry: Entry
    before: Known | None

    @property
    def order(self) -> tuple[Reason, float]:
        """The newest first; of those that are only due again, the one that has waited longest."""
        if self.reason is Reason.DUE and self.before:
            return self.reason, _seconds(str(self.before.memo.get("checked", "")))
        return self.reason, -_seconds(self.entry.published or self.entry.updated)


class Listing(Visits):
    """The articles that a feed or a sitemap lists. Raises UsageError for what is no http(s) address.

    `limit` bounds the articles that one scan asks for; after it, `left` is how many at least wait for the next one. An
    article that gave no sign of a change is asked for again after the time `again`.
    """

    def __init__(self, url: str, tools: Tools, limit: int, again: timedelta = AGAIN) -> None:
        super().__init__(tools)
        self.url = canonical(url)
        self.left = 0
        self._limit = limit
        self._again = again
        self._budget = limit
        self._opened = 0
        self._known: Mapping[str, Known] = {}
        self._mine: dict[str, Known] = {}
        self._met: set[str] = set()

    def scan(self, known: Mapping[str, Known]) -> Iterator[Sighting]:
        """The feed or sitemap, then its articles: those of former scans too, whether it lists them or not."""
        self._gone.clear()
        self._met.clear()
        self.left, self._budget, self._opened = 0, self._limit, 0
        self._known = known
        self._mine = {source: before for source, before in known.items() if before.part_of == self.url}
        self._had = {source for source, before in self._mine.items() if had_article(before)}
        status = yield from self._document(Entry(self.url), 0)
        if status == 304:
            yield from self._nested([Entry(source) for source, k in self._mine.items() if k.memo.get("opens")], 1)
        yield from self._unmet(status)

    def _listed(self, answer: Fetched) -> Listed:
        """What the document lists. Raises UnreadableSource."""
        raise NotImplementedError

    def _belongs(self, source: str) -> bool:
        """Whether a listing at this address may speak for the source."""
        return True

    def _tells_of_changes(self, entry: Entry) -> bool:
        """Whether the article is taken to be as it was as long as its stamp is."""
        return False

    def _document(self, entry: Entry, depth: int) -> Generator[Sighting, None, int]:
        """The sightings of a feed or sitemap and of what it lists. Returns its status; 0 when it failed."""
        source, part_of = entry.url, self.url if depth else ""
        before = self._known.get(source)
        before = before if before and before.digest and before.state == "opened" else None
        memo = dict(before.memo) if before else {}
        self._met.add(source)
        if before and depth and memo.get("stamp") and entry.stamp in {"", memo["stamp"]}:
            yield Sighting(source, before.digest, "", "opened", part_of, memo)
            return 304
        self._opened += 1
        told = {"checked": self._now(), **({"opens": True} if depth else {})}
        try:
            answer = self._asked(source, memo, ACCEPTED)
            listed = None if answer.status == 304 else self._listed(answer)
        except FootnoteError as error:
            yield Sighting(source, "", str(error), "failed", part_of, {**memo, **told})
            return 0
        if listed is None:
            yield Sighting(source, before.digest if before else "", "", "opened", part_of, {**memo, **told})
            return 304
        wanted, kept = self._weighed(listed.entries)
        late = [want for want in wanted[self._budget :] if want.reason is not Reason.DUE]
        seen = Sighting(source, digest(answer.body), "", "opened", part_of, told)
        if all(want.reason > Reason.CHANGED for want in wanted) and self._all_met_before(listed.nested):
            stamp = {"stamp": entry.stamp} if entry.stamp else {}
            seen = replace(seen, memo={**told, **validators(answer), **stamp})
        yield seen
        self.left += len(late)
        yield from self._in_turn(wanted)
        yield from kept
        yield from self._nested(listed.nested, depth + 1)
        return answer.status

    def _weighed(self, entries: Iterable[Entry]) -> tuple[list[_Wanted], list[Sighting]]:
        """The articles to be asked for, the most pressing first, and the sightings of those that are not."""
        wanted: list[_Wanted] = []
        rest: list[Sighting] = []
        for entry in entries:
            source = self._source(entry)
            if not source or source in self._met:
                continue
            before = self._known.get(source)
            # What is followed by itself, or through another feed, is asked for there.
            if before and before.part_of != self.url:
                continue
            self._met.add(source)
            if not self._belongs(source):
                rest.append(Sighting(source, "", "on another site than the sitemap", "skipped", self.url))
            elif (reason := self._reason(entry, before)) is not None:
                wanted.append(_Wanted(reason, source, entry, before))
            elif before:
                rest.extend(self._as_it_was(source, before))
        return sorted(wanted, key=lambda want: want.order), rest

    def _source(self, entry: Entry) -> str:
        """What an article is known by: its address, or where it has none its mark in the feed."""
        if not entry.url:
            return f"{self.url}#{entry.guid}"
        try:
            return canonical(entry.url)
        except FootnoteError:
            return ""

    def _reason(self, entry: Entry, before: Known | None) -> Reason | None:
        if before is None:
            return Reason.NEW
        if entry.stamp and entry.stamp != before.memo.get("stamp"):
            return Reason.CHANGED
        if before.state == "failed":
            return Reason.FAILED
        if _to_be_read(before):
            return Reason.STALE
        return Reason.DUE if self._waited(before) and not self._tells_of_changes(entry) else None

    def _waited(self, before: Known) -> bool:
        checked = _seconds(str(before.memo.get("checked", "")))
        return self._tools.clock().timestamp() - checked >= self._again.total_seconds()

    def _in_turn(self, wanted: Iterable[_Wanted]) -> Iterator[Sighting]:
        """What is asked for, as far as the budget goes; what is not is as it was."""
        for want in wanted:
            if self._budget > 0 and not self._has_room:
                self.left += 1
                self._budget = 0
            if self._budget <= 0:
                yield from self._as_it_was(want.source, want.before) if want.before else ()
                continue
            self._budget -= 1
            if "#" in want.source:
                yield self._told_inside(want.source, want.entry, self.url)
            else:
                yield from self._visit(want.source, want.before, want.entry, self.url)

    def _as_it_was(self, source: str, before: Known) -> Iterator[Sighting]:
        """The sighting of what is not asked for; none where it would have to be read."""
        if before.state == "opened":
            yield Sighting(source, before.digest, "", "opened", self.url, before.memo)
        elif before.state == "failed" or not before.digest:
            state = before.state if before.state in {"failed", "skipped"} else "failed"
            yield Sighting(source, "", before.reason or "not read yet", state, self.url, before.memo)
        elif not is_stale(before):
            yield Sighting(source, before.digest, part_of=self.url, memo=before.memo)

    def _nested(self, entries: Iterable[Entry], depth: int) -> Iterator[Sighting]:
        """The sitemaps in a sitemap, as many as may be opened."""
        sources = {source: entry for entry in entries if (source := self._source(entry)) not in self._met}
        for source, entry in sorted(sources.items(), key=self._turn):
            problem = "" if self._belongs(source) else "on another site than the sitemap"
            problem = problem or (f"nested deeper than {MAX_DEPTH} sitemaps" if depth > MAX_DEPTH else "")
            if problem:
                self._met.add(source)
                yield Sighting(source, "", problem, "skipped", self.url, {"opens": True})
            elif self._opened <= MAX_OPENED and self._budget > 0:
                yield from self._document(replace(entry, url=source), depth)
            else:
                self.left += source not in self._known

    def _turn(self, nested: tuple[str, Entry]) -> tuple[bool, float]:
        """The new and the changed first, the newest before; then the one that was opened longest ago."""
        source, entry = nested
        memo = self._known[source].memo if source in self._known else {}
        if source not in self._known or entry.stamp != memo.get("stamp", ""):
            return False, -_seconds(entry.stamp)
        return True, _seconds(str(memo.get("checked", "")))

    def _all_met_before(self, nested: Iterable[Entry]) -> bool:
        return all(self._source(entry) in self._known for entry in nested)

    def _unmet(self, status: int) -> Iterator[Sighting]:
        """The articles of former scans that this one did not come across, those that failed tried again.

        When the feed itself failed nothing more is asked of its site. One that the feed no longer lists is tried once
        in a while.
        """
        for source, before in self._mine.items():
            if source in self._met:
                continue
            failed = before.state == "failed" and (status == 304 or self._waited(before))
            readable = "#" not in source and not before.memo.get("opens") and self._belongs(source)
            if status and readable and (failed or _to_be_read(before)):
                entry = remembered(source, before.memo)
                self.left += self._budget <= 0
                yield from self._in_turn([_Wanted(Reason.FAILED, source, entry, before)])
            else:
                yield from self._as_it_was(source, before)


class Feed(Listing):
    """The articles of an RSS, Atom or JSON feed, wherever they lie."""

    def __init__(self, url: str, tools: Tools, limit: int = 200, again: timedelta = AGAIN) -> None:
        super().__init__(url, tools, limit, again)

    def _listed(self, answer: Fetched) -> Listed:
        charset = f"; charset={answer.charset}" if answer.charset else ""
        return Listed(tuple(read_feed_apart(answer.body, answer.url, answer.content_type + charset)))


class Sitemap(Listing):
    """The articles of a site, from its sitemap or an index of its sitemaps; what lies on another site is left out."""

    evidence = "sitemap"

    def __init__(self, url: str, tools: Tools, limit: int = 500, again: timedelta = AGAIN) -> None:
        super().__init__(url, tools, limit, again)

    def _listed(self, answer: Fetched) -> Listed:
        return read_sitemap(answer.body, answer.url)

    def _belongs(self, source: str) -> bool:
        return _site(source) == _site(self.url)

    def _tells_of_changes(self, entry: Entry) -> bool:
        return bool(entry.updated)


def _site(url: str) -> str:
    return (urlsplit(url).hostname or "").removeprefix("www.")


def _to_be_read(before: Known) -> bool:
    """Whether it is to be read again though nothing says that it changed: by other readers, or for lack of trust."""
    return is_stale(before) or (before.state == "indexed" and not before.digest)


def _seconds(moment: str) -> float:
    """The moment as seconds since 1970; 0 for none."""
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        return 0.0
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
