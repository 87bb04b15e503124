"""Scores a reader on question sets, each question in its own passage: `python -m training.score MODEL SET...`.

Exact match, F1 and AUROC as JSON on stdout, one line for each set. Those of whole sets, read by a packed reader, go
into its manifest and its card. Exit code 0: done.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from index.terminal import finish

if TYPE_CHECKING:
    from training.examples import Example
    from training.scoring import Read


def main() -> int:
    """Prints the scores of each set."""
    options = _arguments().parse_args()
    from rag.reading.packed import MANIFEST
    from training.examples import load_folders, plain, sample
    from training.export import record
    from training.scoring import scores

    read = _reads(options.model, options.dtype)
    for place in options.set:
        for folder in load_folders(place):
            asked = sample(folder.asked, options.limit) if options.limit else folder.asked
            examples = [plain(one) for one in asked]
            found = scores(examples, read(examples), options.threshold)
            row = {"set": folder.name, **found.as_json()}
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()
            if not options.limit and options.threshold is None and (options.model / MANIFEST).is_file():
                record(options.model, row)
    return 0


def _reads(folder: Path, dtype: str) -> Callable[[Sequence[Example]], list[Read]]:
    """What reads with the model in the folder: as it was trained, or as it is shipped."""
    from rag.reading.packed import MANIFEST, PackedModel
    from training.scoring import read, read_packed

    if (folder / MANIFEST).is_file():
        return partial(read_packed, PackedModel(folder))
    from training.network import Network

    return partial(read, Network(folder, dtype=dtype))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.score", description=__doc__)
    parser.add_argument("model", type=Path, help="a folder that training.reader or training.export wrote")
    parser.add_argument("set", type=Path, nargs="+", help="a question set in the form of BEIR")
    parser.add_argument("--threshold", type=float, help="answer from this score on; default: the best for the set")
    parser.add_argument("--limit", type=int, default=0, help="at most so many questions; default: all")
    parser.add_argument("--dtype", choices=("bfloat16", "float32"), default="bfloat16", help="default: %(default)s")
    return parser


if __name__ == "__main__":
    finish(main)
