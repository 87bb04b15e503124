"""What a web page says of itself for machines: when it was published and changed, its own address, its language, feeds.

Dates are looked for here and not by htmldate, which guesses from any text on the page when the tags say nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

from index.errors import FootnoteError
from index.sources.addresses import canonical
from index.sources.dates import believable, day_of
from index.sources.decoding import cleaned
from index.sources.draft import Dated, collapsed

# Where publishers put the day of first publication, the commonest first.
_PUBLISHED = (
    "article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date", "sailthru.date",
    "publish-date", "publish_date", "publishdate", "publication_date", "pubdate", "citation_publication_date",
    "citation_date", "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date.created", "dcterms.date",
    "dc.date", "article.published", "date",
)  # fmt: skip
_MODIFIED = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "datemodified", "dcterms.modified",
    "dc.date.modified", "article.updated", "last-modified", "lastmod",
)  # fmt: skip
_FEEDS = {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}
MAX_FEEDS = 10
MAX_PUBLISHER = 80


@dataclass(frozen=True, slots=True)
class About:
    """What the tags of a page say: None or "" where they do not.

    `shown` is the day of a time tag in the article that nothing marks as the publication: a guess, for want of better.
    """

    published: Dated | None = None
    modified: date | None = None
    url: str = ""
    language: str = ""
    publisher: str = ""
    shown: Dated | None = None


def about_page(tree: Any) -> About:  # noqa: ANN401 - lxml ships no types
    """What the tags say of the page. A day on which nothing can have appeared is passed over."""
    said = _meta(tree)
    url = _own_address(tree, said)
    articles = _about_itself(list(_articles(tree)), _titles(tree, said), url)
    created = [str(a.get(key) or "") for key in ("datePublished", "dateCreated") for a in articles]
    changed = [str(a.get("dateModified") or "") for a in articles]
    published = (
        _first(created, "JSON-LD")
        or _first((said[name] for name in _PUBLISHED if name in said), "meta tag")
        or _first(_times(tree), "byline")
    )
    shown = None if published else _first(_times_inside(tree), "byline")
    modified = _first([*changed, *(said[name] for name in _MODIFIED if name in said), *_times(tree, modified=True)], "")
    day = modified.day if modified else None
    return About(published, day, url, _language(tree), _publisher(said, articles), shown)


def feeds_in(tree: Any, url: str) -> tuple[str, ...]:  # noqa: ANN401
    """The feeds that the page at `url` names as its own."""
    found = {
        _address(urljoin(url, link.get("href") or ""))
        for link in tree.iter("link")
        if "alternate" in _rel(link) and (link.get("type") or "").strip().lower() in _FEEDS
    }
    return tuple(sorted(found - {""}))[:MAX_FEEDS]


def _first(values: Iterable[str], evidence: str) -> Dated | None:
    today = datetime.now(UTC).date()
    days = (day_of(cleaned(value)) for value in values if len(value) < 100)
    return next((Dated(day, evidence) for day in days if day and believable(day, today)), None)


def _meta(tree: Any) -> dict[str, str]:  # noqa: ANN401
    """What the meta tags say, by their names; the first of a name that says anything.

    Those that speak for the server, with http-equiv, are left out: its date is that of the answer.
    """
    said: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        if content := (meta.get("content") or "").strip():
            said.setdefault(name.strip().lower(), content)
    return said


def _own_address(tree: Any, said: dict[str, str]) -> str:  # noqa: ANN401
    links = [link.get("href") or "" for link in tree.iter("link") if "canonical" in _rel(link)]
    return next((url for link in [*links[:1], said.get("og:url", "")] if (url := _address(link))), "")


def of_one_site(own: str, url: str) -> bool:
    """Whether the address that a page at `url` claims for itself may be believed; any is where `url` is not known.

    It may be on www.example.org for amp.example.org, but not on another site, and not the front page for an article.
    """
    if not url:
        return True
    ours, theirs = urlsplit(own), urlsplit(url)
    one, other = ((parts.hostname or "").removeprefix("www.") for parts in (ours, theirs))
    related = one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
    front = ours.path in {"", "/"} and not ours.query and theirs.path not in {"", "/"}
    return bool(one and other) and related and not front


def _publisher(said: dict[str, str], articles: list[dict[str, Any]]) -> str:
    """The name of the paper or site; "" where nobody says it, or it is too long to be a name."""
    publishers = [article.get("publisher") for article in articles]
    named = [str(publisher.get("name") or "") for publisher in publishers if isinstance(publisher, dict)]
    names = (collapsed(cleaned(name)) for name in (said.get("og:site_name", ""), *named) if len(name) < 1_000)
    return next((name for name in names if 0 < len(name) <= MAX_PUBLISHER), "")


def _rel(link: Any) -> list[str]:  # noqa: ANN401
    return str(link.get("rel") or "").lower().split()


def _address(link: str) -> str:
    try:
        return canonical(cleaned(link))
    except FootnoteError:
        return ""


def _language(tree: Any) -> str:  # noqa: ANN401
    """The ISO 639-1 code of the language that the page claims for itself."""
    root = next(tree.iter("html"), None)
    claimed = (root.get("lang") or "" if root is not None else "").strip().lower().replace("_", "-")
    code = claimed.partition("-")[0]
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""


def _articles(tree: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """What the JSON-LD of the page says of articles."""
    for script in tree.iter("script"):
        if (script.get("type") or "").partition(";")[0].strip().lower() == "application/ld+json":
            try:
                yield from list(_articles_of(json.loads(script.text or "", strict=False)))
            except (ValueError, RecursionError):
                continue


def _articles_of(node: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """The articles in a JSON-LD value: itself, a list of them, or a graph."""
    if isinstance(node, list):
        for item in node:
            yield from _articles_of(item)
    elif isinstance(node, dict):
        kinds = node.get("@type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if any(isinstance(kind, str) and kind.endswith(("Article", "Posting", "Report")) for kind in kinds):
            yield node
        yield from _articles_of(node.get("@graph"))
        yield from _articles_of(node.get("mainEntity"))


def _about_itself(articles: list[dict[str, Any]], titles: set[str], url: str) -> list[dict[str, Any]]:
    """Those that are about the page itself, by address or headline; the first one where none says so."""
    named = [
        article
        for article in articles
        if (url and url in _addresses(article)) or _folded(str(article.get("headline") or "")) in titles
    ]
    return named or articles[:1]


def _titles(tree: Any, said: dict[str, str]) -> set[str]:  # noqa: ANN401
    """How the page may be titled."""
    shown = ["".join(tag.itertext()) for tag in tree.iter("title", "h1")]
    return {_folded(text) for text in [*shown, said.get("og:title", "")]} - {""}


def _folded(text: str) -> str:
    return collapsed(cleaned(text)).casefold()


def _addresses(article: dict[str, Any]) -> set[str]:
    said = [article.get(key) for key in ("url", "@id", "mainEntityOfPage")]
    said += [value.get("@id") for value in said if isinstance(value, dict)]
    return {_address(value) for value in said if isinstance(value, str)}


def _times(tree: Any, modified: bool = False) -> list[str]:  # noqa: ANN401
    """The first time tag that is marked as the publication or, with `modified`, as the update."""
    changed, marked = [], []
    for tag in tree.iter("time"):
        mark = _mark(tag)
        if "modif" in mark or "update" in mark:
            changed.append(_moment(tag))
        elif "publish" in mark or "entry-date" in mark or tag.get("pubdate") is not None:
            marked.append(_moment(tag))
    return (changed if modified else marked)[:1]


def _times_inside(tree: Any) -> list[str]:  # noqa: ANN401
    """The first unmarked time tag of the article that the page is about; teasers and comments are articles as well."""
    bodies = list(tree.iter("article"))
    of_title = [_article_above(title) for title in tree.iter("h1")]
    body = next((article for article in of_title if article is not None), bodies[0] if len(bodies) == 1 else None)
    if body is None:
        return []
    times = (tag for tag in body.iter("time") if _article_above(tag) is body)
    return [_moment(tag) for tag in times if not re.search("modif|update", _mark(tag))][:1]


def _article_above(element: Any) -> Any:  # noqa: ANN401
    return next((above for above in element.iterancestors() if above.tag == "article"), None)


def _mark(tag: Any) -> str:  # noqa: ANN401
    return f"{tag.get('itemprop')} {tag.get('class')}".lower()


def _moment(tag: Any) -> str:  # noqa: ANN401
    return tag.get("datetime") or tag.text or ""
