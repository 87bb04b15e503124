"""What rag/wording.py says in English of an answer and of what was searched, in the language of the reader."""

from __future__ import annotations

from index.candidates import Only
from index.records import Overview
from page.language import figures, known, say, several, short
from rag.answers import Answer, Citation
from rag.wording import MOST_UNKNOWN


def extent(overview: Overview) -> str:
    """'15 articles (3 Jan 2024 – 12 Dec 2024)'."""
    days = list(dict.fromkeys(short(day) for day in (overview.first, overview.last) if day))
    articles = several(overview.articles, "{n} article", "{n} articles")
    return articles + (f" ({' – '.join(days)})" if days else "")


def looked_through(overview: Overview) -> str:
    """'15 articles (3 Jan 2024 – 12 Dec 2024), 69 passages'."""
    return f"{extent(overview)}, {several(overview.passages, '{n} passage', '{n} passages')}"


def restriction(answer: Answer) -> str:
    """'only of “The Packet”, by “Calloway”, from 3 Jan 2024': what an answer was kept to; "" for all articles."""
    return narrowed(answer.question.only)


def narrowed(only: Only) -> str:
    """The same of these filters."""
    parts = [
        say("of “{source}”", source=only.source) if only.source else "",
        say("by “{author}”", author=only.author) if only.author else "",
        say("from {day}", day=_whole(short(only.first))) if only.first else "",
        say("until {day}", day=_whole(short(only.last))) if only.last else "",
    ]
    return say("only {what}", what=", ".join(filter(None, parts))) if only else ""


def _whole(day: str) -> str:
    """The same, which no line breaks inside."""
    return day.replace(" ", "\u00a0")


def missing(answer: Answer) -> str:
    """What a refusal says of words of the question that no article has; "" where all have theirs."""
    if not answer.refusal or not answer.unknown:
        return ""
    words = say(" or ").join(say("“{word}”", word=word) for word in answer.unknown[:MOST_UNKNOWN])
    return say("None of your articles has the word {words}.", words=words)


def credit(citation: Citation) -> str:
    """'Two hurt · Ines Calloway · 27 Aug 2024 · p. 3': what is known of where a quote stands, on one line."""
    page = say("p. {page}", page=citation.page) if citation.page else ""
    return " · ".join(filter(None, [citation.title, citation.author, short(citation.published), page]))


def about(citation: Citation) -> str:
    """'Ines Calloway, 27 Aug 2024, page 3, also in post.html': what is known of where a quote stands."""
    page = say("page {page}", page=citation.page) if citation.page else ""
    also = [say("also in {places}", places=copy.source) for copy in citation.also]
    return ", ".join(filter(None, [citation.author, short(citation.published), citation.heading, page, *also]))


def evidence(published_from: str | None) -> str:
    """' (byline)': what a date was taken from; "" where that is not known."""
    return f" ({known(published_from) or published_from})" if published_from else ""


def seconds(number: float) -> str:
    """'0.42 s'."""
    return figures(f"{number:.2f} s")
