"""The browser page: boxes and buttons. It asks the assistant and draws an Answer; it decides nothing.

Titles, articles, questions and answers are other people's text. Each piece of it goes through `plain()` before it is
put into HTML or Markdown, and it never goes near a gr.HTML template, because Gradio runs those as JavaScript.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import re
import socket
import threading
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from index import terminal
from index.errors import FootnoteError, UsageError, explained
from index.printable import visible
from index.records import Article, Overview
from rag.answers import Answer, Citation, Question, Refusal, Sentence, as_json
from rag.wording import SAYINGS, clipped, counted, extent, short

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI

    from index.sync import Report

log = logging.getLogger("footnote.page")

FILES = Path(__file__).parent / "page"
NEAREST = 3
# Turns that a conversation keeps, with the articles that they cite.
TURNS = 200
BROKEN = "Something went wrong inside Footnote; the log has the details."

Progress = Callable[[str, int, int], None]
Range = tuple[int, int]


class Assistant(Protocol):
    """What the page needs of rag.chain.Assistant. Both methods may be called from several threads."""

    def ask(self, question: Question) -> Answer:
        """The answer, or a FootnoteError."""

    def overview(self) -> Overview:
        """What would be searched now."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with its answer, or with the sentence that says what went wrong; neither while it is looked for.

    `number` counts from 1 in a conversation, and is in the links of its answer.
    """

    number: int
    question: str
    answer: Answer | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number of an answer leads: a range of an article as it was when the answer was made."""

    article: Article
    start: int
    end: int
    heading: str
    page: int | None


# ---------------------------------------------------------------------------------------------------------------------
# Other people's text

# All ASCII that could mean something to HTML, to Markdown or to a JavaScript template, and line breaks.
_ACTIVE = (*map(ord, "\t\n"), *(n for n in range(0x21, 0x7F) if not chr(n).isalnum() and chr(n) != ","))
_PLAIN: dict[int, str | None] = {n: f"&#{n};" for n in _ACTIVE}


def plain(text: str) -> str:
    """The text so that a browser shows it literally: in HTML, in an attribute, in Markdown, in gr.HTML's value."""
    return visible(text).translate(_PLAIN)


def together(text: str) -> str:
    """The text so that it is not broken over two lines."""
    return text.replace(" ", "\xa0")


# ---------------------------------------------------------------------------------------------------------------------
# The chat


def messages(turns: Sequence[Turn]) -> list[dict[str, str]]:
    """The conversation as the Chatbot takes it."""
    drawn = []
    for turn in turns:
        drawn.append({"role": "user", "content": f'<span class="asked">{plain(turn.question)}</span>'})
        drawn.append({"role": "assistant", "content": reply_html(turn)})
    if turns and turns[0].number > 1:
        drawn[0]["content"] = f'<span class="dropped">Older questions are no longer kept.</span>{drawn[0]["content"]}'
    return drawn


def reply_html(turn: Turn) -> str:
    """What stands under a question: the answer, the trouble, or that it is being looked for."""
    if turn.answer:
        return answer_html(turn.number, turn.answer)
    if turn.trouble:
        return f'<p class="trouble">{plain(turn.trouble)}</p>'
    return '<p class="waiting">Looking through your articles</p>'


def answer_html(turn_number: int, answer: Answer) -> str:
    """The answer with its footnotes, or the refusal with the nearest passages, and what was searched."""
    drawn = refusal_html(turn_number, answer) if answer.refusal else quoted_html(turn_number, answer)
    return f'<div class="answer">{drawn}{searched_html(answer)}</div>'


def quoted_html(turn_number: int, answer: Answer) -> str:
    """The sentences, each followed by its numbers, and the list of footnotes."""
    told = {citation.number: citation for citation in answer.citations}
    sentences = " ".join(sentence_html(turn_number, sentence, told) for sentence in answer.sentences)
    notes = "".join(note_html(turn_number, citation) for citation in answer.citations)
    return f'<p class="said">{sentences}</p><ul class="notes">{notes}</ul>'


def sentence_html(turn_number: int, sentence: Sentence, told: dict[int, Citation]) -> str:
    """One sentence and its numbers; one without a number says that nothing supports it."""
    if not sentence.citations:
        return f'<span class="unsupported">{plain(sentence.text)} <small>(no source)</small></span>'
    links = "".join(
        f'<a class="cite" href="#cite-{turn_number}-{n}" title="{plain(told[n].title)}">&#91;{n}&#93;</a>'
        for n in sentence.citations
    )
    # Not broken between, so that no number stands alone on a line.
    return f'<span class="sentence">{plain(sentence.text)}&#160;{links}</span>'


