"""R1: killing a run never harms what is served. After each SIGKILL a reader sees one published state, exactly."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

from index.search import Index
from index.terminal import INTERRUPTED
from proofs.articles import Folder, questions
from proofs.children import Job, Kill, finish, lines, start, sync_in_child
from proofs.outcome import Outcome, Tally
from proofs.pictures import Picture, picture_of, wrong_answers
from proofs.words import WordEmbedder

ARTICLES = 24
FULL, SMOKE = 200, 6
# Small rounds and batches, so that a run has many steps.
SMALL = {"ROUND_CHARACTERS": 4_000, "EMBED_BATCH": 8, "MAX_SEGMENTS": 2, "BATCH": 32}
# Runs until one comes to a step: a merge is not needed in each.
TRIES = 4
# Each step of a run, by what happens there.
STEPS = {
    "before what was staged is cleared": Kill("Catalog.discard_staged"),
    "what was staged is cleared": Kill("Catalog.discard_staged", "after"),
    "unused files are cleared": Kill("remove_unused", "after"),
    "the sources are compared": Kill("plan", "after"),
    "before anything is staged": Kill("Catalog.stage"),
    "an article half staged": Kill("Catalog._index_text", "after", 2),
    "one article staged": Kill("Catalog.stage", "after"),
    "some articles staged": Kill("Catalog.stage", "after", 3),
    "before anything is embedded": Kill("embed"),
    "embedded and not kept": Kill("embed", "after"),
    "before vectors are kept": Kill("Catalog.store_vectors"),
    "vectors kept": Kill("Catalog.store_vectors", "after"),
    "more vectors kept": Kill("Catalog.store_vectors", "after", 3),
    "before a segment is built": Kill("build"),
    "a segment not begun": Kill("_write"),
    "a segment half written": Kill("Catalog.vectors", "after", 2),
    "a segment written": Kill("_write", "after"),
    "a segment on disk": Kill("_sync_to_disk", "after"),
    "before a segment is probed": Kill("_probe"),
    "a segment probed": Kill("_probe", "after"),
    "a segment built": Kill("build", "after"),
    "before the publication": Kill("Catalog.publish"),
    "inside the publication": Kill("Catalog._add_segment", "after"),
    "before the commit": Kill("Catalog._raise_generation", "after"),
    "published": Kill("Catalog.publish", "after"),
    "before the second publication": Kill("Catalog.publish", "before", 2),
    "inside the second publication": Kill("Catalog._raise_generation", "after", 2),
    "published twice": Kill("Catalog.publish", "after", 2),
    "before merging": Kill("merge_segments"),
    "merging, the new segment built": Kill("Catalog.replace_segments"),
    "merged": Kill("Catalog.replace_segments", "after"),
    "before forgetting": Kill("Catalog.tidy"),
    "forgotten": Kill("Catalog.tidy", "after"),
    "before the last files are cleared": Kill("remove_unused", "before", 2),
    "the last files are cleared": Kill("remove_unused", "after", 2),
}


class Scene:
    """A folder that is edited, its store, and a reader that stays open all the while.

    Runs are ended by `signal`, and have `ended` then for their exit code; the last of them took `took` seconds to end.
    """

    def __init__(self, place: Path, rng: Random, number: int = signal.SIGKILL) -> None:
        self.place = place
        self.rng = rng
        self.signal = number
        self.ended = INTERRUPTED if number == signal.SIGINT else -number
        self.took = 0.0
        self.folder = Folder(place / "articles", ARTICLES, rng)
        self.store = place / "store"
        self.embedder = WordEmbedder()
        self.open = Index(self.store, self.embedder)
        self.asked = questions(rng.randrange(10**6), 3)
        self._record = place / "record"
        self.duration = 0.5  # of a run, in seconds; as long as the last one that was not killed took
        code, said = self.sync()
        if code != 0:
            raise RuntimeError(f"the first run ended with {code}: {said}")

    def job(self, kill: Kill | None = None) -> Job:
        """A run over the folder with many steps, which notes what it publishes."""
        return Job(
            self.store, (self.folder.root,), self.place / "out", constants=SMALL, record=self._record, kill=kill,
            started=self.place / "started",
        )  # fmt: skip

    def sync(self) -> tuple[int | None, str]:
        """A run to its end."""
        return sync_in_child(self.job())

    def edit(self) -> None:
        """Some articles are edited, added and removed."""
        self.folder.change(edited=8, added=2, removed=2)

    def killed(self, after: float) -> bool:
        """Whether a run was killed that many seconds after it began, or had ended already."""
        (self.place / "started").unlink(missing_ok=True)
        process = start(self.job())
        while process.exitcode is None and not (self.place / "started").exists():
            time.sleep(0.001)
        begin = time.monotonic()
        process.join(after)
        if process.exitcode is not None:
            self.duration = time.monotonic() - begin
        else:
            begin = time.monotonic()
            os.kill(process.pid, self.signal)
            finish(process)
            self.took = time.monotonic() - begin
            if process.exitcode not in (0, self.ended):
                raise RuntimeError(f"a run ended with {process.exitcode}: {(self.place / 'out').read_text()}")
        return bool(process.exitcode == self.ended)

    def killed_at(self, kill: Kill) -> int | None:
        """The exit code of a run that ends itself at a step."""
        return finish(start(self.job(replace(kill, signal=self.signal))))

    def unpublished(self) -> tuple[Picture, str]:
        """What is served, and how that is no published state; "" when it is the last one committed, exactly."""
        seen = picture_of(self.store)
        noted = [line for line in lines(self._record) if "digest" in line]
        # What was noted and never committed did not happen; the next run gives its number to something else.
        happened = [line for line in noted if line["generation"] <= seen.generation]
        self._record.write_text(
            "".join(f'{{"generation": {n["generation"]}, "digest": "{n["digest"]}"}}\n' for n in happened)
        )
        of_it = [line["digest"] for line in happened if line["generation"] == seen.generation]
        if seen.digest not in of_it[-1:]:
            return (
                seen,
                f"generation {seen.generation} holds {len(seen.said)} passages that were not published like this",
            )
        return seen, ""

    def wrong(self) -> str:
        """How a reader that was open, or a new one, sees anything but a published state; "" when both are right."""
        seen, unpublished = self.unpublished()
        return (
            unpublished
            or wrong_answers(self.open, seen, self.asked)
            or wrong_answers(Index(self.store, self.embedder), seen, self.asked)
        )


@contextmanager
def scene(seed: int, name: str, number: int = signal.SIGKILL) -> Iterator[Scene]:
    """A scene in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="footnote-proof-") as place:
        yield Scene(Path(place), Random(f"{name} {seed}"), number)


