"""`eval run`: every question of a set, asked through the served chain and measured."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rag.evals.commands import DONE, FAILED, Progress, Result, changes_argument, settings, store_argument

ABOUT = "ask every question of a set and measure what comes back"


def arguments(parser: ArgumentParser) -> None:
    """The set, whether to answer, and where the run is kept."""
    store_argument(parser)
    parser.add_argument(
        "--set", type=Path, metavar="PATH", default=Path("seeds"),
        help="a questions.jsonl or its folder, asked on the current store, or a folder with corpus.jsonl, "
             "queries.jsonl and qrels.tsv, which gets a store of its own (default: seeds)",
    )  # fmt: skip
    changes_argument(parser)
    parser.add_argument("--answers", action="store_true", help="answer each question too, and measure the answers")
    parser.add_argument(
        "--measure", action="append", default=[], metavar="NAME", help="one more measure: recall@20, nDCG@5, AP@10"
    )
    parser.add_argument("--fresh", action="store_true", help="ask again what earlier runs asked, and take all times")
    parser.add_argument("--out", type=Path, metavar="FILE", help="keep the run as a JSON file, for compare")


def run(options: Namespace, progress: Progress) -> Result:
    """The run; failed when a question failed."""
    from rag.evals.evaluate import evaluate
    from rag.evals.measures import STANDARD, measure
    from rag.evals.reports import run_report
    from rag.evals.runs import as_json, reserve, save

    if options.out:
        reserve(options.out)
    measures = dict.fromkeys([*STANDARD, *map(measure, options.measure)])
    wanted = {"answers": options.answers, "fresh": options.fresh, "measures": tuple(measures)}
    found = evaluate(settings(options), options.set, **wanted, progress=progress)
    if options.out:
        save(found, options.out)
    return Result(FAILED if found.errors else DONE, as_json(found), run_report(found))
