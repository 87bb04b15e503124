"""Retrieval measures, as pure functions of a ranking and its judgements, and means with their uncertainty.

A ranking is a sequence of document ids, best first, each once; relevance maps a document id to its grade, and above 0
is relevant. The values are those of trec_eval, which tests/test_measures.py holds to 1e-9 by way of ir_measures.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from index.errors import UsageError
from rag.measured import Mean

Relevance = Mapping[str, int]
# Ranking, relevance and cutoff in, a value from 0 to 1 out.
Formula = Callable[[Sequence[str], Relevance, int], float]

RESAMPLES = 2_000
# Resamples drawn at once: keeps the memory at BATCH * n numbers.
BATCH = 100
SEED = 0


def recall(ranking: Sequence[str], relevance: Relevance, k: int) -> float:
    """The share of the relevant documents that are among the first k; 0 when none is relevant."""
    relevant = _relevant(relevance)
    return len(relevant.intersection(ranking[:k])) / len(relevant) if relevant else 0.0


def hit(ranking: Sequence[str], relevance: Relevance, k: int) -> float:
    """1 when a relevant document is among the first k, else 0. Also called success@k."""
    return float(not _relevant(relevance).isdisjoint(ranking[:k]))


def reciprocal_rank(ranking: Sequence[str], relevance: Relevance, k: int) -> float:
    """1 / rank of the first relevant document, rank from 1; 0 when it is not among the first k."""
    relevant = _relevant(relevance)
    return next((1 / rank for rank, document in enumerate(ranking[:k], 1) if document in relevant), 0.0)


def ndcg(ranking: Sequence[str], relevance: Relevance, k: int) -> float:
    """DCG of the first k over the DCG of the best possible k; DCG = sum of grade / log2(rank + 1).

    Järvelin & Kekäläinen, TOIS 2002, doi:10.1145/582415.582418, with the discount of trec_eval's ndcg_cut.
    """
    best = _dcg(sorted(relevance.values(), reverse=True)[:k])
    return _dcg([relevance.get(document, 0) for document in ranking[:k]]) / best if best else 0.0


def average_precision(ranking: Sequence[str], relevance: Relevance, k: int) -> float:
    """The mean, over the relevant documents, of the precision at their ranks; 0 for those not among the first k."""
    relevant = _relevant(relevance)
    ranks = [rank for rank, document in enumerate(ranking[:k], 1) if document in relevant]
    return math.fsum(found / rank for found, rank in enumerate(ranks, 1)) / len(relevant) if relevant else 0.0


def r_precision(ranking: Sequence[str], relevance: Relevance, k: int) -> float:
    """The share of relevant documents among the first R, where R is how many are relevant; k does not matter."""
    return recall(ranking, relevance, len(_relevant(relevance)))


def all_evidence(ranking: Sequence[str], relevance: Relevance, k: int) -> float:
    """1 when every relevant document is among the first k, else 0. Its mean is the coverage at full recall."""
    relevant = _relevant(relevance)
    return float(bool(relevant) and relevant.issubset(ranking[:k]))


def judged(ranking: Sequence[str], relevance: Relevance, k: int) -> float:
    """The share of the first k, or of as many as were found, that somebody judged; 0 when nothing was found.

    It says how far the other measures can be believed: what nobody judged counts as not relevant.
    """
    first = ranking[:k]
    return sum(document in relevance for document in first) / len(first) if first else 0.0


def _dcg(grades: Sequence[int]) -> float:
    return math.fsum(max(grade, 0) / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))


def _relevant(relevance: Relevance) -> set[str]:
    return {document for document, grade in relevance.items() if grade > 0}


@dataclass(frozen=True, slots=True)
class Measure:
    """A formula and its cutoff, under the name that the field writes: "nDCG@10". Values go from 0 to 1."""

    formula: Formula
    cutoff: int
    name: str

    def of(self, ranking: Sequence[str], relevance: Relevance) -> float:
        """The value of one ranking."""
        return self.formula(ranking, relevance, self.cutoff)


FORMULAS: dict[str, Formula] = {
    "hit": hit,
    "recall": recall,
    "MRR": reciprocal_rank,
    "nDCG": ndcg,
    "AP": average_precision,
    "R-precision": r_precision,
    "all-evidence": all_evidence,
    "judged": judged,
}
# Those that look at the whole ranking when no cutoff is given, and the one that never has a cutoff.
WHOLE = {"AP", "R-precision"}
WITHOUT_CUTOFF = {"R-precision"}


def measure(name: str) -> Measure:
    """The measure of that name, such as "recall@10" or "AP". Raises UsageError for a name that is none."""
    formula, at, cutoff = name.partition("@")
    if formula in WHOLE and not at:
        return Measure(FORMULAS[formula], sys.maxsize, name)
    if formula not in FORMULAS.keys() - WITHOUT_CUTOFF or not cutoff.isdecimal() or not int(cutoff):
        known = [f if f in WITHOUT_CUTOFF else f"{f}@k" for f in FORMULAS]
        raise UsageError(f"There is no measure {name!r}", f"Known are {', '.join(known)}, and AP of the whole ranking.")
    return Measure(FORMULAS[formula], int(cutoff), name)


STANDARD = tuple(
    measure(name)
    for name in (
        "hit@1", "hit@5", "hit@10", "recall@5", "recall@10", "MRR@10", "nDCG@10", "AP", "R-precision",
        "all-evidence@10", "judged@10",
    )
)  # fmt: skip
# They describe the judgements or the search, and are not better when they are higher.
DESCRIPTIVE = ("judged@",)


def evaluate(
    rankings: Mapping[str, Sequence[str]], qrels: Mapping[str, Relevance], measures: Sequence[Measure] = STANDARD
) -> dict[str, dict[str, float]]:
    """Values by query and measure, for every query of `qrels`.

    A query that found nothing has an empty ranking and counts 0. Raises ValueError for one without a ranking, because
    a query that did not run is not a zero.
    """
    missing = sorted(qrels.keys() - rankings.keys())
    if missing:
        raise ValueError(f"{len(missing)} queries have no ranking, the first is {missing[0]!r}")
    return {query: {m.name: m.of(rankings[query], qrels[query]) for m in measures} for query in qrels}


def mean(values: Sequence[float], seed: int = SEED) -> Mean:
    """The mean of at least one value, with its interval."""
    return mean_of_each({"": values}, seed)[""]


def mean_of_each(columns: Mapping[str, Sequence[float]], seed: int = SEED) -> dict[str, Mean]:
    """The mean of each column of at least one value, with its interval. Columns of one length are resampled alike."""
    found: dict[str, Mean] = {}
    for n in {len(values) for values in columns.values()}:
        same = {name: values for name, values in columns.items() if len(values) == n}
        for (name, values), (low, high) in zip(same.items(), _intervals(list(same.values()), seed), strict=True):
            found[name] = Mean(math.fsum(values) / n, low, high, n)
    return {name: found[name] for name in columns}


def interval(values: Sequence[float], seed: int = SEED) -> tuple[float, float]:
    """The 95 % interval of the mean of at least one value: percentiles of 2,000 bootstrap resamples.

    Efron & Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13. The same values and seed give the same
    interval. One value, or values that are all equal, give an interval without width: it knows nothing of questions
    that were not asked.
    """
    return _intervals([values], seed)[0]


def _intervals(columns: Sequence[Sequence[float]], seed: int) -> list[tuple[float, float]]:
    """The interval of each of some columns, all of one length n: takes O(RESAMPLES * n) for all of them together."""
    import numpy as np

    drawn, rng = np.asarray(columns, dtype=np.float64).T, np.random.default_rng(seed)
    n = len(drawn)
    rows = np.arange(BATCH)[:, None] * n
    samples = (rng.integers(0, n, (BATCH, n)) + rows for _ in range(RESAMPLES // BATCH))
    # How often each question was drawn into each resample: the means of all columns are then one product.
    counts = (np.bincount(sample.ravel(), minlength=BATCH * n).reshape(BATCH, n) for sample in samples)
    means = np.concatenate([count @ drawn for count in counts]) / n
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]
