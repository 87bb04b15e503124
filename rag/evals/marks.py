"""Answers that were marked as wrong: each is a question to be judged, and once it was, a question of a set.

They are in a file of their own in the store, or in a database (rag/keeping.py). What was judged of them is written into
the store as a question set, made anew with each change, so that it never says other than what is kept; what another
machine changed in a database is followed before the set is looked for. What purge takes away, evals can make again;
these nobody could, so they lie elsewhere and stay. A mark belongs to an owner, as conversations do, and so does the
set.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index.database import Connection
from index.errors import UsageError
from index.records import digest
from rag.answers import Answer
from rag.evals.collection import line
from rag.evals.scores import said
from rag.evals.sets import QUESTIONS
from rag.keeping import Keeping, keeping
from rag.kept_to import as_filters, kept_to
from rag.marked import FORM, SETS, as_owner, set_of
from rag.measured import Mark
from rag.stored import Named, named_by

ANSWERABLE, UNANSWERABLE = "answerable", "unanswerable"
# The kind, in the set, of a question that the articles answer.
KIND = "marked"
LONGEST_NOTE = 2_000


def name_of(answer: Answer) -> str:
    """The id that the mark of this answer has: the same question with the same answer is marked once.

    Of other articles it is another question.
    """
    asked, only = answer.question, as_filters(answer.question.only)
    kept = [json.dumps(only, sort_keys=True)] if only else []
    return digest("mark", asked.text, *asked.earlier, said(answer), *kept)[:16]


class Marks:
    """The marked answers of one owner, "" where there is only one user; one that is no name tells it when asked.

    `place` is the store, or where else they are kept. Safe for several threads and processes; looking never makes the
    file. All methods raise FootnoteError when the file cannot be used, and UsageError for a mark that is not there.
    """

    def __init__(
        self,
        place: Path | Keeping,
        owner: str | Callable[[], str] = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._kept = keeping(place)
        self._named = owner
        self._clock = clock

    @property
    def _owner(self) -> bytes:
        return as_owner(self._named if isinstance(self._named, str) else self._named())

    def require_owner(self) -> None:
        """Raises FootnoteError where the owner is not there any more, as one who was removed meanwhile."""
        _ = self._owner

    @property
    def folder(self) -> Path:
        """The folder of the question set; it holds one as soon as a question was judged."""
        return self._kept.store / SETS / set_of(self._owner)

    def listing(self) -> tuple[Mark, ...]:
        """All marks, the newest first."""
        newest = "SELECT id, record FROM marks WHERE owner = :owner ORDER BY marked DESC, id"
        with self._kept.reading(FORM) as db:
            rows = db.execute(newest, {"owner": self._owner}).fetchall() if db else []
        return tuple(_mark(name, json.loads(record)) for name, record in rows)

    def find(self, name: str) -> Mark:
        """The mark with this id."""
        with self._kept.reading(FORM) as db:
            if db is None:
                raise _unknown()
            return _mark(name, self._read(db, name))

    def names(self) -> frozenset[str]:
        """The ids of all marks."""
        find = "SELECT id FROM marks WHERE owner = :owner"
        with self._kept.reading(FORM) as db:
            rows = db.execute(find, {"owner": self._owner}).fetchall() if db else []
        return frozenset(name for (name,) in rows)

    def keep(self, answer: Answer, note: str = "") -> Mark:
        """Keeps the answer as one to be judged, once. Raises UsageError for an answer that is not done."""
        if not answer.done:
            raise UsageError("The answer is still being written", "Mark it when it is done.")
        name, record = name_of(answer), _record(answer, note[:LONGEST_NOTE], self._clock())
        with self._writing() as db:
            values = {"owner": self._owner, "id": name, "marked": record["marked"], "record": json.dumps(record)}
            db.execute("INSERT INTO marks VALUES (:owner, :id, :marked, :record) ON CONFLICT DO NOTHING", values)
            return _mark(name, self._read(db, name))

    def judge(
        self,
        name: str,
        verdict: str,
        answer: str = "",
        gold: Sequence[Mapping[str, Any]] = (),
        also: Sequence[Mapping[str, Any]] = (),
        rests_on: Sequence[Named] = (),
    ) -> Mark:
        """Keeps what is right: `gold` and `also` as a line of a written set has them, with titles; "" is no verdict.

        `rests_on` are the articles that these stand in.
        """
        judged = {"verdict": verdict, "answer": answer, "gold": list(gold), "also": list(also)}
        return self._changed(name, {**judged, "judged_on": _plain(rests_on)})

    def annotate(self, name: str, note: str) -> Mark:
        """Writes another note to a mark."""
        return self._changed(name, {"note": note.strip()[:LONGEST_NOTE]})

    def remove(self, name: str) -> None:
        """Takes a mark out again, with all that it holds."""
        with self._writing() as db:
            self._read(db, name)
            db.execute("DELETE FROM marks WHERE owner = :owner AND id = :id", {"owner": self._owner, "id": name})

    def follow(self) -> None:
        """Writes the set as it is now, where another machine may have changed what is kept."""
        if not self._kept.database:
            return
        with self._kept.writing(FORM, make=False) as db:
            if db:
                self._write_set(db)

    def _changed(self, name: str, values: Mapping[str, Any]) -> Mark:
        with self._writing() as db:
            record = {**self._read(db, name), **values}
            changed = "UPDATE marks SET record = :record WHERE owner = :owner AND id = :id"
            db.execute(changed, {"record": json.dumps(record), "owner": self._owner, "id": name})
            return _mark(name, record)

    def _read(self, db: Connection, name: str) -> dict[str, Any]:
        found = "SELECT record FROM marks WHERE owner = :owner AND id = :id"
        row = db.execute(found, {"owner": self._owner, "id": name}).fetchone()
        if row is None:
            raise _unknown()
        record: dict[str, Any] = json.loads(row[0])
        return record

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction, which ends with the set as it is then; when that cannot be written, nothing has changed."""
        with self._kept.writing(FORM) as db:
            yield db
            self._write_set(db)

    def _write_set(self, db: Connection) -> None:
        oldest = "SELECT id, record FROM marks WHERE owner = :owner ORDER BY marked, id"
        rows = db.execute(oldest, {"owner": self._owner}).fetchall()
        lines = [line(question) for name, record in rows if (question := _question(name, json.loads(record)))]
        place = self.folder / QUESTIONS
        if not lines:  # a set without a question is none
            place.unlink(missing_ok=True)
            return
        written = "".join(lines).encode()
        if place.exists() and place.read_bytes() == written:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f"{QUESTIONS}.draft")
        draft.write_bytes(written)
        draft.replace(place)


