"""A made-up archive as large as one likes: articles as long as news, of words as frequent as words are, and vectors.

Words follow the law of Zipf and Mandelbrot over 200,000 of them; the most frequent are English, so that questions have
common words to ask for and stop words to leave out, and the others are made of syllables. A passage gets the vector of
a real passage with noise, normalised: what is near what is as in a real text, and the words say nothing of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache, cached_property
from random import Random

import numpy as np
import numpy.typing as npt

from index.records import Article, article_id, digest
from index.sources.sightings import Known, Reading, Sighting, one_by_one

Vectors = npt.NDArray[np.float32]

WORDS = 200_000
# The law is 1 / (rank + OFFSET). In English the most frequent word is one of sixteen.
OFFSET = 1.7
# Words of an article: as the 4,418 news articles of docs/measurements.md, of which each gives 6.4 passages.
MEDIAN_WORDS, SPREAD, LEAST_WORDS = 800, 0.6, 60
SENTENCE = (8, 32)
PAPERS, AUTHORS = 40, 2_000
FIRST_DAY, DAYS = date(2020, 1, 1), 1_800
# A word is so many tokens of the packaged model, and a passage as many as that reads.
TOKENS_A_WORD, MAX_TOKENS = 1.3, 256
# How long the noise is that is added to a vector of length 1: the cosine to the real one is then .89.
NOISE = 0.5
# Ranks of words that a reader asks for, behind the stop words: they stand in every fifth to every thirtieth passage.
COMMON = (60, 400)
RARE = (5_000, WORDS)

_STOP = (
    "the of and to in a is that for it was on as with by at from be are this have an or had not were but has his their "
    "which they her she you we will would can who been one all there when what so if about more its no my into them"
)
_NEWS = (
    "said year people government new time first last week day city state police company percent million president "
    "country minister court report public house school team home party work world health market money family group"
)
_SYLLABLES = ("ba", "cer", "di", "fo", "gun", "ha", "jel", "ki", "lo", "mur", "na", "pe", "ri", "sol", "tu", "va", "we")


@cache
def words() -> list[str]:
    """The words, the most frequent first, each once."""
    known = [*_STOP.split(), *_NEWS.split()]
    made = (_made(number) for number in range(WORDS))
    return list(dict.fromkeys([*known, *made]))[:WORDS]


def _made(number: int) -> str:
    parts, number = [], number + len(_SYLLABLES)
    while number:
        number, of = divmod(number, len(_SYLLABLES))
        parts.append(_SYLLABLES[of])
    return "".join(parts)


@cache
def _shares() -> npt.NDArray[np.float64]:
    """How probable a word is that is as frequent as this one or more."""
    weights = 1 / (np.arange(1, WORDS + 1) + OFFSET)
    return np.asarray(np.cumsum(weights) / weights.sum())


def drawn(rng: np.random.Generator, count: int) -> list[str]:
    """So many words."""
    known = words()
    return [known[n] for n in np.searchsorted(_shares(), rng.random(count), side="right").clip(max=WORDS - 1)]


def article(seed: int, number: int) -> Article:
    """The article with this number: a title, paragraphs of two to four sentences, a paper, an author and a day."""
    rng = np.random.default_rng([seed, number])
    count = max(LEAST_WORDS, int(rng.lognormal(np.log(MEDIAN_WORDS), SPREAD)))
    said = drawn(rng, count)
    lengths = iter(rng.integers(*SENTENCE, count // SENTENCE[0] + 2))
    sentences, start = [], 0
    while start < count:
        end = start + int(next(lengths))
        sentence = " ".join(said[start:end])
        sentences.append(f"{sentence[0].upper()}{sentence[1:]}.")
        start = end
    breaks = iter(rng.integers(2, 5, len(sentences)))
    paragraphs, start = [], 0
    while start < len(sentences):
        end = start + int(next(breaks))
        paragraphs.append(" ".join(sentences[start:end]))
        start = end
    source = f"made-up/{number:07}"
    return Article(
        article_id(source), source, " ".join(drawn(rng, 8)).capitalize(), "\n\n".join(paragraphs),
        author(int(rng.integers(AUTHORS))), published=FIRST_DAY + timedelta(int(rng.integers(DAYS))),
        published_from="made up", publisher=paper(int(rng.integers(PAPERS))), language="en",
    )  # fmt: skip


def paper(number: int) -> str:
    """The name of a paper."""
    return f"{_made(7 * number + 60).title()} Courier"


def author(number: int) -> str:
    """A byline."""
    return f"{_made(number + 30).title()} {_made(3 * number + 500).title()}"


@dataclass(frozen=True, slots=True)
class Archive:
    """The first `count` articles, as a source of an index; none of them is kept in memory."""

    count: int
    seed: int = 1

    def scan(self, _: Mapping[str, Known]) -> Iterator[Sighting]:
        """What is there."""
        for number in range(self.count):
            yield Sighting(f"made-up/{number:07}", digest("made up", str(self.seed), str(number)))

    def read(self, sightings: Iterable[Sighting]) -> Iterator[Reading]:
        """The articles."""
        return one_by_one(self.article, sightings)

    def article(self, source: str) -> Article:
        """The article at a source."""
        return article(self.seed, int(source.rsplit("/", 1)[1]))

    def covers(self, source: str) -> bool:
        """Whether it is of this archive."""
        return source.startswith("made-up/")


@dataclass(frozen=True)
class NoisyEmbedder:
    """What an index takes for a model: each text has the vector of one of the `real` ones, by chance, and noise."""

    real: Vectors
    name: str = "made up"
    precision: str = "float32"
    max_tokens: int = MAX_TOKENS
    passage_tokens: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        return self.real.shape[1]

    @cached_property
    def fingerprint(self) -> str:
        """Changes with the real vectors."""
        return digest("made up", str(zlib.crc32(self.real.tobytes())))

    def load(self) -> None:
        """There is nothing to load."""

    def prepare(self) -> None:
        """There is nothing to prepare."""

    def settle(self, _: str | None) -> None:
        """There is one precision."""

    def forget(self) -> None:
        """No question is kept."""

    def count(self, texts: Sequence[str]) -> list[int]:
        """About as many tokens as the packaged model counts in English."""
        return [int(TOKENS_A_WORD * (text.count(" ") + 1)) for text in texts]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, float32 (len(texts), dimension)."""
        return np.array([self.embed_question(text) for text in texts], np.float32).reshape(-1, self.dimension)

    def embed_sentences(self, texts: Sequence[str]) -> Vectors:
        """The same for texts that are not kept."""
        return self.embed(texts)

    def embed_question(self, text: str) -> Vectors:
        """The vector of one text, the same each time."""
        rng = np.random.default_rng(zlib.crc32(text.encode()))
        noise = rng.standard_normal(self.dimension, np.float32)
        vector = self.real[rng.integers(len(self.real))] + NOISE * noise / np.linalg.norm(noise)
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


