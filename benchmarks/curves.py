"""What an archive costs as it grows: index time, question time, memory and disk, by the number of its passages.

    python -m benchmarks.curves --store DIR --out FILE [--sizes 1000 10000 100000] [--set SET] [--plot FILE]

The articles are those of benchmarks.made_up; the real vectors are those of the seeds, or of the first passages of SET,
a question set in the form of BEIR. Each size is indexed in a process of its own and asked in another. FILE is JSON and
is written after each; what stands in it is not measured again. A sync that was stopped goes on, and its seconds with
it. A table in Markdown is printed, the plot is an SVG on logarithmic axes.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import math
import os
import platform
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

import index.sync
import rag.retrieve
from benchmarks import made_up
from benchmarks.curves_drawn import svg, table
from benchmarks.made_up import Archive, NoisyEmbedder
from index.catalog import Catalog
from index.database import FILE_NAME
from index.embedder import Embedder
from index.passages import embedded_text, split
from index.search import Index, View
from index.segments import SEGMENTS
from index.sources.files import Files
from rag.evals.sets import load
from rag.retrieve import HybridRetriever
from rag.settings import SEEDS

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PASSAGES_AN_ARTICLE = 6.4
REAL = 1_500
QUESTIONS, WARM = 200, 10
# What the other steps do not take.
REST = "the rest"


class Stopwatch:
    """Seconds by the clock and of the processor that each step takes, without those of the steps inside it."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)
        self._inside: list[str] = []
        self._since = (time.perf_counter(), time.process_time())

    def lap(self) -> None:
        """Counts what has passed for the step that is under way."""
        now = (time.perf_counter(), time.process_time())
        if self._inside:
            self.wall[self._inside[-1]] += now[0] - self._since[0]
            self.cpu[self._inside[-1]] += now[1] - self._since[1]
        self._since = now

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step; it may hold others."""
        self.lap()
        self._inside.append(name)
        try:
            yield
        finally:
            self.lap()
            self._inside.pop()

    def times(self, owner: object, name: str, step: str = "") -> None:
        """Lets a function or method be such a step from now on."""
        once: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(once)
        def timed(*arguments: Any, **named: Any) -> Any:
            with self.step(step or name):
                return once(*arguments, **named)

        setattr(owner, name, timed)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked: how many passages it found, and the seconds of each step."""

    kind: str
    hits: int
    wall: Mapping[str, float]
    cpu: Mapping[str, float]


def indexed(store: Path, size: int, real: np.ndarray) -> dict[str, Any]:
    """Figures of a sync of about so many passages into the store, which may be one that was stopped."""
    watch, begun = Stopwatch(), store.parent / f"{store.name}.json"
    if begun.exists():
        said = json.loads(begun.read_text())
        watch.wall.update(said["wall"])
        watch.cpu.update(said["cpu"])
    run = index.sync._Run
    for name in ("stage", "hand_on", "embed", "build", "forget"):
        watch.times(run, name)
    watch.times(NoisyEmbedder, "embed", "making vectors up")
    watch.times(Archive, "article", "making articles up")
    watch.times(Catalog, "publish")

    def progress(step: str, done: int, of: int) -> None:
        if not done:
            watch.lap()
            begun.write_text(json.dumps({"wall": watch.wall, "cpu": watch.cpu, "peak": peak(), "step": step}))

    with watch.step(REST):
        index.sync.sync(store, [Archive(round(size / PASSAGES_AN_ARTICLE))], NoisyEmbedder(real), progress)
    overview = Index(store, NoisyEmbedder(real)).overview()
    files = [file for file in store.rglob("*") if file.is_file()]
    made = [name for name in watch.wall if name.startswith("making")]
    return {
        "articles": overview.articles,
        "passages": overview.passages,
        "index seconds": round(sum(watch.wall.values()) - sum(watch.wall[name] for name in made), 2),
        "index cpu": round(sum(watch.cpu.values()) - sum(watch.cpu[name] for name in made), 2),
        "index steps, seconds": rounded(watch.wall),
        "index steps, cpu": rounded(watch.cpu),
        "index peak MB": round(peak()),
        "catalog MB": round((store / FILE_NAME).stat().st_size / 1e6, 1),
        "segments MB": round(sum(f.stat().st_size for f in files if SEGMENTS in f.parts) / 1e6, 1),
        "disk MB": round(sum(file.stat().st_size for file in files) / 1e6, 1),
    }


