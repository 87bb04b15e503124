"""The catalog: articles, passages, full text, vectors and segments. With the ledger it is the truth.

What is live changes in one transaction only, `publish`, which also raises the generation. Everything before it is
staged and invisible; everything after it is tidying. Chroma's segments hold nothing that is not here, so any of them
can be rebuilt without embedding. What a run takes out of sight is retired and not deleted, until the next run that
changes something: `roll_back` brings it back.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np

from index import copies
from index.blobs import unpacked
from index.database import as_written
from index.embedder import Vectors
from index.errors import DamagedIndex, FootnoteError
from index.ledger import Followed, Ledger, Outcome
from index.lexical import fold
from index.passages import embedded_text
from index.records import Article, Overview, Passage, Section, article_id, digest, passage_id
from index.schema import FULL_TEXT

# Rows of full text that are written between two looks at whether the run is to stop.
TEXT_BATCH = 200
# A file with a larger share of unused pages gives them back.
MAX_UNUSED = 0.1
# Shorter texts are the same only if title and date are too: a notice of one line may stand over many days.
MIN_SAME_TEXT = 200

# What is remembered of the model that made the vectors.
MODEL_NOTES = ("model", "fingerprint", "precision", "dimension")

# Whether passage p is in no segment.
NOWHERE = "(segment IS NULL OR segment NOT IN (SELECT number FROM segments))"
# Whether the vector of passage p is there and as long as it was; a damaged one counts as lost and is computed again.
# The length noted is that of what is live: what is staged may be of another model.
_WHOLE = """typeof(v.vector) = 'blob'
  AND length(v.vector) > 0 AND length(v.vector) % 4 = 0 AND (
    length(v.vector) = coalesce((SELECT 4 * value FROM meta WHERE key = 'dimension'), length(v.vector))
    OR EXISTS (SELECT 1 FROM articles s WHERE s.number = p.article AND NOT s.live))"""
HAS_VECTOR = f"EXISTS (SELECT 1 FROM vectors v WHERE v.key = p.vector AND {_WHOLE})"  # noqa: S608 - written above


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
    `notes` are remembered with it, and what is in `follow` is followed from now on. `run` is the number of the run:
    all publications of one run are rolled back together.
    """

    segment: NewSegment | None
    outcomes: Sequence[Outcome]
    gone: Sequence[str]
    readers: str
    notes: Mapping[str, str]
    follow: Sequence[Followed] = ()
    run: int = 0


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


