"""The ledger: every source with how it ended, what is followed, and what the last run changed of it."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from index.database import Database, as_written
from index.sources.sightings import Known, Memo

# The period of articles that do not tell when they appeared.
UNDATED = "undated"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a source ended in a run: "indexed", "skipped", "failed" or "opened", with the reason when not indexed.

    `part_of` is the opened source that it was found in, `twin` the source whose article says the same.
    """

    source: str
    digest: str
    state: str
    reason: str = ""
    part_of: str = ""
    twin: str = ""
    memo: Memo = field(default_factory=dict)

    @property
    def without_article(self) -> bool:
        """Whether the source has no article of its own now; one that failed may keep its old one."""
        return bool(self.twin) or self.state in ("skipped", "opened")

    def same_as(self, before: Known, readers: str) -> bool:
        """Whether this is what the ledger says already, but for the memo."""
        was = (before.digest, before.state, before.reason, before.readers, before.part_of, before.twin)
        return was == (self.digest, self.state, self.reason, readers, self.part_of, self.twin)


@dataclass(frozen=True, slots=True)
class Followed:
    """Something that `sync` looks at when nothing is named: a file or folder, a page, a feed or a sitemap.

    `kind` is "files", "page", "feed" or "sitemap". `listed` says that it stands in sources.toml.
    """

    location: str
    kind: str = "files"
    options: Mapping[str, Any] = field(default_factory=dict)
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger: a source, how it ended and when, and what is known of its article.

    Of a source for which a twin stands, title and length are those of the twin's article; the rest is unknown.
    """

    source: str
    state: str
    reason: str
    seen: str
    part_of: str
    twin: str
    title: str
    author: str | None
    published: str | None
    published_from: str | None
    modified: str | None
    fetched: str | None
    language: str | None
    url: str | None
    characters: int
    copies: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A piece of the ledger: its lines, how many sources ended in each state, all pieces taken together, and places."""

    entries: tuple[Entry, ...] = ()
    states: Mapping[str, int] = field(default_factory=dict)
    followed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of something that is followed: how many of its sources are indexed, and how many are not.

    `looked` is when a sync looked at it last, ISO 8601, or "" when that is not known. `problem` is why it could not be
    reached then, or "".
    """

    followed: Followed
    indexed: int
    unread: int
    looked: str
    problem: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """How many of the live articles appeared in each month, "2024-03", in order, and how many tell no day."""

    months: tuple[tuple[str, int], ...] = ()
    undated: int = 0


class Ledger(Database):
    """The sources, and what is followed."""

    def known(self) -> dict[str, Known]:
        """Every source the catalog remembers."""
        rows = self._db.execute(
            "SELECT s.source, s.digest, s.state, s.reason, s.readers, a.recipe, s.part_of, s.twin, s.memo "
            "FROM sources s LEFT JOIN articles a ON a.source = s.source AND a.live ORDER BY s.source"
        )
        with as_written("the ledger"):
            return {row[0]: _known(row) for row in rows}

    def entries(
        self, state: str = "", like: str = "", limit: int = -1, offset: int = 0, period: str = ""
    ) -> list[Entry]:
        """Lines of the ledger, the failed first, then the skipped, then by name. What was only opened is left out.

        `like` is a piece of the source, the title, the author or the reason. `period` is the beginning of a day, such
        as "2024" or "2024-03", on which an article appeared, or UNDATED for those that tell none.
        """
        where, values = _chosen(state, like, period)
        order = "ORDER BY s.state = 'indexed', s.state, s.source"
        # The lines are chosen first: to count letters and copies of the others too would read every article there is.
        rows = self._db.execute(
            "SELECT s.source, s.state, s.reason, s.seen, s.part_of, s.twin, coalesce(a.title, ''), "  # noqa: S608 - the conditions are written below
            f"{_OWN}, coalesce(length(a.text), 0), "
            "(SELECT count(*) FROM articles c WHERE c.voice = a.voice AND c.voice <> '' AND c.id <> a.id AND c.live) "
            f"FROM {_LEDGER} WHERE s.source IN (SELECT s.source FROM {_LEDGER if like else 'sources s'} WHERE {where} "
            f"{order} LIMIT ? OFFSET ?) {order}",
            (*values, limit, offset),
        )
        return [Entry(*row) for row in rows]

    def listing(self, state: str = "", like: str = "", limit: int = -1, offset: int = 0, period: str = "") -> Listing:
        """Lines of the ledger as `entries` gives them, the states of all that are like it, and what is followed."""
        lines = self.entries(state, like, limit, offset, period)
        return Listing(tuple(lines), self.states(like, period), tuple(self.followed()))

    def states(self, like: str = "", period: str = "") -> dict[str, int]:
        """How many sources ended in each state; they sum to what was seen. What was only opened is left out."""
        where, values = _chosen("", like, period)
        places = _LEDGER if like else "sources s"
        rows = self._db.execute(f"SELECT s.state, count(*) FROM {places} WHERE {where} GROUP BY s.state", values)  # noqa: S608
        counted = dict(rows.fetchall())
        return {state: counted.get(state, 0) for state in ("indexed", "skipped", "failed")}

    def twins_of(self, sources: Iterable[str]) -> dict[str, list[str]]:
        """The sources whose text is, word for word, that of the article of one of these, by that one."""
        rows = self._db.execute(
            # Without the first condition the index of twins cannot be used.
            "SELECT twin, source FROM sources WHERE twin <> '' AND twin IN (SELECT value FROM json_each(?)) ORDER BY 2",
            (json.dumps(list(sources)),),
        )
        twins: dict[str, list[str]] = {}
        for twin, source in rows:
            twins.setdefault(twin, []).append(source)
        return twins

    def twins(self, sources: Iterable[str]) -> list[Outcome]:
        """How those ended for which the article of one of these stands, by name."""
        rows = self._db.execute(
            "SELECT source, digest, state, reason, part_of, twin, memo FROM sources "
            "WHERE twin <> '' AND twin IN (SELECT value FROM json_each(?)) ORDER BY source",
            (json.dumps(list(sources)),),
        )
        with as_written("the ledger"):
            return [
                Outcome(source, key, state, reason, part_of, twin, json.loads(memo))
                for source, key, state, reason, part_of, twin, memo in rows
            ]

    def followed(self) -> list[str]:
        """The locations that `sync` looks at when none is named."""
        return [followed.location for followed in self.following()]

    def following(self) -> list[Followed]:
        """The same, with what is known of each."""
        rows = self._db.execute("SELECT location, kind, options, listed FROM followed ORDER BY location")
        with as_written("the list of what is followed"):
            return [Followed(where, kind, json.loads(options), bool(listed)) for where, kind, options, listed in rows]

    def places(self) -> list[Place]:
        """What is followed, with what is known of each, by location."""
        looked, parts = self._looked(), self._parts()
        return [self._place(followed, parts, looked.get(followed.location, "")) for followed in self.following()]

    def _parts(self) -> dict[str, Counter[str]]:
        """How many of the parts of each opened source ended in each state, by that source."""
        parts: dict[str, Counter[str]] = {}
        for whole, state, count in self._db.execute(
            "SELECT part_of, state, count(*) FROM sources WHERE part_of <> '' AND state <> 'opened' GROUP BY 1, 2"
        ):
            parts.setdefault(whole, Counter())[state] = count
        return parts

    def _place(self, followed: Followed, parts: Mapping[str, Counter[str]], looked: str) -> Place:
        where = followed.location
        # What lies in a folder stands together, up to what would begin with the next sign; nothing lies in an address.
        inside = where if "://" in where else where.rstrip(os.sep) + os.sep
        rows = self._db.execute(
            "SELECT state, count(*) FROM sources WHERE source = ?1 OR (source > ?2 AND source < ?3) GROUP BY 1",
            (where, inside, inside if "://" in where else inside[:-1] + chr(ord(os.sep) + 1)),
        )
        states = Counter(dict(rows.fetchall())) + parts.get(where, Counter())
        failed = self._db.execute("SELECT reason FROM sources WHERE source = ? AND state = 'failed'", (where,))
        problem = (failed.fetchone() or ("",))[0]
        return Place(followed, states["indexed"], states["skipped"] + states["failed"] - bool(problem), looked, problem)

    def timeline(self) -> Timeline:
        """When the live articles appeared; 100,000 of them are counted in 80 ms."""
        rows = self._db.execute(
            # The first names the index that holds all of this, and without which each article would be read.
            "SELECT substr(published, 1, 7), count(*) FROM articles INDEXED BY articles_named WHERE live = 1 "
            "GROUP BY 1 ORDER BY 1"
        )
        months = dict(rows.fetchall())
        undated = months.pop(None, 0)
        return Timeline(tuple(months.items()), undated)

    def note_looked(self, locations: Iterable[str]) -> None:
        """Remembers that a sync has looked at these places now, and forgets the places that are followed no longer."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        looked = self._looked() | dict.fromkeys(locations, now)
        self.remember("looked", json.dumps({place: looked[place] for place in self.followed() if place in looked}))

    def _looked(self) -> dict[str, str]:
        with as_written("when a place was looked at"):
            return dict(json.loads(self.note("looked") or "{}"))

    def beginning(self) -> list[Followed]:
        """What a run that was stopped before its first publication had begun to index, and would have followed."""
        with as_written("what a run began with"):
            return [_followed(value) for value in json.loads(self.note("beginning") or "[]")]

    def begin(self, following: Sequence[Followed]) -> None:
        """Remembers what is being indexed until it is followed."""
        values = [[f.location, f.kind, dict(f.options), f.listed] for f in following]
        self.remember("beginning", json.dumps(values))

    def follow(self, followed: Followed) -> None:
        """`sync` without a path looks here from now on."""
        self._db.execute(
            "INSERT OR REPLACE INTO followed VALUES (?, ?, ?, ?)",
            (followed.location, followed.kind, json.dumps(dict(followed.options)), followed.listed),
        )

    def unfollow(self, location: str) -> None:
        """`sync` without a path no longer looks here."""
        self._db.execute("DELETE FROM followed WHERE location = ?", (location,))

    def distrust(self, sources: Sequence[str]) -> None:
        """The next run reads these sources again, with what they are part of, whether or not they have changed."""
        self._db.executemany(
            "UPDATE sources SET digest = '' WHERE source = ?1 "
            "OR source = (SELECT part_of FROM sources WHERE source = ?1 AND part_of <> '')",
            [(source,) for source in sources],
        )

    def ask_anew(self, sources: Iterable[str] | None = None) -> None:
        """The next run does not ask these opened sources, or all, whether they have changed, but for what they list.

        What lies in a sitemap is part of the outermost one, so the sitemaps in between are asked too.
        """
        which = "source IN (SELECT value FROM json_each(?1)) OR part_of IN (SELECT value FROM json_each(?1))"
        self._db.execute(
            "UPDATE sources SET memo = json_remove(memo, '$.etag', '$.last_modified', '$.stamp') "  # noqa: S608 - see above
            f"WHERE state = 'opened' AND ({'?1 IS NULL' if sources is None else which})",
            (None if sources is None else json.dumps(list(sources)),),
        )

    def note_memos(self, memos: Mapping[str, Memo]) -> None:
        """Keeps what sources remember for themselves. Nothing that is searched changes."""
        with self.transaction():
            self._db.executemany(
                "UPDATE sources SET memo = ? WHERE source = ?", [(json.dumps(dict(m)), s) for s, m in memos.items()]
            )

    def _keep_before(self, sources: Iterable[str]) -> None:
        """Keeps how these sources were before this run, unless it has changed them already."""
        self._db.executemany(
            "INSERT OR IGNORE INTO sources_before SELECT ?1, (SELECT json_array(source, digest, state, reason, "
            "readers, part_of, twin, memo, seen) FROM sources WHERE source = ?1)",
            [(source,) for source in sources],
        )

    def _write_outcomes(self, outcomes: Sequence[Outcome], gone: Sequence[str], readers: str) -> None:
        self._keep_before([*gone, *(outcome.source for outcome in outcomes)])
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._db.executemany("DELETE FROM sources WHERE source = ?", [(source,) for source in gone])
        self._db.executemany(
            "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (o.source, o.digest, o.state, o.reason, readers, o.part_of, o.twin, json.dumps(dict(o.memo)), now)
                for o in outcomes
            ],
        )

    def _swap_sources(self) -> None:
        """Puts the sources back as they were before the last run, and keeps how they are now in that place."""
        before = self._db.execute("SELECT source, row FROM sources_before").fetchall()
        self._db.execute("DELETE FROM sources_before")
        self._keep_before(source for source, _ in before)
        self._db.executemany("DELETE FROM sources WHERE source = ?", [(source,) for source, _ in before])
        self._db.executemany(
            "INSERT INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", [json.loads(row) for _, row in before if row]
        )
        # A feed that has not changed since is to be asked for what has come or gone again with this.
        swapped = self._db.execute(
            "SELECT part_of FROM sources WHERE source IN (SELECT source FROM sources_before) "
            "UNION SELECT json_extract(row, '$[5]') FROM sources_before WHERE row IS NOT NULL"
        )
        self.ask_anew([part_of for (part_of,) in swapped.fetchall() if part_of])


