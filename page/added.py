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
from page.language import figures, known, say, several, short
from page.words import file_name, plain, tell, together, told_html


def intake_html() -> str:
    """What files are chosen with, and what script.js must know to tell what would be refused before it is sent."""
    return (
        f'<input type="file" id="chosen" multiple hidden tabindex="-1" aria-label="{tell("Files to add")}" '
        f'accept="{",".join(sorted(SUFFIXES))}" data-most="{MAX_BYTES}" data-kinds="{plain(KINDS)}">'
        f'<button type="button" id="choose">{tell("Choose files")}</button>'
        f'<p class="hint">{tell("or drop them anywhere here")}</p>'
        f'<ul id="arrivals" aria-live="polite" aria-label="{tell("Files that are added")}"></ul>'
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
        return say("Added files")
    return place.partition("://")[2].rstrip("/") if is_address(place) else file_name(place)


def removal(entry: Entry, places: Sequence[Place], added: str) -> Removal | None:
    """What can be done about a line of the list; None where it lies in nothing that is followed."""
    whole = entry.part_of or entry.source
    holder = next((p for p in places if p.followed.location in (entry.source, whole)), None)
    name = entry.title or file_name(entry.source)
    if holder and entry.source != whole and is_address(whole):
        told = say("“{name}” is listed by {place}, which is followed.", name=name, place=place_name(whole, added))
        return Removal(article_id(whole), f"{told} {say('It goes when that is followed no longer.')}")
    if holder:
        return unfollowing(holder, added)
    if added and lies_in(whole, added):
        alone = say("Delete “{name}”? Here the file and its article are gone.", name=file_name(whole))
        many = say("Delete “{name}”? Here the file and all articles in it are gone.", name=file_name(whole))
        asked = alone if entry.source == whole else many
        return Removal(article_id(whole), f"{asked} {say('Answers that quoted it keep their quotes.')}", say("Delete"))
    around = [p for p in places if lies_in(whole, p.followed.location)]
    if not around:
        return None
    inner = place_name(max(around, key=lambda p: len(p.followed.location)).followed.location, added)
    told = say("“{name}” lies in the folder “{folder}”, which is followed.", name=name, folder=inner)
    then = say("To take it out, delete the file and sync, or stop following the folder.")
    return Removal(article_id(whole), f"{told} {then}")


def unfollowing(place: Place, added: str) -> Removal | None:
    """What can be done about something that is followed; None for the folder of added files."""
    followed = place.followed
    if followed.location == added:
        return None
    name, key = place_name(followed.location, added), article_id(followed.location)
    if followed.listed:
        told = say("“{name}” is named in {file}. Take it out there, and sync.", name=name, file=SOURCES_FILE)
        return Removal(key, told)
    web, here = say("What is on the web stays there."), say("The files stay where they are.")
    told = several(
        place.indexed,
        "Stop following “{name}”? Its {n} article will not be searched any more.",
        "Stop following “{name}”? Its {n} articles will not be searched any more.",
        name=name,
    )
    return Removal(key, f"{told} {web if is_address(followed.location) else here}", say("Stop"))


def removal_html(what: Removal | None, name: str, *, followed: bool = False) -> str:
    """The link to it."""
    if not what:
        return ""
    text = tell("Unfollow") if followed else tell("Remove")
    whole = tell("Unfollow {name}", name=name) if followed else tell("Remove {name}", name=name)
    return (
        f'<a class="take" href="#take-{what.key}" data-ask="{plain(what.ask)}" data-yes="{plain(what.yes)}" '
        f'aria-label="{whole}">{text}</a>'
    )


def places_html(places: Sequence[Place], added: str, now: datetime) -> str:
    """What a sync looks at, each with what it holds, when it was last looked at, and the way to follow it no longer."""
    if not places:
        return ""
    lines = "".join(place_html(place, added, now) for place in places)
    looked = max(place.looked for place in places)
    told = several(len(places), "A sync looks at {n} place", "A sync looks at {n} places")
    whole = say("{told}, last {ago}", told=told, ago=ago(looked, now)) if looked else told
    return f'<details class="follows"><summary>{plain(whole)}</summary><ul>{lines}</ul></details>'


def place_html(place: Place, added: str, now: datetime) -> str:
    """One of them."""
    where, name = place.followed.location, place_name(place.followed.location, added)
    kind = "" if place.followed.kind == "files" else known(place.followed.kind) or place.followed.kind
    articles = several(place.indexed, "{n} article", "{n} articles")
    unread = say("{n} left out", n=figures(f"{place.unread:,}")) if place.unread else ""
    looked = say("looked at {ago}", ago=ago(place.looked, now)) if place.looked else say("not looked at yet")
    about = " · ".join(together(t) for t in (kind, articles, unread, looked) if t)
    why = told_html(place.problem)
    problem = f'<p class="problem"><b>{tell("Not reached")}</b> {why}</p>' if place.problem else ""
    link = removal_html(unfollowing(place, added), name, followed=True)
    return f'<li><b title="{plain(where)}">{plain(name)}</b> <span>{plain(about)}</span> {link}{problem}</li>'


def ago(then: str, now: datetime) -> str:
    """'just now', '5 minutes ago', '3 hours ago', and from the second day on the day."""
    moment = datetime.fromisoformat(then).astimezone()
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return say("just now")
    if minutes < 60:
        return several(minutes, "{n} minute ago", "{n} minutes ago")
    if minutes < 24 * 60:
        return several(minutes // 60, "{n} hour ago", "{n} hours ago")
    return together(say("on {day}", day=short(moment.date())))


def failed_html(why: str) -> str:
    """Why something could not be added or taken out, as HTML."""
    return f'<p class="trouble" role="alert">{why}</p>'


def adding_html(location: str) -> str:
    """That something is being added."""
    return f'<p role="status">{tell("Adding {what}", what=location)}</p>'
