"""Articles and passages, for every door alike: what is asked of the index, and plain JSON values of what it gives."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Protocol

from index.candidates import Only
from index.ledger import Listing
from index.records import Article, article_id
from rag.answers import Question, iso
from rag.chain import Walk
from rag.doors.faults import NotFound
from rag.retrieve import as_document


class Library(Protocol):
    """What the doors need of index.search.Index. Both methods may be called from several threads."""

    def listing(self, state: str, like: str, limit: int, offset: int) -> Listing:
        """A piece of the ledger, or a FootnoteError."""

    def article(self, article: str) -> Article | None:
        """The live article with this id, or None; or a FootnoteError."""


def question(text: str, earlier: list[str], asked_at: datetime | None = None, only: Only | None = None) -> Question:
    """The question, asked now where it does not say when."""
    return Question(text, tuple(earlier), asked_at or datetime.now(UTC), only or Only())


def article(library: Library, wanted: str) -> Article:
    """The live article with this id. Raises NotFound."""
    found = library.article(wanted)
    if not found:
        raise NotFound(f"There is no article {wanted}", "GET /v1/articles, or the tool list_articles, gives their ids.")
    return found


def article_as_json(found: Article) -> dict[str, Any]:
    """The article's text, and what is known of it."""
    return {
        "id": found.id,
        "revision": found.revision,
        "source": found.source,
        "title": found.title,
        "author": found.author,
        "published": iso(found.published),
        "published_from": found.published_from,
        "modified": iso(found.modified),
        "fetched": found.fetched.isoformat(),
        "language": found.language,
        "url": found.url,
        "publisher": found.publisher,
        "pages": list(found.pages),
        "sections": [{"heading": s.heading, "start": s.start, "body": s.body} for s in found.sections],
        "text": found.text,
    }


def found_as_json(walk: Walk, limit: int) -> dict[str, Any]:
    """The first `limit` passages that were found, best first."""
    documents = [as_document(hit) for hit in walk.hits[:limit]]
    return {
        "question": walk.question.text,
        "searched_for": walk.searched_for,
        "passages": [{"id": d.id, "text": d.page_content, **d.metadata} for d in documents],
    }


def listing_as_json(listing: Listing) -> dict[str, Any]:
    """A piece of the ledger. What has an article, be it that of a twin, has its id."""
    return {
        "articles": [
            {"id": article_id(entry.twin or entry.source) if entry.characters else None, **asdict(entry)}
            for entry in listing.entries
        ],
        "states": dict(listing.states),
        "followed": list(listing.followed),
    }
