"""A question set is asked question by question through the served chain, and what comes back is measured: a run."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

from index.errors import FootnoteError
from rag.answers import Answer, Question
from rag.evals import scores
from rag.evals.journal import Journal
from rag.evals.measures import STANDARD, Measure
from rag.evals.runs import KEPT, TOTAL, Answered, Row, Run, row_as_json, row_from_json
from rag.evals.sets import EvalQuestion, QuestionSet
from rag.evals.squad_scores import squad_1, squad_2

if TYPE_CHECKING:
    from rag.chain import Walk

PACKAGES = ("chromadb", "langchain-core", "numpy", "sentence-transformers", "torch", "transformers")

Find = Callable[[Question], "Walk"]
Ask = Callable[[Question], Answer]
Progress = Callable[[str, int, int], None]

log = logging.getLogger(__name__)


class Moved(FootnoteError):
    """What is asked is no longer what the run says that it asks."""


def run(
    ask: Find | Ask,
    question_set: QuestionSet,
    measures: Sequence[Measure] = STANDARD,
    *,
    about: Mapping[str, str] | None = None,
    journal: Journal | None = None,
    known: Callable[[], bool] = lambda: False,
    progress: Progress = lambda step, done, total: None,
) -> Run:
    """Asks every question of the set: of the served chain up to retrieval, or of the whole of it, which answers too.

    What the journal has is not asked again, and what is asked is written there, so that a run that was stopped goes on.
    `known` says whether the question just asked was embedded by an earlier run. Ends with what `ask` raises as Moved.
    """
    one = _One(ask, question_set.document, measures, _matching(question_set), known)
    journal = journal or Journal(None)
    rows = []
    for done, question in enumerate(question_set.questions):
        progress("asking", done, len(question_set.questions))
        kept = journal.get(question.id)
        row = row_from_json(kept) if kept else one.row(question)
        if not kept and not row.error:
            journal.add(question.id, row_as_json(row))
        rows.append(row)
    return Run(question_set.name, question_set.digest, tuple(rows), dict(about or {}), installed())


def _matching(question_set: QuestionSet) -> scores.Matching | None:
    """As SQuAD 1.1 counts where everything can be answered, as 2.0 does elsewhere; not where there are no answers."""
    if not any(question.answers for question in question_set.questions):
        return None
    return squad_1 if all(question.answerable for question in question_set.questions) else squad_2


@dataclass(frozen=True, slots=True)
class _One:
    """One question asked and measured."""

    ask: Find | Ask
    document: scores.Document
    measures: Sequence[Measure]
    matching: scores.Matching | None
    known: Callable[[], bool]

    def row(self, question: EvalQuestion) -> Row:
        start = time.perf_counter()
        try:
            return self._measured(question)
        except Moved:
            raise
        except Exception as error:  # the outermost loop: one question that fails does not end the run
            timings = {TOTAL: time.perf_counter() - start}
            why = f"{type(error).__name__}: {error}"
            log.warning("question %s failed: %s", question.id, why)
            log.debug("where it failed", exc_info=True)
            return Row(question.id, question.text, question.kind, question.answerable, timings, error=why)

    def _measured(self, question: EvalQuestion) -> Row:
        start = time.perf_counter()
        found = self.ask(question.as_asked())
        timings = {**found.timings, TOTAL: time.perf_counter() - start}
        values = scores.retrieval(question, found.hits, self.document, self.measures)
        answered = None
        if isinstance(found, Answer):
            values |= scores.answering(question, found, self.document, self.matching)
            refused = found.refusal is not None
            answered = Answered(refused, scores.said(found), len(found.citations), found.confidence)
        ranking = scores.ranked(found.hits, self.document)[:KEPT]
        about = (question.id, question.text, question.kind, question.answerable)
        return Row(*about, timings, ranking, values, answered, known=self.known())


def installed(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """The versions of those packages that are installed, without importing them."""
    versions = {name: _version(name) for name in packages}
    return {name: version for name, version in versions.items() if version}


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
