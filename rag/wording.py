"""What every front says in the same words: refusals, counts and dates."""

from __future__ import annotations

from datetime import date

from index.records import Overview
from rag.answers import Refusal

SAYINGS = {
    Refusal.NO_ARTICLES: "There are no articles yet. Sync a folder first.",
    Refusal.NOTHING_FOUND: "Your articles do not say.",
    Refusal.NOT_SUPPORTED: "Your articles do not say.",
}

DIFFERING = "Your articles do not agree:"


def counted(number: int, noun: str) -> str:
    """'1 article', '1,200 articles'."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def short(day: date | None) -> str:
    """'3 Jan 2024', or 'undated'."""
    return f"{day.day} {day:%b %Y}" if day else "undated"


def extent(overview: Overview) -> str:
    """'15 articles (3 Jan 2024 – 12 Dec 2024)'."""
    days = list(dict.fromkeys(short(day) for day in (overview.first, overview.last) if day))
    return counted(overview.articles, "article") + (f" ({' – '.join(days)})" if days else "")


def clipped(text: str, limit: int = 160) -> str:
    """The first `limit` characters or so on one line, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[:limit].rsplit(" ", 1)[0] + " …"
