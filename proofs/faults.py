"""R6: a full disk, a lost permission and an I/O error leave the old index serving, and the next run makes it good.

Each call of a run that changes the store is made to fail in turn, and the store is put on small file systems.
"""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from index.check import check
from index.search import COPIES, SEGMENTS, Index
from proofs.articles import Folder, questions
from proofs.children import Job, lines, sync_in_child
from proofs.outcome import Outcome, Tally, not_run
from proofs.pictures import Picture, differences, picture_of, wrong_answers
from proofs.small_disk import small_disks
from proofs.starved import CREATE, REMOVE, SYNC, TRUNCATE, WRITE, Ended, Failure, Starver, compiled
from proofs.words import WordEmbedder

ARTICLES = 5
# A disk that is full from one call on is so from the next one too: one of each eight calls, by chance, is its first.
LASTING_EVERY = 8
SMOKE = 4  # calls of each kind of failure
SMALL = {"ROUND_CHARACTERS": 4_000, "EMBED_BATCH": 16, "MAX_SEGMENTS": 1}
KINDS = {
    "I/O error at": Failure(0, WRITE | SYNC | TRUNCATE | CREATE | REMOVE, errno.EIO, lasting=False),
    "full disk from": Failure(0, WRITE | CREATE, errno.ENOSPC, lasting=True),
    "no permission from": Failure(0, CREATE | REMOVE, errno.EACCES, lasting=True),
}
# Those that must be seen to be caught: SQLite, which is inside of apsw, Chroma, and Python itself.
LIBRARIES = ("apsw", "chromadb_rust_bindings", "python")
_STRANGE = re.compile(r"Traceback|panicked|unforeseen|core dumped|Exception ignored")


def prove(smoke: bool, seed: int) -> Outcome:
    """Fails each call k, or a few in the smoke size; then 12 sizes of a small file system, or 2."""
    tally = Tally("faults", seed)
    with tempfile.TemporaryDirectory(prefix="footnote-proof-") as directory:
        place = Path(directory)
        library = compiled(place)
        if not library:
            return not_run("faults", seed, "there is no C compiler here to make calls fail with")
        ground = Ground(place, Random(f"faults {seed}"))
        with Starver(library) as starver:
            calls, spared = ground.calls(starver, tally), 0
            for kind, failure in KINDS.items():
                full = calls // LASTING_EVERY if failure.lasting else calls
                for first in chosen(calls, SMOKE if smoke else full, ground.rng):
                    problems = ground.starve(starver, replace(failure, first=first))
                    if problems is None:
                        spared += 1
                    else:
                        tally.case(f"{kind} call {first} of {calls}", *problems)
        how, cases = small_disks(ground, 2 if smoke else 12)
        for name, problems in cases:
            tally.case(name, *problems)
    return tally.outcome(f"{calls} calls, {spared} tries without one left to fail, {how}")


