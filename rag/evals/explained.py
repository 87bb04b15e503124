"""Explanations as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from index.printable import place, visible
from rag.evals.explanations import Explanation, Gold, Seen, Summary
from rag.evals.losses import SAYINGS, Lost
from rag.wording import clipped, counted

# How many questions a summary names at each step before it says how many more there are.
NAMED = 10
# How much is shown of a passage, and of a gold place.
WIDTH = 160


def explanation_text(found: Explanation, k: int) -> str:
    """One question: what was searched for, what became of its gold, what was answered, and what was found."""
    return visible("\n".join(_explanation_lines(found, k)))


def summary_text(found: Summary) -> str:
    """A set: how many questions were lost at each step, and which."""
    return visible("\n".join(_summary_lines(found)))


def _explanation_lines(found: Explanation, k: int) -> Iterator[str]:
    yield f"{found.id}  {found.text}" if found.id else found.text
    if found.searched_for != found.text:
        yield f"searched for: {found.searched_for}"
    for number, gold in enumerate(found.golds, 1):
        yield ""
        yield from _gold_lines(number, gold, k)
        if gold.lost is Lost.READER and (gold.ranks.final or 0) > found.read:
            yield f"    it was not read: an answer rests on the first {counted(found.read, 'passage')}"
    if not found.answerable:
        yield "\nNothing answers this question, by its set."
    if found.answered is not None:
        yield f"\nanswered: {clipped(found.answered, WIDTH) or 'no: the articles do not say'}"
    yield "\nfound first:" if found.top else "\nNothing was found."
    for seen in found.top:
        yield from _seen_lines(seen)


def _gold_lines(number: int, gold: Gold, k: int) -> Iterator[str]:
    said = f"“{clipped(gold.text, WIDTH)}”" if gold.text else "the whole document"
    yield f"gold {number}: {gold.document}, {said}"
    if gold.ranks.steps:
        yield f"    {_ranks(gold.ranks.steps)} · found {_rank(gold.ranks.final)}"
    if gold.further:
        yield f"    looking further: {_ranks(gold.further)}"
    if gold.passage and gold.border is not None:
        start, end = gold.passage
        nearest = (
            f"{-gold.border} of its characters are cut off"
            if gold.border < 0
            else f"the nearest border is {counted(gold.border, 'character')} away"
        )
        yield f"    its passage goes from {start} to {end}; {nearest}"
    yield f"    {_verdict(gold.lost, k)}"


def _verdict(lost: Lost | None, k: int) -> str:
    if lost is None:
        return f"found among the first {k}"
    return f"LOST: {lost.value}: {SAYINGS[lost].replace('the first k', f'the first {k}')}"


def _seen_lines(seen: Seen) -> Iterator[str]:
    yield f"{seen.rank:3}  {seen.title or place(seen.source)}  ({_ranks(seen.steps)})"
    yield f"     {clipped(seen.text, WIDTH)}"


def _ranks(steps: Mapping[str, int | None]) -> str:
    return " · ".join(f"{name} {_rank(rank)}" for name, rank in steps.items())


def _rank(rank: int | None) -> str:
    return "–" if rank is None else f"{rank:,}"


def _summary_lines(found: Summary) -> Iterator[str]:
    kept, asked = found.answerable - len(found.lost), counted(found.answerable, "answerable question")
    yield f"{found.set_name}: {asked}, {kept:,} with all gold among the first {found.k}"
    for step, number in found.counts.items():
        yield f"\n{number:5,}  {step.value}: {SAYINGS[step]}"
        those = [one for one in found.lost if one.lost is step]
        for one in those[:NAMED]:
            yield f"         {one.id}  {clipped(one.text, 100)}"
        if len(those) > NAMED:
            yield f"         and {len(those) - NAMED:,} more; --json has all"
    if found.lost:
        yield "\n`eval explain ID` with the same --set shows one of them."
