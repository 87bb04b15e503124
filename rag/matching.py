"""How well a passage matches the words of a question: how often it has them, how rare they are, which stand together.

BM25 (Robertson & Zaragoza, 2009, doi:10.1561/1500000019) with the pairs of neighbouring words of the sequential
dependence model (Metzler & Croft, SIGIR 2005, doi:10.1145/1076034.1076115). FTS5 can do neither for candidates that it
did not find itself, and it takes 25 to 60 ms to rank all of 28,000 passages.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from index.lexical import stem

# The usual ones. Swept on news, SQuAD and MultiHop-RAG, .6 to 1.5 and .4 to .75, 2026-11-28: all within .01 of hit@1.
K1, B = 1.2, 0.75
# Two neighbours of the question stand together in a passage when at most three words are between them.
NEAR = 4
# Ends a part of a text.
_END = "\0"
_ASCII = 127
# From here on there are rare ideographs, all of which make words, and behind them marks that do not.
_BEYOND, _NO_LETTERS = 0x20000, 0xE0000
# Signs on the letters of Latin, Greek, Cyrillic, Hebrew and Arabic. Those of other scripts part a word, as in `terms`.
_ACCENTS = ((0x300, 0x36F), (0x483, 0x487), (0x591, 0x5C7), (0x610, 0x61A), (0x64B, 0x65F), (0x670, 0x670),
            (0x6D6, 0x6ED), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F))  # fmt: skip
# Stems that do not begin as their word does: "dying" is a form of "die".
_OTHERWISE = {"die": "dy", "lie": "ly", "tie": "ty", "vie": "vy"}

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
    found = _looked_up(words, texts)
    mean = sum(length for _, length in found.values()) / max(1, len(found))
    return {
        number: bm25(places, words, length / mean if mean else 1.0) + together(places, words)
        for number, (places, length) in found.items()
    }


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


def _looked_up(words: Words, texts: Mapping[int, Sequence[str]]) -> dict[int, tuple[Places, int]]:
    """Where the terms stand in each text, and how many words it has. All texts are looked at as one array of letters.

    Word by word it takes Python five times as long, in which no other thread goes on.
    """
    parts = [part.replace(_END, " ") for number in texts for part in texts[number]]
    owners = [number for number in texts for _ in texts[number]]
    # Each part ends with a letter of no word, so that no word goes on into the next.
    whole = "".join(f"{part}{_END}" for part in parts).lower()
    letters = np.frombuffer(whole.encode("utf-32-le"), dtype=np.uint32)
    starts, ends = _words_in(letters)
    of_part = np.searchsorted(np.flatnonzero(letters == ord(_END)), starts)
    lengths: Counter[int] = Counter(dict.fromkeys(texts, 0))
    for owner, count in zip(owners, np.bincount(of_part, minlength=len(parts)).tolist(), strict=True):
        lengths[owner] += count

    terms = {word for term in words.weights for word in term.split()}
    likely = np.flatnonzero(_may_be(terms, letters, starts, ends))
    said = [whole[start:end] for start, end in zip(starts[likely].tolist(), ends[likely].tolist(), strict=True)]
    known = forms(terms, set(said))
    # Nothing is near what is in another part.
    places = (likely + of_part[likely] * (NEAR + 1)).tolist()
    found: dict[int, Places] = {number: [] for number in texts}
    for word, place, part in zip(said, places, of_part[likely].tolist(), strict=True):
        if term := known.get(word):
            found[owners[part]].append((place, term))
    if words.phrases:
        found = {number: _with_phrases(at, words) for number, at in found.items()}
    return {number: (at, lengths[number]) for number, at in found.items()}


def _words_in(letters: NDArray[np.uint32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Where each word begins, and where it has ended."""
    inside = _of_words()[np.minimum(letters, _BEYOND)] & (letters < _NO_LETTERS)
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    return edges[::2], edges[1::2]


def _may_be(
    terms: Set[str], letters: NDArray[np.uint32], starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Whether a word begins as one of the terms does, or with a letter that may have an accent."""
    first = letters[starts]
    second = np.where(ends - starts > 1, letters[np.minimum(starts + 1, len(letters) - 1)], 0)
    found: NDArray[np.bool_] = (first > _ASCII) | (second > _ASCII)
    beginnings = [*terms, *(_OTHERWISE[term] for term in terms if term in _OTHERWISE)]
    for a, b in {(ord(term[0]), ord(term[1]) if len(term) > 1 else 0) for term in beginnings if term}:
        found |= (first == a) & (second == b)
    return found


def _with_phrases(places: Places, words: Words) -> Places:
    """The places of terms, with those of two characters of a script without spaces where the first one does."""
    both = places + [(i, f"{a} {b}") for (i, a), (j, b) in pairwise(places) if j == i + 1]
    return sorted(place for place in both if place[1] in words.weights)


@cache
def _of_words() -> NDArray[np.bool_]:
    """Whether each character, up to _BEYOND, is one that words are made of: letters, accents on them, and numbers."""
    made = np.array([chr(n).isalnum() for n in range(_BEYOND)] + [True])
    for first, last in _ACCENTS:
        made[first : last + 1] |= [unicodedata.category(chr(n)) == "Mn" for n in range(first, last + 1)]
    return made


def forms(terms: Iterable[str], words: Iterable[str]) -> dict[str, str]:
    """Those of the words, in small letters, that are a form of one of the terms, with the term."""
    wanted = set(terms)
    found = {}
    for word in words:
        if (term := stem(word if word.isascii() else bare(word))) in wanted:
            found[word] = term
    return found


def bare(word: str) -> str:
    """The word in small letters without accents, as FTS5 compares it."""
    word = word.lower()
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
