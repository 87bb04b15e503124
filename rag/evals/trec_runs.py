"""A run file of TREC, which any retrieval system can write: query, Q0, document, rank, score and tag on each line.

Read against a question set it becomes a run like Footnote's own, so that it can be compared, gated and reported.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from index.errors import UsageError
from rag.evals.formats.trec import as_it_was, solid
from rag.evals.jsonl import Record, lines
from rag.evals.measures import STANDARD
from rag.evals.runs import KEPT, Row, Run
from rag.evals.scores import of_ranking
from rag.evals.sets import EvalQuestion, QuestionSet

MISSING = "the run file has no line for this question"
TAG = "footnote"


def read_run(path: Path, question_set: QuestionSet, *, complete: bool = False) -> Run:
    """The run of another system, with the standard measures; it holds no times.

    A question without a line is an error, because it may not have been asked; with `complete` it found nothing, which
    is how `trec_eval -c` counts. Ids may have "%20" for a blank, as an export writes them. Raises FootnoteError, naming
    the line, and for a question that the set does not hold.
    """
    rankings, tag = _rankings(path, question_set.questions)
    missing: list[str] | None = [] if complete else None
    rows = tuple(_row(question, rankings.get(question.id, missing)) for question in question_set.questions)
    return Run(question_set.name, question_set.digest, rows, {"system": tag, "run file": path.name})


def write_run(run: Run, path: Path) -> list[str]:
    """Writes the rankings, scored 1 / rank, whole or not at all, and gives a sentence for what is not held.

    White space in an id is written as in an exported set, "%20". Raises UsageError, also for a document without an id.
    """
    if any(not name for row in run.rows for name in (row.id, *row.ranking)):
        raise UsageError("TREC does not hold an id that is empty", "Give each document an id, and run again.")
    text = "".join(
        f"{solid(row.id)} Q0 {solid(document)} {rank} {1 / rank:.6f} {TAG}\n"
        for row in run.rows
        for rank, document in enumerate(row.ranking, 1)
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
            part = Path(folder) / "part"
            part.write_text(text, encoding="utf-8")
            part.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}", "Give another path.") from error
    empty = sum(not row.ranking for row in run.rows)
    return [
        f"TREC does not hold answers, times and errors, and a run keeps the first {KEPT} documents of a question.",
        *([f"{empty:,} questions without a ranking have no line."] if empty else []),
    ]


def _rankings(path: Path, questions: Sequence[EvalQuestion]) -> tuple[dict[str, list[str]], str]:
    names = {question.id for question in questions}
    documents = {document for question in questions for document in question.relevance}
    scored: dict[str, dict[str, float]] = {}
    tag = ""
    for found in lines(path):
        record = Record({}, found.where)
        columns = found.data.decode("utf-8", "replace").split()
        if len(columns) != 6:
            raise record.wrong(f"there are {len(columns)} columns, not query, Q0, document, rank, score and tag")
        name, _, document, _, score, tag = columns
        name = name if name in names else as_it_was(name)
        if name not in names:
            raise record.wrong(f"the set holds no question {name!r}")
        ranking, document = scored.setdefault(name, {}), document if document in documents else as_it_was(document)
        if document in ranking:
            raise record.wrong(f"the document {document!r} stands there twice for the question {name!r}")
        ranking[document] = _number(score, record)
    # The order of trec_eval: by score, and among equal ones by the name of the document, the last one first.
    best = {name: sorted(ranking, key=lambda d: (ranking[d], d), reverse=True) for name, ranking in scored.items()}
    return best, tag


def _number(text: str, record: Record) -> float:
    try:
        number = float(text)
    except ValueError as error:
        raise record.wrong(f"the score {text!r} is no number") from error
    if number != number or number in (float("inf"), float("-inf")):
        raise record.wrong(f"the score {text!r} is not finite")
    return number


def _row(question: EvalQuestion, ranking: Sequence[str] | None) -> Row:
    about = (question.id, question.text, question.kind, question.answerable)
    if ranking is None:
        return Row(*about, error=MISSING)
    values: Mapping[str, float] = {}
    if question.answerable:
        values = of_ranking(question, ranking, STANDARD)
    return Row(*about, ranking=tuple(ranking[:KEPT]), values=values)
