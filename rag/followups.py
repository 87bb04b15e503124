"""A follow-up question becomes a question that stands alone, by rule: the words it leans on are put beside it.

A question that seems to stand alone is left as it is. A language model may do this better; the seam is `stand_alone`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.lexical import STOP_WORDS

# What points back at something said before. "it" also opens questions that stand alone ("is it true that"), so a long
# question with many words of its own is left as it is.
_POINTING = frozenset(
    "he she it they him her them his hers its their theirs these those".split()  # noqa: SIM905
)
# "that", "this" and "there" point back at the end of a question, before a noun ("this week" apart), or after a verb or
# preposition; they do not in "who said that the barge sank" or "is there a library".
_POINTING_HERE = re.compile(
    r"\b(?:that|this|then|one|there)\W*$"
    r"|\b(?:is|was|are|were|does|did|do|will|would|can|could|has|have|had|if|about|of|for|from|with|after|before|to|by|in"
    r"|at|on|like|why|how|when) (?:that|this)\b(?! (?:the|a|an|he|she|it|they|week|month|year|[A-Z]))"
    r"|\b(?:and|but) (?:that|this)\b|\bthis (?!week|month|year|summer|autumn|winter|spring)\w+"
)
_MORE = re.compile(r"^\s*(?:what about|how about|why not|since when|which one)\b", re.IGNORECASE)
_OPENINGS = re.compile(r"^\s*(?:and|but|so|or|und|aber)\b", re.IGNORECASE)
# At least three words that begin as a question of its own does; "Why Moscow?", "On Tuesday?" do not.
_ASKS = re.compile(
    r"^\s*(?:who|whose|what|which|when|where|how|is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b"
    r"\W+\w+\W+\w",
    re.IGNORECASE,
)
# "Who is Zelenskyy?", "what is primatology": one word of its own, and all that it takes.
_DEFINITION = re.compile(r"^\s*(?:who|what|where) (?:is|are|was|were) (?!the\b)[^\W_]+\W*$", re.IGNORECASE)
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
    """Whether the question seems to need an earlier one: it points back, opens as a follow-up, or says very little.

    A name of its own keeps a question that does not point back from leaning. Rules, and so a guess:
    docs/measurements.md says how often they miss a follow-up and how often they touch a question that stands alone.
    """
    rest = _OPENINGS.sub("", text)
    opens = rest != text
    words = _WORD.findall(rest)
    lower = [word.lower() for word in words]
    content = [word for word in lower if word not in STOP_WORDS and word not in _POINTING]
    if _MORE.match(rest) or (len(content) <= 1 + opens and not _ASKS.match(rest)):
        return True
    if not _POINTING.isdisjoint(lower) or _POINTING_HERE.search(text):
        return len(content) < ENOUGH_CONTENT
    if _names(words[1:]) or _DEFINITION.match(rest):
        return False
    return len(content) <= 1 or (opens and len(content) < ENOUGH_CONTENT)


def _names(words: Sequence[str]) -> bool:
    """Whether one of the words that do not open the question has a capital."""
    return any(word[0].isupper() and word.lower() not in STOP_WORDS for word in words)