def at_random(stage: Scene, count: int) -> Iterator[str]:
    """Kills that many runs while they run, each after another edit, and names each kill."""
    done = 0
    for attempt in range(count * 5):
        if done == count:
            return
        stage.edit()
        after = stage.rng.random() * stage.duration
        if stage.killed(after):
            done += 1
            yield f"kill {done} after {after:.3f} s (attempt {attempt})"
    raise RuntimeError(f"only {done} of {count} runs were killed before they ended")


def at_steps(stage: Scene, tally: Tally) -> Iterator[str]:
    """Kills a run once at each named step; a step that no run takes is a failure."""
    for name, kill in STEPS.items():
        for _ in range(TRIES):
            stage.edit()
            code = stage.killed_at(kill)
            if code == stage.ended:
                yield name
                break
        else:
            said = (stage.place / "out").read_text()[-300:]
            tally.case(name, f"no run came to this step; the last ended with {code}: {said}")


def prove(smoke: bool, seed: int) -> Outcome:
    """Kills at random points and at each named step; what is served afterwards is compared with what was published."""
    tally = Tally("kills", seed)
    with scene(seed, "kills") as stage:
        for name in at_random(stage, SMOKE if smoke else FULL):
            tally.case(name, stage.wrong())
        for name in at_steps(stage, tally):
            tally.case(name, stage.wrong())
    return tally.outcome(f"{SMOKE if smoke else FULL} at random, {len(STEPS)} at named steps")
