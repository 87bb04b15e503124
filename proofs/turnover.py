"""R9: the store stays bounded. Every article is rewritten again and again, and the folder measured each time."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from random import Random

from proofs.articles import Folder
from proofs.children import Job, sync_in_child
from proofs.outcome import Outcome, Tally

ARTICLES, SMOKE_ARTICLES = 150, 60
FULL, SMOKE = 50, 4
MOST = 2.2
# A clean build is measured again after so many turnovers.
CLEAN_EVERY = 10


def prove(smoke: bool, seed: int) -> Outcome:
    """After each turnover the store takes at most 2.2 times the blocks of a clean build of the same articles."""
    tally = Tally("turnover", seed)
    largest = 0.0
    with tempfile.TemporaryDirectory(prefix="footnote-proof-") as directory:
        place = Path(directory)
        folder = Folder(place / "articles", SMOKE_ARTICLES if smoke else ARTICLES, Random(f"turnover {seed}"))
        if problem := _sync(place, place / "store", folder):
            raise RuntimeError(problem)
        clean = size_of(place / "store")
        for number in range(1, (SMOKE if smoke else FULL) + 1):
            folder.edit(folder.files)
            problem = _sync(place, place / "store", folder)
            if number % CLEAN_EVERY == 0:
                problem = problem or _sync(place, place / "clean", folder)
                clean = size_of(place / "clean")
                shutil.rmtree(place / "clean", ignore_errors=True)
            size = size_of(place / "store")
            largest = max(largest, size / clean)
            over = f"{size:,} bytes are {size / clean:.2f} times a clean build: {_parts(place / 'store')}"
            tally.case(f"turnover {number}", problem, over if size > MOST * clean else "")
    return tally.outcome(f"at most {largest:.2f} times a clean build of {clean / 1e6:.1f} MB")


def size_of(folder: Path) -> int:
    """The bytes of the blocks that everything in it takes on disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def _parts(folder: Path) -> str:
    """The size of each thing in it, the largest first."""
    sizes = {path.name: size_of(path) if path.is_dir() else path.stat().st_blocks * 512 for path in folder.iterdir()}
    return ", ".join(f"{name} {size:,}" for name, size in sorted(sizes.items(), key=lambda part: -part[1]) if size)


def _sync(place: Path, store: Path, folder: Folder) -> str:
    code, said = sync_in_child(Job(store, (folder.root,), place / "out"))
    return "" if code == 0 else f"the run ended with {code}: {said}"
