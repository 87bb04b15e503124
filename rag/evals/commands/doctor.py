"""`eval doctor`: what would make a measurement say something else than it seems to."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rag.evals.commands import DONE, FAILED, Progress, Result, settings, store_argument

ABOUT = "look for what makes results untrue or runs incomparable, in a set, its index and runs"


def arguments(parser: ArgumentParser) -> None:
    """The set and the runs; without either, the seeds."""
    store_argument(parser)
    parser.add_argument("runs", type=Path, metavar="RUN", nargs="*", help="run files, each compared with the first")
    parser.add_argument("--set", type=Path, metavar="PATH", help="the question set (default: seeds, or none with runs)")


def run(options: Namespace, progress: Progress) -> Result:
    """The findings; failed when one of them is serious."""
    from dataclasses import asdict

    from rag.evals.examination import examine
    from rag.evals.reports import findings_report

    path = options.set or (None if options.runs else Path("seeds"))
    found = examine(settings(options), path, options.runs)
    serious = any(finding.serious for finding in found)
    return Result(FAILED if serious else DONE, [asdict(finding) for finding in found], findings_report(found))