def note_html(turn_number: int, citation: Citation) -> str:
    """One footnote: number, title, author if there is one, page if there is one, date."""
    page = together(f"p. {citation.page}") if citation.page else None
    about = [citation.author, page, together(short(citation.published)), *also(citation)]
    return (
        f'<li><a class="cite" href="#cite-{turn_number}-{citation.number}">&#91;{citation.number}&#93;</a> '
        f"<span><b>{plain(citation.title)}</b> <i>{plain(' · '.join(filter(None, about)))}</i></span></li>"
    )


def also(citation: Citation) -> list[str]:
    """'also in evening-post.html': where the same passage was published too."""
    names = [file_name(copy.source) for copy in citation.also]
    return [f"also in {', '.join(names)}"] if names else []


def refusal_html(turn_number: int, answer: Answer) -> str:
    """That there is no answer, and the passages that came nearest."""
    said = f'<p class="refusal">{plain(SAYINGS[answer.refusal or Refusal.NOT_SUPPORTED])}</p>'
    near = "".join(
        f'<li><a class="near" href="#near-{turn_number}-{n}"><b>{plain(hit.article.title)}</b> '
        f"<i>{plain(together(short(hit.article.published)))}</i><span>{plain(clipped(hit.passage.text))}</span></a></li>"
        for n, hit in enumerate(answer.hits[:NEAREST], start=1)
    )
    return said + (f'<p class="nearest">Nearest passages:</p><ul class="nears">{near}</ul>' if near else "")


def searched_html(answer: Answer) -> str:
    """One quiet line: what was searched, for what, and how long it took."""
    if not answer.searched.articles:
        return ""
    seconds = answer.timings.get("total", sum(answer.timings.values()))
    line = f"Searched {extent(answer.searched)}, {counted(answer.searched.passages, 'passage')} · {seconds:.2f} s"
    if answer.searched_for != answer.question.text:
        line += f"\nSearched for: {answer.searched_for}"
    return f'<p class="searched">{plain(line)}</p>'


# ---------------------------------------------------------------------------------------------------------------------
# The source panel

NO_SOURCE = (
    '<div class="empty"><p>Every sentence of an answer is quoted from one of your articles.</p>'
    "<p>Choose a number to read it where it stands.</p></div>"
)


def places(answer: Answer) -> dict[str, Place]:
    """Where each number of the answer leads, by its kind and number: 'cite-1', or 'near-1' under a refusal."""
    if answer.refusal:
        return {
            f"near-{n}": Place(hit.article, hit.passage.start, hit.passage.end, hit.passage.heading, hit.passage.page)
            for n, hit in enumerate(answer.hits[:NEAREST], start=1)
        }
    articles = {hit.passage.id: hit.article for hit in answer.hits}
    return {
        f"cite-{c.number}": Place(articles[c.passage_id], c.start, c.end, c.heading, c.page) for c in answer.citations
    }


def opened(wanted: str, turns: Sequence[Turn]) -> str:
    """The panel for 'cite-<turn>-<number>' or 'near-<turn>-<number>'; the empty panel for anything else."""
    parts = re.fullmatch(r"(cite|near)-([0-9]{1,6})-([0-9]{1,6})", wanted)
    number, key = (int(parts[2]), f"{parts[1]}-{parts[3]}") if parts else (0, "")
    answer = next((turn.answer for turn in turns if turn.number == number), None)
    leads = places(answer) if answer else {}
    return source_html(wanted, leads[key], list(leads.values())) if key in leads else NO_SOURCE


def source_html(name: str, place: Place, others: Sequence[Place]) -> str:
    """The whole article with the place lit strongest and the answer's other places in it lit."""
    article = place.article
    lit = [(p.start, p.end) for p in others if (p.article.id, p.article.text) == (article.id, article.text)]
    return (
        f'<article id="reader" data-place="{name}" tabindex="-1" aria-label="Source: {plain(article.title)}">'
        f'<div class="bar"><span aria-hidden="true">{plain(article.title)}</span>'
        '<button class="close" type="button" aria-label="Close the source">Close</button></div>'
        f"<header><h2>{plain(article.title)}</h2>{about_html(place)}</header>"
        f'<div class="text">{text_html(article, lit, (place.start, place.end))}</div></article>'
    )


