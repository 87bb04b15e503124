"""What can still be read of a catalog whose file is damaged is written anew. Nothing is embedded.

Only pages whose checksum is right are read. What else there was is left out, and the next run reads it again: the
vectors that are left serve whichever texts have not changed. Full text, near-copies and indexes are made again.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from index.audit import Audit
from index.catalog import Catalog
from index.database import Connection, DamagedCatalog, Error, Garbled, is_damage, start_anew, unusable
from index.writer import holding

# Where the new catalog is made.
DRAFT = "rescue"
# What is copied, each in the order of its key. The rest is derived from these, or only served a rollback.
_KEYS = {
    "meta": "key",
    "followed": "location",
    "articles": "number",
    "passages": "number",
    "segments": "number",
    "vectors": "rowid",
    "sources": "source",
}
# Small, and nothing else says what stood in them.
_NEEDED = ("meta", "followed")


@dataclass(frozen=True, slots=True)
class Rescue:
    """What was the matter with a catalog, and how many sources are to be read again because of it."""

    damage: str
    unread: int


@dataclass(frozen=True, slots=True)
class _Gap:
    """What cannot be read of a table: all between two keys. None stands for its beginning or its end."""

    after: int | str | None
    before: int | str | None


def rescue(store: Path) -> Rescue | None:
    """Writes a damaged catalog anew, in one transaction, beside those who read; None for one that is not damaged.

    What could be rolled back to is given up. Raises FootnoteError when too little can be read, when there is no room,
    or when another process is writing.
    """
    try:
        with holding(store) as catalog:
            damage = Audit(catalog).integrity_problems()
            if not damage:
                return None
            shutil.rmtree(store / DRAFT, ignore_errors=True)
            try:
                with contextlib.closing(Catalog(store / DRAFT)) as draft:
                    unread = _copied(catalog.connection, draft, catalog.path)
                    catalog.overwrite(draft)
            finally:
                shutil.rmtree(store / DRAFT, ignore_errors=True)
            return Rescue(damage[0], unread)
    except DamagedCatalog as error:
        raise start_anew(error) from error


def _copied(old: Connection, draft: Catalog, path: Path) -> int:
    """Fills the draft with what can be read; how many sources are to be read again."""
    new = draft.connection
    new.execute("PRAGMA foreign_keys = OFF")
    with draft.transaction():
        gaps = {table: gap for table, key in _KEYS.items() if (gap := _copy(old, new, table, key))}
        lost = [table for table in _NEEDED if table in gaps]
        if lost:
            raise unusable(path, Garbled(f"its table {lost[0]} cannot be read"))
        if not _numbers_go_on(old, new) or "segments" in gaps:
            new.execute("UPDATE passages SET segment = NULL")
            new.execute("DELETE FROM segments")
        new.execute("DELETE FROM meta WHERE key = 'before'")  # what a rollback would need is not copied
        _leave_out_parts(new, gaps.get("passages"))
        unread = _sources_to_read(draft, "sources" in gaps)
    new.execute("PRAGMA foreign_keys = ON")
    draft.compare_all()
    draft.rebuild_full_text()
    return unread


def _copy(old: Connection, new: Connection, table: str, key: str) -> _Gap | None:
    """Copies a table from its beginning and, when a row cannot be read, from its end."""
    reached: list[int | str | None] = []
    for order in ("ASC", "DESC"):
        last = None
        try:
            for row in old.execute(f"SELECT {key}, * FROM {table} ORDER BY 1 {order}"):  # noqa: S608 - named above
                new.execute(f"INSERT OR REPLACE INTO {table} VALUES ({', '.join('?' * len(row[1:]))})", row[1:])  # noqa: S608
                last = row[0]
            return None
        except Error as error:
            if not is_damage(error):
                raise
            reached.append(last)
    return _Gap(*reached)


def _numbers_go_on(old: Connection, new: Connection) -> bool:
    """Has new passages numbered as they would have been; False when that cannot be read.

    Then segments may hold the number of a passage that is no more, and another would be taken for it.
    """
    try:
        highest = old.execute("SELECT seq FROM sqlite_sequence WHERE name = 'passages'").fetchone()
    except Error as error:
        if not is_damage(error):
            raise
        return False
    new.execute("DELETE FROM sqlite_sequence WHERE name = 'passages'")
    new.execute("INSERT INTO sqlite_sequence VALUES ('passages', ?)", highest or (0,))
    return True


def _leave_out_parts(new: Connection, gap: _Gap | None) -> None:
    """Leaves out what is not live, and the articles that have lost passages: they stand next to the gap, or have none.

    The passages of an article are numbered one after the other.
    """
    new.execute("DELETE FROM articles WHERE NOT live")
    if gap:
        new.execute(
            "DELETE FROM articles WHERE number IN (SELECT article FROM passages WHERE number IN (?, ?)) "
            "OR number NOT IN (SELECT article FROM passages)",
            (gap.after, gap.before),
        )
    new.execute("DELETE FROM passages WHERE article NOT IN (SELECT number FROM articles)")


def _sources_to_read(draft: Catalog, lines_lost: bool) -> int:
    """Has the next run read the sources whose article is left out; all of them when lines of the ledger are lost.

    Which those were is not known, and neither is what the others were part of.
    """
    new = draft.connection
    if lines_lost:
        new.execute("UPDATE sources SET digest = ''")
        new.execute(
            "INSERT OR IGNORE INTO sources SELECT source, '', 'indexed', '', '', '', '', '{}', '' FROM articles"
        )
        return int(new.execute("SELECT count(*) FROM sources").fetchone()[0])
    rows = new.execute(
        "SELECT source FROM sources WHERE state = 'indexed' AND twin = '' AND source NOT IN "
        "(SELECT source FROM articles)"
    )
    lost = [source for (source,) in rows]
    draft.distrust(lost)
    return len(lost)
