"""How soon Ctrl-C ends a sync, step by step: `python -m benchmarks.interrupts [--each 8] [--articles 240]`.

The command runs in a terminal of its own, as a person runs it, with the packaged model; the key is pressed at a random
moment of the step that the terminal shows. Each run goes on where the one before was stopped, and a last one runs to
its end. Needs Linux or macOS.
"""

from __future__ import annotations

import argparse
import os
import pty
import re
import select
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

from benchmarks.formats import ONE, article
from index.catalog import Catalog
from proofs.pictures import picture_of

FORMATS = ("txt", "html", "pdf", "docx", "epub")
# The steps in their order, as the terminal names them, "starting" before it names any. A name that stands there for
# less than 0.1 s is not drawn.
STEPS = ("starting", "scanning", "reading", "splitting", "embedding", "building")
# When the key is pressed: at the latest so many seconds after a step, or a later one, has begun. What begins as
# "scanning" starts the processes that read, and ends as "reading".
PRESSED = {"starting": 0.4, "scanning": 4.0, "splitting": 2.0, "embedding": 20.0, "building": 2.0}
TRIES = 8
PATIENCE = 1800
# A run that ends well within this many seconds of the key had done its work.
OVER = 0.3
SEED = 7
_NAMED = re.compile("|".join(STEPS[1:]).encode())


@dataclass(frozen=True, slots=True)
class Ended:
    """A run: the step it was in, the seconds from the key to its end, its exit code, and what it said after the key."""

    step: str
    seconds: float
    code: int
    said: str

    @property
    def well(self) -> bool:
        """Whether it ended as it should: by the key, with the sentence, and without a trace.

        While Python itself starts, the key ends it without a sentence; a shell gives 130 for that too.
        """
        spoken = self.code == 130 and "nothing is lost" in self.said
        return (spoken or self.code == -signal.SIGINT) and "Traceback" not in self.said


class Terminal:
    """A sync that runs in a terminal of its own."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.said = b""
        self.code: int | None = None
        self._pid, self._screen = pty.fork()
        if self._pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # which a shell has ignored by what runs in its background
            os.execv(sys.executable, [sys.executable, "-m", "index", "sync", str(folder), "--store", str(store)])

    @property
    def step(self) -> str:
        """The step that was named last."""
        named = _NAMED.findall(self.said)
        return named[-1].decode() if named else "starting"

    def watch(self, seconds: float, until: str = "") -> bool:
        """Looks on for so long, or until a step or a later one begins, or the run ends; whether it still runs."""
        end = time.monotonic() + seconds
        awaited = STEPS[STEPS.index(until) :] if until else ()
        while self.code is None and time.monotonic() < end and self.step not in awaited:
            self._look(min(0.02, max(0.0, end - time.monotonic())))
        return self.code is None

    def press(self) -> Ended:
        """Presses Ctrl-C, and waits for the end."""
        step, before, start = self.step, len(self.said), time.monotonic()
        os.write(self._screen, b"\x03")
        self.watch(PATIENCE)
        seconds = time.monotonic() - start
        assert self.code is not None, "it did not end"
        return Ended(step, seconds, self.code, self.said[before:].decode(errors="replace"))

    def _look(self, seconds: float) -> None:
        if select.select([self._screen], [], [], seconds)[0]:
            try:
                self.said += os.read(self._screen, 65_536)
            except OSError:  # nobody writes any more
                time.sleep(0.001)
        ended, status = os.waitpid(self._pid, os.WNOHANG)
        if ended:
            self._drain()
            self.code = os.waitstatus_to_exitcode(status)
            os.close(self._screen)

    def _drain(self) -> None:
        while select.select([self._screen], [], [], 0)[0]:
            try:
                self.said += os.read(self._screen, 65_536)
            except OSError:
                return


def written(folder: Path, count: int) -> Path:
    """A folder of articles in several formats."""
    folder.mkdir(parents=True)
    rng = Random(SEED)
    for number in range(count):
        suffix = FORMATS[number % len(FORMATS)]
        (folder / f"{number:05}.{suffix}").write_bytes(ONE[suffix](article(rng)))
    return folder


def interrupted(folder: Path, store: Path, step: str, after: float) -> Ended | None:
    """A run that is stopped so many seconds after a step began; None when it was over by then."""
    run = Terminal(folder, store)
    running = run.watch(PATIENCE, until=step) and run.watch(after)
    if not running and run.code != 0:
        raise RuntimeError(f"a run ended with {run.code} by itself: {run.said[-500:]!r}")
    end = run.press() if running else None
    return None if end and end.code == 0 and end.seconds < OVER else end


def tried(folder: Path, store: Path, step: str, after: float) -> Ended:
    """The same, pressed sooner as often as it was over by then."""
    for _ in range(TRIES):
        if end := interrupted(folder, store, step, after):
            return end
        after /= 2
        forgotten(store, step)
    raise RuntimeError(f"no run could be stopped while {step}")


def forgotten(store: Path, step: str) -> None:
    """Takes what was published out of the store, so that the next run has every step; vectors only for embedding."""
    shutil.rmtree(store / "segments", ignore_errors=True)
    catalog = Catalog(store)
    with catalog.transaction():
        catalog._db.execute("DELETE FROM passages_text")
        catalog._db.execute("DELETE FROM articles")
        catalog._db.execute("DELETE FROM sources")
        catalog._db.execute("DELETE FROM segments")
        if step == "embedding":
            catalog._db.execute("DELETE FROM vectors")
    catalog.close()


def left_running() -> list[int]:
    """The processes that read for a run which is gone."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            reads = b"index.sources.worker" in (place / "cmdline").read_bytes()
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if reads and parent == 1:
            found.append(int(place.name))
    return found


def diverged(store: Path, fresh: Path) -> str:
    """How what is live differs from a build that nobody interrupted; "" when it does not."""
    here, there = picture_of(store), picture_of(fresh)
    missing, extra = there.said.keys() - here.said.keys(), here.said.keys() - there.said.keys()
    return f"{len(missing)} passages missing, {len(extra)} too many" if missing or extra else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--each", type=int, default=8, help="interrupts of each step")
    parser.add_argument("--articles", type=int, default=240)
    options = parser.parse_args()
    rng = Random(SEED)
    with tempfile.TemporaryDirectory() as place:
        folder, store = written(Path(place) / "articles", options.articles), Path(place) / "store"
        plan = [(step, rng.random() * most) for step, most in PRESSED.items() for _ in range(options.each)]
        ends = []
        for step, after in plan:
            end = tried(folder, store, step, after)
            ends.append(end)
            print(f"  {step} {after:.2f}: {end.step}, {end.seconds:.2f} s, code {end.code}", file=sys.stderr)
            if not end.well:
                print(end.said[-1000:], file=sys.stderr)
        time.sleep(0.5)
        print(f"processes left running: {len(left_running())}")
        last, fresh = Terminal(folder, store), Terminal(folder, Path(place) / "fresh")
        last.watch(PATIENCE)
        fresh.watch(PATIENCE)
        print(f"the last run ended with {last.code}; {diverged(store, Path(place) / 'fresh') or 'as a fresh build'}")
    for step in STEPS:
        seconds = sorted(end.seconds for end in ends if end.step == step)
        if seconds:
            late = sum(s > 1 for s in seconds)
            print(
                f"{step:<10} n {len(seconds):>3}  median {median(seconds):.2f} s  longest {seconds[-1]:.2f} s", end="  "
            )
            print(f"{late} took over 1 s")
    print(f"ended by the key, with its sentence and no trace: {sum(end.well for end in ends)} of {len(ends)}")


if __name__ == "__main__":
    main()
