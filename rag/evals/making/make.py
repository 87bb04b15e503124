"""A question set from the articles of a store: which articles, which questions, and which articles are held out.

The same store and seed give the same set.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from index.candidates import Only
from index.errors import FootnoteError
from index.records import Article, article_id
from index.search import EVERYTHING, Index
from index.sentences import sentences
from rag.evals.making.english import is_english
from rag.evals.making.leaks import VERBATIM, Elsewheres, holds_its_answer
from rag.evals.making.made import FOLLOW_UP, WHEN_WAS_THAT, Made, Place, made_of
from rag.evals.making.names import small_letters

# How many of a kind are wanted for each of another, where there are enough.
SHARES = {
    "when": 4, "who": 4, "which": 4, "how many": 4, "how much": 4, "why": 3, "where": 3, "what": 3, "how long": 3,
    "role": 2, "person": 2, "how old": 1, "quote": 2, "lead": 3, "heading": 2, "title": 0.5, "cloze": 2, FOLLOW_UP: 4,
}  # fmt: skip
# At most this share of the questions is of such a kind, and twice of it where the others are too few: they are asked
# with the very words of the place that answers.
MOST = {"cloze": 0.15, "title": 0.05, "quote": 0.15, "heading": 0.15}
# The share of questions without an answer, the most of them from one article, and the most articles held out for them.
UNANSWERABLE, FROM_ONE, MAX_HELD_OUT = 0.15, 3, 0.2
# Kinds that can be asked without an answer. The others show the sentence or the title that they ask about.
OPEN = frozenset({"when", "who", "which", "how many", "how much", "how long", "why", "where", "what", "role", "person"})
# The most questions from one sentence; one that shows the sentence is the only one.
FROM_A_SENTENCE = 2
# Shorter articles are notices.
MIN_CHARACTERS = 600

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Kept:
    """A question that passed the checks, and the other places that answer it too."""

    made: Made
    also: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class MadeSet:
    """The answerable questions, and the unanswerable ones, whose articles are held out.

    `tried` counts the articles that could be asked about, `dropped` the questions by what was wrong with them.
    """

    answerable: tuple[Kept, ...]
    unanswerable: tuple[Kept, ...]
    tried: int
    dropped: Mapping[str, int]
    generation: int

    @property
    def articles(self) -> int:
        """How many articles were asked about or held out."""
        return len({kept.made.gold.source for kept in (*self.answerable, *self.unanswerable)})

    @property
    def held_out(self) -> tuple[str, ...]:
        """The sources that are left out of what is searched, in order."""
        return tuple(sorted({kept.made.gold.source for kept in self.unanswerable}))


def make(
    index: Index,
    questions: int = 200,
    articles: int = 100,
    seed: int = 0,
    progress: Progress = lambda *_: None,
    only: Only = EVERYTHING,
) -> MadeSet:
    """A set of at most `questions` questions about at most `articles` articles of the index, chosen by the seed.

    They are of the articles that are kept to by `only`. There are fewer where these give fewer. Raises FootnoteError
    when they give none.
    """
    rng = random.Random(seed)  # noqa: S311 - it chooses questions, not keys
    shelf = _shelf(index, articles, rng, progress, only)
    with index.view() as view:
        making = _Making(Elsewheres(view), shelf, rng, progress)
        unanswerable = making.unanswerable(round(questions * UNANSWERABLE))
        answerable = making.answerable(questions - len(unanswerable))
        if not answerable:
            raise FootnoteError(
                f"No question could be made from the articles in {index.store}",
                f"They are to be in English and have at least {MIN_CHARACTERS} characters.",
            )
        return MadeSet(tuple(answerable), tuple(unanswerable), len(shelf), making.dropped, view.overview().generation)


def _shelf(index: Index, limit: int, rng: random.Random, progress: Progress, only: Only) -> dict[str, Article]:
    """The articles to ask about, by source: English, long enough, and published in one place only."""
    with index.view(only) as view:
        meant = view.sources()
    lines = index.listing("indexed").entries
    twins = {line.twin for line in lines}
    alone = [line for line in lines if not line.twin and not line.copies and line.source not in twins]
    own = [line.source for line in alone if line.characters >= MIN_CHARACTERS and line.source in meant]
    rng.shuffle(own)
    shelf: dict[str, Article] = {}
    for source in own:
        if len(shelf) == limit:
            break
        progress("reading", len(shelf), limit)
        article = index.article(article_id(source))
        if article and is_english(article.text):
            shelf[source] = article
    return shelf


class _Making:
    """Questions about the articles of a shelf, taken one by one until there are enough."""

    def __init__(
        self, elsewheres: Elsewheres, shelf: Mapping[str, Article], rng: random.Random, progress: Progress
    ) -> None:
        self._elsewheres = elsewheres
        self._shelf = shelf
        self._progress = progress
        self._asked: set[tuple[str, ...]] = set()
        self._answers: set[tuple[Place, str]] = set()
        self._taken = Counter[Place]()  # how often a sentence is asked about
        self.dropped: Counter[str] = Counter()
        texts = {s: [a.text[i:j] for i, j in sentences(a.text, "en")] for s, a in shelf.items()}
        small = small_letters(text for each in texts.values() for text in each)
        self._made = {}
        for number, (source, article) in enumerate(shelf.items()):
            progress("making", number, len(shelf))
            self._made[source] = made_of(article, small)
        for each in self._made.values():
            rng.shuffle(each)

    def unanswerable(self, wanted: int) -> list[Kept]:
        """Questions that nothing answers once their articles, the last of the shelf, are held out."""
        kept: list[Kept] = []
        most = int(len(self._shelf) * MAX_HELD_OUT)
        for source in self._for_holding_out()[:most]:
            if len(kept) >= wanted:
                break
            self._progress("choosing", len(kept), wanted)
            open_ = (made for made in self._made[source] if made.kind in OPEN)
            passing = (one for made in open_ if (one := self._unanswered(made)))
            if some := list(itertools.islice(passing, min(FROM_ONE, wanted - len(kept)))):
                kept += some
                del self._made[source]
        return kept

    def _for_holding_out(self) -> list[str]:
        """The articles with open questions, those with just enough of them first: the others are of more use."""
        counts = {source: sum(m.kind in OPEN for m in each) for source, each in self._made.items()}
        return sorted((s for s, n in counts.items() if n), key=lambda s: (counts[s] < 2 * FROM_ONE, counts[s]))

    def answerable(self, wanted: int) -> list[Kept]:
        """Questions of all kinds, by their shares, each from the article that was asked about least.

        Of follow-ups, those with a pronoun come first: they are rarer than "When was that?" and lean more.
        """
        waiting: dict[str, list[Made]] = defaultdict(list)
        for each in self._made.values():
            for made in each:
                waiting[made.kind].append(made)
        kept: list[Kept] = []
        kinds, used = Counter[str](), Counter[str]()
        while len(kept) < wanted:
            self._progress("choosing", len(kept), wanted)
            open_ = [k for k in waiting if waiting[k] and kinds[k] < 2 * MOST.get(k, 1) * wanted]
            few = [k for k in open_ if kinds[k] < MOST.get(k, 1) * wanted] or open_
            if not few:
                break
            kind = min(few, key=lambda k: ((kinds[k] + 1) / SHARES[k], k))
            made = min(waiting[kind], key=lambda m: (m.text == WHEN_WAS_THAT, used[m.gold.source]))
            waiting[kind].remove(made)
            if one := self._answered(made):
                kept.append(one)
                kinds[kind] += 1
                used[made.gold.source] += 1
        return kept

    def _answered(self, made: Made) -> Kept | None:
        if not self._passes(made):
            return None
        elsewhere = self._elsewheres.answers(made)
        if not elsewhere.other:
            return self._keep(made, elsewhere.same)
        self._drop("another answer elsewhere")
        return None

    def _unanswered(self, made: Made) -> Kept | None:
        if not self._passes(made):
            return None
        if not self._elsewheres.answered_without(made):
            return self._keep(made, ())
        self._drop("answered by an article that is not held out")
        return None

    def _passes(self, made: Made) -> bool:
        wrong = ""
        if self._taken[made.gold] + (FROM_A_SENTENCE if made.kind in VERBATIM else 1) > FROM_A_SENTENCE:
            wrong = "its sentence is asked about already"
        elif _asked(made) in self._asked or (made.gold, made.answer) in self._answers:
            wrong = "asked already"
        elif holds_its_answer(made):
            wrong = "holds its answer"
        elif self._elsewheres.is_famous(made):
            wrong = "about a name that many articles have"
        if wrong:
            self._drop(wrong)
        return not wrong

    def _drop(self, why: str) -> None:
        """Counts what is wrong with a question that is left out."""
        self.dropped[why] += 1

    def _keep(self, made: Made, also: tuple[Place, ...]) -> Kept:
        self._asked.add(_asked(made))
        self._answers.add((made.gold, made.answer))
        self._taken[made.gold] += FROM_A_SENTENCE if made.kind in VERBATIM else 1
        return Kept(made, also)


def _asked(made: Made) -> tuple[str, ...]:
    return tuple(text.casefold() for text in (*made.earlier, made.text))
