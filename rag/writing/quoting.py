"""From the words that a model claims to quote to the words of the passage: the only import of rapidfuzz.

A likeness only proposes a place. What becomes a quote is the text that stands there, whole sentences of it, so a quote
that the model changed is shown as the article has it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.lexical import STOP_WORDS
from index.records import Hit
from index.sentences import sentences
from rag.answers import Quote

# A quote that was copied with its mistakes is this much alike, of 100; one that was made up finds 40 to 70 somewhere.
COPIED = 85.0
# Without a quote, a sentence of the passage is taken that shares this much of the words with what was written, of 100.
SHARED = 50.0
# Fewer characters stand in any passage.
SHORTEST = 8
# A sentence that is longer is quoted in part.
LONGEST = 600

_WORD = re.compile(r"[^\W_]+")


def quote_for(written: str, claimed: str, hit: Hit) -> Quote | None:
    """The quote for a sentence that is said to rest on a passage, with these words of it; None where none fits.

    Where no words are given, or they do not stand there, the passage's sentence that is most like what was written is
    quoted.
    """
    text = hit.passage.text
    ranges = sentences(text, hit.article.language)
    place = _copied(claimed, text) or _most_alike(written, text, ranges)
    if place is None:
        return None
    start, end = _whole(place, ranges)
    return Quote(hit.passage.id, text[start:end], hit.passage.start + start)


def _copied(claimed: str, text: str) -> tuple[int, int] | None:
    """Where in the text the words stand, exactly or nearly."""
    if len(claimed) < SHORTEST or not _content(claimed):
        return None
    start = text.find(claimed)
    if start >= 0:
        return start, start + len(claimed)
    from rapidfuzz.fuzz import partial_ratio_alignment

    # Of each sign as many as before, so that places stay: quotation marks, dashes and white space are alike.
    found = partial_ratio_alignment(_alike(claimed), _alike(text), score_cutoff=COPIED)
    return (found.dest_start, found.dest_end) if found and found.dest_end > found.dest_start else None


def _most_alike(written: str, text: str, ranges: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    from rapidfuzz.fuzz import token_set_ratio

    said = " ".join(_content(written))
    scored = [(token_set_ratio(said, " ".join(_content(text[a:b]))), -n) for n, (a, b) in enumerate(ranges)]
    best = max(scored, default=(0.0, 0))
    return ranges[-best[1]] if said and best[0] >= SHARED else None


def _whole(place: tuple[int, int], ranges: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The sentences that the place lies in; the place itself where they are too long."""
    touched = [(a, b) for a, b in ranges if a < place[1] and place[0] < b]
    start, end = (touched[0][0], touched[-1][1]) if touched else place
    return (start, end) if end - start <= LONGEST or place[1] - place[0] > LONGEST else place


def _content(text: str) -> list[str]:
    return [word for word in _WORD.findall(text.lower()) if word not in STOP_WORDS]


_SIGNS = str.maketrans("“”„«»’‘`´–—−\n\t\u00a0", '"""""\'\'\'\'---   ')


def _alike(text: str) -> str:
    folded = text.translate(_SIGNS).lower()
    return folded if len(folded) == len(text) else text.translate(_SIGNS)
