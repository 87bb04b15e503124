"""Questions with their passages, out of folders in the form of BEIR, and the examples that a reader is trained on."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from index.errors import UsageError
from index.passages import embedded_text
from rag.evals.jsonl import Record, records
from rag.evals.squad_scores import squad_1

# One article in this many is held out, to calibrate on and to draw the learning curve.
HELD_OUT = 10


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph. `article` is empty where the set does not tell its articles apart."""

    id: str
    article: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about one passage. `start` is where its first answer stands in the text, None when nothing answers."""

    id: str
    text: str
    passage: Passage
    answers: tuple[str, ...] = ()
    start: int | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """What the reader is shown, and the range of `text` that answers; None when nothing there does.

    `kind` says how it was made, and `origin` is the id of the question that it was made from. `also` are other texts
    that would answer as well.
    """

    question: str
    title: str
    text: str
    answer: tuple[int, int] | None
    kind: str
    origin: str
    also: tuple[str, ...] = ()

    @property
    def answers(self) -> tuple[str, ...]:
        """The texts of which any answers; none for a null."""
        return (self.text[slice(*self.answer)], *self.also) if self.answer else ()

    @property
    def context(self) -> str:
        """The passage as serving shows it: the title on a line of its own, then the text."""
        return embedded_text(self.title, "", self.text)


@dataclass(frozen=True, slots=True)
class QuestionFolder:
    """All passages and questions of one set. `articles` has the passages of each article, in order."""

    name: str
    passages: tuple[Passage, ...]
    asked: tuple[Asked, ...]
    articles: dict[str, tuple[Passage, ...]] = field(repr=False)


def plain(asked: Asked) -> Example:
    """The question with its own passage, nothing changed."""
    span = None if asked.start is None else (asked.start, asked.start + len(asked.answers[0]))
    kind = "adversarial" if span is None else "answerable"
    return Example(asked.text, asked.passage.title, asked.passage.text, span, kind, asked.id, asked.answers[1:])


def load_folders(data: Path) -> list[QuestionFolder]:
    """The set in `data`, or those in its folders. Raises UsageError when there is none."""
    folders = [f.parent for f in sorted([*data.glob("queries.jsonl"), *data.glob("*/queries.jsonl")])]
    if not folders:
        raise UsageError(f"{data} holds no question set", "A set is a folder with corpus.jsonl and queries.jsonl.")
    return [load_folder(folder) for folder in folders]


def load_folder(folder: Path) -> QuestionFolder:
    """One set. Raises FootnoteError, naming file and line, where an answer does not stand in its passage."""
    documents = [(r.value("_id", str), r) for r in records(folder / "corpus.jsonl")]
    # Comments and reviews lie under one name without being one article: only what has a title has neighbours.
    passages = {key: _passage(key, record) for key, record in documents}
    asked = tuple(_asked(record, passages) for record in records(folder / "queries.jsonl"))
    titled = sorted((p for p in passages.values() if p.article), key=lambda p: p.article)
    articles = {name: tuple(group) for name, group in groupby(titled, key=lambda p: p.article)}
    return QuestionFolder(folder.name, tuple(passages.values()), asked, articles)


def split(folder: QuestionFolder) -> tuple[tuple[Asked, ...], tuple[Asked, ...]]:
    """The questions to train on, and those about a tenth of the articles, which is the same tenth each time."""
    out = [_of(f"{folder.name} {a.passage.article or a.passage.id}", HELD_OUT) == 0 for a in folder.asked]
    trained = tuple(a for a, held in zip(folder.asked, out, strict=True) if not held)
    return trained, tuple(a for a, held in zip(folder.asked, out, strict=True) if held)


def sample(asked: Sequence[Asked], limit: int) -> list[Asked]:
    """At most `limit` of the questions, the same ones each time, spread over all that there are."""
    return sorted(asked, key=lambda a: _of(a.id, 1 << 60))[:limit]


def _of(text: str, parts: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % parts


def _passage(key: str, record: Record) -> Passage:
    title = record.value("title", str, "")
    article = record.record("metadata").value("article", str, title) if title else ""
    return Passage(key, article, title, record.value("text", str))


def _asked(record: Record, passages: dict[str, Passage]) -> Asked:
    about = record.record("metadata")
    evidence = about.records("evidence")
    near = evidence[0].value("doc_id", str) if evidence else about.value("near_doc", str)
    if near not in passages:
        raise record.wrong(f"there is no passage {near!r}")
    key, text, passage = record.value("_id", str), record.value("text", str), passages[near]
    if not about.value("answerable", bool, True):
        return Asked(key, text, passage)
    if not evidence:
        raise record.wrong("it has an answer and no 'evidence'")
    answers = about.texts("answers")
    found = [p for a in answers if (p := _place(a, passage.text, evidence[0].value("answer_start", int))) is not None]
    if not found:
        raise record.wrong(f"none of its answers stands in the passage {near!r}")
    start, end = typical(passage.text, found)
    chosen = passage.text[start:end]
    return Asked(key, text, passage, (chosen, *(a for a in answers if a != chosen)), start)


def typical(text: str, spans: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """The span that agrees best with all of them, by F1 of its words; of several, the shortest, then the first."""
    spans = list(spans)
    said = [text[start:end] for start, end in spans]

    def worth(i: int) -> tuple[float, int, int]:
        agreed = math.fsum(squad_1(said[i], [other]).f1 for other in said)
        return -round(agreed, 9), len(said[i]), spans[i][0]

    return spans[min(range(len(spans)), key=worth)]


def _place(answer: str, text: str, near: int) -> tuple[int, int] | None:
    """Where the answer stands, the place closest to `near` when it stands at several."""
    places = []
    at = text.find(answer) if answer else -1
    while at >= 0:
        places.append((abs(at - near), at))
        at = text.find(answer, at + 1)
    return (min(places)[1], min(places)[1] + len(answer)) if places else None
