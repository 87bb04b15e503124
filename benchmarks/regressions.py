"""Whether anything costs clearly more than it did: ratios to plain work of the same minute, against committed ones.

    python -m benchmarks.regressions [--write]

No second and no megabyte is compared with one of another day or machine. What Footnote does and something plain of the
same size are measured by turns, in time of the processor, and the least of each counts: a busy machine only ever adds.
The ratio may be at most LIMIT times the one in benchmarks/baseline.json, which `--write` renews. Memory is the most
that a process held, beside one that only imports the same libraries; it is told on Linux alone.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from random import Random

import numpy as np

from index.catalog import Catalog
from index.search import Index
from index.sources.files import Files
from index.sources.reading import read
from index.sources.sightings import Job, Reading
from index.sync import sync, sync_paths
from proofs.articles import article, questions
from proofs.words import WordEmbedder
from rag.retrieve import HybridRetriever

ROOT = Path(__file__).resolve().parent.parent
BASELINE = Path(__file__).with_name("baseline.json")
# At a load of 9 to 17 on two cores, the ratios that four runs gave one check were at most 1.42 times apart; 2026-11-29.
LIMIT = 1.8
# Memory hardly depends on what else runs.
MEMORY_LIMIT = 1.3
ROUNDS = 6
ARTICLES, QUESTIONS = 200, 25
# What takes a millisecond is done so many times.
LOOKS = 20
SEED = 12
FULL_TEXT = "CREATE VIRTUAL TABLE said USING fts5 (body, tokenize = 'porter unicode61 remove_diacritics 2')"

_HELP = "import runpy, sys; sys.argv = [{0!r}, '--help']; runpy.run_module({0!r}, run_name='__main__')"
_PEAK = """
peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM')).split()[1]
print(int(peak) / 1024)
"""
# What a sync imports, and what an answer does besides.
_LIBRARIES = "import apsw, chromadb.api.rust, datasketch, numpy, sentencex, benchmarks.regressions"
_MORE_LIBRARIES = "import openvino, tokenizers, rag.chain, rag.reading.span_reader"


@dataclass(frozen=True, slots=True)
class Check:
    """What is held: `ours` over `plain`, each of which measures once and gives seconds or megabytes."""

    name: str
    ours: Callable[[], float]
    plain: Callable[[], float]
    limit: float = LIMIT
    rounds: int = ROUNDS
    plain_each: int = 3  # what is small is measured more often

    def ratio(self, enough: float = 0.0) -> float:
        """The least of ours to the least of the plain, by turns; two rounds or more, until it is `enough`.

        Further rounds could only lower ours, so a check that holds need not wait for them.
        """
        ours, plain = [], []
        for n in range(self.rounds):
            ours.append(self.ours())
            plain += [self.plain() for _ in range(self.plain_each)]
            if n and min(ours) / min(plain) <= enough:
                break
        return min(ours) / min(plain)


class Bench:
    """What is measured, made under `place` when it is first asked for: a folder of articles, and its index."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.folder = place / "articles"
        self._stores = 0
        self._peaks: dict[str, float] = {}

    @cached_property
    def files(self) -> list[Path]:
        """The articles, of about four passages each, and old enough that their bytes need not be looked at again."""
        rng = Random(SEED)
        self.folder.mkdir(parents=True)
        made = [self.folder / f"{number:04}.md" for number in range(ARTICLES)]
        for file in made:
            file.write_text(article(rng), encoding="utf-8")
        return made

    @cached_property
    def store(self) -> Path:
        """An index of them."""
        store = self.place / "store"
        self._sync(store)
        return store

    @cached_property
    def _plain(self) -> tuple[sqlite3.Connection, np.ndarray]:
        """The same passages in a table of full text, and their vectors."""
        catalog = Catalog(self.store)
        numbers = catalog.members(1)
        said = [passage.text for passage, _ in catalog.live_passages(numbers).values()]
        vectors = catalog.vectors(numbers)
        catalog.close()
        table = sqlite3.connect(self.place / "plain.db")
        table.execute(FULL_TEXT)
        table.executemany("INSERT INTO said VALUES (?)", [(text,) for text in said])
        table.commit()
        return table, vectors

    @cached_property
    def _retriever(self) -> HybridRetriever:
        retriever = HybridRetriever(index=Index(self.store, WordEmbedder()))
        retriever.search("what is asked first opens the segments")
        return retriever

    def checks(self) -> list[Check]:
        """Everything that is held."""
        return [
            Check("a question, to full text and exact vectors", self.asked, self.asked_plainly),
            Check("a first sync, to reading and full text", self.synced, self.inserted, rounds=4),
            Check("a sync of nothing new, to looking at the files", self.looked, self.listed),
            *(
                Check(f"python -m {package} --help, to an empty program", self.helps(package), self.starts)
                for package in ("index", "rag")
            ),
            *self.memory(),
        ]

    def memory(self) -> list[Check]:
        """What is held of memory, where a process is told its most."""
        if not Path("/proc/self/status").exists():
            return []
        held = [
            ("memory of a first sync, to its libraries", self.syncing, _LIBRARIES),
            ("memory of an answer, to its libraries", self.answering, f"{_LIBRARIES}\n{_MORE_LIBRARIES}"),
        ]
        return [
            Check(name, ours, partial(self._importing, libraries), MEMORY_LIMIT, rounds=1, plain_each=1)
            for name, ours, libraries in held
        ]

    def asked(self) -> float:
        """Seconds of the processor for the retrieval of QUESTIONS questions."""
        retriever = self._retriever
        return spent(lambda: [retriever.search(question) for question in questions(SEED, QUESTIONS)])

    def asked_plainly(self) -> float:
        """The same by full text and by all vectors, each finder by itself, without a ranking of both."""
        (table, vectors), embedder = self._plain, WordEmbedder()

        def ask() -> None:
            for question in questions(SEED, QUESTIONS):
                match = " OR ".join(f'"{word}"' for word in question.split())
                table.execute("SELECT rowid FROM said WHERE said MATCH ? ORDER BY rank LIMIT 50", (match,)).fetchall()
                np.argsort(-(vectors @ embedder.embed_question(question)), kind="stable")[:50]

        return spent(ask)

    def synced(self) -> float:
        """Seconds of the processor for a sync into a new store."""
        self._stores += 1
        store = self.place / f"store {self._stores}"
        _ = self.files
        return spent(lambda: self._sync(store))

    def inserted(self) -> float:
        """The same files read, and their text put into a table of full text."""
        files = self.files

        def insert() -> None:
            table = sqlite3.connect(":memory:")
            table.execute(FULL_TEXT)
            table.executemany("INSERT INTO said VALUES (?)", ((file.read_text(encoding="utf-8"),) for file in files))
            table.close()

        return spent(insert)

    def looked(self) -> float:
        """Seconds of the processor for a sync when nothing has changed."""
        store = self.store
        return spent(lambda: self._sync(store))

    def listed(self) -> float:
        """The same files listed, and looked at."""

        def look() -> None:
            for _ in range(LOOKS):
                for entry in os.scandir(self.folder):
                    os.stat(entry.path)

        return spent(look) / LOOKS

    def helps(self, package: str, before: str = "pass") -> Callable[[], float]:
        """What measures `--help`, in a process that does `before` first."""
        return lambda: started(f"{before}\n{_HELP.format(package)}")

    def starts(self) -> float:
        """Seconds of the processor for a program that does nothing."""
        return started("pass")

    def syncing(self, before: str = "pass") -> float:
        """The most megabytes of a process that does `before`, and then a sync into a new store."""
        self._stores += 1
        store, _ = self.place / f"store {self._stores}", self.files
        return peak(
            f"from benchmarks import regressions\n{before}\nregressions.indexed({str(store)!r}, {str(self.folder)!r})"
        )

    def answering(self, before: str = "pass") -> float:
        """The most megabytes of a process that does `before`, and then answers a question with the packaged reader."""
        return peak(f"from benchmarks import regressions\n{before}\nregressions.answered({str(self.store)!r})")

    def _importing(self, libraries: str) -> float:
        """The most megabytes of a process that only imports these, which is the same each time."""
        if libraries not in self._peaks:
            self._peaks[libraries] = peak(libraries)
        return self._peaks[libraries]

    def _sync(self, store: Path) -> None:
        _ = self.files
        # The files are read in this process, for what that costs is to be told.
        report = sync(store, [Files(self.folder, read_all=_here)], WordEmbedder())
        assert not report.unread, report.unread[:3]


