"""The browser page: boxes and buttons. It asks the assistant and draws an Answer; it decides nothing.

What is drawn in them comes from page/, which is also where other people's text is made harmless.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from index import terminal
from index.errors import FootnoteError, UsageError, explained
from index.ledger import Listing
from index.records import Article, Overview
from page.articles import LINES, listing_html, wanted
from page.chat import Turn, messages
from page.guard import HOSTS, guarded
from page.header import ROOMS, TOGGLE, header_html, progress_line, report_html
from page.past import KINDS, LISTED, file_stem, past_html, taken_along
from page.source import NO_SOURCE, opened, read_html, trouble_html
from page.words import plain
from rag.answers import Answer, Question, as_json
from rag.conversations import Conversation, Conversations
from rag.conversations import Turn as KeptTurn
from rag.doors.faults import BROKEN
from rag.stored import shown

if TYPE_CHECKING:
    import gradio as gr
    import uvicorn
    from fastapi import FastAPI, Response
    from gradio.events import Dependency

    from index.sync import Report

log = logging.getLogger("footnote.page")

FILES = Path(__file__).parent / "page"
# An answer that grows is drawn again after so many seconds: each time, the whole conversation is sent.
REDRAWN = 0.15
# Turns that a conversation keeps, with the articles that they cite.
TURNS = 200
GONE = "This article is not in the index any more. Choose another, or look again after a sync."

Progress = Callable[[str, int, int], None]
# What the page hears with a question that is not to lean on the ones before it.
ALONE = "alone"


class Assistant(Protocol):
    """What the page needs of rag.chain.Assistant. Its methods may be called from several threads."""

    def ask(self, question: Question) -> Answer:
        """The answer, or a FootnoteError."""

    def stream(self, question: Question) -> Iterator[Answer]:
        """The answer as it grows, the last one done; or a FootnoteError."""

    def overview(self) -> Overview:
        """What would be searched now."""


class Library(Protocol):
    """What the page needs of index.search.Index. Both methods may be called from several threads."""

    def listing(self, state: str, like: str, limit: int, offset: int) -> Listing:
        """A piece of the ledger, or a FootnoteError."""

    def article(self, article: str) -> Article | None:
        """The live article with this id, or None; or a FootnoteError."""


class Past(Protocol):
    """What the page needs of rag.conversations.Conversations. All methods raise a FootnoteError."""

    def keep(self, conversation: str, answer: Answer) -> object:
        """Keeps the answer as the next turn of that conversation."""

    def listing(self, like: str, limit: int) -> list[Conversation]:
        """The conversations, the newest first, with these words in them."""

    def find(self, name: str) -> Conversation:
        """The one with this id."""

    def turns(self, conversation: str) -> list[KeptTurn]:
        """Its turns, oldest first."""

    def rename(self, conversation: str, title: str) -> None:
        """Gives it another title."""

    def remove(self, conversation: str) -> None:
        """Erases it."""


# ---------------------------------------------------------------------------------------------------------------------
# Sync


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


# ---------------------------------------------------------------------------------------------------------------------
# Asking


def trouble(error: Exception) -> str:
    """What the reader sees of an error: a FootnoteError's sentence and hint; of anything else, that it is logged."""
    if isinstance(error, FootnoteError):
        return explained(error)
    log.error("the page could not finish a request", exc_info=error)
    return BROKEN


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


def resumed(past: Past, conversation: str) -> list[Turn]:
    """The turns of a conversation that is kept, as the page has them."""
    turns = [Turn(t.number, t.question, t.answer, t.trouble, conversation) for t in past.turns(conversation)]
    return kept(turns)


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


# ---------------------------------------------------------------------------------------------------------------------
# The page

# Events are for the page alone; the one public door is /ask.
_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_ASKING: dict[str, Any] = {"concurrency_id": "ask", "concurrency_limit": 4}


def page(
    assistant: Assistant,
    library: Library,
    sync: Callable[[Progress], Report],
    examples: Sequence[str],
    past: Past,
) -> gr.Blocks:
    """The whole page, not yet served."""
    import gradio as gr

    blocks: gr.Blocks
    with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True) as blocks:
        door(assistant)
        turns = gr.State([])
        with gr.Column(elem_id="shell"):
            anew, synced = header(blocks, assistant, one_at_a_time(sync))
            with gr.Row(elem_id="desk"):
                name, follow = wires()
                bar = sidebar()
                chat, asking = conversation(conversing(assistant, past), examples, turns, name)
                shelf(library, name, synced)
                panel = gr.HTML(NO_SOURCE, elem_id="source")
        read = reading(library)
        follow.click(read, [name, turns], panel, js=_WANTED, queue=False, **_PRIVATE)
        begun = anew.click(
            lambda: ([], [], NO_SOURCE), None, [chat, turns, panel], cancels=asking, queue=False, **_PRIVATE
        )
        resume = resuming(past)
        opened_again = bar.resume.click(
            resume, [name, turns], [chat, turns, panel], js=_WANTED, cancels=asking, concurrency_limit=None, **_PRIVATE
        )
        remembering(blocks, past, bar, name, turns, [*asking, begun, opened_again])
    blocks.queue(max_size=64)
    blocks.state_session_capacity = 200
    return blocks


