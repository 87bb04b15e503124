"""The formats that question sets come in from elsewhere and go out to: one module each, and what they cannot hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rag.evals.collection import Collection, Query

# The names in a question's metadata that Footnote reads.
NAMES = frozenset({"type", "answerable", "answers", "history", "question_date", "evidence", "also"})

# The kinds that a question has for want of a better one.
DEFAULT_KINDS = {"question", "span", "conversation"}

# What a format may not be able to hold, and whether a question has it.
HELD: dict[str, Callable[[Query], bool]] = {
    "answers": lambda q: bool(q.answers),
    "that a question has no answer": lambda q: not q.answerable,
    "kinds of question": lambda q: q.kind not in DEFAULT_KINDS,
    "the questions asked before": lambda q: bool(q.earlier),
    "the answers given before": lambda q: len(q.metadata.get("history") or ()) > len(q.earlier),
    "the day of a question": lambda q: bool(q.metadata.get("question_date")),
    "the places that answer": lambda q: bool(q.places("evidence")),
    "other places that say the same": lambda q: bool(q.places("also")),
    "more than one document for a question": lambda q: len(q.relevant) > 1,
    "grades of relevance": lambda q: any(grade != 1 for grade in q.relevance.values()),
}


@dataclass(frozen=True, slots=True)
class Read:
    """What was read, and a sentence for each thing in it that has no place in a question set."""

    collection: Collection
    notes: tuple[str, ...] = ()


class Format(Protocol):
    """A module of this folder."""

    ABOUT: str
    """What lies at its path: a line of the help."""

    def read(self, path: Path) -> Read:
        """What lies at the path. Raises FootnoteError, naming file and line, and UsageError when nothing is there."""

    def write(self, collection: Collection, path: Path) -> list[str]:
        """Writes it to the path, which is free, and gives a sentence for each thing that the format cannot hold."""


def lost(format_name: str, queries: Sequence[Query], *what: str, notes: AbstractSet[str] | None = None) -> list[str]:
    """A sentence for each of `what`, names of HELD, that some question has and the format does not hold.

    `notes` names what else of a question's metadata it does hold; without it, it holds all.
    """
    counts = {name: sum(HELD[name](asked) for asked in queries) for name in what}
    if notes is not None:
        counts["other notes on questions"] = sum(bool(_filled(asked) - NAMES - notes) for asked in queries)
    return [f"{format_name} does not hold {name}: {counted(count)}." for name, count in counts.items() if count]


def _filled(asked: Query) -> set[str]:
    return {name for name, value in asked.metadata.items() if value not in (None, "", [], {})}


def counted(count: int) -> str:
    """A number of questions in words."""
    return f"{count:,} question{'' if count == 1 else 's'}"
