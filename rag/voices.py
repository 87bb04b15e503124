"""Near-copies count as one voice: what one has said, another need not say again; all that said it are named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from index.lexical import STOP_WORDS, fold
from index.records import Copy, Hit

# The share of a passage's runs of three words that must have been said. With none of its own words but in another
# order, a passage says something else; a sentence cut in the middle costs two runs.
SAID = 0.8
_RUN = 3

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W_]+")
_APOSTROPHES = re.compile("['’‘`´]")
# What an agency puts before the first sentence: "LONDON, May 3 (Reuters) - ", "(AFP) - ", "BERLIN – ".
_DATELINE = re.compile(r"(?:[A-Z]{3}[^.!?\n]{0,50}?)?\([A-Z][\w /]{1,20}\)\s*[-–—]+\s|[A-Z][A-Z ,.]{2,40}\s[-–—]+\s")
# Words that are spelled otherwise across an ocean, made alike; which of them is right does not matter here.
_SPELLINGS = (
    (re.compile(r"\bper cent\b"), "percent"),
    (re.compile(r"(?<=\w{3})is(?=e\b|es\b|ed\b|ing\b|ation)"), "iz"),
    (re.compile(r"(?<=\w{2})our(?=s?\b|ed\b|ing\b|ful|ite)"), "or"),
    (re.compile(r"(?<=\w{2}[bt])re(?=s?\b)"), "er"),
    (re.compile(r"(?<=\w{3})ence(?=s?\b)"), "ense"),
    (re.compile(r"(?<=\w{3})mme(?=s?\b)"), "m"),
    (re.compile(r"(?<=\w{3})ll(?=ed\b|ing\b|er)"), "l"),
)


@dataclass(slots=True)
class _Voice:
    """What the passages that stay have said: for each article, where they stand in the list, and their words."""

    places: dict[str, list[int]] = field(default_factory=dict)
    words: dict[int, list[str]] = field(default_factory=dict)


def one_voice(hits: Sequence[Hit], voice_of: Mapping[str, str]) -> list[Hit]:
    """The hits without those that only repeat an earlier one of the same voice; order and scores stay.

    `voice_of` gives the name of its group for the id of each article that has near-copies. A passage is left out when
    earlier passages of its siblings say all that it says, in nearly the same words and with the same numbers; the one
    that says most of it keeps its source in `also`. Passages of one article are never left out for one another.
    """
    kept: list[Hit] = []
    voices: dict[str, _Voice] = {}
    for hit in hits:
        name = voice_of.get(hit.article.id, "")
        if not name:
            kept.append(hit)
            continue
        voice = voices.setdefault(name, _Voice())
        words = _words(hit)
        earlier = [n for article, places in voice.places.items() if article != hit.article.id for n in places]
        if earlier and adds_nothing(words, [voice.words[n] for n in earlier]):
            most = max(earlier, key=lambda n: len(_runs(words) & _runs(voice.words[n])))
            kept[most] = _remembering(kept[most], hit)
            continue
        voice.places.setdefault(hit.article.id, []).append(len(kept))
        voice.words[len(kept)] = words
        kept.append(replace(hit, voice=name))
    return kept


def adds_nothing(words: list[str], said: Sequence[list[str]]) -> bool:
    """Whether texts that were said before hold every word of this one as often, and nearly all of it in its order.

    A number, a name or a "not" that is new is enough to add something; words without a meaning of their own are not.
    """
    new = Counter(words) - Counter(word for text in said for word in text)
    runs = _runs(words)
    held = runs & {run for text in said for run in _runs(text)}
    return not new.keys() - STOP_WORDS and len(held) >= SAID * len(runs)


def _words(hit: Hit) -> list[str]:
    """The words of a passage as they are compared; a number is one word. The agency's dateline is left out."""
    text = hit.passage.text
    if dateline := _DATELINE.match(text):
        text = text[dateline.end() :]
    text = _APOSTROPHES.sub("", fold(text.casefold()))
    for spelled, alike in _SPELLINGS:
        text = spelled.sub(alike, text)
    return _WORD.findall(text)


def _runs(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[n : n + _RUN]) for n in range(max(1, len(words) - _RUN + 1))}


def _remembering(hit: Hit, other: Hit) -> Hit:
    """The hit with the other's article, and those that the other stood for, named once each."""
    article = other.article
    copy = Copy(article.source, article.title, article.published, article.url)
    known = {hit.article.source, *(c.source for c in hit.also)}
    return replace(hit, also=hit.also + tuple(c for c in (copy, *other.also) if c.source not in known))
