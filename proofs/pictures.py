"""What a reader can see of a store: each passage with its article and vector, and what is found for questions."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from index.catalog import Catalog
from index.records import digest
from index.search import Index, View
from proofs.words import Vectors, WordEmbedder

# Cosine similarities from Chroma and from numpy differ by less than this.
NEAR = 1e-4
LIMIT = 10

Found = list[tuple[str, float]]  # passage id and score, best first


@dataclass(frozen=True, slots=True)
class Picture:
    """One generation of a store: what is said of each passage and article, by the passage's id, and its vector."""

    generation: int
    said: Mapping[str, str]
    vectors: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Equal for equal content, whatever the numbers of the passages."""
        return digest(*(f"{key} {self.said[key]} {self.vectors[key].hex()}" for key in sorted(self.said)))


def picture(catalog: Catalog) -> Picture:
    """All that is live in a catalog, as of its transaction or snapshot."""
    numbers = sorted(catalog.segment_of())
    live = catalog.live_passages(numbers)
    rows = catalog.vectors(list(live)) if live else ()
    said, vectors = {}, {}
    for (passage, article), row in zip(live.values(), rows, strict=True):
        said[passage.id] = json.dumps([asdict(passage), asdict(article)], default=str, sort_keys=True)
        vectors[passage.id] = row.tobytes()
    return Picture(catalog.generation(), said, vectors)


def picture_of(store: Path) -> Picture:
    """The same of a store, as it is now."""
    with contextlib.closing(Catalog(store)) as catalog, catalog.snapshot():
        return picture(catalog)


def differences(one: Picture, other: Picture) -> str:
    """How the content of two pictures differs, but for the time an article was read; "" when it does not."""
    missing, extra = other.said.keys() - one.said.keys(), one.said.keys() - other.said.keys()
    if missing or extra:
        return f"{len(missing)} passages missing, {len(extra)} too many"
    said = [key for key in one.said if _timeless(one.said[key]) != _timeless(other.said[key])]
    vectors = [key for key in one.vectors if one.vectors[key] != other.vectors[key]]
    if said or vectors:
        first = f", the first is {one.said[said[0]][:300]} for {other.said[said[0]][:300]}" if said else ""
        return f"{len(said)} passages say something else and {len(vectors)} have another vector{first}"
    return ""


def _timeless(said: str) -> object:
    passage, article = json.loads(said)
    return passage, {key: value for key, value in article.items() if key != "fetched"}


def dense(view: View, vector: Vectors, limit: int = LIMIT) -> Found:
    """The ids of the nearest passages."""
    return _named(view, view.dense(vector, limit))


def lexical(view: View, text: str, limit: int = LIMIT) -> Found:
    """The ids of the passages that share words, equal scores in the order of the ids."""
    found = _named(view, view.lexical(text, limit))
    return sorted(found, key=lambda hit: (-round(hit[1], 9), hit[0]))


def _named(view: View, scored: list[tuple[int, float]]) -> Found:
    hits = view.hits(scored, {})
    if len(hits) != len(scored):
        raise AssertionError(f"{len(scored) - len(hits)} of {len(scored)} passages that were found are not there")
    return [(hit.passage.id, hit.score) for hit in hits]


def wrong_nearest(found: Found, known: Picture, vector: Vectors, limit: int = LIMIT) -> str:
    """How `found` differs from an exact search over the vectors of a picture; "" when only equal scores are swapped."""
    keys = list(known.vectors)
    rows = np.array([np.frombuffer(known.vectors[key], np.float32) for key in keys])
    exact = dict(zip(keys, (rows @ vector).tolist(), strict=True)) if keys else {}
    if strange := [key for key, _ in found if key not in exact]:
        return f"found {strange[0]}, which is not in it"
    best = sorted(exact.values(), reverse=True)[:limit]
    if len(found) != len(best):
        return f"found {len(found)} passages of {len(best)}"
    for place, ((key, score), score_there) in enumerate(zip(found, best, strict=True), start=1):
        if abs(score - exact[key]) > NEAR or abs(score - score_there) > NEAR:
            return f"rank {place} has {score:.5f}, exact is {exact[key]:.5f}, and the best there {score_there:.5f}"
    return ""


def wrong_answers(index: Index, known: Picture, asked: Sequence[str]) -> str:
    """The first question for which an open index does not find what is nearest in a picture; "" for none."""
    embedder = index.embedder
    assert isinstance(embedder, WordEmbedder)
    with index.view() as view:
        generation = view.overview().generation
        if generation != known.generation:
            return f"an open index shows generation {generation} and not {known.generation}"
        for question in asked:
            vector = embedder.embed_question(question)
            if wrong := wrong_nearest(dense(view, vector), known, vector):
                return f"{question!r}: {wrong}"
            if strange := [key for key, _ in lexical(view, question) if key not in known.said]:
                return f"{question!r}: found {strange[0]} by its words, which is not in it"
    return ""
