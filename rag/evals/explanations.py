"""Why a question was answered as it was: where each place that answers stood at each step, and what came before it.

The steps are those that the served chain took: it keeps the ranking of each on its walk.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from index.borders import Range, passages_of, sources_of, standing
from index.catalog import Catalog
from index.database import existing
from index.errors import FootnoteError
from index.records import Hit, article_id
from rag.answers import Answer
from rag.chain import Walk
from rag.evals import scores
from rag.evals.losses import FUSED, Lost, Ranks, earliest, lost
from rag.evals.sets import EvalQuestion, GoldSpan, QuestionSet
from rag.reader import PASSAGES
from rag.retrieve import HybridRetriever
from rag.settings import Parts

# How many of the passages that were found an explanation shows.
SHOWN = 5
# How far the finders are asked to look for a place that they did not give.
FURTHER = 1_000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """A passage that was found: its place in what was found, and its rank at each step."""

    rank: int
    title: str
    source: str
    start: int
    end: int
    text: str
    steps: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Gold:
    """A place that answers, and what became of it. In a set without spans it is a whole document, and `text` is "".

    `passage` is the one that holds most of the place, and `border` how many characters lie between the place and the
    nearest end of that passage; below 0, so many of its characters are cut off. `further` are its ranks when the
    finders look further, for a place that they did not give.
    """

    document: str
    text: str
    ranks: Ranks
    passage: Range | None = None
    border: int | None = None
    further: Mapping[str, int | None] = field(default_factory=dict)
    lost: Lost | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A question, what was searched for, what became of its gold, and the first passages that were found.

    `lost` is the first step at which one of its gold places was lost. `answered` is what was answered, "" for a
    refusal, and None when no answer was asked for; it rests on the first `read` passages.
    """

    id: str
    text: str
    kind: str
    answerable: bool
    searched_for: str
    golds: tuple[Gold, ...]
    top: tuple[Seen, ...]
    lost: Lost | None
    answered: str | None = None
    read: int = PASSAGES


@dataclass(frozen=True, slots=True)
class Summary:
    """The questions of a set that lost something among the first `k`, by where, of `answerable` in all."""

    set_name: str
    k: int
    answerable: int
    lost: tuple[Explanation, ...]

    @property
    def counts(self) -> Mapping[Lost, int]:
        """How many questions were lost at each step, in the order of the steps."""
        return {step: n for step in Lost if (n := sum(one.lost is step for one in self.lost))}


def explain(
    parts: Parts, question: EvalQuestion, question_set: QuestionSet | None, k: int, answers: bool = False
) -> Explanation:
    """What became of one question; of one that is in no set, the first passages that were found.

    Raises FootnoteError when there is no index, or when it changes meanwhile.
    """
    existing(parts.store)
    walk = parts.assistant.find.invoke(question.as_asked())
    answer = parts.assistant.ask(question.as_asked()) if answers else None
    with contextlib.closing(Catalog(parts.store)) as catalog, catalog.snapshot():
        if walk.searched and walk.searched.generation != catalog.generation():
            raise FootnoteError("The index changed while it was looked at", "Run the command again.")
        looking = _Looking(parts, catalog, walk, k)
        golds = looking.golds(question, question_set) if question_set else ()
        top = tuple(looking.seen(rank, hit) for rank, hit in enumerate(walk.hits[:SHOWN], 1))
    if answer and question_set:
        golds = tuple(_read(gold, question, answer, question_set) for gold in golds)
    return Explanation(
        id=question.id,
        text=question.text,
        kind=question.kind,
        answerable=question.answerable,
        searched_for=walk.searched_for,
        golds=golds,
        top=top,
        lost=earliest([gold.lost for gold in golds]),
        answered=scores.said(answer) if answer else None,
        read=int(parts.changes.get("read", PASSAGES)),
    )


def explain_set(
    parts: Parts, question_set: QuestionSet, k: int, answers: bool = False, progress: Progress = lambda *_: None
) -> Summary:
    """The answerable questions of a set that lost something, each with the step."""
    answerable = [question for question in question_set.questions if question.answerable]
    found = []
    for done, question in enumerate(answerable):
        progress("explaining", done, len(answerable))
        found.append(explain(parts, question, question_set, k, answers))
    return Summary(question_set.name, k, len(answerable), tuple(one for one in found if one.lost))


def as_json(found: Explanation | Summary) -> dict[str, Any]:
    """The explanation, or the summary with its counts, as plain JSON values."""
    return asdict(found) | ({"counts": dict(found.counts)} if isinstance(found, Summary) else {})


def _read(gold: Gold, question: EvalQuestion, answer: Answer, question_set: QuestionSet) -> Gold:
    """The gold with its loss in the reader: it was found, and neither it nor a place that says the same is cited."""
    groups = scores.alternatives(question)
    mine = next((g for g in groups if (g[0].document, g[0].text) == (gold.document, gold.text)), [])
    own = replace(question, spans=tuple(mine[:1]), also=tuple(mine[1:]), relevance={gold.document: 1})
    if gold.lost or scores.cites_gold(own, answer, question_set.document):
        return gold
    return replace(gold, lost=Lost.READER)


