"""How much memory a first sync holds, by the number of articles: `python -m benchmarks.memory [N ...]`.

The articles are short and made here, and a bag of words with vectors as long as the packaged model's stands for it; the
model itself would hold some 700 MB more, however many articles there are. Each size is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from index.sources import workers
from index.sync import sync_paths
from proofs.articles import article
from proofs.words import Vectors, WordEmbedder

SIZES = (1_000, 10_000, 100_000)
IN_A_FOLDER = 1_000
SEED = 7


class Forgetful(WordEmbedder):
    """The bag of words, without the memory of what it has embedded."""

    def embed(self, texts: list[str]) -> Vectors:
        vectors = super().embed(texts)
        self.embedded.clear()
        return vectors


def written(folder: Path, count: int) -> Path:
    rng = Random(SEED)
    for number in range(count):
        if number % IN_A_FOLDER == 0:
            into = folder / f"{number // IN_A_FOLDER:04}"
            into.mkdir(parents=True)
        (into / f"{number:06}.md").write_text(article(rng), encoding="utf-8")
    return folder


def synced(folder: Path, store: Path) -> dict[str, float]:
    """A sync in this process, and the most memory that it and the largest of the processes that read for it held."""
    steps, now = {}, "scanning"

    def progress(step: str, *_: int) -> None:
        nonlocal now
        steps[now] = peak(resource.RUSAGE_SELF)
        now = step

    start = time.perf_counter()
    report = sync_paths(store, [folder], Forgetful(dimension=384, max_tokens=256), progress)
    seconds = time.perf_counter() - start
    workers._shared.close()
    assert not report.unread, report.unread[:3]
    return {
        "passages": report.embedded,
        "seconds": seconds,
        "cpu": sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)),
        "peak": peak(resource.RUSAGE_SELF),
        "child": peak(resource.RUSAGE_CHILDREN),
        **steps,
    }


def peak(who: int) -> float:
    """The largest resident memory so far, in MB."""
    return resource.getrusage(who).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--one", nargs=2, type=Path, metavar=("FOLDER", "STORE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(synced(*options.one)))
        return
    for count in options.sizes:
        with tempfile.TemporaryDirectory() as place:
            folder = written(Path(place) / "articles", count)
            asked = [sys.executable, "-m", "benchmarks.memory", "--one", str(folder), str(Path(place) / "store")]
            said = json.loads(subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout)
            size = sum(file.stat().st_size for file in Path(place, "store").rglob("*") if file.is_file()) / 1e6
        print(f"{count:,} articles, {said.pop('passages'):,.0f} passages, {size:,.0f} MB on disk:", end=" ")
        print(", ".join(f"{name} {value:,.0f}" for name, value in said.items()), flush=True)


if __name__ == "__main__":
    main()
