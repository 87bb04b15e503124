"""The marked answers of a store, of all owners: their file, which of them rest on an article, and what an owner leaves.

A mark holds what an answer said and quoted, and what was chosen as right; no purge of the index reaches it. Who must
erase an article erases the marks that rest on it, and their lines of the sets. rag/evals/marks.py keeps and judges
them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from index.database import MARKS, Connection, Form
from index.following import place_of
from index.records import article_id, digest
from index.replica import EVALS
from rag.keeping import Keeping, keeping
from rag.stored import Named

# Where, in a store, question sets lie that its evals are to offer; and under its evals, the runs that are kept.
SETS, RUNS = "questions", "runs"
MARKED = "marked-in-conversations"
# The file of a set that was written by hand, or here.
QUESTIONS = "questions.jsonl"

_TABLE = """CREATE TABLE marks (
  owner BLOB NOT NULL,           -- as UTF-8
  id TEXT NOT NULL,
  marked TEXT NOT NULL,          -- ISO 8601 in UTC, all of one length
  record TEXT NOT NULL,          -- JSON, as rag/evals/marks.py writes it
  PRIMARY KEY (owner, id)
)"""


def _statements(version: int) -> list[str]:
    """Of version 1 there are files with and without owners: what has none is that of the only user, ""."""
    if not version:
        return [_TABLE]
    return [
        "ALTER TABLE marks RENAME TO earlier",
        _TABLE,
        # The inner owner is that of `e` or, where that has none, of `m`.
        """INSERT INTO marks
          SELECT (SELECT owner FROM earlier e WHERE e.rowid = m.number), id, marked, record
          FROM (SELECT rowid AS number, x'' AS owner, id, marked, record FROM earlier) m""",
        "DROP TABLE earlier",
    ]


FORM = Form(MARKS, 2, _statements, "Move it out of the store; the next answer that is marked begins a new one.")


@dataclass(frozen=True, slots=True)
class Found:
    """How many marked answers rest on an article, and of how many that cannot be told.

    `whole` is False after they were erased while somebody read the file, so that old pages may be in its log.
    """

    marks: int = 0
    untold: int = 0
    whole: bool = True


def set_of(owner: bytes) -> str:
    """The name of the folder of this owner's set."""
    return f"{MARKED}-{digest(owner)[:8]}" if owner else MARKED


def as_owner(name: str) -> bytes:
    """The name of an owner as the file has it."""
    return name.encode("utf-8", "surrogatepass")


def resting(place: Path | Keeping, article: str, texts: Collection[str] = ()) -> Found:
    """What rests on the article with this id, on the one found at this place, or on any in this folder or file.

    So do marks that rest on a text with one of these digests. Raises FootnoteError when the file cannot be used.
    """
    with keeping(place).reading(FORM) as db:
        meant, untold = _resting(db, article, texts) if db else ([], 0)
    return Found(len(meant), untold)


def forget(place: Path | Keeping, article: str, texts: Collection[str] = ()) -> Found:
    """Erases the marks that `resting` counts, and their lines of the sets in this store; the file is written anew.

    Raises FootnoteError when a file cannot be used; then nothing has changed.
    """
    kept = keeping(place)
    return replace(take_out(kept, article, texts), whole=kept.rewrite(FORM))


def take_out(kept: Keeping, article: str, texts: Collection[str] = ()) -> Found:
    """The same, but for writing the file anew."""
    with kept.writing(FORM, make=False) as db:
        if db is None:
            return Found()
        meant, untold = _resting(db, article, texts)
        for owner in {owner for owner, _ in meant}:
            names = [name for whose, name in meant if whose == owner]
            _take_out(kept.store / SETS / set_of(owner), names)
            for name in names:
                db.execute("DELETE FROM marks WHERE owner = :owner AND id = :id", {"owner": owner, "id": name})
    return Found(len(meant), untold)


def erase(place: Path | Keeping, owner: str) -> int:
    """Erases all that this owner marked, with the set, its runs and what was kept of them; how many marks there were.

    The file is not written anew. Raises FootnoteError when a file cannot be used.
    """
    kept, whose = keeping(place), as_owner(owner)
    store = kept.store
    for folder in (store / SETS / set_of(whose), store / EVALS / set_of(whose)):
        shutil.rmtree(folder, ignore_errors=True)
    for run in (store / EVALS / RUNS).glob("*.json"):
        if _set_asked(run) == set_of(whose):
            run.unlink(missing_ok=True)
    with kept.writing(FORM, make=False) as db:
        if db is None:
            return 0
        count = "SELECT count(*) FROM marks WHERE owner = :owner"
        erased = int(db.execute(count, {"owner": whose}).fetchone()[0])
        db.execute("DELETE FROM marks WHERE owner = :owner", {"owner": whose})
    return erased


def _resting(db: Connection, article: str, texts: Collection[str]) -> tuple[list[tuple[bytes, str]], int]:
    """Owner and id of each mark that rests on it, and of how many that cannot be told."""
    rows = [
        (owner, name, json.loads(record)) for owner, name, record in db.execute("SELECT owner, id, record FROM marks")
    ]
    place, named = place_of(article), {(owner, name): _named(record) for owner, name, record in rows}
    same = {*texts, *(one.text for ones in named.values() for one in ones if one.means(article, place))} - {""}
    meant = [mark for mark, ones in named.items() if any(one.means(article, place) or one.text in same for one in ones)]
    untold = sum(
        (owner, name) not in meant and bool(record["cited"]) and "rests_on" not in record
        for owner, name, record in rows
    )
    return meant, untold


def _named(record: Mapping[str, Any]) -> list[Named]:
    """The articles that the answer rested on, and those of what was chosen as right."""
    told = [*record.get("rests_on", ()), *record.get("judged_on", ())]
    sources = {place["source"] for place in (*record.get("gold", ()), *record.get("also", ()))}
    return [
        *(Named(tuple(one["names"]), one["text"]) for one in told),
        *(Named((article_id(source), source)) for source in sources),
    ]


def _take_out(folder: Path, names: Sequence[str]) -> None:
    """Writes the set anew without the questions of these ids; a set without a question is none."""
    place = folder / QUESTIONS
    if not place.exists():
        return
    left = [line for line in place.read_text(encoding="utf-8").splitlines(keepends=True) if _id(line) not in names]
    if not left:
        place.unlink()
        return
    draft = place.with_name(f"{QUESTIONS}.draft")
    draft.write_text("".join(left), encoding="utf-8")
    draft.replace(place)


def _id(line: str) -> str:
    try:
        return str(json.loads(line)["id"])
    except (KeyError, TypeError, ValueError):
        return ""


def _set_asked(run: Path) -> str:
    """The name of the set that a run file says it asked; "" when it says none."""
    try:
        return str(json.loads(run.read_bytes())["set"]["name"])
    except (OSError, KeyError, TypeError, ValueError):
        return ""
