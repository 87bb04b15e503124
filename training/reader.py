"""Trains the reader: `python -m training.reader --data DIR --out DIR`. The same command again goes on where it was.

Ctrl-C and SIGTERM write a checkpoint and end with exit code 130. Heavy imports stand where needed.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from index.terminal import INTERRUPTED, finish

RECORD = "training.json"


def main() -> int:
    """Trains; 0 when all examples were seen and the model is written."""
    options = _arguments().parse_args()
    from training.examples import load_folders, split
    from training.loop import CHECKPOINT, Habits, Plan, train
    from training.mix import Mix, Proportions, held_out, sources
    from training.network import Network
    from training.rewording import Synonyms

    synonyms = Synonyms(options.wordnet) if options.wordnet else None
    plan = Plan(options.examples, rate=options.rate, seed=options.seed)
    proportions = Proportions(nulls=options.nulls, twins=options.twins).without(options.without)
    folders = load_folders(options.data)
    trained = [(folder, split(folder)[0]) for folder in folders]
    asked = [one for _, part in trained for one in part]
    made = [source for folder, part in trained for source in sources(folder, part)]
    nothing = [one for one in asked if one.start is None]
    _say(f"{len(made):,} questions with an answer and {len(nothing):,} without, from {len(folders)} sets")
    network = Network(options.model, dtype=options.dtype, seed=plan.seed)
    judged = held_out(folders, options.held_out, plan.seed)
    stopping = _Stopping()  # only now: before the first step there is nothing to save
    habits = Habits(options.save_minutes, options.every, lambda: stopping.asked)
    mix = Mix(made, nothing, proportions, plan.seed, synonyms)
    seen = train(network, mix, judged, plan, habits, options.out, _say)
    if seen is None:
        _say("Stopped; the same command goes on from here")
        return INTERRUPTED
    network.save(options.out)
    about = {**asdict(plan), "seen": seen, "questions": len(asked), "sets": [f.name for f in folders]}
    about |= {"from": Path(options.model).name, "synonyms": bool(synonyms), "without": options.without}
    (options.out / RECORD).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    (options.out / CHECKPOINT).unlink(missing_ok=True)
    _say(f"Written to {options.out}")
    return 0


class _Stopping:
    """Remembers that somebody asked the training to stop: it does so after the step it is at."""

    def __init__(self) -> None:
        self.asked = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _arguments() -> argparse.ArgumentParser:
    from training.mix import ADVERSARIAL, Proportions

    kinds = [*Proportions().kinds, ADVERSARIAL]
    parser = argparse.ArgumentParser(prog="python -m training.reader", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder of question sets in the form of BEIR")
    parser.add_argument("--out", type=Path, required=True, help="where the model is written, and checkpoints before")
    parser.add_argument("--model", default="all-MiniLM-L6-v2", help="the folder of the encoder to start from")
    parser.add_argument("--wordnet", type=Path, help="a folder of WordNet, for questions in other words; default: none")
    parser.add_argument("--examples", type=int, default=120_000, help="how many are seen in all; default: %(default)s")
    parser.add_argument("--rate", type=float, default=2e-4, help="the highest learning rate; default: %(default)s")
    parser.add_argument("--nulls", type=float, default=0.75, help="nulls made for each answer; default: %(default)s")
    parser.add_argument("--twins", type=float, default=0.3, help="share of changed answers; default: %(default)s")
    parser.add_argument(
        "--without", nargs="+", default=[], choices=kinds, metavar="KIND", help=f"leave out: {', '.join(kinds)}"
    )
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16", help="default: %(default)s")
    parser.add_argument("--every", type=int, default=10_000, help="examples between points of the learning curve")
    parser.add_argument("--held-out", type=int, default=400, help="questions of the learning curve")
    parser.add_argument("--save-minutes", type=float, default=5.0, help="between checkpoints; default: %(default)s")
    return parser


if __name__ == "__main__":
    finish(main)
