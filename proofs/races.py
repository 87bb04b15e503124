"""R5: two runs cannot write at once. One goes on, the others say which process does; kill -9 frees the lock."""

from __future__ import annotations

import re
import tempfile
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from random import Random

from proofs.articles import Folder
from proofs.children import PATIENCE, Job, finish, start, sync_in_child
from proofs.outcome import Outcome, Tally
from proofs.pictures import picture_of

ARTICLES = 6
FULL, SMOKE = 50, 4
MOST = 8
_HELD = re.compile(r"Another process \((?:process )?(\d+)\) is writing to the index")


def prove(smoke: bool, seed: int) -> Outcome:
    """Every other winner is killed while it holds the lock; the next run must then go on at once."""
    tally = Tally("races", seed)
    rng = Random(f"races {seed}")
    crowd = 0
    with tempfile.TemporaryDirectory(prefix="footnote-proof-") as directory:
        place = Path(directory)
        folder = Folder(place / "articles", ARTICLES, rng)
        for number in range(SMOKE if smoke else FULL):
            count = rng.randint(2, MOST)
            crowd += count
            folder.edit(folder.files)
            tally.case(f"race {number + 1} of {count}", *_race(place, folder, count, killed=bool(number % 2)))
    return tally.outcome(f"{crowd} processes; every other winner was killed")


def _race(place: Path, folder: Folder, count: int, killed: bool) -> list[str]:
    """What went wrong in one race."""
    hold, gate = place / "hold", place / "gate"
    for file in (hold, gate, *place.glob("out*")):
        file.unlink(missing_ok=True)
    jobs = [Job(place / "store", (folder.root,), place / f"out {n}", hold=hold, gate=gate) for n in range(count)]
    racers = [start(job) for job in jobs]
    while not all(job.out.exists() for job in jobs):
        time.sleep(0.002)
    gate.touch()
    end = time.monotonic() + PATIENCE
    while sum(racer.exitcode is None for racer in racers) > 1 and time.monotonic() < end:
        time.sleep(0.005)
    going_on = [racer for racer in racers if racer.exitcode is None]
    problems = [] if len(going_on) == 1 else [f"{len(going_on)} go on when the others have ended"]
    problems += _told(racers, jobs, going_on[0].pid if going_on else None)
    for winner in going_on[: 1 if killed else 0]:
        winner.kill()
        finish(winner)
    hold.touch()
    for racer in racers:
        finish(racer)
    if going_on and not killed and going_on[0].exitcode != 0:
        problems.append(f"the one that went on ended with {going_on[0].exitcode}")
    return problems + _free(place, folder)


def _told(racers: list[ForkServerProcess], jobs: list[Job], winner: int | None) -> list[str]:
    """What is wrong with how those that did not go on ended."""
    problems = []
    for racer, job in zip(racers, jobs, strict=True):
        said = job.out.read_text() if job.out.exists() else ""
        if racer.pid == winner:
            continue
        held = _HELD.search(said)
        if racer.exitcode != 1 or not held or "Traceback" in said:
            problems.append(f"one that did not go on ended with {racer.exitcode}: {said.strip()[:300]!r}")
        elif int(held[1]) != winner:
            problems.append(f"process {winner} goes on, and another was told that process {held[1]} does")
    return problems


def _free(place: Path, folder: Folder) -> list[str]:
    """What keeps the next run from going on at once, and from indexing everything."""
    code, said = sync_in_child(Job(place / "store", (folder.root,), place / "out"))
    if code != 0:
        return [f"the next run ended with {code}: {said.strip()[:300]!r}"]
    return [] if picture_of(place / "store").said else ["the next run left an empty index"]
