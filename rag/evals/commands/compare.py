"""`eval compare`: whether a run is better than another on the same questions, and where."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rag.evals.commands import DONE, Progress, Result

ABOUT = "say whether run B is better than run A, and where"


def arguments(parser: ArgumentParser) -> None:
    """The two run files."""
    parser.add_argument("a", type=Path, metavar="A", help="a run file")
    parser.add_argument("b", type=Path, metavar="B", help="another run file on the same questions")


def run(options: Namespace, progress: Progress) -> Result:
    """The comparison; whatever its verdict, it is done."""
    from rag.evals.comparisons import as_json, compare
    from rag.evals.reports import comparison_report
    from rag.evals.runs import load

    comparison = compare(load(options.a), load(options.b))
    return Result(DONE, as_json(comparison), comparison_report(comparison))
