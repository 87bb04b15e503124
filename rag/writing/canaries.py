"""A word in the instructions that no answer may hold: where it does, the instructions came out."""

from __future__ import annotations

import base64
import codecs
import re
import secrets
from urllib.parse import quote

# So much of it is enough; a chance of one in four thousand million that it stands in a text by itself.
ENOUGH = 8


def made() -> str:
    """A canary for one request."""
    return secrets.token_hex(12)


def leaks(text: str, canary: str) -> bool:
    """Whether the beginning of the canary, or its end, stands in the text: as it is, spaced, reversed or encoded."""
    pieces = {canary[:ENOUGH], canary[-ENOUGH:]}
    dense = re.sub(r"[^0-9a-z]", "", text.lower())
    plain = {form for piece in pieces for form in (piece, piece[::-1], codecs.encode(piece, "rot13"))}
    if any(form in dense for form in plain | {piece.encode().hex() for piece in pieces}):
        return True
    packed = re.sub(r"\s", "", text)
    coded = {base64.b64encode(canary.encode()).decode(), base64.b32encode(canary.encode()).decode(), quote(canary)}
    # In base64 the three places that a text may begin at give three forms.
    coded |= {base64.b64encode(b" " * n + canary.encode()).decode()[4:] for n in (1, 2)}
    return any(form[:12] in packed for form in coded)
