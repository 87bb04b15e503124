"""A follow-up question is searched for together with the earlier questions that it leans on. No language model.

Whether and how much it leans is told from its own words: pronouns, how little it says, whether it is a whole question.
A question that seems to stand alone is searched for alone, whatever came before it, so a new topic stays clean of the
old one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.lexical import STOP_WORDS

# What points back at something said before, and what compares with it.
_POINTING = frozenset(
    "he she it they him her them his hers its their theirs these those er sie ihn ihm ihr ihre sein seine".split()  # noqa: SIM905
)
_COMPARING = frozenset(
    "other others another else more same such both either neither again also too instead next latter former".split()  # noqa: SIM905
)
# "that", "this" and "there" point back at the end of a question, before a noun ("this week" apart), or after a verb or
# preposition; they do not in "who said that the barge sank" or "is there a library".
_TIMES = "week(?:end)?|month|year|morning|afternoon|evening|summer|autumn|winter|spring"
_POINTING_HERE = re.compile(
    # With a capital it ends a name, "Rogue One", or a day follows, "this Monday".
    r"\b(?:that|THAT|this|THIS|then|one|there)\W*$"
    r"|\b(?i:is|was|are|were|does|did|do|will|would|can|could|has|have|had|if|about|of|for|from|with|after|before|to|by"
    r"|in|at|on|like|why|how|when|and|but) (?:(?:that|THAT)\b(?! (?:the|a|an|he|she|it|they)\b| [A-Z])"
    rf"|(?:this|THIS)\b(?! (?:the|a|an|he|she|it|they|{_TIMES})\b| [A-Z]))"
    rf"|\bthis (?!(?:{_TIMES})\b|[A-Z])\w+"
)
# "No, the ferry", "yes please", but not "No Time to Die".
_REPLY = re.compile(r"^\W*(?:(?:no|yes|ok|okay)\b(?! (?!I\b)(?-i:[A-Z]))|i (?:mean|meant)\b)", re.IGNORECASE)
_OPENING = re.compile(r"^\s*(?:and|but|so|or|und|aber)\b", re.IGNORECASE)
# At least three words that begin as a question of its own does; "Why Moscow?", "On Tuesday?" do not.
_ASKS = re.compile(
    r"^\s*(?:who|whose|what|which|when|where|how|is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b"
    r"\W+\w+\W+\w",
    re.IGNORECASE,
)
# "Who is Zelenskyy?", "what is primatology": one word of its own, and all that it takes.
_DEFINITION = re.compile(r"^\s*(?:who|what|where) (?:is|are|was|were) (?!the\b)[^\W_]+\W*$", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")

# The odds from which a question is searched for with the earlier ones, and from which it is taken for a part of what
# was asked before: probabilities of .35 and .75.
LEANS, CLEAR = 0.54, 3.0
# What similarity to the whole conversation and what the words of the earlier questions count for, times the odds, where
# it is not clear; the question itself counts 1.
SIMILAR, WORDS = 0.3, 0.2
# Words of its own beyond these tell no more.
MANY = 6
# Fitted by `python -m benchmarks.followups`; docs/measurements.md has the sets, the counts, and how it does on what it
# was not fitted on. In the order of `clues`.
BIAS = 1.6
WEIGHTS = (1.7, 1.3, 0.9, 2.4, 0.7, -0.7, -0.6, -1.2, -1.5)


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched for: a question, and the earlier ones that it leans on, oldest first.

    `odds` are those that it leans on them, from 0; without earlier ones they do not matter.
    """

    text: str
    earlier: tuple[str, ...] = ()
    odds: float = 0.0

    def __str__(self) -> str:
        return " ".join([*self.earlier, self.text])

    @property
    def context(self) -> str:
        """The earlier questions as one text."""
        return " ".join(self.earlier)

    @property
    def main(self) -> str:
        """What counts 1: the question, or all of it as one text where it clearly leans."""
        return str(self) if self.odds >= CLEAR else self.text

    @property
    def beside(self) -> str:
        """What counts less, for `similar` of its similarity and `words` of its words; empty when nothing does."""
        return "" if self.odds >= CLEAR or not self.earlier else str(self)

    @property
    def similar(self) -> float:
        """What similarity to what stands beside counts for, from 0 to SIMILAR * CLEAR."""
        return SIMILAR * self.odds

    @property
    def words(self) -> float:
        """What the words of what stands beside count for, from 0 to WORDS * CLEAR."""
        return WORDS * self.odds


def in_context(text: str, earlier: Sequence[str]) -> Query:
    """What to search for. A follow-up leans on the question before it and on the one with which its topic began."""
    odds = leaning(text)
    if not earlier or odds < LEANS:
        return Query(text)
    topic = next((before for before in reversed(earlier) if not leans(before)), earlier[0])
    return Query(text, tuple(dict.fromkeys([topic, earlier[-1]])), odds)


def leans(text: str) -> bool:
    """Whether the question seems to need an earlier one. A guess: docs/measurements.md says how often it is wrong."""
    return leaning(text) >= LEANS


def leaning(text: str) -> float:
    """The odds that the question needs an earlier one: e to the power of what its words tell."""
    return math.exp(BIAS + sum(weight * value for weight, value in zip(WEIGHTS, clues(text), strict=True)))


def clues(text: str) -> tuple[float, ...]:
    """What the words of a question tell of whether it leans, in the order of WEIGHTS; 1 for yes, 0 for no, or a count.

    It has a pronoun; points back otherwise; compares; replies; opens with "and" or "but"; how many words of its own it
    has, up to MANY; it is a whole question; has a name in it; asks for a definition.
    """
    rest = _OPENING.sub("", text)
    words = _WORD.findall(rest)
    lower = [word.lower() for word in words]
    own = [word for word in lower if word not in STOP_WORDS | _POINTING | _COMPARING]
    return (
        float(not _POINTING.isdisjoint(lower)),
        float(bool(_POINTING_HERE.search(text))),
        float(not _COMPARING.isdisjoint(lower)),
        float(bool(_REPLY.match(text))),
        float(rest != text),
        float(min(len(own), MANY)),
        float(bool(_ASKS.match(rest))),
        float(_names(words[1:])),
        float(bool(_DEFINITION.match(rest))),
    )


def _names(words: Sequence[str]) -> bool:
    """Whether one of the words that do not open the question has a capital."""
    return any(word[0].isupper() and word.lower() not in STOP_WORDS for word in words)
