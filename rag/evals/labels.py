"""Where judgements are kept: the qrels of a judged set, or the gold of a written one. Each is on the disk at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from index.errors import UsageError
from index.records import digest
from rag.evals.collection import line
from rag.evals.jsonl import records
from rag.evals.judging import Judgement
from rag.evals.pools import Candidate
from rag.evals.sets import QRELS, QUESTIONS
from rag.evals.sets import qrels as grades_in

# What was judged of a written set, line by line; the set itself is made from it.
JUDGED = "judged.jsonl"
# The kind of a question that was found to have an answer.
FOUND = "single"

UNANSWERABLE = "unanswerable"


class QrelsLabels:
    """The judgements of a set in the form of BEIR: lines of its qrels, by document."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / QRELS
        self._grades = grades_in(self._file)
        if not self._file.read_bytes().endswith(b"\n"):
            _append(self._file, "\n")

    def knows(self, candidate: Candidate) -> bool:
        """Whether the document has a grade for the question."""
        return candidate.document in self._grades.get(candidate.question.id, {})

    def keep(self, judgement: Judgement) -> None:
        """Adds a line."""
        grade = int(judgement.relevant)
        _append(self._file, f"{judgement.question}\t{judgement.document}\t{grade}\n")
        self._grades.setdefault(judgement.question, {})[judgement.document] = grade

    def finish(self, question: str) -> None:
        """Nothing: what has no line is not judged."""


class WrittenLabels:
    """The judgements of a written set, in the folder of its questions.jsonl.

    The first place that answers becomes gold, further ones "also", and what does not answer "not". A question without
    gold is unanswerable once every place of its pool was judged; before that, a new one is not in the set.
    """

    def __init__(self, folder: Path, questions: Sequence[Mapping[str, Any]]) -> None:
        self._folder = folder
        self._questions = {str(question["id"]): question for question in questions}
        self._lines: list[Mapping[str, Any]] = []
        if (folder / JUDGED).exists():
            self._lines = [record.values for record in records(folder / JUDGED)]

    @property
    def questions(self) -> list[Mapping[str, Any]]:
        """The questions with what was judged of them, as lines of a questions.jsonl."""
        merged = [self._merged(name, question) for name, question in self._questions.items()]
        return [question for question in merged if question.get("kind")]

    def knows(self, candidate: Candidate) -> bool:
        """Whether a place that shares half of the shorter of the two was judged for the question."""
        question = self._merged(candidate.question.id, self._questions[candidate.question.id])
        places = [place for name in ("gold", "also", "not") for place in question.get(name) or ()]
        return any(_same(place, candidate) for place in places)

    def keep(self, judgement: Judgement) -> None:
        """Adds a line, and writes the set anew."""
        place = {"source": judgement.document, "start": judgement.start, "end": judgement.end, "text": judgement.text}
        self._note({"question": judgement.question, "relevant": judgement.relevant, **place})

    def finish(self, question: str) -> None:
        """Notes that nothing is left to judge, so that a question without gold is unanswerable."""
        if not any(one["question"] == question and one.get("done") for one in self._lines):
            self._note({"question": question, "done": True})

    def _note(self, values: Mapping[str, Any]) -> None:
        _append(self._folder / JUDGED, line(values))
        self._lines.append(values)
        draft = self._folder / f"{QUESTIONS}.draft"
        draft.write_text("".join(line(question) for question in self.questions), encoding="utf-8")
        draft.replace(self._folder / QUESTIONS)

    def _merged(self, name: str, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """The question with its judgements; without a kind as long as it is not known whether anything answers it."""
        mine = [one for one in self._lines if one["question"] == name]
        places: dict[str, list[Any]] = {one: list(question.get(one) or ()) for one in ("gold", "also", "not")}
        for judged in mine:
            if "source" in judged:
                place = {key: judged[key] for key in ("source", "start", "end", "text")}
                under = ("also" if places["gold"] else "gold") if judged["relevant"] else "not"
                if not any(place in found for found in places.values()):
                    places[under].append(place)
        kind = question.get("kind")
        if places["gold"] and kind in (None, UNANSWERABLE):
            kind = FOUND
        elif not kind and any(judged.get("done") for judged in mine):
            kind = UNANSWERABLE
        return {**question, "kind": kind, **{one: found for one, found in places.items() if found or one == "gold"}}


def lines_of(file: Path) -> list[Mapping[str, Any]]:
    """The questions of a questions.jsonl, as they stand there."""
    return [record.values for record in records(file)]


def plain_questions(file: Path) -> list[dict[str, str]]:
    """The questions of a text file, one a line, with ids that stay when lines are moved.

    Raises UsageError when there is none or the file cannot be read.
    """
    try:
        texts = [text.strip() for text in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}", "Give a text file in UTF-8, a question a line.") from error
    questions = [{"id": digest("question", text)[:8], "question": text} for text in dict.fromkeys(texts) if text]
    if not questions:
        raise UsageError(f"{file} has no questions", "Write one a line.")
    return questions


def _same(place: Mapping[str, Any], candidate: Candidate) -> bool:
    if place["source"] != candidate.document:
        return False
    text, start = str(place["text"]), place.get("start")
    if start is None:  # the quotation stands in the article once
        return text in candidate.text
    end = int(start) + len(text)
    shared = min(end, candidate.end) - max(int(start), candidate.start)
    return 2 * shared >= min(len(text), candidate.end - candidate.start)


def _append(file: Path, text: str) -> None:
    """Adds to a file, and returns when it is on the disk. Raises UsageError when it cannot be written."""
    try:
        with file.open("a", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise UsageError(
            f"{file} cannot be written: {error.strerror}", "Give a set in a folder of your own."
        ) from error
