"""Asking: the question box, the chat over it, and the door for programs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from page.chat import Turn, messages
from page.rooms.wiring import PRIVATE, WANTED, Assistant, Past, log, trouble
from page.words import plain
from rag.answers import Question, as_json
from rag.conversations import Conversations
from rag.stored import shown

if TYPE_CHECKING:
    import gradio as gr

# An answer that grows is drawn again after so many seconds: each time, the whole conversation is sent.
REDRAWN = 0.15
# Turns that a conversation keeps, with the articles that they cite.
TURNS = 200
# What the page hears with a question that is not to lean on the ones before it.
ALONE = "alone"

ASKING: dict[str, Any] = {"concurrency_id": "ask", "concurrency_limit": 4}
_HOW = "(question) => [question, window.footnote.how(), null]"


def answered(assistant: Assistant, question: str) -> Turn:
    """The first turn of a conversation."""
    turn = following([], question)
    try:
        return replace(turn, answer=assistant.ask(Question(question)))
    except Exception as error:
        return replace(turn, trouble=trouble(error))


def answering(assistant: Assistant, question: str, turns: Sequence[Turn], *, alone: bool = False) -> Iterator[Turn]:
    """The turn that follows `turns`, as its answer grows; at most one in REDRAWN seconds, and the last one always.

    `alone` asks it as it stands; otherwise it may lean on the questions before it.
    """
    turn = following(turns, question)
    earlier = () if alone else tuple(turn.question for turn in turns if turn.answer)
    drawn = 0.0
    try:
        for answer in assistant.stream(Question(question, earlier)):
            if answer.done or time.monotonic() - drawn >= REDRAWN:
                drawn = time.monotonic()
                yield replace(turn, answer=answer)
    except Exception as error:
        yield replace(turn, trouble=trouble(error))


def following(turns: Sequence[Turn], question: str) -> Turn:
    """The turn of a question that is about to be looked for; the first one begins a conversation."""
    if not turns:
        return Turn(1, question, conversation=Conversations.begin())
    return Turn(turns[-1].number + 1, question, conversation=turns[-1].conversation)


def kept(turns: Sequence[Turn]) -> list[Turn]:
    """What a conversation remembers: the last TURNS, each with the articles that its links lead to and no others."""
    return [replace(turn, answer=turn.answer and shown(turn.answer)) for turn in turns[-TURNS:]]


def remembered(past: Past, turn: Turn) -> None:
    """Keeps an answer. Where that fails the log says why, and the answer is shown as it would be."""
    try:
        if turn.answer:
            past.keep(turn.conversation, turn.answer)
    except Exception as error:
        log.error("an answer could not be kept: %s", trouble(error))


def conversing(assistant: Assistant, past: Past) -> Callable[[str, str, list[Turn]], Iterator[tuple[Any, ...]]]:
    """The event behind the question box: (question, how, turns) → (box, chat, turns), before the answer and after it.

    How a question is asked is ALONE or "".
    """
    import gradio as gr

    def ask(question: str, how: str, turns: list[Turn]) -> Iterator[tuple[Any, ...]]:
        question = question.strip()
        if not question:
            gr.Info("Type a question first.", duration=4, title="Nothing asked")
            yield gr.skip(), gr.skip(), gr.skip()
            return
        yield "", messages([*turns, following(turns, question)]), gr.skip()
        for turn in answering(assistant, question, turns, alone=how == ALONE):
            if turn.answer and not turn.answer.done:
                yield gr.skip(), messages([*turns, turn]), gr.skip()
            else:
                turns = kept([*turns, turn])
                # Before it is drawn: a link to it may be followed at once.
                remembered(past, turn)
                yield gr.skip(), messages(turns), turns

    return ask


def conversation(
    ask: Callable[[str, str, list[Turn]], Iterator[tuple[Any, ...]]],
    examples: Sequence[str],
    turns: gr.State,
    wanted: gr.Textbox,
) -> tuple[gr.Chatbot, list[Any]]:
    """The chat and the box under it; returns the chat and the events that ask."""
    import gradio as gr

    def pick(name: str, turns: list[Turn]) -> Iterator[tuple[Any, ...]]:
        parts = re.fullmatch(r"ask-([0-9]{1,3})", name)
        if parts and int(parts[1]) < len(examples):
            yield from ask(examples[int(parts[1])], "", turns)

    with gr.Column(elem_id="talk"):
        chat = chatbot(examples)
        with gr.Row(elem_id="ask"):
            box = gr.Textbox(
                placeholder="Ask your articles", lines=1, max_lines=6, label="Question", show_label=False,
                container=False, autofocus=True, elem_id="question",
            )  # fmt: skip
            send = gr.Button("Ask", elem_id="send", variant="primary")
            stop = gr.Button("Stop", elem_id="stop")
        picked = gr.Button(elem_id="pick")
    asked = gr.on([box.submit, send.click], ask, [box, wanted, turns], [box, chat, turns], js=_HOW, **ASKING, **PRIVATE)
    example = picked.click(pick, [wanted, turns], [box, chat, turns], js=WANTED, **ASKING, **PRIVATE)
    # The answer that was being looked for goes; script.js puts its question back into the box.
    stop.click(messages, turns, chat, cancels=[asked, example], queue=False, **PRIVATE)
    return chat, [asked, example]


def chatbot(examples: Sequence[str]) -> gr.Chatbot:
    """The chat, with the examples while it is empty. Messages come drawn and escaped, and are sanitised again."""
    import gradio as gr

    asks = "".join(f'<li><a class="example" href="#ask-{n}">{plain(text)}</a></li>' for n, text in enumerate(examples))
    return gr.Chatbot(
        show_label=False, label="Conversation", container=False, elem_id="chat", height="100%", buttons=[],
        sanitize_html=True, latex_delimiters=[], feedback_options=None, layout="panel", allow_file_downloads=False,
        autoscroll=False,  # to the end of an answer; script.js scrolls to its beginning
        placeholder=f'<div class="welcome"><h2>What do you want to know?</h2><ul>{asks}</ul></div>',
    )  # fmt: skip


def door(assistant: Assistant) -> None:
    """/ask for programs: a question in, the Answer as JSON out."""
    import gradio as gr
    from gradio.events import api

    def ask(question: str) -> dict[str, Any]:
        if not isinstance(question, str):  # what the schema says is not held to
            raise gr.Error('The question is not a text. Send {"data": ["Your question?"]}.', print_exception=False)
        turn = answered(assistant, question)
        if turn.answer is None:
            raise gr.Error(turn.trouble, print_exception=False)
        return as_json(turn.answer)

    api(ask, api_name="ask", **ASKING)
