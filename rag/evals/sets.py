"""Question sets: questions with what a good answer rests on, in the two formats that Footnote reads.

A written set is a questions.jsonl with gold as quotations from articles, so it stays true however they are split. An
article is named by its path from there, or, where it lies elsewhere, by the source that the index has for it. A judged
set is a folder in the form of BEIR: corpus.jsonl, queries.jsonl and qrels.tsv (Thakur et al., NeurIPS 2021 Datasets
and Benchmarks).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from pathlib import Path

from index.candidates import Only
from index.errors import FootnoteError, UsageError
from index.records import digest
from rag.answers import Question
from rag.evals import corpus
from rag.evals.corpus import Corpus
from rag.evals.jsonl import Record, lines, records
from rag.kept_to import kept_to

QUESTIONS = "questions.jsonl"
QUERIES = "queries.jsonl"
QRELS = "qrels.tsv"

# A passage counts as gold when it holds at least this share of a gold span; one that contains the span holds all of it.
COVERED = 0.5


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """A quotation that answers the question. Without `start`, it is where its text stands, which is one place only."""

    document: str
    text: str
    start: int | None = None

    def place(self, article_text: str) -> tuple[int, int]:
        """Start and end in the article. Raises FootnoteError when the quotation does not stand there."""
        start = article_text.find(self.text) if self.start is None else self.start
        if start < 0 or article_text[start : start + len(self.text)] != self.text:
            raise self._wrong("does not stand there")
        if self.start is None and article_text.find(self.text, start + 1) >= 0:
            raise self._wrong("stands there more than once")
        return start, start + len(self.text)

    def covered(self, article_text: str, start: int, end: int) -> bool:
        """Whether article_text[start:end] counts as a gold passage."""
        return self._shared(article_text, start, end) >= COVERED * len(self.text)

    def touched(self, article_text: str, start: int, end: int) -> bool:
        """Whether article_text[start:end] shares any character with the span."""
        return self._shared(article_text, start, end) > 0

    def _shared(self, article_text: str, start: int, end: int) -> int:
        first, last = self.place(article_text)
        return min(end, last) - max(start, first)

    def _wrong(self, what: str) -> FootnoteError:
        at = "" if self.start is None else f" at {self.start}"
        return FootnoteError(
            f"The gold quotation {self.text[:60]!r} of {self.document}{at} {what}",
            "The article or the way it is read has changed: mend the gold in the question set.",
        )


@dataclass(frozen=True, slots=True)
class EvalQuestion:
    """A question and its gold. `relevance` grades documents (0 is judged and not relevant); `spans` are all needed.

    `also` are other places that say the same: as good as gold and not needed, see `scores.alternatives`. `answers` are
    texts of which any will do. `held_out` are sources that answer the question and are to be left out of what is
    searched. `asked_at` is when the question was asked, where that matters, and `only` what it is kept to.
    """

    id: str
    text: str
    kind: str
    answerable: bool
    earlier: tuple[str, ...] = ()
    relevance: Mapping[str, int] = field(default_factory=dict)
    spans: tuple[GoldSpan, ...] = ()
    also: tuple[GoldSpan, ...] = ()
    answers: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    asked_at: datetime | None = None
    only: Only = field(default_factory=Only)

    def as_asked(self) -> Question:
        """The question as the chain is asked it."""
        if self.asked_at is None:
            return Question(self.text, self.earlier, only=self.only)
        return Question(self.text, self.earlier, self.asked_at, self.only)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Questions with gold. `digest` changes with any byte of it; runs are compared on the same digest alone.

    `corpus` holds the documents of a judged set and is None for a written one, whose articles lie in `folder`.
    """

    name: str
    folder: Path
    digest: str
    questions: tuple[EvalQuestion, ...]
    corpus: Corpus | None = None

    @property
    def held_out(self) -> tuple[str, ...]:
        """The sources that are left out of what is searched, for all questions alike, in order."""
        return tuple(sorted({self.source(name) for question in self.questions for name in question.held_out}))

    def asked_on(self, day: date | None) -> QuestionSet:
        """The same set, with each question that does not say when it was asked, asked at noon of that day.

        "Last week" then means the same whenever the set is asked. Without a day nothing is changed.
        """
        if day is None:
            return self
        noon = datetime.combine(day, time(12), UTC)
        return replace(self, questions=tuple(replace(q, asked_at=q.asked_at or noon) for q in self.questions))

    def source(self, document: str) -> str:
        """The source of the document with this id in this set."""
        if self.corpus:
            return self.corpus.prefix + document
        return document if _is_source(document) else str(self.folder / document)

    def document(self, source: str) -> str:
        """The id, in this set, of the document found at `source`; a source from elsewhere is its own id."""
        return source.removeprefix(self.corpus.prefix if self.corpus else f"{self.folder}{os.sep}")


