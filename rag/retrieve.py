"""Passages for a question: a dense and a lexical finder give candidates, and all that speaks for each ranks them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict

from index.candidates import About, Among, Names, Only
from index.embedder import Vectors
from index.lexical import terms
from index.records import Hit, Overview
from index.search import EVERYTHING, Index, View
from rag.events import around_event
from rag.followups import Query
from rag.fusion import Evidence, scaled
from rag.matching import Words, matches, words_of
from rag.named import Implied, implied
from rag.voices import one_voice

# How many candidates each finder gives. From 20 to 100 nothing changes on SQuAD, MultiHop-RAG, MTRAG and TimeQA, and on
# news (324 questions) recall@10 falls by .003 below 50; 2026-11-28.
DEPTH = 50
# Among how many of the first each of several papers is heard. On MultiHop-RAG (429) all evidence is among ten for 3
# more questions and for none less (p .24); two passages of each paper lose as many as they win; 2026-11-28.
TOP = 10
# Letters of a word that is told when no article has it.
SHORTEST = 4
# They say nothing of what is asked about.
EMPTY = frozenset(
    [
        *("anybody", "anyone", "anything", "anywhere", "else", "ever", "everybody", "everyone", "everything"),
        *("everywhere", "exactly", "lately", "nobody", "nothing", "recently", "somebody", "someone", "something"),
        *("somewhere", "somehow", "whatever", "whenever", "wherever", "whichever", "whoever"),
    ]
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is searched for, and the day it was asked.

    `vector` waits for its embedding, float32 (dimension,) of length 1; a follow-up's leans to that of what it leans on.
    """

    query: Query
    vector: Callable[[], Vectors]
    day: date

    def words(self, view: View) -> Words:
        """Its words, weighed by how rare they are in what is searched, and for a follow-up those it leans on."""
        main, beside = (
            words_of(said, view.frequencies(said), view.whole().passages)
            for said in (terms(self.query.main), terms(self.query.beside))
        )
        return main.beside(beside, self.query.words)

    def implied(self, view: View) -> Implied:
        """What it says of the articles that are meant; papers, people or days that a follow-up lacks are those before.

        Days are counted from the one it was asked, names are those that the live articles have.
        """
        names, last = view.names(), view.whole().last
        own = implied(self.query.text, self.day, names, last)
        if not self.query.earlier:
            return own
        old = implied(self.query.context, self.day, names, last)
        return Implied(own.publishers or old.publishers, own.authors or old.authors, own.periods or old.periods)

    def dated(self, meant: Implied, known: Iterable[About]) -> Implied:
        """The same, and where the question knows its days by an event alone, those as these candidates tell them."""
        if meant.periods:
            return meant
        period = around_event(self.query.text, self.day, ((a.published, a.words[2]) for a in known))
        return replace(meant, periods=(period,)) if period else meant


@dataclass(frozen=True, slots=True)
class Stage:
    """What one step of retrieval made of the passages: (passage number, score), best first.

    The names of the finders are those of `Hit.found_by`.
    """

    name: str
    ranking: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Passages, best first, what they were searched in, the steps that led to them, and what the question implied.

    All belong to one generation of the index. `unknown` are the words of the question that stand in no article.
    """

    hits: tuple[Hit, ...]
    searched: Overview
    stages: tuple[Stage, ...] = ()
    implied: Implied = field(default_factory=Implied)
    unknown: tuple[str, ...] = ()


class HybridRetriever(BaseRetriever):
    """Finds passages by meaning and by words. A LangChain retriever that any other chain can use."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    index: Index
    limit: int = 50
    depth: int = DEPTH

    def search(self, query: Query | str, asked: date | None = None, only: Only = EVERYTHING) -> Found:
        """The best `limit` passages for the query, asked on that day; today, where none is given. `only` is kept to.

        A store without articles gives none, and none is made.
        """
        query = Query(query) if isinstance(query, str) else query
        searched = self.index.overview()
        if not searched.passages:
            return Found((), searched)
        # Before the view begins: loading takes seconds, and the view would be overtaken meanwhile.
        self.index.embedder.load()
        # It is embedded, and looked for by meaning, while its words are looked up: each takes a third of the time.
        with ThreadPoolExecutor(1) as beside, self.index.view(only) as view:
            vector = beside.submit(self._vector, query)
            view.look_ahead(beside, vector.result, self.depth)
            return find(view, Asked(query, vector.result, asked or datetime.now(UTC).date()), self.limit, self.depth)

    def _vector(self, query: Query) -> Vectors:
        vector = self.index.embedder.embed_question(query.main)
        if query.beside:
            vector = vector + query.similar * self.index.embedder.embed_question(query.beside)
            vector = vector / np.linalg.norm(vector)
        return vector

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [as_document(hit) for hit in self.search(query).hits]


