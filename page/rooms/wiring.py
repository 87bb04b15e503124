"""What the rooms of the page have in common: what they need of the rooms below them, and how an event is bound."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from index.candidates import Names
from index.errors import FootnoteError, explained
from index.ledger import Listing, Place, Timeline
from index.records import Article, Overview
from page.language import ENGLISH, LANGUAGES, say, spoken_in
from page.syncs import Progress
from page.words import plain, tell, told_html
from rag.answers import Answer, Question
from rag.conversations import Conversation
from rag.conversations import Turn as KeptTurn
from rag.doors.faults import BROKEN

if TYPE_CHECKING:
    from pathlib import Path

    import gradio as gr
    from gradio.i18n import I18nData

    from index.sync import Report

log = logging.getLogger("footnote.page")

# What is drawn once for readers of all languages, by its English: (language → text). Gradio shows each theirs.
LABELS: dict[str, dict[str, str]] = {}
# Events are for the page alone; the one public door is /ask.
PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# What was followed is handed over here and not by typing it into the box, which would be a race with the click.
WANTED = "() => [window.footnote.wanted, null]"


class Assistant(Protocol):
    """What the page needs of rag.chain.Assistant. Its methods may be called from several threads."""

    def ask(self, question: Question) -> Answer:
        """The answer, or a FootnoteError."""

    def stream(self, question: Question) -> Iterator[Answer]:
        """The answer as it grows, the last one done; or a FootnoteError."""

    def overview(self) -> Overview:
        """What would be searched now."""


class Library(Protocol):
    """What the page needs of index.search.Index. All methods may be called from several threads."""

    def listing(self, state: str, like: str, limit: int, offset: int, period: str) -> Listing:
        """A piece of the ledger, or a FootnoteError."""

    def followed(self) -> list[str]:
        """The places that a sync looks at, or a FootnoteError."""

    def names(self) -> Names:
        """The papers and bylines that the live articles have, or a FootnoteError."""

    def places(self) -> list[Place]:
        """What is followed, or a FootnoteError."""

    def timeline(self) -> Timeline:
        """When the articles appeared, or a FootnoteError."""

    def article(self, article: str) -> Article | None:
        """The live article with this id, or None; or a FootnoteError."""


class Intake(Protocol):
    """What the page needs of rag.settings.Parts to put articles in and take them out. All methods raise FootnoteErrors.

    `store` is where the index lives.
    """

    @property
    def store(self) -> Path:
        """The folder that holds everything Footnote keeps."""

    def sync(self, progress: Progress) -> Report:
        """Brings the index up to date with what it follows."""

    def sync_added(self, progress: Progress) -> Report:
        """Indexes the files that were added."""

    def follow(self, location: str, progress: Progress) -> Report:
        """Follows a file, a folder or an address, and indexes it."""

    def take_out(self, key: str) -> object:
        """Deletes an added file, or follows no longer what is followed."""


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


def label(text: str) -> I18nData:
    """The label, placeholder or name of a box or button, for readers of all languages."""
    return fixed(lambda: say(text))


def fixed(draw: Callable[[], str]) -> I18nData:
    """HTML or a text that is the same for all readers of a language. Nothing in it may be a closing brace."""
    from gradio.i18n import I18nData

    texts = {code: spoken_in(code, draw) for code in LANGUAGES}
    LABELS[texts[ENGLISH]] = texts
    return I18nData(texts[ENGLISH])


def labels() -> gr.I18n:
    """All labels in all languages, as Gradio takes them."""
    import gradio as gr

    return gr.I18n(**{code: {text: texts[code] for text, texts in LABELS.items()} for code in LANGUAGES})


def trouble(error: Exception) -> str:
    """What the reader sees of an error: a FootnoteError's sentence and hint; of anything else, that it is logged."""
    if isinstance(error, FootnoteError):
        return explained(error)
    log.error("the page could not finish a request", exc_info=error)
    return BROKEN


def warn(not_done: str, error: Exception) -> None:
    """Says over the page for a while what was not done, and why. Gradio shows no title but its own."""
    import gradio as gr

    gr.Warning(f"<b>{tell(not_done)}{plain('.')}</b> {told_html(trouble(error))}")


def wires() -> tuple[gr.Textbox, gr.Button]:
    """What script.js presses when a number or an example is followed; hidden by CSS, because the script needs it."""
    import gradio as gr

    with gr.Column(elem_id="wires"):
        return gr.Textbox(elem_id="wanted", show_label=False), gr.Button(elem_id="follow")
