"""What a score is worth: temperature and threshold, fitted on training articles that were held out.

`python -m training.calibrate MODEL --data DIR` writes MODEL/calibration.json. Exit code 0: done.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from index.errors import FootnoteError
from index.terminal import finish
from rag.reading.spans import chance

FILE = "calibration.json"


@dataclass(frozen=True, slots=True)
class Calibration:
    """The chance that a passage answers is 1 / (1 + exp((threshold - score) / temperature)); it is 1/2 at `threshold`.

    Platt, 1999, over `examples` examples, of which `nulls` have no answer.
    """

    temperature: float
    threshold: float
    examples: int
    nulls: int

    def chance(self, score: float) -> float:
        """The chance, from 0 to 1, that a passage with this score answers."""
        return chance(score, self.threshold, self.temperature)


def fit(scores: Sequence[float], answerable: Sequence[bool]) -> Calibration:
    """The calibration of most likelihood, by Newton's method. Raises FootnoteError unless there are both kinds.

    Targets are drawn in as Platt does, so that scores which part both kinds wholly still give a finite temperature.
    """
    import numpy as np

    x, y = np.asarray(scores, dtype=np.float64), np.asarray(answerable, dtype=bool)
    yes, no = int(y.sum()), int((~y).sum())
    if not yes or not no:
        raise FootnoteError(
            f"{yes} answerable and {no} unanswerable examples give no calibration", "Give a larger set."
        )
    middle, spread = x.mean(), x.std() or 1.0
    rows = np.column_stack(((x - middle) / spread, np.ones_like(x)))
    target = np.where(y, (yes + 1) / (yes + 2), 1 / (no + 2))
    weights = np.zeros(2)
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -500, 500)))
        curve = rows.T @ (rows * (chance * (1 - chance))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(curve, rows.T @ (target - chance))
        # A whole step may overshoot where the curve is flat.
        weights += step * min(1.0, 2 / max(1e-12, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-10:
            break
    slope = max(float(weights[0]), 1e-6) / spread
    return Calibration(float(1 / slope), float(middle - weights[1] / slope), len(x), no)


def main() -> int:
    """Fits and writes the calibration."""
    options = _arguments().parse_args()
    from training.examples import load_folders
    from training.mix import held_out
    from training.network import Network
    from training.scoring import read

    examples = held_out(load_folders(options.data), options.questions, seed=13)
    found = read(Network(options.model, dtype=options.dtype), examples)
    fitted = fit([r.score for r in found], [e.answer is not None for e in examples])
    said = json.dumps(asdict(fitted), indent=1)
    (options.model / FILE).write_text(said + "\n", encoding="utf-8")
    sys.stdout.write(said + "\n")
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=__doc__)
    parser.add_argument("model", type=Path, help="a folder that training.reader wrote")
    parser.add_argument("--data", type=Path, required=True, help="what it was trained on")
    parser.add_argument("--questions", type=int, default=1_000, help="at most so many; default: %(default)s")
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16", help="default: %(default)s")
    return parser


if __name__ == "__main__":
    finish(main)
