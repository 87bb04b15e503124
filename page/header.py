"""The header: what there is to ask about, and what a sync does and has done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.records import Overview
from page.language import figures, later, say, several, short
from page.words import plain, tell, together, told_html

if TYPE_CHECKING:
    from index.sync import Report


# The rooms, by what the links to them end with.
ROOMS = {"ask": later("Ask"), "articles": later("Articles"), "evals": later("Evals"), "settings": later("Settings")}


def rooms_html() -> str:
    """The links to the rooms; the first is the one that is entered with the page."""
    links = "".join(
        f'<a href="#room-{room}"{CURRENT if room == "ask" else ""}>{tell(name)}</a>' for room, name in ROOMS.items()
    )
    return f'<nav aria-label="{tell("Rooms")}">{links}</nav>'


CURRENT = ' aria-current="page"'


def toggle_html() -> str:
    """The button that opens and closes the side bar."""
    name = tell("Conversations")
    return (
        f'<button type="button" id="pasts" aria-label="{name}" title="{name}" aria-controls="past" '
        'aria-expanded="false"><span></span><span></span><span></span></button>'
    )


def header_html(overview: Overview) -> str:
    """The name, the claim, and what there is to ask about."""
    known = plain(overview_line(overview))
    return (
        f'<h1>Footnote</h1><p class="claim">{tell("Answers quoted from your articles")}</p><p class="known">{known}</p>'
    )


def overview_line(overview: Overview) -> str:
    """'15 articles · 3 Jan 2024 – 12 Dec 2024 · 2 undated'."""
    if not overview.articles:
        return say("No articles yet")
    days = list(dict.fromkeys(short(day) for day in (overview.first, overview.last) if day))
    undated = say("{n} undated", n=figures(f"{overview.undated:,}")) if overview.undated else ""
    articles = several(overview.articles, "{n} article", "{n} articles")
    return " · ".join(filter(None, [articles, " – ".join(days), undated]))


# The stages of a sync; and how far it is where there is something to count.
STAGES = {
    "asking": later("Asking"),
    "building": later("Building"),
    "embedding": later("Embedding"),
    "reading": later("Reading"),
    "scanning": later("Scanning"),
    "splitting": later("Splitting"),
}
COUNTED = {
    "embedding": later("Embedding {done} of {total} passages"),
    "reading": later("Reading {done} of {total} sources"),
    "splitting": later("Splitting {done} of {total} articles"),
}


def progress_line(stage: str, done: int, total: int) -> str:
    """'Embedding 120 of 340 passages', or only 'Building' where there is nothing to count."""
    name = say(STAGES.get(stage, stage.capitalize()))
    if total <= 1:
        return name
    numbers = {"done": figures(f"{done:,}"), "total": figures(f"{total:,}")}
    return (
        say(COUNTED[stage], **numbers) if stage in COUNTED else say("{stage} {done} of {total}", stage=name, **numbers)
    )


def stopped_html() -> str:
    """What is said of a sync that somebody has stopped."""
    return f"<p>{tell('Stopped. What was done so far is kept, and the next sync goes on from there.')}</p>"


def running_html(step: tuple[str, int, int], *, stopping: bool) -> str:
    """How far a sync is, in words and as a bar, which moves to and fro where there is nothing to count."""
    stage, done, total = step
    line = say("Stopping") if stopping else progress_line(stage, done, total) if stage else say("Looking for changes")
    counted_to = f' max="{total}" value="{min(done, total)}"' if total > 1 else ""
    return f'<p class="running">{plain(line)}</p><progress aria-label="{tell("Sync")}"{counted_to}></progress>'


def report_html(report: Report) -> str:
    """'3 new, 1 changed, 0 gone, 12 unchanged, 1 skipped', and which sources were left out, and why."""
    always = [
        (report.new, later("{n} new")),
        (report.changed, later("{n} changed")),
        (report.gone, later("{n} gone")),
        (report.same, later("{n} unchanged")),
    ]
    left_out = [
        (report.skipped, later("{n} skipped")),
        (report.failed, later("{n} failed")),
        (len(report.held), later("{n} held back")),
    ]
    shown = always + [one for one in left_out if one[0]]
    counts = ", ".join(together(say(kind, n=figures(f"{number:,}"))) for number, kind in shown)
    if report.held:
        counts = say("{counts}; python -m index sync --yes takes out what is held back", counts=counts)
    counts = plain(counts)
    if not report.problems:
        return f"<p>{counts}</p>"
    why = "".join(f"<li><b>{plain(source)}</b> {told_html(reason)}</li>" for source, reason in report.problems)
    return f"<details><summary>{counts}</summary><ul>{why}</ul></details>"
