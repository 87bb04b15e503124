"""Conversations that are kept: each turn as it was shown, so that it can be read again, checked and asked anew.

They are in a file of their own in the store, or in a database (rag/keeping.py), which has their tables from the first
turn on; looking never makes any. A conversation belongs to an owner, and whoever asks for another's is told that there
is none. The text of a cited article is kept as it was, once for all turns that rest on it, until the last of these is
removed. An answer that was erased with an article leaves its question, and says so (rag/kept.py).
"""

from __future__ import annotations

import contextlib
import json
import re
import unicodedata
import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index.database import CONVERSATIONS, Connection, Error, Form, is_damage, what_is_wrong
from index.errors import FootnoteError, UsageError
from index.printable import visible
from index.records import digest
from rag.answers import Answer
from rag.keeping import Keeping, keeping
from rag.stored import CHANGED, Damaged, Stored, restored, shown, stored
from rag.wording import clipped, short

# Characters of a title, and of a question that becomes one.
LONGEST_TITLE, LONGEST_FIRST = 200, 80
# Words of a search that are looked for; each is looked for in every turn.
MOST_WORDS = 8
# Under what is kept, in the place of what an answer was made with, when it was erased.
ERASED = "erased"

_TABLES = (
    """CREATE TABLE conversations (
      number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
      owner BLOB NOT NULL,           -- as UTF-8, for it may be any text, also one that SQLite does not take
      title TEXT NOT NULL,
      named TEXT NOT NULL,           -- the title as it is searched
      begun TEXT NOT NULL,           -- ISO 8601 in UTC, all of one length, as the other times are
      changed TEXT NOT NULL          -- when its newest turn was kept
    )""",
    "CREATE INDEX conversations_of_owner ON conversations (owner, changed)",
    """CREATE TABLE turns (
      number INTEGER PRIMARY KEY,
      conversation INTEGER NOT NULL REFERENCES conversations (number) ON DELETE CASCADE,
      place INTEGER NOT NULL,        -- in the conversation, from 1
      kept TEXT NOT NULL, question TEXT NOT NULL,
      digest TEXT NOT NULL,          -- of the two that follow
      record BLOB NOT NULL, made_with BLOB NOT NULL
    )""",
    "CREATE UNIQUE INDEX turns_of_conversation ON turns (conversation, place)",
    # Question and sentences as they are searched: 30,000 turns in 0.2 s. In the table of the records it took 0.7 s.
    """CREATE TABLE said (
      turn INTEGER PRIMARY KEY REFERENCES turns (number) ON DELETE CASCADE, text TEXT NOT NULL)""",
    "CREATE TABLE texts (digest TEXT PRIMARY KEY, text BLOB NOT NULL)",
    """CREATE TABLE rests_on (
      turn INTEGER NOT NULL REFERENCES turns (number) ON DELETE CASCADE,
      text TEXT NOT NULL REFERENCES texts (digest),
      PRIMARY KEY (turn, text)) WITHOUT ROWID""",
    "CREATE INDEX turns_of_text ON rests_on (text)",
)
FORM = Form(
    CONVERSATIONS,
    1,
    lambda version: [] if version else [*_TABLES],
    "Move it out of the store; the next question begins a new one, and no article is touched.",
)
_ID = re.compile(r"[0-9a-f]{32}")
_SAID = "SELECT 1 FROM turns t JOIN said s ON s.turn = t.number WHERE t.conversation = c.number"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A line of the list: what it is called, when its first and its newest turn were kept, and how many it has."""

    id: str
    title: str
    begun: datetime
    changed: datetime
    turns: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with its answer as it was shown, or with the sentence that says why that cannot be read.

    `erased` says that the answer was taken away with an article that it rested on, which is no damage. `number` counts
    from 1 in a conversation. `settings` are those that the answer was made with, and `passages` the ids of all that was
    found for it, best first; the answer has those that it shows.
    """

    number: int
    question: str
    answer: Answer | None = None
    trouble: str = ""
    kept: datetime | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    passages: tuple[str, ...] = ()
    erased: bool = False


