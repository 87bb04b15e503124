"""What a person gives to keep a question to some articles, as the chain has it."""

from __future__ import annotations

from datetime import date

from index.candidates import Only
from index.errors import UsageError
from rag.wording import readable


def kept_to(
    source: str = "", author: str = "", first: str | date | None = None, last: str | date | None = None
) -> Only:
    """The articles that are meant. Raises UsageError for what is no day, and for days in the wrong order."""
    only = Only(_line(source), _line(author), _day(first), _day(last))
    if only.first and only.last and only.first > only.last:
        raise UsageError(f"No day is both after {only.first} and before {only.last}", "Give the earlier one first.")
    return only


def as_filters(only: Only) -> dict[str, str]:
    """What `kept_to` makes the same of again: each part that is given, under its name."""
    days = {name: day.isoformat() for name, day in (("first", only.first), ("last", only.last)) if day}
    return {name: text for name, text in (("source", only.source), ("author", only.author)) if text} | days


def _line(text: str) -> str:
    return " ".join(readable(text).split())


def _day(text: str | date | None) -> date | None:
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text.strip()) if text and text.strip() else None
    except ValueError as error:
        raise UsageError(f"{text!r} is no day", "Write it as 2024-08-30.") from error
