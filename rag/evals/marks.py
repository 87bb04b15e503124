"""Answers that were marked as wrong: each is a question to be judged, and once it was, a question of a set.

They are in a file of their own in the store. What was judged of them is written beside it as a question set, made anew
with each change, so that it never says other than the file. What purge takes away, evals can make again; these nobody
could, so they lie elsewhere and stay. A mark belongs to an owner, as conversations do, and so does the set.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index.database import Connection, one_state
from index.errors import UsageError
from index.records import digest
from rag.answers import Answer
from rag.evals.collection import line
from rag.evals.scores import said
from rag.evals.sets import QUESTIONS
from rag.marked import FORM, SETS, as_owner, set_of, writing
from rag.measured import Mark
from rag.stored import Named, named_by

ANSWERABLE, UNANSWERABLE = "answerable", "unanswerable"
# The kind, in the set, of a question that the articles answer.
KIND = "marked"
LONGEST_NOTE = 2_000


def name_of(answer: Answer) -> str:
    """The id that the mark of this answer has: the same question with the same answer is marked once."""
    return digest("mark", answer.question.text, *answer.question.earlier, said(answer))[:16]


class Marks:
    """The marked answers of one owner, "" where there is only one user; one that is no name tells it when asked.

    Safe for several threads and processes; looking never makes the file.
    All methods raise FootnoteError when the file cannot be used, and UsageError for a mark that is not there.
    """

    def __init__(
        self,
        store: Path,
        owner: str | Callable[[], str] = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._named = owner
        self._clock = clock

    @property
    def _owner(self) -> bytes:
        return as_owner(self._named if isinstance(self._named, str) else self._named())

    @property
    def folder(self) -> Path:
        """The folder of the question set; it holds one as soon as a question was judged."""
        return self._store / SETS / set_of(self._owner)

    def listing(self) -> tuple[Mark, ...]:
        """All marks, the newest first."""
        with one_state(self._store, FORM) as db:
            newest = "SELECT id, record FROM marks WHERE owner = ? ORDER BY marked DESC, id"
            rows = db.execute(newest, (self._owner,)).fetchall() if db else []
        return tuple(_mark(name, json.loads(record)) for name, record in rows)

    def find(self, name: str) -> Mark:
        """The mark with this id."""
        with one_state(self._store, FORM) as db:
            if db is None:
                raise _unknown()
            return _mark(name, self._read(db, name))

    def names(self) -> frozenset[str]:
        """The ids of all marks."""
        with one_state(self._store, FORM) as db:
            rows = db.execute("SELECT id FROM marks WHERE owner = ?", (self._owner,)).fetchall() if db else []
        return frozenset(name for (name,) in rows)

    def keep(self, answer: Answer, note: str = "") -> Mark:
        """Keeps the answer as one to be judged, once. Raises UsageError for an answer that is not done."""
        if not answer.done:
            raise UsageError("The answer is still being written", "Mark it when it is done.")
        name, record = name_of(answer), _record(answer, note[:LONGEST_NOTE], self._clock())
        with self._writing() as db:
            values = (self._owner, name, record["marked"], json.dumps(record))
            db.execute("INSERT OR IGNORE INTO marks VALUES (?, ?, ?, ?)", values)
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
            db.execute("DELETE FROM marks WHERE owner = ? AND id = ?", (self._owner, name))

    def _changed(self, name: str, values: Mapping[str, Any]) -> Mark:
        with self._writing() as db:
            record = {**self._read(db, name), **values}
            changed = "UPDATE marks SET record = ? WHERE owner = ? AND id = ?"
            db.execute(changed, (json.dumps(record), self._owner, name))
            return _mark(name, record)

    def _read(self, db: Connection, name: str) -> dict[str, Any]:
        found = "SELECT record FROM marks WHERE owner = ? AND id = ?"
        row = db.execute(found, (self._owner, name)).fetchone()
        if row is None:
            raise _unknown()
        record: dict[str, Any] = json.loads(row[0])
        return record

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction, which ends with the set as it is then; when that cannot be written, nothing has changed."""
        with writing(self._store) as file, file.transaction():
            yield file.connection
            self._write_set(file.connection)

    def _write_set(self, db: Connection) -> None:
        oldest = "SELECT id, record FROM marks WHERE owner = ? ORDER BY marked, id"
        rows = db.execute(oldest, (self._owner,)).fetchall()
        lines = [line(question) for name, record in rows if (question := _question(name, json.loads(record)))]
        place = self.folder / QUESTIONS
        if not lines:  # a set without a question is none
            place.unlink(missing_ok=True)
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = place.with_name(f"{QUESTIONS}.draft")
        draft.write_text("".join(lines), encoding="utf-8")
        draft.replace(place)


def _record(answer: Answer, note: str, now: datetime) -> dict[str, Any]:
    question, shown = answer.question, {citation.passage_id for citation in answer.citations}
    cited = [hit for hit in answer.hits if hit.passage.id in shown]
    return {
        "question": question.text,
        "earlier": list(question.earlier),
        "searched_for": answer.searched_for,
        "asked": question.asked_at.isoformat(),
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
    )


def _question(name: str, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """The line of the set; None while the mark is to be judged."""
    verdict = record.get("verdict")
    if not verdict:
        return None
    asked = {"id": name, "question": record["question"], "earlier": record["earlier"], "asked": record["asked"]}
    if verdict == UNANSWERABLE:
        return {**asked, "kind": UNANSWERABLE}
    answers = [record["answer"]] if record["answer"] else []
    return {**asked, "kind": KIND, "answers": answers, "gold": record["gold"], "also": record["also"]}


def _unknown() -> UsageError:
    return UsageError("There is no such marked answer", "It may have been taken out; look at the list again.")
