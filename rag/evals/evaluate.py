"""A question set is asked through the served chain: a written set on the current store, a judged one on its own.

The corpus of a judged set is indexed under the store it was asked from, in a folder named by what the corpus holds, so
that it is done once, and stays apart from the user's articles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from index.errors import FootnoteError
from index.records import digest
from index.settings import IndexSettings
from rag.evals.corpus import FILE_NAME
from rag.evals.runs import Run, run
from rag.evals.sets import QuestionSet, load
from rag.settings import Parts, build

SETS = "sets"

Progress = Callable[[str, int, int], None]


def evaluate(
    settings: IndexSettings, path: Path, *, answers: bool = False, progress: Progress = lambda *_: None
) -> Run:
    """The run of the set at `path`; with `answers` each question is also answered, not only searched for.

    Raises UsageError when there is no set, and FootnoteError when the store does not hold the articles it asks about.
    """
    question_set = load(path)
    parts = _parts(settings, question_set, progress)
    assistant, about = parts.assistant, _about(parts)
    return run(
        lambda question: assistant.find.invoke(question).hits,
        question_set,
        ask=assistant.ask if answers else None,
        about=about,
        progress=progress,
    )


def _parts(settings: IndexSettings, question_set: QuestionSet, progress: Progress) -> Parts:
    corpus = question_set.corpus
    if corpus is None:
        parts = build(settings)
        _require_articles(parts, question_set)
        return parts
    from index.sync import sync

    key = digest(corpus.prefix, (question_set.folder / FILE_NAME).read_bytes())
    parts = build(replace(settings, store=settings.store / SETS / key[:16]))
    report = sync(parts.store, [corpus], parts.index.embedder, progress)
    if report.failed:
        # They would count as misses of the retrieval.
        source, reason = report.problems[0]
        raise FootnoteError(f"{report.failed} documents of the set could not be read, the first is {source}: {reason}")
    return parts


def _require_articles(parts: Parts, question_set: QuestionSet) -> None:
    """A question about an article that is not there would count as a miss of the retrieval."""
    needed = sorted({document for question in question_set.questions for document in question.relevance})
    missing = [name for name in needed if not parts.index.holds(str(question_set.folder / name))]
    if missing:
        raise FootnoteError(
            f"{len(missing)} of the {len(needed)} articles that this set asks about are not in {parts.store}, "
            f"the first is {missing[0]}",
            f"`python -m index sync {question_set.folder}` puts them there.",
        )


def _about(parts: Parts) -> dict[str, str]:
    made = parts.index.made_by()
    overview = parts.index.overview()
    index = f"{overview.articles} articles, {overview.passages} passages, generation {overview.generation}"
    return {"index": index, "model": f"{made['model']} {made['precision']}"}
