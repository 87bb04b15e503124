"""A question set asked with each choice of settings of a grid, so that quality, time and size can be weighed.

Each cell is a run file, so what is done is not done again, and `eval compare` and `eval report` take the cells as they
are. Cells that agree in the settings of the index share one; it is made beside the run files, never in place of the
user's own.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from index.catalog import Catalog
from index.database import FILE_NAME, existing
from index.errors import FootnoteError, UsageError
from index.records import digest
from index.segments import SEGMENTS
from rag.evals.comparisons import differences, holm, randomization
from rag.evals.evaluate import evaluate, program, store_of
from rag.evals.grid import OF_INDEX, Cell, Worth, file_name, pareto
from rag.evals.measures import STANDARD, Measure, mean
from rag.evals.measures import measure as named
from rag.evals.runs import TOTAL, Run, latencies, load, means, save
from rag.evals.scores import OF_ANSWERS, SPAN_RECALL
from rag.evals.sets import QuestionSet
from rag.evals.sets import load as load_set
from rag.measured import Latency, Mean
from rag.settings import Settings, build

INDEXES = "indexes"
# What each run file in the folder was made with. Its name is no run file's, so that "*.json" are the runs.
DONE = "cells.done"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Grid:
    """What is measured: a set, asked with each cell; with `answers` it is answered too. Everything is kept in `out`.

    `more` are measures beside the standard ones.
    """

    settings: Settings
    set_path: Path
    cells: Sequence[Cell]
    out: Path
    answers: bool = False
    more: tuple[Measure, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """A cell that was measured. `delta` is its quality less that of the first cell, paired; None for the first.

    `p` is that of the difference, corrected for the number of cells. `best` says that no cell is as good in quality,
    time and size and better in one of them. `command` makes the run again; `bytes` is the size of the index.
    """

    cell: Cell
    run: Path
    quality: Mean
    delta: Mean | None
    p: float | None
    took: Latency
    bytes: int
    best: bool
    command: str


def measure(grid: Grid, by: str, progress: Progress = lambda *_: None) -> list[Measured]:
    """Every cell measured, in the order of the grid; `by` is the measure of quality.

    Raises UsageError for a setting or a measure that does not exist, before anything is made, and FootnoteError when a
    question failed or the questions of the set have no such measure.
    """
    grid = replace(grid, more=_more(grid, by))
    question_set = load_set(grid.set_path)
    chosen = [grid.settings.with_changes(cell.changes) for cell in grid.cells]  # before anything is made
    grid.out.mkdir(parents=True, exist_ok=True)
    runs, sizes = [], []
    for n, (cell, settings) in enumerate(zip(grid.cells, chosen, strict=True), 1):
        step = f"cell {n} of {len(grid.cells)}"
        placed = replace(settings, store=_store(grid, cell, settings, question_set, progress))
        runs.append(
            _run(grid, cell, placed, question_set, lambda what, *at, step=step: progress(f"{step}, {what}", *at))
        )
        sizes.append(size(store_of(placed, question_set)))
    return _weighed(grid, by, runs, sizes)


def _more(grid: Grid, by: str) -> tuple[Measure, ...]:
    """The measure of that name, where it is none that every run has."""
    if by in OF_ANSWERS and not grid.answers:
        raise UsageError(f"{by} is measured of answers", "Add --answers.")
    if by in OF_ANSWERS or by == SPAN_RECALL:
        return ()
    return () if (found := named(by)) in STANDARD else (found,)


def command(grid: Grid, cell: Cell) -> str:
    """The command line that makes the run of a cell again, from the folder that the grid was measured in."""
    words = ["python", "-m", "rag", "eval", "run", "--set", str(grid.set_path), "--store", str(_place(grid, cell))]
    words += [word for change in cell.changes for word in ("--with", change)]
    words += ["--answers"] if grid.answers else []
    words += [word for more in grid.more for word in ("--measure", more.name)]
    return shlex.join([*words, "--fresh", "--out", str(_file(grid, cell))])


def size(store: Path) -> int:
    """Bytes of the catalog and the segments of a store; runs and question embeddings that lie there are no part."""
    files = [store / FILE_NAME, *(store / SEGMENTS).rglob("*")]
    return sum(file.stat().st_size for file in files if file.is_file())


def _weighed(grid: Grid, by: str, runs: Sequence[Run], sizes: Sequence[int]) -> list[Measured]:
    qualities, took = [_quality(run, by) for run in runs], [latencies(run.rows)[TOTAL] for run in runs]
    deltas = [_deltas(runs[0], run, by) for run in runs]
    # What did not change is not counted against the others, as in `compare_all`.
    changed = {n: randomization(found) for n, found in enumerate(deltas) if any(found)}
    corrected = dict.fromkeys(range(1, len(deltas)), 1.0) | holm(changed)
    best = pareto(
        [
            Worth(round(quality.value, 3), round(time.p95 * 1000), round(count / 1e6, 1))
            for quality, time, count in zip(qualities, took, sizes, strict=True)
        ]
    )
    return [
        Measured(
            cell=cell,
            run=_file(grid, cell),
            quality=qualities[n],
            delta=mean(deltas[n]) if n else None,
            p=corrected.get(n),
            took=took[n],
            bytes=sizes[n],
            best=best[n],
            command=command(grid, cell),
        )
        for n, cell in enumerate(grid.cells)
    ]


def _quality(run: Run, by: str) -> Mean:
    found = means(run.rows)
    if by not in found:
        raise FootnoteError(f"The runs have no measure {by!r}", f"Known are: {', '.join(found)}.")
    return found[by]


def _deltas(first: Run, other: Run, by: str) -> list[float]:
    pairs = zip(first.rows, other.rows, strict=True)
    return differences([(a.values[by], b.values[by]) for a, b in pairs if by in a.values and by in b.values])


def _run(grid: Grid, cell: Cell, settings: Settings, question_set: QuestionSet, progress: Progress) -> Run:
    """The run of a cell, from its file where that was made of the same set, settings, articles and program."""
    file, key = _file(grid, cell), _key(grid, settings, question_set)
    if _done(grid).get(file.name) == key:
        with contextlib.suppress(FootnoteError):
            return load(file)
    measures = (*STANDARD, *grid.more)
    found = evaluate(settings, grid.set_path, answers=grid.answers, fresh=True, measures=measures, progress=progress)
    if found.errors:
        raise FootnoteError(
            f"{len(found.errors)} questions failed with {' '.join(cell.changes)}: {found.errors[0].error}",
            "Mend the cause and run it again: what is done is kept.",
        )
    save(found, file)
    _note(grid, file.name, key)
    return found


def _key(grid: Grid, settings: Settings, question_set: QuestionSet) -> str:
    made = json.dumps([settings.changed(), grid.answers, *(more.name for more in grid.more)], sort_keys=True)
    articles = "" if question_set.corpus else edition(grid.settings.store)
    return digest(question_set.digest, program(), made, articles)


def _done(grid: Grid) -> dict[str, str]:
    try:
        values = json.loads((grid.out / DONE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _note(grid: Grid, name: str, key: str) -> None:
    part = grid.out / f".{DONE}"
    part.write_text(json.dumps(_done(grid) | {name: key}, indent=1) + "\n", encoding="utf-8")
    os.replace(part, grid.out / DONE)


def _file(grid: Grid, cell: Cell) -> Path:
    return grid.out / f"{file_name(cell.changes)}.json"


def _place(grid: Grid, cell: Cell) -> Path:
    """The store that a cell is asked on: the user's own, unless the cell has other settings of the index."""
    own = {f"{name}={getattr(grid.settings, name)}" for name in OF_INDEX}
    others = [change for change in cell.of_index if change not in own]
    return grid.out / INDEXES / file_name(others) if others else grid.settings.store


