"""What people wrote in the files of a store is brought into a database, whole or not at all.

When it is there it is erased from the files, in the transactions in which it was read: what somebody keeps meanwhile
comes before or after. Where that fails it is in both, and asked again it is not doubled: a conversation, a turn, a mark
or a user that is in the database already is left as it is there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

from index.database import Connection
from index.errors import FootnoteError, UsageError
from index.postgres import shared
from rag import conversations, marked, users
from rag.conversations import as_text, drop_texts, insert_turn, rest_on
from rag.keeping import Keeping
from rag.users import InFile, Proof

FILES = (conversations.FORM, marked.FORM)
# A row of each, where there is one.
_SOME = {conversations.FORM: "SELECT 1 FROM conversations LIMIT 1", marked.FORM: "SELECT 1 FROM marks LIMIT 1"}
ALL = (users.FILE_NAME, *(form.name for form in FILES))


@dataclass(frozen=True, slots=True)
class Moved:
    """How much was brought over. `known` are users that were there already with another password, which stays."""

    conversations: int
    answers: int
    marks: int
    users: int
    known: tuple[str, ...] = ()
    whole: bool = True


def move(kept: Keeping) -> Moved:
    """Moves what is in the files of the store into the database. Raises FootnoteError; then nothing has changed.

    `whole` is False where somebody read a file meanwhile, so that old pages may be left.
    """
    files = Keeping(kept.store)
    with (
        files.writing(conversations.FORM, make=False) as talks,
        files.writing(marked.FORM, make=False) as marks,
        _leaving(files) as proofs,
    ):
        with shared(kept.database).writing(*FILES, users.TABLE) as there:
            told, answers = _bring_conversations(talks, there)
            new, known = _bring_users(proofs, there)
            moved = Moved(told, answers, _bring_marks(marks, there), new, known)
        proofs.clear()
        if talks:
            talks.execute("DELETE FROM conversations")
            drop_texts(talks)
        if marks:
            marks.execute("DELETE FROM marks")
    whole = [files.rewrite(form) for form in FILES]
    return replace(moved, whole=all(whole))


def nothing_left(kept: Keeping, files: Collection[str] = ALL) -> Keeping:
    """The same, where a database has all that these files of the store would have, or none is set.

    Raises UsageError where one still has something: it would be overlooked, and with it who has to log in.
    """
    left = [name for name in _left(Keeping(kept.store)) if name in files] if kept.database else []
    if left:
        raise UsageError(
            f"A database is set, and there is still something in {' and '.join(left)} of the store",
            "Bring it over: python -m rag conversations move",
        )
    return kept


def _left(files: Keeping) -> Iterator[str]:
    if InFile(files.store).proofs():
        yield users.FILE_NAME
    for form, some in _SOME.items():
        with files.reading(form) as db:
            if db and db.execute(some).fetchall():
                yield form.name


@contextlib.contextmanager
def _leaving(files: Keeping) -> Iterator[dict[str, Proof]]:
    """The users of the file, if there is one."""
    here = InFile(files.store)
    if not here.path.exists():
        yield {}
        return
    with here.changing() as proofs:
        yield proofs


def _bring_conversations(here: Connection | None, there: Connection) -> tuple[int, int]:
    """How many conversations and how many turns were not there."""
    told = answers = 0
    names = ("number", "id", "owner", "title", "named", "begun", "changed")
    find = "SELECT number, id, owner, title, named, begun, changed FROM conversations ORDER BY number"
    for row in _rows(here, find):
        values = dict(zip(names, row, strict=True))
        insert = (
            "INSERT INTO conversations (id, owner, title, named, begun, changed)"
            " VALUES (:id, :owner, :title, :named, :begun, :changed) ON CONFLICT DO NOTHING RETURNING number"
        )
        told += len(there.execute(insert, values).fetchall())
        answers += _bring_turns(here, there, values)
    return told, answers


def _bring_turns(here: Connection | None, there: Connection, conversation: dict[str, Any]) -> int:
    """How many turns of the conversation were not there; they follow those that are."""
    find = "SELECT number, changed FROM conversations WHERE id = :id AND owner = :owner"
    found = there.execute(find, conversation).fetchone()
    if not found:
        raise FootnoteError(
            f"The database has a conversation {conversation['id']} of somebody else",
            "Nothing was moved. Remove it here or there: python -m rag conversations remove ID",
        )
    number, changed = found
    kept = there.execute("SELECT kept, place FROM turns WHERE conversation = :number", {"number": number}).fetchall()
    moments, last = {moment for moment, _ in kept}, max((place for _, place in kept), default=0)
    turns = (
        "SELECT number, kept, question, digest, record, made_with FROM turns"
        " WHERE conversation = :number ORDER BY place"
    )
    added = 0
    for turn, moment, question, *rest in _rows(here, turns, conversation):
        if moment not in moments:
            added += 1
            new = insert_turn(there, number, last + added, (moment, as_text(question), *rest))
            _bring_texts(here, there, turn, new)
    newest = {"number": number, "changed": max(changed, conversation["changed"])}
    there.execute("UPDATE conversations SET changed = :changed WHERE number = :number", newest)
    return added


def _bring_texts(here: Connection | None, there: Connection, turn: int, new: int) -> None:
    for (said,) in _rows(here, "SELECT text FROM said WHERE turn = :turn", {"turn": turn}):
        there.execute("INSERT INTO said VALUES (:turn, :said)", {"turn": new, "said": said})
    texts = "SELECT digest, texts.text FROM rests_on JOIN texts ON rests_on.text = digest WHERE turn = :turn"
    for key, packed in _rows(here, texts, {"turn": turn}):
        rest_on(there, new, key, packed)


def _bring_marks(here: Connection | None, there: Connection) -> int:
    names = ("owner", "id", "marked", "record")
    insert = "INSERT INTO marks VALUES (:owner, :id, :marked, :record) ON CONFLICT DO NOTHING RETURNING id"
    rows = _rows(here, "SELECT owner, id, marked, record FROM marks ORDER BY marked")
    return sum(len(there.execute(insert, dict(zip(names, row, strict=True))).fetchall()) for row in rows)


def _bring_users(proofs: dict[str, Proof], there: Connection) -> tuple[int, tuple[str, ...]]:
    """How many were not there, and the names of those that are, with another password."""
    before = users.rows(there)
    new = {name: proof for name, proof in proofs.items() if name not in before}
    for name, proof in new.items():
        users.write(there, name, proof)
    return len(new), tuple(name for name, proof in proofs.items() if before.get(name, proof) != proof)


def _rows(db: Connection | None, statement: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    return list(db.execute(statement, values or {}).fetchall()) if db else []
