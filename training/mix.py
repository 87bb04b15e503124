"""The order and the proportions in which examples are seen."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from training.examples import Asked, Example, Passage, QuestionFolder, plain, sample, split
from training.mining import Nearest
from training.nulls import NULLS, TWINS, Source
from training.rewording import Synonyms, reworded

# How many passages near a question are kept: by its words, and of its article.
NEAREST, BESIDE = 8, 12
# The questions of a chunk.
UNITS = 1_200
ADVERSARIAL = "adversarial"


@dataclass(frozen=True, slots=True)
class Proportions:
    """How often each kind is drawn. Where a kind cannot be made of a question, another is drawn for it."""

    # The share of answered questions of a pass that also give a null, and that are shown as a changed twin.
    nulls: float = 0.75
    twins: float = 0.3
    # How often in a pass: questions about articles with a title, and those that people wrote to have no answer.
    titled: int = 2
    adversarial: int = 4
    # The share of questions that are asked in other words, where there are synonyms.
    reworded: float = 0.4
    kinds: Mapping[str, float] = field(
        default_factory=lambda: {
            "mined": 0.16, "beside": 0.22, "swapped": 0.34, "worded": 0.08, "opposed": 0.1, "negated": 0.03,
            "removed": 0.18, "contradicted": 0.16,
        }
    )  # fmt: skip

    def without(self, kinds: Iterable[str]) -> Proportions:
        """The same without these kinds of nulls; "adversarial" are the questions that people wrote to have none."""
        left = {kind: share for kind, share in self.kinds.items() if kind not in kinds}
        return replace(self, kinds=left, adversarial=0 if ADVERSARIAL in kinds else self.adversarial)


def sources(folder: QuestionFolder, asked: Sequence[Asked]) -> list[Source]:
    """The answered questions among `asked` with the passages near them, out of the whole folder."""
    nearest = Nearest([f"{p.title} {p.text}" for p in folder.passages])
    made = []
    for one in asked:
        if one.start is not None:
            found = [folder.passages[i] for i in nearest.rank(one.text, NEAREST + 1)]
            mined = tuple(p for p in found if p.id != one.passage.id)[:NEAREST]
            made.append(Source(one, _beside(folder, one.passage), mined))
    return made


def _beside(folder: QuestionFolder, passage: Passage) -> tuple[Passage, ...]:
    """The other passages of its article, the closest first."""
    article = folder.articles.get(passage.article, ()) if passage.article else ()
    places = {p.id: i for i, p in enumerate(article)}
    others = sorted((p for p in article if p.id != passage.id), key=lambda p: abs(places[p.id] - places[passage.id]))
    return tuple(others[:BESIDE])


class Mix:
    """Examples without end, in chunks: pass after pass over all questions, each in another order and made anew.

    A chunk depends on the seed and its number alone, so training goes on at any of them without making those before.
    """

    def __init__(
        self,
        made: Sequence[Source],
        adversarial: Sequence[Asked],
        proportions: Proportions,
        seed: int,
        synonyms: Synonyms | None = None,
    ) -> None:
        titled = [source for source in made if source.asked.passage.title]
        self._units: list[Source | Asked] = [s for s in made if not s.asked.passage.title]
        self._units += titled * proportions.titled
        self._units += list(adversarial) * proportions.adversarial
        self._proportions = proportions
        self._seed = seed
        self._synonyms = synonyms

    def chunk(self, number: int) -> list[Example]:
        """The examples of a chunk, from 0, in an order of their own."""
        chunks = -(-len(self._units) // UNITS)
        turn, place = divmod(number, chunks)
        order = list(range(len(self._units)))
        random.Random(f"{self._seed} pass {turn}").shuffle(order)  # noqa: S311 - no secret
        draw = random.Random(f"{self._seed} chunk {number}")  # noqa: S311
        units = [self._units[i] for i in order[place * UNITS : (place + 1) * UNITS]]
        examples = [example for unit in units for example in self._shown(unit, draw)]
        draw.shuffle(examples)
        return examples

    def _shown(self, unit: Source | Asked, draw: random.Random) -> Iterator[Example]:
        if self._synonyms and draw.random() < self._proportions.reworded:
            unit = _in_other_words(unit, self._synonyms, draw)
        if isinstance(unit, Asked):
            yield plain(unit)
            return
        yield _answered(unit, self._proportions, draw)
        if draw.random() < self._proportions.nulls and (null := null_of(unit, self._proportions, draw)):
            yield null


def _in_other_words(unit: Source | Asked, synonyms: Synonyms, draw: random.Random) -> Source | Asked:
    asked = unit if isinstance(unit, Asked) else unit.asked
    asked = replace(asked, text=reworded(asked.text, asked.passage.text, synonyms, draw))
    return asked if isinstance(unit, Asked) else replace(unit, asked=asked)


def null_of(source: Source, proportions: Proportions, draw: random.Random) -> Example | None:
    """A null of the source, of a kind drawn by its weight among those that can be made of it."""
    weights = dict(proportions.kinds)
    while weights:
        kind = draw.choices(list(weights), list(weights.values()))[0]
        if made := NULLS[kind](source, draw):
            return made
        del weights[kind]
    return None


def _answered(source: Source, proportions: Proportions, draw: random.Random) -> Example:
    if draw.random() < proportions.twins:
        twin = TWINS[draw.choice(list(TWINS))](source, draw)
        if twin:
            return twin
    return plain(source.asked)


def held_out(folders: Sequence[QuestionFolder], limit: int, seed: int) -> list[Example]:
    """At most `limit` questions about articles that are not trained on, and for each answered one a made null."""
    draw = random.Random(seed)  # noqa: S311
    made: list[Example] = []
    for folder in folders:
        held = sample(split(folder)[1], limit // len(folders))
        made += [plain(one) for one in held]
        made += [null for source in sources(folder, held) if (null := null_of(source, Proportions(), draw))]
    return made
