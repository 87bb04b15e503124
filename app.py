"""The browser page: its rooms on one page, and how that is served. It draws answers; it decides nothing.

The boxes and buttons of a room are in page/rooms/. What is drawn in them comes from page/, which is also where other
people's text is made harmless.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from index import terminal
from index.errors import FootnoteError, UsageError, explained
from page.guard import HOSTS, guarded, hosts_for, in_url
from page.language import known, say
from page.originals import file_of, headers_of
from page.past import KINDS, file_stem, taken_along
from page.rooms.articles import shelf
from page.rooms.ask import conversation, conversing, door, filtering
from page.rooms.evals import Evals, examination, marking
from page.rooms.header import header
from page.rooms.past import remembering, resuming, sidebar
from page.rooms.settings import office
from page.rooms.source import reading
from page.rooms.visitor import holding, visitor
from page.rooms.wiring import PRIVATE, WANTED, Assistant, Intake, Library, Past, fixed, labels, wires
from page.session import Gate, ungated
from page.source import empty_html
from page.speaking import speaking, translated
from page.syncs import Syncs
from page.tabs import Fair
from rag.doors import uploads
from rag.doors.admission import App
from rag.running import Facts, running

if TYPE_CHECKING:
    import gradio as gr
    import uvicorn
    from fastapi import FastAPI, Response

FILES = Path(__file__).parent / "page"
STYLES = ("style.css", "evals.css")
# Questions that wait for their turn; one more is told that the page is busy. A hundred people may ask at once.
QUEUE = 256
# Tabs of which the turns are kept; with each go those of the articles that it cites.
TABS = 200


def page(
    assistant: Assistant,
    library: Library,
    intake: Intake,
    examples: Sequence[str],
    past: Past,
    evals: Evals,
    facts: Callable[[], Sequence[Facts]] = tuple,
) -> gr.Blocks:
    """The whole page, not yet served."""
    import gradio as gr

    syncs = Syncs(holding)
    blocks: gr.Blocks
    with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True) as blocks:
        door(assistant)
        turns = gr.State([])
        with gr.Column(elem_id="shell"):
            head = header(blocks, assistant, syncs, intake.sync)
            with gr.Row(elem_id="desk"):
                name, follow = wires()
                bar = sidebar()
                talk = conversation(conversing(assistant, past), examples, turns)
                filtering(blocks, library, talk, head.synced)
                shelf(library, intake, syncs, name, head)
                examination(evals, name)
                marking(evals, name, turns, talk.chat)
                office(facts)
                panel = gr.HTML(fixed(empty_html), elem_id="source")
        for asked in talk.asking:
            head.count(asked)
        read = reading(library)
        follow.click(read, [name, turns], panel, js=WANTED, queue=False, **PRIVATE)
        begun = head.anew.click(
            lambda: ([], [], empty_html()), None, [talk.chat, turns, panel], cancels=talk.asking, queue=False, **PRIVATE
        )
        resume = resuming(past, evals)
        opened_again = bar.resume.click(
            resume, [name, turns], [talk.chat, turns, panel], js=WANTED, cancels=talk.asking, concurrency_limit=None,
            **PRIVATE,
        )  # fmt: skip
        remembering(blocks, past, bar, name, turns, [*talk.asking, begun, opened_again])
    blocks.queue(max_size=QUEUE)
    blocks.state_session_capacity = TABS
    return blocks


def serve(
    blocks: gr.Blocks,
    past: Past,
    library: Library,
    store: Path,
    gate: Callable[[App], App] = ungated,
    hosts: Sequence[str] = HOSTS,
    keep: Callable[[str, bytes], object] | None = None,
) -> FastAPI:
    """The page as an app for uvicorn, behind the gate, with what keeps other pages out: headers and host names.

    Files that are sent to it are kept in the store, and question sets by `keep`.
    """
    import gradio as gr
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None, openapi_url=None)
    app.get("/conversations/{name}", response_model=None)(taking_along(past))
    app.get("/originals/{article}", response_model=None)(originals(library))
    app.include_router(uploads.router(store, told=translated))
    if keep:
        app.include_router(uploads.sets(keep, told=translated))
    app.add_middleware(gate)
    app.add_middleware(speaking)
    app.add_middleware(guarded)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts)
    mounted: FastAPI = gr.mount_gradio_app(
        app, blocks, path="/", server_name="127.0.0.1", theme=theme(), footer_links=[], run_history=False,
        auth_dependency=lambda request: request.scope.get("visitor"),
        show_error=False, max_file_size="1kb", ssr_mode=False, enable_monitoring=False, pwa=False, mcp_server=False,
        i18n=labels(),
        # In head, because what goes through css= is rewritten rule by rule, and fonts given by variables are lost.
        head=f"<style>{''.join((FILES / name).read_text(encoding='utf-8') for name in STYLES)}</style>",
        js=(FILES / "script.js").read_text(encoding="utf-8"),
    )  # fmt: skip
    blocks.state_holder.session_data = Fair()
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
            return PlainTextResponse(known(explained(error)) or explained(error), 404)
        text, kind = taken_along(title, turns, end)
        if not kind:
            kinds = ", ".join(KINDS)
            told = say("There is no {end} of a conversation. There are: {kinds}.", end=repr(end), kinds=kinds)
            return PlainTextResponse(told, 404)
        disposition = f'attachment; filename="{file_stem(title)}.{end}"'
        return Response(text, media_type=kind, headers={"content-disposition": disposition})

    return take


def originals(library: Library) -> Callable[[str], Response]:
    """The file that an article was read from, to be looked at or saved; a browser runs nothing that is in it."""
    from fastapi.responses import FileResponse, PlainTextResponse

    def original(article: str) -> Response:
        try:
            found = library.article(article)
            file = found and file_of(found, library.followed())
        except FootnoteError as error:
            return PlainTextResponse(known(explained(error)) or explained(error), 503)
        if not found or not file:
            return PlainTextResponse(say("There is no file of this article any more. Look again after a sync."), 404)
        return FileResponse(file, headers=headers_of(found.source))

    return original


def theme() -> gr.Theme:
    """Gradio's barest theme in the system's own fonts, so that nothing is fetched."""
    import gradio as gr

    sans = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
    bare = gr.themes.Base(font=sans, font_mono=["ui-monospace", "monospace"])
    # What is seen before style.css applies; the same colours, so that nothing flashes.
    return bare.set(body_background_fill="#faf9f6", body_background_fill_dark="#17181a")


def listening(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket at this address, for any free port if `port` is 0. Raises UsageError when it cannot be had."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError, UnicodeError) as error:
        at = "" if host == "127.0.0.1" else f" at {host}"
        hint = "Footnote may be running already. For another port: make app PORT=8000"
        raise UsageError(f"Port {port}{at} is taken or not allowed", hint) from error


def ending(server: uvicorn.Server) -> uvicorn.Server:
    """The server, which ends without a word of what it cuts off: uvicorn writes a stack trace for each open page."""
    shutdown = server.shutdown

    async def silently(sockets: list[socket.socket] | None = None) -> None:
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await shutdown(sockets)

    server.shutdown = silently  # type: ignore[method-assign]
    return server


def main() -> int:
    """Index the seeds on the first run, then serve the page, on this machine alone unless there are users."""
    parser = argparse.ArgumentParser(prog="app.py", description="Footnote in the browser.")
    parser.add_argument("--port", type=int, default=7860, help="port to listen at (default: 7860)")
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen at; another than this machine needs users"
    )
    parser.add_argument(
        "--name", action="append", default=[], help="a host name to be asked for under; may be repeated"
    )
    parser.add_argument("--store", type=Path, metavar="DIR", help="folder of the index (default: .footnote)")
    parser.add_argument("--watch", action="store_true", help="keep the index up to date meanwhile, in its own process")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

    import uvicorn

    from index.sharing import keep_up
    from index.watch import watching
    from rag.doors.serving import IDLE_SECONDS, Address, punctual
    from rag.doors.tracing import trace
    from rag.evals.room import Room
    from rag.moving import nothing_left
    from rag.settings import build, load_settings
    from rag.users import FILE_NAME, Users

    address, settings = Address(options.host, options.port), load_settings().at(options.store)
    trace(os.environ)
    parts = build(settings)
    users = Users(nothing_left(parts.keeping, (FILE_NAME,)))
    hosts = hosts_for(address, options.name, users=bool(users.names()))
    listener = listening(options.port, options.host)
    with terminal.progress_bar() as progress:
        parts.begin(progress)
    past = parts.conversations_of(visitor)
    room, facts = Room(parts, settings, visitor), lambda: running(parts)
    blocks = page(parts.assistant, parts.index, parts, parts.examples(), past, room, facts)
    # A server that others can reach stays locked when its last user is removed.
    reachable = not address.private or bool(options.name)
    gate = partial(Gate, users=users, always=reachable)
    served = serve(blocks, past, parts.index, parts.store, gate, hosts, room.add)
    print(f"Footnote: http://{in_url(address.host)}:{listener.getsockname()[1]}", flush=True)
    threading.Thread(target=parts.warm, name="warm", daemon=True).start()
    keep_up(parts.store, settings.server)
    watch = watching(parts.store) if options.watch else contextlib.nullcontext()
    with contextlib.suppress(KeyboardInterrupt), watch:
        # A page that is open holds a connection for as long as it is: it is not waited for.
        config = uvicorn.Config(
            served, log_level="warning", timeout_graceful_shutdown=1, timeout_keep_alive=IDLE_SECONDS, http=punctual()
        )
        ending(uvicorn.Server(config)).run([listener])
    return 0


if __name__ == "__main__":
    terminal.finish(main)
