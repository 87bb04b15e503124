"""The kept answers of a store, of all owners: whether they are as they were written, and which rest on an article.

An answer is kept with the text of what it cites, which no purge of the index reaches. Who must erase an article erases
with `forget` the answers that rest on it; their questions stay. Answers that were marked as wrong go with their
questions (rag/marked.py). Nothing here tells one owner what another asked.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from index.database import Connection, Error, is_damage
from index.following import place_of
from index.records import digest
from rag import marked
from rag.conversations import FORM, drop_texts, erase_turn, read_turn
from rag.keeping import Keeping, keeping
from rag.stored import Damaged, Named, beside, named, text_digest, without


@dataclass(frozen=True, slots=True)
class Fault:
    """What is not as it was written, and the id of the conversation and the number of the question that it is in.

    "" and 0 where it is in none.
    """

    what: str
    conversation: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """How much is kept, and what of it is damaged."""

    conversations: int
    answers: int
    texts: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Resting:
    """How many answers rest on an article, in how many conversations, and how many are too damaged to tell.

    `whole` is False after they were erased and the files could not be written anew, so that their bytes may be left:
    somebody read them, or it is what `why` says. `marks` are
    the answers marked as wrong that rest on it, and `untold` those of which that cannot be told. `beside` are answers
    that do not rest on it, and have a passage of it among what else was found.
    """

    answers: int
    conversations: int
    unread: int
    whole: bool = True
    marks: int = 0
    untold: int = 0
    beside: int = 0
    why: str = ""


def check(place: Path | Keeping) -> Checked:
    """Compares every answer and every kept text with its digest, and every quote with its article. Changes nothing.

    Raises FootnoteError when the file cannot be used.
    """
    with keeping(place).reading(FORM) as db:
        if db is None:
            return Checked(0, 0, 0, ())
        ids: dict[int, str] = dict(db.execute("SELECT number, id FROM conversations").fetchall())
        turns = _turns(db)
        faults = [*_damaged_turns(db, turns, ids)]
        texts, wrong = _texts(db)
        told = {(fault.conversation, fault.number) for fault in faults}
        faults += [Fault(what) for what, resting in wrong if not {(ids.get(c, ""), n) for c, n in resting} & told]
        return Checked(len(ids), len(turns), texts, (*faults, *map(Fault, keeping(place).faults(db))))


def resting(place: Path | Keeping, article: str) -> Resting:
    """What rests on the article with this id, on the one found at this place, or on any in this folder or file.

    Answers that rest on the same text under another name are among them, and those that name it as a copy.
    Raises FootnoteError when the file cannot be used.
    """
    with keeping(place).reading(FORM) as db:
        found = _found(db, article) if db else _Found.nothing()
    return _with(found.counted, marked.resting(place, article, found.texts))


def forget(place: Path | Keeping, article: str, now: datetime | None = None) -> Resting:
    """Erases the answers that `resting` counts, and the text of the article; the files are written anew.

    Where they stood is said that they were erased; marks are erased whole. Of answers that have it beside them alone,
    that is taken away, and nothing else. Raises FootnoteError when a file cannot be used.
    """
    kept = keeping(place)
    with kept.writing(FORM, make=False) as db:
        found = _found(db, article) if db else _Found.nothing()
        # First: which text the article had is told by the answers.
        marks = marked.take_out(kept, article, found.texts)
        for turn in found.turns:
            erase_turn(db, turn, now or datetime.now(UTC))
        for turn in found.beside:
            _take_from(db, turn, found.means)
        if db:
            drop_texts(db)
    # Last: PostgreSQL leaves what was deleted where it is while a transaction goes on that began before.
    whole, why = kept.rewritten(FORM, marked.FORM)
    return replace(_with(found.counted, marks), whole=whole, why=why)


def _with(answers: Resting, marks: marked.Found) -> Resting:
    return replace(answers, marks=marks.marks, untold=marks.untold)


# What rests on an article ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """The turns that rest on an article, by their numbers in the file, the texts it had, and what is said of them.

    `beside` are turns that only have it among what else was found.
    """

    article: str
    place: str
    turns: Sequence[int]
    texts: frozenset[str]
    counted: Resting
    beside: Sequence[int] = ()

    @classmethod
    def nothing(cls) -> _Found:
        return cls("", "", (), frozenset(), Resting(0, 0, 0))

    def means(self, one: Named) -> bool:
        """Whether it is the article, or has one of its texts."""
        return one.means(self.article, self.place) or one.text in self.texts


def _found(db: Connection, article: str) -> _Found:
    texts: set[str] = set()
    turns: dict[int, int] = {}
    unread: dict[int, int] = {}
    place = place_of(article)
    for turn, conversation, _ in _turns(db):
        try:
            meant = [one for one in _named(db, turn) if one.means(article, place)]
        except (Damaged, Error) as error:
            if isinstance(error, Error) and not is_damage(error):
                raise
            unread[turn] = conversation
            continue
        texts |= {one.text for one in meant if one.text}
        if meant:
            turns[turn] = conversation
    by_number = {turn: conversation for turn, conversation, _ in _turns(db)}
    for text in texts:
        for (turn,) in db.execute("SELECT turn FROM rests_on WHERE text = :text", {"text": text}).fetchall():
            turns[turn] = by_number.get(turn, 0)
    left = len(unread.keys() - turns.keys())
    counted = Resting(len(turns), len(set(turns.values())), left)
    found = _Found(article, place, sorted(turns), frozenset(texts), counted)
    more = []
    for turn in by_number.keys() - turns.keys() - unread.keys():
        try:
            more += [turn] * _has_beside(db, turn, found)
        except Damaged:
            left += 1
    return replace(found, beside=sorted(more), counted=replace(counted, beside=len(more), unread=left))


def _has_beside(db: Connection, turn: int, found: _Found) -> bool:
    (record,) = db.execute("SELECT record FROM turns WHERE number = :turn", {"turn": turn}).fetchone()
    return bool(record) and any(map(found.means, beside(record)))


def _take_from(db: Connection, turn: int, meant: Callable[[Named], bool]) -> None:
    """Leaves of a turn what else was found in other articles."""
    find = "SELECT record, made_with FROM turns WHERE number = :turn"
    record, made_with = db.execute(find, {"turn": turn}).fetchone()
    record = without(record, meant)
    db.execute(
        "UPDATE turns SET record = :record, digest = :digest WHERE number = :turn",
        {"record": record, "digest": digest(record, made_with), "turn": turn},
    )


def _named(db: Connection, turn: int) -> list[Named]:
    (record,) = db.execute("SELECT record FROM turns WHERE number = :turn", {"turn": turn}).fetchone()
    return named(record) if record else []


# What is not as it was written ---------------------------------------------------------------------------------------


def _turns(db: Connection) -> list[tuple[int, int, int]]:
    """Number, conversation and place of each turn, read from an index: a damaged page of answers is no hindrance."""
    rows = db.execute("SELECT number, conversation, place FROM turns ORDER BY conversation, place")
    return [(turn, conversation, place) for turn, conversation, place in rows.fetchall()]


def _damaged_turns(db: Connection, turns: Sequence[tuple[int, int, int]], ids: dict[int, str]) -> Iterator[Fault]:
    texts: dict[str, str] = {}
    before = None
    for turn, conversation, place in turns:
        if conversation != before:
            texts, before = {}, conversation
        read = read_turn(db, turn, place, texts)
        if read.trouble and not read.erased:
            yield Fault(read.trouble, ids.get(conversation, ""), place)
        elif conversation not in ids:
            yield Fault("An answer is kept that is in no conversation.")


def _texts(db: Connection) -> tuple[int, list[tuple[str, list[tuple[int, int]]]]]:
    """How many texts are kept, and of each that is damaged or left over what it is and the turns that rest on it."""
    keys = [key for (key,) in db.execute("SELECT digest FROM texts ORDER BY digest").fetchall()]
    wrong = []
    for key in keys:
        turns = db.execute(
            "SELECT conversation, place FROM rests_on JOIN turns ON turn = number WHERE text = :key", {"key": key}
        ).fetchall()
        if not _as_written(db, key):
            wrong.append(("The text of an article was damaged where it is kept.", turns))
        elif not turns:
            wrong.append(("The text of an article is kept on which no answer rests.", turns))
    return len(keys), wrong


def _as_written(db: Connection, key: str) -> bool:
    try:
        (packed,) = db.execute("SELECT text FROM texts WHERE digest = :key", {"key": key}).fetchone()
        return text_digest(zlib.decompress(packed).decode("utf-8", "surrogatepass")) == key
    except (Error, TypeError, ValueError, zlib.error) as error:
        if isinstance(error, Error) and not is_damage(error):
            raise
        return False
