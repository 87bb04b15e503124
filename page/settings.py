"""The Settings room: what is running, and how that is changed."""

from __future__ import annotations

from collections.abc import Sequence

from page.language import LANGUAGES, language
from page.words import plain, tell, told_html
from rag.running import Facts


def settings_html(groups: Sequence[Facts]) -> str:
    """Each group under its heading, as a list of names and what they are."""
    # There is nothing else in it that the keyboard could reach, and it scrolls.
    drawn, name = "".join(map(group_html, groups)), tell("Settings")
    how = tell("These are set in footnote.toml, and in the environment; they are read when Footnote starts.")
    return (
        f'<div class="settings" tabindex="0" role="region" aria-label="{name}"><h2>{name}</h2>{languages_html()}'
        f"<p>{how}</p>{drawn}</div>"
    )


def languages_html() -> str:
    """The languages of the page; script.js keeps the one that is chosen, and loads the page again in it."""
    options = "".join(
        f'<option value="{code}" lang="{code}"{" selected" if code == language() else ""}>{plain(name)}</option>'
        for code, name in LANGUAGES.items()
    )
    return f'<p class="languages"><label>{tell("Language")} <select id="language">{options}</select></label></p>'


def group_html(group: Facts) -> str:
    """One heading and its facts."""
    facts = "".join(f"<dt>{told_html(name)}</dt><dd>{told_html(said)}</dd>" for name, said in group.facts)
    return f"<section><h3>{told_html(group.heading)}</h3><dl>{facts}</dl></section>"
