"""Fits the weights of the sentence reader and sweeps its threshold, and says how well they do.

    python -m benchmarks.calibrate SET_FOLDER STORE [SET_FOLDER STORE ...]

Each pair is a question set in the form of BEIR and a store that holds its corpus; 400 questions of each are drawn. A
sentence counts as an answer when it holds an answer text and stands in a relevant document. The weights are fitted on
answerable questions whose answer is among the sentences, each question counting the same. Reported by five-fold
cross-validation over questions: how often the best sentence is an answer. The threshold is not fitted: for a row of
them, how many answerable questions are answered and how many others refused.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.embedder import Embedder
from index.search import Index
from rag.chain import Assistant
from rag.evals.scores import squeeze
from rag.evals.sets import EvalQuestion, QuestionSet, load
from rag.reader import SentenceReader, Weighed, closeness
from rag.retrieve import HybridRetriever

QUESTIONS = 400
FOLDS = 5
SEED = 0


@dataclass(frozen=True)
class Asked:
    """A question with the evidence of each sentence, float64 (sentences, 4), and which of them answer it.

    `closest` is how near the nearest of them comes to the question.
    """

    set_name: str
    answerable: bool
    closest: float
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
                max(closeness(w.evidence) for w in weighed),
                np.array([w.evidence.values() for w in weighed]),
                np.array([_is_answer(question, w, question_set) for w in weighed]),
            )


def _is_answer(question: EvalQuestion, weighed: Weighed, question_set: QuestionSet) -> bool:
    document = question_set.document(weighed.candidate.hit.article.source)
    text = squeeze(weighed.candidate.text)
    return question.relevance.get(document, 0) > 0 and any(squeeze(a) in text for a in question.answers)


def fit(questions: list[Asked]) -> tuple[np.ndarray, float]:
    """Weights and bias of a logistic regression over the sentences of questions that have an answer among them."""
    from sklearn.linear_model import LogisticRegression

    held = [q for q in questions if q.answerable and q.answers.any()]
    rows, labels = np.concatenate([q.evidence for q in held]), np.concatenate([q.answers for q in held])
    shares = np.concatenate([np.full(len(q.answers), len(labels) / len(held) / len(q.answers)) for q in held])
    model = LogisticRegression(C=10.0, max_iter=2_000).fit(rows, labels, sample_weight=shares)
    return model.coef_[0], float(model.intercept_[0])


def first_is_right(questions: list[Asked]) -> dict[str, list[bool]]:
    """For each answerable question whether its best sentence answers, by weights that were not fitted on it."""
    held = [q for q in questions if q.answerable]
    folds = np.random.default_rng(SEED).integers(0, FOLDS, len(held))
    right: dict[str, list[bool]] = {}
    for fold in range(FOLDS):
        weights, _ = fit([q for q, f in zip(held, folds, strict=True) if f != fold])
        for q in (q for q, f in zip(held, folds, strict=True) if f == fold):
            right.setdefault(q.set_name, []).append(bool(q.answers[np.argmax(q.evidence @ weights)]))
    return right


def report(questions: list[Asked]) -> Iterator[str]:
    """Lines for each set: how often the best sentence answers, AUROC of the closest sentence, and the sweep."""
    from sklearn.metrics import roc_auc_score

    for name, right in first_is_right(questions).items():
        asked_of = [q for q in questions if q.set_name == name]
        closest = np.array([q.closest for q in asked_of])
        yes = np.array([q.answerable for q in asked_of])
        auroc = roc_auc_score(yes, closest) if not yes.all() else float("nan")
        counts = f"{yes.sum()} answerable, {(~yes).sum()} not"
        yield f"{name}: {counts}; best sentence answers {np.mean(right):.3f}; AUROC {auroc:.3f}"
        for threshold in np.arange(0.2, 0.65, 0.05):
            answered, refused = (closest[yes] >= threshold).mean(), (closest[~yes] < threshold).mean()
            yield f"  threshold {threshold:.2f}: answers {answered:.3f}, refuses {refused:.3f}"


def main() -> None:
    """Fit on all sets, and report."""
    embedder = Embedder()
    questions: list[Asked] = []
    for folder, store in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
        questions += asked(load(Path(folder)), Path(store), embedder)
    weights, bias = fit(questions)
    print("WEIGHTS =", tuple(round(float(w), 2) for w in weights), "BIAS =", round(bias, 2))
    print("\n".join(report(questions)))


if __name__ == "__main__":
    main()