def about_html(place: Place) -> str:
    """Author, date with its evidence, heading, page and file name: what is known of them."""
    article = place.article
    day = f"{article.published.day} {article.published:%B %Y}" if article.published else "undated"
    evidence = f" ({article.published_from})" if article.published and article.published_from else ""
    where = [place.heading, f"page {place.page}" if place.page else ""]
    lines = [" · ".join(filter(None, [article.author, day + evidence])), " · ".join(filter(None, where))]
    return "".join(f"<p>{plain(line)}</p>" for line in lines if line) + f"<p>{file_html(article.source)}</p>"


def file_html(source: str) -> str:
    """The file's name, with its path on hovering."""
    return f'<span class="file" title="{plain(source)}">{plain(file_name(source))}</span>'


def file_name(source: str) -> str:
    """The last part of a path or an address."""
    return source.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def text_html(article: Article, lit: Sequence[Range], active: Range) -> str:
    """The article's lines as paragraphs, its headings as headings, and the ranges as marks."""
    drawn, start = [], 0
    headings = {section.start: section for section in article.sections}
    starts = sorted(headings)
    while start < len(article.text):
        if (section := headings.get(start)) and section.body > start:
            drawn.append(f"<h3>{plain(section.heading)}</h3>")
            start = section.body
            continue
        end = _line_end(article.text, start, starts)
        if article.text[start:end].strip():
            drawn.append(f"<p>{line_html(article.text, (start, end), lit, active)}</p>")
        start = end
    return "".join(drawn)


def _line_end(text: str, start: int, headings: Sequence[int]) -> int:
    """Where the line that begins at `start` ends, its line break included; the next of the headings cuts it short."""
    newline = text.find("\n", start) + 1 or len(text)
    return min([newline, *headings[(after := bisect_right(headings, start)) : after + 1]])


def line_html(text: str, line: Range, lit: Sequence[Range], active: Range) -> str:
    """One line, cut where marks begin and end; neighbours of equal light are one piece."""
    start, end = line
    cuts = sorted({start, end, *(n for span in (*lit, active) for n in span if start < n < end)})
    pieces = list(pairwise(cuts))

    def light(piece: Range) -> str:
        within = [span for span in (active, *lit) if span[0] <= piece[0] and piece[1] <= span[1]]
        return "" if not within else "active" if active in within else "lit"

    drawn = []
    for shade, group in groupby(pieces, light):
        run = list(group)
        words = plain(text[run[0][0] : run[-1][1]].rstrip("\n"))
        drawn.append(f'<mark class="{shade}">{words}</mark>' if shade and words else words)
    return "".join(drawn)


# ---------------------------------------------------------------------------------------------------------------------
# The header and sync


def header_html(overview: Overview) -> str:
    """The name, the claim, and what there is to ask about."""
    known = plain(overview_line(overview))
    return f'<h1>Footnote</h1><p class="claim">Answers quoted from your articles</p><p class="known">{known}</p>'


def overview_line(overview: Overview) -> str:
    """'15 articles · 3 Jan 2024 – 12 Dec 2024 · 2 undated'."""
    if not overview.articles:
        return "No articles yet"
    days = list(dict.fromkeys(short(day) for day in (overview.first, overview.last) if day))
    undated = f"{overview.undated:,} undated" if overview.undated else ""
    return " · ".join(filter(None, [counted(overview.articles, "article"), " – ".join(days), undated]))


def progress_line(stage: str, done: int, total: int) -> str:
    """'Embedding 120 of 340 passages', or only 'Building' where there is nothing to count."""
    noun = {"reading": " sources", "splitting": " articles", "embedding": " passages"}.get(stage, "")
    return f"{stage.capitalize()} {done:,} of {total:,}{noun}" if total > 1 else stage.capitalize()


def report_html(report: Report) -> str:
    """'3 new, 1 changed, 0 gone, 12 unchanged, 1 skipped', and which sources were left out, and why."""
    always = [(report.new, "new"), (report.changed, "changed"), (report.gone, "gone"), (report.same, "unchanged")]
    left_out = [(number, kind) for number, kind in ((report.skipped, "skipped"), (report.failed, "failed")) if number]
    if report.held:
        left_out.append((len(report.held), "held back"))
    counts = ", ".join(together(f"{number:,} {kind}") for number, kind in always + left_out)
    counts += "; python -m index sync --yes takes out what is held back" if report.held else ""
    if not report.problems:
        return f"<p>{counts}</p>"
    why = "".join(f"<li><b>{plain(source)}</b> {plain(reason)}</li>" for source, reason in report.problems)
    return f"<details><summary>{counts}</summary><ul>{why}</ul></details>"