class Conversations:
    """The conversations of one owner, "" where there is only one user. Safe for several threads and processes.

    An `owner` that is not a name tells it, each time that something is asked for.

    `place` is the store, or where else they are kept. Each method opens the file for itself, which takes a few
    milliseconds. All raise FootnoteError when it cannot be used, and UsageError for a conversation that this owner does
    not have.
    """

    def __init__(
        self,
        place: Path | Keeping,
        owner: str | Callable[[], str] = "",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._kept = keeping(place)
        self._settings = settings or {}
        self._named = owner
        self._clock = clock

    @property
    def _owner(self) -> bytes:
        return (self._named if isinstance(self._named, str) else self._named()).encode("utf-8", "surrogatepass")

    @staticmethod
    def begin() -> str:
        """The id of a new conversation. Nothing is written before its first turn is kept."""
        return uuid.uuid4().hex

    def listing(self, like: str = "", limit: int = 100, offset: int = 0) -> list[Conversation]:
        """The conversations, the one with the newest turn first.

        With `like`, those that have each of its words in their title, a question or an answer. A piece of a word is
        enough, and neither capitals nor accents make a difference.
        """
        words = list(dict.fromkeys(folded(like).split()))[:MOST_WORDS]
        wanted = "".join(
            f" AND (instr(c.named, :word{n}) > 0 OR EXISTS ({_SAID} AND instr(s.text, :word{n}) > 0))"
            for n in range(len(words))
        )
        values = {"owner": self._owner, "limit": limit, "offset": offset}
        values |= {f"word{n}": word for n, word in enumerate(words)}
        with self._kept.reading(FORM) as db:
            return _listed(db, f"c.owner = :owner{wanted}", values) if db else []

    def find(self, name: str) -> Conversation:
        """The conversation with this id, or the only one whose id begins with these characters."""
        begins = "c.owner = :owner AND c.id BETWEEN :name AND :after"
        values = {"owner": self._owner, "name": name, "after": f"{name}g", "limit": 2, "offset": 0}
        with self._kept.reading(FORM) as db:
            found = _listed(db, begins, values) if db and re.fullmatch("[0-9a-f]+", name) else []
        if not found:
            raise _unknown(name)
        if len(found) > 1:
            raise UsageError(f"More than one conversation begins with {name}", "Give more of its id.")
        return found[0]

    def turns(self, conversation: str) -> list[Turn]:
        """The turns, oldest first, each as it was shown. One that was damaged says so, and the others are there."""
        with self._kept.reading(FORM) as db:
            if db is None:
                raise _unknown(conversation)
            number = {"number": self._number(db, conversation)}
            rows = db.execute("SELECT number, place FROM turns WHERE conversation = :number ORDER BY place", number)
            texts: dict[str, str] = {}
            return [read_turn(db, turn, place, texts) for turn, place in rows.fetchall()]

    def keep(self, conversation: str, answer: Answer, settings: Mapping[str, Any] | None = None) -> Turn:
        """Keeps the answer as the next turn, and gives it as it will be read.

        With the answer go the settings it was made with: those of all answers here, and `settings` over them. The
        first turn of a conversation gives it its title. Raises UsageError for an answer that is not done.
        """
        if not answer.done:
            raise UsageError("The answer is still being written", "Keep the last one of a stream, which is done.")
        if not _ID.fullmatch(conversation):
            raise _unknown(conversation)
        kept, now = _checked(answer), _written(self._clock())
        passages = [hit.passage.id for hit in answer.hits]
        made_with = json.dumps(
            {"settings": {**self._settings, **(settings or {})}, "passages": passages}, default=str
        ).encode()
        with self._writing() as db:
            number = self._begun(db, conversation, answer.question.text, now)
            last = "SELECT coalesce(max(place), 0) FROM turns WHERE conversation = :number"
            place = int(db.execute(last, {"number": number}).fetchone()[0]) + 1
            _insert(db, (number, place, now), answer, kept, zlib.compress(made_with))
            changed = "UPDATE conversations SET changed = :now WHERE number = :number"
            db.execute(changed, {"now": now, "number": number})
        question = answer.question.text
        return Turn(place, question, shown(answer), "", datetime.fromisoformat(now), *_made_with(json.loads(made_with)))

    def rename(self, conversation: str, title: str) -> None:
        """Gives it another title, on one line. Raises UsageError for one that says nothing."""
        title = clipped(visible(title), LONGEST_TITLE)
        if not title:
            raise UsageError("The title is empty", "Write what the conversation is to be called.")
        with self._writing(existing=True) as db:
            values = {"number": self._number(db, conversation), "title": title, "named": folded(title)}
            db.execute("UPDATE conversations SET title = :title, named = :named WHERE number = :number", values)

    def remove(self, conversation: str) -> None:
        """Erases it, with the texts that no other turn rests on."""
        with self._writing(existing=True) as db:
            number = {"number": self._number(db, conversation)}
            db.execute("DELETE FROM conversations WHERE number = :number", number)
            drop_texts(db)

    def _number(self, db: Connection, conversation: str) -> int:
        """Its number in the file. Raises UsageError, whether it is another's or nobody's."""
        find = "SELECT number FROM conversations WHERE id = :id AND owner = :owner"
        values = {"id": conversation, "owner": self._owner}
        row = db.execute(find, values).fetchone() if _ID.fullmatch(conversation) else None
        if not row:
            raise _unknown(conversation)
        return int(row[0])

    def _begun(self, db: Connection, conversation: str, question: str, now: str) -> int:
        """Its number, after it was begun if it was not there."""
        if not db.execute("SELECT 1 FROM conversations WHERE id = :id", {"id": conversation}).fetchone():
            title = clipped(visible(question), LONGEST_FIRST) or "Untitled"
            db.execute(
                "INSERT INTO conversations (id, owner, title, named, begun, changed)"
                " VALUES (:id, :owner, :title, :named, :now, :now)",
                {"id": conversation, "owner": self._owner, "title": title, "named": folded(title), "now": now},
            )
        return self._number(db, conversation)

    @contextlib.contextmanager
    def _writing(self, *, existing: bool = False) -> Iterator[Connection]:
        """A transaction. What it needs is made for it, unless it must be there."""
        with self._kept.writing(FORM, make=not existing) as db:
            if db is None:
                raise UsageError("There are no conversations yet", "The first question begins one.")
            yield db


def folded(text: str) -> str:
    """The text as it is searched: without capitals, accents and what cannot be seen."""
    apart = unicodedata.normalize("NFKD", visible(text))
    return "".join(c for c in apart if not unicodedata.combining(c)).casefold()


# What a turn is in the file -----------------------------------------------------------------------------------------


def _checked(answer: Answer) -> Stored:
    """The answer as it is kept, after it was read back. Raises FootnoteError when that gave another."""
    kept = stored(shown(answer))
    try:
        same = restored(kept) == shown(answer)
    except Damaged:
        same = False
    if not same:
        raise FootnoteError(
            "The answer cannot be kept, because it would be read back as another",
            "This is a fault of Footnote; please report it with the question.",
        )
    return kept


def _insert(db: Connection, at: tuple[int, int, str], answer: Answer, kept: Stored, made_with: bytes) -> None:
    said = folded("\n".join([answer.question.text, *(sentence.text for sentence in answer.sentences)]))
    question = as_text(answer.question.text)
    conversation, place, now = at
    turn = insert_turn(db, conversation, place, (now, question, digest(kept.record, made_with), kept.record, made_with))
    db.execute("INSERT INTO said VALUES (:turn, :said)", {"turn": turn, "said": said})
    for key, text in kept.texts.items():
        rest_on(db, turn, key, zlib.compress(text.encode("utf-8", "surrogatepass")))


def insert_turn(db: Connection, conversation: int, place: int, kept: tuple[str, str, str, bytes, bytes]) -> int:
    """The number of a new turn: when it was kept, its question, the digest, the record and what it was made with."""
    names = ("kept", "question", "digest", "record", "made_with")
    values = {"conversation": conversation, "place": place, **dict(zip(names, kept, strict=True))}
    ((turn,),) = db.execute(
        "INSERT INTO turns (conversation, place, kept, question, digest, record, made_with)"
        " VALUES (:conversation, :place, :kept, :question, :digest, :record, :made_with) RETURNING number",
        values,
    ).fetchall()
    return int(turn)


def rest_on(db: Connection, turn: int, key: str, packed: bytes) -> None:
    """Says that the turn rests on the text with this digest, which is kept unless it is there."""
    db.execute("INSERT INTO texts VALUES (:key, :packed) ON CONFLICT DO NOTHING", {"key": key, "packed": packed})
    db.execute("INSERT INTO rests_on VALUES (:turn, :key)", {"turn": turn, "key": key})


def drop_texts(db: Connection) -> None:
    """Erases the texts that no turn rests on."""
    db.execute("DELETE FROM texts WHERE NOT EXISTS (SELECT 1 FROM rests_on WHERE text = digest)")


def as_text(text: str) -> str:
    """The text without what one of the databases does not take as text: lone surrogates, and zero bytes."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def erase_turn(db: Connection, turn: int, now: datetime) -> None:
    """Leaves of a turn its question and that its answer was erased; texts that it alone rested on are left over."""
    (question,) = db.execute("SELECT question FROM turns WHERE number = :turn", {"turn": turn}).fetchone()
    made_with = zlib.compress(json.dumps({ERASED: _written(now)}).encode())
    db.execute(
        "UPDATE turns SET record = :record, made_with = :made_with, digest = :digest WHERE number = :turn",
        {"record": b"", "made_with": made_with, "digest": digest(b"", made_with), "turn": turn},
    )
    db.execute(
        "INSERT INTO said VALUES (:turn, :said) ON CONFLICT (turn) DO UPDATE SET text = excluded.text",
        {"turn": turn, "said": folded(question)},
    )
    db.execute("DELETE FROM rests_on WHERE turn = :turn", {"turn": turn})


def read_turn(db: Connection, turn: int, place: int, texts: dict[str, str]) -> Turn:
    """A turn as it was kept; `texts` are those that were read for the turns before it, and gain its own."""
    question = ""
    try:
        number = {"turn": turn}
        question, kept = db.execute("SELECT question, kept FROM turns WHERE number = :turn", number).fetchone()
        expected, record, made_with = db.execute(
            "SELECT digest, record, made_with FROM turns WHERE number = :turn", number
        ).fetchone()
        if digest(record, made_with) != expected:
            raise Damaged(CHANGED)
        made, moment = json.loads(zlib.decompress(made_with)), datetime.fromisoformat(kept)
        if ERASED in made:
            day = short(datetime.fromisoformat(made[ERASED]).astimezone().date())
            trouble = f"The answer to this question was erased on {day}, with an article that it rested on."
            return Turn(place, question, trouble=trouble, kept=moment, erased=True)
        _read_texts(db, turn, texts)
        answer = restored(Stored(record, texts))
        return Turn(place, answer.question.text, answer, "", moment, *_made_with(made))
    except (Damaged, Error, TypeError, ValueError, zlib.error) as error:
        if isinstance(error, Error) and not is_damage(error):
            raise
        why = what_is_wrong(error) if isinstance(error, Damaged | Error) else CHANGED
        return Turn(place, str(question), trouble=f"The answer to this question was damaged where it is kept: {why}.")


def _read_texts(db: Connection, turn: int, texts: dict[str, str]) -> None:
    rows = db.execute("SELECT text FROM rests_on WHERE turn = :turn", {"turn": turn}).fetchall()
    for (key,) in rows:
        find = "SELECT text FROM texts WHERE digest = :key"
        row = None if key in texts else db.execute(find, {"key": key}).fetchone()
        if row:
            texts[key] = zlib.decompress(row[0]).decode("utf-8", "surrogatepass")


def _made_with(made: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    return made["settings"], tuple(made["passages"])


def _listed(db: Connection, where: str, values: Mapping[str, Any]) -> list[Conversation]:
    """The conversations for which this holds, as many as `limit` of the values says, from `offset` on."""
    rows = db.execute(
        f"SELECT c.id, c.title, c.begun, c.changed, (SELECT count(*) FROM turns WHERE conversation = c.number)"  # noqa: S608
        f" FROM conversations c WHERE {where} ORDER BY c.changed DESC, c.number DESC LIMIT :limit OFFSET :offset",
        values,
    ).fetchall()
    return [
        Conversation(id_, title, datetime.fromisoformat(begun), datetime.fromisoformat(changed), turns)
        for id_, title, begun, changed, turns in rows
    ]


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _unknown(conversation: str) -> UsageError:
    return UsageError(f"There is no conversation {clipped(visible(conversation), 40)!r}", "It may have been removed.")
