"""`eval compare`: whether a run is better than another on the same questions, and where."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rag.evals.commands import DONE, Progress, Result

ABOUT = "say whether run B is better than run A, and where"


def arguments(parser: ArgumentParser) -> None:
    """The run files, and when a difference counts."""
    parser.add_argument("a", type=Path, metavar="A", help="a run file")
    parser.add_argument("b", type=Path, metavar="B", help="another run file on the same questions")
    parser.add_argument("more", type=Path, metavar="C", nargs="*", help="more of them, each compared with A")
    parser.add_argument(
        "--margin", type=float, metavar="M", help="a difference within it counts as none (default: .01)"
    )
    parser.add_argument(
        "--by", default="", metavar="MEASURE", help="the measure whose flips and kinds are shown (default: hit@1)"
    )


def run(options: Namespace, progress: Progress) -> Result:
    """The comparison, a list of them for more than two runs; whatever the verdict, it is done."""
    from index.errors import UsageError
    from rag.evals.comparisons import MARGIN, as_json, compare_all
    from rag.evals.reports import comparison_report
    from rag.evals.runs import load

    margin = MARGIN if options.margin is None else options.margin
    if not 0 <= margin <= 1:
        raise UsageError(f"--margin is {margin}", "Give a number from 0 to 1.")
    first, *others = [load(path) for path in (options.a, options.b, *options.more)]
    found = compare_all(first, others, margin=margin, by=options.by)
    values = [as_json(comparison) for comparison in found]
    return Result(DONE, values if options.more else values[0], comparison_report(found))
