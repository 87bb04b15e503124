"""The walk of a question, as one LangChain runnable: follow up, retrieve, read, verify.

Browser, terminal and evals ask the same `Assistant`; `find` is the first half of `chain`, so what is measured is what
is served.
"""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from langchain_core.runnables import Runnable, RunnableLambda

from index.errors import UsageError
from index.records import Hit, Overview
from rag.answers import Answer, Draft, Question, Refusal, Spot
from rag.citations import verify
from rag.followups import Query, in_context
from rag.named import Implied
from rag.reader import Reader
from rag.retrieve import HybridRetriever, Stage

MAX_QUESTION_CHARACTERS = 4_000
# What a terminal makes of bytes that are not UTF-8. No model and no JSON takes it.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

In = TypeVar("In")
Out = TypeVar("Out", "Walk", Answer)


@dataclass(frozen=True, slots=True)
class Walk:
    """A question on its way: what the steps so far have found."""

    question: Question
    query: Query
    hits: tuple[Hit, ...] = ()
    searched: Overview | None = None
    stages: tuple[Stage, ...] = ()
    implied: Implied = field(default_factory=Implied)
    draft: Draft | None = None
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def searched_for(self) -> str:
        """What is searched for, as one text."""
        return str(self.query)


class Assistant:
    """Answers questions over an index. Safe to share between threads."""

    def __init__(self, retriever: HybridRetriever, reader: Reader) -> None:
        self._retriever = retriever
        self._reader = reader
        self.find: Runnable[Question, Walk] = _step("follow up", self._follow_up) | _step("retrieve", self._retrieve)
        self.chain: Runnable[Question, Answer] = self.find | _step("read", self._read) | _step("verify", self._verify)

    def ask(self, question: Question) -> Answer:
        """The answer, verified. Raises UsageError for an empty or overlong question."""
        return self.chain.invoke(question)

    def overview(self) -> Overview:
        """What a question would be searched in now."""
        return self._retriever.index.overview()

    def _follow_up(self, question: Question) -> Walk:
        return Walk(question, in_context(checked(question.text), [_readable(text) for text in question.earlier]))

    def _retrieve(self, walk: Walk) -> Walk:
        found = self._retriever.search(walk.query, walk.question.asked_at.date())
        return replace(walk, hits=found.hits, searched=found.searched, stages=found.stages, implied=found.implied)

    def _read(self, walk: Walk) -> Walk:
        return replace(walk, draft=self._reader.read(walk.query, walk.hits))

    def _verify(self, walk: Walk) -> Answer:
        assert walk.draft is not None
        assert walk.searched is not None
        hits, spots = ranked(walk.hits, walk.draft.spots)
        sentences, citations = verify(walk.draft, hits)
        refusal = self._refusal(walk.searched, walk.draft) or (None if citations else Refusal.NOT_SUPPORTED)
        if refusal:
            sentences, citations = (), ()
        return Answer(
            question=walk.question,
            searched_for=walk.searched_for,
            sentences=sentences,
            citations=citations,
            hits=hits,
            searched=walk.searched,
            produced_by=walk.draft.produced_by,
            refusal=refusal,
            timings=walk.timings,
            confidence=walk.draft.confidence,
            implied=walk.implied,
            differing=walk.draft.differing and not refusal,
            spots=spots,
        )

    @staticmethod
    def _refusal(searched: Overview, draft: Draft) -> Refusal | None:
        return draft.refusal if searched.articles else Refusal.NO_ARTICLES


def ranked(hits: Sequence[Hit], spots: Sequence[Spot]) -> tuple[tuple[Hit, ...], tuple[Spot, ...]]:
    """The hits with the passages of these spots first, in that order, and the rest behind them as they were.

    A spot that does not lie within a passage that was found is left out.
    """
    passages = {hit.passage.id: hit.passage for hit in hits}
    held = [s for s in spots if (p := passages.get(s.passage_id)) and p.start <= s.start < s.end <= p.end]
    places = {spot.passage_id: place for place, spot in enumerate(held)}
    return tuple(sorted(hits, key=lambda hit: places.get(hit.passage.id, len(places)))), tuple(held)


def checked(text: str) -> str:
    """The question without surrounding white space. Raises UsageError when it cannot be one."""
    text = _readable(text).strip()
    if not re.search(r"[^\W_]", text):
        raise UsageError("The question is empty", "Write what you want to know from your articles.")
    if len(text) > MAX_QUESTION_CHARACTERS:
        raise UsageError(
            f"The question has {len(text):,} characters; at most {MAX_QUESTION_CHARACTERS:,} are read",
            "Ask it in a few sentences; a long text belongs in an article.",
        )
    return text


def _readable(text: str) -> str:
    # Articles are in this form too: "é" typed as two characters would match none of their words.
    return unicodedata.normalize("NFC", _LONE_SURROGATE.sub("\ufffd", text))


def _step(name: str, step: Callable[[In], Out]) -> Runnable[In, Out]:
    """A step of the walk as a runnable that notes under its name how many seconds it took."""

    def timed(value: In) -> Out:
        start = time.perf_counter()
        after = step(value)
        return replace(after, timings={**after.timings, name: time.perf_counter() - start})

    return RunnableLambda(timed).with_config(run_name=name)
