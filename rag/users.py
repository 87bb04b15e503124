"""Who may log in to the page: the names, and of each password what proves it, in a file of the store or a database.

Without the file, or with nobody in it, the page has one user, who sits at this machine and is asked for nothing.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import math
import os
import secrets
import threading
import time
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from index.database import Connection, Form
from index.errors import FootnoteError, UsageError
from rag.keeping import Keeping, keeping

FILE_NAME = "users.json"
FORM = 1
LONGEST_NAME = 64
SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 1_000
# scrypt with 32 MiB, as OWASP's cheat sheet on storing passwords has it.
COST: Mapping[str, int] = {"n": 2**15, "r": 8, "p": 3}
SALT_BYTES, KEY_BYTES = 16, 32
# Passwords that are checked at once, which bounds the memory; the others wait.
AT_ONCE = 2
# How long one command waits for another that writes.
PATIENCE = 10.0
# Users of a database are asked for anew after so many seconds. While it is away, those are users who were last, for
# GRACE seconds: nobody can be added or removed meanwhile, but this machine alone may be cut off. The page stands still
# for at most HOLD seconds of that.
FRESH, GRACE, HOLD = 1.0, 600.0, 0.5

_TABLE = """CREATE TABLE users (
  name TEXT PRIMARY KEY, salt BLOB NOT NULL, key BLOB NOT NULL,
  n INTEGER NOT NULL, r INTEGER NOT NULL, p INTEGER NOT NULL
)"""
TABLE = Form("users", 1, lambda version: [] if version else [_TABLE], "")


@dataclass(frozen=True, slots=True)
class Proof:
    """What is kept of a password: the salt, what scrypt makes of both, and what it was asked to spend."""

    salt: bytes
    key: bytes
    n: int
    r: int
    p: int

    def fits(self, password: str) -> bool:
        """Whether this is the password. Takes as long for a wrong one."""
        return hmac.compare_digest(self.key, _scrypt(password, self.salt, self.n, self.r, self.p))


def proof_of(password: str, cost: Mapping[str, int] = COST) -> Proof:
    """A proof with a salt of its own."""
    salt = secrets.token_bytes(SALT_BYTES)
    return Proof(salt, _scrypt(password, salt, **cost), **cost)


class Kept(Protocol):
    """Where users are kept. Both raise FootnoteError when it cannot be used."""

    def proofs(self) -> Mapping[str, Proof]:
        """All users."""

    def changing(self) -> contextlib.AbstractContextManager[dict[str, Proof]]:
        """All users, to be changed while nobody else does; at the end they are kept, whole or not at all."""


class Users:
    """The users of a store, or of the machines that share a database. Safe for several threads and processes.

    What another one changes is seen at once, and in a database within FRESH seconds. All methods raise FootnoteError
    when the file or the database cannot be used, and those that change it UsageError for a name or a password that
    cannot be meant.
    """

    def __init__(self, place: Path | Keeping, cost: Mapping[str, int] = COST) -> None:
        kept = keeping(place)
        self._kept: Kept = InDatabase(kept) if kept.database else InFile(kept.store)
        self._cost = cost
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._nobody = Proof(secrets.token_bytes(SALT_BYTES), secrets.token_bytes(KEY_BYTES), **cost)

    def names(self) -> list[str]:
        """All names, in their order."""
        return sorted(self._kept.proofs())

    def proof(self, name: str) -> Proof | None:
        """What is kept of this user's password, which is another after it was changed; None where there is no such."""
        return self._kept.proofs().get(name)

    def check(self, name: str, password: str) -> Proof | None:
        """The proof that this password fits, None where it is not this user's. Takes as long where there is no such."""
        proof = self.proof(name)
        with self._places:
            fits = (proof or self._nobody).fits(password)
        return proof if fits else None

    def add(self, name: str, password: str) -> None:
        """Lets a new user in."""
        checked_name(name)
        proof = proof_of(checked_password(password), self._cost)
        with self._kept.changing() as proofs:
            unknown(name, proofs)
            proofs[name] = proof

    def change(self, name: str, password: str) -> None:
        """Gives a user another password."""
        proof = proof_of(checked_password(password), self._cost)
        with self._kept.changing() as proofs:
            known(name, proofs)
            proofs[name] = proof

    def remove(self, name: str) -> None:
        """Lets a user in no more."""
        with self._kept.changing() as proofs:
            known(name, proofs)
            del proofs[name]