# What an article says of itself alone: when and where another appeared that says the same is not known.
_OWN = ", ".join(
    f"CASE WHEN s.twin = '' THEN a.{name} END"
    for name in ("author", "published", "published_from", "modified", "fetched", "language", "url")
)
_LEDGER = "sources s LEFT JOIN articles a ON a.live AND a.source = CASE WHEN s.twin = '' THEN s.source ELSE s.twin END"


def _chosen(state: str, like: str, period: str) -> tuple[str, list[str]]:
    """A condition on the ledger, and its values."""
    where, values = "s.state <> 'opened'", []
    if state:
        where, values = "s.state = ?", [state]
    if period:
        # A row holds the whole text before the day, so the index is asked which they are, once.
        days = "published IS NULL" if period == UNDATED else "published >= ? AND published < ? || '~'"
        dated = f"SELECT source FROM articles INDEXED BY articles_named WHERE live = 1 AND {days}"  # noqa: S608 - see above
        where += f" AND s.twin = '' AND s.source IN ({dated})"
        values += [] if period == UNDATED else [period, period]
    if like:
        pattern = _pattern(like)
        columns = ("s.source", "s.reason", "a.title", "a.author", "a.url")
        where += f" AND ({' OR '.join(f'{column} LIKE ? ESCAPE char(92)' for column in columns)})"
        values += [pattern] * len(columns)
    return where, values


def _pattern(text: str) -> str:
    """What LIKE takes, with char(92) to escape by, for whatever has this text in it."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _known(row: Sequence[Any]) -> Known:
    _, digest, state, reason, readers, recipe, part_of, twin, memo = row
    return Known(digest, state, reason, readers, recipe, part_of, twin, json.loads(memo))


def _followed(value: Any) -> Followed:  # noqa: ANN401 - JSON
    """From what `begin` wrote; the version before wrote the location alone."""
    return Followed(value) if isinstance(value, str) else Followed(*value)
