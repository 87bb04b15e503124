"""The settings: what is running, looked up each time the room is entered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from page.rooms.wiring import PRIVATE, trouble
from page.settings import settings_html
from page.words import told_html
from rag.running import Facts


def office(running: Callable[[], Sequence[Facts]]) -> None:
    """The room; script.js presses its button."""
    import gradio as gr

    def drawn() -> str:
        try:
            return settings_html(running())
        except Exception as error:
            return f'<p class="trouble">{told_html(trouble(error))}</p>'

    with gr.Column(elem_id="office"):
        facts = gr.HTML("", elem_id="facts")
        look = gr.Button(elem_id="look")
    look.click(drawn, None, facts, queue=False, **PRIVATE)
