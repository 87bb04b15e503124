"""An article is split into passages: `article.text[p.start:p.end] == p.text`, always.

Passages are packed from whole sentences up to the embedding model's window, counted by its own tokenizer, because what
is over the window is dropped silently by the model. The title and heading are part of what is embedded and not of what
is quoted. A passage never crosses a heading. Neighbours overlap by whole sentences, so an answer that runs over a
border is whole in one of them.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate

from index.records import Article, Passage, passage_id
from index.sentences import sentences

SPLITTER_VERSION = "2"

# How many tokens of the end of a passage are repeated at the start of the next.
OVERLAP_TOKENS = 32
# A word that a WordPiece tokenizer does not know counts as one token however long it is, so characters are bounded too.
MAX_CHARACTERS = 2_000
# A title or heading worth more than this leaves too little of the window for the text; see `_worth`.
MAX_LABEL = 160
# Two that the model adds, and two to spare.
SPECIAL_TOKENS = 4

Count = Callable[[Sequence[str]], list[int]]
Range = tuple[int, int]


def split(article: Article, count: Count, max_tokens: int) -> list[Passage]:
    """The passages of an article, in order, each at most `max_tokens` with its title, heading and special tokens.

    `count(texts)` gives the number of tokens of each text without special tokens. A heading that would leave less than
    a quarter of the window for the text is cut. A title counts at most MAX_LABEL tokens, so it leaves that quarter in
    any window of 220 tokens or more; the packaged model's is 256.
    """
    revision, least = article.revision, max_tokens // 4
    space = max(least, max_tokens - SPECIAL_TOKENS - count([_label(article.title)])[0])
    return [
        _passage(article, revision, start, end, heading)
        for full, start, end in _sections(article)
        for heading, room in [_headed(full, count, space, least)]
        for start, end in _pack(article, (start, end), count, room)
    ]


def embedded_text(title: str, heading: str, text: str) -> str:
    """What the model sees of a passage: its title and heading, each on a line of its own, then the text."""
    return "\n".join(part for part in (_label(title), _label(heading), text) if part)


@lru_cache(maxsize=4_096)
def _label(text: str) -> str:
    if text.isascii() and len(text) <= MAX_LABEL // 2:  # as most titles are: none is worth more than 2
        return text.strip()
    worths = accumulate(_worth(character) for character in text[:MAX_LABEL])
    return text[: sum(worth <= MAX_LABEL for worth in worths)].strip()


def _worth(character: str) -> int:
    """1 for a letter of a Latin word; 2 for what is often a token of its own: punctuation and other scripts.

    Tokenizers take Hangul apart, up to three tokens for a syllable.
    """
    if character < "\u0250":
        return 1 if character.isalnum() or character.isspace() else 2
    return 2 * len(unicodedata.normalize("NFD", character))


def _passage(article: Article, revision: str, start: int, end: int, heading: str) -> Passage:
    page = bisect_right(article.pages, start) if article.pages else None
    key = passage_id(revision, start, end)
    return Passage(key, article.id, revision, start, end, article.text[start:end], heading, page)


def _sections(article: Article) -> Iterator[tuple[str, int, int]]:
    """(heading, start, end) of each stretch of text between headings, the headings themselves left out."""
    start, heading = 0, ""
    for section in article.sections:
        yield heading, start, section.start
        start, heading = section.body, "" if section.heading == article.title else section.heading
    yield heading, start, len(article.text)


def _headed(heading: str, count: Count, space: int, least: int) -> tuple[str, int]:
    """The heading, or as many of its first words as leave `least` tokens of the space; and how many are left."""
    tokens = count([_label(heading)])[0]
    if tokens <= space - least:
        return heading, space - tokens
    words = _label(heading).split()
    starts = [" ".join(words[:n]) for n in range(len(words))]
    fitting = [(start, n) for start, n in zip(starts, count(starts), strict=True) if n <= space - least]
    start, tokens = fitting[-1]
    return start, space - tokens


def _pack(article: Article, span: Range, count: Count, room: int) -> Iterator[Range]:
    """Ranges of neighbouring sentences that fit the room, each starting with the last few of the one before."""
    pieces = list(_pieces(article, span, count, room))
    first, size = 0, 0
    for i, ((start, end), tokens) in enumerate(pieces):
        if i > first and (size + tokens > room or end - pieces[first][0][0] > MAX_CHARACTERS):
            yield pieces[first][0][0], pieces[i - 1][0][1]
            first = _overlap(pieces, first, i, room - tokens, MAX_CHARACTERS - (end - start))
            size = sum(n for _, n in pieces[first:i])
        size += tokens
    if pieces:
        yield pieces[first][0][0], pieces[-1][0][1]


def _overlap(pieces: list[tuple[Range, int]], first: int, i: int, tokens: int, characters: int) -> int:
    """The index of the earliest piece before `i` that the next passage may start with."""
    budget, start = min(OVERLAP_TOKENS, tokens), i
    while start - 1 > first:
        (begin, _), size = pieces[start - 1]
        if size > budget or pieces[i][0][0] - begin > characters:
            break
        budget -= size
        start -= 1
    return start


def _pieces(article: Article, span: Range, count: Count, room: int) -> Iterator[tuple[Range, int]]:
    """Sentences with their token counts; one that is too long is cut, at white space where there is any."""
    base = span[0]
    text = article.text[base : span[1]]
    found = [part for s in sentences(text, article.language) for part in _cut(text, s, MAX_CHARACTERS)]
    counts = count([text[a:b] for a, b in found])
    for (a, b), tokens in zip(found, counts, strict=True):
        yield from (((base + x, base + y), n) for (x, y), n in _fit(text, (a, b), tokens, count, room))


def _fit(text: str, span: Range, tokens: int, count: Count, room: int) -> Iterator[tuple[Range, int]]:
    """The range itself when it fits, otherwise halves of it that do."""
    if tokens <= room or span[1] - span[0] < 2:
        yield span, tokens
        return
    halves = _cut(text, span, (span[1] - span[0] + 1) // 2)
    for half, n in zip(halves, count([text[a:b] for a, b in halves]), strict=True):
        yield from _fit(text, half, n, count, room)


def _cut(text: str, span: Range, limit: int) -> list[Range]:
    """The range in parts of at most `limit` characters, cut after the last white space of each where there is one."""
    start, end = span
    parts = []
    while end - start > limit:
        space = max(text.rfind(" ", start + 1, start + limit), text.rfind("\n", start + 1, start + limit))
        border = space if space > start else start + limit
        parts.append((start, border))
        start = border + 1 if space > start else border
    if start < end:
        parts.append((start, end))
    return parts
