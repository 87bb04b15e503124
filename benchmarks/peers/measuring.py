"""One system measured, phase by phase."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.peers.preparing import ASKED, CHANGED, CORPUS, Prepared, original
from benchmarks.peers.processes import Phase, run
from benchmarks.peers.speaking import ASK, COLD, INDEX, SYNC, once
from rag.evals.measures import measure

MEASURES = ("hit@1", "recall@10")
COLD_STARTS = 3
# How many of the edited articles are looked for, and among how many of the first.
LOOKED_FOR, FIRST = 10, 10


@dataclass(frozen=True)
class Taken:
    """Seconds of a question: in all, of it the embedding, and those of the processor."""

    total: float
    embedding: float
    cpu: float


@dataclass(frozen=True)
class Result:
    """What was measured of a system. Times are seconds, sizes bytes; `values` maps measures to a value per question.

    `indexed` is the time from loaded to kept on disk; `same` and `changed` are whole processes, as a person runs them.
    `found` is the share of the edited articles that are among the first ten for the sentence that was put into them.
    `loads` are load averages of the machine before each phase.
    """

    name: str
    packages: Mapping[str, str]
    how: Mapping[str, str]
    passages: int
    loaded: float
    indexed: float
    indexed_cpu: float
    index_peak: int
    disk: int
    same: float
    same_cpu: float
    changed: float
    changed_cpu: float
    found: float
    taken: tuple[Taken, ...]
    ask_peak: int
    cold: tuple[float, ...]
    cold_cpu: float
    values: Mapping[str, tuple[float, ...]]
    loads: Mapping[str, float]

    @property
    def cold_start(self) -> float:
        """The median of the cold starts."""
        return median(self.cold)


@dataclass(frozen=True)
class Runner:
    """Runs the phases of one system: its module with its Python, in a folder of its own.

    `threads` is how many its libraries may use for one computation, 0 for as many as they choose.
    """

    name: str
    module: str
    python: Path
    folder: Path
    model: str
    limit: float
    threads: int = 0

    def phase(self, name: str, label: str = "") -> Phase:
        """The phase as a process."""
        command = [
            str(self.python), "-m", self.module, name, str(self.folder / "store"), str(self.folder / "set"), self.model,
        ]  # fmt: skip
        return run(command, self.folder / f"{label or name}.log", self.limit, self.threads)


def measured(runner: Runner, given: Prepared) -> Result:
    """Indexes, syncs unchanged, asks, syncs with the edits, and looks for them. Raises Failed."""
    shutil.rmtree(runner.folder, ignore_errors=True)
    (runner.folder / "set").mkdir(parents=True)
    _give(runner, given, CORPUS)
    index = runner.phase(INDEX)
    disk = size(runner.folder / "store")
    same = runner.phase(SYNC, "same")
    asked = runner.phase(ASK)
    cold = [runner.phase(COLD) for _ in range(COLD_STARTS)]
    _give(runner, given, CHANGED)
    changed = runner.phase(SYNC, "changed")
    edits = dict(list(given.edits.items())[:LOOKED_FOR])
    _ask(runner.folder, [{"id": name, "text": sentence} for name, sentence in edits.items()])
    looked = runner.phase(ASK, "found")
    about, indexed = index.the("about").values, index.the("indexed").values
    phases = {"index": index, "same": same, "ask": asked, "cold": cold[0], "changed": changed}
    found = [one.values for one in asked.said if one.said == "found"]
    assert len(found) == len(given.questions), f"{len(found)} of {len(given.questions)} questions were answered"
    return Result(
        name=runner.name,
        packages=about["packages"],
        how=about["how"],
        passages=indexed["passages"],
        loaded=index.the("loaded").values["seconds"],
        indexed=indexed["seconds"],
        indexed_cpu=indexed["cpu"],
        index_peak=index.peak,
        disk=disk,
        same=same.seconds,
        same_cpu=same.cpu,
        changed=changed.seconds,
        changed_cpu=changed.cpu,
        found=share_found(edits, looked),
        taken=tuple(Taken(one["seconds"], one["embedding"], one["cpu"]) for one in found),
        ask_peak=asked.peak,
        cold=tuple(phase.the("found").at for phase in cold),
        cold_cpu=median(phase.cpu for phase in cold),
        values=values(given, {one["id"]: one["ranking"] for one in found}),
        loads={name: phase.load for name, phase in phases.items()},
    )


def values(given: Prepared, rankings: Mapping[str, Sequence[str]]) -> dict[str, tuple[float, ...]]:
    """The measures of each question, in their order; a repeated article counts as the one it was made of."""
    ranked = {q: once(original(document) for document in ranking) for q, ranking in rankings.items()}
    return {name: tuple(measure(name).of(ranked[q.id], q.relevance) for q in given.questions) for name in MEASURES}


def share_found(edits: Mapping[str, str], looked: Phase) -> float:
    """The share of the edited articles that were among the first ten for their own sentence."""
    found = {one.values["id"]: one.values["ranking"][:FIRST] for one in looked.said if one.said == "found"}
    return sum(name in found[name] for name in edits) / len(edits)


def size(folder: Path) -> int:
    """The bytes of the files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _give(runner: Runner, given: Prepared, corpus: str) -> None:
    """Puts articles and questions where the system reads them: the place is the same before and after an edit."""
    shutil.copyfile(given.folder / corpus, runner.folder / "set" / CORPUS)
    shutil.copyfile(given.folder / ASKED, runner.folder / "set" / ASKED)


def _ask(folder: Path, questions: Sequence[Mapping[str, Any]]) -> None:
    lines = "".join(json.dumps(question, ensure_ascii=False) + "\n" for question in questions)
    (folder / "set" / ASKED).write_text(lines, encoding="utf-8")
