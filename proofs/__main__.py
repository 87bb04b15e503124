"""Proves what Footnote promises: `python -m proofs [NAME ...] [--smoke] [--seed N]`.

Each proof prints one line, and below it what failed and how to run it again. Exit code 0: all of them hold; 1: not.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
import traceback
from collections.abc import Sequence

from proofs.outcome import Outcome, not_run

# The promise, and the module whose `prove(smoke, seed)` gives its Outcome.
PROOFS = {
    "R1": "kills",
    "R2": "convergence",
    "R3": "readers",
    "R4": "lag",
    "R5": "races",
    "R6": "faults",
    "R7": "damage",
    "R8": "counts",
    "R9": "turnover",
    "R10": "models",
    "R11": "gone",
    "R12": "mutants",
    "R13": "interrupts",
    "S3": "urls",
    "S6": "injections",
    "T1": "claims",
    "T4": "dates",
}
SEED = 7
# Failures that are shown before it says how many more there are.
SHOWN = 12


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the proofs that are named, or all, and gives the exit code."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    parser = argparse.ArgumentParser(prog="python -m proofs", description="Proves what Footnote promises.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(PROOFS)}; all when none is named")
    parser.add_argument("--smoke", action="store_true", help="the small size, for each change")
    parser.add_argument(
        "--seed", type=int, default=SEED, metavar="N", help=f"of what is drawn by chance (default {SEED})"
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if promise(name) is None]
    if unknown:
        parser.error(f"no proof is named {', '.join(unknown)}")
    names = [promise(name) or name for name in options.names] or list(PROOFS)
    held = [show(name, proved(name, options.smoke, options.seed), options.smoke) for name in names]
    return 0 if all(held) else 1


def promise(name: str) -> str | None:
    """The promise of that name, or that the module of that name proves."""
    if name.upper() in PROOFS:
        return name.upper()
    return next((key for key, module in PROOFS.items() if module == name), None)


def proved(name: str, smoke: bool, seed: int) -> Outcome:
    """What the proof found. A proof that breaks has not proved anything."""
    start = time.monotonic()
    try:
        outcome: Outcome = importlib.import_module(f"proofs.{PROOFS[name]}").prove(smoke, seed)
    except Exception:
        outcome = not_run(PROOFS[name], seed, f"the proof itself broke\n{traceback.format_exc()}")
    sys.stderr.write(f"{name} took {time.monotonic() - start:.0f} s\n")
    return outcome


def show(name: str, outcome: Outcome, smoke: bool) -> bool:
    """Prints the line, and what failed. Gives whether the promise holds."""
    print(name, outcome.line, flush=True)
    if outcome.holds:
        return True
    for failure in outcome.failures[:SHOWN]:
        print("  " + failure.rstrip().replace("\n", "\n  "))
    if len(outcome.failures) > SHOWN:
        print(f"  and {len(outcome.failures) - SHOWN} more")
    print(f"  again: python -m proofs {name} --seed {outcome.seed}{' --smoke' if smoke else ''}", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(main())
