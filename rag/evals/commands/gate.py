"""`eval gate`: whether a run keeps its rules, as an exit code."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from rag.evals.commands import DONE, Progress, Result

ABOUT = "say by exit code whether a run keeps its floors, drops, margins and latency budgets"

# 2 is a request that cannot be meant, as everywhere.
REGRESSION, INVALID, INCONCLUSIVE = 1, 3, 4


def arguments(parser: ArgumentParser) -> None:
    """The run, the rules, and what it is compared with."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run file")
    parser.add_argument("--rules", type=Path, metavar="FILE", required=True, help="the rules, in TOML")
    parser.add_argument("--baseline", type=Path, metavar="RUN", help="the run that drops and margins are against")
    parser.epilog = "Exit code 0: kept; 1: a regression; 2: cannot be meant; 3: an invalid run; 4: inconclusive."


def run(options: Namespace, progress: Progress) -> Result:
    """The checks. A run from which nothing can be concluded is a result of its own, and never a pass."""
    from dataclasses import asdict

    from rag.evals.gates import Outcome, judge, read_rules, worst
    from rag.evals.reports import gate_report
    from rag.evals.runs import InvalidRun, load

    rules = read_rules(options.rules)
    try:
        baseline = load(options.baseline) if options.baseline else None
        checks = judge(load(options.run), rules, baseline)
    except InvalidRun as error:
        said = {"outcome": "invalid", "reason": str(error), "hint": error.hint}
        return Result(INVALID, said, f"invalid: {error}.\n{error.hint}")
    outcome = worst(checks)
    codes = {Outcome.PASS: DONE, Outcome.REGRESSION: REGRESSION, Outcome.INCONCLUSIVE: INCONCLUSIVE}
    values = {"outcome": outcome, "checks": [asdict(check) for check in checks]}
    return Result(codes[outcome], values, gate_report(outcome, checks))
