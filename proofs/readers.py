"""R3: nobody sees half a publication or deleted text. Eight readers ask all the while that articles are rewritten."""

from __future__ import annotations

import collections
import json
import re
import tempfile
import threading
import time
from pathlib import Path
from random import Random

from index.search import Index
from proofs.articles import Folder
from proofs.children import Job, context, finish, lines, sync_in_child
from proofs.outcome import Outcome, Tally
from proofs.words import WordEmbedder

ARTICLES = 10
FULL, SMOKE = 200, 8
PROCESSES, THREADS = 4, 4
LIMIT = 10
# Seconds between two looks of a reader: enough to leave the writer time on two cores.
PAUSE = 0.04
_EDITION = re.compile(r"Edition (\d+)\b")
_GUEST = re.compile(r"Guest (\d+)\b")
QUESTION = "edition of the guest"


def prove(smoke: bool, seed: int) -> Outcome:
    """Every article says its edition, and one says that it is the guest of this edition alone."""
    tally = Tally("readers", seed)
    with tempfile.TemporaryDirectory(prefix="footnote-proof-") as directory:
        place = Path(directory)
        folder = Folder(place / "articles", ARTICLES, Random(f"readers {seed}"))
        editions = SMOKE if smoke else FULL
        if problem := publish(place, folder, 1):
            raise RuntimeError(problem)
        done = place / "done"
        shared = Index(place / "store", WordEmbedder())
        threads = [threading.Thread(target=_watch, args=(shared, done, place / f"thread {n}")) for n in range(THREADS)]
        processes = [
            context().Process(target=_watch_alone, args=(place / "store", done, place / f"process {n}"))
            for n in range(PROCESSES)
        ]
        for reader in (*threads, *processes):
            reader.start()
        said = [publish(place, folder, edition) for edition in range(2, editions + 1)]
        done.touch()
        for thread in threads:
            thread.join()
        ended = [finish(process) for process in processes]
        for number, problem in enumerate(said, start=2):
            tally.case(f"publication {number}", problem)
        views = _judge(tally, place, ended, editions)
    return tally.outcome(f"{views} views by {THREADS} threads and {PROCESSES} processes")


def publish(place: Path, folder: Folder, edition: int) -> str:
    """Rewrites every article and indexes them in a process of its own; "" when it went well."""
    for number, file in enumerate(folder.files):
        guest = f" Guest {edition} is here, the guest of this edition." if number == edition % ARTICLES else ""
        folder.edit([file], f"Edition {edition} of this article.{guest}")
    code, said = sync_in_child(Job(place / "store", (folder.root,), place / "out", record=place / "record"))
    return "" if code == 0 else f"the run ended with {code}: {said}"


def _watch_alone(store: Path, done: Path, out: Path) -> None:
    _watch(Index(store, WordEmbedder()), done, out)


def _watch(index: Index, done: Path, out: Path) -> None:
    """Looks until `done` is there, and writes down each kind of view: generation, editions, guests, counts."""
    seen: collections.Counter[str] = collections.Counter()
    last = 0
    while not done.exists():
        try:
            view = _look(index)
        except Exception as error:  # a reader must not see any
            view = [-1, [], [], f"{type(error).__name__}: {error}"]
        if 0 <= view[0] < last:
            view[3] = f"went back from generation {last}"
        last = max(last, view[0])
        seen[json.dumps(view)] += 1
        time.sleep(PAUSE)
    out.write_text("".join(json.dumps({"view": json.loads(view), "times": n}) + "\n" for view, n in seen.items()))


def _look(index: Index) -> list:  # type: ignore[type-arg]
    embedder = index.embedder
    with index.view() as view:
        problem = ""
        texts = []
        found = {
            "by meaning": view.dense(embedder.embed_question(QUESTION), LIMIT),
            "by words": view.lexical(QUESTION, LIMIT),
        }
        for how, scored in found.items():
            hits = view.hits(scored, {})
            texts += [hit.article.text for hit in hits] + [hit.passage.text for hit in hits]
            if len(scored) < LIMIT:
                problem = f"{len(scored)} found {how}"
            if len(hits) != len(scored) or not all(hit.passage.text for hit in hits):
                problem = f"{len(scored) - len(hits)} of what was found {how} is deleted"
            if any(hit.article.text[hit.passage.start : hit.passage.end] != hit.passage.text for hit in hits):
                problem = f"a passage found {how} does not stand in its article"
        overview = view.overview()
        if overview.articles != ARTICLES:
            problem = f"{overview.articles} articles"
    editions = sorted({int(n) for text in texts for n in _EDITION.findall(text)})
    guests = sorted({int(n) for text in texts for n in _GUEST.findall(text)})
    return [overview.generation, editions, guests, problem]


def _judge(tally: Tally, place: Path, ended: list[int | None], editions: int) -> int:
    """Counts each reader as a case: all its views are of one edition each, and the same one for the same generation."""
    of_generation: dict[int, int] = {}
    views = 0
    names = [f"thread {n}" for n in range(THREADS)] + [f"process {n}" for n in range(PROCESSES)]
    codes: list[int | None] = [0] * THREADS + ended
    for name, code in zip(names, codes, strict=True):
        problems = [] if code == 0 else [f"ended with {code}"]
        met = set()
        for line in lines(place / name):
            generation, seen, guests, problem = line["view"]
            views += line["times"]
            met.update(seen)
            if problem:
                problems.append(f"{line['times']} times, generation {generation}: {problem}")
            elif len(seen) != 1 or of_generation.setdefault(generation, seen[0]) != seen[0]:
                problems.append(f"{line['times']} times, generation {generation}: editions {seen}")
            elif guests not in ([], seen):
                problems.append(f"{line['times']} times, edition {seen[0]}: the guest of {guests}")
        if len(met) < editions / 4:
            problems.append(f"saw only {len(met)} of {editions} editions")
        tally.case(name, *problems)
    return views
