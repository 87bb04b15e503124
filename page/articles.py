"""The list of articles: every source with how it ended, why it is left out if it is, and filters over them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from index.ledger import UNDATED, Entry, Listing, Place, Timeline
from index.records import article_id
from page.added import places_html, removal, removal_html
from page.language import figures, later, say, several, short
from page.phrases import evidence
from page.timeline import href, named, timeline_html
from page.words import file_name, lang_html, plain, tell, together, told_html

# Lines of the list that are shown at once.
LINES = 50
STATES = {"all": later("All"), "indexed": later("Indexed"), "skipped": later("Skipped"), "failed": later("Failed")}
# Why the list is empty, by the state that is asked for.
NONE_IN = {
    "indexed": later("No source is indexed."),
    "skipped": later("No source is skipped."),
    "failed": later("No source is failed."),
}
NONE_THEN = {
    "": later("No source that is listed {when}."),
    "indexed": later("No source that is indexed {when}."),
    "skipped": later("No source that is skipped {when}."),
    "failed": later("No source that is failed {when}."),
}
_PERIOD = rf"[0-9]{{3}}|[0-9]{{4}}(?:-(?:0[1-9]|1[0-2]))?|{UNDATED}"
_LINK = re.compile(rf"list-({'|'.join(STATES)})-([0-9]{{1,6}})(?:-({_PERIOD}))?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which piece of the list: the sources that ended in `state` ("" for all) and are like `like`; `page` from 0.

    `period` is when their articles appeared, as index.ledger.Ledger.entries has it.
    """

    state: str = ""
    like: str = ""
    page: int = 0
    period: str = ""

    @property
    def offset(self) -> int:
        """How many lines stand before this page."""
        return self.page * LINES

    @property
    def first(self) -> Wanted:
        """The first page of it."""
        return replace(self, page=0)


def wanted(name: str, like: str) -> Wanted:
    """What a link 'list-<state>-<page>' or 'list-<state>-<page>-<period>' asks for.

    Anything else asks for the first page of all.
    """
    parts = _LINK.fullmatch(name)
    if not parts:
        return Wanted(like=like.strip())
    return Wanted("" if parts[1] == "all" else parts[1], like.strip(), int(parts[2]), parts[3] or "")


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the list: what is followed, when the articles appeared, and where added files lie."""

    places: Sequence[Place] = ()
    timeline: Timeline = field(default_factory=Timeline)
    added: str = ""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


def listing_html(listing: Listing, asked: Wanted, around: Around) -> str:
    """What is followed, when it appeared, the filters with their counts, the lines, and the way to the other pages."""
    lines = "".join(entry_html(entry, around) for entry in listing.entries)
    drawn = f'<ol class="sources">{lines}</ol>' if lines else f'<p class="nothing">{plain(nothing(listing, asked))}</p>'
    return (
        f'<div class="listing">{places_html(around.places, around.added, around.now)}'
        f"{timeline_html(around.timeline, asked.state, asked.period)}{states_html(listing, asked)}{drawn}"
        f"{pages_html(listing, asked)}</div>"
    )


def nothing(listing: Listing, asked: Wanted) -> str:
    """Why the list is empty."""
    if asked.like:
        if asked.period:
            text = later("No source has “{like}” in its name, title, author or reason and {when}.")
            return say(text, like=asked.like, when=from_when(asked.period))
        return say("No source has “{like}” in its name, title, author or reason.", like=asked.like)
    if asked.period:
        return say(NONE_THEN[asked.state], when=from_when(asked.period))
    if asked.state and sum(listing.states.values()):
        return say(NONE_IN[asked.state])
    return say("There are no articles yet. Add an address, a folder or files above.")


def from_when(period: str) -> str:
    """'tells no day', or 'is of Mar 2024'."""
    return say("tells no day") if period == UNDATED else say("is of {period}", period=named(period))


def states_html(listing: Listing, asked: Wanted) -> str:
    """The filters: each state with how many sources ended in it; the parts sum to all."""
    numbers = {"all": sum(listing.states.values()), **listing.states}
    shown = asked.state or "all"
    links = "".join(
        f'<a href="{href(state, asked.period)}"{_current(state == shown)}>{tell(name)} '
        f"<b>{figures(f'{numbers.get(state, 0):,}')}</b></a>"
        for state, name in STATES.items()
    )
    return f'<nav class="states" aria-label="{tell("Sources by how they ended")}">{links}</nav>'


def _current(yes: bool) -> str:
    return ' aria-current="true"' if yes else ""


def entry_html(entry: Entry, around: Around) -> str:
    """One source: its article's title and what is known of it, its name, and the reason if it has no article."""
    name = plain(entry.title or file_name(entry.source))
    # A source that failed keeps its old article, and one that says what another says is read there.
    lang = lang_html(entry.language)
    link = f'<a class="read" href="#read-{article_id(entry.twin or entry.source)}"{lang}>{name}</a>'
    title = link if entry.title else name
    state = tell(STATES.get(entry.state, entry.state.capitalize()))
    reason = f'<p class="reason"><b>{state}</b> {reason_html(entry)}</p>'
    take = removal_html(removal(entry, around.places, around.added), entry.title or file_name(entry.source))
    return (
        f'<li class="{plain(entry.state)}"><h3>{title}</h3><p>{plain(" · ".join(about(entry)))}</p>'
        f'<p class="file" title="{plain(entry.source)}">{plain(shortened(entry.source))}</p>'
        f"{reason if entry.state != 'indexed' else ''}{take}</li>"
    )


def reason_html(entry: Entry) -> str:
    """Why the source is not indexed, and whether its article of before is still there."""
    kept = entry.state == "failed" and entry.title
    why = told_html(entry.reason)
    return f"{why}{plain('.')} {tell('What was read before is kept.')}" if kept else why


def about(entry: Entry) -> list[str]:
    """Author, date with its evidence, language, length, and which others say the same: what is known of them."""
    if not entry.title:
        return []
    day = together(short(date.fromisoformat(entry.published) if entry.published else None))
    known_from = evidence(entry.published_from) if entry.published else ""
    others = several(entry.copies, "nearly the same as {n} other", "nearly the same as {n} others")
    copies = others if entry.copies else ""
    twin = say("the same as {name}", name=file_name(entry.twin)) if entry.twin else ""
    length = together(several(entry.characters, "{n} character", "{n} characters"))
    return [part for part in (entry.author, day + known_from, entry.language, length, twin, copies) if part]


def shortened(source: str) -> str:
    """The last two parts of a path, or an address without its scheme."""
    if "://" in source:
        return source.partition("://")[2]
    return "/".join(source.replace("\\", "/").rstrip("/").split("/")[-2:])


def pages_html(listing: Listing, asked: Wanted) -> str:
    """'51–100 of 5,321', and the pages before and after."""
    total = listing.states.get(asked.state, 0) if asked.state else sum(listing.states.values())
    if total <= LINES:
        return ""
    first, last = min(asked.offset + 1, total), min(asked.offset + LINES, total)
    before, after = (href(asked.state, asked.period, asked.page + step) for step in (-1, 1))
    back = f'<a href="{before}">{tell("Previous")}</a>' if asked.page else ""
    on = f'<a href="{after}">{tell("Next")}</a>' if last < total else ""
    numbers = [figures(f"{number:,}") for number in (first, last, total)]
    range_ = tell("{first}–{last} of {total}", **dict(zip(("first", "last", "total"), numbers, strict=True)))
    return f'<nav class="pages" aria-label="{tell("Pages")}"><span>{range_}</span>{back}{on}</nav>'