# Where they are kept --------------------------------------------------------------------------------------------------


class InFile:
    """The users in a file of a store, which is read again when it has changed."""

    def __init__(self, store: Path) -> None:
        self.path = store / FILE_NAME
        self._read: tuple[object, Mapping[str, Proof]] = (None, {})

    def proofs(self) -> Mapping[str, Proof]:
        """What the file says now."""
        try:
            status = self.path.stat()
            seen = (status.st_mtime_ns, status.st_ino, status.st_size)
            if self._read[0] != seen:
                self._read = (seen, _proofs(self.path.read_bytes()))
            return self._read[1]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise FootnoteError(
                f"The file of users {self.path} cannot be read",
                "Put it back from a copy, or move it away and add the users again: python -m rag users add NAME",
            ) from error

    @contextlib.contextmanager
    def changing(self) -> Iterator[dict[str, Proof]]:
        """The users, to be changed while no other process does; they are written at the end, whole or not at all."""
        from filelock import FileLock, Timeout

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=PATIENCE):
                proofs = dict(self.proofs())
                yield proofs
                self._write(proofs)
        except Timeout as error:
            raise FootnoteError("Another process is changing the users", "Run the command again.") from error
        except OSError as error:
            hint = "Give another folder with --store, or mend its permissions."
            raise FootnoteError(f"{self.path} cannot be written: {error.strerror}", hint) from error

    def _write(self, proofs: Mapping[str, Proof]) -> None:
        draft = self.path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            json.dump(
                {"form": FORM, "users": {name: _written(proof) for name, proof in proofs.items()}}, file, indent=1
            )
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.path)


