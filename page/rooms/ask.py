"""Asking: the question box, the chat over it, and the door for programs."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from index.candidates import Only
from index.errors import FootnoteError, UsageError
from page.chat import Turn, asks_html, messages
from page.filters import filters_html
from page.language import later
from page.rooms.wiring import PRIVATE, Assistant, Library, Past, fixed, label, log, trouble, warn
from page.words import tell, told_html
from rag.answers import Answer, Question, as_json
from rag.conversations import Conversations
from rag.kept_to import kept_to
from rag.stored import shown

if TYPE_CHECKING:
    import gradio as gr
    from gradio.events import Dependency

# An answer that grows is drawn again after so many seconds: each time, the whole conversation is sent.
REDRAWN = 0.15
# Seconds for which an answer that is there waits to be kept; then it is drawn, and kept when it can be.
KEEPING = 3.0
# Turns that a conversation keeps, with the articles that they cite.
TURNS = 200
# Characters of a filter.
LONGEST = 200

ASKING: dict[str, Any] = {"concurrency_id": "ask", "concurrency_limit": 4}
# A question that was followed is handed over here; typing it into the box would be a race with the button.
_HOW = "(question) => [window.footnote.asked(question), window.footnote.how(), null]"


@dataclass(frozen=True, slots=True)
class How:
    """How a question is asked: as it stands, or leaning on those before it; and of which articles."""

    alone: bool = False
    only: Only = field(default_factory=Only)


AS_USUAL = How()


@dataclass(frozen=True, slots=True)
class Talk:
    """The parts of the room that others draw: the chat, the filters, and the events that ask."""

    chat: gr.Chatbot
    filters: gr.HTML
    asking: list[Any]


def how_asked(text: str) -> How:
    """What script.js says with a question, as JSON; "" for nothing. Raises UsageError for days that are none."""
    try:
        said = json.loads(text or "{}")
        return How(said.get("alone") is True, only_of(said))
    except UsageError:
        raise
    except (AttributeError, RecursionError, ValueError) as error:
        raise UsageError("The filters cannot be read", "Load the page again.") from error


def only_of(said: Mapping[str, Any]) -> Only:
    """The articles that a form is kept to. Raises UsageError for days that are none."""
    return kept_to(*(str(said.get(name) or "")[:LONGEST] for name in ("source", "author", "first", "last")))


def answered(assistant: Assistant, question: str) -> Turn:
    """The first turn of a conversation."""
    turn = following([], question)
    try:
        return replace(turn, answer=assistant.ask(Question(question)))
    except Exception as error:
        return replace(turn, trouble=trouble(error))


def answering(assistant: Assistant, question: str, turns: Sequence[Turn], how: How = AS_USUAL) -> Iterator[Turn]:
    """The turn that follows `turns`, as its answer grows; at most one in REDRAWN seconds, and the last one always."""
    turn = following(turns, question)
    earlier = () if how.alone else tuple(turn.question for turn in turns if turn.answer)
    drawn, stages = 0.0, 0
    try:
        for answer in assistant.stream(Question(question, earlier, only=how.only)):
            if answer.done or len(answer.timings) != stages or time.monotonic() - drawn >= REDRAWN:
                drawn, stages = time.monotonic(), len(answer.timings)
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
    """Keeps an answer, and waits a while for that. The log says why it failed, or that it is still waited for.

    A database that does not answer would hold up what is done already, and with it what others ask.
    """

    def keep(answer: Answer) -> None:
        try:
            past.keep(turn.conversation, answer)
        except Exception as error:
            log.error("an answer could not be kept: %s", trouble(error))

    if turn.answer:
        # Whose it is, is told by what is being asked for here.
        keeping = threading.Thread(target=copy_context().run, args=(keep, turn.answer), name="keeping", daemon=True)
        keeping.start()
        keeping.join(KEEPING)
        if keeping.is_alive():
            log.error("an answer is shown that is not kept yet: for %g seconds nothing was said of it", KEEPING)


def conversing(assistant: Assistant, past: Past) -> Callable[[str, str, list[Turn]], Iterator[tuple[Any, ...]]]:
    """The event behind the question box: (question, how, turns) → (box, chat, turns), before the answer and after it.

    How a question is asked is as `how_asked` reads it.
    """
    import gradio as gr

    def ask(question: str, how: str, turns: list[Turn]) -> Iterator[tuple[Any, ...]]:
        question = question.strip()
        if not question:
            gr.Info(tell("Type a question first."), duration=4)
            yield gr.skip(), gr.skip(), gr.skip()
            return
        # Its box was emptied by script.js: what is typed while the server is busy stays.
        yield gr.skip(), messages([*turns, following(turns, question)]), gr.skip()
        try:
            asked = how_asked(how)
        except FootnoteError as error:
            warn(later("Not asked"), error)
            yield question, messages(turns), gr.skip()
            return
        for turn in answering(assistant, question, turns, asked):
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
) -> Talk:
    """The chat, the filters and the box under it."""
    import gradio as gr

    with gr.Column(elem_id="talk"):
        chat = chatbot(examples)
        filters = gr.HTML("", elem_id="filtered")
        with gr.Row(elem_id="ask"):
            box = gr.Textbox(
                placeholder=label("Ask your articles"), lines=1, max_lines=6, label=label("Question"),
                show_label=False, container=False, autofocus=True, elem_id="question",
            )  # fmt: skip
            send = gr.Button(label("Ask"), elem_id="send", variant="primary")
            stop = gr.Button(label("Stop"), elem_id="stop")
        how = gr.Textbox(visible="hidden", show_label=False)
    asked = gr.on([box.submit, send.click], ask, [box, how, turns], [box, chat, turns], js=_HOW, **ASKING, **PRIVATE)
    # The answer that was being looked for goes; script.js puts its question back into the box.
    stop.click(messages, turns, chat, cancels=[asked], queue=False, **PRIVATE)
    return Talk(chat, filters, [asked])


def filtering(blocks: gr.Blocks, library: Library, talk: Talk, synced: Dependency) -> None:
    """Draws the filters with the names that there are, when the page is loaded and after a sync."""

    def drawn() -> str:
        try:
            return filters_html(library.names())
        except Exception as error:
            return f'<p class="trouble">{told_html(trouble(error))}</p>'

    blocks.load(drawn, None, talk.filters, queue=False, **PRIVATE)
    synced.then(drawn, None, talk.filters, queue=False, **PRIVATE)


def chatbot(examples: Sequence[str]) -> gr.Chatbot:
    """The chat, with the examples while it is empty. Messages come drawn and escaped, and are sanitised again."""
    import gradio as gr

    def welcome() -> str:
        asks = asks_html(examples)
        return f'<div class="welcome"><h2>{tell("What do you want to know?")}</h2><ul>{asks}</ul></div>'

    return gr.Chatbot(
        show_label=False, label=label("Conversation"), container=False, elem_id="chat", height="100%", buttons=[],
        sanitize_html=True, latex_delimiters=[], feedback_options=None, layout="panel", allow_file_downloads=False,
        autoscroll=False,  # to the end of an answer; script.js scrolls to its beginning
        placeholder=str(fixed(welcome)),
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
