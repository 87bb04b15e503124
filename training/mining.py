"""The passages that come nearest to a question by their words, by BM25."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from index.lexical import stem, terms

# Robertson's k1 and b as Lucene has them.
K1, B = 0.9, 0.4


class Nearest:
    """BM25 over passages, a word counted once in each. Robertson & Zaragoza, 2009, doi:10.1561/1500000019."""

    def __init__(self, texts: Sequence[str]) -> None:
        words = [{stem(word) for word in terms(text)} for text in texts]
        lengths = np.array([max(1, len(one)) for one in words], dtype=np.float64)
        norm = K1 * (1 - B + B * lengths / lengths.mean()) if len(texts) else lengths
        places: dict[str, list[int]] = defaultdict(list)
        for i, one in enumerate(words):
            for word in sorted(one):
                places[word].append(i)
        self._size = len(texts)
        self._weights = {}
        for word, found in places.items():
            rarity = np.log(1 + (self._size - len(found) + 0.5) / (len(found) + 0.5))
            self._weights[word] = (np.array(found), rarity / (1 + norm[found]))

    def rank(self, question: str, limit: int) -> list[int]:
        """The indices of the nearest texts, the nearest first; none that shares no word with the question."""
        scores = np.zeros(self._size)
        for word in sorted({stem(term) for term in terms(question)}):
            if word in self._weights:
                found, weights = self._weights[word]
                scores[found] += weights
        best = np.argsort(-scores, kind="stable")[:limit]
        return [int(i) for i in best if scores[i] > 0]
