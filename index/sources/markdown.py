"""Markdown as it would be read aloud: no marks, no images, no raw HTML. The only import of markdown_it and yaml."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from index.sources.byline import Opening, from_fields, read_opening
from index.sources.decoding import cleaned
from index.sources.draft import Block, Dated, Draft, collapsed, composed

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_FRONT_MATTER = 20_000

_FENCE = re.compile(r"(?:---|\.\.\.)[ \t]*(?:\n|$)")
_FIELD = re.compile(r"(\w+)[ \t]*:[ \t]+(\S.*)")
_TAG = re.compile(r"<[^<>]*>")
_UNSEEN = re.compile(r"\s*<(?:script|style|pre|textarea|!|\?)", re.I)
_ALIASES = {"pubdate": "date", "published_at": "published", "publish_date": "published", "date_published": "published"}


def read_markdown(text: str) -> Draft:
    """The article; what its front matter says goes before what stands over the text."""
    front, body = _front_matter(text)
    blocks = _Blocks(body)
    title = front.title or blocks.title
    opening = read_opening([block.text for block in blocks.found[:8]], title)
    content, sections = composed(blocks.found[opening.lines :])
    published = Dated(front.day, "front matter") if front.day else None
    published = published or (Dated(opening.day, "byline") if opening.day else None)
    author, publisher = front.author or opening.author, front.publisher
    return Draft(content, sections, (), title or opening.title, author, published, publisher=publisher)


def _front_matter(text: str) -> tuple[Opening, str]:
    """What the lines between --- and --- say, and the text after them."""
    if not re.match(r"---[ \t]*\n", text):
        return Opening(), text
    start = text.index("\n") + 1
    for line in re.finditer(r"(?m)^(?:---|\.\.\.)", text[:MAX_FRONT_MATTER]):
        end = _FENCE.match(text, line.start()) if line.start() >= start else None
        if end:
            fields = _fields(text[start : line.start()])
            return (from_fields(fields), text[end.end() :]) if fields else (Opening(), text)
    return Opening(), text


def _fields(source: str) -> dict[str, str]:
    """The named values, as text. Broken YAML, such as a title with a colon, is read line by line."""
    import yaml

    try:
        loaded = yaml.safe_load(source)
    except (yaml.YAMLError, ValueError, RecursionError):
        loaded = {m[1]: m[2].strip().strip("\"'") for line in source.split("\n") if (m := _FIELD.match(line))}
    if not isinstance(loaded, dict):
        return {}
    named = ((str(key).lower(), _value(value)) for key, value in loaded.items() if isinstance(key, str))
    return {_ALIASES.get(key, key): cleaned(value) for key, value in named}


def _value(value: Any) -> str:  # noqa: ANN401 - YAML holds anything
    """A value as text. Lists go one level deep: nested aliases would grow without end when written out."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        return ", ".join(filter(None, (_name(item) for item in value[:20])))
    return _name(value)


def _name(value: Any) -> str:  # noqa: ANN401
    value = value.get("name") if isinstance(value, dict) else value
    return str(value) if isinstance(value, str | int) else ""


class _Blocks:
    """The blocks of a Markdown text in order, and the first heading of the first level."""

    def __init__(self, text: str) -> None:
        from markdown_it import MarkdownIt

        self.title = ""
        self._depth = 0
        tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
        pieces = list(self._pieces(tokens))
        self.found = [
            Block("\n".join(text for _, _, text in run), heading)
            for (_, heading), run in groupby(pieces, key=lambda piece: piece[:2])
        ]

    def _pieces(self, tokens: Sequence[Token]) -> Iterator[tuple[int, bool, str]]:
        """(group, heading, text); neighbours of one group are lines of one block: items of a list, rows of a table."""
        group = 0
        row: list[str] = []
        for i, token in enumerate(tokens):
            self._depth += token.nesting * (token.type.split("_")[0] in {"bullet", "ordered", "table"})
            if token.type == "tr_close":
                yield group, False, " | ".join(row)
                row.clear()
            elif token.type == "inline" and tokens[i - 1].type in {"td_open", "th_open"}:
                row.append(collapsed(_shown(token)))
            else:
                group += not self._depth or token.level == 0
                text, heading = self._block(token, tokens[i - 1])
                if text:
                    yield group, heading, text

    def _block(self, token: Token, before: Token) -> tuple[str, bool]:
        if token.type in {"fence", "code_block"}:
            return cleaned(token.content).strip("\n"), False
        if token.type == "html_block":
            return ("" if _UNSEEN.match(token.content) else cleaned(_without_tags(token.content))), False
        if token.type != "inline":
            return "", False
        heading = before.type == "heading_open"
        text = collapsed(_shown(token)) if heading else _shown(token)
        if heading and before.tag == "h1":
            self.title = self.title or text
        return text, heading


def _shown(token: Token) -> str:
    """What a reader sees of a line: the text of links and code, a space for a soft break, nothing of images."""
    breaks = {"softbreak": " ", "hardbreak": "\n"}
    seen = [breaks.get(child.type, child.content if child.type in {"text", "code_inline"} else "")
            for child in token.children or ()]  # fmt: skip
    return cleaned("".join(seen)).strip()


def _without_tags(content: str) -> str:
    return collapsed(html.unescape(_TAG.sub(" ", content)))
