"""The catalog, one SQLite file: sources, articles, passages, full text, vectors and segments. It is the truth.

What is live changes in one transaction only, `publish`, which also raises the generation. Everything before it is
staged and invisible; everything after it is tidying. Chroma's segments hold nothing that is not here, so any of them
can be rebuilt without embedding. A reader sees one generation for as long as its view is open, because SQLite in WAL
mode gives each read transaction a snapshot.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np

from index.embedder import Vectors
from index.errors import DamagedIndex, FootnoteError
from index.lexical import fold
from index.passages import embedded_text
from index.records import Article, Overview, Passage, Section, digest, passage_id

SCHEMA_VERSION = 1
FILE_NAME = "catalog.sqlite"
# Milliseconds that a write waits for another one.
PATIENCE = 30_000
# A vector is of length 1; in bfloat16 those of the packaged model were once kept with 0.9967 to 1.0037.
LENGTH_TOLERANCE = 0.01

_FULL_TEXT = """CREATE VIRTUAL TABLE passages_text USING fts5 (
  title, heading, body, tokenize = 'porter unicode61 remove_diacritics 2')"""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('generation', '0');
CREATE TABLE followed (location TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE sources (
  source TEXT PRIMARY KEY,
  digest TEXT NOT NULL,          -- of the bytes that were read; '' when they could not be
  state TEXT NOT NULL CHECK (state IN ('indexed', 'skipped', 'failed')),
  reason TEXT NOT NULL,
  readers TEXT NOT NULL          -- version of the code that turned the bytes into an article
) WITHOUT ROWID;
CREATE TABLE articles (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL, revision TEXT NOT NULL, recipe TEXT NOT NULL, live INTEGER NOT NULL,
  source TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, author TEXT, published TEXT, published_from TEXT,
  fetched TEXT NOT NULL, language TEXT, pages TEXT NOT NULL, sections TEXT NOT NULL
);
CREATE UNIQUE INDEX one_live_revision ON articles (id) WHERE live;
CREATE INDEX articles_of_source ON articles (source);
CREATE TABLE passages (
  number INTEGER PRIMARY KEY AUTOINCREMENT,  -- never given again: a segment still holds it when the passage is gone
  article INTEGER NOT NULL REFERENCES articles (number) ON DELETE CASCADE,
  id TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, heading TEXT NOT NULL, page INTEGER,
  vector TEXT NOT NULL,          -- key in vectors
  segment INTEGER REFERENCES segments (number)
);
CREATE INDEX passages_of_article ON passages (article);
CREATE INDEX passages_of_segment ON passages (segment);
CREATE INDEX passages_of_vector ON passages (vector);
CREATE TABLE vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL);
CREATE TABLE segments (
  number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, passages INTEGER NOT NULL, checksums TEXT NOT NULL)
"""


_NOWHERE = "(segment IS NULL OR segment NOT IN (SELECT number FROM segments))"
# Whether the vector of passage p is there and as long as it was; a damaged one counts as lost and is computed again.
# The length noted is that of what is live: what is staged may be of another model.
_HAS_VECTOR = """EXISTS (
  SELECT 1 FROM vectors v WHERE v.key = p.vector AND typeof(v.vector) = 'blob'
  AND length(v.vector) > 0 AND length(v.vector) % 4 = 0 AND (
    length(v.vector) = coalesce((SELECT 4 * value FROM meta WHERE key = 'dimension'), length(v.vector))
    OR EXISTS (SELECT 1 FROM articles s WHERE s.number = p.article AND NOT s.live)))"""


@dataclass(frozen=True, slots=True)
class Known:
    """What the catalog remembers of a source since it was last looked at."""

    digest: str
    state: str
    reason: str
    readers: str
    recipe: str | None  # of its live revision; None without one


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a source ended in a run: "indexed", "skipped" or "failed", with the reason when it was not indexed."""

    source: str
    digest: str
    state: str
    reason: str = ""

    @property
    def without_source(self) -> tuple[str, str, str]:
        """What would be written about the source."""
        return self.digest, self.state, self.reason


@dataclass(frozen=True, slots=True)
class NewSegment:
    """A segment that was built and probed and waits to be published: its directory, passage numbers and files."""

    name: str
    members: Sequence[int]
    checksums: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Publication:
    """What becomes true in one transaction, together with everything that is staged.

    `outcomes` are the sources read, `gone` those that are no more, `readers` the version of the code that read them,
    `notes` are remembered with it, and the locations in `follow` are followed from now on.
    """

    segment: NewSegment | None
    outcomes: Sequence[Outcome]
    gone: Sequence[str]
    readers: str
    notes: Mapping[str, str]
    follow: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A published segment: its directory's name, and the SHA-256 of each file in it.

    `passages` were put in, of which `live` still are.
    """

    number: int
    name: str
    passages: int
    live: int
    checksums: Mapping[str, str]


