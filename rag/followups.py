"""A follow-up question becomes a question that stands alone, by rule: the words it leans on are put beside it.

A question that stands alone is never touched. A language model may do this better later; the seam is `stand_alone`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.lexical import STOP_WORDS

# What points back at something said before. "it" also opens questions that stand alone ("is it true that"), so a long
# question with many words of its own is left as it is.
_POINTING = frozenset(
    "he she it they him her them his hers its their theirs that this those these there then one".split()  # noqa: SIM905
)
_OPENINGS = re.compile(r"^\s*(and|but|so|what about|how about|why not|since when|which one)\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
# With this many content words of its own a question is taken to stand alone even if a pronoun is in it.
ENOUGH_CONTENT = 6
# How many follow-ups of a chain are searched for with the question it began with. More of them would fill the embedding
# model's window before the last one comes.
LINKS = 3


def stand_alone(text: str, earlier: Sequence[str]) -> str:
    """What to search for: `text` itself, or with the questions it leans on in front of it, oldest first.

    A chain of follow-ups leans on the question that its first one leaned on; of a long chain, the links in the middle
    are left out.
    """
    chain = [text]
    for before in reversed(earlier):
        if not leans(chain[0]):
            break
        chain.insert(0, before)
    return " ".join([chain[0], *chain[1:][-LINKS:]])


def leans(text: str) -> bool:
    """Whether the question seems to need an earlier one: it points back, opens as a follow-up, or says very little."""
    words = [word.lower() for word in _WORD.findall(text)]
    content = [word for word in words if word not in STOP_WORDS and word not in _POINTING]
    if _OPENINGS.match(text) or len(content) <= 1:
        return True
    return len(content) < ENOUGH_CONTENT and not _POINTING.isdisjoint(words)
