"""The articles: the list with its filters, drawn when it is looked at, and again after a sync."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from page.articles import LINES, listing_html, wanted
from page.rooms.wiring import PRIVATE, Library, trouble
from page.words import plain

if TYPE_CHECKING:
    import gradio as gr
    from gradio.events import Dependency


def shelf(library: Library, name: gr.Textbox, synced: Dependency) -> None:
    """The list of articles with its filters; it is drawn when it is looked at, and again after a sync."""
    import gradio as gr

    def listed(name: str, like: str) -> tuple[str, str]:
        asked = wanted(name, like)
        try:
            listing = library.listing(asked.state, asked.like, LINES, asked.offset)
            if asked.page and not listing.entries:  # fewer than when the page was drawn
                return listed(re.sub(r"[0-9]+$", "0", name), like)
            return listing_html(listing, asked), name
        except Exception as error:
            return f'<p class="trouble">{plain(trouble(error))}</p>', name

    def found(shown: str, like: str) -> tuple[str, str]:
        return listed(re.sub(r"[0-9]+$", "0", shown), like)

    with gr.Column(elem_id="shelf"):
        shown = gr.State("list-all-0")
        find = gr.Textbox(
            placeholder="Find by title, author, name or reason", max_lines=1, label="Find an article",
            show_label=False, container=False, elem_id="find",
        )  # fmt: skip
        drawn = gr.HTML("", elem_id="listing")
        turn = gr.Button(elem_id="turn")
    turn.click(
        listed, [name, find], [drawn, shown], js="(_, like) => [window.footnote.wanted, like]", queue=False, **PRIVATE
    )
    find.change(found, [shown, find], [drawn, shown], queue=False, trigger_mode="always_last", **PRIVATE)
    synced.then(listed, [shown, find], [drawn, shown], queue=False, **PRIVATE)
