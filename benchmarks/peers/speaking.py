"""What a system does for the measurement, and the lines of JSON in which its process tells of it.

It is run inside the environment of each system, so it imports nothing but the standard library.

    python -m benchmarks.peers.systems.NAME PHASE STORE SET MODEL

SET is a folder with corpus.jsonl, one {"_id", "title", "text"} a line, and asked.jsonl, one {"id", "text", "asked"}.
Everything that is said is one object a line on stdout, with "said" for what it is; what libraries print goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TypeVar

INDEX, SYNC, ASK, COLD = PHASES = ("index", "sync", "ask", "cold")
# How many passages are asked for; their articles are ranked by their best one.
PASSAGES = 50
# Questions that are asked before those that count, in other words than these.
WARM = 20

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Article:
    """An article as every system is given it: its title stands above its text, unless it opens with it."""

    id: str
    text: str


@dataclass(frozen=True)
class Question:
    """A question that stands alone; `asked` is the day it was asked, "" where that is not known."""

    id: str
    text: str
    asked: str = ""


@dataclass(frozen=True)
class Place:
    """Where a system keeps what it indexed, the set that it reads, and the folder of the embedding model."""

    store: Path
    folder: Path
    model: str


class System(Protocol):
    """A library as its documentation sets it up, in a place.

    `packages` are told with their versions, and `how` in words, once the model is loaded.
    """

    packages: Sequence[str]
    how: Mapping[str, str]

    def load(self) -> None:
        """Imports the library and loads the model, before the time of indexing begins."""

    def index(self, articles: Sequence[Article]) -> int:
        """Indexes from nothing, keeps it on disk, and gives the number of passages."""

    def sync(self, articles: Sequence[Article]) -> None:
        """Brings what is kept up to date with these articles, in a new process, by what the library offers for that."""

    def open(self, watch: Watch) -> None:
        """Loads, and makes ready to find in what is kept, in a new process; embedding a question is on the watch."""

    def find(self, question: Question) -> Sequence[str]:
        """The ids of articles, best first, each once."""


class Watch:
    """Seconds spent in the calls that it times."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, call: Callable[..., Answer]) -> Callable[..., Answer]:
        """The same call, whose time is added."""

        def timed(*given: Any, **named: Any) -> Answer:
            start = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                self.seconds += time.perf_counter() - start

        return timed

    def taken(self) -> float:
        """The seconds since this was asked last."""
        seconds, self.seconds = self.seconds, 0.0
        return seconds


def articles_of(folder: Path) -> list[Article]:
    """The articles of a set."""
    return [Article(line["_id"], _whole(line.get("title", ""), line["text"])) for line in _lines(folder, "corpus")]


def questions_of(folder: Path) -> list[Question]:
    """The questions of a set."""
    return [Question(line["id"], line["text"], line.get("asked", "")) for line in _lines(folder, "asked")]


def once(ids: Iterable[str]) -> list[str]:
    """Each of the ids once, in the order in which they came first."""
    return list(dict.fromkeys(ids))


def serve(make: Callable[[Place], System]) -> None:
    """Does the phase that the command line names, and tells of it."""
    phase, store, folder, model = sys.argv[1:]
    # What a library prints does not get among the lines.
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(said: str, **values: object) -> None:
        told.write(json.dumps({"said": said, **values}) + "\n")
        told.flush()

    place = Place(Path(store), Path(folder), model)
    {INDEX: _index, SYNC: _sync, ASK: _ask, COLD: _cold}[phase](make(place), place.folder, say)


def _index(system: System, folder: Path, say: Callable[..., None]) -> None:
    start = time.perf_counter()
    system.load()
    say("loaded", seconds=time.perf_counter() - start)
    say("about", packages={name: version(name) for name in system.packages}, how=dict(system.how))
    articles = articles_of(folder)
    start, before = time.perf_counter(), time.process_time()
    passages = system.index(articles)
    say("indexed", seconds=time.perf_counter() - start, cpu=time.process_time() - before, passages=passages)


def _sync(system: System, folder: Path, say: Callable[..., None]) -> None:
    system.sync(articles_of(folder))
    say("synced")


def _ask(system: System, folder: Path, say: Callable[..., None]) -> None:
    watch = Watch()
    system.open(watch)
    questions = questions_of(folder)
    for question in questions[:WARM]:
        system.find(Question(question.id, f"Say it in a word: {question.text}", question.asked))
    watch.taken()
    for question in questions:
        start, before = time.perf_counter(), time.process_time()
        found = system.find(question)
        seconds, cpu = time.perf_counter() - start, time.process_time() - before
        say("found", id=question.id, ranking=list(found), seconds=seconds, cpu=cpu, embedding=watch.taken())


def _cold(system: System, folder: Path, say: Callable[..., None]) -> None:
    question = questions_of(folder)[0]
    system.open(Watch())
    say("found", id=question.id, ranking=list(system.find(question)))


def _whole(title: str, text: str) -> str:
    return text if not title or text.startswith(title) else f"{title}\n\n{text}"


def _lines(folder: Path, name: str) -> Iterator[dict[str, Any]]:
    with (folder / f"{name}.jsonl").open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)
