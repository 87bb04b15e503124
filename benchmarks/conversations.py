"""What is found for the last turn of a conversation: alone, with the earlier ones, and as a person rewrote it.

    python -m benchmarks.conversations SET STORE ALONE STORE

SET is a question set in the form of BEIR whose questions have earlier turns and a human `rewrite`, ALONE one whose
questions stand alone; each with the folder of an index of its corpus. What a follow-up loses by being one is the gap
between the turn alone and its rewrite. A new topic is a rewrite of SET behind a part of another conversation, or one of
200 questions of ALONE behind two others; what it loses by that is the price.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
from numpy.typing import NDArray

from benchmarks.followups import half_of
from index.embedder import Embedder
from index.search import Index
from rag.evals.measures import measure
from rag.evals.scores import ranked
from rag.evals.sets import EvalQuestion, QuestionSet, load
from rag.followups import Query, in_context
from rag.retrieve import HybridRetriever

MEASURES = tuple(measure(name) for name in ("hit@1", "hit@5", "recall@10", "nDCG@10"))
UNRELATED = 200

Scores = NDArray[np.float64]


def main() -> None:
    """Print the means of each way to ask, the share of the gap that is recovered, and what new topics lose."""
    embedder = Embedder()
    folder, alone = Path(sys.argv[1]), Path(sys.argv[3])
    rewrites = dict(_rewrites(folder))
    turns, last = load(folder), _searched(Path(sys.argv[2]), embedder)
    asked = [q for q in turns.questions if q.answerable and q.earlier]
    served = _shown("in context", last(asked, turns, _as_served))
    raw = _shown("the turn alone", last(asked, turns, _as_it_is))
    written = [replace(q, text=rewrites[q.id]) for q in asked]
    best = _shown("rewritten", last(written, turns, _as_it_is))
    for name, these in (("all", slice(None)), ("half 0", _half(asked, 0)), ("half 1", _half(asked, 1))):
        gap = (best[these] - raw[these]).mean(axis=0)
        won = (served[these] - raw[these]).mean(axis=0)
        print(
            f"{name}: n {len(served[these])}; of the gap "
            + "  ".join(_share(w, g) for w, g in zip(won, gap, strict=True))
        )
    _shown("rewritten, behind another conversation", last(_behind_others(written), turns, _as_served))
    single = load(alone)
    few = sorted((q for q in single.questions if q.answerable), key=lambda q: _number(q.id))[:UNRELATED]
    search = _searched(Path(sys.argv[4]), embedder)
    _shown("stand alone", search(few, single, _as_it_is))
    _shown("stand alone, behind two others", search(_behind_others(few), single, _as_served))


def _searched(store: Path, embedder: Embedder) -> Callable[..., Scores]:
    retriever = HybridRetriever(index=Index(store, embedder))

    def scores(asked: Sequence[EvalQuestion], among: QuestionSet, query: Callable[[EvalQuestion], Query]) -> Scores:
        rows = []
        for question in asked:
            day = (question.asked_at or datetime.now(UTC)).date()
            ranking = ranked(retriever.search(query(question), day).hits, among.document)
            rows.append([measured.of(ranking, question.relevance) for measured in MEASURES])
        return np.array(rows)

    return scores


def _as_it_is(question: EvalQuestion) -> Query:
    return Query(question.text)


def _as_served(question: EvalQuestion) -> Query:
    return in_context(question.text, question.earlier)


def _behind_others(asked: Sequence[EvalQuestion]) -> list[EvalQuestion]:
    """Each question behind what was asked in another conversation: its turns, or itself and one more."""
    behind = []
    for question in asked:
        strangers = [q for q in asked if _conversation(q.id) != _conversation(question.id)]
        first, second = (strangers[_number(question.id, salt) % len(strangers)] for salt in "ab")
        behind.append(
            replace(question, earlier=(*first.earlier, first.text) if first.earlier else (first.text, second.text))
        )
    return behind


def _half(asked: Sequence[EvalQuestion], half: int) -> NDArray[np.bool_]:
    return np.array([half_of(q.id) == half for q in asked])


def _conversation(name: str) -> str:
    return name.rsplit("<::>")[0]


def _number(*parts: str) -> int:
    return int.from_bytes(hashlib.sha256("".join(parts).encode()).digest()[-4:], "big")


def _rewrites(folder: Path) -> list[tuple[str, str]]:
    with (folder / "queries.jsonl").open(encoding="utf-8") as lines:
        return [(q["_id"], q["metadata"].get("rewrite") or q["text"]) for q in map(json.loads, lines)]


def _shown(name: str, scores: Scores) -> Scores:
    means = "  ".join(f"{m.name} {value:.3f}" for m, value in zip(MEASURES, scores.mean(axis=0), strict=True))
    print(f"{name:40} n {len(scores):3}  {means}", flush=True)
    return scores


def _share(won: float, gap: float) -> str:
    return f"{won / gap:.2f}" if abs(gap) > 0.01 else f"({won:+.3f} of {gap:+.3f})"


if __name__ == "__main__":
    main()
