"""The articles and questions that all systems are given, written once into a folder.

Articles are the documents of a question set, as `corpus.jsonl`; beside it `changed.jsonl` has them after an edit of
1 %, and `asked.jsonl` the questions that stand alone and have gold. Where there are fewer articles than wanted, they
are repeated with the words of each sentence in another order: of the same length and vocabulary, and no copies. A
repeated article counts as the one it was made of.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.subset import cut
from index.records import digest
from rag.evals.sets import EvalQuestion, QuestionSet, load

CORPUS, CHANGED, ASKED = "corpus.jsonl", "changed.jsonl", "asked.jsonl"
# Between the id of an article and the number of its repetition.
REPEATED = "#again-"
ONE_IN = 100
THINGS = ("lanterns", "herons", "umbrellas", "kettles", "ladders", "violins", "barrels", "kites", "anvils", "pigeons")
PLACES = ("lighthouse", "ropewalk", "bandstand", "orchard", "observatory", "bakery", "drawbridge", "chapel", "granary")


@dataclass(frozen=True)
class Prepared:
    """What is asked of what. `edits` has, for each article that is changed, the sentence that is put before it."""

    folder: Path
    name: str
    digest: str
    articles: int
    characters: int
    questions: tuple[EvalQuestion, ...]
    edits: Mapping[str, str]


def prepared(path: Path, articles: int, questions: int, into: Path) -> Prepared:
    """The set at `path` with so many articles, and at most so many questions, 0 for all, written into `into`."""
    into.mkdir(parents=True, exist_ok=True)
    found = load(path)
    if found.corpus and len(found.corpus.documents) > articles:
        found = load(cut(path, articles, into / "cut"))
    lines = repeated(documents(found), articles)
    edits = {line["_id"]: sentence(n) for n, line in enumerate(changing(lines))}
    changed = [edited(line, edits.get(line["_id"])) for line in lines]
    asked = alone(found.questions, questions)
    _write(into / CORPUS, lines)
    _write(into / CHANGED, changed)
    days = {q.id: q.asked_at.isoformat() if q.asked_at else "" for q in asked}
    _write(into / ASKED, ({"id": q.id, "text": q.text, "asked": days[q.id]} for q in asked))
    characters = sum(len(line["text"]) for line in lines)
    made = digest(*((into / name).read_bytes() for name in (CORPUS, CHANGED, ASKED)))
    return Prepared(into, path.name, made, len(lines), characters, asked, edits)


def documents(question_set: QuestionSet) -> list[dict[str, Any]]:
    """The articles of a set as lines of a corpus: those of a judged set, or the files that lie beside a written one."""
    if question_set.corpus:
        lines = (question_set.folder / CORPUS).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]
    from index.sources.files import Files

    files = Files(question_set.folder)
    seen = [s for s in files.scan({}) if not s.source.endswith("questions.jsonl")]
    # What cannot be read is not an article.
    read = [r.article for r in files.read(seen) if r.article]
    return [
        {
            "_id": question_set.document(a.source), "title": a.title, "text": a.text,
            "metadata": {"published": a.published.isoformat() if a.published else ""},
        }
        for a in read
    ]  # fmt: skip


def alone(questions: Iterable[EvalQuestion], most: int) -> tuple[EvalQuestion, ...]:
    """The questions with gold and without earlier ones: only Footnote follows up, and none finds what is not there."""
    kept = tuple(q for q in questions if q.answerable and not q.earlier and not q.held_out)
    return kept[:most] if most else kept


def repeated(lines: Sequence[dict[str, Any]], articles: int) -> list[dict[str, Any]]:
    """The first so many of the articles, or all of them, and as many again as lack, with their words mixed."""
    made = list(lines[:articles])
    while lines and len(made) < articles:
        number, again = len(made) % len(lines), len(made) // len(lines)
        line = lines[number]
        text = mixed(line["text"], Random(f"{again} {line['_id']}"))
        made.append(line | {"_id": f"{line['_id']}{REPEATED}{again}", "text": text})
    return made


def mixed(text: str, rng: Random) -> str:
    """The text with the words of each sentence in another order; what ends a sentence or a line stays where it is."""

    def shuffled(found: re.Match[str]) -> str:
        words = found[0].split(" ")
        rng.shuffle(words)
        return " ".join(words)

    return re.sub(r"[^.!?\n]+", shuffled, text)


def original(document: str) -> str:
    """The article that a repeated one was made of, or itself."""
    return document.partition(REPEATED)[0]


def changing(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One in a hundred, at least one: the first in the order of the SHA-256 of their ids."""
    order = sorted(lines, key=lambda line: hashlib.sha256(line["_id"].encode()).hexdigest())
    return order[: max(1, len(lines) // ONE_IN)]


def edited(line: dict[str, Any], sentence: str | None) -> dict[str, Any]:
    """The article with the sentence as its first paragraph, or as it was."""
    return line | {"text": f"{sentence}\n\n{line['text']}"} if sentence else line


def sentence(number: int) -> str:
    """A sentence that stands in no article, another for each number below 90."""
    thing, place = THINGS[number % len(THINGS)], PLACES[number % len(PLACES)]
    return f"Correction: the {place} keeper counted {number + 41} {thing} at the {place} that night."


def _write(file: Path, lines: Iterable[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
