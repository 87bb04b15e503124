"""The panel beside the rest, where a cited article is read."""

from __future__ import annotations

import re
from collections.abc import Callable

from page.chat import Turn
from page.language import later
from page.rooms.wiring import Library, trouble
from page.source import opened, read_html, trouble_html
from page.words import tell, told_html

GONE = later("This article is not in the index any more. Choose another, or look again after a sync.")


def reading(library: Library) -> Callable[[str, list[Turn]], str]:
    """The event behind the panel: what was followed and the conversation, to the source as it is drawn."""

    def read(name: str, turns: list[Turn]) -> str:
        parts = re.fullmatch(r"read-([0-9a-f]{32})(?:-[0-9]{1,9}-[0-9]{1,9}-[0-9a-f]{8})?", name)
        if not parts:
            return opened(name, turns)
        try:
            article = library.article(parts[1])
        except Exception as error:
            return trouble_html(name, told_html(trouble(error)))
        return read_html(name, article) if article else trouble_html(name, tell(GONE))

    return read