class InDatabase:
    """The users in a database, as they were FRESH seconds ago at most; while it is away, as they were before.

    Each request to the page looks at them, and while one does, all others wait. So they are asked for in a thread of
    its own, and where there are some from before, it is waited for HOLD seconds.
    """

    def __init__(self, kept: Keeping, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept = kept
        self._clock = clock
        self._one = threading.Lock()
        self._known: Mapping[str, Proof] | None = None
        self._trouble = FootnoteError("The database does not say who the users are", "Try again in a moment.")
        self._asking: threading.Thread | None = None
        # When they were asked for last, when an answer came last, and when the last that was no failure was asked for.
        self._begun = self._told = self._at = -math.inf

    def proofs(self) -> Mapping[str, Proof]:
        """The users. Raises FootnoteError where they could not be read, for GRACE seconds by now."""
        with self._one:
            if self._asking is None and self._clock() - self._told >= FRESH:
                self._begun = self._clock()
                self._asking = threading.Thread(target=self._ask, args=(self._begun,), name="users", daemon=True)
                self._asking.start()
            asking, known = self._asking, self._known
            left = self._begun + (PATIENCE if known is None else HOLD) - self._clock()
        if asking and left > 0:
            asking.join(left)
        with self._one:
            if self._known is None or self._clock() - self._at > GRACE:
                raise FootnoteError(str(self._trouble), self._trouble.hint) from self._trouble
            return self._known

    @contextlib.contextmanager
    def changing(self) -> Iterator[dict[str, Proof]]:
        """The users, to be changed while no other machine does; all changes are made at the end, or none."""
        with self._kept.writing(TABLE) as db:
            before = rows(db)
            after = dict(before)
            yield after
            for name in before.keys() - after.keys():
                erase(db, name)
            for name in (name for name, proof in after.items() if before.get(name) != proof):
                write(db, name, after[name])
        with self._one:
            self._known, self._told = None, -math.inf

    def _ask(self, begun: float) -> None:
        known = trouble = None
        try:
            with self._kept.reading(TABLE) as db:
                known = rows(db)
        except FootnoteError as error:
            trouble = error
        finally:
            with self._one:
                if known is not None:
                    self._known, self._at = known, begun
                self._trouble = trouble or self._trouble
                self._asking, self._told = None, self._clock()


def rows(db: Connection | None) -> dict[str, Proof]:
    """The users of a database, none where there is no table of them."""
    found = db.execute("SELECT name, salt, key, n, r, p FROM users").fetchall() if db else []
    return {name: Proof(*proof) for name, *proof in found}


def erase(db: Connection, name: str) -> None:
    """Removes this user from a database."""
    db.execute("DELETE FROM users WHERE name = :name", {"name": name})


def write(db: Connection, name: str, proof: Proof) -> None:
    """Keeps this user in a database, or another password of theirs."""
    db.execute(
        "INSERT INTO users VALUES (:name, :salt, :key, :n, :r, :p) ON CONFLICT (name) DO UPDATE SET"
        " salt = excluded.salt, key = excluded.key, n = excluded.n, r = excluded.r, p = excluded.p",
        {"name": name, **asdict(proof)},
    )


# What is typed --------------------------------------------------------------------------------------------------------


def name_of(text: str) -> str:
    """The name that somebody means who writes it with capitals, spaces around it, or wide letters."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).strip().casefold())


def checked_name(name: str) -> str:
    """The name. Raises UsageError for one that could be mistaken for another, or has more than letters."""
    if not 0 < len(name) <= LONGEST_NAME or not all(c.isalnum() or c in "._@+-" for c in name):
        raise UsageError(
            "This cannot be a user's name",
            f"It has at most {LONGEST_NAME} letters and digits, and . _ @ + - among them.",
        )
    return name


def checked_password(password: str) -> str:
    """The password. Raises UsageError for one that is too short or too long; it is never repeated."""
    if len(password) < SHORTEST_PASSWORD:
        raise UsageError(f"The password has {len(password)} characters", f"It must have {SHORTEST_PASSWORD} or more.")
    if len(password) > LONGEST_PASSWORD:
        raise UsageError(f"The password has {len(password):,} characters", f"It may have {LONGEST_PASSWORD:,}.")
    return password


def unknown(name: str, names: Collection[str]) -> None:
    """Raises UsageError for a name that is among these."""
    if name in names:
        hint = f"For another password: python -m rag users password {name}"
        raise UsageError(f"There is a user {name} already", hint)


def known(name: str, names: Collection[str]) -> None:
    """Raises UsageError for a name that is not among these."""
    if name not in names:
        raise UsageError(f"There is no user {name!r}", "Those there are: python -m rag users list")


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    """The same password may be typed in two ways that look alike; both are one here."""
    typed = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(typed, salt=salt, n=n, r=r, p=p, maxmem=256 * n * r, dklen=KEY_BYTES)


def _written(proof: Proof) -> dict[str, Any]:
    salt, key = (base64.b64encode(value).decode() for value in (proof.salt, proof.key))
    return {"salt": salt, "key": key, "n": proof.n, "r": proof.r, "p": proof.p}


def _proofs(data: bytes) -> dict[str, Proof]:
    """What the file says. Raises ValueError, KeyError, TypeError or AttributeError where it is not one of ours."""
    said = json.loads(data)
    if said["form"] != FORM:
        raise ValueError(f"form {said['form']}")
    return {name: _proof(**values) for name, values in said["users"].items()}


def _proof(salt: str, key: str, n: int, r: int, p: int) -> Proof:
    return Proof(base64.b64decode(salt, validate=True), base64.b64decode(key, validate=True), int(n), int(r), int(p))
