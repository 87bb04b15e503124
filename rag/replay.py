"""A kept question asked again: what is different from the answer that was shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.errors import UsageError
from rag.answers import Answer, Question
from rag.conversations import Turn


class Asked(Protocol):
    """What `replay` needs of rag.chain.Assistant."""

    def ask(self, question: Question) -> Answer:
        """The answer, or a FootnoteError."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The answer that a kept question has now, and what is different, a sentence each; none when it is the same."""

    answer: Answer
    differences: tuple[str, ...]


def replay(turn: Turn, assistant: Asked) -> Replay:
    """Asks the question of the turn again, after the same questions and as on the same day.

    Raises UsageError for a turn that was damaged.
    """
    if not turn.answer:
        raise UsageError(turn.trouble, "Ask the question again.")
    now = assistant.ask(turn.answer.question)
    return Replay(now, tuple(_differences(turn.answer, turn.passages, now)))


def _differences(then: Answer, passages: Sequence[str], now: Answer) -> Iterator[str]:
    if then.searched_for != now.searched_for:
        yield f"Searched for {now.searched_for!r}, not for {then.searched_for!r}."
    found = [hit.passage.id for hit in now.hits]
    gone, new = len(set(passages) - set(found)), len(set(found) - set(passages))
    if gone or new:
        yield f"Passages found no more: {gone} of {len(passages)}; found now: {new}."
    elif found != list(passages):
        yield "The same passages are found in another order."
    if then.refusal != now.refusal:
        yield f"It was {_outcome(then)}, and is {_outcome(now)}."
    before, after = (list(dict.fromkeys(_said(answer))) for answer in (then, now))
    yield from (f"Said no more: {what}." for what in before if what not in after)
    yield from (f"Said now: {what}." for what in after if what not in before)
    if set(before) == set(after) and before != after:
        yield "The same sentences are said in another order."
    if (then.produced_by, then.prompt) != (now.produced_by, now.prompt):
        yield f"It was made by {_maker(then)}, and is made by {_maker(now)}."


def _outcome(answer: Answer) -> str:
    return f"refused ({answer.refusal.value})" if answer.refusal else "answered"


def _said(answer: Answer) -> Iterator[str]:
    """Each sentence with where its quotes stand."""
    told = {c.number: f"{c.source}, characters {c.start}–{c.end}" for c in answer.citations}
    for sentence in answer.sentences:
        yield f"“{sentence.text}” ({'; '.join(told[n] for n in sentence.citations) or 'no source'})"


def _maker(answer: Answer) -> str:
    return f"{answer.produced_by}, prompt {answer.prompt}" if answer.prompt else answer.produced_by
