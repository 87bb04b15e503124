"""The header: what there is to ask about, the rooms, and a sync with its progress, which can be cancelled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from page.header import header_html, report_html, rooms_html, running_html, stopped_html, toggle_html
from page.rooms.wiring import PRIVATE, Assistant, fixed, label, trouble
from page.syncs import Running, Stopped, Sync, Syncs
from page.words import told_html

if TYPE_CHECKING:
    import gradio as gr
    from gradio.events import Dependency


def sync_html(running: Running) -> str:
    """How far a sync is, or what has come of it."""
    if not running.ended.done():
        return running_html(running.step, stopping=running.stopping)
    try:
        return report_html(running.ended.result())
    except Stopped:
        return stopped_html()
    except Exception as error:
        return f'<p class="trouble">{told_html(trouble(error))}</p>'


@dataclass(frozen=True, slots=True)
class Head:
    """The header: its button for a new conversation, where a sync is shown and how, and the end of one begun there.

    `count` has what there is to ask about counted anew after an event: another process or machine may have changed it.
    """

    anew: gr.Button
    shown: list[gr.HTML]
    showing: Callable[[Iterator[Running]], Iterator[tuple[Any, ...]]]
    synced: Dependency
    count: Callable[[Dependency], object]


def header(blocks: gr.Blocks, assistant: Assistant, syncs: Syncs, sync: Sync) -> Head:
    """Name, counts, rooms and buttons. A sync that runs when the page is loaded is shown, whoever began it."""
    import gradio as gr

    def known() -> str:
        try:
            return header_html(assistant.overview())
        except Exception as error:
            return f'<h1>Footnote</h1><p class="known trouble">{told_html(trouble(error))}</p>'

    def showing(steps: Iterator[Running]) -> Iterator[tuple[Any, ...]]:
        for running in steps:
            yield sync_html(running), known() if running.ended.done() else gr.skip()

    def loaded() -> Iterator[tuple[Any, ...]]:
        yield gr.skip(), gr.skip()  # where nothing is yielded, Gradio empties what is there
        if running := syncs.running:
            yield from showing(running.steps())

    with gr.Row(elem_id="head"):
        gr.HTML(fixed(toggle_html), elem_id="toggle")
        name = gr.HTML("", elem_id="name")
        gr.HTML(fixed(rooms_html), elem_id="rooms")
        status = gr.HTML("", elem_id="synced")
        start = gr.Button(label("Sync"), elem_id="sync", size="sm")
        halt = gr.Button(label("Cancel"), elem_id="halt", size="sm")
        anew = gr.Button(label("New conversation"), elem_id="anew", size="sm")
    # Generator functions, so that Gradio streams them; without a limit, so that each press is answered at once.
    streamed: dict[str, Any] = {"concurrency_limit": None, **PRIVATE}
    blocks.load(known, None, name, queue=False, **PRIVATE)
    blocks.load(loaded, None, [status, name], **streamed)
    synced = start.click(lambda: (yield from showing(syncs.watched(sync))), None, [status, name], **streamed)
    halt.click(syncs.stop, None, None, queue=False, **PRIVATE)
    return Head(
        anew, [status, name], showing, synced, lambda event: event.then(known, None, name, queue=False, **PRIVATE)
    )