def watched(sync: Callable[[Progress], Report], every: float = 0.25) -> Iterator[str]:
    """What to show while `sync` runs in a thread of its own, about four times a second, and then its report.

    The sync goes on when nobody watches any more.
    """
    latest = "Looking for changes"

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal latest
        latest = progress_line(stage, done, total)

    pool = ThreadPoolExecutor(1, thread_name_prefix="sync")
    running = pool.submit(sync, progress)
    pool.shutdown(wait=False)
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


def answered(assistant: Assistant, question: str, turns: Sequence[Turn]) -> Turn:
    """The turn that follows `turns`."""
    turn = following(turns, question)
    earlier = tuple(turn.question for turn in turns if turn.answer)
    try:
        return replace(turn, answer=assistant.ask(Question(question, earlier)))
    except Exception as error:
        return replace(turn, trouble=trouble(error))


def following(turns: Sequence[Turn], question: str) -> Turn:
    """The turn of a question that is about to be looked for."""
    return Turn(turns[-1].number + 1 if turns else 1, question)


def kept(turns: Sequence[Turn]) -> list[Turn]:
    """What a conversation remembers: the last TURNS, each with the articles that its links lead to and no others."""
    return [replace(turn, answer=turn.answer and within_reach(turn.answer)) for turn in turns[-TURNS:]]


def within_reach(answer: Answer) -> Answer:
    """The answer with the hits that are cited, or that its refusal shows; each of the others holds an article too."""
    cited = {citation.passage_id for citation in answer.citations}
    hits = answer.hits[:NEAREST] if answer.refusal else tuple(hit for hit in answer.hits if hit.passage.id in cited)
    return replace(answer, hits=hits)


def conversing(assistant: Assistant) -> Callable[[str, list[Turn]], Iterator[tuple[Any, ...]]]:
    """The event behind the question box: (question, turns) → (box, chat, turns), before the answer and after it."""
    import gradio as gr

    def ask(question: str, turns: list[Turn]) -> Iterator[tuple[Any, ...]]:
        question = question.strip()
        if not question:
            gr.Info("Type a question first.", duration=4, title="Nothing asked")
            yield gr.skip(), gr.skip(), gr.skip()
            return
        yield "", messages([*turns, following(turns, question)]), gr.skip()
        turns = kept([*turns, answered(assistant, question, turns)])
        yield gr.skip(), messages(turns), turns

    return ask


# ---------------------------------------------------------------------------------------------------------------------
# The page

# Events are for the page alone; the one public door is /ask.
_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
_ASKING: dict[str, Any] = {"concurrency_id": "ask", "concurrency_limit": 4}


def page(assistant: Assistant, sync: Callable[[Progress], Report], examples: Sequence[str]) -> gr.Blocks:
    """The whole page, not yet served."""
    import gradio as gr

    blocks: gr.Blocks
    with gr.Blocks(title="Footnote", analytics_enabled=False, fill_width=True) as blocks:
        door(assistant)
        turns = gr.State([])
        with gr.Column(elem_id="shell"):
            anew = header(blocks, assistant, one_at_a_time(sync))
            with gr.Row(elem_id="desk"):
                wanted, follow = wires()
                chat, asking = conversation(assistant, examples, turns, wanted)
                panel = gr.HTML(NO_SOURCE, elem_id="source")
        follow.click(opened, [wanted, turns], panel, js=_WANTED, queue=False, **_PRIVATE)
        anew.click(lambda: ([], [], NO_SOURCE), None, [chat, turns, panel], cancels=asking, queue=False, **_PRIVATE)
    blocks.queue(max_size=64)
    blocks.state_session_capacity = 200
    return blocks


def header(blocks: gr.Blocks, assistant: Assistant, sync: Callable[[Progress], Report]) -> gr.Button:
    """Name, counts, and the buttons; returns the one for a new conversation."""
    import gradio as gr

    def known() -> str:
        try:
            return header_html(assistant.overview())
        except Exception as error:
            return f'<h1>Footnote</h1><p class="known trouble">{plain(trouble(error))}</p>'

    with gr.Row(elem_id="head"):
        name = gr.HTML("", elem_id="name")
        status = gr.HTML("", elem_id="synced")
        start = gr.Button("Sync", elem_id="sync", size="sm")
        anew = gr.Button("New conversation", elem_id="anew", size="sm")
    blocks.load(known, None, name, queue=False, **_PRIVATE)
    started = start.click(lambda: gr.Button("Syncing", interactive=False), None, start, queue=False, **_PRIVATE)
    # A generator function, so that Gradio streams it; without a limit, so that a second press is answered at once.
    done = started.then(lambda: (yield from watched(sync)), None, status, concurrency_limit=None, **_PRIVATE)
    done.then(lambda: (known(), gr.Button("Sync", interactive=True)), None, [name, start], queue=False, **_PRIVATE)
    return anew


