"""What was measured as a table in Markdown: a row for each figure, a column for each system, ratios to the recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from benchmarks.peers.measuring import MEASURES, Result
from benchmarks.peers.preparing import Prepared
from rag.evals.comparisons import randomization
from rag.evals.measures import SEED, mean

RECIPE, FOOTNOTE = "langchain", "footnote"
NAMES = {
    "footnote": "Footnote",
    "langchain": "plain LangChain recipe",
    "llama_index": "LlamaIndex",
    "haystack": "Haystack",
    "txtai": "txtai",
}
SAID = ("passages", "store", "sync", "search", "precision")
MILLION = 1e6


@dataclass(frozen=True)
class Figure:
    """A number that each system has: what it is called, how it is taken from a result, and how it is written."""

    name: str
    of: Callable[[Result], float]
    form: str


def figures(given: Prepared) -> tuple[Figure, ...]:
    """All that is compared, in the order of the table."""
    return (
        Figure("characters indexed a second", lambda r: given.characters / r.indexed, ",.0f"),
        Figure("passages indexed a second", lambda r: r.passages / r.indexed, ",.1f"),
        Figure("indexing, seconds by the clock", lambda r: r.indexed, ",.1f"),
        Figure("indexing, seconds of the processor", lambda r: r.indexed_cpu, ",.1f"),
        Figure("indexing, peak memory, MB", lambda r: r.index_peak / MILLION, ",.0f"),
        Figure("on disk, MB", lambda r: r.disk / MILLION, ",.1f"),
        Figure("sync, nothing changed, seconds", lambda r: r.same, ",.1f"),
        Figure("sync, nothing changed, seconds of the processor", lambda r: r.same_cpu, ",.1f"),
        Figure("sync, 1 % changed, seconds", lambda r: r.changed, ",.1f"),
        Figure("sync, 1 % changed, seconds of the processor", lambda r: r.changed_cpu, ",.1f"),
        Figure("question, p50, ms", lambda r: milliseconds(r, 50), ",.1f"),
        Figure("question, p95, ms", lambda r: milliseconds(r, 95), ",.1f"),
        Figure("question, p99, ms", lambda r: milliseconds(r, 99), ",.1f"),
        Figure("question, p50, ms of the processor", lambda r: median_of(r, lambda t: t.cpu), ",.1f"),
        Figure("of it embedding, p50, ms", lambda r: median_of(r, lambda t: t.embedding), ",.1f"),
        Figure("of it the rest, p50, ms", lambda r: median_of(r, lambda t: t.total - t.embedding), ",.1f"),
        Figure("questions, peak memory, MB", lambda r: r.ask_peak / MILLION, ",.0f"),
        Figure("cold start to the first passages, seconds", lambda r: r.cold_start, ",.1f"),
        Figure("cold start, seconds of the processor", lambda r: r.cold_cpu, ",.1f"),
    )


def milliseconds(result: Result, percentile: float) -> float:
    """The percentile of the times of the questions."""
    return 1000 * float(np.percentile([taken.total for taken in result.taken], percentile))


def median_of(result: Result, stage: Callable[..., float]) -> float:
    """The median of a stage, in milliseconds."""
    return 1000 * float(np.median([stage(taken) for taken in result.taken]))


def markdown(given: Prepared, results: Sequence[Result], skipped: Mapping[str, str], machine: str, cores: int) -> str:
    """The table, with what stands above and below it."""
    recipe = next((r for r in results if r.name == RECIPE), None)
    head = ["", *(NAMES.get(r.name, r.name) for r in results)]
    rows = [
        ["versions", *(", ".join(f"{name} {version}" for name, version in r.packages.items()) for r in results)],
        *([key, *(r.how.get(key, "") for r in results)] for key in SAID),
        ["passages, number", *(f"{r.passages:,}" for r in results)],
        *([f.name, *(beside(f, r, recipe) for r in results)] for f in figures(given)),
        ["edited articles found by their new sentence", *(f"{r.found:.2f}" for r in results)],
        *([name, *(quality(name, r, recipe) for r in results)] for name in MEASURES),
        ["load before indexing / questions", *(f"{r.loads['index']:.1f} / {r.loads['ask']:.1f}" for r in results)],
    ]
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    told = [
        f"{given.name}: {given.articles:,} articles, {given.characters:,} characters, {len(given.questions):,} "
        f"questions that stand alone and have gold, {len(given.edits)} articles changed. {machine}",
        "",
        *lines,
        "",
        "In brackets: the ratio to the plain recipe; for hit@1 and recall@10 the 95 % interval, and the p of a paired "
        "randomization test against it.",
        *(
            f"\nThe machine was busy while {name} was measured, so its times say little."
            for name in busy(results, cores)
        ),
        *(f"\n{NAMES.get(name, name)} was skipped: {why}" for name, why in skipped.items()),
    ]
    return "\n".join(told) + "\n"


def busy(results: Sequence[Result], cores: int) -> list[str]:
    """The systems before one of whose phases more was running than one system keeps running, a thread for each core."""
    return [NAMES.get(r.name, r.name) for r in results if max(r.loads.values()) > cores + 1]


def beside(figure: Figure, result: Result, recipe: Result | None) -> str:
    """The figure, and its ratio to that of the recipe."""
    value = figure.of(result)
    said = format(value, figure.form)
    if recipe is None or recipe is result:
        return said
    return f"{said} ({ratio(value, figure.of(recipe))})"


def ratio(value: float, other: float) -> str:
    """How many times the other it is, in three digits at most."""
    times = value / other
    return f"{times:.0f}×" if times >= 100 else f"{times:.1f}×" if times >= 10 else f"{times:.2f}×"


def quality(name: str, result: Result, recipe: Result | None) -> str:
    """A mean over the questions, with its interval and the paired test."""
    own = result.values[name]
    found = mean(own)
    said = f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f}"
    if recipe is None or recipe is result:
        return said + ")"
    p = randomization([a - b for a, b in zip(own, recipe.values[name], strict=True)], SEED)
    return f"{said}; p {p:.4f})"


def average(result: Result, name: str) -> float:
    """The mean of a measure."""
    return fmean(result.values[name])
