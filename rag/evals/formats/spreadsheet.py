"""CSV, for a spreadsheet: a row for each question and each place that answers it, in questions.csv.

The articles are files beside it, or a documents.csv when they are not files. Columns, of which only `question` must be
there: id, question, kind, answerable, answers and earlier (one a line in the cell), asked, document, quote, start,
also ("yes" for a place that only says the same), grade and notes (JSON). A further row of a question repeats its id.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from index.errors import UsageError
from rag.evals.collection import Collection, Document, Place, Query
from rag.evals.formats import NAMES, Read, lost
from rag.evals.jsonl import Record

ABOUT = "a CSV file of questions beside its articles, or a folder with questions.csv"

QUESTIONS = "questions.csv"
DOCUMENTS = "documents.csv"

COLUMNS = (
    "id", "question", "kind", "answerable", "answers", "earlier", "asked", "document", "quote", "start", "also",
    "grade", "notes",
)  # fmt: skip
# What other tools call the same columns; RAGAS and others.
ALSO_CALLED = {
    "_id": "id", "query": "question", "user_input": "question", "type": "kind", "answer": "answers",
    "ground_truth": "answers", "reference": "answers", "source": "document", "file": "document", "doc_id": "document",
    "gold": "quote", "text": "quote", "evidence": "quote", "score": "grade",
}  # fmt: skip
DOCUMENT_COLUMNS = ("id", "title", "text", "notes")
SEPARATORS = ",;\t"
# Characters of a cell: an article may be long, and the library stops at 131,072.
LONGEST_CELL = 100_000_000
YES, NO = "yes", "no"
# A spreadsheet takes a cell that begins so for a formula.
FORMULA = tuple("=+-@\t\r'")
_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(slots=True)
class _Asked:
    """A question while its rows are read."""

    first: Record
    places: list[tuple[Place, bool, int, Record]] = field(default_factory=list)


def read(path: Path) -> Read:
    """The set of the file, with documents.csv beside it or else the article files there."""
    file = path / QUESTIONS if path.is_dir() else path
    asked: dict[str, _Asked] = {}
    for number, row in enumerate(_rows(file, COLUMNS), 1):
        name = row.values["id"] or str(number)
        if name not in asked and not row.values["question"].strip():
            raise row.wrong("'question' is empty")
        one = asked.setdefault(name, _Asked(row))
        if row.values["document"]:
            one.places.append(_place(row))
    beside = file.parent / DOCUMENTS
    if beside.is_file():
        documents = [
            Document(r.values["id"], r.values["title"], r.values["text"], _notes(r)) for r in _documents(beside)
        ]
        _check_documents(asked, {one.id for one in documents})
        return Read(Collection(documents, [_query(name, one) for name, one in asked.items()]))
    from rag.evals.written import articles

    texts = {name: article.text for name, article in articles(file.parent)}
    _check_documents(asked, texts.keys())
    _check_quotes(asked, texts)
    return Read(Collection([], [_query(name, one) for name, one in asked.items()], file.parent))


def write(collection: Collection, path: Path) -> list[str]:
    """Writes questions.csv into the folder `path`, with the article files or a documents.csv beside it."""
    path.mkdir(parents=True)
    if collection.articles is None:
        with (path / DOCUMENTS).open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
            _write_rows(file, DOCUMENT_COLUMNS, (_document_row(one) for one in collection.documents))
    else:
        from rag.evals.written import copy_articles

        copy_articles(collection.articles, path)
    with (path / QUESTIONS).open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        _write_rows(file, COLUMNS, (row for query in collection.queries for row in _question_rows(query)))
    broken = sum(bool(_BREAK.search(text)) for query in collection.queries for text in (*query.answers, *query.earlier))
    return [
        *([f"CSV does not hold line breaks inside an answer or an earlier question: {broken:,}."] if broken else []),
        *lost("CSV", collection.queries, "the answers given before"),
    ]


def _rows(file: Path, columns: Sequence[str]) -> Iterator[Record]:
    """The rows of a file by column, "" where there is none. The separator is the one that parts the known names."""
    csv.field_size_limit(LONGEST_CELL)
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            head = opened.readline()
            separator = max(SEPARATORS, key=head.count)
            opened.seek(0)
            reader = csv.reader(opened, delimiter=separator, strict=True)
            names = [ALSO_CALLED.get(name, name) if columns is COLUMNS else name for name in _names(next(reader, []))]
            if "question" not in names and "text" not in names:
                raise Record({}, f"{file.name} line 1").wrong(f"there is no column {columns[1]!r} among {names}")
            yield from _cells(reader, names, columns, file.name)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}", f"Give {ABOUT}.") from error


def _names(cells: Sequence[str]) -> list[str]:
    return [cell.strip().casefold() for cell in cells]


def _cells(reader: Any, names: Sequence[str], columns: Sequence[str], file_name: str) -> Iterator[Record]:  # noqa: ANN401
    try:
        for cells in reader:
            where = f"{file_name} line {reader.line_num}"
            if len(cells) > len(names):
                raise Record({}, where).wrong(f"there are {len(cells)} cells under {len(names)} headings")
            if any(cells):
                found = {name: _unguarded(cell) for name, cell in zip(names, cells, strict=False)}
                yield Record({column: found.get(column, "") for column in columns}, where)
    except csv.Error as error:
        raise Record({}, f"{file_name} line {reader.line_num}").wrong(f"this is not CSV ({error})") from error


def _place(row: Record) -> tuple[Place, bool, int, Record]:
    start, grade = row.values["start"], row.values["grade"] or "1"
    try:
        place = Place(row.values["document"], row.values["quote"], int(start) if start else None)
        return place, row.values["also"].casefold() == YES, int(grade), row
    except ValueError as error:
        raise row.wrong(f"start {start!r} and grade {grade!r} are not whole numbers") from error


def _query(name: str, one: _Asked) -> Query:
    cells = one.first.values
    relevance: dict[str, int] = {}
    for place, _, grade, _ in one.places:
        relevance[place.document] = max(grade, relevance.get(place.document, grade))
    said = cells["answerable"].casefold()
    answerable = any(grade > 0 for grade in relevance.values()) if not said else said in (YES, "true", "1")
    about: dict[str, Any] = {"type": cells["kind"]} if cells["kind"] else {}
    about |= {"answerable": answerable}
    history = [{"role": "user", "text": text} for text in _BREAK.split(cells["earlier"]) if text]
    lists = {
        "answers": [text for text in _BREAK.split(cells["answers"]) if text],
        "history": history,
        "evidence": [_as_json(place) for place, also, _, _ in one.places if place.text and not also],
        "also": [_as_json(place) for place, also, _, _ in one.places if place.text and also],
    }
    about |= {key: found for key, found in lists.items() if found}
    about |= {"question_date": cells["asked"]} if cells["asked"] else {}
    return Query(name, cells["question"], {**about, **_notes(one.first)}, relevance)


def _check_documents(asked: Mapping[str, _Asked], known: AbstractSet[str]) -> None:
    for one in asked.values():
        for place, _, _, row in one.places:
            if place.document not in known:
                raise row.wrong(f"there is no document {place.document!r}")


def _check_quotes(asked: Mapping[str, _Asked], texts: Mapping[str, str]) -> None:
    """In a written set the quotes are the gold."""
    for one in asked.values():
        for place, _, _, row in one.places:
            if not _stands(place, texts[place.document]):
                raise row.wrong(f"the quote {place.text[:60]!r} does not stand in {place.document}")


def _stands(place: Place, text: str) -> bool:
    if place.start is None:
        return place.text in text
    return text[place.start : place.start + len(place.text)] == place.text


def _as_json(place: Place) -> dict[str, Any]:
    found = {"doc_id": place.document, "text": place.text}
    return found if place.start is None else {**found, "start": place.start}


def _notes(row: Record) -> dict[str, Any]:
    try:
        notes = json.loads(row.values["notes"] or "{}")
    except ValueError as error:
        raise row.wrong(f"'notes' is not JSON ({error})") from error
    if not isinstance(notes, dict):
        raise row.wrong("'notes' is not a JSON object")
    return notes


def _documents(file: Path) -> list[Record]:
    rows = list(_rows(file, DOCUMENT_COLUMNS))
    seen: set[str] = set()
    for row in rows:
        if not row.values["id"] or row.values["id"] in seen:
            raise row.wrong(f"the id {row.values['id']!r} is empty or stands there twice")
        seen.add(row.values["id"])
    return rows


def _document_row(one: Document) -> dict[str, str]:
    return {"id": one.id, "title": one.title, "text": one.text, "notes": _json(one.metadata)}


def _question_rows(query: Query) -> Iterator[dict[str, str]]:
    """A row for each place, then one for each document without a place; the first says what is asked."""
    places = [(place, "") for place in query.places("evidence")] + [(place, YES) for place in query.places("also")]
    named = {place.document for place, _ in places}
    places += [(Place(name, ""), "") for name in query.relevance if name not in named]
    head = {
        "id": query.id,
        "question": query.text,
        "kind": str(query.metadata.get("type") or ""),
        "answerable": YES if query.answerable else NO,
        "answers": "\n".join(_BREAK.sub(" ", text) for text in query.answers),
        "earlier": "\n".join(_BREAK.sub(" ", text) for text in query.earlier),
        "asked": str(query.metadata.get("question_date") or ""),
        "notes": _json({key: value for key, value in query.metadata.items() if key not in NAMES}),
    }
    for number, (place, also) in enumerate(places or [(Place("", ""), "")]):
        yield (head if number == 0 else {"id": query.id}) | _place_cells(place, also, query.relevance)


def _place_cells(place: Place, also: str, relevance: Mapping[str, int]) -> dict[str, str]:
    grade = str(relevance[place.document]) if place.document in relevance else ""
    start = "" if place.start is None else str(place.start)
    return {"document": place.document, "quote": place.text, "start": start, "also": also, "grade": grade}


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values), ensure_ascii=False) if values else ""


def _write_rows(file: TextIO, columns: Sequence[str], rows: Iterator[Mapping[str, str]]) -> None:
    # As RFC 4180 has it; and the library quotes a cell with a line break only where the break is part of this.
    writer = csv.DictWriter(file, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _guarded(cell) for name, cell in row.items()} for row in rows)


def _guarded(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would take for a formula: the text is other people's."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _unguarded(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA) else cell