def _record(answer: Answer, note: str, now: datetime) -> dict[str, Any]:
    question, shown = answer.question, {citation.passage_id for citation in answer.citations}
    cited = [hit for hit in answer.hits if hit.passage.id in shown]
    return {
        "question": question.text,
        "earlier": list(question.earlier),
        "searched_for": answer.searched_for,
        "asked": question.asked_at.isoformat(),
        "only": as_filters(question.only),
        "said": said(answer),
        "cited": [[citation.title, citation.quote] for citation in answer.citations],
        "rests_on": _plain(
            named_by({hit.article: None for hit in cited}, (copy for hit in cited for copy in hit.also))
        ),
        "marked": now.astimezone(UTC).isoformat(timespec="microseconds"),
        "note": note.strip(),
    }


def _plain(articles: Sequence[Named]) -> list[dict[str, Any]]:
    return [{"names": list(one.names), "text": one.text} for one in articles]


def _mark(name: str, record: Mapping[str, Any]) -> Mark:
    return Mark(
        id=name,
        question=record["question"],
        earlier=tuple(record["earlier"]),
        searched_for=record["searched_for"],
        asked=datetime.fromisoformat(record["asked"]).date(),
        said=record["said"],
        cited=tuple((title, quote) for title, quote in record["cited"]),
        marked=datetime.fromisoformat(record["marked"]),
        note=record["note"],
        verdict=record.get("verdict", ""),
        answer=record.get("answer", ""),
        places=tuple((place["title"], place["text"]) for place in record.get("gold", ())),
        only=kept_to(**record.get("only", {})),
    )


def _question(name: str, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The line of the set; None while the mark is to be judged."""
    verdict = record.get("verdict")
    if not verdict:
        return None
    asked = {"id": name, "question": record["question"], "earlier": record["earlier"], "asked": record["asked"]}
    asked |= {"only": record["only"]} if record.get("only") else {}
    if verdict == UNANSWERABLE:
        return {**asked, "kind": UNANSWERABLE}
    answers = [record["answer"]] if record["answer"] else []
    return {**asked, "kind": KIND, "answers": answers, "gold": record["gold"], "also": record["also"]}


def _unknown() -> UsageError:
    return UsageError("There is no such marked answer", "It may have been taken out; look at the list again.")