def questions(count: int, seed: int = 2) -> list[tuple[str, str]]:
    """(kind, question): of "common" words alone, of "rare" ones, "mixed", and "named" with a paper and a month."""
    rng = Random(seed)
    known = words()

    def some(ranks: tuple[int, int], many: int) -> str:
        # As a reader draws them: the more frequent ones more often.
        low, high = np.log(ranks)
        return " ".join(known[min(WORDS - 1, int(np.exp(rng.uniform(low, high))))] for _ in range(many))

    made = {
        "common": lambda: f"What did the {some(COMMON, 3)} say about {some(COMMON, 3)}?",
        "rare": lambda: f"{some(RARE, 3)}?",
        "mixed": lambda: f"What is said of {some(RARE, 2)} and the {some(COMMON, 4)}?",
        "named": lambda: (
            f"What did the {paper(rng.randrange(PAPERS))} report on {some(RARE, 1)} {some(COMMON, 2)} in "
            f"{(FIRST_DAY + timedelta(rng.randrange(DAYS))):%B %Y}?"
        ),
    }
    kinds = ("common", "rare", "mixed", "common", "rare", "mixed", "mixed", "mixed", "common", "named")
    return [(kind, made[kind]()) for n in range(count) for kind in [kinds[n % len(kinds)]]]
