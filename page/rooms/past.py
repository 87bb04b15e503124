"""The side bar: the conversations that are kept, opened again, renamed and removed."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from index.errors import FootnoteError
from page.chat import Turn, messages
from page.language import later
from page.past import LISTED, leave_html, past_html
from page.rooms.ask import kept
from page.rooms.evals import Evals
from page.rooms.visitor import visitor
from page.rooms.wiring import PRIVATE, Past, label, trouble, warn
from page.source import empty_html
from page.words import told_html

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    import gradio as gr
    from gradio.events import Dependency


@dataclass(frozen=True, slots=True)
class Bar:
    """The parts of the side bar: what is looked for, the list, and what script.js presses."""

    find: gr.Textbox
    drawn: gr.HTML
    resume: gr.Button
    alter: gr.Button
    leave: gr.HTML


def sidebar() -> Bar:
    """The conversations that are kept; script.js opens and closes it."""
    import gradio as gr

    with gr.Column(elem_id="past"):
        find = gr.Textbox(
            placeholder=label("Find a conversation"), max_lines=1, label=label("Find a conversation"),
            show_label=False, container=False, elem_id="recall",
        )  # fmt: skip
        kept, resume, alter = gr.HTML("", elem_id="kept"), gr.Button(elem_id="resume"), gr.Button(elem_id="alter")
        return Bar(find, kept, resume, alter, gr.HTML("", elem_id="leave"))


def resumed(past: Past, evals: Evals, conversation: str) -> list[Turn]:
    """The turns of a conversation that is kept, as the page has them."""
    turns = kept([Turn(t.number, t.question, t.answer, t.trouble, conversation) for t in past.turns(conversation)])
    answers = [turn.answer for turn in turns if turn.answer]
    try:
        found = iter(evals.are_marked(answers))
    except FootnoteError as error:  # a conversation can be read without its marks
        log.warning("which answers are marked is not known: %s", error)
        return turns
    return [replace(turn, marked=bool(turn.answer) and next(found)) for turn in turns]


def resuming(past: Past, evals: Evals) -> Callable[[str, list[Turn]], tuple[Any, ...]]:
    """The event behind a conversation of the list: (its name, turns) → (chat, turns, panel)."""
    import gradio as gr

    def resume(name: str, turns: list[Turn]) -> tuple[Any, ...]:
        try:
            turns = resumed(past, evals, name.removeprefix("past-"))
            return messages(turns), turns, empty_html()
        except Exception as error:
            warn(later("Not opened"), error)
            return gr.skip(), gr.skip(), gr.skip()

    return resume


def remembering(
    blocks: gr.Blocks, past: Past, bar: Bar, name: gr.Textbox, turns: gr.State, changing: Sequence[Dependency]
) -> None:
    """Draws the list of conversations when the page is loaded, and after each event that changes it."""

    def listed(like: str, turns: list[Turn]) -> str:
        try:
            current = turns[0].conversation if turns else ""
            return past_html(past.listing(like, LISTED + 1), like.strip(), current, datetime.now().astimezone().date())
        except Exception as error:
            return f'<p class="trouble">{told_html(trouble(error))}</p>'

    def alter(name: str, like: str, turns: list[Turn]) -> str:
        parts = re.fullmatch(r"(rename|remove)-([0-9a-f]{32})-?(.*)", name, re.DOTALL)
        try:
            if parts and parts[1] == "rename":
                past.rename(parts[2], parts[3])
            elif parts:
                past.remove(parts[2])
        except Exception as error:
            warn(later("Not changed"), error)
        return listed(like, turns)

    wanted = "(_, like) => [window.footnote.wanted, like, null]"
    # In the queue, which is how a warning reaches the page.
    bar.alter.click(alter, [name, bar.find, turns], bar.drawn, js=wanted, concurrency_limit=None, **PRIVATE)
    blocks.load(listed, [bar.find, turns], bar.drawn, queue=False, **PRIVATE)
    blocks.load(lambda: leave_html(visitor()), None, bar.leave, queue=False, **PRIVATE)
    bar.find.change(listed, [bar.find, turns], bar.drawn, queue=False, trigger_mode="always_last", **PRIVATE)
    for event in changing:
        event.then(listed, [bar.find, turns], bar.drawn, queue=False, **PRIVATE)