def load(path: Path) -> QuestionSet:
    """The set at `path`: a questions.jsonl, or a folder that holds one, or a folder in the form of BEIR.

    Raises UsageError when there is none, and FootnoteError, naming file and line, when it is not well formed.
    """
    path = path.resolve()
    if (path / QUERIES).is_file():
        found = _judged(path)
    elif path.is_file() or (path / QUESTIONS).is_file():
        found = _written(path if path.is_file() else path / QUESTIONS)
    else:
        raise UsageError(f"{path} holds no question set", f"A set is a {QUESTIONS}, or {QUERIES} with {QRELS}.")
    if not found.questions:
        raise UsageError(f"{path} holds no question", "Write one a line, or make some: `python -m rag eval make`.")
    return found


def _written(file: Path) -> QuestionSet:
    folder = file.parent
    questions = _each_once(_written_question(record, folder) for record in records(file))
    named = sorted({document for question in questions for document in question.relevance})
    files = [name for name in named if (folder / name).is_file()]
    content = digest(file.read_bytes(), *(part for name in files for part in (name, (folder / name).read_bytes())))
    return QuestionSet(folder.name, folder, content, questions)


def _written_question(record: Record, folder: Path) -> EvalQuestion:
    spans = tuple(_span(gold, folder) for gold in record.records("gold"))
    also = tuple(_span(gold, folder) for gold in record.records("also"))
    refused = [_document(no, folder) for no in record.records("not")]
    kind = record.value("kind", str)
    answerable = kind != "unanswerable"
    if answerable != bool(spans):
        raise record.wrong(f"'gold' is {'missing' if answerable else 'given'} for a question of kind {kind!r}")
    return EvalQuestion(
        id=record.value("id", str),
        text=record.value("question", str),
        kind=kind,
        answerable=answerable,
        earlier=record.texts("earlier"),
        relevance=dict.fromkeys(refused, 0) | {span.document: 1 for span in (*spans, *also)},
        spans=spans,
        also=also,
        answers=_answers(record),
        held_out=record.texts("held_out"),
        asked_at=_moment(record),
        only=_kept_to(record),
    )


def _kept_to(record: Record) -> Only:
    """The articles that the question is kept to, by "only": source, author, first and last, as texts."""
    only = record.record("only")
    parts = [only.value(name, str, "") for name in ("source", "author", "first", "last")]
    try:
        return kept_to(*parts)
    except UsageError as error:
        raise only.wrong(str(error)) from error


def _moment(record: Record) -> datetime | None:
    """When the question was asked, by "asked": a time with its zone."""
    if not (text := record.value("asked", str, "")):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise record.wrong(f"'asked' is no time: {text!r:.60}") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _answers(record: Record) -> tuple[str, ...]:
    """The answer texts; one without a letter would stand in every quote."""
    texts = record.texts("answers")
    if not all(text.strip() for text in texts):
        raise record.wrong("'answers' has an empty text")
    return texts


def _span(record: Record, folder: Path) -> GoldSpan:
    document, text = _document(record, folder), record.value("text", str)
    if not text:
        raise record.wrong("'text' is empty")
    if "start" not in record.values:
        return GoldSpan(document, text)
    start, end = record.value("start", int), record.value("end", int)
    if start < 0 or end - start != len(text):
        raise record.wrong(f"'text' has {len(text)} characters, but stands from {start} to {end}")
    return GoldSpan(document, text, start)


def _document(record: Record, folder: Path) -> str:
    name = record.value("source", str)
    try:
        found = _is_source(name) or (folder / name).is_file()
    except (OSError, ValueError):  # a name that is too long, or has a zero byte
        found = False
    if not found:
        raise record.wrong(f"there is no file {name[:80]!r} beside {QUESTIONS}")
    return name.removeprefix(f"{folder}{os.sep}")


