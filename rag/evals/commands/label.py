"""`eval label`: judge in the terminal what answers a question, and keep it as gold."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.evals.commands import DONE, Progress, Result, settings, store_argument

if TYPE_CHECKING:
    from rag.evals.judging import Labels
    from rag.evals.sets import QuestionSet

ABOUT = "judge in the terminal which results answer a question, and keep that as gold"


def arguments(parser: ArgumentParser) -> None:
    """The set or the questions, the runs whose results are pooled, and how many of each."""
    store_argument(parser)
    parser.add_argument(
        "runs", nargs="*", type=Path, metavar="RUN",
        help="run files whose first results are judged; without any, those of the chain as it is",
    )  # fmt: skip
    parser.add_argument(
        "--set", type=Path, metavar="PATH", required=True,
        help="a question set, which gains the judgements, or a text file with a question a line, for a new set",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder of the new set, for a text file")
    parser.add_argument("--k", type=int, default=10, help="how many first results are judged (default: 10)")


def run(options: Namespace, progress: Progress) -> Result:
    """What was judged; whatever is left is gone on with by the same command."""
    from index.errors import UsageError
    from index.terminal import asked
    from rag.evals.evaluate import parts_for
    from rag.evals.judging import judge
    from rag.evals.pools import pool
    from rag.evals.runs import load as load_run
    from rag.wording import counted

    if options.k < 1:
        raise UsageError(f"--k is {options.k}", "Give a number from 1 on.")
    question_set, labels, place = _opened(options)
    runs = [load_run(path) for path in options.runs]
    parts = parts_for(settings(options), question_set, progress)
    question_set = question_set.asked_on(parts.index.overview().last)  # as `eval run` asks it
    whole = question_set.corpus is not None
    asking = [question for question in question_set.questions if question.answerable or not whole]
    pools = ((q.id, pool(parts, q, question_set, runs, options.k, whole)) for q in asking)
    done = judge(pools, labels, asked)
    values = {"kept_in": str(place), "judged": done.judged, "relevant": done.relevant} | {
        "skipped": done.skipped,
        "questions_left": done.left,
    }
    said = f"{counted(done.judged, 'place')} judged, {done.relevant:,} of them answer; kept in {place}"
    left = f"{counted(done.left, 'question')} left and {done.skipped:,} skipped: the same command goes on with them."
    return Result(DONE, values, f"{said}\n{left}" if done.left or done.skipped else said)


def _opened(options: Namespace) -> tuple[QuestionSet, Labels, Path]:
    """The questions, where their judgements are kept, and the path that a person is told."""
    from index.errors import UsageError
    from rag.evals.labels import QrelsLabels, WrittenLabels, lines_of, plain_questions
    from rag.evals.sets import QRELS, QUESTIONS, EvalQuestion, QuestionSet, load

    if options.set.suffix == ".jsonl" and options.set.name != QUESTIONS:
        raise UsageError(f"{options.set} is no text file of questions", f"A set to be judged is named {QUESTIONS}.")
    if options.set.is_file() and options.set.name != QUESTIONS:
        if options.out is None:
            raise UsageError("A text file of questions makes a new set", "Give its folder with --out.")
        lines, folder = plain_questions(options.set), options.out.resolve()
        folder.mkdir(parents=True, exist_ok=True)
        questions = tuple(EvalQuestion(q["id"], q["question"], "", answerable=True) for q in lines)
        return QuestionSet(folder.name, folder, "", questions), WrittenLabels(folder, lines), folder / QUESTIONS
    if options.out is not None:
        raise UsageError("--out is for a text file of questions", "A set keeps its own judgements: leave --out away.")
    found = load(options.set)
    if found.corpus:
        return found, QrelsLabels(found.folder), found.folder / QRELS
    return found, WrittenLabels(found.folder, lines_of(found.folder / QUESTIONS)), found.folder / QUESTIONS
