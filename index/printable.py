"""Text of others made safe to look at, in a terminal and on the page."""

from __future__ import annotations

import json
from pathlib import Path

# What is invisible can hide words or turn their order round: zero-width characters, bidi controls, tag characters,
# control characters, which a terminal would obey. The zero-width joiner and non-joiner stay: Persian and Hindi are
# misspelt without them.
INVISIBLE = (
    *(n for n in range(0x20) if chr(n) not in "\t\n"),
    *range(0x7F, 0xA0),
    *(0x061C, 0x200B, 0x200E, 0x200F, 0xFEFF),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    *range(0xE0000, 0xE0080),
)
# A lone surrogate cannot be sent as UTF-8.
_SURROGATES = range(0xD800, 0xE000)
_SHOWN: dict[int, str | None] = {**dict.fromkeys(INVISIBLE), **dict.fromkeys(_SURROGATES, "\ufffd")}
_ESCAPED = {n: json.dumps(chr(n))[1:-1] for n in (*INVISIBLE, *_SURROGATES)}


def visible(text: str) -> str:
    """The text without characters that hide words, reorder them or command a terminal."""
    return text.translate(_SHOWN)


def escaped(json_text: str) -> str:
    """JSON that means the same, with escapes for what `visible` leaves out: it may be looked at in a terminal too."""
    return json_text.translate(_ESCAPED)


def place(source: str) -> str:
    """The source as a terminal shows it: a path from where the command was run, if it lies there, or all of it."""
    here = Path.cwd()
    return str(Path(source).relative_to(here)) if Path(source).is_relative_to(here) else source
