"""The header: what there is to ask about, the rooms, and a sync."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING

from index.errors import FootnoteError
from page.header import ROOMS, TOGGLE, header_html, progress_line, report_html
from page.rooms.wiring import PRIVATE, Assistant, Progress, trouble
from page.words import plain

if TYPE_CHECKING:
    import gradio as gr
    from gradio.events import Dependency

    from index.sync import Report


def watched(sync: Callable[[Progress], Report], every: float = 0.25) -> Iterator[str]:
    """What to show while `sync` runs in a thread of its own, about four times a second, and then its report.

    The sync goes on when nobody watches any more.
    """
    latest = "Looking for changes"

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal latest
        latest = progress_line(stage, done, total)

    running: Future[Report] = Future()

    def run() -> None:
        try:
            running.set_result(sync(progress))
        except BaseException as error:
            running.set_exception(error)

    # Not a pool, whose threads are waited for when the server is stopped; a run may be ended anywhere.
    threading.Thread(target=run, name="sync", daemon=True).start()
    while not running.done():
        yield f'<p class="running">{plain(latest)}</p>'
        wait([running], timeout=every)
    try:
        yield report_html(running.result())
    except Exception as error:
        yield f'<p class="trouble">{plain(trouble(error))}</p>'


def one_at_a_time(sync: Callable[[Progress], Report]) -> Callable[[Progress], Report]:
    """The sync, which says so while it is running already: what the store says is meant for other processes."""
    running = threading.Lock()

    def begin(progress: Progress) -> Report:
        if not running.acquire(blocking=False):
            raise FootnoteError("A sync is running already", "Questions can be asked meanwhile.")
        try:
            return sync(progress)
        finally:
            running.release()

    return begin


def header(blocks: gr.Blocks, assistant: Assistant, sync: Callable[[Progress], Report]) -> tuple[gr.Button, Dependency]:
    """Name, counts, rooms and buttons; returns the button for a new conversation, and the end of a sync."""
    import gradio as gr

    def known() -> str:
        try:
            return header_html(assistant.overview())
        except Exception as error:
            return f'<h1>Footnote</h1><p class="known trouble">{plain(trouble(error))}</p>'

    with gr.Row(elem_id="head"):
        gr.HTML(TOGGLE, elem_id="toggle")
        name = gr.HTML("", elem_id="name")
        gr.HTML(ROOMS, elem_id="rooms")
        status = gr.HTML("", elem_id="synced")
        start = gr.Button("Sync", elem_id="sync", size="sm")
        anew = gr.Button("New conversation", elem_id="anew", size="sm")
    blocks.load(known, None, name, queue=False, **PRIVATE)
    started = start.click(lambda: gr.Button("Syncing", interactive=False), None, start, queue=False, **PRIVATE)
    # A generator function, so that Gradio streams it; without a limit, so that a second press is answered at once.
    done = started.then(lambda: (yield from watched(sync)), None, status, concurrency_limit=None, **PRIVATE)
    told = lambda: (known(), gr.Button("Sync", interactive=True))  # noqa: E731
    return anew, done.then(told, None, [name, start], queue=False, **PRIVATE)
