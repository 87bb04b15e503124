"""Exact match and F1 of an answer, as the official scripts of SQuAD 1.1 and 2.0 count them.

Rajpurkar et al., EMNLP 2016, doi:10.18653/v1/D16-1264; ACL 2018, doi:10.18653/v1/P18-2124.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLES = re.compile(r"\b(a|an|the)\b")


@dataclass(frozen=True, slots=True)
class Match:
    """How well a text meets the best of its answers: `exact` is 0 or 1, `f1` from 0 to 1."""

    exact: float
    f1: float


def squad_1(said: str, answers: Sequence[str]) -> Match:
    """The match of version 1.1, for at least one answer. Where nothing is left of a text, F1 is 0."""
    words = _words(said)
    golds = [_words(answer) for answer in answers]
    return Match(max(float(words == gold) for gold in golds), max(_f1(words, gold) for gold in golds))


def squad_2(said: str, answers: Sequence[str]) -> Match:
    """The match of version 2.0. The answer to a question without `answers` is "", which a refusal says.

    Answers of which nothing is left do not count. Where nothing is left of a text, F1 is the exact match.
    """
    words = _words(said)
    golds = [gold for gold in map(_words, answers) if gold] or [[]]
    if not words:
        return Match(float([] in golds), float([] in golds))
    return Match(max(float(words == gold) for gold in golds), max(_f1(words, gold) for gold in golds))


def normalized(text: str) -> str:
    """The text in lower case, without ASCII punctuation, English articles and repeated white space, in that order."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def _words(text: str) -> list[str]:
    return normalized(text).split()


def _f1(said: list[str], gold: list[str]) -> float:
    shared = (Counter(said) & Counter(gold)).total()
    if not shared:
        return 0.0
    precision, recall = shared / len(said), shared / len(gold)
    return 2 * precision * recall / (precision + recall)
