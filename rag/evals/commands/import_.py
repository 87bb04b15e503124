"""`eval import`: a question set from another format, or another system's run."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rag.evals.commands import DONE, FAILED, Progress, Result

ABOUT = "take in a question set, or another system's run, from another format"

TREC_RUN = "trec-run"


def arguments(parser: ArgumentParser) -> None:
    """The format, what to read and where it goes."""
    parser.add_argument("format", metavar="FORMAT", help=f"beir, trec, squad, mtrag, csv, or {TREC_RUN} for a run")
    parser.add_argument("path", type=Path, metavar="PATH", help="the file or the folder in that format")
    parser.add_argument("--out", type=Path, metavar="PATH", required=True, help="folder of the set, or file of the run")
    parser.add_argument("--set", type=Path, metavar="PATH", help="the question set that a run is about")
    parser.add_argument("--complete", action="store_true", help="a question without a line in the run found nothing")


def run(options: Namespace, progress: Progress) -> Result:
    """The set or the run, written; failed when questions of the set are not in the run."""
    if options.format == TREC_RUN:
        return _run_file(options)
    from rag.evals.exchange import as_json, bring_in, shown

    made = bring_in(options.format, options.path, options.out)
    return Result(DONE, as_json(made), shown(made, f"`python -m rag eval run --set {options.out}` asks them."))


def _run_file(options: Namespace) -> Result:
    from index.errors import UsageError
    from rag.evals.reports import run_report
    from rag.evals.runs import as_json, reserve, save
    from rag.evals.sets import load
    from rag.evals.trec_runs import read_run

    if options.set is None:
        raise UsageError("A run is about a question set, and none is named", "Name it with --set.")
    reserve(options.out)
    found = read_run(options.path, load(options.set), complete=options.complete)
    save(found, options.out)
    return Result(FAILED if found.errors else DONE, as_json(found), run_report(found))
