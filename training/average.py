"""One model of two trainings: `python -m training.average FIRST SECOND OUT` writes the mean of their weights.

The second went on from the first. Between the ends of two trainings that began alike the loss is mostly lower than at
either (Wortsman et al., 2022, arXiv:2203.05482), at no cost in serving. Exit code 0: done.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from pathlib import Path

import numpy as np

from index.errors import FootnoteError, UsageError
from index.terminal import finish
from training.export import CALIBRATION, RECORD, WEIGHTS
from training.loop import CHECKPOINT

# Of a training alone; the mean is calibrated anew.
OF_ITSELF = {CALIBRATION, CHECKPOINT}


def average(first: Path, second: Path, out: Path) -> None:
    """Writes a folder like that of `second`, with the mean of both weights and the records of both trainings.

    Raises UsageError where the two are not of one shape, and FootnoteError where a file is missing.
    """
    from safetensors.numpy import load_file, save_file

    missing = [
        folder / name for folder in (first, second) for name in (WEIGHTS, RECORD) if not (folder / name).is_file()
    ]
    if missing:
        raise FootnoteError(f"There is no {missing[0]}", "Run training.reader to its end first.")
    one, other = load_file(first / WEIGHTS), load_file(second / WEIGHTS)
    if {name: weights.shape for name, weights in one.items()} != {
        name: weights.shape for name, weights in other.items()
    }:
        raise UsageError(f"{first} and {second} are models of different shapes", "The second goes on from the first.")
    shutil.copytree(second, out, dirs_exist_ok=True, ignore=lambda _, names: OF_ITSELF.intersection(names))
    mean = {name: (one[name].astype(np.float64) + other[name]) / 2 for name in other}
    save_file(
        {name: weights.astype(other[name].dtype) for name, weights in mean.items()}, out / WEIGHTS, {"format": "pt"}
    )
    records = [json.loads((folder / RECORD).read_text(encoding="utf-8")) for folder in (first, second)]
    (out / RECORD).write_text(json.dumps({**records[1], "averaged": records[0]}, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Averages."""
    parser = argparse.ArgumentParser(prog="python -m training.average", description=__doc__)
    parser.add_argument("first", type=Path, help="a folder that training.reader wrote")
    parser.add_argument("second", type=Path, help="one that a training from the first wrote")
    parser.add_argument("out", type=Path, help="the folder to write")
    options = parser.parse_args()
    average(options.first, options.second, options.out)
    sys.stdout.write(f"Written to {options.out}\n")
    return 0


if __name__ == "__main__":
    finish(main)
