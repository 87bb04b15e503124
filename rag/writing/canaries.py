"""A word in the instructions that no answer may hold: where it does, the instructions came out."""

from __future__ import annotations

import base64
import codecs
import re
import secrets
import unicodedata
from urllib.parse import quote

# So much of its beginning or its end is enough; a chance of one in four thousand million that it stands in a text by
# itself. There are more places in the middle, so that it takes more of them.
ENOUGH, HALF = 8, 12


def made() -> str:
    """A canary for one request."""
    return secrets.token_hex(12)


def leaks(text: str, canary: str) -> bool:
    """Whether enough of the canary stands in the text: as it is, spaced, in wide letters, reversed or encoded."""
    text = unicodedata.normalize("NFKC", text)
    pieces = {canary[:ENOUGH], canary[-ENOUGH:], *(canary[n : n + HALF] for n in range(len(canary) - HALF + 1))}
    dense = re.sub(r"[^0-9a-z]", "", text.lower())
    plain = {form for piece in pieces for form in (piece, piece[::-1], codecs.encode(piece, "rot13"))}
    if any(form in dense for form in plain | {piece.encode().hex() for piece in pieces}):
        return True
    packed = re.sub(r"\s", "", text)
    coded = {base64.b64encode(canary.encode()).decode(), base64.b32encode(canary.encode()).decode(), quote(canary)}
    # In base64 the three places that a text may begin at give three forms.
    coded |= {base64.b64encode(b" " * n + canary.encode()).decode()[4:] for n in (1, 2)}
    return any(form[:12] in packed for form in coded)
