"""How well a passage matches the words of a question: how often it has them, how rare they are, which stand together.

BM25 (Robertson & Zaragoza, 2009, doi:10.1561/1500000019) with the pairs of neighbouring words of the sequential
dependence model (Metzler & Croft, SIGIR 2005, doi:10.1145/1076034.1076115). FTS5 can do neither for candidates that it
did not find itself, and it takes 25 to 60 ms to rank all of 28,000 passages.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from index.lexical import stem

# The usual ones. Swept on news, SQuAD and MultiHop-RAG, .6 to 1.5 and .4 to .75, 2026-11-28: all within .01 of hit@1.
K1, B = 1.2, 0.75
# Two neighbours of the question stand together in a passage when at most three words are between them.
NEAR = 4
# Stems keep their first letters, so a word that begins otherwise need not be stemmed.
BEGINNING = 2

# What mostly stands between words, or at one.
_BETWEEN = ".,-'’“”\"():;/_?!–—$%"
_WORD = re.compile(r"\w+")

# Where each word of the question stands in a passage: (place, term), in order.
Places = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a question as they are looked for, and how much each tells: its idf."""

    weights: Mapping[str, float]
    pairs: Mapping[tuple[str, str], float]

    @property
    def phrases(self) -> bool:
        """Whether a term is a phrase of two characters of a script that is written without spaces."""
        return any(" " in term for term in self.weights)

    def beside(self, context: Words, share: float) -> Words:
        """These words, and those that the context has more, for a share of their weight and without their pairs."""
        return Words({**{term: share * weight for term, weight in context.weights.items()}, **self.weights}, self.pairs)


def words_of(terms: Sequence[str], frequencies: Mapping[str, int], passages: int) -> Words:
    """The words behind FTS5 terms. `frequencies` says in how many of the `passages` each term stands."""
    weights: dict[str, float] = {}
    order = []
    for term in terms:
        key = " ".join(stem(bare(word)) for word in term.strip('"').split())
        # Other forms of one word have one weight; FTS5 counts them as one too.
        weights.setdefault(key, idf(frequencies.get(term, 0), passages))
        order.append(key)
    pairs = {(a, b): min(weights[a], weights[b]) for a, b in pairwise(order) if a != b}
    return Words(weights, pairs)


def idf(frequency: int, passages: int) -> float:
    """How much a word tells that stands in `frequency` of the passages: log odds, never below 0."""
    frequency = min(frequency, passages)
    return max(0.0, math.log((passages - frequency + 0.5) / (frequency + 0.5)))


def matches(words: Words, texts: Mapping[int, Sequence[str]]) -> dict[int, float]:
    """BM25 of each text plus the weight of the question's pairs that stand together in it; from 0 up.

    A text is a sequence of parts, such as title, heading and body; no pair reaches over from one to another. Lengths
    are seen against the mean of these texts.
    """
    split = {number: [split_up(part) for part in parts] for number, parts in texts.items()}
    said = set[str]().union(*(part for parts in split.values() for part in parts))
    known = forms((word for term in words.weights for word in term.split()), said)
    lengths = {number: sum(map(len, parts)) for number, parts in split.items()}
    mean = sum(lengths.values()) / max(1, len(lengths))
    found = {}
    for number, parts in split.items():
        places = _places(parts, words, known)
        found[number] = bm25(places, words, lengths[number] / mean if mean else 1.0) + together(places, words)
    return found


def bm25(places: Places, words: Words, length: float) -> float:
    """BM25 of a text that is `length` times as long as most."""
    norm = K1 * (1 - B + B * length)
    counts = Counter(term for _, term in places)
    return sum(words.weights[term] * n * (K1 + 1) / (n + norm) for term, n in counts.items())


def together(places: Places, words: Words) -> float:
    """The weight of the pairs that stand together in the text, in either order, each counted once."""
    near = set()
    for i, (place, term) in enumerate(places):
        for other, next_term in places[i + 1 : i + 1 + NEAR]:
            if other - place > NEAR:
                break
            near.add((term, next_term))
    return sum(weight for (a, b), weight in words.pairs.items() if (a, b) in near or (b, a) in near)


def _places(parts: Sequence[Sequence[str]], words: Words, known: Mapping[str, str]) -> Places:
    """Where the terms stand in the parts; a term of two characters of a script without spaces where its first does."""
    places: Places = []
    start = 0
    for part in parts:
        found = [(place, known[word]) for place, word in enumerate(part, start) if word in known]
        if words.phrases:
            found += [(i, f"{a} {b}") for (i, a), (j, b) in pairwise(found) if j == i + 1]
            found = sorted(place for place in found if place[1] in words.weights)
        places += found
        start += len(part) + NEAR + 1
    return places


def split_up(text: str) -> list[str]:
    """The words of a text in small letters; a rarer sign may still stand at one."""
    text = text.lower()
    for sign in _BETWEEN:  # less than half the time of a pattern
        text = text.replace(sign, " ")
    return text.split()


def forms(terms: Iterable[str], words: Iterable[str]) -> dict[str, str]:
    """Those of the words that are a form of one of the terms, with the term."""
    wanted = set(terms)
    beginnings = {term[:BEGINNING] for term in wanted}
    found = {}
    for word in [w for w in words if w[:BEGINNING] in beginnings or not (w.isalnum() and w.isascii())]:
        plain = word
        if not (word.isalnum() and word.isascii()):
            whole = _WORD.search(word)
            plain = bare(whole[0]) if whole else ""
        if plain[:BEGINNING] in beginnings and (term := stem(plain)) in wanted:
            found[word] = term
    return found


def bare(word: str) -> str:
    """The word in small letters without accents, as FTS5 compares it."""
    word = word.lower()
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
