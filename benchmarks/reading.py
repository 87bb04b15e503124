"""Fits what a reader's evidence is worth, and says how well it ranks, marks and refuses.

    python -m benchmarks.reading SET STORE [SET STORE ...] [--model FOLDER] [--questions 400] [--fit NAME,NAME]

Each pair is a question set and a store that holds what it asks about; `--questions` of each are drawn. A span
answers when it holds an answer text, or stands in one; that of another document is as good. The weights are
those of a logistic regression over the spans of all questions, or of the sets that are named, each question counting
the same. Reported for each set by five-fold cross-validation over questions: how often the first passage is of a
relevant document, by retrieval and by the reader; how often its span is right; AUROC of the most likely span,
answerable against unanswerable questions; and what each threshold answers and refuses.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

from index.embedder import Embedder
from index.search import Index
from rag.chain import Assistant
from rag.evals.abstention import auroc
from rag.evals.scores import stands_in
from rag.evals.sets import EvalQuestion, QuestionSet, load
from rag.reader import PASSAGES
from rag.reading.packed import SHIPPED, PackedModel
from rag.reading.span_reader import Evidence, SpanReader
from rag.retrieve import HybridRetriever

FOLDS, SEED = 5, 0
THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)
NAMES = tuple(Evidence.__dataclass_fields__)


@dataclass(frozen=True, eq=False)
class Asked:
    """A question with the evidence of each span, float64 (spans, evidence), passages as retrieval ranked them.

    `relevant` and `right` say of each whether it is of a relevant document, and whether it answers.
    """

    set_name: str
    answerable: bool
    evidence: np.ndarray
    relevant: np.ndarray
    right: np.ndarray


def asked(question_set: QuestionSet, store: Path, embedder: Embedder, model: PackedModel, most: int) -> Iterator[Asked]:
    """At most `most` questions of the set, drawn at random, as the served chain would read them."""
    index = Index(store, embedder)
    reader = SpanReader(model, index)
    assistant = Assistant(HybridRetriever(index=index), reader)
    everything = question_set.asked_on(index.overview().last).questions
    drawn = np.random.default_rng(SEED).permutation(len(everything))[:most]
    for question in (everything[n] for n in sorted(drawn)):
        walk = assistant.find.invoke(question.as_asked())
        weighed = reader.weigh(walk.query, walk.hits[:PASSAGES])
        relevant = [
            any(question.relevance.get(question_set.document(source), 0) > 0 for source in one.found.hit.sources)
            for one in weighed
        ]
        shorts = [one.found.short for one in weighed]
        right = [answers(question, short) for short in shorts]
        evidence = np.array([one.evidence.values() for one in weighed]).reshape(-1, len(NAMES))
        yield Asked(
            question_set.name,
            question.answerable,
            evidence,
            np.array(relevant, dtype=bool),
            np.array(right, dtype=bool) & question.answerable,
        )


def answers(question: EvalQuestion, short: str) -> bool:
    """Whether a span holds an answer text as words of their own, or stands in one."""
    return bool(short.strip()) and any(stands_in(a, short) or stands_in(short, a) for a in question.answers)


def fit(questions: Sequence[Asked]) -> tuple[np.ndarray, float]:
    """Weights and bias of the regression."""
    from sklearn.linear_model import LogisticRegression

    rows, labels = np.concatenate([q.evidence for q in questions]), np.concatenate([q.right for q in questions])
    shares = np.concatenate([np.full(len(q.right), 1 / max(1, len(q.right))) for q in questions])
    model = LogisticRegression(C=10.0, max_iter=5_000).fit(rows, labels, sample_weight=shares * PASSAGES)
    return model.coef_[0], float(model.intercept_[0])


def held_out(questions: Sequence[Asked]) -> list[np.ndarray]:
    """For each question the chance of each of its passages, by weights that were not fitted on it."""
    folds = np.random.default_rng(SEED).integers(0, FOLDS, len(questions))
    said: list[np.ndarray] = [np.zeros(0)] * len(questions)
    for fold in range(FOLDS):
        weights, bias = fit([q for q, f in zip(questions, folds, strict=True) if f != fold])
        for n in np.flatnonzero(folds == fold):
            said[n] = 1 / (1 + np.exp(-(questions[n].evidence @ weights + bias)))
    return said


def report(questions: Sequence[Asked], chances: Sequence[np.ndarray]) -> Iterator[str]:
    """Lines for each set; where no span was read, nothing is relevant or right."""
    for name in dict.fromkeys(q.set_name for q in questions):
        pairs = [(q, c) for q, c in zip(questions, chances, strict=True) if q.set_name == name]
        can = [(q, c) for q, c in pairs if q.answerable]
        sure = [float(c.max(initial=0)) for _, c in can]
        unsure = [float(c.max(initial=0)) for q, c in pairs if not q.answerable]
        area = auroc(sure, unsure)
        first = np.mean([q.relevant[:1].any() for q, _ in can])
        best = np.mean([_of_best(q.relevant, c) for q, c in can])
        right, any_right = np.mean([_of_best(q.right, c) for q, c in can]), np.mean([q.right.any() for q, _ in can])
        yield f"{name}: {len(can)} answerable, {len(unsure)} not; AUROC {area.value if area else float('nan'):.3f}"
        yield f"  first passage relevant: retrieval {first:.3f}, reader {best:.3f}"
        yield f"  its span right {right:.3f}, that of any passage {any_right:.3f}"
        for threshold in THRESHOLDS:
            refused = np.mean([c < threshold for c in unsure]) if unsure else float("nan")
            answered = np.mean([c >= threshold for c in sure])
            yield f"  threshold {threshold:.2f}: answers {answered:.3f}, refuses {refused:.3f}"


def _of_best(told: np.ndarray, chances: np.ndarray) -> bool:
    return bool(len(told) and told[chances.argmax()])


def main() -> None:
    """Fit, and report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pairs", nargs="+", type=Path, metavar="SET STORE")
    parser.add_argument("--model", type=Path, default=SHIPPED, help="a packed reader; default: the shipped one")
    parser.add_argument("--questions", type=int, default=400, help="at most so many of each; default: %(default)s")
    parser.add_argument("--fit", default="", help="the sets whose questions are fitted on, by name; default: all")
    options = parser.parse_args()
    embedder, model = Embedder(), PackedModel(options.model)
    questions: list[Asked] = []
    for folder, store in zip(options.pairs[::2], options.pairs[1::2], strict=True):
        questions += asked(load(folder), store, embedder, model, options.questions)
    fitted = [q for q in questions if not options.fit or q.set_name in options.fit.split(",")]
    weights, bias = fit(fitted)
    print("\n".join(report(fitted, held_out(fitted))))
    others = [q for q in questions if all(q is not other for other in fitted)]
    print("\n".join(report(others, [1 / (1 + np.exp(-(q.evidence @ weights + bias))) for q in others])))
    print("WEIGHTS =", dict(zip(NAMES, (round(float(w), 2) for w in weights), strict=True)), "BIAS =", round(bias, 2))


if __name__ == "__main__":
    main()