def _store(grid: Grid, cell: Cell, settings: Settings, question_set: QuestionSet, progress: Progress) -> Path:
    """The store of a cell, made of the user's articles where it is another one.

    The documents of a judged set are indexed under it when they are asked about.
    """
    place = _place(grid, cell)
    if place != grid.settings.store and question_set.corpus is None:
        _remake(grid.settings.store, place, settings, progress)
    return place


def _remake(store: Path, place: Path, settings: Settings, progress: Progress) -> None:
    """Makes `place` a store of the articles of `store`, split and embedded as the settings say, unless it is one."""
    from index.sync import sync
    from index.upkeep import copy

    note, made_of = place / "made-of", f"{edition(store)} {[getattr(settings, name) for name in OF_INDEX]}"
    with contextlib.suppress(OSError):
        if note.read_text(encoding="utf-8") == made_of:
            return
    shutil.rmtree(place, ignore_errors=True)
    copy(store, place)
    sync(place, [], build(replace(settings, store=place)).index.embedder, progress)
    note.write_text(made_of, encoding="utf-8")


def edition(store: Path) -> str:
    """Changes with whatever is published in a store."""
    with contextlib.closing(Catalog(existing(store))) as catalog, catalog.snapshot():
        return " ".join(map(str, catalog.edition()))