def _is_source(document: str) -> bool:
    """Whether it is a source as the index names it, an address or a whole path. What lies there, the index knows."""
    from index.sources.files import is_address  # here, because a report of a run needs no readers of files

    return is_address(document) or Path(document).is_absolute()


def _judged(folder: Path) -> QuestionSet:
    documents = Corpus(folder)
    judged = qrels(folder / QRELS)
    questions = _each_once(_judged_question(record, judged) for record in records(folder / QUERIES))
    _check_judgements(judged, {question.id for question in questions}, documents.documents)
    content = digest(*((folder / name).read_bytes() for name in (corpus.FILE_NAME, QUERIES, QRELS)))
    return QuestionSet(folder.name, folder, content, questions, documents)


def _judged_question(record: Record, judged: Mapping[str, Mapping[str, int]]) -> EvalQuestion:
    about = record.record("metadata")
    name = record.value("_id", str)
    relevance = judged.get(name, {})
    has_gold = any(grade > 0 for grade in relevance.values())
    if "answerable" not in about.values and not has_gold:
        raise about.wrong(f"'answerable' is missing, and {QRELS} has no relevant document for {name!r}")
    answerable = about.value("answerable", bool, True)
    if answerable != has_gold:
        held = "a" if has_gold else "no"
        raise about.wrong(f"'answerable' is {answerable}, but {QRELS} has {held} relevant document for {name!r}")
    asked = corpus.day(about.value("question_date", str, ""))
    return EvalQuestion(
        id=name,
        text=record.value("text", str),
        kind=about.value("type", str, "question"),
        answerable=answerable,
        earlier=tuple(t.value("text", str) for t in about.records("history") if t.value("role", str) == "user"),
        relevance=relevance,
        spans=_judged_spans(about, "evidence"),
        also=_judged_spans(about, "also"),
        answers=_answers(about),
        asked_at=datetime.combine(asked, time(12), UTC) if asked else None,
        only=_kept_to(about),
    )


def _judged_spans(about: Record, name: str) -> tuple[GoldSpan, ...]:
    """The places of a judged question that say where they stand; those that do not need not be verbatim."""
    places = [place for place in about.records(name) if "start" in place.values]
    return tuple(GoldSpan(p.value("doc_id", str), p.value("text", str), p.value("start", int)) for p in places)


def qrels(file: Path) -> dict[str, dict[str, int]]:
    """The grades of documents by question: tab-separated, with or without a line of headings, or in four columns.

    Raises FootnoteError, naming the line.
    """
    grades: dict[str, dict[str, int]] = {}
    for number, found in enumerate(lines(file)):
        columns = _columns(found.data.decode("utf-8", "replace").rstrip("\r\n"))
        if number == 0 and columns[-1:] == ["score"]:
            continue
        try:
            name, judged, grade = columns
            grades.setdefault(name, {})[judged] = int(grade)
        except ValueError as error:
            raise Record({}, found.where).wrong("this is not a question, a document and a whole number") from error
    return grades


def _columns(text: str) -> list[str]:
    """Question, document and grade: three columns of BEIR between tabs, or of TREC's four all but the second."""
    columns = text.split("\t")
    if len(columns) == 3:
        return columns
    columns = text.split()
    return [*columns[:1], *columns[2:]] if len(columns) == 4 else columns


def _check_judgements(judged: Mapping[str, Mapping[str, int]], questions: set[str], documents: frozenset[str]) -> None:
    for query, relevance in judged.items():
        if query not in questions:
            raise FootnoteError(f"{QRELS} judges the query {query!r}, which {QUERIES} does not hold")
        for document in relevance.keys() - documents:
            raise FootnoteError(f"{QRELS} judges the document {document!r}, which {corpus.FILE_NAME} does not hold")


def _each_once(questions: Iterable[EvalQuestion]) -> tuple[EvalQuestion, ...]:
    found = tuple(questions)
    for name, times in Counter(question.id for question in found).items():
        if times > 1:
            raise FootnoteError(f"The question id {name!r} stands in the set {times} times", "Give each its own id.")
    return found
