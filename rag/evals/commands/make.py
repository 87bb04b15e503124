"""`eval make`: a question set from the user's own articles, by rule."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from rag.evals.commands import DONE, Progress, Result, only_arguments, only_of, settings, store_argument

if TYPE_CHECKING:
    from rag.evals.making.make import MadeSet

ABOUT = "make a question set from your own articles, without a language model"


def arguments(parser: ArgumentParser) -> None:
    """Where the set goes, how large it is, of which articles, and the seed."""
    store_argument(parser)
    parser.add_argument("--out", type=Path, metavar="DIR", required=True, help="the folder of the new set")
    parser.add_argument("--questions", type=int, metavar="N", default=200, help="at most so many (default: 200)")
    parser.add_argument("--articles", type=int, metavar="N", default=100, help="from at most so many (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="which articles and questions are chosen (default: 0)")
    only_arguments(parser)


def run(options: Namespace, progress: Progress) -> Result:
    """The set, written; how many questions of each kind it has."""
    from index.errors import UsageError
    from rag.evals.making.writing import Wanted, by_kind, make_in, require_room
    from rag.settings import build

    for name in ("questions", "articles"):
        if getattr(options, name) < 1:
            raise UsageError(f"--{name} is {getattr(options, name)}", "Give a number from 1 on.")
    wanted = Wanted(options.questions, options.articles, options.seed, only_of(options))
    require_room(options.out)  # before the models are looked for
    made = make_in(options.out, build(settings(options)).index, wanted, progress)
    kinds = by_kind(made)
    values = {
        "out": str(options.out),
        "questions": sum(kinds.values()),
        "kinds": kinds,
        "articles": made.articles,
        "held_out": list(made.held_out),
        "dropped": dict(made.dropped),
    }
    return Result(DONE, values, _shown(options, kinds, made))


def _shown(options: Namespace, kinds: dict[str, int], made: MadeSet) -> str:
    from rag.wording import counted

    total = sum(kinds.values())
    lines = [f"{counted(total, 'question')} from {counted(made.articles, 'article')} in {options.out}:"]
    lines += [f"  {number:4} {kind}" for kind, number in kinds.items()]
    if total < options.questions:
        more = "--articles takes in more of them" if made.tried == options.articles else "these are all that there are"
        lines.append(f"The articles give fewer than the {options.questions:,} wanted; {more}.")
    lines.append(
        f"`python -m rag eval run --set {options.out}` asks them; {options.out / 'README.md'} says how to read that."
    )
    return "\n".join(lines)
