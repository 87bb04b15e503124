"""R13: Ctrl-C ends a run in one sentence, at any moment, harms nothing that is served, and the next run goes on.

How soon it ends with the packaged model is measured by `python -m benchmarks.interrupts`.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

from proofs.articles import questions
from proofs.convergence import diverged
from proofs.kills import Scene, at_random, at_steps, scene
from proofs.outcome import Outcome, Tally

FULL, SMOKE = 100, 2
QUESTIONS = 50
SAID = "Stopped; nothing is lost, run the command again to go on.\n"


def prove(smoke: bool, seed: int) -> Outcome:
    """After each Ctrl-C the run is made again, and the store compared with a fresh build of the same folder."""
    tally, asked, longest = Tally("interrupts", seed), questions(seed, QUESTIONS), 0.0
    with scene(seed, "interrupts", signal.SIGINT) as stage:
        for name in pressed(stage, tally, smoke):
            longest = max(longest, stage.took)
            said = (stage.place / "out").read_text(encoding="utf-8")
            tally.case(name, "" if said == SAID else f"it said {said[-500:]!r}", stage.wrong(), diverged(stage, asked))
    steps = "" if smoke else f", {tally.cases - FULL} at named steps"
    return tally.outcome(f"{SMOKE if smoke else FULL} at random{steps}; the longest took {longest:.2f} s to end")


def pressed(stage: Scene, tally: Tally, smoke: bool) -> Iterator[str]:
    """Presses the key at random, and at full size at each named step."""
    yield from at_random(stage, SMOKE if smoke else FULL)
    if not smoke:
        yield from at_steps(stage, tally)
