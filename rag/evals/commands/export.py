"""`eval export`: a question set, or a run, in another format."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rag.evals.commands import DONE, Progress, Result, store_argument
from rag.evals.commands.import_ import TREC_RUN

ABOUT = "write a question set, or a run, in another format"


def arguments(parser: ArgumentParser) -> None:
    """What to write, in which format and where."""
    store_argument(parser)
    parser.add_argument("set", type=Path, metavar="SET", help=f"a question set, or a run file for {TREC_RUN}")
    parser.add_argument(
        "--format", metavar="F", required=True, help=f"beir, trec, squad, squad1, mtrag, csv, or {TREC_RUN} for a run"
    )
    parser.add_argument("--out", type=Path, metavar="PATH", required=True, help="where it goes; nothing may lie there")


def run(options: Namespace, progress: Progress) -> Result:
    """What was written, with what the format does not hold."""
    from index.settings import load_settings
    from rag.evals.exchange import as_json, send_out, send_run, shown

    if options.format == TREC_RUN:
        made = send_run(options.set, options.out)
    else:
        made = send_out(options.set, options.format, options.out, load_settings().at(options.store).store)
    return Result(DONE, as_json(made), shown(made, ""))
