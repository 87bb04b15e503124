"""Fits the sentence reader's weights and threshold, and says how well they do on questions they were not fitted on.

    python -m benchmarks.calibrate SET_FOLDER STORE [SET_FOLDER STORE ...]

Each pair is a question set in the form of BEIR and a store that holds its corpus; 400 questions of each are drawn. A
sentence counts as an answer when it holds an answer text and stands in a relevant document. Prints the weights, and by
five-fold cross-validation over questions: how often the best sentence is an answer, and refusals and answers at a row
of thresholds.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.embedder import Embedder
from index.search import Index
from rag.chain import Assistant
from rag.evals.scores import squeeze
from rag.evals.sets import EvalQuestion, QuestionSet, load
from rag.reader import SentenceReader, Weighed
from rag.retrieve import HybridRetriever

QUESTIONS = 400
FOLDS = 5
SEED = 0


@dataclass(frozen=True)
class Asked:
    """A question with the evidence of each sentence, float64 (sentences, 5), and which of them answer it."""

    set_name: str
    answerable: bool
    evidence: np.ndarray
    answers: np.ndarray


def asked(question_set: QuestionSet, store: Path, embedder: Embedder) -> Iterator[Asked]:
    """QUESTIONS of the set, drawn at random, as the served chain would read them."""
    index = Index(store, embedder)
    reader = SentenceReader(index)
    assistant = Assistant(HybridRetriever(index=index), reader)
    everything = question_set.questions
    drawn = np.random.default_rng(SEED).permutation(len(everything))[:QUESTIONS]
    for question in (everything[n] for n in sorted(drawn)):
        walk = assistant.find.invoke(question.as_asked())
        weighed = reader.weigh(walk.searched_for, walk.hits)
        if weighed:
            yield Asked(
                question_set.name,
                question.answerable,
                np.array([w.evidence.values() for w in weighed]),
                np.array([_is_answer(question, w, question_set) for w in weighed]),
            )


def _is_answer(question: EvalQuestion, weighed: Weighed, question_set: QuestionSet) -> bool:
    document = question_set.document(weighed.candidate.hit.article.source)
    text = squeeze(weighed.candidate.text)
    return question.relevance.get(document, 0) > 0 and any(squeeze(a) in text for a in question.answers)


def fit(questions: list[Asked]) -> tuple[np.ndarray, float]:
    """Weights and bias of a logistic regression over sentences, each set of questions counting the same."""
    from sklearn.linear_model import LogisticRegression

    rows = np.concatenate([q.evidence for q in questions])
    labels = np.concatenate([q.answers for q in questions])
    sizes = Counter[str]()
    for question in questions:
        sizes[question.set_name] += len(question.answers)
    weights = np.concatenate([np.full(len(q.answers), len(rows) / len(sizes) / sizes[q.set_name]) for q in questions])
    model = LogisticRegression(C=10.0, max_iter=1_000).fit(rows, labels, sample_weight=weights)
    return model.coef_[0], float(model.intercept_[0])


def held_out(questions: list[Asked]) -> list[tuple[Asked, float, bool]]:
    """Each question with its best sentence's support and whether that sentence answers, by weights not fitted on it."""
    folds = np.random.default_rng(SEED).integers(0, FOLDS, len(questions))
    scored = []
    for fold in range(FOLDS):
        weights, bias = fit([q for q, f in zip(questions, folds, strict=True) if f != fold])
        for q, f in zip(questions, folds, strict=True):
            if f == fold:
                support = 1 / (1 + np.exp(-(q.evidence @ weights + bias)))
                best = int(np.argmax(support))
                scored.append((q, float(support[best]), bool(q.answers[best])))
    return scored


def report(scored: list[tuple[Asked, float, bool]]) -> Iterator[str]:
    """Lines for each set: how often the best sentence answers, AUROC, and what each threshold would give."""
    from sklearn.metrics import roc_auc_score

    for name in dict.fromkeys(q.set_name for q, _, _ in scored):
        rows = [(q.answerable, support, right) for q, support, right in scored if q.set_name == name]
        yes, no = [r for r in rows if r[0]], [r for r in rows if not r[0]]
        right = np.mean([r[2] for r in yes])
        auroc = roc_auc_score([r[0] for r in rows], [r[1] for r in rows]) if no else float("nan")
        yield f"{name}: {len(yes)} answerable, {len(no)} not; best sentence answers {right:.3f}; AUROC {auroc:.3f}"
        for threshold in (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5):
            kept = np.mean([r[1] >= threshold for r in yes])
            good = np.mean([r[2] for r in yes if r[1] >= threshold] or [0])
            refused = np.mean([r[1] < threshold for r in no]) if no else float("nan")
            yield f"  threshold {threshold:.2f}: answers {kept:.3f} (right {good:.3f}), refuses {refused:.3f}"


def main() -> None:
    """Fit on all sets, and report by cross-validation."""
    embedder = Embedder()
    questions: list[Asked] = []
    for folder, store in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        questions += asked(load(Path(folder)), Path(store), embedder)
    weights, bias = fit(questions)
    print("WEIGHTS =", tuple(round(float(w), 2) for w in weights), "BIAS =", round(bias, 2))
    print("\n".join(report(held_out(questions))))


if __name__ == "__main__":
    main()
