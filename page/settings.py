"""The Settings room: what is running, and how that is changed."""

from __future__ import annotations

from collections.abc import Sequence

from page.words import plain
from rag.running import Facts

HOW = "These are set in footnote.toml, and in the environment; they are read when Footnote starts."


def settings_html(groups: Sequence[Facts]) -> str:
    """Each group under its heading, as a list of names and what they are."""
    # There is nothing else in it that the keyboard could reach, and it scrolls.
    drawn = "".join(map(group_html, groups))
    return (
        f'<div class="settings" tabindex="0" role="region" aria-label="Settings"><h2>Settings</h2><p>{plain(HOW)}</p>'
        f"{drawn}</div>"
    )


def group_html(group: Facts) -> str:
    """One heading and its facts."""
    facts = "".join(f"<dt>{plain(name)}</dt><dd>{plain(said)}</dd>" for name, said in group.facts)
    return f"<section><h3>{plain(group.heading)}</h3><dl>{facts}</dl></section>"