def find(view: View, asked: Asked, limit: int, depth: int = DEPTH) -> Found:
    """The best `limit` passages of one view, best first, and the steps to them; `depth` is as in `gathered`."""
    searched = view.overview()
    meant = asked.implied(view)
    finders = gathered(view, asked, meant, depth)
    about = view.about(list(dict.fromkeys(n for found in finders.values() for n in found)))
    meant = asked.dated(meant, about.values())
    best = ranked(view, asked, meant, about)
    by = {n: "+".join(name for name, found in finders.items() if n in found) for n in best}
    stages = [Stage(name, tuple(found.items())) for name, found in finders.items()]
    hits = _heard(view, list(best.items()), by, limit)
    known = view.frequencies(terms(asked.query.text))
    words = [(phrase.strip('"'), passages) for phrase, passages in known.items()]
    unknown = [word for word, passages in words if not passages and word.isalpha() and len(word) >= SHORTEST]
    return Found(
        tuple(hits), searched, (*stages, Stage("fused", tuple(best.items()))), meant,
        tuple(word for word in unknown if word not in EMPTY and not _is_name(word, view)) if unknown else (),
    )  # fmt: skip


def _is_name(word: str, view: View) -> bool:
    """Whether a paper or an author is called so."""
    return f'"{word}"' in _called(view.names())


@lru_cache(maxsize=4)
def _called(names: Names) -> frozenset[str]:
    """The words of these names, as FTS5 phrases; there may be many thousand, and they seldom change."""
    return frozenset(term for name in (*names.publishers, *names.authors) for term in terms(name))


def gathered(view: View, asked: Asked, meant: Implied, depth: int = DEPTH) -> dict[str, dict[int, float]]:
    """The `depth` best of each finder, passage number to its score, best first: candidates, whose order is not kept."""
    view.open()
    text = str(asked.query)
    lexical = dict(view.lexical(text, depth))
    # In a large archive the articles that are meant may not be among the best of all. Each paper is searched by itself,
    # and the days are, so that none takes the places of another.
    days = tuple((period.first, period.last) for period in meant.periods)
    among = [*(Among(names) for names in meant.papers), *([Among(days=days)] if days else [])]
    share = -(-depth // max(1, len(among)))
    named = {n: score for each in among for n, score in view.lexical(text, share, each)}
    finders = {"dense": dict(view.dense(asked.vector(), depth)), "lexical": lexical}
    if among:
        finders["lexical among named"] = dict(sorted(named.items(), key=lambda item: (-item[1], item[0])))
    return finders


def ranked(view: View, asked: Asked, meant: Implied, about: Mapping[int, About]) -> dict[int, float]:
    """These passages with their scores from 0 to 1, best first."""
    similar = view.similarities(asked.vector(), sorted({*about, *(known.lead for known in about.values())}))
    # A passage whose vector is lost ranks with the least similar, so that no other moves.
    least = min(similar.values(), default=0.0)
    words = matches(asked.words(view), {n: known.words for n, known in about.items()})
    scores = {
        n: Evidence(similar.get(n, least), similar.get(known.lead, least), words[n], meant.fits(known)).score
        for n, known in about.items()
    }
    best = dict(sorted(scaled(scores).items(), key=lambda item: (-item[1], item[0])))
    return _each_heard(best, [[n for n in best if about[n].publisher in names] for names in meant.papers])


def _each_heard(best: dict[int, float], papers: Sequence[Sequence[int]]) -> dict[int, float]:
    """The same, best first, with a passage of each paper among the first ten, where several papers are meant."""
    order, top = list(best), list(best)[:TOP]
    late = [numbers[0] for numbers in papers if numbers and set(top).isdisjoint(numbers)]
    if len(papers) < 2 or not late:
        return best
    # Those that make room are the last that are not all a paper has there.
    alone = {found[0] for numbers in papers if len(found := [n for n in top if n in set(numbers)]) == 1}
    leaving = [n for n in reversed(top[1:]) if n not in alone][: len(late)]
    late = late[: len(leaving)]
    first = [n for n in top if n not in leaving]
    least = best[first[-1]]
    rest = [*leaving[::-1], *(n for n in order[TOP:] if n not in late)]
    return {n: best[n] for n in first} | dict.fromkeys(late, least) | {n: min(best[n], least) for n in rest}


def _heard(view: View, best: Sequence[tuple[int, float]], by: dict[int, str], limit: int) -> list[Hit]:
    """The first `limit` passages that do not only repeat another."""

    def heard(count: int) -> list[Hit]:
        hits = view.hits(list(best[:count]), by)
        return one_voice(hits, view.voices(hits))

    hits = heard(limit)
    if len(hits) < limit < len(best):
        # Some only repeated others, so there is room for as many more, and for what those repeat.
        hits = heard(limit + 2 * (limit - len(hits)))
    return hits[:limit]


def as_document(hit: Hit) -> Document:
    """A hit for a LangChain chain: where it stands is in the metadata."""
    return Document(
        id=hit.passage.id,
        page_content=hit.passage.text,
        metadata={
            "article": hit.article.id,
            "source": hit.article.source,
            "title": hit.article.title,
            "author": hit.article.author,
            "published": hit.article.published.isoformat() if hit.article.published else None,
            "start": hit.passage.start,
            "end": hit.passage.end,
            "heading": hit.passage.heading,
            "page": hit.passage.page,
            "score": hit.score,
        },
    )
