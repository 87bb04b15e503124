"""How a question set comes in: made from the articles, by a form, or as a file of one's own."""

from __future__ import annotations

from page.filters import fields_html
from page.words import tell
from rag.doors.uploads import MOST_SET
from rag.measured import MOST_MADE

# What the form says at first.
QUESTIONS, ARTICLES = 100, 100


def making_html() -> str:
    """The form, and the button that a file is chosen with. script.js sends both."""
    note = tell(
        "Questions are made by rule from the articles, which must be in English. Nobody has read them: look at the "
        "first ones before you trust their figures."
    )
    return (
        f'<details class="making"><summary>{tell("Make a question set")}</summary><form id="making">'
        f'<p class="note">{note}</p>{_number("questions", tell("How many questions"), QUESTIONS)}'
        f"{_number('articles', tell('From how many articles, at most'), ARTICLES)}{fields_html()}"
        f"<p><button>{tell('Make')}</button></p></form></details>"
        f'<div class="giving"><button type="button" id="give">{tell("Add a set of your own")}</button>'
        f'<input type="file" id="given" hidden tabindex="-1" aria-label="{tell("Add a set of your own")}" '
        f'accept=".jsonl" data-most="{MOST_SET}">'
        f'<p class="note">{tell("A file of questions, one a line, as JSON (questions.jsonl)")}</p>'
        f'<ul id="giving" aria-live="polite" aria-label="{tell("Files that are added")}"></ul></div>'
    )


def _number(name: str, label: str, first: int) -> str:
    kind = f'type="number" name="{name}" min="1" max="{MOST_MADE}" value="{first}" required'
    return f"<label>{label}<input {kind}></label>"
