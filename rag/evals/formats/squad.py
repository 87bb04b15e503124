"""SQuAD 1.1 and 2.0: one JSON file of articles, their paragraphs, and questions whose answers stand in the paragraph.

A document is a paragraph, with the id "Title#0". Rajpurkar et al., EMNLP 2016 and ACL 2018.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from index.errors import UsageError
from rag.evals.collection import Collection, Document, Place, Query, line
from rag.evals.formats import Read, counted, lost
from rag.evals.jsonl import Record

ABOUT = "a JSON file of SQuAD 1.1 or 2.0"

KIND = "span"
# The paragraph that a question without an answer was written against; it is not gold.
NEAR = "near_doc"
PLAUSIBLE = "plausible_answers"


def read(path: Path) -> Read:
    """The set in the file. An answer must stand where the file says."""
    documents: list[Document] = []
    queries: list[Query] = []
    numbers: dict[str, Iterator[int]] = {}
    for article in _root(path).records("data"):
        title = article.value("title", str, "")
        for paragraph in article.records("paragraphs"):
            text = paragraph.value("context", str)
            name = f"{title}#{next(numbers.setdefault(title, itertools.count()))}"
            if text.strip():
                documents.append(Document(name, title, text))
            queries.extend(_query(qa, name, text) for qa in paragraph.records("qas"))
    return Read(Collection(documents, queries))


def write(collection: Collection, path: Path) -> list[str]:
    """Writes SQuAD 2.0."""
    return write_version(collection, path, "v2.0")


def _root(path: Path) -> Record:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", f"Give {ABOUT}.") from error
    except ValueError as error:
        raise Record({}, path.name).wrong(f"this is not JSON ({error})") from error
    root = Record(values if isinstance(values, dict) else {}, path.name)
    root.value("data", list)
    return root


def _query(qa: Record, name: str, text: str) -> Query:
    answers = [_answer(answer, text) for answer in qa.records("answers")]
    plausible = [_answer(answer, text) for answer in qa.records(PLAUSIBLE)]
    if qa.value("is_impossible", bool, False) != (not answers):
        raise qa.wrong("'answers' and 'is_impossible' do not go together")
    places = [{"doc_id": name, "text": place.text, "start": place.start} for place in answers]
    about: dict[str, Any] = {"type": KIND, "answerable": bool(answers), "answers": [place.text for place in answers]}
    # Any of the answers will do: the first is gold, the others say the same.
    about |= {"evidence": places[:1], "also": places[1:]} if answers else {NEAR: name}
    if plausible:
        about[PLAUSIBLE] = [{"text": place.text, "answer_start": place.start} for place in plausible]
    return Query(qa.value("id", str), qa.value("question", str), about, {name: 1} if answers else {})


def _answer(answer: Record, context: str) -> Place:
    text, start = answer.value("text", str), answer.value("answer_start", int)
    if start < 0 or context[start : start + len(text)] != text:
        raise answer.wrong(f"{text[:60]!r} does not stand at {start} of the context")
    return Place("", text, start)


def write_version(collection: Collection, path: Path, version: str) -> list[str]:
    """Writes SQuAD "1.1" or "v2.0", and gives a sentence for each thing that it cannot hold."""
    documents = list(collection.documents)
    texts = {one.id: one.text for one in documents}
    asked, left = _by_paragraph(collection.queries, texts, version)
    articles = itertools.groupby(documents, key=lambda one: one.title)
    data = [
        {"title": title, "paragraphs": [{"qas": asked.pop(p.id, []), "context": p.text} for p in paragraphs]}
        for title, paragraphs in articles
    ]
    if asked:  # they have no paragraph, and SQuAD has no other place for a question
        data.append({"title": "", "paragraphs": [{"qas": list(itertools.chain(*asked.values())), "context": ""}]})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(line({"version": version, "data": data}), encoding="utf-8")
    return [
        *left,
        *_untitled(documents),
        *lost(
            "SQuAD", collection.queries, "more than one document for a question", "the questions asked before",
            "the answers given before", "the day of a question", "grades of relevance", "kinds of question",
            notes={NEAR, PLAUSIBLE},
        ),
    ]  # fmt: skip


def _by_paragraph(
    queries: Sequence[Query], texts: Mapping[str, str], version: str
) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """The questions of each document, and what had to be left out. Those of "" have none."""
    asked: dict[str, list[dict[str, Any]]] = {}
    nowhere, impossible = 0, 0
    for query in queries:
        if not query.answerable and version == "1.1":
            impossible += 1
            continue
        answers = _answers(query, texts)
        if query.answerable and not answers:
            nowhere += 1
            continue
        home = answers[0].document if answers else str(query.metadata.get(NEAR, ""))
        kept = [{"text": a.text, "answer_start": a.start} for a in answers if a.document == home]
        asked.setdefault(home if home in texts else "", []).append(_qa(query, kept, version))
    left = [f"{counted(nowhere)} left out: no answer stands in a relevant document."] if nowhere else []
    return asked, left + ([f"{counted(impossible)} without an answer left out."] if impossible else [])


def _qa(query: Query, answers: Sequence[Mapping[str, Any]], version: str) -> dict[str, Any]:
    held = [found for found in query.metadata.get(PLAUSIBLE) or () if isinstance(found, dict)]
    plausible = {PLAUSIBLE: held} if held and version != "1.1" else {}
    impossible = {} if version == "1.1" else {"is_impossible": not query.answerable}
    return {**plausible, "question": query.text, "id": query.id, "answers": list(answers), **impossible}


def _answers(query: Query, texts: Mapping[str, str]) -> list[Place]:
    """Where the answers stand: as the set says, or its answer texts where its places, or its documents, hold them."""
    if not query.answerable:
        return []
    places = [found for place in _places(query) if (found := _placed(place, texts))]
    if set(query.answers) >= {place.text for place in places} and places:
        return places
    inside = [found for place in places for text in query.answers if (found := _within(place, text))]
    whole = [Place(name, texts[name], 0) for name in query.relevant if name in texts]
    anywhere = [found for place in whole for text in query.answers if (found := _within(place, text))]
    return inside or places or anywhere


def _places(query: Query) -> Iterable[Place]:
    return (*query.places("evidence"), *query.places("also"))


def _placed(place: Place, texts: Mapping[str, str]) -> Place | None:
    text = texts.get(place.document, "")
    start = text.find(place.text) if place.start is None else place.start
    stands = start >= 0 and text[start : start + len(place.text)] == place.text
    return Place(place.document, place.text, start) if stands and place.text else None


def _within(place: Place, answer: str) -> Place | None:
    """Where the answer stands in the place, whatever the case."""
    at = place.text.casefold().find(answer.casefold())
    text = place.text[at : at + len(answer)]
    if not answer or at < 0 or text.casefold() != answer.casefold():
        return None
    return Place(place.document, text, (place.start or 0) + at)


def _untitled(documents: Sequence[Document]) -> list[str]:
    """SQuAD numbers the paragraphs of a title; other ids are lost."""
    numbers: dict[str, Iterator[int]] = {}
    ids = sum(one.id != f"{one.title}#{next(numbers.setdefault(one.title, itertools.count()))}" for one in documents)
    notes = sum(bool(one.metadata) for one in documents)
    return [
        *([f"SQuAD does not hold ids of documents: {ids:,} are told by title and number."] if ids else []),
        *([f"SQuAD does not hold authors, dates and addresses: {notes:,} documents lose them."] if notes else []),
    ]