class Catalog(Ledger):
    """A connection to the catalog of a store. Not to be shared between threads; opening one takes under 1 ms."""

    # Reading ------------------------------------------------------------------------------------------------------

    def last_run(self) -> int:
        """The number of the last run that changed what is searched."""
        return int(self.note("run") or 0)

    def edition(self) -> tuple[int | str, ...]:
        """Another for each publication, also in a store made anew, or fetched from another machine."""
        names = self._db.execute("SELECT name FROM segments ORDER BY number")
        return self.generation(), self.note("publication") or "", *(row[0] for row in names)

    def overview(self) -> Overview:
        """Counts and dates of what is live."""
        articles, first, last, undated = self._db.execute(
            "SELECT count(*), min(published), max(published), count(*) - count(published) FROM articles WHERE live"
        ).fetchone()
        passages = self._db.execute(
            "SELECT count(*) FROM passages JOIN articles ON article = articles.number WHERE live"
        ).fetchone()[0]
        return Overview(articles, passages, _day(first), _day(last), undated, self.generation())

    def segments(self) -> list[SegmentRow]:
        """The published segments, oldest first."""
        rows = self._db.execute(
            "SELECT s.number, s.name, s.passages, (SELECT count(*) FROM passages p JOIN articles a ON "
            "a.number = p.article WHERE p.segment = s.number AND a.live), s.checksums FROM segments s ORDER BY s.number"
        )
        with as_written("the list of segments"):
            return [SegmentRow(n, name, size, live, json.loads(sums)) for n, name, size, live, sums in rows]

    def live_passages(self, numbers: Iterable[int]) -> dict[int, tuple[Passage, Article]]:
        """The passages with these numbers that are live, each with its article; the others are left out.

        Passages of one article share one Article. Raises DamagedIndex when one is not what was stored: SQLite does not
        notice a letter that changes in its file, and nobody is to read it as a quotation.
        """
        found: dict[int, tuple[Passage, Article]] = {}
        articles: dict[int, Article] = {}
        fingerprint = self.note("fingerprint") or ""
        rows = self._db.execute(
            'SELECT p.number, p.article, a.revision, p.vector, p.id, p.start, p."end", p.heading, p.page '
            "FROM passages p JOIN articles a ON a.number = p.article "
            "WHERE a.live AND p.number IN (SELECT value FROM json_each(?))",
            (json.dumps(list(numbers)),),
        ).fetchall()
        for number, of, revision, vector, *about in rows:
            article = articles.get(of) or articles.setdefault(of, self._unaltered(of, revision))
            if not passage_as_stored(article, revision, fingerprint, (*about[:4], vector)):
                raise _altered(article)
            found[number] = (_passage((about[0], revision, *about[1:]), article), article)
        return found

    def _unaltered(self, number: int, revision: str) -> Article:
        article = self.stored(number)
        if not article_as_stored(article, revision):
            raise _altered(article)
        return article

    def are_live(self, numbers: Sequence[int]) -> set[int]:
        """Which of these passages are live."""
        rows = self._db.execute(
            "SELECT p.number FROM passages p JOIN articles a ON a.number = p.article "
            "WHERE a.live AND p.number IN (SELECT value FROM json_each(?))",
            (json.dumps(list(numbers)),),
        )
        return {row[0] for row in rows}

    def voices(self, articles: Sequence[str]) -> dict[str, str]:
        """The name of the group of near-copies of each of these live articles that is in one, by the article's id."""
        rows = self._db.execute(
            "SELECT id, voice FROM articles WHERE live AND voice <> '' AND id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(articles)),),
        )
        return dict(rows.fetchall())

    def says(self, source: str) -> str:
        """What `same_text` gave for the live article of a source; "" without one."""
        row = self._db.execute("SELECT says FROM articles WHERE source = ? AND live", (source,)).fetchone()
        return row[0] if row else ""

    def article(self, source: str) -> Article | None:
        """The live article found at `source`, or None."""
        row = self._db.execute("SELECT number FROM articles WHERE source = ? AND live", (source,)).fetchone()
        return self.stored(row[0]) if row else None

    def live_article(self, article: str) -> Article | None:
        """The live article with this id, or None. Raises DamagedIndex when it is not what was stored."""
        row = self._db.execute("SELECT number, revision FROM articles WHERE id = ? AND live", (article,)).fetchone()
        return self._unaltered(*row) if row else None

    def lexical(self, match: str, limit: int) -> list[tuple[int, float]]:
        """(passage number, BM25 score) of the live passages that match an FTS5 expression, best first.

        Higher is better. A word in the title or heading counts as much as one in the text. Of nothing else than what is
        live is there full text, and to look at the article of each match took three quarters of the time.
        """
        found: list[tuple[int, float]] = self._db.execute(
            "SELECT rowid, -bm25(passages_text) AS score FROM passages_text "
            "WHERE passages_text MATCH ? ORDER BY score DESC, rowid LIMIT ?",
            (match, limit),
        ).fetchall()
        return found

    def vectors(self, numbers: Sequence[int]) -> Vectors:
        """The vectors of these passages, float32 (len(numbers), dimension), in their order.

        Raises FootnoteError when one is missing, which `sync` computes, and DamagedIndex when one is none that a model
        gave.
        """
        found = self._vectors_where("TRUE", numbers)
        if not found.keys() >= set(numbers):
            raise FootnoteError("A vector is missing from the catalog", "`python -m index sync` computes it again.")
        return unpacked([found[number] for number in numbers])

    def stored_vectors(self, numbers: Sequence[int]) -> tuple[list[int], Vectors]:
        """Those of these passages whose vector is not lost, and these vectors, float32 (passages, dimension).

        Of none, the shape is (0, 0). Raises DamagedIndex when one is none that a model gave.
        """
        found = self._vectors_where(_WHOLE, numbers)
        return list(found), unpacked(list(found.values())) if found else np.zeros((0, 0), np.float32)

    def _vectors_where(self, condition: str, numbers: Sequence[int]) -> dict[int, bytes]:
        rows = self._db.execute(
            "SELECT p.number, v.vector FROM passages p JOIN vectors v ON v.key = p.vector "  # noqa: S608 - the conditions are written above
            f"WHERE p.number IN (SELECT value FROM json_each(?)) AND {condition}",
            (json.dumps(list(numbers)),),
        )
        return dict(rows.fetchall())

    def members(self, segment: int | None) -> list[int]:
        """The numbers of the passages in a segment, without retired ones; None for those in no segment yet.

        One whose vector is lost is left out: the others are found as before, and the next run computes it.
        """
        where, values = (NOWHERE, ()) if segment is None else ("segment = ?", (segment,))
        rows = self._db.execute(
            "SELECT p.number FROM passages p JOIN articles a ON a.number = p.article "  # noqa: S608
            f"WHERE NOT a.retired AND {where} AND {HAS_VECTOR} ORDER BY p.number",
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

    def without_vector(self, staged: bool = False) -> Iterator[tuple[str, str]]:
        """(vector key, text to embed) of each passage whose vector is not stored, each key once; of `staged` ones."""
        rows = self._db.execute(
            "SELECT p.vector, a.title, p.heading, "  # noqa: S608 - the condition is written above
            'substr(a.text, p.start + 1, p."end" - p.start) FROM articles a '
            # In this order: otherwise each round of a run looks for the vectors of all that is live.
            "CROSS JOIN passages p ON p.article = a.number "
            f"WHERE {'NOT a.live AND ' if staged else ''}NOT a.retired AND NOT {HAS_VECTOR} "
            "GROUP BY p.vector ORDER BY p.number"
        ).fetchall()
        for key, title, heading, text in rows:
            yield key, embedded_text(title, heading, text)

    def stored(self, number: int) -> Article:
        """The article with this number, live or not."""
        row = self._db.execute(
            "SELECT id, source, title, text, author, published, published_from, fetched, language, pages, sections, "
            "modified, url, publisher "
            "FROM articles WHERE number = ?",
            (number,),
        ).fetchone()
        with as_written(f"article {number}"):
            key, source, title, text, author, published, published_from, fetched, language, pages, sections, *rest = row
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
                modified=_day(rest[0]),
                url=rest[1],
                publisher=rest[2],
            )

    # Writing: only the holder of the writer's lock calls these ------------------------------------------------------

    def discard_staged(self) -> None:
        """Removes what an interrupted run staged. Its vectors stay, so nothing is embedded twice."""
        with self.transaction():
            self._delete_articles(f"number IN ({_STAGED})")

    def stage(self, article: Article, passages: Sequence[Passage], recipe: str, fingerprint: str) -> None:
        """Writes an article and its passages. Nothing of it is live before `publish`."""
        signature = copies.signature(article.text)
        with self.transaction():
            self._db.execute(
                "INSERT INTO articles (id, revision, recipe, live, source, title, text, author, published, "
                "published_from, fetched, language, pages, sections, modified, url, publisher, says, "
                "signature) VALUES (?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    article.id, article.revision, recipe, article.source, article.title, article.text, article.author,
                    _iso(article.published), article.published_from, article.fetched.isoformat(), article.language,
                    json.dumps(article.pages), json.dumps([(s.start, s.body, s.heading) for s in article.sections]),
                    _iso(article.modified), article.url, article.publisher, same_text(article), signature,
                ),
            )  # fmt: skip
            number = self._db.last_insert_rowid()
            self._note_bands(number, signature)
            self._db.executemany(
                "INSERT INTO passages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, NULL)",
                [
                    (number, p.id, p.start, p.end, p.heading, p.page,
                     vector_key(embedded_text(article.title, p.heading, p.text), fingerprint))
                    for p in passages
                ],
            )  # fmt: skip

    def standing(self, says: str, leaving: Iterable[str]) -> str | None:
        """A source whose article says this, staged or live; those `leaving` are live for this run only."""
        rows = self._db.execute("SELECT source, live FROM articles WHERE says = ? AND NOT retired ORDER BY 1", (says,))
        gone = set(leaving)
        return next((source for source, live in rows.fetchall() if not live or source not in gone), None)

    def stage_again(self, source: str, article: Article) -> None:
        """Stages an article that says what the live one of `source` does, split as that is. Nothing is embedded."""
        number, recipe = self._db.execute(
            "SELECT number, recipe FROM articles WHERE source = ? AND live", (source,)
        ).fetchone()
        rows = self._db.execute(
            'SELECT start, "end", heading, page FROM passages WHERE article = ? ORDER BY number', (number,)
        ).fetchall()
        of, revision = article.id, article.revision
        passages = [
            Passage(passage_id(revision, start, end), of, revision, start, end, article.text[start:end], heading, page)
            for start, end, heading, page in rows
        ]
        self.stage(article, passages, recipe, self.note("fingerprint") or "")

    def ending(self, outcomes: Sequence[Outcome], gone: Sequence[str]) -> dict[str, str]:
        """What the articles say that a publication of this with what is staged would retire, by their sources."""
        rows = self._db.execute(f"SELECT source, says FROM articles WHERE {_ENDING}", (_without(outcomes, gone),))  # noqa: S608
        return dict(rows.fetchall())

    def store_vectors(self, keys: Sequence[str], vectors: Vectors) -> None:
        """Keeps the vectors under their keys, in one transaction."""
        with self.transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO vectors VALUES (?, ?)",
                [(k, np.ascontiguousarray(v, np.float32).tobytes()) for k, v in zip(keys, vectors, strict=True)],
            )

    def publish(self, publication: Publication) -> None:
        """Makes everything staged live, and the segment that holds it, and raises the generation.

        The old revisions of what was staged, the articles of the sources that are gone, and those of sources that now
        have none of their own are retired. A source that failed keeps its old article.
        """
        with self.transaction():
            ending = self._numbers(_ENDING, _without(publication.outcomes, publication.gone))
            staged = self._numbers(f"number IN ({_STAGED})")
            if ending or staged:
                self._begin_run(publication.run)
            self._retire(ending, publication.run)
            self._make_live(staged, publication.run)
            self._group_copies()
            self._write_outcomes(publication.outcomes, publication.gone, publication.readers)
            if publication.segment:
                self._add_segment(publication.segment)
            self._drop_empty_segments()
            for key, value in publication.notes.items():
                self.remember(key, value)
            for followed in publication.follow:
                self.follow(followed)
            if publication.follow:
                self._forget("beginning")
            self._raise_generation()

    def retired(self) -> tuple[int, int]:
        """How many articles a rollback would bring back, and how many it would take away."""
        return len(self._numbers(_RETIRED)), len(self._numbers("live AND run = ?", self._run_to_undo()))

    def retired_members(self) -> list[int]:
        """The numbers of the retired passages that are in no segment any more, and whose vector is not lost."""
        rows = self._db.execute(
            "SELECT p.number FROM passages p JOIN articles a ON a.number = p.article "  # noqa: S608
            f"WHERE a.retired AND {NOWHERE} AND {HAS_VECTOR} ORDER BY p.number"
        )
        return [row[0] for row in rows]

    def roll_back(self, segment: NewSegment | None) -> None:
        """Brings back what the last run retired, with `segment`, and retires what it made live. Twice is nothing."""
        with self.transaction():
            run = self._run_to_undo()
            back, away = self._numbers(_RETIRED), self._numbers("live AND run = ?", run)
            notes = self._model_notes()
            before = json.loads(self.note("before") or "{}")
            self._retire(away, run + 1)
            self._make_live(back, run)
            self._group_copies()
            self._swap_sources()
            for key, value in before.items():
                self.remember(key, value)
            self.remember("before", json.dumps(notes))
            if segment:
                self._add_segment(segment)
            self._drop_empty_segments()
            self._raise_generation()

    def erase_retired(self) -> int:
        """Deletes what could be brought back, and gives how many articles that were. The bytes are overwritten."""
        self._db.execute("PRAGMA secure_delete = ON")
        with self.transaction():
            doomed = self._numbers(_RETIRED)
            self.remember("purged", uuid.uuid4().hex)
            self._forget_last_run()
            self._forget_unused_vectors()
        return len(doomed)

    def compact(self) -> bool:
        """Writes the file anew without what was deleted; whether its log could be emptied too.

        It cannot while somebody reads. A file of the version before gives unused pages back from then on.
        """
        self.rebuild_full_text()
        return self.rewrite()

    def replace_segments(self, old: Sequence[int], new: NewSegment | None) -> None:
        """Puts one segment in the place of several, in one transaction."""
        with self.transaction():
            self._db.executemany("UPDATE passages SET segment = NULL WHERE segment = ?", [(n,) for n in old])
            if new:
                self._add_segment(new)
            self._db.executemany("DELETE FROM segments WHERE number = ?", [(n,) for n in old])
            self._raise_generation()

    def tidy(self) -> None:
        """Removes the vectors that no passage uses, and gives unused pages of the file back."""
        with self.transaction():
            self._forget_unused_vectors()
        unused, pages = (self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
        if unused > MAX_UNUSED * pages:
            self._db.execute("PRAGMA incremental_vacuum").fetchall()

    def drop_vectors(self, keys: Sequence[str]) -> None:
        """Removes these vectors, and their passages from their segments, which may have been built from them."""
        with self.transaction():
            self._db.executemany("UPDATE passages SET segment = NULL WHERE vector = ?", [(key,) for key in keys])
            self._db.executemany("DELETE FROM vectors WHERE key = ?", [(key,) for key in keys])

    def rebuild_full_text(self) -> None:
        """Writes the full text anew from the live articles, in one transaction."""
        with self.transaction():
            self._db.execute("DROP TABLE passages_text")
            self._db.execute(FULL_TEXT)
            self._index_text(self._numbers("live"))
            self._raise_generation()

    def compare_all(self) -> None:
        """Finds the near-copies among the live articles, of which nothing is written down yet."""
        with self.transaction():
            for number, signature in self._db.execute("SELECT number, signature FROM articles WHERE live").fetchall():
                self._note_bands(number, signature)
                self._note_near_copies(number)
            self._group_copies()

    def _begin_run(self, run: int) -> None:
        """Forgets the run before, unless this one has begun already, and remembers the model as it was."""
        if run > self.last_run():
            self._forget_last_run()
            self.remember("run", str(run))
            self.remember("before", json.dumps(self._model_notes()))

    def _model_notes(self) -> dict[str, str]:
        return {key: self.note(key) or "" for key in MODEL_NOTES}

    def _forget_last_run(self) -> None:
        self._delete_articles(_RETIRED)
        self._db.execute("DELETE FROM sources_before")
        self._forget("before")

    def _run_to_undo(self) -> int:
        if not self.note("before"):
            raise FootnoteError(
                "There is no generation to go back to", "One is kept from each run that changes something."
            )
        return self.last_run()

    def _retire(self, numbers: Sequence[int], run: int) -> None:
        """Takes articles out of sight. What this run itself made live, no rollback brings back: it is deleted."""
        self._delete_text(numbers)
        self._db.executemany("UPDATE articles SET live = 0, retired = 1 WHERE number = ?", [(n,) for n in numbers])
        self._delete_articles(f"{_RETIRED} AND run = ?", run)

    def _make_live(self, numbers: Sequence[int], run: int) -> None:
        self._db.executemany(
            "UPDATE articles SET live = 1, retired = 0, run = ? WHERE number = ?", [(run, n) for n in numbers]
        )
        self._index_text(numbers)
        for number in numbers:
            self._note_near_copies(number)

    def _note_bands(self, number: int, signature: bytes) -> None:
        keys = set(copies.bands(signature))
        self._db.executemany("INSERT INTO bands VALUES (?, ?)", [(band, number) for band in keys])

    def _note_near_copies(self, number: int) -> None:
        """Writes down which other articles say nearly the same."""
        signature, published = self._db.execute(
            "SELECT signature, published FROM articles WHERE number = ?", (number,)
        ).fetchone()
        rows = self._db.execute(
            "SELECT number, signature, published FROM articles WHERE live AND number <> ?1 AND number IN "
            "(SELECT article FROM bands WHERE band IN (SELECT band FROM bands WHERE article = ?1))",
            (number,),
        ).fetchall()
        near = [
            other
            for other, theirs, day in rows
            if copies.near(copies.similarity(signature, theirs), _day(published), _day(day))
        ]
        self._db.executemany(
            "INSERT OR IGNORE INTO near_copies VALUES (?, ?)", [tuple(sorted((number, other))) for other in near]
        )

    def _group_copies(self) -> None:
        """Gives the live articles that say nearly the same one voice, and takes it from those that no longer do."""
        pairs = self._db.execute(
            "SELECT a.id, b.id FROM near_copies n JOIN articles a ON a.number = n.one "
            "JOIN articles b ON b.number = n.other WHERE a.live AND b.live"
        )
        before = dict(self._db.execute("SELECT id, voice FROM articles WHERE live AND voice <> ''").fetchall())
        now = copies.voices(pairs.fetchall())
        self._db.executemany(
            "UPDATE articles SET voice = ? WHERE id = ? AND live",
            [(now.get(key, ""), key) for key in before.keys() | now.keys() if before.get(key) != now.get(key)],
        )

    def _add_segment(self, new: NewSegment) -> None:
        row = (new.name, len(new.members), json.dumps(dict(new.checksums)))
        self._db.execute("INSERT INTO segments VALUES (NULL, ?, ?, ?)", row)
        number = self._db.last_insert_rowid()
        self._db.executemany("UPDATE passages SET segment = ? WHERE number = ?", [(number, m) for m in new.members])

    def _drop_empty_segments(self) -> None:
        """Forgets the segments without a live passage."""
        empty = self._db.execute(
            "SELECT number FROM segments WHERE NOT EXISTS (SELECT 1 FROM passages p JOIN articles a "
            "ON a.number = p.article WHERE p.segment = segments.number AND a.live)"
        ).fetchall()
        self._db.executemany("UPDATE passages SET segment = NULL WHERE segment = ?", empty)
        self._db.executemany("DELETE FROM segments WHERE number = ?", empty)

    def _raise_generation(self) -> None:
        self.remember("generation", str(self.generation() + 1))
        self.remember("publication", uuid.uuid4().hex)

    def _forget_unused_vectors(self) -> None:
        self._db.execute("DELETE FROM vectors WHERE key NOT IN (SELECT vector FROM passages)")

    def _numbers(self, where: str, *values: str | int) -> list[int]:
        """The numbers of the articles for which a condition holds."""
        rows = self._db.execute(f"SELECT number FROM articles WHERE {where} ORDER BY number", values)  # noqa: S608 - the conditions are written above
        return [row[0] for row in rows]

    def _delete_articles(self, where: str, *values: str | int) -> None:
        numbers = self._numbers(where, *values)
        self._delete_text(numbers)
        self._db.executemany("DELETE FROM articles WHERE number = ?", [(n,) for n in numbers])

    def _delete_text(self, numbers: Sequence[int]) -> None:
        self._db.executemany(
            "DELETE FROM passages_text WHERE rowid IN (SELECT number FROM passages WHERE article = ?)",
            [(n,) for n in numbers],
        )

    def _index_text(self, numbers: Sequence[int]) -> None:
        """Writes the full text of these articles: of what is live, and of nothing else, so that scores are its own."""
        for start in range(0, len(numbers), TEXT_BATCH):
            rows = self._db.execute(
                'SELECT p.number, a.title, p.heading, substr(a.text, p.start + 1, p."end" - p.start) '
                "FROM passages p JOIN articles a ON a.number = p.article "
                "WHERE a.number IN (SELECT value FROM json_each(?)) ORDER BY p.number",
                (json.dumps(numbers[start : start + TEXT_BATCH]),),
            ).fetchall()
            self._db.executemany(
                "INSERT INTO passages_text (rowid, title, heading, body) VALUES (?, ?, ?, ?)",
                [(row, fold(title), fold(heading), fold(text)) for row, title, heading, text in rows],
            )

    # What is not as it should be, which the next run mends ------------------------------------------------------------

    def missing_vectors(self) -> int:
        """How many live passages have no vector stored, or one of another length than it had."""
        return self.live_passages_where(f"NOT {HAS_VECTOR}")

    def unsearched(self) -> int:
        """How many live passages have a vector and stand in no segment."""
        return self.live_passages_where(f"{NOWHERE} AND {HAS_VECTOR}")

    def live_passages_where(self, condition: str) -> int:
        """How many live passages p there are for which an SQL condition holds."""
        row = self._db.execute(
            f"SELECT count(*) FROM passages p JOIN articles a ON a.number = p.article WHERE a.live AND {condition}"  # noqa: S608 - the conditions are written in our own code
        ).fetchone()
        return int(row[0])


# In the words of the index of what is not live, and those below of the indexes of ids and sources: without them each
# look would read the text of every article.
_RETIRED = "NOT live AND retired = 1"
_STAGED = "SELECT number FROM articles WHERE NOT live AND NOT retired"
# What a publication replaces, or takes away with its source.
_ENDING = (
    "number IN (SELECT number FROM articles WHERE live AND id IN "
    "(SELECT id FROM articles WHERE NOT live AND NOT retired) "
    "UNION SELECT number FROM articles WHERE live AND source IN (SELECT value FROM json_each(?)))"
)


def _without(outcomes: Sequence[Outcome], gone: Sequence[str]) -> str:
    """The sources that have no article of their own after this, as JSON."""
    return json.dumps([*gone, *(outcome.source for outcome in outcomes if outcome.without_article)])


def vector_key(text: str, fingerprint: str) -> str:
    """The key of the vector that the model with this fingerprint gives `text`."""
    return digest("vector", fingerprint, text)


def article_as_stored(article: Article, revision: str) -> bool:
    """Whether an article says what it said when it was stored under this revision."""
    return article.revision == revision and article.id == article_id(article.source)


def passage_as_stored(
    article: Article, revision: str, fingerprint: str, row: tuple[object, object, object, object, object]
) -> bool:
    """Whether a passage of it, (id, start, end, heading, key of its vector), is what was stored."""
    key, start, end, heading, vector = row
    return (
        isinstance(start, int)
        and isinstance(end, int)
        and 0 <= start < end <= len(article.text)
        and key == passage_id(revision, start, end)
        and vector == vector_key(embedded_text(article.title, str(heading), article.text[start:end]), fingerprint)
    )


def _altered(article: Article) -> DamagedIndex:
    return DamagedIndex(
        f"What is stored of {article.source} is damaged",
        "Run `python -m index check --repair`, then sync to read it again.",
    )


def same_text(article: Article) -> str:
    """Equal for two articles that are one under two names."""
    if len(article.text) >= MIN_SAME_TEXT:
        return digest("says", article.text)
    return digest("says", article.text, article.title, str(article.published))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    with as_written("a date"):
        return date.fromisoformat(text) if text else None


def _passage(row: Sequence[object], article: Article) -> Passage:
    # The revision is read and not computed: that would hash the whole text once for each of its passages.
    key, revision, start, end, heading, page = row
    assert isinstance(start, int)
    assert isinstance(end, int)
    text = article.text[start:end]
    return Passage(str(key), article.id, str(revision), start, end, text, str(heading), page)  # type: ignore[arg-type]
