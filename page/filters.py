"""The filters over the question box: which articles are searched, chosen by paper or place, author and days."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from index.candidates import Names, Only
from page.words import plain, tell
from rag.named import Implied, paper_of

# Names that are offered; any other can be typed.
MOST_NAMES = 300


def filters_html(names: Names) -> str:
    """The form, with the names that the articles have. script.js shows what is chosen, and sends it along."""
    return (
        f'<details id="filters"><summary>{tell("Filters")}</summary>'
        f'<form aria-label="{tell("Which articles are searched")}">'
        f"{fields_html()}"
        f'<p><button type="reset">{tell("Clear")}</button><button>{tell("Done")}</button></p></form>'
        f"{_known('source', names.publishers)}{_known('author', names.authors)}</details>"
        '<p id="chips" aria-live="polite"></p>'
    )


def fields_html() -> str:
    """The fields of a form that say which articles are meant; what is offered in them comes with the filters."""
    return (
        f"{_field('source', tell('Paper, folder or site'))}{_field('author', tell('Author'))}"
        f'<label>{tell("From")}<input type="date" name="first"></label>'
        f'<label>{tell("To")}<input type="date" name="last"></label>'
    )


def _field(name: str, label: str) -> str:
    kind = f'type="text" name="{name}" maxlength="200" autocomplete="off" list="known-{name}"'
    return f"<label>{label}<input {kind}></label>"


def _known(name: str, known: Sequence[str]) -> str:
    offered = "".join(f'<option value="{plain(one)}"></option>' for one in known[:MOST_NAMES])
    return f'<datalist id="known-{name}">{offered}</datalist>'


def implied_html(implied: Implied) -> str:
    """What the question itself says of the articles that are meant, and the way to search those alone."""
    days = [f"{one.words}" for one in implied.periods]
    named = [*implied.papers, *((author,) for author in implied.authors)]
    chips = "".join(f"<b>{plain(chip)}</b>" for chip in [*(paper_of(names[0]) for names in named), *days])
    if not chips:
        return ""
    only = only_of(implied)
    link = f'<a href="#only-{_hex(only)}">{tell("Only these")}</a>' if only else ""
    return f'<p class="implied">{tell("Prefers")} {chips}{link}</p>'


def only_of(implied: Implied) -> Only:
    """The articles that are meant, as filters; of several papers, authors or periods, none can say all."""
    days = implied.periods[0] if len(implied.periods) == 1 else None
    return Only(
        f'"{paper_of(implied.papers[0][0])}"' if len(implied.papers) == 1 else "",
        implied.authors[0] if len(implied.authors) == 1 else "",
        days.first if days and days.first > date.min else None,
        days.last if days and days.last < date.max else None,
    )


def _hex(only: Only) -> str:
    """What script.js reads of a link: JSON in hexadecimal, which no sanitiser changes."""
    days = {name: day.isoformat() if day else "" for name, day in (("first", only.first), ("last", only.last))}
    return json.dumps({"source": only.source, "author": only.author, **days}).encode().hex()
