"""A set, its index and runs are opened and looked at, as `eval doctor` does; nothing is changed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from index.catalog import Catalog
from index.database import FILE_NAME
from index.settings import IndexSettings
from rag.evals.diagnoses import Finding, TextOf, of_index, of_runs, of_set
from rag.evals.evaluate import store_of
from rag.evals.runs import load as load_run
from rag.evals.sets import QuestionSet, load
from rag.settings import build


def examine(settings: IndexSettings, path: Path | None, runs: Sequence[Path] = ()) -> list[Finding]:
    """What is found in the set at `path` and its index, and in the run files. Raises as loading them does."""
    question_set = load(path) if path else None
    loaded = {run.name if len({r.name for r in runs}) == len(runs) else str(run): load_run(run) for run in runs}
    found: list[Finding] = []
    if question_set:
        store = store_of(settings, question_set)
        with _texts(store, question_set) as text_of:
            found += of_set(question_set, text_of)
        found += of_index(store, build(settings).index.embedder, question_set)
    return found + (list(of_runs(loaded, question_set)) if loaded else [])


@contextlib.contextmanager
def _texts(store: Path, question_set: QuestionSet) -> Iterator[TextOf]:
    """Gives the text of a document of the set, from the index as it is."""
    if not (store / FILE_NAME).exists():
        yield lambda document: None
        return
    with contextlib.closing(Catalog(store)) as catalog, catalog.snapshot():

        def text_of(document: str) -> str | None:
            article = catalog.article(question_set.source(document))
            return article.text if article else None

        yield text_of
