"""Putting articles in and taking them out: the buttons and their words, what is followed, and what a removal would do.

A link to remove something carries its question, which script.js asks before anything happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from index.added import KINDS
from index.following import SOURCES_FILE
from index.ledger import Entry, Place
from index.records import article_id
from index.sources.files import is_address, lies_in
from index.sources.reading import MAX_BYTES, SUFFIXES
from page.words import file_name, plain, together
from rag.wording import counted, short

PLACEHOLDER = "Web address or folder to follow"

# What script.js needs to know to tell what would be refused before it is sent.
ADDING = (
    f'<input type="file" id="chosen" multiple hidden tabindex="-1" aria-label="Files to add" '
    f'accept="{",".join(sorted(SUFFIXES))}" data-most="{MAX_BYTES}" data-kinds="{plain(KINDS)}">'
    f'<button type="button" id="choose">Choose files</button><p class="hint">or drop them anywhere here</p>'
    f'<ul id="arrivals" aria-live="polite" aria-label="Files that are added"></ul>'
)


@dataclass(frozen=True, slots=True)
class Removal:
    """What is asked before something is taken out; without `yes` it cannot be, and `ask` says why."""

    key: str
    ask: str
    yes: str = ""


def place_name(place: str, added: str) -> str:
    """The last part of a path, an address without its scheme, or what the folder of added files is called."""
    if place == added:
        return "Added files"
    return place.partition("://")[2].rstrip("/") if is_address(place) else file_name(place)


def removal(entry: Entry, places: Sequence[Place], added: str) -> Removal | None:
    """What can be done about a line of the list; None where it lies in nothing that is followed."""
    whole = entry.part_of or entry.source
    holder = next((p for p in places if p.followed.location in (entry.source, whole)), None)
    name = entry.title or file_name(entry.source)
    if holder and entry.source != whole and is_address(whole):
        told = f"“{name}” is listed by {place_name(whole, added)}, which is followed."
        return Removal(article_id(whole), f"{told} It goes when that is followed no longer.")
    if holder:
        return unfollowing(holder, added)
    if added and lies_in(whole, added):
        with_it = "the file and its article are" if entry.source == whole else "the file and all articles in it are"
        return Removal(article_id(whole), f"Delete “{file_name(whole)}”? Here {with_it} gone. {_KEPT}", "Delete")
    around = [p for p in places if lies_in(whole, p.followed.location)]
    if not around:
        return None
    inner = place_name(max(around, key=lambda p: len(p.followed.location)).followed.location, added)
    told = f"“{name}” lies in the folder “{inner}”, which is followed."
    return Removal(article_id(whole), f"{told} To take it out, delete the file and sync, or stop following the folder.")


_KEPT = "Answers that quoted it keep their quotes."


def unfollowing(place: Place, added: str) -> Removal | None:
    """What can be done about something that is followed; None for the folder of added files."""
    followed = place.followed
    if followed.location == added:
        return None
    name, key = place_name(followed.location, added), article_id(followed.location)
    if followed.listed:
        return Removal(key, f"“{name}” is named in {SOURCES_FILE}. Take it out there, and sync.")
    there = "What is on the web stays there." if is_address(followed.location) else "The files stay where they are."
    articles = counted(place.indexed, "article")
    return Removal(key, f"Stop following “{name}”? Its {articles} will not be searched any more. {there}", "Stop")


def removal_html(what: Removal | None, name: str, text: str = "Remove") -> str:
    """The link to it."""
    if not what:
        return ""
    return (
        f'<a class="take" href="#take-{what.key}" data-ask="{plain(what.ask)}" data-yes="{plain(what.yes)}" '
        f'aria-label="{plain(f"{text} {name}")}">{text}</a>'
    )


def places_html(places: Sequence[Place], added: str, now: datetime) -> str:
    """What a sync looks at, each with what it holds, when it was last looked at, and the way to follow it no longer."""
    if not places:
        return ""
    lines = "".join(place_html(place, added, now) for place in places)
    looked = max(place.looked for place in places)
    when = f", last {ago(looked, now)}" if looked else ""
    return (
        f'<details class="follows"><summary>A sync looks at {counted(len(places), "place")}{when}</summary>'
        f"<ul>{lines}</ul></details>"
    )


def place_html(place: Place, added: str, now: datetime) -> str:
    """One of them."""
    where, name = place.followed.location, place_name(place.followed.location, added)
    kind = "" if place.followed.kind == "files" else place.followed.kind
    unread = f"{place.unread:,} left out" if place.unread else ""
    looked = f"looked at {ago(place.looked, now)}" if place.looked else "not looked at yet"
    about = " · ".join(together(t) for t in (kind, counted(place.indexed, "article"), unread, looked) if t)
    problem = f'<p class="problem"><b>Not reached</b> {plain(place.problem)}</p>' if place.problem else ""
    link = removal_html(unfollowing(place, added), name, "Unfollow")
    return f'<li><b title="{plain(where)}">{plain(name)}</b> <span>{plain(about)}</span> {link}{problem}</li>'


def ago(then: str, now: datetime) -> str:
    """'just now', '5 minutes ago', '3 hours ago', and from the second day on the day."""
    moment = datetime.fromisoformat(then).astimezone()
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{counted(minutes, 'minute')} ago"
    if minutes < 24 * 60:
        return f"{counted(minutes // 60, 'hour')} ago"
    return together(f"on {short(moment.date())}")


def failed_html(sentence: str) -> str:
    """Why something could not be added or taken out."""
    return f'<p class="trouble" role="alert">{plain(sentence)}</p>'


def adding_html(location: str) -> str:
    """That something is being added."""
    return f'<p role="status">Adding {plain(location)}</p>'
