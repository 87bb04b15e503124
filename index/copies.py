"""Which articles are near-copies of one another: the only import of datasketch.

An agency's report that ten papers print is one voice, not ten. Two articles are near-copies when they share most of
their runs of three words, and most of their numbers: a weather report, a lottery drawing and a company's earnings share
their sentences with the ones of the day before, but not their numbers. How much two texts share is estimated from
signatures of fixed length, and signatures that may be alike are found by their bands, so nothing compares all pairs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np

from index.lexical import fold

# Goes up when the same text gets another signature or other bands; those of another version are never compared.
VERSION = 1

# Two near-copies share this much. docs/measurements.md has the articles, the range swept and what is lost at each.
THRESHOLD = 0.5
# A page that comes again every month or year is written over the last one. A syndicated report is out within days, so
# further apart, two articles are copies only when they are SAME, however often the second was dated anew.
MAX_DAYS, SAME = 30, 0.9

# Runs of 3, 5 and 8 words were tried, 25 November 2026: with 3, spelling and small edits cost a copy least.
RUN = 3
# A run with a number in it counts this often. Of 1, 2, 4, 8, 12 and 16, fewer than 8 took lottery drawings of the same
# week for copies, and more than 8 took articles for copies that share a few paragraphs full of numbers.
NUMBERS = 8
# Fewer words are captions, and share their words with other captions. What follows the last is not compared: a book.
MIN_WORDS, MAX_WORDS = 50, 50_000
# With 128 values, 16 of 780 pairs of lottery drawings passed by chance. The bands are made of the first of them: two
# articles meet in one with a chance of .87 where they share .5, .99 at .6 and .05 at .2.
VALUES, BANDS, BAND = 256, 32, 4
_SEED, _BATCH = 1, 4096

_WORD = re.compile(r"[^\W_]+")
_APOSTROPHES = re.compile("['’‘`´]")
_DIGIT = re.compile(r"\d")


def signature(text: str) -> bytes:
    """What the words of a text are compared by, 1,024 bytes; b"" when it has fewer than MIN_WORDS words.

    Case, punctuation and white space do not count. The same on every machine. 2 ms for an article of 900 words.
    """
    words = [match[0] for match in islice(_WORD.finditer(_plain(text)), MAX_WORDS)]
    if len(words) < MIN_WORDS:
        return b""
    sketch = _empty().copy()
    marks = iter(_marks(words))
    while batch := list(islice(marks, _BATCH)):
        sketch.update_batch(batch)
    return bytes(sketch.hashvalues.astype("<u4").tobytes())


def bands(signature: bytes) -> list[int]:
    """BANDS keys, signed 64-bit; near-copies have one in common, others hardly ever. None for an empty signature."""
    width = BAND * 4
    rows = [signature[n * width : (n + 1) * width] for n in range(BANDS)] if signature else []
    return [_key(b"%d:%b" % (n, row)) for n, row in enumerate(rows)]


def similarity(one: bytes, other: bytes) -> float:
    """How much two texts share, from 0 to 1, estimated from their signatures; 0 where one is empty.

    It is the Jaccard similarity of their runs of words, within .06 for 95 of 100 pairs (the standard error is at most
    .5 / sqrt(VALUES)).
    """
    if not one or not other:
        return 0.0
    return float(np.mean(np.frombuffer(one, "<u4") == np.frombuffer(other, "<u4")))


def near(alike: float, one: date | None, other: date | None) -> bool:
    """Whether two articles that are so much alike, published on these days, are near-copies."""
    apart = abs((one - other).days) if one and other else 0
    return alike >= (THRESHOLD if apart <= MAX_DAYS else SAME)


def voices(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The name of its group for each id in the pairs: the smallest id of all that are linked, in any number of steps.

    The order of the pairs, and in them, does not matter.
    """
    above: dict[str, str] = {}

    def top(name: str) -> str:
        while (higher := above.setdefault(name, name)) != name:
            above[name] = name = above[higher]
        return name

    for one, other in pairs:
        first, last = sorted((top(one), top(other)))
        above[last] = first
    return {name: top(name) for name in list(above)}


def _plain(text: str) -> str:
    """The text with everything folded away that a paper changes when it prints another's report."""
    return fold(_APOSTROPHES.sub("", text.casefold()))


def _marks(words: list[str]) -> Iterator[bytes]:
    """The runs of RUN words, those with a number in them NUMBERS times, each time as another."""
    numbers = [bool(_DIGIT.search(word)) for word in words]
    for n in range(len(words) - RUN + 1):
        run = " ".join(words[n : n + RUN]).encode("utf-8", "surrogatepass")
        yield run
        if any(numbers[n : n + RUN]):
            yield from (b"%d %b" % (again, run) for again in range(1, NUMBERS))


def _key(band: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(band, digest_size=8).digest(), "little", signed=True)


@lru_cache(maxsize=1)
def _empty() -> Any:  # noqa: ANN401 - the library's types are not declared
    """A sketch of nothing; a copy of it shares its permutations. It imports scipy, so it takes .4 s the first time."""
    from datasketch import MinHash

    return MinHash(num_perm=VALUES, seed=_SEED, scheme="affine32")
