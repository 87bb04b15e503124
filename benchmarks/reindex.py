"""What a sync costs when nothing, or little, has changed: `python -m benchmarks.reindex [--files N]`.

The articles are made here, and a bag of words stands for the model, so that the figures are those of everything but the
embedding. Each sync is a fresh look at the same folder in the same process; times are of one run.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

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


def text(number: int) -> str:
    lines = [" ".join(WORDS[(number * 7 + k * k) % len(WORDS)] for k in range(n, n + 40)) for n in range(6)]
    return f"# Report {number}\n\n" + "\n\n".join(f"In {number} and {n}, {line}." for n, line in enumerate(lines))


def timed(store: Path, folder: Path) -> tuple[float, Report]:
    start = time.perf_counter()
    report = sync_paths(store, [folder], WordEmbedder(max_tokens=256))
    return time.perf_counter() - start, report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000)
    files = parser.parse_args().files
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "articles"
        folder.mkdir()
        for number in range(files):
            (folder / f"{number:06}.md").write_text(text(number), encoding="utf-8")
        time.sleep(4)  # so that the files are not fresh any more
        full, report = timed(Path(place) / "store", folder)
        timed(Path(place) / "store", folder)
        same, again = timed(Path(place) / "store", folder)
        for number in range(0, files, 100):
            (folder / f"{number:06}.md").write_text(text(number + files), encoding="utf-8")
        some, changed = timed(Path(place) / "store", folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"files                       {files:,}, {report.embedded:,} passages")
    print(f"first sync                  {full:.1f} s, {files / full:,.0f} files/s, without embedding")
    print(f"nothing changed             {same:.2f} s ({again.same:,} unchanged)")
    print(
        f"1 in 100 changed            {some:.2f} s ({changed.changed:,} changed), {some / full:.1%} of the first sync"
    )
    print(f"largest resident memory     {peak:,.0f} MB")


if __name__ == "__main__":
    main()
