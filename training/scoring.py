"""What a reader says to questions about given passages, and how well: exact match, F1 and AUROC."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag.evals.abstention import auroc
from rag.evals.squad_scores import squad_2
from rag.reading.spans import Logits, Span, SpanModel, read_windows, run_in_batches
from rag.reading.windows import Window, windows
from training.examples import Example

if TYPE_CHECKING:
    from training.network import Network

# The most tokens of a batch after padding.
BATCH_TOKENS = 6_000
NOTHING = Span(0, 0, -np.inf)

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Read:
    """The best span of a passage, verbatim, and its score less that of "not here": above 0 it answers, uncalibrated."""

    said: str
    score: float


@dataclass(frozen=True, slots=True)
class Scores:
    """From 0 to 1, with the numbers of questions. `auroc` is None unless there are both kinds.

    `f1` and `exact` are of the answerable, never refused; `all_f1` and `all_exact` of all, refused below `threshold`,
    which is the best for these very questions unless one was given. The interval of `auroc` is DeLong's, 95 %.
    """

    answerable: int
    unanswerable: int
    exact: float
    f1: float
    auroc: float | None
    auroc_low: float | None
    auroc_high: float | None
    threshold: float
    all_exact: float
    all_f1: float

    def as_json(self) -> dict[str, float | int | None]:
        """The numbers, rounded to four places."""
        return {name: round(v, 4) if isinstance(v, float) else v for name, v in asdict(self).items()}


def read(network: Network, examples: Sequence[Example], say: Say | None = None) -> list[Read]:
    """What the network reads in each example, the best of its windows."""
    made = windows(network.tokenizer, [(e.question, e.title, e.text) for e in examples])
    flat = [window for of in made for window in of]
    left = len(flat)

    def run(batch: list[Window]) -> list[Logits]:
        nonlocal left
        left -= len(batch)
        if say:
            say(f"{left:,} windows to read")
        return network.logits(batch)

    texts = [e.text for e in examples]
    found = zip(read_windows(made, texts, run_in_batches(run, flat, BATCH_TOKENS)), examples, strict=True)
    return [Read(e.text[best.start : best.end], best.score) for of, e in found for best in of or [NOTHING]]


def read_packed(model: SpanModel, examples: Sequence[Example]) -> list[Read]:
    """What the model as it is served reads in each example."""
    found = [model.read(e.question, [(e.title, e.text)])[0] for e in examples]
    return [
        Read(e.text[best.start : best.end], best.score)
        for of, e in zip(found, examples, strict=True)
        for best in of or [NOTHING]
    ]


def score(
    network: Network, examples: Sequence[Example], threshold: float | None = None, say: Say | None = None
) -> Scores:
    """The scores of a network on examples."""
    return scores(examples, read(network, examples, say), threshold)


def scores(examples: Sequence[Example], found: Sequence[Read], threshold: float | None = None) -> Scores:
    """The scores of what was read; without a threshold, at the best one."""
    answered = [squad_2(r.said, e.answers) for e, r in zip(examples, found, strict=True)]
    refused = [squad_2("", e.answers) for e in examples]
    confidence = np.array([r.score for r in found])
    if threshold is None:
        threshold = best_threshold(confidence, np.array([m.f1 - n.f1 for m, n in zip(answered, refused, strict=True)]))
    taken = [m if c >= threshold else n for m, n, c in zip(answered, refused, confidence, strict=True)]
    can = [e.answer is not None for e in examples]
    area = auroc(
        [float(c) for c, y in zip(confidence, can, strict=True) if y],
        [float(c) for c, y in zip(confidence, can, strict=True) if not y],
    )
    right = [m for m, y in zip(answered, can, strict=True) if y]
    return Scores(
        answerable=len(right),
        unanswerable=len(examples) - len(right),
        exact=float(np.mean([m.exact for m in right])) if right else 0.0,
        f1=float(np.mean([m.f1 for m in right])) if right else 0.0,
        auroc=area.value if area else None,
        auroc_low=area.low if area else None,
        auroc_high=area.high if area else None,
        threshold=float(threshold),
        all_exact=float(np.mean([m.exact for m in taken])) if taken else 0.0,
        all_f1=float(np.mean([m.f1 for m in taken])) if taken else 0.0,
    )


def best_threshold(confidence: np.ndarray, gain: np.ndarray) -> float:
    """Answering from this confidence on gains the most; `gain` is what answering a question gains over refusing it."""
    if not len(confidence):
        return 0.0
    order = np.argsort(-confidence, kind="stable")
    total = np.concatenate(([0.0], np.cumsum(gain[order])))
    # Questions of one confidence are answered together.
    levels = np.append(confidence[order], -np.inf)
    ends = [i for i in range(len(total)) if i == 0 or levels[i] < levels[i - 1]]
    best = max(ends, key=lambda i: total[i])
    if best == 0:
        return float(np.nextafter(levels[0], np.inf))
    return float(levels[best - 1])
