"""R10: another model or splitter never mixes with what is served. The old one serves until the new one is published.

Runs are killed on the way and gone on with; what had been embedded and kept is not embedded again.
"""

from __future__ import annotations

import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from index.errors import FootnoteError
from index.search import Index
from proofs.articles import Folder, questions
from proofs.children import Job, start, sync_in_child
from proofs.outcome import Outcome, Tally
from proofs.pictures import Picture, dense, differences, picture_of, wrong_nearest
from proofs.words import WordEmbedder

ARTICLES = 20
FULL, SMOKE = 12, 1
BATCH = 16
SMALL = {"ROUND_CHARACTERS": 4_000, "EMBED_BATCH": BATCH}
OLD = {"name": "words", "dimension": 384}


@dataclass(frozen=True, slots=True)
class Change:
    """What the new run has that the old one had not."""

    embedder: Mapping[str, Any]
    constants: Mapping[str, Any] = field(default_factory=dict)


CHANGES = {
    "another model of 384": Change({"name": "other", "dimension": 384}),
    "a model of 768": Change({"name": "wide", "dimension": 768}),
    "another splitter": Change(OLD | {"max_tokens": 40}, {"SPLITTER_VERSION": "of a proof"}),
}


def prove(smoke: bool, seed: int) -> Outcome:
    """For each change, runs that are killed up to three times and then end, with a reader of each model."""
    tally = Tally("models", seed)
    rng = Random(f"models {seed}")
    looks = 0
    for name, change in CHANGES.items():
        for number in range(SMOKE if smoke else FULL):
            with tempfile.TemporaryDirectory(prefix="footnote-proof-") as directory:
                switch = _Switch(Path(directory), change, rng)
                for kill in range(1 + number % 3):
                    tally.case(f"{name}, run {number + 1}, kill {kill + 1}", *switch.kill())
                tally.case(f"{name}, run {number + 1}, its end", *switch.end())
                looks += switch.looks
    return tally.outcome(f"{looks} looks while it changed")


class _Switch:
    """A store of the old model on its way to the new one."""

    def __init__(self, place: Path, change: Change, rng: Random) -> None:
        self._rng = rng
        folder = Folder(place / "articles", ARTICLES, rng)
        self._store = place / "store"
        self._log = place / "embedded"
        self._asked = questions(rng.randrange(10**6), 2)
        self._old = Index(self._store, WordEmbedder(**OLD))
        self._new = Index(self._store, WordEmbedder(**change.embedder))
        before = Job(self._store, (folder.root,), place / "out", embedder=OLD)
        self._job = replace(
            before, embedder={**change.embedder, "log": self._log}, constants=SMALL | change.constants,
            started=place / "started",
        )  # fmt: skip
        fresh = replace(self._job, store=place / "fresh", embedder=change.embedder)
        begin = time.monotonic()
        for job in (before, fresh):
            code, said = sync_in_child(job)
            if code != 0:
                raise RuntimeError(f"a run ended with {code}: {said}")
        self._duration = (time.monotonic() - begin) / 2
        self._was, self._will = picture_of(self._store), picture_of(place / "fresh")
        self._kills = 0
        self.looks = 0

    def kill(self) -> list[str]:
        """Kills a run to the new at a random point. What was wrong with what was seen before and after."""
        end = time.monotonic() + self._rng.random() * self._duration
        assert self._job.started
        self._job.started.unlink(missing_ok=True)
        process = start(self._job)
        problems: list[str] = []
        while process.exitcode is None and time.monotonic() < end:
            problems += self._wrong()
        process.kill()
        process.join()
        self._kills += process.exitcode == -signal.SIGKILL
        return problems[:2] + self._wrong()

    def end(self) -> list[str]:
        """Lets the run end. What was wrong with what is served then, and with what was embedded on the way."""
        code, said = sync_in_child(self._job)
        if code != 0:
            return [f"the run ended with {code}: {said}"]
        problems = self._wrong()
        if wrong := differences(picture_of(self._store), self._will):
            problems.append(f"the new one is not published whole: {wrong}")
        times = Counter(self._log.read_text().split() if self._log.exists() else [])
        again = sum(n - 1 for n in times.values())
        if again > BATCH * self._kills:
            problems.append(f"{again} texts were embedded again after {self._kills} kills; a batch is {BATCH}")
        return problems

    def _wrong(self) -> list[str]:
        """How what is served now is neither the old nor the new, whole; looked at again when it changed meanwhile."""
        while True:
            self.looks += 1
            seen = picture_of(self._store)
            problems = self._judged(seen)
            if picture_of(self._store).generation == seen.generation:
                return problems

    def _judged(self, seen: Picture) -> list[str]:
        was, will = differences(seen, self._was), differences(seen, self._will)
        if was and will:
            return [f"neither the old nor the new is served: {was}; {will}"]
        if not was:
            answering, refusing, known = self._old, self._new, self._was
        else:
            answering, refusing, known = self._new, self._old, self._will
        problems = [wrong for question in self._asked if (wrong := _answered(answering, question, known))]
        if answering.embedder.fingerprint != refusing.embedder.fingerprint and not _refuses(refusing):
            problems.append("a reader with the other model was answered")
        return problems


def _answered(index: Index, question: str, known: Picture) -> str:
    """How the answer differs from an exact search; "" when it does not."""
    vector = index.embedder.embed_question(question)
    try:
        with index.view() as view:
            return wrong_nearest(dense(view, vector), known, vector)
    except FootnoteError as error:
        return f"the one whose vectors are served is refused: {error}"
    except Exception as error:
        return f"the one whose vectors are served broke: {type(error).__name__}: {error}"


def _refuses(index: Index) -> bool:
    try:
        with index.view():
            return False
    except FootnoteError:
        return True
