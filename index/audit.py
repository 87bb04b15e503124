"""What is wrong in a catalog: with the file, its articles, its full text and its vectors."""

from __future__ import annotations

import numpy as np

from index.blobs import are_vectors
from index.catalog import Catalog, article_as_stored, passage_as_stored
from index.database import PATIENCE, Error, Garbled, is_busy, is_damage, what_is_wrong
from index.lexical import fold
from index.records import Article


class Audit:
    """Looks at a catalog, and changes nothing in it."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._db = catalog.connection

    def integrity_problems(self) -> list[str]:
        """What SQLite itself finds wrong with the file, but for the words of the full text, which can be made again."""
        try:
            rows = [row[0] for row in self._db.execute("PRAGMA quick_check(5)")]
        except Error as error:
            if not is_damage(error):
                raise
            return [what_is_wrong(error)]
        return [row for row in rows if row != "ok" and "fts5" not in row.casefold()]

    def altered(self) -> list[str]:
        """Sources whose live article is not what was stored.

        Its revision and the ids and vector keys of its passages are computed anew from what stands here.
        """
        fingerprint = self._catalog.note("fingerprint") or ""
        rows = self._db.execute("SELECT number, source, revision FROM articles WHERE live ORDER BY source").fetchall()
        return [source for number, source, revision in rows if not self._as_stored(number, revision, fingerprint)]

    def holds(self, article: Article) -> bool:
        """Whether this, to the last letter, is the live article of its source, with its passages as they were made."""
        row = self._db.execute("SELECT number, revision FROM articles WHERE id = ? AND live", (article.id,)).fetchone()
        fingerprint = self._catalog.note("fingerprint") or ""
        return row is not None and row[1] == article.revision and self._as_stored(row[0], row[1], fingerprint)

    def bereft(self) -> list[str]:
        """Sources for which another is said to stand that has no live article."""
        rows = self._db.execute(
            "SELECT source FROM sources WHERE twin <> '' AND NOT EXISTS "
            "(SELECT 1 FROM articles a WHERE a.source = twin AND a.live) ORDER BY source"
        )
        return [row[0] for row in rows]

    def _as_stored(self, number: int, revision: str, fingerprint: str) -> bool:
        try:
            article = self._catalog.stored(number)
        except Garbled:
            return False
        rows = self._db.execute(
            'SELECT id, start, "end", heading, vector FROM passages WHERE article = ?', (number,)
        ).fetchall()
        return article_as_stored(article, revision) and all(
            passage_as_stored(article, revision, fingerprint, row) for row in rows
        )

    def full_text_agrees(self, wait: bool) -> bool:
        """Whether the words of the full-text index are those of its own rows.

        SQLite looks with the lock of a writer. While another holds it, this waits, or else takes the index for good.
        """
        self._db.execute(f"PRAGMA busy_timeout = {PATIENCE if wait else 0}")
        try:
            self._db.execute("INSERT INTO passages_text (passages_text) VALUES ('integrity-check')")
        except Error as error:
            if is_damage(error):
                return False
            if wait or not is_busy(error):
                raise
        finally:
            self._db.execute(f"PRAGMA busy_timeout = {PATIENCE}")
        return True

    def full_text_differences(self) -> int:
        """How many live passages and rows of the full text lack the other, or do not say the same."""
        rows = self._db.execute(
            'SELECT p.number, a.title, p.heading, substr(a.text, p.start + 1, p."end" - p.start), '
            "t.title, t.heading, t.body FROM passages p JOIN articles a ON a.number = p.article "
            "LEFT JOIN passages_text t ON t.rowid = p.number WHERE a.live"
        )
        wrong = sum((fold(title), fold(head), fold(text)) != tuple(have) for _, title, head, text, *have in rows)
        stray = self._db.execute(
            "SELECT count(*) FROM passages_text WHERE rowid NOT IN "
            "(SELECT p.number FROM passages p JOIN articles a ON a.number = p.article WHERE a.live)"
        ).fetchone()[0]
        return int(wrong + stray)

    def absent_vectors(self) -> int:
        """How many live passages have no vector stored at all; `damaged_vectors` names the others."""
        return self._catalog.live_passages_where("vector NOT IN (SELECT key FROM vectors)")

    def damaged_vectors(self) -> list[str]:
        """The keys of vectors of live passages that no model gave: they are too short or long, or not of length 1."""
        size = np.dtype(np.float32).itemsize * int(self._catalog.note("dimension") or 0)
        rows = self._db.execute(
            "SELECT key, vector FROM vectors WHERE key IN "
            "(SELECT p.vector FROM passages p JOIN articles a ON a.number = p.article WHERE a.live)"
        )
        return [key for key, vector in rows if not _is_vector(vector, size)]


def _is_vector(stored: object, size: int) -> bool:
    """Whether a stored value is a float32 vector of length 1, and of `size` bytes; 0 stands for any."""
    number = np.dtype(np.float32).itemsize
    if not isinstance(stored, bytes) or len(stored) % number or len(stored) != (size or len(stored)):
        return False
    return bool(are_vectors(np.frombuffer(stored, np.float32).reshape(1, -1)).all())
