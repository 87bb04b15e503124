"""R2: the run after a kill makes a store that answers as one that was built at once, passage for passage."""

from __future__ import annotations

import shutil
from pathlib import Path

from index.check import check
from index.search import Index
from proofs.articles import questions
from proofs.children import Job, sync_in_child
from proofs.kills import Scene, at_random, at_steps, scene
from proofs.outcome import Outcome, Tally
from proofs.pictures import LIMIT, Found, Picture, dense, differences, lexical, picture_of, wrong_nearest

FULL, SMOKE = 200, 4
# Scores of words are computed from the same counts.
SAME = 1e-9
QUESTIONS, SMOKE_QUESTIONS = 200, 50


def prove(smoke: bool, seed: int) -> Outcome:
    """After each kill the run is made again, and the store compared with a fresh build of the same folder."""
    tally = Tally("convergence", seed)
    asked = questions(seed, SMOKE_QUESTIONS if smoke else QUESTIONS)
    with scene(seed, "convergence") as stage:
        for name in at_random(stage, SMOKE if smoke else FULL):
            tally.case(name, diverged(stage, asked))
        if not smoke:
            for name in at_steps(stage, tally):
                tally.case(name, diverged(stage, asked))
    return tally.outcome(f"{len(asked)} questions each")


def diverged(stage: Scene, asked: list[str]) -> str:
    """How the store differs from a fresh build after another run; "" when it does not."""
    code, said = stage.sync()
    if code != 0:
        return f"the run after it ended with {code}: {said}"
    if wrong := stage.wrong():
        return wrong
    fresh = stage.place / "fresh"
    shutil.rmtree(fresh, ignore_errors=True)
    job = stage.job()
    code, said = sync_in_child(Job(fresh, job.paths, stage.place / "fresh out", alone=True))
    if code != 0:
        return f"a fresh build ended with {code}: {said}"
    clean = picture_of(fresh)
    faults = check(stage.store).faults
    return (
        differences(picture_of(stage.store), clean)
        or (f"check says: {faults[0].problem}" if faults else "")
        or _answers_differ(stage, fresh, clean, asked)
    )


def _answers_differ(stage: Scene, fresh: Path, clean: Picture, asked: list[str]) -> str:
    """The first question that is answered otherwise than by a fresh build, by an exact search or by words."""
    with Index(stage.store, stage.embedder).view() as view, Index(fresh, stage.embedder).view() as other:
        for question in asked:
            vector = stage.embedder.embed_question(question)
            if wrong := wrong_nearest(dense(view, vector), clean, vector):
                return f"{question!r}: {wrong}"
            # Of equal scores at the end of the list, the numbers decide which are in it, so more are compared.
            here, there = (lexical(v, question, LIMIT * 100) for v in (view, other))
            if wrong := _lists_differ(here, there):
                return f"{question!r}: by words, {wrong}"
    return ""


def _lists_differ(here: Found, there: Found) -> str:
    if len(here) != len(there):
        return f"{len(here)} passages and in a fresh build {len(there)}"
    for place, (one, other) in enumerate(zip(here, there, strict=True), start=1):
        if one[0] != other[0] or abs(one[1] - other[1]) > SAME:
            return f"rank {place} is {one} and in a fresh build {other}"
    return ""
