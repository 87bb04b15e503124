"""`eval report`: runs as one file to look at, to post or to hand to a build server."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rag.evals.commands import DONE, Progress, Result

ABOUT = "write a report of runs: a page, Markdown or JUnit XML"


def arguments(parser: ArgumentParser) -> None:
    """The run files and where the report goes."""
    parser.add_argument(
        "runs", type=Path, nargs="+", metavar="RUN", help="a run file; the others are set against the first"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", required=True,
        help=".html for a page that needs nothing else, .md for a pull request, .xml for JUnit",
    )  # fmt: skip
    parser.add_argument(
        "--by", default="", metavar="MEASURE", help="the measure that stands for quality (default: nDCG@10)"
    )


def run(options: Namespace, progress: Progress) -> Result:
    """The report, written."""
    from index.printable import visible
    from rag.evals.report.files import form, write
    from rag.evals.report.findings import findings, summary
    from rag.evals.runs import load

    form(options.out)
    stems = [path.stem for path in options.runs]
    names = stems if len(set(stems)) == len(stems) else [str(path) for path in options.runs]
    found = findings([(name, load(path)) for name, path in zip(names, options.runs, strict=True)], options.by)
    write(found, options.out)
    values = {"path": str(options.out), "runs": names, "summary": summary(found), "incomparable": found.incomparable}
    lines = [summary(found), *([found.incomparable] if found.incomparable else []), f"The report is in {options.out}."]
    return Result(DONE, values, visible("\n".join(lines)))