class _Garbled(sqlite3.DatabaseError):
    """A row holds what was never written there, such as a date that is none."""


@contextlib.contextmanager
def _as_written(what: str) -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError) as error:
        raise _Garbled(f"{what} is garbled: {error}") from error


class Catalog:
    """A connection to the catalog of a store. Not to be shared between threads; opening one takes under 1 ms."""

    def __init__(self, store: Path) -> None:
        self.path = store / FILE_NAME
        try:
            store.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._db.execute(f"PRAGMA busy_timeout = {PATIENCE}")
            self._prepare()
        except (sqlite3.Error, OSError) as error:
            raise unusable(self.path, error) from error

    def close(self) -> None:
        """Gives the connection back."""
        self._db.close()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        version = self._version()
        if version == 0:
            with self.transaction():
                if self._version() == 0:
                    for statement in [*_SCHEMA.split(";\n"), _FULL_TEXT]:
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif version > SCHEMA_VERSION:
            self._db.close()
            raise FootnoteError(
                f"{self.path} was made by a newer Footnote (its schema is {version}, this one knows {SCHEMA_VERSION})",
                "Update Footnote, or set FOOTNOTE_STORE to another folder to start a new index.",
            )

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside happens, or nothing does."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside belongs to one generation, whatever a writer publishes meanwhile.

        Raises FootnoteError when the file turns out to be damaged.
        """
        try:
            self._db.execute("BEGIN")
            self.generation()  # the first read is what takes the snapshot
            yield
        except sqlite3.Error as error:
            raise unusable(self.path, error) from error
        finally:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    # Reading ------------------------------------------------------------------------------------------------------

    def generation(self) -> int:
        """Rises by one with each publication."""
        return int(self.note("generation") or 0)

    def edition(self) -> tuple[int | str, ...]:
        """The generation with the names of its segments: another for each publication, also in a store made anew."""
        return self.generation(), *(row[0] for row in self._db.execute("SELECT name FROM segments ORDER BY number"))

    def note(self, key: str) -> str | None:
        """A remembered value, or None."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def overview(self) -> Overview:
        """Counts and dates of what is live."""
        articles, first, last, undated = self._db.execute(
            "SELECT count(*), min(published), max(published), count(*) - count(published) FROM articles WHERE live"
        ).fetchone()
        passages = self._db.execute(
            "SELECT count(*) FROM passages JOIN articles ON article = articles.number WHERE live"
        ).fetchone()[0]
        return Overview(articles, passages, _day(first), _day(last), undated, self.generation())

    def known(self) -> dict[str, Known]:
        """Every source the catalog remembers."""
        rows = self._db.execute(
            "SELECT s.source, s.digest, s.state, s.reason, s.readers, a.recipe "
            "FROM sources s LEFT JOIN articles a ON a.source = s.source AND a.live ORDER BY s.source"
        )
        return {source: Known(*rest) for source, *rest in rows}

    def followed(self) -> list[str]:
        """The files and folders that `sync` follows when none is named."""
        return [row[0] for row in self._db.execute("SELECT location FROM followed ORDER BY location")]

    def beginning(self) -> list[str]:
        """What a run that was stopped before its first publication had begun to index, and would have followed."""
        return list(json.loads(self.note("beginning") or "[]"))

    def segments(self) -> list[SegmentRow]:
        """The published segments, oldest first."""
        rows = self._db.execute(
            "SELECT s.number, s.name, s.passages, (SELECT count(*) FROM passages p WHERE p.segment = s.number), "
            "s.checksums FROM segments s ORDER BY s.number"
        )
        with _as_written("the list of segments"):
            return [SegmentRow(n, name, size, live, json.loads(sums)) for n, name, size, live, sums in rows]

    def live_passages(self, numbers: Iterable[int]) -> dict[int, tuple[Passage, Article]]:
        """The passages with these numbers that are live, each with its article; the others are left out.

        Passages of one article share one Article.
        """
        found: dict[int, tuple[Passage, Article]] = {}
        articles: dict[int, Article] = {}
        for number in numbers:
            row = self._db.execute(
                'SELECT p.article, p.id, a.revision, p.start, p."end", p.heading, p.page FROM passages p '
                "JOIN articles a ON a.number = p.article WHERE p.number = ? AND a.live",
                (number,),
            ).fetchone()
            if row:
                article = articles.get(row[0]) or articles.setdefault(row[0], self._article(row[0]))
                found[number] = (_passage(row[1:], article), article)
        return found

    def are_live(self, numbers: Sequence[int]) -> set[int]:
        """Which of these passages are live."""
        rows = self._db.execute(
            "SELECT p.number FROM passages p JOIN articles a ON a.number = p.article "
            "WHERE a.live AND p.number IN (SELECT value FROM json_each(?))",
            (json.dumps(list(numbers)),),
        )
        return {row[0] for row in rows}

    def article(self, source: str) -> Article | None:
        """The live article found at `source`, or None."""
        row = self._db.execute("SELECT number FROM articles WHERE source = ? AND live", (source,)).fetchone()
        return self._article(row[0]) if row else None

    def lexical(self, match: str, limit: int) -> list[tuple[int, float]]:
        """(passage number, BM25 score) of the live passages that match an FTS5 expression, best first.

        Higher is better. A word in the title or heading counts as much as one in the text.
        """
        return self._db.execute(
            "SELECT p.number, -bm25(passages_text) AS score FROM passages_text "
            "JOIN passages p ON p.number = passages_text.rowid JOIN articles a ON a.number = p.article "
            "WHERE passages_text MATCH ? AND a.live ORDER BY score DESC, p.number LIMIT ?",
            (match, limit),
        ).fetchall()

    def passages_with(self, match: str) -> int:
        """How many passages match an FTS5 expression."""
        return int(
            self._db.execute("SELECT count(*) FROM passages_text WHERE passages_text MATCH ?", (match,)).fetchone()[0]
        )

    def vectors(self, numbers: Sequence[int]) -> Vectors:
        """The vectors of these passages, float32 (len(numbers), dimension), in their order.

        Raises FootnoteError when one is missing, which `sync` computes, and DamagedIndex when they differ in length.
        """
        rows = [
            self._db.execute(
                "SELECT v.vector FROM passages p JOIN vectors v ON v.key = p.vector WHERE p.number = ?", (number,)
            ).fetchone()
            for number in numbers
        ]
        if None in rows:
            raise FootnoteError("A vector is missing from the catalog", "`python -m index sync` computes it again.")
        try:
            return np.stack([np.frombuffer(row[0], dtype=np.float32) for row in rows])
        except (TypeError, ValueError) as error:
            raise DamagedIndex(
                f"A vector in the catalog is damaged ({error})",
                "Run `python -m index check --repair` to take it out, then sync to compute it again.",
            ) from error

    def with_vector(self, numbers: Sequence[int]) -> list[int]:
        """Those of these passages whose vector is not lost."""
        rows = self._db.execute(
            f"SELECT p.number FROM passages p WHERE p.number IN (SELECT value FROM json_each(?)) AND {_HAS_VECTOR}",  # noqa: S608
            (json.dumps(list(numbers)),),
        )
        return [row[0] for row in rows]

    def members(self, segment: int | None) -> list[int]:
        """The numbers of the passages in a segment; None for those in no segment yet.

        One whose vector is lost is left out: the others are found as before, and the next run computes it.
        """
        where, values = (_NOWHERE, ()) if segment is None else ("segment = ?", (segment,))
        rows = self._db.execute(
            f"SELECT p.number FROM passages p WHERE {where} AND {_HAS_VECTOR} ORDER BY p.number",  # noqa: S608
            values,
        )
        return [row[0] for row in rows]

    def segment_of(self) -> dict[int, int | None]:
        """The segment of each passage, staged ones included."""
        return dict(self._db.execute("SELECT number, segment FROM passages"))

    def stale(self, recipe: str) -> list[str]:
        """Sources whose live article was split or embedded by another recipe."""
        rows = self._db.execute("SELECT source FROM articles WHERE live AND recipe <> ? ORDER BY source", (recipe,))
        return [row[0] for row in rows]

    def without_vector(self) -> Iterator[tuple[str, str]]:
        """(vector key, text to embed) of each passage whose vector is not stored yet, each key once."""
        rows = self._db.execute(
            "SELECT p.vector, a.title, p.heading, "  # noqa: S608 - the condition is written above
            'substr(a.text, p.start + 1, p."end" - p.start) FROM passages p '
            "JOIN articles a ON a.number = p.article "
            f"WHERE NOT {_HAS_VECTOR} GROUP BY p.vector ORDER BY p.number"
        ).fetchall()
        for key, title, heading, text in rows:
            yield key, embedded_text(title, heading, text)

    def _article(self, number: int) -> Article:
        row = self._db.execute(
            "SELECT id, source, title, text, author, published, published_from, fetched, language, pages, sections "
            "FROM articles WHERE number = ?",
            (number,),
        ).fetchone()
        with _as_written(f"article {number}"):
            key, source, title, text, author, published, published_from, fetched, language, pages, sections = row
            return Article(
                key,
                source,
                title,
                text,
                author,
                published=_day(published),
                published_from=published_from,
                fetched=datetime.fromisoformat(fetched),
                language=language,
                pages=tuple(json.loads(pages)),
                sections=tuple(Section(*s) for s in json.loads(sections)),
            )

    # Writing: only the holder of the writer's lock calls these ------------------------------------------------------

    def remember(self, key: str, value: str) -> None:
        """Keeps a value under `key`."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    def follow(self, location: str) -> None:
        """`sync` without a path looks here from now on."""
        self._db.execute("INSERT OR IGNORE INTO followed VALUES (?)", (location,))

    def begin(self, locations: Sequence[str]) -> None:
        """Remembers what is being indexed until it is followed."""
        self.remember("beginning", json.dumps(list(locations)))

    def unfollow(self, location: str) -> None:
        """`sync` without a path no longer looks here."""
        self._db.execute("DELETE FROM followed WHERE location = ?", (location,))

    def distrust(self, sources: Sequence[str]) -> None:
        """The next run reads these sources again, whether or not they have changed."""
        self._db.executemany("UPDATE sources SET digest = '' WHERE source = ?", [(source,) for source in sources])

    def discard_staged(self) -> None:
        """Removes what an interrupted run staged. Its vectors stay, so nothing is embedded twice."""
        with self.transaction():
            self._delete_articles("NOT live")

    def stage(self, article: Article, passages: Sequence[Passage], recipe: str, fingerprint: str) -> None:
        """Writes an article, its passages and their full text. Nothing of it is live before `publish`."""
        with self.transaction():
            number = self._db.execute(
                "INSERT INTO articles VALUES (NULL, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    article.id, article.revision, recipe, article.source, article.title, article.text, article.author,
                    article.published.isoformat() if article.published else None, article.published_from,
                    article.fetched.isoformat(), article.language, json.dumps(article.pages),
                    json.dumps([(s.start, s.body, s.heading) for s in article.sections]),
                ),
            ).lastrowid  # fmt: skip
            for p in passages:
                key = vector_key(embedded_text(article.title, p.heading, p.text), fingerprint)
                row = self._db.execute(
                    "INSERT INTO passages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, NULL)",
                    (number, p.id, p.start, p.end, p.heading, p.page, key),
                ).lastrowid
                self._index_text(row, article.title, p.heading, p.text)

    def store_vectors(self, keys: Sequence[str], vectors: Vectors) -> None:
        """Keeps the vectors under their keys, in one transaction."""
        with self.transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                [(k, np.ascontiguousarray(v, np.float32).tobytes()) for k, v in zip(keys, vectors, strict=True)],
            )

    def publish(self, publication: Publication) -> None:
        """Makes everything staged live, and the segment that holds it, and raises the generation.

        The old revisions of what was staged, the articles of the sources that are gone, and those of sources that are
        now skipped stop being live. A source that failed keeps its old article.
        """
        skipped = [o.source for o in publication.outcomes if o.state == "skipped"]
        with self.transaction():
            self._delete_articles("live AND id IN (SELECT id FROM articles WHERE NOT live)")
            self._delete_articles(
                "live AND source IN (SELECT value FROM json_each(?))", json.dumps([*publication.gone, *skipped])
            )
            self._db.execute("UPDATE articles SET live = 1 WHERE NOT live")
            self._db.executemany("DELETE FROM sources WHERE source = ?", [(s,) for s in publication.gone])
            self._db.executemany(
                "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?)",
                [(o.source, *o.without_source, publication.readers) for o in publication.outcomes],
            )
            if publication.segment:
                self._add_segment(publication.segment)
            self._db.execute(
                "DELETE FROM segments WHERE NOT EXISTS (SELECT 1 FROM passages WHERE segment = segments.number)"
            )
            for key, value in publication.notes.items():
                self.remember(key, value)
            for location in publication.follow:
                self.follow(location)
            if publication.follow:
                self._db.execute("DELETE FROM meta WHERE key = 'beginning'")
            self._raise_generation()

    def replace_segments(self, old: Sequence[int], new: NewSegment | None) -> None:
        """Puts one segment in the place of several, in one transaction."""
        with self.transaction():
            self._db.executemany("UPDATE passages SET segment = NULL WHERE segment = ?", [(n,) for n in old])
            if new:
                self._add_segment(new)
            self._db.executemany("DELETE FROM segments WHERE number = ?", [(n,) for n in old])
            self._raise_generation()

    def forget_vectors(self) -> None:
        """Removes the vectors that no passage uses."""
        self._db.execute("DELETE FROM vectors WHERE key NOT IN (SELECT vector FROM passages)")

    def drop_vectors(self, keys: Sequence[str]) -> None:
        """Removes these vectors, and their passages from their segments, which may have been built from them."""
        with self.transaction():
            self._db.executemany("UPDATE passages SET segment = NULL WHERE vector = ?", [(key,) for key in keys])
            self._db.executemany("DELETE FROM vectors WHERE key = ?", [(key,) for key in keys])

    def _add_segment(self, new: NewSegment) -> None:
        number = self._db.execute(
            "INSERT INTO segments VALUES (NULL, ?, ?, ?)", (new.name, len(new.members), json.dumps(dict(new.checksums)))
        ).lastrowid
        self._db.executemany("UPDATE passages SET segment = ? WHERE number = ?", [(number, m) for m in new.members])

    def _raise_generation(self) -> None:
        self.remember("generation", str(self.generation() + 1))

    def _delete_articles(self, where: str, *values: str) -> None:
        doomed = f"SELECT number FROM articles WHERE {where}"  # noqa: S608 - the conditions are written above
        in_doomed = f"IN (SELECT number FROM passages WHERE article IN ({doomed}))"  # noqa: S608
        self._db.execute(f"DELETE FROM passages_text WHERE rowid {in_doomed}", values)  # noqa: S608
        self._db.execute(f"DELETE FROM articles WHERE number IN ({doomed})", values)  # noqa: S608

    def _index_text(self, row: int | None, title: str, heading: str, text: str) -> None:
        self._db.execute(
            "INSERT INTO passages_text (rowid, title, heading, body) VALUES (?, ?, ?, ?)",
            (row, fold(title), fold(heading), fold(text)),
        )

    # Checking -------------------------------------------------------------------------------------------------------

    def integrity_problems(self) -> list[str]:
        """What SQLite itself finds wrong with the file."""
        rows = [row[0] for row in self._db.execute("PRAGMA quick_check(5)")]
        return [] if rows == ["ok"] else rows

    def altered(self) -> list[str]:
        """Sources whose live article is not what was stored.

        Its revision and the ids and vector keys of its passages are computed anew from what stands here.
        """
        fingerprint = self.note("fingerprint") or ""
        rows = self._db.execute("SELECT number, source, revision FROM articles WHERE live ORDER BY source").fetchall()
        return [source for number, source, revision in rows if not self._as_stored(number, revision, fingerprint)]

    def _as_stored(self, number: int, revision: str, fingerprint: str) -> bool:
        try:
            article = self._article(number)
        except _Garbled:
            return False
        rows = self._db.execute(
            'SELECT id, start, "end", heading, vector FROM passages WHERE article = ?', (number,)
        ).fetchall()
        return article.revision == revision and all(
            0 <= start < end <= len(article.text)
            and key == passage_id(revision, start, end)
            and vector == vector_key(embedded_text(article.title, heading, article.text[start:end]), fingerprint)
            for key, start, end, heading, vector in rows
        )

    def full_text_agrees(self, wait: bool) -> bool:
        """Whether the words of the full-text index are those of its own rows.

        SQLite looks with the lock of a writer. While another holds it, this waits, or else takes the index for good.
        """
        self._db.execute(f"PRAGMA busy_timeout = {PATIENCE if wait else 0}")
        try:
            self._db.execute("INSERT INTO passages_text (passages_text) VALUES ('integrity-check')")
        except sqlite3.OperationalError as error:
            if wait or not _busy(error):
                raise
        except sqlite3.DatabaseError:
            return False
        finally:
            self._db.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        return True

    def full_text_differences(self) -> int:
        """How many passages lack their row in the full text, or rows their passage, or hold other words than it."""
        rows = self._db.execute(
            'SELECT p.number, a.title, p.heading, substr(a.text, p.start + 1, p."end" - p.start), '
            "t.title, t.heading, t.body FROM passages p JOIN articles a ON a.number = p.article "
            "LEFT JOIN passages_text t ON t.rowid = p.number"
        )
        wrong = sum((fold(title), fold(head), fold(text)) != tuple(have) for _, title, head, text, *have in rows)
        stray = self._db.execute(
            "SELECT count(*) FROM passages_text WHERE rowid NOT IN (SELECT number FROM passages)"
        ).fetchone()[0]
        return int(wrong + stray)

    def rebuild_full_text(self) -> None:
        """Writes the full text anew from the articles, in one transaction."""
        with self.transaction():
            self._db.execute("DROP TABLE passages_text")
            self._db.execute(_FULL_TEXT)
            rows = self._db.execute(
                'SELECT p.number, a.title, p.heading, substr(a.text, p.start + 1, p."end" - p.start) '
                "FROM passages p JOIN articles a ON a.number = p.article"
            ).fetchall()
            for row in rows:
                self._index_text(*row)
            self._raise_generation()

    def missing_vectors(self) -> int:
        """How many live passages have no vector stored, or one of another length than it had."""
        return self._live_passages_where(f"NOT {_HAS_VECTOR}")

    def absent_vectors(self) -> int:
        """How many live passages have no vector stored at all; `damaged_vectors` names the others."""
        return self._live_passages_where("vector NOT IN (SELECT key FROM vectors)")

    def damaged_vectors(self) -> list[str]:
        """The keys of vectors of live passages that no model gave: they are too short or long, or not of length 1."""
        size = np.dtype(np.float32).itemsize * int(self.note("dimension") or 0)
        rows = self._db.execute(
            "SELECT key, vector FROM vectors WHERE key IN "
            "(SELECT p.vector FROM passages p JOIN articles a ON a.number = p.article WHERE a.live)"
        )
        return [key for key, vector in rows if not _is_vector(vector, size)]

    def unsearched(self) -> int:
        """How many live passages have a vector and stand in no segment."""
        return self._live_passages_where(f"{_NOWHERE} AND {_HAS_VECTOR}")

    def _live_passages_where(self, condition: str) -> int:
        row = self._db.execute(
            f"SELECT count(*) FROM passages p JOIN articles a ON a.number = p.article WHERE a.live AND {condition}"  # noqa: S608 - the conditions are written above
        ).fetchone()
        return int(row[0])


def existing(store: Path) -> Path:
    """The store itself. Raises FootnoteError when there is no catalog in it; looking at a store never makes one."""
    if not (store / FILE_NAME).exists():
        raise FootnoteError(f"There is no index in {store}", "Run `python -m index sync PATH` to make one.")
    return store


def vector_key(text: str, fingerprint: str) -> str:
    """The key of the vector that the model with this fingerprint gives `text`."""
    return digest("vector", fingerprint, text)


def unusable(path: Path, error: Exception) -> FootnoteError:
    """The error a user sees when the catalog file itself cannot be used."""
    if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
        return FootnoteError(
            f"{path} is damaged ({error})", "Move the store away and run `python -m index sync` to build a new index."
        )
    if _busy(error):
        return FootnoteError(
            f"{path} cannot be used now: another process is writing to it", "Try again when it is done."
        )
    return FootnoteError(
        f"{path} cannot be used ({error})", "Check that the folder exists, has room and may be written."
    )


def _busy(error: Exception) -> bool:
    """Whether another connection holds the lock; the low byte is the kind of error, the rest its details."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _is_vector(stored: object, size: int) -> bool:
    """Whether a stored value is a float32 vector of length 1, and of `size` bytes; 0 stands for any."""
    number = np.dtype(np.float32).itemsize
    if not isinstance(stored, bytes) or len(stored) % number or len(stored) != (size or len(stored)):
        return False
    vector = np.frombuffer(stored, np.float32).astype(np.float64)  # no square overflows
    return bool(abs(np.linalg.norm(vector) - 1) <= LENGTH_TOLERANCE)


def _day(text: str | None) -> date | None:
    with _as_written("a date"):
        return date.fromisoformat(text) if text else None


def _passage(row: Sequence[object], article: Article) -> Passage:
    # The revision is read and not computed: that would hash the whole text once for each of its passages.
    key, revision, start, end, heading, page = row
    assert isinstance(start, int)
    assert isinstance(end, int)
    text = article.text[start:end]
    return Passage(str(key), article.id, str(revision), start, end, text, str(heading), page)  # type: ignore[arg-type]
