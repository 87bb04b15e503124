"""How often a follow-up is recognised and a question that stands alone is touched; the weights are fitted here.

    python -m benchmarks.followups FOLLOW ALONE [ALONE ...]

FOLLOW holds a queries.jsonl whose questions have a `history` and a human `rewrite` that stands alone, ALONE are sets
whose questions stand alone. A question needs the earlier ones when its rewrite has a content word, by its stem, that
the question lacks and the earlier turns have; the rewrites stand alone, and so do questions to which the rewrite adds
no word. Each group counts the same. Conversations are halved by the SHA-256 of their ids; the weights of each half are
looked at on the other. Printed last are those of both, which are the ones in rag.followups, rounded.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.lexical import stem
from rag.followups import LEANS, clues, leaning
from rag.reader import content_words

NAMES = "pronoun here compares replies opens words asks name definition".split()  # noqa: SIM905


@dataclass(frozen=True)
class Said:
    """A question as it was asked: its group, its text, whether it needs earlier ones, and its half."""

    group: str
    text: str
    needs: bool
    half: int


def main() -> None:
    """Print how the served weights do on each group, how those of one half do on the other, and those of both."""
    follow, *alone = map(Path, sys.argv[1:])
    said = [*_conversations(follow), *(s for folder in alone for s in _alone(folder))]
    clued = np.array([clues(s.text) for s in said])
    needs, halves = np.array([s.needs for s in said]), np.array([s.half for s in said])
    groups = np.array([s.group for s in said])
    share = np.array([1 / (groups == group).sum() for group in groups])
    served = np.array([leaning(s.text) >= LEANS for s in said])
    crossed = np.zeros(len(said), dtype=bool)
    for half in (0, 1):
        crossed[halves != half] = _odds(clued, *_fitted(clued, needs, share, halves == half))[halves != half] >= LEANS
    for group in sorted(set(groups)):
        these = groups == group
        print(
            f"{group:28} n {these.sum():5}  served {served[these].mean():.3f}  other half {crossed[these].mean():.3f}"
        )
    bias, weights = _fitted(clued, needs, share, halves >= 0)
    print(f"bias {bias:.2f}  " + "  ".join(f"{name} {w:.2f}" for name, w in zip(NAMES, weights, strict=True)))


def _conversations(folder: Path) -> Iterator[Said]:
    with (folder / "queries.jsonl").open(encoding="utf-8") as lines:
        for question in map(json.loads, lines):
            about: dict[str, Any] = question["metadata"]
            half = half_of(question["_id"])
            collection = "canard" if about.get("collection", "").startswith("canard") else "mtrag"
            yield Said(f"{collection}, rewrites", about["rewrite"], False, half)
            if not about["history"] and collection == "mtrag":
                yield Said("mtrag, first", question["text"], False, half)
            elif about["history"]:
                new = _stems(about["rewrite"]) - _stems(question["text"])
                earlier = set[str]().union(*(_stems(turn["text"]) for turn in about["history"]))
                if new & earlier or not new:
                    group = "lean" if new else "stand alone"
                    yield Said(f"{collection}, {group}", question["text"], bool(new), half)


def _alone(folder: Path) -> Iterator[Said]:
    with (folder / "queries.jsonl").open(encoding="utf-8") as lines:
        for question in map(json.loads, lines):
            yield Said(f"{folder.name}, stand alone", question["text"], False, half_of(question["_id"]))


def half_of(name: str) -> int:
    """0 or 1 for the conversation of a question, by its id."""
    conversation = name.rsplit("<::>")[0].rsplit("-", 1)[0]
    return hashlib.sha256(conversation.encode()).digest()[-1] % 2


def _stems(text: str) -> set[str]:
    return {stem(word) for word in content_words(text)}


def _fitted(
    clued: NDArray[Any], needs: NDArray[Any], share: NDArray[Any], these: NDArray[Any]
) -> tuple[float, NDArray[Any]]:
    """Bias and weights by logistic regression over these."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=300, max_iter=1000).fit(clued[these], needs[these], share[these])
    return float(model.intercept_[0]), model.coef_[0]


def _odds(clued: NDArray[Any], bias: float, weights: NDArray[Any]) -> NDArray[Any]:
    return np.exp(bias + clued @ weights)


if __name__ == "__main__":
    main()
