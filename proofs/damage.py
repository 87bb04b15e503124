"""R7: damage is found and not served, and what can be made again is repaired from the catalog without embedding.

A byte is flipped, or a file cut, emptied or taken away, below an index that is open. What it answers then, and what a
new one answers, must be what was answered before, or an error; and the process must live.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

from index.check import CheckReport, check
from index.database import FILE_NAME
from index.errors import FootnoteError
from index.records import Hit
from index.search import SEGMENTS, Index, View
from proofs.articles import Folder, questions
from proofs.children import Job, context, finish, speak_into, sync_in_child
from proofs.outcome import Outcome, Tally
from proofs.pictures import NEAR
from proofs.words import WordEmbedder

ARTICLES = 16
FULL, SMOKE = 1_000, 30
QUESTIONS = 12
LIMIT = 10

Damage = Callable[[Path, Random], None]


def prove(smoke: bool, seed: int) -> Outcome:
    """The damage to Chroma that research found, the same to the catalog, and single bytes anywhere in the store."""
    tally = Tally("damage", seed)
    kinds: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="footnote-proof-") as directory:
        place = Path(directory)
        base, folder = _built(place, Random(f"damage {seed}"))
        asked = questions(seed, QUESTIONS)
        for name, file, damage in [*_named_cases(base), *_flips(base, seed, SMOKE if smoke else FULL)]:
            ended, found = _damaged(place, base, (file, damage, f"{seed} {name}"), asked)
            problems = _judged(ended, found)
            if found.get("repaired") == "unsound":
                problems += _synced(place, folder.root, asked, found["before"])
            where = "segment" if file.parts[0] == SEGMENTS else "catalog"
            kinds.update([f"{where} {'wrong' if problems else _kind(found)}"])
            tally.case(name, *problems)
    return tally.outcome(", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items())))


def _built(place: Path, rng: Random) -> tuple[Path, Folder]:
    """A store of two segments, and its folder."""
    store = place / "base"
    folder = Folder(place / "articles", ARTICLES, rng)
    for number in range(2):
        code, said = sync_in_child(Job(store, (folder.root,), place / "out", alone=True))
        if code != 0:
            raise RuntimeError(f"a run ended with {code}: {said}")
        if number == 0:
            folder.change(edited=2, added=1)
    return store, folder


# Ways to damage a file ----------------------------------------------------------------------------------------------


def _half(file: Path, rng: Random) -> None:
    with file.open("r+b") as stream:
        stream.truncate(file.stat().st_size // 2)


def _zeroed(first: int | None) -> Damage:
    def damage(file: Path, rng: Random) -> None:
        size = file.stat().st_size
        with file.open("r+b") as stream:
            stream.write(b"\0" * min(size, first or size))

    return damage


def _replaced(file: Path, rng: Random) -> None:
    file.write_bytes(b"This is not a database.\n" * 100)


def _gone(file: Path, rng: Random) -> None:
    shutil.rmtree(file) if file.is_dir() else file.unlink()


def _flipped(count: int) -> Damage:
    def damage(file: Path, rng: Random) -> None:
        data = bytearray(file.read_bytes())
        for place in rng.sample(range(len(data)), min(count, len(data))):
            data[place] ^= rng.randint(1, 255)
        file.write_bytes(data)

    return damage


_TO_DATABASE: dict[str, Damage] = {
    "cut in half": _half,
    "header zeroed": _zeroed(100),
    "replaced by text": _replaced,
    "20 bytes flipped": _flipped(20),
    "deleted": _gone,
}
_TO_CHROMA: list[tuple[str, str, Damage]] = [
    *(("chroma.sqlite3", *case) for case in _TO_DATABASE.items()),
    ("index_metadata.pickle", "cut in half", _half),
    ("index_metadata.pickle", "header zeroed", _zeroed(16)),
    ("index_metadata.pickle", "deleted", _gone),
    ("length.bin", "deleted", _gone),
    ("", "folder of vectors deleted", _gone),
    ("data_level0.bin", "zeroed", _zeroed(None)),
    ("data_level0.bin", "cut in half", _half),
    ("data_level0.bin", "500 bytes flipped", _flipped(500)),
    ("link_lists.bin", "cut in half", _half),
    ("link_lists.bin", "20 bytes flipped", _flipped(20)),
]


def _named_cases(base: Path) -> Iterator[tuple[str, Path, Damage]]:
    """The 15 cases of a segment, and the five of a database for the catalog."""
    segment = min((base / SEGMENTS).iterdir())
    vectors = next(path for path in segment.iterdir() if path.is_dir())
    for name, what, damage in _TO_CHROMA:
        file = segment / name if name == "chroma.sqlite3" else vectors / name if name else vectors
        if file.is_file() and not file.stat().st_size:
            continue  # nothing is in it that could be damaged
        yield f"{name or 'segment'} {what}", file.relative_to(base), damage
    for what, damage in _TO_DATABASE.items():
        yield f"catalog {what}", Path(FILE_NAME), damage


def _flips(base: Path, seed: int, count: int) -> Iterator[tuple[str, Path, Damage]]:
    """Single bytes: by turns in the catalog, and in any file of a segment as it is large."""
    rng = Random(f"flips {seed}")
    files = sorted(path for path in (base / SEGMENTS).rglob("*") if path.is_file())
    for number in range(count):
        file = base / FILE_NAME if number % 2 else rng.choices(files, [path.stat().st_size for path in files])[0]
        yield f"flip {number} in {file.name}", file.relative_to(base), _flipped(1)


# What is served of a damaged store ----------------------------------------------------------------------------------


def _damaged(
    place: Path, base: Path, case: tuple[Path, Damage, str], asked: list[str]
) -> tuple[int | None, dict[str, Any]]:
    """How a process ended that had the store open when it was damaged, and what it found."""
    store, out = place / "store", place / "found"
    shutil.rmtree(store, ignore_errors=True)
    out.unlink(missing_ok=True)
    shutil.copytree(base, store)
    file, damage, seed = case
    data = place / "damaged"
    shutil.rmtree(data, ignore_errors=True) if data.is_dir() else data.unlink(missing_ok=True)
    original = store / file
    shutil.copytree(original, data) if original.is_dir() else shutil.copy(original, data)
    damage(data, Random(seed))
    process = context().Process(target=_witness, args=(store, original, data, asked, out))
    process.start()
    code = finish(process)
    return code, json.loads(out.read_text()) if out.exists() else {}


def _witness(store: Path, original: Path, damaged: Path, asked: list[str], out: Path) -> None:
    """Answers before and after the damage, checks, repairs, and answers once more; each step is written down."""
    speak_into(out.with_name("witness"))
    found: dict[str, Any] = {}

    def note(step: str, what: Callable[[], str]) -> None:
        try:
            found[step] = what()
        except FootnoteError as error:
            found[step] = f"refused: {error}"
        except Exception as error:
            found[step] = f"broke: {type(error).__name__}: {error}"
        out.write_text(json.dumps(found))

    opened = Index(store, WordEmbedder())
    note("before", lambda: answers(opened, asked))
    _gone(original, Random(0))
    if damaged.exists():
        shutil.copytree(damaged, original) if damaged.is_dir() else shutil.copy(damaged, original)
    note("open", lambda: answers(opened, asked))
    note("new", lambda: answers(Index(store, WordEmbedder()), asked))
    note("checked", lambda: "sound" if check(store).sound else "unsound")
    note("repaired", lambda: _verdict(check(store, repair=True)))
    note("again", lambda: "sound" if check(store).sound else "unsound")
    note("after", lambda: answers(Index(store, WordEmbedder()), asked))


def _verdict(report: CheckReport) -> str:
    """What a repair says: all is sound; or a run is needed; or the catalog is lost, which is a refusal."""
    if report.searched is None:
        return f"refused: {report.faults[0].problem}"
    return "sound" if report.sound else "unsound"


def answers(index: Index, asked: list[str]) -> str:
    """All that is answered, as a text that can be compared."""
    if not index.exists():
        raise FootnoteError("there is no index")
    embedder = index.embedder
    with index.view() as view:
        told = [_answer(view, question, embedder.embed_question(question)) for question in asked]
        overview = view.overview()
    return json.dumps([overview.articles, overview.passages, str(overview.first), str(overview.last), told])


def _answer(view: View, question: str, vector: Any) -> dict[str, Any]:
    """What is found for one question; of the nearest, those that are no nearer than the last may be others as well."""
    told: dict[str, Any] = {}
    for how, scored in (("dense", view.dense(vector, LIMIT)), ("lexical", view.lexical(question, LIMIT))):
        better = [(number, score) for number, score in scored if score > scored[-1][1] + NEAR]
        hits = view.hits(better, {})
        exact = view.similarities(vector, [number for number, _ in better])
        told[how] = [score for _, score in scored]
        told[f"{how} said"] = sorted(_said(hit) for hit in hits)
        # One whose vector is lost is left out here, and is told by the check.
        told[f"{how} exact"] = sorted(exact.values()) if len(exact) == len(better) else None
    return told


def _said(hit: Hit) -> str:
    passage, article = asdict(hit.passage), asdict(hit.article)
    del article["fetched"]
    return json.dumps([passage, article], default=str, sort_keys=True)


def differs(one: str, other: str) -> str:
    """The first thing in which two answers differ, scores by more than two ways of adding them up; "" for none."""
    if one == other:
        return ""
    (*counts, told), (*other_counts, other_told) = json.loads(one), json.loads(other)
    if counts != other_counts:
        return f"{counts} became {other_counts}"
    for question, (before, now) in enumerate(zip(told, other_told, strict=True)):
        for what in before:
            if what.endswith("said") or now[what] is None:
                same = now[what] in (None, before[what])
            else:
                pairs = list(zip(before[what], now[what], strict=False))
                same = len(before[what]) == len(now[what]) and all(abs(a - b) < NEAR for a, b in pairs)
            if not same:
                change = _first_difference(json.dumps(before[what]), json.dumps(now[what]))
                return f"question {question}, {what}: {change}"
    return ""


def _judged(ended: int | None, found: dict[str, Any]) -> list[str]:
    """What is wrong with what a witness found."""
    if ended != 0:
        last = list(found)[-1] if found else "the beginning"
        return [f"the process {'hung' if ended is None else f'ended with {ended}'} after {last!r}"]
    before, problems = found["before"], []
    if before.startswith(("refused", "broke")):
        raise RuntimeError(f"the undamaged store was not answered from: {before}")
    for step in ("open", "new"):
        if found[step].startswith("broke"):
            problems.append(f"{step}: {found[step][:300]}")
        elif not found[step].startswith("refused") and (wrong := differs(before, found[step])):
            problems.append(f"{step}: another answer, without an error; {wrong}")
    problems += [f"{step}: {found[step][:300]}" for step in ("checked", "repaired", "again") if "broke" in found[step]]
    if found["repaired"] == "sound" and (found["again"] != "sound" or _is_refused_or_differs(before, found["after"])):
        problems.append(f"repaired, and then {found['again']}: {found['after'][:200]}")
    if found["after"].startswith("broke"):
        problems.append(f"after the repair: {found['after'][:300]}")
    if found["checked"] == "sound" and _is_refused_or_differs(before, found["new"]):
        problems.append("the check says that it is sound")
    return problems


def _is_refused_or_differs(before: str, now: str) -> bool:
    return now.startswith(("refused", "broke")) or bool(differs(before, now))


def _first_difference(one: str, other: str) -> str:
    place = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"{one[max(0, place - 40) : place + 40]!r} became {other[max(0, place - 40) : place + 40]!r}"


def _kind(found: dict[str, Any]) -> str:
    if found["checked"] == "sound":
        return "harmless"
    return {"sound": "repaired", "unsound": "made good by a run"}.get(found["repaired"], "refused")


def _synced(place: Path, original: Path, asked: list[str], before: str) -> list[str]:
    """What is wrong after a run that reads and embeds again what a repair could not make."""
    code, said = sync_in_child(Job(place / "store", (original,), place / "out", alone=True))
    if code != 0:
        return [f"the next run ended with {code}: {said[:300]}"]
    try:
        after = answers(Index(place / "store", WordEmbedder()), asked)
    except FootnoteError as error:
        return [f"refused after the next run: {error}"]
    wrong = differs(before, after)
    return [f"another answer after the next run; {wrong}"] if wrong else []
