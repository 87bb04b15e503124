"""What is to be judged for a question: the first results of several runs, or of the chain as it is, each place once.

Pooling: Spärck Jones & van Rijsbergen, 1975. Which run found a place is not shown, so that none is favoured.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from index.borders import passages_of, standing
from index.catalog import Catalog
from index.database import existing
from index.errors import UsageError
from index.lexical import stem
from index.records import Article, article_id
from index.sentences import sentences
from rag.evals.runs import Run
from rag.evals.sets import EvalQuestion, QuestionSet
from rag.reader import content_words
from rag.settings import Parts


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place to be judged for a question: article.text[start:end] of the article of a document.

    `sentences` are where its sentences stand in the article.
    """

    question: EvalQuestion
    document: str
    title: str
    start: int
    end: int
    text: str
    sentences: tuple[tuple[int, int], ...]


def pool(
    parts: Parts, question: EvalQuestion, question_set: QuestionSet, runs: Sequence[Run], k: int, whole: bool
) -> Iterator[Candidate]:
    """The places to judge for a question, those that were ranked first before the others.

    From run files, it is the passage of each of their first `k` documents that has most of the question's words;
    without runs, the first `k` passages that the chain finds. With `whole`, each document comes once.
    """
    existing(parts.store)
    if runs:
        yield from _of_runs(parts, question, question_set, [ranking_of(run, question) for run in runs], k)
        return
    seen: set[str] = set()
    for hit in parts.assistant.find.invoke(question.as_asked()).hits:
        document = question_set.document(hit.article.source)
        if not (whole and document in seen) and len(seen) < k:
            seen.add(document if whole else hit.passage.id)
            yield _candidate(question, document, hit.article, (hit.passage.start, hit.passage.end))


def ranking_of(run: Run, question: EvalQuestion) -> tuple[str, ...]:
    """The documents that a run found for the question. Raises UsageError for a run that did not ask it."""
    row = next((row for row in run.rows if row.id == question.id), None)
    if row is None:
        raise UsageError(f"A run of {run.set_name} did not ask {question.id!r}", "Give runs of the same set.")
    return row.ranking


def _of_runs(
    parts: Parts, question: EvalQuestion, question_set: QuestionSet, rankings: Sequence[Sequence[str]], k: int
) -> Iterator[Candidate]:
    depth = min(k, max(map(len, rankings), default=0))
    turns = (ranking[rank] for rank in range(depth) for ranking in rankings if rank < len(ranking))
    for document in dict.fromkeys(turns):
        with contextlib.closing(Catalog(parts.store)) as catalog:
            source = standing(catalog, question_set.source(document))
            ranges = list(passages_of(catalog, source).values())
        article = parts.index.article(article_id(source))
        if article and ranges:
            best = max(ranges, key=lambda span: (_shared(question.text, article.text[slice(*span)]), -span[0]))
            yield _candidate(question, document, article, best)


def _candidate(question: EvalQuestion, document: str, article: Article, span: tuple[int, int]) -> Candidate:
    start, end = span
    text = article.text[start:end]
    found = tuple((start + a, start + b) for a, b in sentences(text, article.language))
    return Candidate(question, document, article.title, start, end, text, found)


def _shared(question: str, text: str) -> int:
    """How many of the question's words stand in the text."""
    return len({stem(word) for word in content_words(question)} & {stem(word) for word in content_words(text)})
