"""A person judges places one after another: what is shown, what may be answered, and what follows from it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from rag.evals.pools import Candidate

# Shows a text and gives the line that a person types; None when there is nobody, or no more.
Ask = Callable[[str], str | None]

KEYS = "y yes · n no · a number: that sentence answers · s skip · q quit"
_NUMBERS = re.compile(r"(\d+)(?:\s*-\s*(\d+))?$")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person said of a place: article.text[start:end] of the document answers the question, or does not."""

    question: str
    document: str
    start: int
    end: int
    text: str
    relevant: bool


class Labels(Protocol):
    """Where judgements are kept."""

    def knows(self, candidate: Candidate) -> bool:
        """Whether the place was judged before."""

    def keep(self, judgement: Judgement) -> None:
        """Keeps it, at once and for good."""

    def finish(self, question: str) -> None:
        """Notes that every place of a question was judged."""


@dataclass(frozen=True, slots=True)
class Session:
    """What was done: how many places were judged, how many of them answer, and how many were skipped or left.

    `left` are the questions that were not come to.
    """

    judged: int
    relevant: int
    skipped: int
    left: int


def judge(pools: Iterable[tuple[str, Iterator[Candidate]]], labels: Labels, ask: Ask) -> Session:
    """Shows every place that was not judged before, until there are no more or the person quits.

    `pools` gives the id of each question and its places; each is kept before the next is shown.
    """
    counts: Counter[str] = Counter()
    questions = list(pools)
    for number, (question, places) in enumerate(questions):
        skipped = 0
        for candidate in places:
            if labels.knows(candidate):
                continue
            said = _said(candidate, f"{number + 1} of {len(questions)}", ask)
            if said is None:
                return _session(counts, len(questions) - number)
            if isinstance(said, Judgement):
                labels.keep(said)
                counts.update(judged=1, relevant=int(said.relevant))
            else:
                skipped += 1
        counts.update(skipped=skipped)
        if not skipped:
            labels.finish(question)
    return _session(counts, 0)


def _session(counts: Counter[str], left: int) -> Session:
    return Session(counts["judged"], counts["relevant"], counts["skipped"], left)


def _said(candidate: Candidate, where: str, ask: Ask) -> Judgement | str | None:
    """The judgement, "skip", or None for the end; what cannot be meant is asked again."""
    prompt = shown(candidate, where)
    while (line := ask(prompt)) is not None:
        word = line.strip().lower()
        if word in {"q", "quit"}:
            return None
        if word in {"s", "skip", ""}:
            return "skip"
        if judgement := read(word, candidate):
            return judgement
        prompt = f"{KEYS}: "
    return None


def read(word: str, candidate: Candidate) -> Judgement | None:
    """What an answer means: y and n are of the whole place, a number or a range of numbers of its sentences."""
    span, relevant = (candidate.start, candidate.end), word in {"y", "yes"}
    if numbers := _NUMBERS.match(word):
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        if not 1 <= first <= last <= len(candidate.sentences):
            return None
        span, relevant = (candidate.sentences[first - 1][0], candidate.sentences[last - 1][1]), True
    elif not relevant and word not in {"n", "no"}:
        return None
    text = candidate.text[span[0] - candidate.start : span[1] - candidate.start]
    return Judgement(candidate.question.id, candidate.document, *span, text, relevant)


def shown(candidate: Candidate, where: str) -> str:
    """The question and the place, its sentences numbered, and the keys."""
    question = candidate.question
    lines = ["", f"[{where}] {question.text}"]
    lines += [f"    after: {text}" for text in question.earlier]
    lines += ["", f"  {candidate.title or candidate.document}"]
    base = candidate.start
    for number, (start, end) in enumerate(candidate.sentences, 1):
        lines.append(f"  {number:3}  {' '.join(candidate.text[start - base : end - base].split())}")
    return "\n".join([*lines, "", f"Does it answer the question? {KEYS}: "])
