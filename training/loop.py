"""A training from its first example to its last: batches, learning rate, checkpoints, progress and learning curve.

Stopped anywhere, it goes on from its last checkpoint and ends with the weights that it would have ended with.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import UsageError
from training.examples import Example
from training.features import Target, batches, chosen, targets
from training.mix import Mix
from training.network import Learner
from training.scoring import Say, Scores, score

if TYPE_CHECKING:
    from training.network import Network

CHECKPOINT, CURVE = "checkpoint.pt", "curve.jsonl"
PROGRESS_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What decides the weights, beside the data. `examples` are seen in all; the rate rises, then falls to 0 with them.

    A stopped training may be given another number of examples: the rate goes on from where the new plan has it.
    """

    examples: int
    rate: float = 2e-4
    warm_up: float = 0.05
    # After padding; about 25 windows.
    batch_tokens: int = 4_800
    seed: int = 13

    def rate_at(self, seen: int) -> float:
        """The learning rate after so many examples: a straight line up to `rate`, then one down to 0."""
        done = seen / self.examples
        return self.rate * max(0.0, min(done / self.warm_up, (1 - done) / (1 - self.warm_up)))


@dataclass(frozen=True, slots=True)
class Place:
    """How far a training is: the chunk, the next batch in it, and the examples seen before."""

    chunk: int = 0
    batch: int = 0
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Habits:
    """What does not change the weights: minutes between checkpoints, examples between evaluations, when to stop."""

    save_minutes: float = 5.0
    every: int = 0
    stop: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic


def train(
    network: Network, mix: Mix, held_out: Sequence[Example], plan: Plan, habits: Habits, folder: Path, say: Say
) -> int | None:
    """Trains the network and returns the examples seen; None when it was stopped, with a checkpoint written.

    Rows of the learning curve, on `held_out`, are added to a file in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    learner = Learner(network)
    place = _resumed(learner, plan, folder / CHECKPOINT, say)
    progress = _Progress(plan, habits.clock, place.seen, say)
    saved, evaluated = habits.clock(), place.seen
    for batch, after in _ahead(network, mix, plan, place):
        progress.add(learner.step(batch, plan.rate_at(after.seen - len(batch))), len(batch))
        place = after
        stopped, ended = habits.stop(), place.seen >= plan.examples
        if stopped or ended or habits.clock() - saved >= habits.save_minutes * 60:
            learner.write(folder / CHECKPOINT, {"place": asdict(place), "recipe": _recipe(plan)})
            saved = habits.clock()
        if stopped and not ended:
            return None
        if habits.every and (ended or place.seen - evaluated >= habits.every):
            evaluated = place.seen
            _row(folder / CURVE, place.seen, progress.loss, score(network, held_out), say)
        if ended:
            return place.seen
    return place.seen


def _ahead(network: Network, mix: Mix, plan: Plan, place: Place) -> Iterator[tuple[list[Target], Place]]:
    """The batches from a place on, each with the place behind it; none when all examples were seen."""
    while place.seen < plan.examples:
        draw = random.Random(f"{plan.seed} order {place.chunk}")  # noqa: S311 - no secret
        examples = mix.chunk(place.chunk)
        found = zip(targets(network.tokenizer, examples), examples, strict=True)
        made = [one for of, example in found if (one := chosen(of, example, draw))]
        ordered = batches(made, plan.batch_tokens, draw)
        for number in range(place.batch, len(ordered)):
            place = replace(place, batch=number + 1, seen=place.seen + len(ordered[number]))
            yield ordered[number], place
            if place.seen >= plan.examples:
                return
        place = replace(place, chunk=place.chunk + 1, batch=0)


def _resumed(learner: Learner, plan: Plan, file: Path, say: Say) -> Place:
    if not file.exists():
        return Place()
    kept = learner.read(file)
    if kept["recipe"] != _recipe(plan):
        raise UsageError(
            f"{file} is of another training: {kept['recipe']}, not {_recipe(plan)}",
            "Give the same settings again, or another --out, or remove that file.",
        )
    place = Place(**kept["place"])
    say(f"Going on after {place.seen:,} examples")
    return place


def _recipe(plan: Plan) -> dict[str, Any]:
    """The settings that may not change on the way."""
    return {name: value for name, value in asdict(plan).items() if name != "examples"}


def _row(file: Path, seen: int, loss: float, found: Scores, say: Say) -> None:
    row = {"examples": seen, "loss": round(loss, 4), **found.as_json()}
    with file.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")
    area = "" if found.auroc is None else f", AUROC {found.auroc:.3f}"
    say(f"{seen:,} examples: held out F1 {found.f1:.3f}, exact {found.exact:.3f}{area}, all F1 {found.all_f1:.3f}")


class _Progress:
    """A line a minute: how many, how fast, the mean loss of late, and how long still."""

    def __init__(self, plan: Plan, clock: Callable[[], float], seen: int, say: Say) -> None:
        self._plan, self._clock, self._say = plan, clock, say
        self._seen = seen
        self._last = (clock(), seen)
        self.loss = 0.0

    def add(self, loss: float, examples: int) -> None:
        self.loss = 0.99 * self.loss + 0.01 * loss if self.loss else loss
        self._seen += examples
        passed = self._clock() - self._last[0]
        if passed < PROGRESS_SECONDS:
            return
        speed = (self._seen - self._last[1]) / passed
        left = max(0, self._plan.examples - self._seen) / speed / 60
        rate = self._plan.rate_at(self._seen)
        self._say(
            f"{self._seen:,} of {self._plan.examples:,} examples, {speed:.1f} a second, loss {self.loss:.3f}, "
            f"rate {rate:.1e}, {left:.0f} min left"
        )
        self._last = (self._clock(), self._seen)
