"""Web pages: the article without the page around it. The only import of trafilatura.

Dates are looked for here and not by htmldate, which guesses from any text on the page when the tags say nothing.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Iterator
from typing import Any

from index.errors import FootnoteError, NotAnArticle, UnreadableSource
from index.sources.byline import author_of, lines_of_title, read_opening
from index.sources.decoding import cleaned
from index.sources.draft import MIN_LANGUAGE_SAMPLE, Block, Dated, Draft, collapsed, composed
from index.sources.metadata import about_page, feeds_in

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
    about = about_page(tree)
    document = _extracted(tree)
    title = collapsed(cleaned(document.title or ""))
    blocks = _under_title(list(_blocks(document.body)), title)
    opening = read_opening([block.text for block in blocks[:8]], title)
    text, sections = composed(blocks[opening.lines :])
    byline = Dated(opening.day, "byline") if opening.day else None
    names = cleaned(document.author or "").replace("; ", ", ")
    return Draft(
        text,
        sections,
        title=title,
        author=author_of(names) or opening.author,
        published=about.published or byline or about.shown,
        modified=about.modified,
        url=about.url,
        publisher=about.publisher,
        # Pages claim the language of the template that they were made with.
        language=about.language if len(text) < MIN_LANGUAGE_SAMPLE else "",
    )


def feeds_of(page: str, url: str) -> tuple[str, ...]:
    """The addresses of the feeds that the page at `url` names as its own."""
    try:
        return feeds_in(_tree(page), url)
    except FootnoteError:
        return ()


def page_around(title: str, content: str) -> str:
    """A page that holds an article and nothing else."""
    return f"<!doctype html><html><head><title>{html.escape(title)}</title></head><article>{content}</article></html>"


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