def indexed(store: str, folder: str) -> None:
    """A sync as it is run, with other processes that read."""
    sync_paths(Path(store), [folder], WordEmbedder())


def answered(store: str) -> None:
    """One question, answered by the packaged reader, with a bag of words for the embedding model."""
    from rag.answers import Question
    from rag.chain import Assistant
    from rag.reading.packed import PackedModel
    from rag.reading.span_reader import SpanReader

    index = Index(Path(store), WordEmbedder())
    asked = questions(SEED, 1)[0]
    answer = Assistant(HybridRetriever(index=index), SpanReader(PackedModel(), index)).ask(Question(asked))
    assert answer.hits


def _here(jobs: Iterable[Job]) -> Iterator[Reading]:
    return (reading for job in jobs for reading in read(job))


def spent(work: Callable[[], object]) -> float:
    """Seconds of the processor, of all threads, without what the garbage of others costs."""
    gc.collect()
    gc.disable()
    try:
        start = time.process_time()
        work()
        return time.process_time() - start
    finally:
        gc.enable()


def started(code: str) -> float:
    """Seconds of the processor that a new Python takes to run this."""
    process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{code!r} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def peak(code: str) -> float:
    """The most megabytes that a new Python held while it ran this.

    It says so itself: what the system tells of an ended process may be what its parent held.
    """
    ran = subprocess.run([sys.executable, "-c", code + _PEAK], cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    return float(ran.stdout.splitlines()[-1])


def baseline() -> dict[str, float]:
    """The committed ratio of each check."""
    ratios: dict[str, float] = json.loads(BASELINE.read_text(encoding="utf-8"))["ratios"]
    return ratios


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.regressions", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--write", action="store_true", help="write the ratios of now into benchmarks/baseline.json")
    options = parser.parse_args()
    committed = {} if options.write else baseline()
    with tempfile.TemporaryDirectory() as place:
        ratios, over = {}, []
        for check in Bench(Path(place)).checks():
            # What is committed is what it costs when nothing is in the way, which takes longer to meet.
            patient = replace(check, rounds=2 * check.rounds) if options.write else check
            ratios[check.name] = ratio = round(patient.ratio(), 2)
            was = committed.get(check.name)
            print(f"{check.name}: {ratio:g}" + (f", was {was:g}, at most {check.limit * was:g}" if was else ""))
            if was and ratio > check.limit * was:
                over.append(check.name)
    if options.write:
        about = {
            "command": "python -m benchmarks.regressions --write",
            "measured": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
            "load": round(os.getloadavg()[0], 1),
            "ratios": ratios,
        }
        BASELINE.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    for name in over:
        print(f"costs more than it did: {name}", file=sys.stderr)
    return bool(over)


if __name__ == "__main__":
    sys.exit(main())
