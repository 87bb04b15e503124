"""The evals: sets are made and run in a thread of their own, runs are looked at, and marked answers are judged."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from index.candidates import Only
from index.errors import UsageError
from page.chat import Turn, messages
from page.evals import ended_html, going_html, home_html, sheet_html, traced_html, trouble_html, versus_html
from page.language import later
from page.marks import mark_html, marks_html
from page.rooms.ask import only_of
from page.rooms.wiring import PRIVATE, WANTED, trouble, warn
from rag.answers import Answer
from rag.measured import Drawing, Going, Line, Mark, Offered, Place, Sheet, Traced, Versus

if TYPE_CHECKING:
    import gradio as gr

HOME = "evals-home"
# So many seconds lie between two looks at a run that is going on; and so many runs are offered for a comparison.
LOOKS, OFFERED = 1.0, 5


class Evals(Protocol):
    """What the page needs of rag.evals.room.Room. All methods raise a FootnoteError."""

    @property
    def going(self) -> Going | None:
        """The run that is going on."""

    def sets(self) -> tuple[Offered, ...]:
        """The sets that can be run."""

    def lines(self) -> tuple[Line, ...]:
        """The runs that are kept, the newest first."""

    def drawings(self) -> tuple[Drawing, ...]:
        """The plots over the latest runs."""

    def run(self, name: str) -> str:
        """Runs the set, and gives the id of the run."""

    def make(self, questions: int, articles: int, only: Only) -> str:
        """Makes a set, and gives its id."""

    def remove(self, name: str) -> None:
        """Removes a set that was made or added here."""

    def cancel(self) -> None:
        """Ends what is going on."""

    def sheet(self, name: str) -> Sheet:
        """A run in full."""

    def compare(self, a: str, b: str) -> Versus:
        """Run B against run A."""

    def trace(self, name: str, number: int) -> Traced:
        """Where a question of a run was lost."""

    def mark(self, answer: Answer) -> Mark:
        """Keeps the answer as one to be judged."""

    def are_marked(self, answers: Sequence[Answer]) -> Sequence[bool]:
        """Of each answer, whether it is marked."""

    def unmark(self, answer: Answer) -> None:
        """Takes its mark back."""

    def marks(self) -> tuple[Mark, ...]:
        """What is marked."""

    def marked(self, name: str) -> tuple[Mark, tuple[Place, ...]]:
        """A mark, and what may answer its question."""

    def judge_unanswerable(self, name: str) -> Mark:
        """The articles do not say."""

    def judge_place(self, name: str, number: int, sentence: int) -> Mark:
        """That sentence of that passage answers it."""

    def judge_answer(self, name: str, text: str) -> Mark:
        """That text is the answer."""

    def judge_again(self, name: str) -> Mark:
        """Takes the judgement back."""

    def annotate(self, name: str, note: str) -> Mark:
        """Writes another note."""

    def drop(self, name: str) -> None:
        """Takes a mark out."""


class Running:
    """Runs and makes sets in a thread of their own, so that it goes on when the page is closed.

    `said` is how the last one ended, "" where that was well.
    """

    def __init__(self) -> None:
        self._one = threading.Lock()
        self._thread: threading.Thread | None = None
        self.said = ""

    @property
    def busy(self) -> bool:
        """Whether something is going on."""
        return self._thread is not None and self._thread.is_alive()

    def begin(self, work: Callable[[], object]) -> None:
        """Begins this, unless something is going on."""
        with self._one:
            if self.busy:
                return
            # Not a pool, whose threads are waited for when the server is stopped; a run may be ended anywhere.
            # In the context of who begins it, which knows whose marks may be asked.
            ran = partial(copy_context().run, self._ran, work)
            self._thread = threading.Thread(target=ran, name="evals", daemon=True)
            self._thread.start()

    def _ran(self, work: Callable[[], object]) -> None:
        self.said = ""
        try:
            work()
        except Exception as error:
            self.said = trouble(error)


class Views:
    """What a link of the room leads to: something is done, or not, and a view is drawn. Both raise FootnoteError."""

    def __init__(self, evals: Evals, running: Running) -> None:
        self._evals = evals
        self._running = running
        hexes, number = "([0-9a-f]+)", "([0-9]{1,6})"
        self._views: dict[str, Callable[..., str]] = {
            "home": self._home,
            f"sheet-{hexes}": self._sheet,
            f"versus-{hexes}-{hexes}": lambda a, b: versus_html(evals.compare(a, b)),
            f"trace-{hexes}-{number}": lambda run, n: traced_html(evals.trace(run, int(n))),
            "marks": lambda: marks_html(evals.marks()),
            f"mark-{hexes}": lambda mark: mark_html(*evals.marked(mark)),
        }
        # What is done, each with the view that is shown then.
        self._acts: dict[str, tuple[Callable[..., object], str]] = {
            f"start-{hexes}": (lambda name: running.begin(partial(evals.run, name)), "home"),
            "make-(.*)": (lambda said: running.begin(partial(evals.make, *wanted_set(said))), "home"),
            f"remove-{hexes}": (evals.remove, "home"),
            "cancel": (evals.cancel, "home"),
            f"none-{hexes}": (evals.judge_unanswerable, "mark-{0}"),
            f"gold-{hexes}-{number}-{number}": (
                lambda mark, n, sentence: evals.judge_place(mark, int(n), int(sentence)),
                "mark-{0}",
            ),
            f"right-{hexes}-(.*)": (evals.judge_answer, "mark-{0}"),
            f"note-{hexes}-(.*)": (evals.annotate, "mark-{0}"),
            f"again-{hexes}": (evals.judge_again, "mark-{0}"),
            f"drop-{hexes}": (evals.drop, "marks"),
        }

    def act(self, name: str) -> str:
        """Does what 'evals-<what>' says, if it says to do anything, and gives the name of the view to show then."""
        for pattern, (act, view) in self._acts.items():
            if parts := re.fullmatch(f"evals-{pattern}", name, re.DOTALL):
                act(*parts.groups())
                return f"evals-{view.format(*parts.groups())}"
        return name if any(re.fullmatch(f"evals-{pattern}", name) for pattern in self._views) else HOME

    def draw(self, view: str) -> str:
        """The view of that name."""
        found = ((re.fullmatch(f"evals-{pattern}", view), draw) for pattern, draw in self._views.items())
        return next((draw(*parts.groups()) for parts, draw in found if parts), "")

    def status(self) -> str:
        """What stands over every view: how far a run is, or how the last one ended."""
        return going_html(self._evals.going) if self._running.busy else ended_html(self._running.said)

    def _home(self) -> str:
        evals = self._evals
        return home_html(evals.sets(), evals.lines(), evals.drawings(), evals.marks(), self._running.busy)

    def _sheet(self, name: str) -> str:
        sheet = self._evals.sheet(name)
        same = [one for one in self._evals.lines() if one.set_digest == sheet.line.set_digest and one.id != name]
        return sheet_html(sheet, same[:OFFERED])


def wanted_set(text: str) -> tuple[int, int, Only]:
    """What the form of a new set says, as JSON: how many questions, of how many articles, of which. Or UsageError."""
    try:
        said = json.loads(text)
        return int(said.get("questions") or 0), int(said.get("articles") or 0), only_of(said)
    except UsageError:
        raise
    except (AttributeError, RecursionError, TypeError, ValueError) as error:
        raise UsageError("The form cannot be read", "Load the page again.") from error


def examination(evals: Evals, name: gr.Textbox) -> None:
    """The room: a view, and over it what is going on, which is looked at again while it is."""
    import gradio as gr

    running = Running()
    views = Views(evals, running)

    def show(name: str) -> tuple[Any, ...]:
        busy = running.busy
        try:
            view = views.act(name)
            # Before it is drawn: a run that ends meanwhile is drawn when it is looked at again.
            busy = running.busy
            drawn = views.draw(view)
        except Exception as error:
            view, drawn = "evals-trouble", trouble_html(trouble(error))
        return views.status(), drawn, view, gr.Timer(active=busy)

    def look(view: str) -> tuple[Any, ...]:
        if running.busy or view != HOME:
            return views.status(), gr.skip(), gr.skip(), gr.Timer(active=running.busy)
        return show(view)

    with gr.Column(elem_id="evals"):
        shown = gr.State(HOME)
        status = gr.HTML("", elem_id="evals-status")
        drawn = gr.HTML("", elem_id="evals-view")
        turn = gr.Button(elem_id="evals-turn")
        again = gr.Timer(LOOKS, active=False)
    boxes = [status, drawn, shown, again]
    turn.click(show, name, boxes, js="() => [window.footnote.wanted]", queue=False, **PRIVATE)
    again.tick(look, shown, boxes, queue=False, **PRIVATE)


def marking(evals: Evals, name: gr.Textbox, turns: gr.State, chat: gr.Chatbot) -> None:
    """What script.js presses when an answer is marked as wrong, or its mark is taken back."""
    import gradio as gr

    def mark(name: str, turns: list[Turn]) -> tuple[Any, ...]:
        try:
            turns = marked(evals, name, turns)
            return messages(turns), turns
        except Exception as error:
            warn(later("Not marked"), error)
            return gr.skip(), gr.skip()

    button = gr.Button(elem_id="mark")
    # In the queue, which is how a warning reaches the page.
    button.click(mark, [name, turns], [chat, turns], js=WANTED, concurrency_limit=None, **PRIVATE)


def marked(evals: Evals, name: str, turns: Sequence[Turn]) -> list[Turn]:
    """The turns after 'mark-<turn>' or 'unmark-<turn>' was followed."""
    parts = re.fullmatch(r"(mark|unmark)-([0-9]{1,6})", name)
    found = next((turn for turn in turns if parts and turn.number == int(parts[2])), None)
    if not parts or not found or not found.answer:
        return list(turns)
    if parts[1] == "mark":
        evals.mark(found.answer)
    else:
        evals.unmark(found.answer)
    return [replace(turn, marked=parts[1] == "mark") if turn is found else turn for turn in turns]
