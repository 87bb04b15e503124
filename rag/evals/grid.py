"""A grid of settings: its cells, and which of those that were measured are worth having."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from index.errors import UsageError
from index.records import digest

# Settings that another index is made for. Cells that agree in them share one.
OF_INDEX = ("model", "precision", "passage_tokens")


@dataclass(frozen=True, slots=True)
class Cell:
    """One choice of settings, each written NAME=VALUE, those of the index first."""

    changes: tuple[str, ...]

    @property
    def of_index(self) -> tuple[str, ...]:
        """The changes that another index is made for."""
        return tuple(change for change in self.changes if change.partition("=")[0] in OF_INDEX)

    def value(self, name: str) -> str:
        """What the cell has for a setting of the grid."""
        return next(change.partition("=")[2] for change in self.changes if change.partition("=")[0] == name)


@dataclass(frozen=True, slots=True)
class Worth:
    """What is weighed of a cell: quality is better when higher, the others when lower.

    All are rounded to what a person sees, so that no cell wins by noise in the last digits: quality to a thousandth,
    the time to a millisecond, the size to a tenth of a megabyte.
    """

    quality: float
    milliseconds: int
    megabytes: float

    def beats(self, other: Worth) -> bool:
        """Whether it is as good as the other in everything, and better in something."""
        mine = (self.quality, -self.milliseconds, -self.megabytes)
        others = (other.quality, -other.milliseconds, -other.megabytes)
        return mine != others and all(a >= b for a, b in zip(mine, others, strict=True))


def cells(axes: Sequence[str]) -> list[Cell]:
    """Every choice of one value from each axis, written NAME=VALUE,VALUE; neighbours share an index where they can.

    Raises UsageError for an axis without values, or one that is there twice.
    """
    values: dict[str, list[str]] = {}
    for axis in axes:
        name, _, listed = axis.partition("=")
        found = list(dict.fromkeys(value for value in listed.split(",") if value))
        if not found:
            raise UsageError(f"{axis!r} names no values", "Write NAME=VALUE,VALUE, such as read=4,6,8.")
        if name in values:
            raise UsageError(f"{name} is there twice", "Write all its values after one =.")
        values[name] = found
    if not values:
        raise UsageError("There is nothing to try", "Name a setting and its values, such as read=4,6,8.")
    names = sorted(values, key=lambda name: name not in OF_INDEX)
    return [Cell(chosen) for chosen in itertools.product(*([f"{name}={v}" for v in values[name]] for name in names))]


def pareto(worths: Sequence[Worth]) -> list[bool]:
    """Which of them no other beats."""
    return [not any(other.beats(worth) for other in worths) for worth in worths]


def file_name(changes: Sequence[str]) -> str:
    """A name for a file about these changes, that tells them apart and can be read."""
    said = "_".join(changes)
    plain = re.sub(r"[^\w.=-]+", "-", said)[:100]
    return plain if plain == said else f"{plain}-{digest(said)[:8]}"
