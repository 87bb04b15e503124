"""What every front says in the same words: refusals, counts and dates."""

from __future__ import annotations

import re
import unicodedata
from datetime import date

from index.records import Hit, Overview
from rag.answers import Answer, Citation, Doubt, Refusal, Sentence

SAYINGS = {
    Refusal.NO_ARTICLES: "There are no articles yet. Sync a folder first.",
    Refusal.NOTHING_FOUND: "Your articles do not say.",
    Refusal.NOT_SUPPORTED: "Your articles do not say.",
    Refusal.UNCLEAR: "It is not clear that your articles say.",
}

KEPT_TO = "The articles that the filters leave do not say."
NONE_LEFT = "No article is left by the filters."
MOST_UNKNOWN = 3

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# How many of the nearest passages a refusal shows.
NEAREST = 3
DIFFERING = "Your articles do not agree:"
UNSUPPORTED = "no source"
# What is said behind a sentence that a language model wrote, where its quote does not carry it.
DOUBTS = {
    Doubt.NUMBER: "a number here is not in the quote",
    Doubt.DAY: "a day here is not in the quote",
    Doubt.NAME: "a name here is not in the passage",
    Doubt.NEGATION: "the quote may say the opposite",
    Doubt.MEANING: "the quote may not say this",
}


def refused(answer: Answer) -> str:
    """Why there is no answer, and where it was kept to some articles, that the others were not asked."""
    if answer.question.only and answer.refusal is not Refusal.NO_ARTICLES:
        return KEPT_TO if answer.searched.articles else NONE_LEFT
    return SAYINGS[answer.refusal or Refusal.NOT_SUPPORTED]


def restriction(answer: Answer) -> str:
    """'only of “The Packet”, by “Calloway”, from 3 Jan 2024': what an answer was kept to; "" for all articles."""
    only = answer.question.only
    parts = [
        f"of “{only.source}”" if only.source else "",
        f"by “{only.author}”" if only.author else "",
        f"from {short(only.first)}" if only.first else "",
        f"until {short(only.last)}" if only.last else "",
    ]
    return f"only {', '.join(filter(None, parts))}" if only else ""


def missing(answer: Answer) -> str:
    """What a refusal says of words of the question that no article has; "" where all have theirs."""
    if not answer.refusal or not answer.unknown:
        return ""
    words = " or ".join(f"“{word}”" for word in answer.unknown[:MOST_UNKNOWN])
    return f"None of your articles has the word {words}."


def reserve(sentence: Sentence) -> str:
    """What a front says behind a sentence that is not borne out: that it has no source, or a doubt; "" for none."""
    if not sentence.citations:
        return UNSUPPORTED
    return DOUBTS[sentence.doubt] if sentence.doubt else ""


def heading(answer: Answer) -> str:
    """What stands over the sentences of an answer that are a list, each with its day; "" where they are a text."""
    return DIFFERING if answer.differing else answer.heading


def credit(citation: Citation) -> str:
    """'Two hurt · Ines Calloway · 27 Aug 2024 · p. 3': what is known of where a quote stands, on one line."""
    page = f"p. {citation.page}" if citation.page else ""
    return " · ".join(filter(None, [citation.title, citation.author, short(citation.published), page]))


def glimpse(answer: Answer, hit: Hit) -> tuple[str, str, str]:
    """A piece of a passage that was found: before, at and behind what comes nearest to an answer, if that is known."""
    start, end = answer.spot(hit)
    return excerpt(hit.passage.text, start, end) if end else (clipped(hit.passage.text), "", "")


def readable(text: str) -> str:
    """The text as articles are written: "é" typed as two characters would match none of their words."""
    return unicodedata.normalize("NFC", _LONE_SURROGATE.sub("\ufffd", text))


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


def looked_through(overview: Overview) -> str:
    """'15 articles (3 Jan 2024 – 12 Dec 2024), 69 passages'."""
    return f"{extent(overview)}, {counted(overview.passages, 'passage')}"


def excerpt(text: str, start: int, end: int, limit: int = 160) -> tuple[str, str, str]:
    """What stands before, at and behind a range of the text, each on one line, together about `limit` characters."""
    room = max(0, limit - (end - start)) // 2
    first, last = max(0, start - room), min(len(text), end + room)
    first = text.rfind(" ", 0, first) + 1
    last = next((n for n in range(last, min(last + 30, len(text))) if text[n].isspace()), last)
    before, at, behind = (" ".join(part.split()) for part in (text[first:start], text[start:end], text[end:last]))
    before += " " if text[start - 1 : start].isspace() and before else ""
    behind = f" {behind}" if text[end : end + 1].isspace() and behind else behind
    return ("… " if first else "") + before, at, behind + (" …" if last < len(text) else "")


def clipped(text: str, limit: int = 160) -> str:
    """The first `limit` characters or so on one line, cut between words."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[:limit].rsplit(" ", 1)[0] + " …"
