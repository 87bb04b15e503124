"""What speaks for a passage, made into one score.

Cosine similarity and BM25 are added as they are, not stretched to the same range for each question: so a question of
many rare words is decided by its words, and one of few common ones by its meaning. Min-max scaling with equal weights
lost up to 6 points of hit@1 to its better leg on a set, this none on six (docs/measurements.md, "Retrieval").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# What a point of BM25, or of words that stand together, is worth in cosine similarity. Swept from .01 to .04 on news,
# SQuAD, MultiHop-RAG, MTRAG and TimeQA, 2026-11-28; .015 to .03 are within .01 of hit@1 of each other.
WORDS = 0.02
# The share of the passage that its article begins with. Swept from 0 to .5 on the same sets; .1 to .3 are alike.
LEAD = 0.1
# What it is worth that an article is of the paper, by the author, or of the days that the question names, each. Swept
# from .05 to .3 on news (days) and MultiHop-RAG (papers, days); .2 to .3 are alike.
NAMED = 0.25


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a passage.

    Its cosine similarity, that of the passage its article begins with, what its words match (from 0 up), and how many
    of the things that the question names its article meets (0 to 3).
    """

    similar: float
    lead: float
    words: float
    named: int

    @property
    def score(self) -> float:
        """One number, higher is better; about -1 to 3, comparable for one question only."""
        return self.similar + LEAD * self.lead + WORDS * self.words + NAMED * self.named


def scaled(scores: Mapping[int, float]) -> dict[int, float]:
    """Scores moved and stretched to the range 0 to 1; all 1 when they are all equal."""
    low, high = min(scores.values(), default=0.0), max(scores.values(), default=0.0)
    span = high - low
    return {n: (score - low) / span if span else 1.0 for n, score in scores.items()}
