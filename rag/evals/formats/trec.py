"""TREC: topics, qrels and documents in a folder, as trec_eval, ir_measures and Pyserini read them.

Topics are lines of id and text between a tab, or the classic <num> and <title> of the ad hoc tracks, or an XML file of
<topic number="1">. The documents are a corpus.jsonl, or a collection.tsv of id and text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote

from index.errors import UsageError
from rag.evals import corpus
from rag.evals.collection import Collection, Document, Documents, Query, line
from rag.evals.formats import Read, counted, lost
from rag.evals.jsonl import Record, lines
from rag.evals.sets import qrels

ABOUT = "a folder of topics (.tsv, .txt or .xml), qrels.txt and corpus.jsonl or collection.tsv"

QRELS = "qrels.txt"
COLLECTION = "collection.tsv"
TOPICS = "topics.tsv"

_TOP = re.compile(r"<top>(.*?)</top>", re.S | re.I)
_NUM = re.compile(r"<num>\s*(?:Number:)?\s*([^\s<]+)", re.I)
_TITLE = re.compile(r"<title>\s*(?:Topic:)?(.*?)\s*(?=<|\Z)", re.S | re.I)
_TOPIC = re.compile(r"<topic\s+number=[\"']?([^\s\"'>]+)[\"']?[^>]*>(.*?)</topic>", re.S | re.I)
_QUERY = re.compile(r"<(query|title)>\s*(.*?)\s*</\1>", re.S | re.I)


def read(path: Path) -> Read:
    """The set in the folder. A topic without a relevant document is left out: TREC does not say why it has none."""
    grades = qrels(_one_of(path, QRELS, "qrels.tsv", "*qrels*"))
    topics = [replace(topic, relevance=grades.get(topic.id, {})) for topic in _topics(_one_of(path, "*topics*"))]
    kept = [topic for topic in topics if topic.relevant]
    left = len(topics) - len(kept)
    notes = (f"{counted(left)} without a relevant document left out.",) if left else ()
    return Read(Collection(_documents(path), kept), notes)


def write(collection: Collection, path: Path) -> list[str]:
    """Writes topics.tsv, qrels.txt and corpus.jsonl. White space in an id is written as in an address, "%20".

    A document that is relevant only for saying the same as another is not judged: TREC would ask for both.
    """
    path.mkdir(parents=True)
    queries, spaced = collection.queries, 0
    with (path / corpus.FILE_NAME).open("w", encoding="utf-8") as file:
        for one in collection.documents:
            spaced += solid(one.id) != one.id
            about = {"metadata": dict(one.metadata)} if one.metadata else {}
            file.write(line({"_id": solid(one.id), "title": one.title, "text": one.text, **about}))
    topics = "".join(f"{solid(q.id)}\t{' '.join(q.text.split())}\n" for q in queries)
    (path / TOPICS).write_text(topics, encoding="utf-8", errors="replace")
    judged = [
        f"{solid(q.id)} 0 {solid(name)} {grade}\n"
        for q, copies in ((q, q.copies) for q in queries)
        for name, grade in q.relevance.items()
        if name not in copies
    ]
    (path / QRELS).write_text("".join(judged), encoding="utf-8", errors="replace")
    spaced += sum(solid(q.id) != q.id for q in queries)
    broken = sum(" ".join(q.text.split()) != q.text for q in queries)
    return [
        *([f"TREC does not hold white space in an id: {spaced:,} are written with %20 or the like."] if spaced else []),
        *([f"TREC does not hold line breaks or runs of blanks: {counted(broken)}."] if broken else []),
        *lost(
            "TREC", queries, "that a question has no answer", "answers", "kinds of question",
            "the questions asked before", "the answers given before", "the day of a question", "the places that answer",
            "other places that say the same", notes=frozenset(),
        ),
    ]  # fmt: skip


def solid(name: str) -> str:
    """An id without white space, which is written as in an address, and "%" with it where there is some."""
    if not re.search(r"\s", name):
        return name
    return re.sub(r"[\s%]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)


def as_it_was(name: str) -> str:
    """The id that `solid` made this of."""
    before = unquote(name, errors="replace")
    return before if solid(before) == name else name


def _one_of(folder: Path, *patterns: str) -> Path:
    found = (file for pattern in patterns for file in sorted(folder.glob(pattern)) if file.is_file())
    file = next(found, None)
    if file is None:
        raise UsageError(f"{folder} has no {patterns[0].strip('*')}", f"Give {ABOUT}.")
    return file


def _topics(file: Path) -> list[Query]:
    text = _text(file)
    if _TOP.search(text) or _TOPIC.search(text):
        return [*_classic(text, file.name), *_xml(text, file.name)]
    return [_tabbed(found.data.decode("utf-8", "replace").rstrip("\r\n"), found.where) for found in lines(file)]


def _tabbed(text: str, where: str) -> Query:
    name, tab, asked = text.partition("\t")
    if not (tab and name.strip() and asked.strip()):
        raise Record({}, where).wrong("this is not an id and a question between a tab")
    return Query(name.strip(), asked.strip())


def _classic(text: str, name: str) -> Iterator[Query]:
    for top in _TOP.finditer(text):
        where = f"{name} line {text.count(chr(10), 0, top.start()) + 1}"
        number, title = _NUM.search(top[1]), _TITLE.search(top[1])
        if not (number and title and title[1].strip()):
            raise Record({}, where).wrong("this topic has no num or no title")
        yield Query(number[1], html.unescape(" ".join(title[1].split())))


def _xml(text: str, name: str) -> Iterator[Query]:
    for topic in _TOPIC.finditer(text):
        where = f"{name} line {text.count(chr(10), 0, topic.start()) + 1}"
        asked = _QUERY.search(topic[2])
        words = asked[2] if asked else topic[2]
        if not words.strip() or "<" in words:
            raise Record({}, where).wrong("this topic has no query and no title")
        yield Query(topic[1], html.unescape(" ".join(words.split())))


def _documents(folder: Path) -> Iterable[Document]:
    if (folder / corpus.FILE_NAME).is_file():
        return Documents(folder / corpus.FILE_NAME)
    return _Tabbed(_one_of(folder, COLLECTION))


@dataclass(frozen=True, slots=True)
class _Tabbed:
    """The documents of a collection.tsv, read line by line each time they are gone through."""

    file: Path

    def __iter__(self) -> Iterator[Document]:
        for found in lines(self.file):
            name, tab, text = found.data.decode("utf-8", "replace").rstrip("\r\n").partition("\t")
            if not tab:
                raise Record({}, found.where).wrong("this is not an id and a text between a tab")
            yield Document(name, "", text)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}", f"Give {ABOUT}.") from error
