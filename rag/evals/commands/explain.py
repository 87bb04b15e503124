"""`eval explain`: at which step the gold of a question was lost, and what outranked it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.evals.commands import DONE, Progress, Result, changes_argument, settings, store_argument

if TYPE_CHECKING:
    from rag.evals.sets import EvalQuestion, QuestionSet

ABOUT = "say at which step a question lost what answers it, and what outranked it"


def arguments(parser: ArgumentParser) -> None:
    """The question, its set, and how far down counts as found."""
    store_argument(parser)
    changes_argument(parser)
    parser.add_argument(
        "question", nargs="?", metavar="QUESTION-OR-ID",
        help="a question, or the id of one in the set; without it, every miss of the set",
    )  # fmt: skip
    parser.add_argument("--set", type=Path, metavar="PATH", help="the question set that says what answers it")
    parser.add_argument("--k", type=int, default=10, help="among how many first counts as found (default: 10)")
    parser.add_argument("--answers", action="store_true", help="answer too: what the reader lost")


def run(options: Namespace, progress: Progress) -> Result:
    """The explanation of one question, or the summary of a set."""
    from index.errors import UsageError
    from rag.evals.evaluate import parts_for
    from rag.evals.explained import explanation_text, summary_text
    from rag.evals.explanations import as_json, explain, explain_set
    from rag.evals.sets import EvalQuestion, load
    from rag.settings import build

    if options.k < 1:
        raise UsageError(f"--k is {options.k}", "Give a number from 1 on.")
    if options.set is None and options.question is None:
        raise UsageError("There is nothing to explain", "Give a question, or a set with --set.")
    if options.set is None:
        asked = EvalQuestion("", options.question, "question", answerable=True)
        found = explain(build(settings(options)), asked, None, options.k, options.answers)
        return Result(DONE, as_json(found), explanation_text(found, options.k))
    question_set = load(options.set)
    if options.question:
        _chosen(options.question, question_set)  # before an index is opened or made
    parts = parts_for(settings(options), question_set, progress)
    question_set = question_set.asked_on(parts.index.overview().last)  # as `eval run` asks it
    if options.question:
        chosen = _chosen(options.question, question_set)
        found = explain(parts, chosen, question_set, options.k, options.answers)
        return Result(DONE, as_json(found), explanation_text(found, options.k))
    summary = explain_set(parts, question_set, options.k, options.answers, progress)
    return Result(DONE, as_json(summary), summary_text(summary))


def _chosen(wanted: str, question_set: QuestionSet) -> EvalQuestion:
    """The question with this id or this text. Raises UsageError when the set has none."""
    from index.errors import UsageError

    for question in question_set.questions:
        if wanted in (question.id, question.text):
            return question
    raise UsageError(
        f"{question_set.name} has no question {wanted!r}", "Give an id of the set, or leave --set out to ask it freely."
    )
