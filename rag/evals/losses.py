"""At which step of an answer a gold place was lost, told from where it stood at each step.

Every gold place that was not found is lost at exactly one step, and the steps are tried in the order in which an answer
is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

# The step at which the finders' candidates become one list. Those before it are finders, those after it rank it anew.
FUSED = "fused"


class Lost(StrEnum):
    """Where a gold place was lost, in the order of the steps."""

    NOT_INDEXED = "not indexed"
    SPLIT = "split by a border"
    NO_CANDIDATE = "not a candidate"
    FUSION = "lost in fusion"
    RANKING = "lost in ranking"
    CUT = "cut by k"
    READER = "reader"


SAYINGS = {
    Lost.NOT_INDEXED: "its article is not in the index, or the place is in no passage of it",
    Lost.SPLIT: "a border between passages cuts it, and no passage holds half of it",
    Lost.NO_CANDIDATE: "no finder gave it",
    Lost.FUSION: "a finder had it among the first k, and the fused list has not",
    Lost.RANKING: "the fused list had it among the first k, and what came after it has not",
    Lost.CUT: "it was found, and never among the first k",
    Lost.READER: "it was among the first k, and the answer does not cite it",
}


@dataclass(frozen=True, slots=True)
class Ranks:
    """Where a gold place stood, from 1: in each step's list, by its name, and in what was found. None for nowhere."""

    steps: Mapping[str, int | None] = field(default_factory=dict)
    final: int | None = None

    @property
    def finders(self) -> Mapping[str, int | None]:
        """The ranks that the finders gave."""
        names = list(self.steps)
        return {name: self.steps[name] for name in names[: names.index(FUSED)]} if FUSED in names else self.steps

    @property
    def ranked(self) -> Mapping[str, int | None]:
        """The ranks in the fused list and in the lists after it."""
        return {name: rank for name, rank in self.steps.items() if name not in self.finders}


def lost(ranks: Ranks, k: int) -> Lost | None:
    """The step at which a place was lost that stands in a passage; None when it is among the first k."""
    if _within(ranks.final, k):
        return None
    if all(rank is None for rank in ranks.finders.values()):
        return Lost.NO_CANDIDATE
    if any(_within(rank, k) for rank in ranks.ranked.values()):
        return Lost.RANKING
    return Lost.FUSION if any(_within(rank, k) for rank in ranks.finders.values()) else Lost.CUT


def earliest(found: Sequence[Lost | None]) -> Lost | None:
    """Of what happened to several gold places of one question, the loss that comes first; None when none was lost."""
    losses = {one for one in found if one}
    return next((one for one in Lost if one in losses), None)


def _within(rank: int | None, k: int) -> bool:
    return rank is not None and rank <= k
