"""The articles: the list with its filters, drawn when it is looked at and after each change, and how one gets in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from index.added import folder
from index.errors import FootnoteError
from index.sources.files import is_address
from page.added import adding_html, failed_html, intake_html
from page.articles import LINES, Around, Wanted, listing_html, wanted
from page.language import later
from page.rooms.header import Head
from page.rooms.visitor import visitor
from page.rooms.wiring import PRIVATE, Intake, Library, fixed, label, trouble
from page.syncs import Stopped, Sync, Syncs
from page.words import tell, told_html

if TYPE_CHECKING:
    import gradio as gr

ADDRESSES_ALONE = later(
    "Where people log in, web addresses alone can be added here. For a folder: `python -m index add PATH`."
)
_STREAMED: dict[str, Any] = {"concurrency_limit": None, **PRIVATE}
_LISTED = "(_, like) => [window.footnote.wanted, like]"
_TAKEN = "(_, shown, like) => [window.footnote.wanted, shown, like]"

# (what is shown of the list, what is looked for) → (the list as it is drawn, what is shown of it).
Listed = Callable[[Wanted, str], tuple[str, Wanted]]


def listing(library: Library, intake: Intake) -> Listed:
    """The list, as it is drawn anew."""
    added = str(folder(intake.store))

    def listed(asked: Wanted, like: str) -> tuple[str, Wanted]:
        asked = replace(asked, like=like.strip())
        try:
            found = library.listing(asked.state, asked.like, LINES, asked.offset, asked.period)
            if asked.page and not found.entries:  # fewer than when the page was drawn
                return listed(asked.first, like)
            return listing_html(found, asked, Around(library.places(), library.timeline(), added)), asked
        except Exception as error:
            return f'<p class="trouble">{told_html(trouble(error))}</p>', asked

    return listed


def shelf(library: Library, intake: Intake, syncs: Syncs, name: gr.Textbox, head: Head) -> None:
    """The list of articles with its filters, and above it how one gets in."""
    import gradio as gr

    listed = listing(library, intake)
    with gr.Column(elem_id="shelf"):
        shown = gr.State(Wanted())
        with gr.Row(elem_id="intake"):
            place = gr.Textbox(
                placeholder=label("Web address or folder to follow"), label=label("Web address or folder to follow"),
                max_lines=1, show_label=False, container=False, elem_id="place",
            )  # fmt: skip
            add = gr.Button(label("Add"), elem_id="add", size="sm")
            gr.HTML(fixed(intake_html), elem_id="adding")
        said = gr.HTML("", elem_id="said")
        find = gr.Textbox(
            placeholder=label("Find by title, author, name or reason"), max_lines=1, label=label("Find an article"),
            show_label=False, container=False, elem_id="find",
        )  # fmt: skip
        drawn = gr.HTML("", elem_id="listing")
        turn, arrived, taking = (gr.Button(elem_id=wire) for wire in ("turn", "arrived", "taking"))
    changes = [
        gr.on(
            [place.submit, add.click], following(intake, syncs, head), place, [*head.shown, place, said], **_STREAMED
        ),
        arrived.click(bringing(intake, syncs, head), None, [*head.shown, said], **_STREAMED),
        head.synced,
    ]
    looked = turn.click(
        lambda name, like: listed(wanted(name, like), like), [name, find], [drawn, shown], js=_LISTED, queue=False,
        **PRIVATE,
    )  # fmt: skip
    head.count(looked)
    find.change(
        lambda asked, like: listed(asked.first, like), [shown, find], [drawn, shown], queue=False,
        trigger_mode="always_last", **PRIVATE,
    )  # fmt: skip
    taking.click(removing(intake, syncs, listed), [name, shown, find], [drawn, shown, said], js=_TAKEN, **_STREAMED)
    for change in changes:
        change.then(listed, [shown, find], [drawn, shown], queue=False, **PRIVATE)


def told(syncs: Syncs, head: Head, sync: Sync) -> Iterator[tuple[Any, Any, str | None]]:
    """A sync as it runs: the two of Head.shown, and at its end what went wrong, drawn, "" for nothing."""
    for running in syncs.watched(sync, own=True):
        (shown,) = head.showing(iter([running]))
        failed = running.ended.exception() if running.ended.done() else None
        if isinstance(failed, Exception) and not isinstance(failed, Stopped):
            yield "", shown[1], failed_html(told_html(trouble(failed)))
        else:
            yield *shown, "" if running.ended.done() else None


def following(intake: Intake, syncs: Syncs, head: Head) -> Callable[[str], Iterator[tuple[Any, ...]]]:
    """The event that follows an address or a path: it → (the two of Head.shown, its box, what is said below)."""
    import gradio as gr

    def follow(location: str) -> Iterator[tuple[Any, ...]]:
        if not location.strip():
            yield gr.skip(), gr.skip(), gr.skip(), failed_html(tell("Name the address of a page or feed, or a folder."))
            return
        if visitor() and not is_address(location.strip()):  # who may sit anywhere, and would read any file here
            yield gr.skip(), gr.skip(), gr.skip(), failed_html(tell(ADDRESSES_ALONE))
            return
        yield gr.skip(), gr.skip(), gr.skip(), adding_html(location)
        for *shown, wrong in told(syncs, head, partial(intake.follow, location)):
            if wrong is None:
                yield *shown, gr.skip(), gr.skip()
            else:
                yield *shown, gr.skip() if wrong else "", wrong

    return follow


def bringing(intake: Intake, syncs: Syncs, head: Head) -> Callable[[], Iterator[tuple[Any, ...]]]:
    """The event after files were sent: nothing → (the two of Head.shown, what is said below)."""
    import gradio as gr

    def bring() -> Iterator[tuple[Any, ...]]:
        for *shown, wrong in told(syncs, head, partial(intake.sync_added)):
            yield *shown, gr.skip() if wrong is None else wrong

    return bring


def removing(intake: Intake, syncs: Syncs, listed: Listed) -> Callable[[str, Wanted, str], tuple[str, Wanted, str]]:
    """The event behind a link that takes out: (its name, what is shown, what is looked for) → (list, it, a line)."""

    def take(name: str, asked: Wanted, like: str) -> tuple[str, Wanted, str]:
        said = ""
        try:
            if syncs.running:
                raise FootnoteError("A sync is running", "Cancel it, or wait until it is done.")
            intake.take_out(name.removeprefix("take-"))
        except Exception as error:
            said = failed_html(told_html(trouble(error)))
        return *listed(asked, like), said

    return take
