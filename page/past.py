"""The side bar: conversations that are kept, the newest first, and what can be done with each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from page.exported import exported_html
from page.language import later, say, several, short
from page.login import LOGOUT
from page.words import plain, tell, together
from rag.conversations import Conversation, Turn
from rag.exports import bibtex, markdown

# Conversations that are listed; older ones are found by their words.
LISTED = 100
# How one can be taken along: what ends its address, and what that is called.
KINDS = {"html": later("a page"), "md": later("Markdown"), "bib": later("BibTeX")}


def past_html(conversations: Sequence[Conversation], like: str, current: str, today: date) -> str:
    """The list. `current` is the id of the conversation that is open, "" for none."""
    lines = "".join(conversation_html(one, one.id == current, today) for one in conversations[:LISTED])
    more = say("Older ones are found by their words.") if len(conversations) > LISTED else ""
    if not conversations:
        none = say("No conversation has “{like}” in it.", like=like)
        more = none if like else say("What you ask is kept here, on this machine.")
    drawn = f'<ol data-current="{plain(current)}">{lines}</ol>'
    return drawn + (f'<p class="nothing">{plain(more)}</p>' if more else "")


def conversation_html(one: Conversation, current: bool, today: date) -> str:
    """One line: the title, which opens it, when it was last added to, and what can be done with it."""
    mark = ' aria-current="true"' if current else ""
    files = "".join(
        f'<li><a href="/conversations/{one.id}.{end}" download>{tell("Save as {kind}", kind=say(kind))}</a></li>'
        for end, kind in KINDS.items()
    )
    return (
        f'<li{mark}><a class="past" href="#past-{one.id}"{mark}><b>{plain(one.title)}</b>'
        f"<i>{plain(' · '.join([day_of(one, today), several(one.turns, '{n} question', '{n} questions')]))}</i></a>"
        f'<details><summary aria-label="{tell("More about {what}", what=one.title)}">⋯</summary><ul>'
        f'<li><a href="#rename-{one.id}">{tell("Rename")}</a></li>{files}'
        f'<li><a href="#remove-{one.id}">{tell("Remove")}</a></li>'
        "</ul></details></li>"
    )


def leave_html(name: str) -> str:
    """Who is logged in, and how they leave; nothing where nobody has to log in."""
    if not name:
        return ""
    return f'<form method="post" action="{LOGOUT}"><span>{plain(name)}</span><button>{tell("Log out")}</button></form>'


def day_of(one: Conversation, today: date) -> str:
    """When its newest turn was kept, in the time of this machine: the hour for today."""
    changed = one.changed.astimezone()
    days = (today - changed.date()).days
    return {0: f"{changed:%H:%M}", 1: say("yesterday")}.get(days) or together(short(changed.date()))


def taken_along(title: str, turns: Sequence[Turn], end: str) -> tuple[str, str]:
    """The turns as a file of this kind of KINDS, and its media type; two empty texts for any other kind."""
    if end == "html":
        return exported_html(title, turns), "text/html"
    if end == "md":
        return markdown(title, turns), "text/markdown"
    return (bibtex(turns), "application/x-bibtex") if end == "bib" else ("", "")


def file_stem(title: str) -> str:
    """The title as the name of a file, without its ending."""
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))[:60].strip("-") or "conversation"
