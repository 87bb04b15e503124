"""Web pages: the article without the page around it. The only import of trafilatura.

Dates are looked for here and not by htmldate, which guesses from any text on the page when the tags say nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from index.errors import NotAnArticle, UnreadableSource
from index.sources.byline import author_of, lines_of_title, read_opening
from index.sources.dates import day_of
from index.sources.decoding import cleaned
from index.sources.draft import Block, Dated, Draft, collapsed, composed

# Where publishers put the day of first publication, the commonest first. Tags of the last change are left out.
_META_NAMES = (
    "article:published_time", "og:article:published_time", "datepublished", "parsely-pub-date", "sailthru.date",
    "publish-date", "publish_date", "publishdate", "publication_date", "pubdate", "citation_publication_date",
    "citation_date", "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date.created", "dcterms.date",
    "dc.date", "article.published", "date",
)  # fmt: skip
_BLOCKS = {"p", "head", "list", "table", "quote", "code", "div", "item", "row"}
_CLOSED = {"list", "table"}
# trafilatura knows these too, and forgets it where the article is so short that it falls back on all text of the page.
_AROUND = ("nav", "aside", "footer")
# Above the title stands at most a word or two: the section, a kicker.
MAX_KICKER = 60
# trafilatura takes 1.7 s for 25,000 paragraphs and 9 s for 50,000: twice the elements, four times the time.
MAX_ELEMENTS = 100_000


def read_webpage(page: str) -> Draft:
    """The article of a page. Raises NotAnArticle where there is none, and UnreadableSource for a page without end."""
    tree = _tree(page)
    document = _extracted(tree)
    title = collapsed(cleaned(document.title or ""))
    blocks = _under_title(list(_blocks(document.body)), title)
    opening = read_opening([block.text for block in blocks[:8]], title)
    text, sections = composed(blocks[opening.lines :])
    published = _published(tree) or (Dated(opening.day, "byline") if opening.day else None)
    names = cleaned(document.author or "").replace("; ", ", ")
    return Draft(text, sections, (), title, author_of(names) or opening.author, published)


def _tree(page: str) -> Any:  # noqa: ANN401 - lxml ships no types
    from trafilatura import load_html

    for noisy in ("trafilatura", "htmldate"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)
    tree = load_html(page)
    if tree is None:
        raise NotAnArticle("no article text found in the page")
    elements = sum(1 for _ in tree.iter())
    if elements > MAX_ELEMENTS:
        raise UnreadableSource(f"refused, because it has {elements:,} elements (limit {MAX_ELEMENTS:,})")
    return tree


def _extracted(tree: Any) -> Any:  # noqa: ANN401
    from trafilatura import bare_extraction

    for element in list(tree.iter(*_AROUND)):
        if not any(above.tag == "article" for above in element.iterancestors()):
            element.drop_tree()
    # It can give a dict as well, but not with these arguments.
    document: Any = bare_extraction(
        tree,
        include_comments=False,
        include_tables=True,
        with_metadata=True,
        date_extraction_params={"extensive_search": False, "original_date": True},
    )
    if document is None or document.body is None or not (document.text or "").strip():
        raise NotAnArticle("no article text found in the page")
    return document


def _under_title(blocks: list[Block], title: str) -> list[Block]:
    """The blocks after the title line and the kicker above it, when the page begins with them."""
    for at, block in enumerate(blocks[:3]):
        if lines_of_title([block.text], title):
            return blocks[at + 1 :]
        if len(block.text) > MAX_KICKER:
            break
    return blocks


def _blocks(element: Any) -> Iterator[Block]:  # noqa: ANN401
    """The paragraphs, lists, tables and headings under an element of trafilatura's body, loose text as paragraphs."""
    loose = [_flat(element.text)]
    for child in element:
        if child.tag in _BLOCKS:
            yield from _block("".join(loose))
            yield from _blocks(child) if _nests(child) else _block(_lines(child), child.tag == "head")
            loose = [_flat(child.tail)]
        else:
            loose.append(_shown(child) + _flat(child.tail))
    yield from _block("".join(loose))