def asked(store: Path, real: np.ndarray, count: int = QUESTIONS) -> dict[str, Any]:
    """Figures of the questions: milliseconds by step and kind, and what the process that asks them holds."""
    before = memory()
    index, watch = Index(store, NoisyEmbedder(real)), Stopwatch()
    start = time.perf_counter()
    with index.view() as view:
        view.open()
        opened = time.perf_counter() - start
        view.whole()
        view.names()
    counted = time.perf_counter() - start - opened
    for name in ("dense", "lexical", "frequencies", "about", "similarities", "hits", "voices", "overview", "names"):
        watch.times(View, name)
    watch.times(Catalog, "__init__", "opening the catalog")
    watch.times(Catalog, "edition")
    watch.times(rag.retrieve, "matches")
    find = HybridRetriever(index=index).search
    rows = []
    for number, (kind, question) in enumerate(made_up.questions(WARM + count)):
        watch.wall.clear()
        watch.cpu.clear()
        with watch.step(REST):
            hits = len(find(question).hits)
        if number >= WARM:
            rows.append(Asked(kind, hits, dict(watch.wall), dict(watch.cpu)))
    kinds = {kind: [row for row in rows if row.kind == kind] for kind in sorted({row.kind for row in rows})}
    steps = sorted({step for row in rows for step in row.wall})
    return {
        "open seconds": round(opened, 3),
        "counting seconds": round(counted, 3),
        "questions": len(rows),
        "question ms": percentiles([sum(row.wall.values()) for row in rows]),
        "question cpu ms": percentiles([sum(row.cpu.values()) for row in rows]),
        "question ms by kind": {k: percentiles([sum(row.wall.values()) for row in of]) for k, of in kinds.items()},
        "question cpu ms by kind": {k: percentiles([sum(row.cpu.values()) for row in of]) for k, of in kinds.items()},
        "question ms by step": {step: percentiles([row.wall.get(step, 0.0) for row in rows]) for step in steps},
        "question cpu ms by step": {step: percentiles([row.cpu.get(step, 0.0) for row in rows]) for step in steps},
        "hits": round(float(np.mean([row.hits for row in rows])), 1),
        "asking MB": memory(),
        "asking MB before": before,
        "asking peak MB": round(peak()),
    }


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """In milliseconds."""
    return {f"p{p}": round(1000 * float(np.percentile(seconds, p)), 2) for p in (50, 95, 99)} if seconds else {}


def rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in sorted(values.items(), key=lambda item: -item[1])}


def memory() -> dict[str, int]:
    """The resident memory of this process in MB: its own, and that of files, which the system may take back."""
    lines = (line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:])
    held = {name.rstrip(":"): int(value) for name, value, *_ in lines}
    return {"anonymous": held["Anonymous"] // 1024, "files": (held["Rss"] - held["Anonymous"]) // 1024}


def peak() -> float:
    """The most that this process held, in MB; what `getrusage` gives may be what its parent held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def vectors_of(folder: Path | None, file: Path) -> np.ndarray:
    """The vectors of the first REAL passages of a set, or of the seeds, by the packaged model; kept in a file."""
    if not file.exists():
        source = load(folder).corpus if folder else Files(SEEDS)
        assert source is not None
        embedder, texts = Embedder(), []
        for reading in source.read(s for s in source.scan({}) if s.state == "seen"):
            if reading.article and len(texts) < REAL:
                passages = split(reading.article, embedder.count, embedder.max_tokens)
                texts += [embedded_text(reading.article.title, p.heading, p.text) for p in passages]
        np.save(file, embedder.embed(texts[:REAL]))
    return np.asarray(np.load(file))


def measured(options: argparse.Namespace, results: dict[str, Any]) -> None:
    """Measures what is not in the results yet, each part in a process of its own, and writes them after each."""
    for size in options.sizes:
        for part in ("index", "ask"):
            of = results["sizes"].setdefault(str(size), {})
            if part in of:
                continue
            command = [sys.executable, "-m", "benchmarks.curves", "--store", str(options.store), "--part", part]
            began, load_before = datetime.now(UTC), os.getloadavg()[0]
            ran = subprocess.run([*command, "--sizes", str(size)], check=True, stdout=subprocess.PIPE, text=True)
            of[part] = json.loads(ran.stdout.splitlines()[-1]) | {
                "began": f"{began:%Y-%m-%d %H:%M}",
                "load": [round(load_before, 1), round(os.getloadavg()[0], 1)],
            }
            options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            print(f"{size:,}: {part} measured", file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curves", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of passages, about")
    parser.add_argument("--store", type=Path, required=True, help="a folder for the indexes, which are kept")
    parser.add_argument("--out", type=Path, help="the figures as JSON")
    parser.add_argument("--set", type=Path, help="a question set whose passages have the real vectors")
    parser.add_argument("--plot", type=Path, help="the figures as SVG")
    parser.add_argument("--part", choices=("index", "ask"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.store.mkdir(parents=True, exist_ok=True)
    vectors = options.store / "real.npy"
    if options.part:
        real, store = np.asarray(np.load(vectors)), options.store / str(options.sizes[0])
        print(json.dumps(indexed(store, options.sizes[0], real) if options.part == "index" else asked(store, real)))
        return
    options.out = options.out or options.store / "curves.json"
    results = json.loads(options.out.read_text()) if options.out.exists() else about(options, vectors)
    measured(options, results)
    print(table(results))
    if options.plot:
        options.plot.write_text(svg(results), encoding="utf-8")


def about(options: argparse.Namespace, vectors: Path) -> dict[str, Any]:
    """What the figures are of."""
    real = vectors_of(options.set, vectors)
    return {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        "articles": "made up: words by the law of Zipf and Mandelbrot, lengths as of news",
        "vectors": f"those of {len(real)} real passages with noise, cosine {1 / math.hypot(1, made_up.NOISE):.2f}",
        "questions": QUESTIONS,
        "sizes": {},
    }


if __name__ == "__main__":
    main()
