"""The header: what there is to ask about, and what a sync does and has done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.records import Overview
from page.words import plain, together
from rag.wording import counted, short

if TYPE_CHECKING:
    from index.sync import Report


ROOMS = (
    '<nav aria-label="Rooms"><a href="#room-ask" aria-current="page">Ask</a><a href="#room-articles">Articles</a>'
    '<a href="#room-evals">Evals</a><a href="#room-settings">Settings</a></nav>'
)

TOGGLE = (
    '<button type="button" id="pasts" aria-label="Conversations" title="Conversations" aria-controls="past" '
    'aria-expanded="false"><span></span><span></span><span></span></button>'
)


def header_html(overview: Overview) -> str:
    """The name, the claim, and what there is to ask about."""
    known = plain(overview_line(overview))
    return f'<h1>Footnote</h1><p class="claim">Answers quoted from your articles</p><p class="known">{known}</p>'


def overview_line(overview: Overview) -> str:
    """'15 articles · 3 Jan 2024 – 12 Dec 2024 · 2 undated'."""
    if not overview.articles:
        return "No articles yet"
    days = list(dict.fromkeys(short(day) for day in (overview.first, overview.last) if day))
    undated = f"{overview.undated:,} undated" if overview.undated else ""
    return " · ".join(filter(None, [counted(overview.articles, "article"), " – ".join(days), undated]))


def progress_line(stage: str, done: int, total: int) -> str:
    """'Embedding 120 of 340 passages', or only 'Building' where there is nothing to count."""
    noun = {"reading": " sources", "splitting": " articles", "embedding": " passages"}.get(stage, "")
    return f"{stage.capitalize()} {done:,} of {total:,}{noun}" if total > 1 else stage.capitalize()


STOPPED = "<p>Stopped. What was done so far is kept, and the next sync goes on from there.</p>"


def running_html(step: tuple[str, int, int], *, stopping: bool) -> str:
    """How far a sync is, in words and as a bar, which moves to and fro where there is nothing to count."""
    stage, done, total = step
    line = "Stopping" if stopping else progress_line(stage, done, total) if stage else "Looking for changes"
    counted_to = f' max="{total}" value="{min(done, total)}"' if total > 1 else ""
    return f'<p class="running">{plain(line)}</p><progress aria-label="Sync"{counted_to}></progress>'


def report_html(report: Report) -> str:
    """'3 new, 1 changed, 0 gone, 12 unchanged, 1 skipped', and which sources were left out, and why."""
    always = [(report.new, "new"), (report.changed, "changed"), (report.gone, "gone"), (report.same, "unchanged")]
    left_out = [(number, kind) for number, kind in ((report.skipped, "skipped"), (report.failed, "failed")) if number]
    if report.held:
        left_out.append((len(report.held), "held back"))
    counts = ", ".join(together(f"{number:,} {kind}") for number, kind in always + left_out)
    counts += "; python -m index sync --yes takes out what is held back" if report.held else ""
    if not report.problems:
        return f"<p>{counts}</p>"
    why = "".join(f"<li><b>{plain(source)}</b> {plain(reason)}</li>" for source, reason in report.problems)
    return f"<details><summary>{counts}</summary><ul>{why}</ul></details>"