def _nests(element: Any) -> bool:  # noqa: ANN401
    return element.tag not in _CLOSED and any(child.tag in _BLOCKS for child in element)


def _block(text: str, heading: bool = False) -> Iterator[Block]:
    lines = [collapsed(line) for line in cleaned(text).split("\n")]
    text = (" " if heading else "\n").join(filter(None, lines))
    if text:
        yield Block(text, heading)


def _lines(element: Any) -> str:  # noqa: ANN401
    """The text of one block: an item or a row a line."""
    if element.tag == "table":
        rows = ([collapsed(_shown(cell)) for cell in row.iter("cell")] for row in element.iter("row"))
        return "\n".join(" | ".join(filter(None, row)) for row in rows)
    if element.tag == "list":
        return "\n".join(collapsed(_own(item)) for item in element.iter("item"))
    if element.tag == "code":
        return "".join(element.itertext())
    return _shown(element)


def _own(item: Any) -> str:  # noqa: ANN401
    """The text of a list item without that of the lists in it, whose items are lines of their own."""
    if item.tag == "lb":
        return " "
    parts = [item.text or ""]
    for child in item:
        own = "" if child.tag == "list" else _own(child)
        parts.extend((f" {own} " if child.tag in _BLOCKS else own, child.tail or ""))
    return "".join(parts)


def _shown(element: Any) -> str:  # noqa: ANN401
    """The text of an inline element on one line, with a line break where the page has one."""
    if element.tag == "lb":
        return "\n"
    return _flat(element.text) + "".join(_shown(child) + _flat(child.tail) for child in element)


def _flat(text: str | None) -> str:
    return (text or "").replace("\n", " ")


def _published(tree: Any) -> Dated | None:  # noqa: ANN401
    """The day of first publication that the page's tags give."""
    for evidence, values in (("meta tag", _in_meta(tree)), ("meta tag", _in_json(tree)), ("byline", _in_time(tree))):
        day = next((day for value in values if (day := _day(value))), None)
        if day:
            return Dated(day, evidence)
    return None


def _day(value: str) -> date | None:
    return day_of(cleaned(value)) if len(value) < 100 else None


def _in_meta(tree: Any) -> list[str]:  # noqa: ANN401
    said: dict[str, str] = {}
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        said.setdefault(name.strip().lower(), meta.get("content") or "")
    return [said[name] for name in _META_NAMES if name in said]


def _in_json(tree: Any) -> list[str]:  # noqa: ANN401
    """The datePublished values of the page's JSON-LD, articles only."""
    found: list[str] = []
    for script in tree.iter("script"):
        if (script.get("type") or "").strip().lower() == "application/ld+json":
            try:
                found.extend(_dates_of(json.loads(script.text or "", strict=False)))
            except (ValueError, RecursionError):
                continue
    return found


def _dates_of(node: Any) -> Iterator[str]:  # noqa: ANN401
    """The dates of the articles in a JSON-LD value: itself, a list of them, or a graph."""
    if isinstance(node, list):
        for item in node:
            yield from _dates_of(item)
    elif isinstance(node, dict):
        kinds = node.get("@type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if any(isinstance(kind, str) and kind.endswith(("Article", "Posting", "Report")) for kind in kinds):
            yield str(node.get("datePublished") or node.get("dateCreated") or "")
        yield from _dates_of(node.get("@graph"))


def _in_time(tree: Any) -> Sequence[str]:  # noqa: ANN401
    """The first time tag that is marked as the publication, or stands in the article and not as its update."""
    marked, inside = [], []
    for tag in tree.iter("time"):
        mark = f"{tag.get('itemprop')} {tag.get('class')}".lower()
        if "modif" in mark or "update" in mark:
            continue
        said = tag.get("datetime") or tag.text or ""
        if "publish" in mark or "entry-date" in mark or tag.get("pubdate") is not None:
            marked.append(said)
        elif any(above.tag == "article" for above in tag.iterancestors()):
            inside.append(said)
    return [*marked, *inside][:1]