class _Looking:
    """One walk, looked at beside the catalog it was made from."""

    def __init__(self, parts: Parts, catalog: Catalog, walk: Walk, k: int) -> None:
        self._parts = parts
        self._catalog = catalog
        self._walk = walk
        self._k = k
        self._steps = {stage.name: [number for number, _ in stage.ranking] for stage in walk.stages}
        numbers = sorted({number for ranking in self._steps.values() for number in ranking})
        self._sources = sources_of(catalog, numbers)

    def golds(self, question: EvalQuestion, question_set: QuestionSet) -> tuple[Gold, ...]:
        """What became of each span of the question, or of each relevant document in a set without spans."""
        if question.spans:
            return tuple(self._span(places, question_set) for places in scores.alternatives(question))
        relevant = [document for document, grade in question.relevance.items() if grade > 0]
        return tuple(self._document(document, question_set) for document in relevant)

    def seen(self, rank: int, hit: Hit) -> Seen:
        """A passage that was found, with its rank at each step."""
        ranges = passages_of(self._catalog, hit.article.source)
        own = [n for n, span in ranges.items() if span == (hit.passage.start, hit.passage.end)]
        steps = {name: _rank(ranking, own) for name, ranking in self._steps.items()}
        start, end = hit.passage.start, hit.passage.end
        return Seen(rank, hit.article.title, hit.article.source, start, end, hit.passage.text, steps)

    def _span(self, places: Sequence[GoldSpan], question_set: QuestionSet) -> Gold:
        """What became of the first of some places of which any will do; it is found when one of them is."""
        span = places[0]
        source = standing(self._catalog, question_set.source(span.document))
        article = self._parts.index.article(article_id(source))
        if article is None:
            return Gold(span.document, span.text, Ranks(), lost=Lost.NOT_INDEXED)
        place, ranges = span.place(article.text), passages_of(self._catalog, source)
        best = max(ranges.values(), key=lambda r: (_shared(r, place), _border(r, place)), default=None)
        if best is None or _shared(best, place) <= 0:
            return Gold(span.document, span.text, Ranks(), lost=Lost.NOT_INDEXED)
        holding = [n for n, (start, end) in ranges.items() if span.covered(article.text, start, end)]
        steps = {name: _rank(ranking, holding) for name, ranking in self._steps.items()}
        ranks = Ranks(steps, self._final(places, question_set))
        gold = Gold(span.document, span.text, ranks, best, _border(best, place), lost=lost(ranks, self._k))
        if not holding and ranks.final is None:
            return replace(gold, lost=Lost.SPLIT)
        return replace(gold, further=self._further(holding)) if gold.lost is Lost.NO_CANDIDATE else gold

    def _final(self, places: Sequence[GoldSpan], question_set: QuestionSet) -> int | None:
        """The rank among what was found, of a passage that holds one of the places or stands for one that does."""
        for rank, hit in enumerate(self._walk.hits, 1):
            if any(scores.holds(hit, place, question_set.document) for place in places):
                return rank
        return None

    def _document(self, document: str, question_set: QuestionSet) -> Gold:
        """The same for a whole document: it stands where the first of its passages stands, each document once."""
        source = standing(self._catalog, question_set.source(document))
        holding = list(passages_of(self._catalog, source))
        if not holding:
            return Gold(document, "", Ranks(), lost=Lost.NOT_INDEXED)
        found = scores.ranked(self._walk.hits, question_set.document)
        steps = {
            name: _rank(list(dict.fromkeys(self._sources.get(n, "") for n in ranking)), [source])
            for name, ranking in self._steps.items()
        }
        ranks = Ranks(steps, _rank(found, [document]))
        gold = Gold(document, "", ranks, lost=lost(ranks, self._k))
        return replace(gold, further=self._further(holding)) if gold.lost is Lost.NO_CANDIDATE else gold

    def _further(self, holding: Sequence[int]) -> dict[str, int | None]:
        """The ranks of the first of these passages when the finders look further than they do for an answer."""
        further = HybridRetriever(index=self._parts.index, depth=FURTHER)
        found = further.search(self._walk.query, self._walk.question.asked_at.date())
        return {
            stage.name: _rank([number for number, _ in stage.ranking], holding)
            for stage in found.stages
            if stage.name != FUSED
        }


def _rank(ranking: Sequence[int | str], wanted: Sequence[int | str]) -> int | None:
    """The rank, from 1, of the first of the wanted."""
    return next((rank for rank, one in enumerate(ranking, 1) if one in wanted), None)


def _shared(passage: Range, place: Range) -> int:
    return min(passage[1], place[1]) - max(passage[0], place[0])


def _border(passage: Range, place: Range) -> int:
    """Characters between the place and the nearest end of the passage; below 0, how many of them are cut off."""
    cut = max(0, passage[0] - place[0]) + max(0, place[1] - passage[1])
    return -cut if cut else min(place[0] - passage[0], passage[1] - place[1])