def chosen(calls: int, count: int, rng: Random) -> list[int]:
    """All calls, or one by chance of each of `count` stretches of them."""
    if count >= calls:
        return list(range(1, calls + 1))
    return [rng.randint(n * calls // count + 1, (n + 1) * calls // count) for n in range(count)]


@dataclass(frozen=True, slots=True)
class Stand:
    """A copy of the old store, to be starved, with a reader that was open before."""

    store: Path
    record: Path
    open: Index


class Ground:
    """An old store, a folder that has changed since, and what a run that nothing disturbs makes of them."""

    def __init__(self, place: Path, rng: Random) -> None:
        self.place, self.rng = place, rng
        self.folder = Folder(place / "articles", ARTICLES, rng)
        self.asked = questions(rng.randrange(10**6), 3)
        self.old = place / "old"
        self._sync(self.old)
        self.folder.change(edited=2)
        self._sync(self.old)
        self.was = picture_of(self.old)
        self.folder.change(edited=2, added=1, removed=1)
        self._sync(place / "new")
        self.will = picture_of(place / "new")

    def job(self, store: Path) -> Job:
        """A run over the folder into a store, with several rounds."""
        return Job(
            store, (self.folder.root,), self.place / "out", constants=SMALL, record=self.place / "record", alone=True
        )

    def _sync(self, store: Path) -> None:
        code, said = sync_in_child(replace(self.job(store), record=None))
        if code != 0:
            raise RuntimeError(f"a run ended with {code}: {said}")

    @contextmanager
    def stand(self, store: Path | None = None) -> Iterator[Stand]:
        """A copy of the old store, removed afterwards."""
        store = store or self.place / "store"
        (self.place / "record").unlink(missing_ok=True)
        shutil.copytree(self.old, store, dirs_exist_ok=True)
        try:
            index = Index(store, WordEmbedder())
            wrong_answers(index, self.was, self.asked[:1])
            yield Stand(store, self.place / "record", index)
        finally:
            shutil.rmtree(store, ignore_errors=True)

    def calls(self, starver: Starver, tally: Tally) -> int:
        """How many calls an undisturbed run makes. It is a case that all of them are seen that should be."""
        trace = self.place / "trace"
        with self.stand() as stand:
            ended = starver.run(self.job(stand.store), Failure(0, 0, 0, lasting=False, trace=trace))
            made = [line.split(" ", 3) for line in trace.read_text().splitlines()]
            named = {name for _, _, name, _ in made}
            unseen = [
                str(file.relative_to(stand.store))
                for file in stand.store.rglob("*")
                if file.is_file()
                and file.relative_to(stand.store).parts[0] != COPIES
                and not (self.old / file.relative_to(stand.store)).exists()
                and str(file.relative_to(stand.store)) not in named and not file.name.startswith("LOCK")
            ]  # fmt: skip
            silent = [library for library in LIBRARIES if not any(library in made_by for *_, made_by in made)]
            tally.case(
                "the calls are seen",
                "" if ended.code == 0 else f"the run ended with {ended.code}: {self._said()}",
                f"none of {', '.join(silent)}" if silent else "",
                f"none that made {unseen[0]}" if unseen else "",
            )
        return ended.counted

    def starve(self, starver: Starver, failure: Failure) -> list[str] | None:
        """What was wrong after a run with this failure, and after one without; None when no call failed."""
        with self.stand() as stand:
            ended = starver.run(self.job(stand.store), failure)
            if not ended.failed:
                return None
            return self.judged(stand, ended) + self.recovered(stand)

    def judged(self, stand: Stand, ended: Ended) -> list[str]:
        """What was wrong with how a run ended that was disturbed, and with what is served after it."""
        said = self._said()
        problems = []
        if ended.code not in (0, 1):
            problems.append(f"the run {'hung' if ended.code is None else f'ended with {ended.code}'}: {said[-600:]}")
        elif ended.code == 1 and (_STRANGE.search(said) or not 1 <= len(said.strip().splitlines()) <= 2):
            problems.append(f"it was not said in a sentence: {said[:100]} ... {said[-600:]}")
        seen = picture_of(stand.store)
        if ended.code == 0 and (wrong := differences(seen, self.will)):
            problems.append(f"the run ended well and has not published all: {wrong}")
        published = [
            line["digest"] for line in lines(stand.record) if line["generation"] == seen.generation and "digest" in line
        ]
        if seen.digest not in (self.was.digest, *published):
            problems.append(f"generation {seen.generation} is no published state")
        for who, index in (("open", stand.open), ("new", Index(stand.store, WordEmbedder()))):
            try:
                wrong = wrong_answers(index, seen, self.asked)
            except Exception as error:  # whatever it is, whoever asks would see it
                wrong = f"{type(error).__name__}: {error}"
            if wrong:
                problems.append(f"a reader that is {who}: {wrong}")
        return problems

    def recovered(self, stand: Stand) -> list[str]:
        """What is wrong after a run that nothing disturbs any more."""
        code, said = sync_in_child(replace(self.job(stand.store), record=None))
        if code != 0:
            return [f"the next run ended with {code}: {said[-600:]}"]
        seen: Picture = picture_of(stand.store)
        faults = check(stand.store).faults
        wrong = differences(seen, self.will) or wrong_answers(stand.open, seen, self.asked)
        left = len(list((stand.store / SEGMENTS).iterdir()))
        return [f"after the next run: {wrong}"] * bool(wrong) + [
            *(f"after the next run, check says: {fault.problem}" for fault in faults),
            *([f"after the next run, {left} segments lie there"] if left > SMALL["MAX_SEGMENTS"] else []),
        ]

    def _said(self) -> str:
        out = self.place / "out"
        return out.read_text(errors="replace") if out.exists() else ""
