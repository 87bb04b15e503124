"""What a sync costs when nothing, or little, has changed: `python -m benchmarks.reindex [--files N] [--model]`.

The articles are made here. Without --model a bag of words stands for the model, and the figures are those of everything
but the embedding; with it the packaged model embeds. Each sync is a fresh look at the same folder in the same process,
the model loaded, with new processes that read; the last one is the command as a person runs it, its start included.
Seconds are by the clock, and of the processor: on a busy machine the second tell more.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from index.embedder import Embedder
from index.sources import workers
from index.sync import Report, sync_paths
from proofs.words import WordEmbedder

WORDS = [
    "harbour",
    "mole",
    "stone",
    "ferry",
    "crane",
    "quay",
    "tide",
    "council",
    "skipper",
    "berth",
    "winter",
    "storm",
    "engineer",
    "survey",
    "budget",
    "pilot",
]
# So that the files are not fresh any more.
SETTLED = 4.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock and of the processor, and what was done in them."""

    seconds: float
    cpu: float
    report: Report | None = None

    def of(self, whole: Cost) -> str:
        return f"{self} ({self.seconds / whole.seconds:.1%} by the clock, {self.cpu / whole.cpu:.1%} of the processor)"

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.cpu:.2f} s of the processor"


def text(number: int) -> str:
    lines = [" ".join(WORDS[(number * 7 + k * k) % len(WORDS)] for k in range(n, n + 40)) for n in range(6)]
    return f"# Report {number}\n\n" + "\n\n".join(f"In {number} and {n}, {line}." for n, line in enumerate(lines))


def timed(store: Path, folder: Path, embedder: Embedder) -> Cost:
    start, before = time.perf_counter(), used()
    report = sync_paths(store, [folder], embedder)
    seconds = time.perf_counter() - start
    workers._shared.close()  # the time of a process is known when it has ended
    return Cost(seconds, used() - before, report)


def used() -> float:
    """Seconds of the processor that this process, and those of its children that have ended, have taken."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def commanded(store: Path) -> Cost:
    """`python -m index sync`."""
    start, before = time.perf_counter(), used()
    command = [sys.executable, "-m", "index", "sync", "--store", str(store)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return Cost(time.perf_counter() - start, used() - before)


def edited(folder: Path, files: int, edition: int) -> None:
    """Rewrites 1 file in 100."""
    for number in range(edition, files, 100):
        (folder / f"{number:06}.md").write_text(text(number + edition * files), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--model", action="store_true", help="embed with the packaged model")
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    embedder = Embedder() if options.model else WordEmbedder(max_tokens=256)
    embedder.embed(["warm"])
    with tempfile.TemporaryDirectory() as place:
        folder, store = Path(place) / "articles", Path(place) / "store"
        folder.mkdir()
        for number in range(options.files):
            (folder / f"{number:06}.md").write_text(text(number), encoding="utf-8")
        time.sleep(SETTLED)
        full = timed(store, folder, embedder)
        timed(store, folder, embedder)
        same = timed(store, folder, embedder)
        edited(folder, options.files, 1)
        some = timed(store, folder, embedder)
        print(f"files              {options.files:,}, {full.report.embedded:,} passages")
        print(f"first sync         {full}")
        print(f"nothing changed    {same} ({same.report.same:,} unchanged)")
        print(f"1 in 100 changed   {some.of(full)}, {some.report.changed:,} changed, {some.report.embedded:,} embedded")
        if options.model:
            time.sleep(SETTLED)
            commanded(store)
            print(f"the command, nothing changed    {commanded(store).of(full)}")
            edited(folder, options.files, 2)
            print(f"the command, 1 in 100 changed   {commanded(store).of(full)}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"largest resident memory         {peak:,.0f} MB")


if __name__ == "__main__":
    main()