def reading(library: Library) -> Callable[[str, list[Turn]], str]:
    """The event behind the panel: what was followed and the conversation, to the source as it is drawn."""

    def read(name: str, turns: list[Turn]) -> str:
        parts = re.fullmatch(r"read-([0-9a-f]{32})", name)
        if not parts:
            return opened(name, turns)
        try:
            article = library.article(parts[1])
        except Exception as error:
            return trouble_html(name, trouble(error))
        return read_html(article) if article else trouble_html(name, GONE)

    return read


@dataclass(frozen=True, slots=True)
class Bar:
    """The parts of the side bar: what is looked for, the list, and what script.js presses."""

    find: gr.Textbox
    drawn: gr.HTML
    resume: gr.Button
    alter: gr.Button


def sidebar() -> Bar:
    """The conversations that are kept; script.js opens and closes it."""
    import gradio as gr

    with gr.Column(elem_id="past"):
        find = gr.Textbox(
            placeholder="Find a conversation", max_lines=1, label="Find a conversation", show_label=False,
            container=False, elem_id="recall",
        )  # fmt: skip
        return Bar(find, gr.HTML("", elem_id="kept"), gr.Button(elem_id="resume"), gr.Button(elem_id="alter"))


def resuming(past: Past) -> Callable[[str, list[Turn]], tuple[Any, ...]]:
    """The event behind a conversation of the list: (its name, turns) → (chat, turns, panel)."""
    import gradio as gr

    def resume(name: str, turns: list[Turn]) -> tuple[Any, ...]:
        try:
            turns = resumed(past, name.removeprefix("past-"))
            return messages(turns), turns, NO_SOURCE
        except Exception as error:
            gr.Warning(plain(trouble(error)), title="Not opened")
            return gr.skip(), gr.skip(), gr.skip()

    return resume


def remembering(
    blocks: gr.Blocks, past: Past, bar: Bar, name: gr.Textbox, turns: gr.State, changing: Sequence[Dependency]
) -> None:
    """Draws the list of conversations when the page is loaded, and after each event that changes it."""
    import gradio as gr

    def listed(like: str, turns: list[Turn]) -> str:
        try:
            current = turns[0].conversation if turns else ""
            return past_html(past.listing(like, LISTED + 1), like.strip(), current, datetime.now().astimezone().date())
        except Exception as error:
            return f'<p class="trouble">{plain(trouble(error))}</p>'

    def alter(name: str, like: str, turns: list[Turn]) -> str:
        parts = re.fullmatch(r"(rename|remove)-([0-9a-f]{32})-?(.*)", name, re.DOTALL)
        try:
            if parts and parts[1] == "rename":
                past.rename(parts[2], parts[3])
            elif parts:
                past.remove(parts[2])
        except Exception as error:
            gr.Warning(plain(trouble(error)), title="Not changed")
        return listed(like, turns)

    wanted = "(_, like) => [window.footnote.wanted, like, null]"
    # In the queue, which is how a warning reaches the page.
    bar.alter.click(alter, [name, bar.find, turns], bar.drawn, js=wanted, concurrency_limit=None, **_PRIVATE)
    blocks.load(listed, [bar.find, turns], bar.drawn, queue=False, **_PRIVATE)
    bar.find.change(listed, [bar.find, turns], bar.drawn, queue=False, trigger_mode="always_last", **_PRIVATE)
    for event in changing:
        event.then(listed, [bar.find, turns], bar.drawn, queue=False, **_PRIVATE)


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
        listed, [name, find], [drawn, shown], js="(_, like) => [window.footnote.wanted, like]", queue=False, **_PRIVATE
    )
    find.change(found, [shown, find], [drawn, shown], queue=False, trigger_mode="always_last", **_PRIVATE)
    synced.then(listed, [shown, find], [drawn, shown], queue=False, **_PRIVATE)


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
    blocks.load(known, None, name, queue=False, **_PRIVATE)
    started = start.click(lambda: gr.Button("Syncing", interactive=False), None, start, queue=False, **_PRIVATE)
    # A generator function, so that Gradio streams it; without a limit, so that a second press is answered at once.
    done = started.then(lambda: (yield from watched(sync)), None, status, concurrency_limit=None, **_PRIVATE)
    told = lambda: (known(), gr.Button("Sync", interactive=True))  # noqa: E731
    return anew, done.then(told, None, [name, start], queue=False, **_PRIVATE)


def wires() -> tuple[gr.Textbox, gr.Button]:
    """What script.js presses when a number or an example is followed; hidden by CSS, because the script needs it."""
    import gradio as gr

    with gr.Column(elem_id="wires"):
        return gr.Textbox(elem_id="wanted", show_label=False), gr.Button(elem_id="follow")


