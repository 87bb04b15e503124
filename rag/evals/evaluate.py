"""A question set is asked through the served chain: a written set on the current store, a judged one on its own.

A written set that holds articles out is asked on a copy of the store without them. The corpus of a judged set is
indexed under the store it was asked from, in a folder named by what the corpus holds, so that it is done once, and
stays apart from the user's articles.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from index.catalog import Catalog
from index.database import existing
from index.errors import FootnoteError
from index.records import digest
from index.replica import EVALS
from index.settings import IndexSettings
from rag.answers import Question
from rag.evals.asking import Ask, Find, Moved, installed, run
from rag.evals.corpus import FILE_NAME, Corpus
from rag.evals.held_out import without
from rag.evals.journal import journal_in
from rag.evals.measures import STANDARD, Measure
from rag.evals.memory import Remembering, as_embedder, remembering
from rag.evals.runs import SCHEMA_VERSION, Run
from rag.evals.sets import EvalQuestion, QuestionSet, load
from rag.marked import MARKED
from rag.reading.packed import MANIFEST, SHIPPED
from rag.settings import Parts, build

SETS = "sets"

Progress = Callable[[str, int, int], None]


def evaluate(
    settings: IndexSettings,
    path: Path,
    *,
    answers: bool = False,
    fresh: bool = False,
    measures: Sequence[Measure] = STANDARD,
    progress: Progress = lambda *_: None,
    served: Parts | None = None,
) -> Run:
    """The run of the set at `path`; with `answers` each question is also answered, not only searched for.

    A set that is asked on the current store is asked of the parts that are `served`, where there are such, as they are.

    What an earlier run of the same set, index, model and program found is taken from it, unless it is to be `fresh`;
    so are the embeddings of questions. Raises UsageError when there is no set, and FootnoteError when the store does
    not hold the articles that it asks about, or they change meanwhile.
    """
    question_set = load(path)
    parts = parts_for(settings, question_set, progress, served)
    about, folder = described(parts), parts.store / EVALS
    # A set that does not say when it was asked is asked on the day of the last article, today and next year.
    question_set = question_set.asked_on(parts.index.overview().last)
    depends = {
        "run": SCHEMA_VERSION,
        "set": question_set.digest,
        "answers": answers,
        "measures": [measure.name for measure in measures],
        "about": about,
        "packages": installed(),
    }
    # Those of marked answers lie apart, so that they can go with the owner of these.
    own = folder / question_set.name if question_set.name.startswith(MARKED) else folder
    journal = journal_in(own, depends, fresh)
    embedder = remembering(parts.index.embedder, parts.index.made_by()["precision"], folder)
    if not fresh and parts is not served:
        parts.index.embedder = as_embedder(embedder)
    ask = parts.assistant.ask if answers else parts.assistant.find.invoke
    _rehearse(ask, next((q for q in question_set.questions if not journal.get(q.id)), None), embedder)
    return run(
        _of_edition(ask, parts, about["edition"]),
        question_set,
        measures,
        about=about,
        journal=journal,
        known=lambda: embedder.known,
        progress=progress,
    )


def _of_edition(ask: Find | Ask, parts: Parts, edition: str) -> Any:  # noqa: ANN401 - either of the two
    """Asks as long as the index is that of the beginning. Raises Moved, after it has asked, when it is not."""

    def asked(question: Question) -> object:
        found = ask(question)
        if _edition(parts) != edition:
            raise Moved(
                "The articles changed while the set was asked", "Run it again; it is asked of what is there now."
            )
        return found

    return asked


def _rehearse(ask: Find | Ask, question: EvalQuestion | None, embedder: Remembering) -> None:
    """Asks once before anything is timed: the first question waits for the model, which no later one does."""
    with embedder.rehearsing(), contextlib.suppress(Exception):  # what fails is told when it is asked in earnest
        if question:
            ask(question.as_asked())


def parts_for(
    settings: IndexSettings,
    question_set: QuestionSet,
    progress: Progress = lambda *_: None,
    served: Parts | None = None,
) -> Parts:
    """The parts that a set is asked with: over the current store, a copy without what is held out, or its own store.

    Raises FootnoteError when the store does not hold the articles that a written set asks about.
    """
    if question_set.corpus:
        return _of_corpus(settings, question_set, question_set.corpus, progress)
    parts = served or build(settings)
    _require_articles(parts, question_set)
    if not question_set.held_out:
        return parts
    return build(replace(settings, store=without(parts.index, question_set.held_out, settings.store / EVALS)))


def store_of(settings: IndexSettings, question_set: QuestionSet) -> Path:
    """Where the articles of a set are indexed: a judged set has a store of its own, under the current one."""
    if question_set.corpus is None:
        return settings.store
    key = digest(question_set.corpus.prefix, (question_set.folder / FILE_NAME).read_bytes())
    return settings.store / SETS / key[:16]


def _of_corpus(settings: IndexSettings, question_set: QuestionSet, corpus: Corpus, progress: Progress) -> Parts:
    from index.sync import sync

    parts = build(replace(settings, store=store_of(settings, question_set)))
    report = sync(parts.store, [corpus], parts.index.embedder, progress)
    if report.failed:
        # They would count as misses of the retrieval.
        source, reason = report.problems[0]
        raise FootnoteError(f"{report.failed} documents of the set could not be read, the first is {source}: {reason}")
    return parts


def _require_articles(parts: Parts, question_set: QuestionSet) -> None:
    """A question about an article that is not there would count as a miss of the retrieval."""
    judged = (item for question in question_set.questions for item in question.relevance.items())
    needed = sorted({document for document, grade in judged if grade > 0})
    missing = [name for name in needed if not parts.index.holds(question_set.source(name))]
    if missing:
        raise FootnoteError(
            f"{len(missing)} of the {len(needed)} articles that this set asks about are not in {parts.store}, "
            f"the first is {missing[0]}",
            f"`python -m index sync {question_set.folder}` puts them there.",
        )


def described(parts: Parts) -> dict[str, str]:
    """What a run is made with: of the index and the model what a person knows them by, and the digests of all three."""
    edition = _edition(parts)  # before all else: what is read of a later one is noticed when it is compared
    made, overview = parts.index.made_by(), parts.index.overview()
    changes = " ".join(f"{name}={value}" for name, value in parts.changes.items())
    return ({"settings": changes} if changes else {}) | {
        "index": f"{overview.articles} articles, {overview.passages} passages, generation {overview.generation}",
        "model": f"{made['model']} {made['precision']}",
        "edition": edition,
        "fingerprint": parts.index.embedder.fingerprint,
        "program": program(),
    }


def _edition(parts: Parts) -> str:
    with contextlib.closing(Catalog(existing(parts.store))) as catalog, catalog.snapshot():
        return digest(*map(str, catalog.edition()))


def program() -> str:
    """Changes with any line of the program that answers and measures, and with the model that reads."""
    root = Path(__file__).resolve().parent.parent.parent
    files = sorted(file for room in ("index", "rag") for file in (root / room).rglob("*.py"))
    files += [manifest for manifest in (SHIPPED / MANIFEST,) if manifest.exists()]
    return digest(*(part for file in files for part in (str(file.relative_to(root)), file.read_bytes())))