def wires() -> tuple[gr.Textbox, gr.Button]:
    """What script.js presses when a number or an example is followed; hidden by CSS, because the script needs it."""
    import gradio as gr

    with gr.Column(elem_id="wires"):
        return gr.Textbox(elem_id="wanted", show_label=False), gr.Button(elem_id="follow")


# What was followed is handed over here and not by typing it into the box, which would be a race with the click.
_WANTED = "() => [window.footnote.wanted, null]"


def conversation(
    assistant: Assistant, examples: Sequence[str], turns: gr.State, wanted: gr.Textbox
) -> tuple[gr.Chatbot, list[Any]]:
    """The chat and the box under it; returns the chat and the events that ask."""
    import gradio as gr

    ask = conversing(assistant)

    def pick(name: str, turns: list[Turn]) -> Iterator[tuple[Any, ...]]:
        parts = re.fullmatch(r"ask-([0-9]{1,3})", name)
        if parts and int(parts[1]) < len(examples):
            yield from ask(examples[int(parts[1])], turns)

    with gr.Column(elem_id="talk"):
        chat = chatbot(examples)
        with gr.Row(elem_id="ask"):
            box = gr.Textbox(
                placeholder="Ask your articles", lines=1, max_lines=6, label="Question", show_label=False,
                container=False, autofocus=True, elem_id="question",
            )  # fmt: skip
            send = gr.Button("Ask", elem_id="send", variant="primary")
        picked = gr.Button(elem_id="pick")
    asked = gr.on([box.submit, send.click], ask, [box, turns], [box, chat, turns], **_ASKING, **_PRIVATE)
    example = picked.click(pick, [wanted, turns], [box, chat, turns], js=_WANTED, **_ASKING, **_PRIVATE)
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
        turn = answered(assistant, question, [])
        if turn.answer is None:
            raise gr.Error(turn.trouble, print_exception=False)
        return as_json(turn.answer)

    api(ask, api_name="ask", **_ASKING)


# ---------------------------------------------------------------------------------------------------------------------
# Serving

HOSTS = ["127.0.0.1", "localhost", "[::1]"]
HEADERS = {
    # Gradio needs inline and eval; nothing that is drawn may reach another host, post a form or be framed.
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
        "font-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        "frame-ancestors 'none'; form-action 'self'; object-src 'none'; base-uri 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def guarded(app: App) -> App:
    """The app with HEADERS on every response, deaf to what is unwanted."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)

        async def with_headers(message: Scope) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        if unwanted(scope):
            await with_headers({"type": "http.response.start", "status": 403, "headers": []})
            return await send({"type": "http.response.body", "body": b"refused"})
        return await app(scope, receive, with_headers)

    return guard


def unwanted(scope: Scope) -> bool:
    """Whether it is an upload, which the page has no use for, or changes something and comes from another site's page.

    A browser sends both without asking the server first.
    """
    return "/upload" in scope["path"] or (scope["method"] not in ("GET", "HEAD") and foreign(dict(scope["headers"])))


def foreign(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser says that another site's page sent this; one that does not name the site names the origin.

    Programs name neither, and may ask.
    """
    site, origin = headers.get(b"sec-fetch-site", b"none"), headers.get(b"origin")
    if site == b"none" and origin is not None:
        return origin.rpartition(b"://")[2] != headers.get(b"host")
    return site not in (b"same-origin", b"none")


def serve(blocks: gr.Blocks) -> FastAPI:
    """The page as an app for uvicorn, with the headers and host names that keep other pages out."""
    import gradio as gr
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = FastAPI(title="Footnote", docs_url=None, redoc_url=None, openapi_url=None)
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
    served = serve(page(parts.assistant, parts.sync, parts.examples()))
    print(f"Footnote: http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    watch = watching(parts.store) if options.watch else contextlib.nullcontext()
    with contextlib.suppress(KeyboardInterrupt), watch:
        uvicorn.Server(uvicorn.Config(served, log_level="warning")).run([listener])
    return 0


if __name__ == "__main__":
    raise SystemExit(terminal.guarded(main))
