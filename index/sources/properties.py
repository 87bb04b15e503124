"""What a document's properties say, less what the program that wrote it put there by itself."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import PurePath

from index.sources.byline import author_of
from index.sources.decoding import cleaned
from index.sources.draft import collapsed

_TITLE_BY_PROGRAM = re.compile(
    r"microsoft\s|untitled|(?:document|slide|presentation|unbenannt|dokument|layout)\s*\d*$"
    r"|.*\.(?:docx?|pdf|indd|qxp|qxd|rtf|odt|tex|dvi|ps|html?|txt|md|pptx?)$",
    re.I,
)
_AUTHOR_BY_PROGRAM = re.compile(
    r"python-docx|\(?anonymous\)?|un(?:known|specified)|user|admin(?:istrator)?|owner|author|default"
    r"|(?:microsoft\s+)?office(?:\s+user)?|root|scanner|windows\s.*",
    re.I,
)
# What python-docx writes into each document that it makes from its own template.
_TEMPLATE_CREATED = datetime(2013, 12, 23, 23, 15, tzinfo=UTC)


def title_given(title: object, name: str) -> str:
    """The title, or "" when it is a program's, a file's name, or no words at all."""
    text = _text(title)
    made = _TITLE_BY_PROGRAM.match(text) or text.casefold() == PurePath(name).stem.casefold()
    return "" if made or sum(c.isalpha() for c in text) < 2 else text


def author_given(author: object) -> str | None:
    """The author, or None when it is a program's."""
    text = _text(author)
    return None if _AUTHOR_BY_PROGRAM.fullmatch(text) else author_of(text)


def day_created(created: datetime | None) -> date | None:
    """The day the document was made, unless it is the day its template was."""
    if created is None or created.replace(tzinfo=UTC) == _TEMPLATE_CREATED:
        return None
    return created.date()


def _text(value: object) -> str:
    return collapsed(cleaned(value)) if isinstance(value, str) else ""
