"""The walk of a question, as one LangChain runnable: follow up, retrieve, read, write, verify.

Browser, terminal, other programs and evals ask the same `Assistant`; `find` is the first half of `chain`, so what is
measured is what is served. Without a language model what is read is the answer. With one, the chain may be streamed:
the answer grows, and all but the last are not done.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeVar, cast

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from index.errors import UsageError
from index.records import Hit, Overview
from rag.answers import Answer, Draft, Question, Refusal, Spot
from rag.citations import verify
from rag.followups import Query, in_context
from rag.named import Implied
from rag.reader import Reader, drafts
from rag.retrieve import HybridRetriever, Stage
from rag.surveys import Survey, drafted, gathered, surveyed
from rag.wording import readable

MAX_QUESTION_CHARACTERS = 4_000
# What the whole walk is called to whoever traces it.
_NAMED: RunnableConfig = {"run_name": "ask"}
# While it is looked for and read.
NOTHING_YET = Draft((), "")

In = TypeVar("In")
Out = TypeVar("Out", "Walk", Answer)


@dataclass(frozen=True, slots=True)
class Walk:
    """A question on its way: what the steps so far have found. More drafts come after one that is not `done`."""

    question: Question
    query: Query
    hits: tuple[Hit, ...] = ()
    searched: Overview | None = None
    stages: tuple[Stage, ...] = ()
    implied: Implied = field(default_factory=Implied)
    draft: Draft | None = None
    done: bool = True
    timings: Mapping[str, float] = field(default_factory=dict)
    survey: Survey | None = None
    unknown: tuple[str, ...] = ()

    @property
    def searched_for(self) -> str:
        """What is searched for, as one text."""
        return str(self.query)


class Writer(Protocol):
    """What the chain needs of a language model."""

    def write(self, walk: Walk) -> Iterator[tuple[Draft, bool]]:
        """Growing drafts for a walk that was read and is no refusal, and of each whether it is the last.

        Whatever goes wrong, the last is a draft: what was read, with a note.
        """

    def rewrite(self, text: str, earlier: Sequence[str]) -> str | None:
        """A follow-up as a question that stands alone; None where that was not to be had."""


class Assistant:
    """Answers questions over an index. Safe to share between threads."""

    def __init__(self, retriever: HybridRetriever, reader: Reader, writer: Writer | None = None) -> None:
        self._retriever = retriever
        self._reader = reader
        self._writer = writer
        self.find: Runnable[Question, Walk] = _step("follow up", self._follow_up) | _step("retrieve", self._retrieve)
        read = self.find | _growing("read", self._read)
        drafted = read | _growing("write", self._write) if writer else read
        self.chain: Runnable[Question, Answer] = drafted | _growing("verify", self._verify)

    def ask(self, question: Question) -> Answer:
        """The answer, verified. Raises UsageError for an empty or overlong question."""
        return self.chain.invoke(question, _NAMED)

    def stream(self, question: Question) -> Iterator[Answer]:
        """The answer as it grows, verified each time; the last one is done, and is the one to keep. Raises as `ask`."""
        yield from self.chain.stream(question, _NAMED)

    def overview(self) -> Overview:
        """What a question would be searched in now."""
        return self._retriever.index.overview()

    def warm(self) -> None:
        """Searches and reads for no one, so that what takes seconds to load is there for the first question.

        No language model is asked. What makes the next start shorter is kept on this machine.
        """
        query = Query("Who was it?")
        self._reader.read(query, self._retriever.search(query).hits)
        self._retriever.index.embedder.prepare()

    def _follow_up(self, question: Question) -> Walk:
        earlier = [readable(text) for text in question.earlier]
        query = in_context(checked(question.text), earlier)
        if query.earlier and self._writer and (alone := self._writer.rewrite(query.text, earlier)):
            query = Query(alone)
        return Walk(question, query, survey=surveyed(query.text))

    def _retrieve(self, walk: Walk) -> Walk:
        day, only = walk.question.asked_at.date(), walk.question.only
        if walk.survey:
            found = gathered(self._retriever, walk.survey, day, only)
        else:
            found = self._retriever.search(walk.query, day, only)
        return replace(
            walk, hits=found.hits, searched=found.searched, stages=found.stages, implied=found.implied,
            unknown=found.unknown,
        )  # fmt: skip

    def _read(self, walk: Walk) -> Iterator[Walk]:
        """The walk before it is read, so that whoever watches sees what was searched, and with each draft."""
        yield replace(walk, draft=NOTHING_YET, done=False)
        if walk.survey:
            yield replace(walk, draft=drafted(self._retriever.index, walk.survey, walk.hits))
            return
        for draft in drafts(self._reader, walk.query, walk.hits):
            yield replace(walk, draft=draft, done=not draft.early)

    def _write(self, walk: Walk) -> Iterator[Walk]:
        """The walk with each draft of the writer. What is read to be a refusal is not given to a language model."""
        if self._writer and walk.draft and walk.draft.early:
            return
        if self._writer is None or not walk.done or walk.draft is None or walk.draft.refusal:
            yield walk
            return
        yield replace(walk, draft=NOTHING_YET, done=False)
        for draft, done in self._writer.write(walk):
            yield replace(walk, draft=draft, done=done)

    def _verify(self, walk: Walk) -> Iterator[Answer]:
        assert walk.draft is not None
        assert walk.searched is not None
        hits, spots = ranked(walk.hits, walk.draft.spots)
        sentences, citations = verify(walk.draft, hits)
        refusal = self._refusal(walk) if walk.done else None
        if walk.done and not citations:
            refusal = refusal or Refusal.NOT_SUPPORTED
        if refusal:
            sentences, citations = (), ()
        yield Answer(
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
            done=walk.done,
            pending=walk.draft.pending,
            prompt=walk.draft.prompt,
            note=walk.draft.note,
            heading="" if refusal else walk.draft.heading,
            unknown=walk.unknown,
            early=walk.draft.early,
        )

    def _refusal(self, walk: Walk) -> Refusal | None:
        assert walk.draft is not None
        assert walk.searched is not None
        # None of those that it was kept to is not none at all.
        there_are_some = walk.searched.articles or (walk.question.only and self.overview().articles)
        return walk.draft.refusal if there_are_some else Refusal.NO_ARTICLES


def ranked(hits: Sequence[Hit], spots: Sequence[Spot]) -> tuple[tuple[Hit, ...], tuple[Spot, ...]]:
    """The hits with the passages of these spots first, in that order, and the rest behind them as they were.

    A spot that does not lie within a passage that was found is left out.
    """
    passages = {hit.passage.id: hit.passage for hit in hits}
    held = [s for s in spots if (p := passages.get(s.passage_id)) and p.start <= s.start < s.end <= p.end]
    places = {spot.passage_id: place for place, spot in reversed([*enumerate(held)])}  # the first of each passage
    return tuple(sorted(hits, key=lambda hit: places.get(hit.passage.id, len(places)))), tuple(held)


def checked(text: str) -> str:
    """The question without surrounding white space. Raises UsageError when it cannot be one."""
    text = readable(text).strip()
    if not re.search(r"[^\W_]", text):
        raise UsageError("The question is empty", "Write what you want to know from your articles.")
    if len(text) > MAX_QUESTION_CHARACTERS:
        raise UsageError(
            f"The question has {len(text):,} characters; at most {MAX_QUESTION_CHARACTERS:,} are read",
            "Ask it in a few sentences; a long text belongs in an article.",
        )
    return text


def _step(name: str, step: Callable[[In], Out]) -> Runnable[In, Out]:
    """A step of the walk as a runnable that notes under its name how many seconds it took."""

    def timed(value: In) -> Out:
        start = time.perf_counter()
        after = step(value)
        return replace(after, timings={**after.timings, name: time.perf_counter() - start})

    return RunnableLambda(timed).with_config(run_name=name)


def _growing(name: str, step: Callable[[Walk], Iterator[Out]]) -> Runnable[Walk, Out]:
    return _Growing(name, step).with_config(run_name=name)


class _Growing(Runnable[Walk, Out]):
    """A step of the walk that may have several values, each more whole than the one before; invoked, it gives the last.

    It notes under its name how many seconds had passed at each. The parameters are named by LangChain.
    """

    def __init__(self, name: str, step: Callable[[Walk], Iterator[Out]]) -> None:
        self._name = name
        self._step: Callable[[Walk], Iterator[Out]] = step

    def invoke(self, input: Walk, config: RunnableConfig | None = None, **kwargs: Any) -> Out:  # noqa: A002, ANN401
        *_, last = self.stream(input, config)
        return last

    def stream(self, input: Walk, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Out]:  # noqa: A002, ANN401
        yield from self.transform(iter([input]), config)

    def transform(
        self,
        input: Iterator[Walk],  # noqa: A002
        config: RunnableConfig | None = None,
        **kwargs: Any,  # noqa: ANN401
    ) -> Iterator[Out]:
        left = False

        def until_left() -> Iterator[Walk]:
            for walk in input:
                yield walk
                if left:
                    return

        # LangChain reads the input to its end for its traces, also when whoever asked has left: a model would go on.
        values = self._transform_stream_with_config(until_left(), self._all, config)
        try:
            for value in values:  # noqa: UP028 - "yield from" would close them first
                yield value
        finally:
            left = True
            values.close()  # type: ignore[attr-defined]

    def _all(self, walks: Iterator[Walk]) -> Iterator[Out]:
        for walk in walks:
            took = 0.0
            values = self._step(walk)
            while True:
                # While whoever asked looks at one, the next is not worked on.
                start = time.perf_counter()
                after = next(values, None)
                took += time.perf_counter() - start
                if after is None:
                    break
                passed_on = cast(object, after) is walk
                yield after if passed_on else replace(after, timings={**after.timings, self._name: took})