# What was followed is handed over here and not by typing it into the box, which would be a race with the click.
_WANTED = "() => [window.footnote.wanted, null]"
_HOW = "(question) => [question, window.footnote.how(), null]"


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
    asked = gr.on(
        [box.submit, send.click], ask, [box, wanted, turns], [box, chat, turns], js=_HOW, **_ASKING, **_PRIVATE
    )
    example = picked.click(pick, [wanted, turns], [box, chat, turns], js=_WANTED, **_ASKING, **_PRIVATE)
    # The answer that was being looked for goes; script.js puts its question back into the box.
    stop.click(messages, turns, chat, cancels=[asked, example], queue=False, **_PRIVATE)
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

    api(ask, api_name="ask", **_ASKING)


# ---------------------------------------------------------------------------------------------------------------------
# Serving


def serve(blocks: gr.Blocks, past: Past) -> FastAPI:
    """The page as an app for uvicorn, with the headers and host names that keep other pages out."""
    import gradio as gr
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None, openapi_url=None)
    app.get("/conversations/{name}", response_model=None)(taking_along(past))
    app.add_middleware(guarded)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)
    mounted: FastAPI = gr.mount_gradio_app(
        app, blocks, path="/", server_name="127.0.0.1", theme=theme(), footer_links=[], run_history=False,
        show_error=False, max_file_size="1kb", ssr_mode=False, enable_monitoring=False, pwa=False, mcp_server=False,
        # In head, because what goes through css= is rewritten rule by rule, and fonts given by variables are lost.
        head=f"<style>{(FILES / 'style.css').read_text(encoding='utf-8')}</style>",
        js=(FILES / "script.js").read_text(encoding="utf-8"),
    )  # fmt: skip
    return mounted


def taking_along(past: Past) -> Callable[[str, int], Response]:
    """A conversation as a file, or one turn of it: <id>.html, <id>.md or <id>.bib."""
    from fastapi.responses import PlainTextResponse, Response

    def take(name: str, turn: int = 0) -> Response:
        conversation, _, end = name.partition(".")
        try:
            title = past.find(conversation).title
            turns = [t for t in past.turns(conversation) if turn in (0, t.number)]
        except FootnoteError as error:
            return PlainTextResponse(explained(error), 404)
        text, kind = taken_along(title, turns, end)
        if not kind:
            return PlainTextResponse(f"There is no {end!r} of a conversation. There are: {', '.join(KINDS)}.", 404)
        disposition = f'attachment; filename="{file_stem(title)}.{end}"'
        return Response(text, media_type=kind, headers={"content-disposition": disposition})

    return take


def theme() -> gr.Theme:
    """Gradio's barest theme in the system's own fonts, so that nothing is fetched."""
    import gradio as gr

    sans = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    bare = gr.themes.Base(font=sans, font_mono=["ui-monospace", "monospace"])
    # What is seen before style.css applies; the same colours, so that nothing flashes.
    return bare.set(body_background_fill="#faf9f6", body_background_fill_dark="#17181a")


def listening(port: int) -> socket.socket:
    """A socket on this machine alone, for any free port if `port` is 0. Raises UsageError when it is taken."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except (OSError, OverflowError) as error:
        hint = "Footnote may be running already. For another port: make app PORT=8000"
        raise UsageError(f"Port {port} is taken or not allowed", hint) from error


def ending(server: uvicorn.Server) -> uvicorn.Server:
    """The server, which ends without a word of what it cuts off: uvicorn writes a stack trace for each open page."""
    shutdown = server.shutdown

    async def silently(sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await shutdown(sockets)

    server.shutdown = silently  # type: ignore[method-assign]
    return server


def main() -> int:
    """Index the seeds on the first run, then serve the page on this machine alone."""
    parser = argparse.ArgumentParser(prog="app.py", description="Footnote in the browser.")
    parser.add_argument("--port", type=int, default=7860, help="port on 127.0.0.1 (default: 7860)")
    parser.add_argument("--store", type=Path, metavar="DIR", help="folder of the index (default: .footnote)")
    parser.add_argument("--watch", action="store_true", help="keep the index up to date meanwhile, in its own process")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

    import uvicorn

    from index.watch import watching
    from rag.settings import build

    listener = listening(options.port)
    parts = build(store=options.store)
    with terminal.progress_bar() as progress:
        parts.begin(progress)
    past = parts.conversations
    served = serve(page(parts.assistant, parts.index, parts.sync, parts.examples(), past), past)
    print(f"Footnote: http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    threading.Thread(target=parts.warm, name="warm", daemon=True).start()
    watch = watching(parts.store) if options.watch else contextlib.nullcontext()
    with contextlib.suppress(KeyboardInterrupt), watch:
        # A page that is open holds a connection for as long as it is: it is not waited for.
        config = uvicorn.Config(served, log_level="warning", timeout_graceful_shutdown=1)
        ending(uvicorn.Server(config)).run([listener])
    return 0


if __name__ == "__main__":
    terminal.finish(main)
