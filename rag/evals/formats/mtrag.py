"""MTRAG: one line of JSON for each turn of a conversation, with what was said before and the passages that answer.

Beside the tasks, a corpus.jsonl may hold all passages; without one, those of the tasks are the documents.
Katsis et al., TACL 2025, doi:10.1162/TACL.a.19.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from index.errors import UsageError
from rag.evals import corpus
from rag.evals.collection import Collection, Document, Documents, Query, line
from rag.evals.formats import Read, counted, lost
from rag.evals.jsonl import Record, records

ABOUT = "a JSONL file of MTRAG tasks, or a folder with tasks.jsonl and corpus.jsonl"

TASKS = "tasks.jsonl"
ANSWERED = {"ANSWERABLE", "PARTIAL", "PARTIALLY_ANSWERABLE"}
ROLES = {"user": "user", "agent": "assistant"}
SPEAKERS = {role: speaker for speaker, role in ROLES.items()}
# What MTRAG says of a task, as it is called here. Some files write the first, and the collection, with a capital.
NOTES = {"answerability": "answerability", "Question Type": "question_type", "Multi-Turn": "turn_type"}
PLAIN = ("conversation_id", "collection")


def read(path: Path) -> Read:
    """The set of the tasks. One that can be answered and has no passage is left out."""
    file = path / TASKS if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"{file} does not exist", f"Give {ABOUT}.")
    tasks = list(records(file))
    queries = [_query(task) for task in tasks]
    kept = [q for q in queries if q.relevant or not q.answerable]
    left = len(queries) - len(kept)
    notes = (f"{counted(left)} without a passage that answers left out.",) if left else ()
    beside = file.parent / corpus.FILE_NAME
    return Read(Collection(Documents(beside) if beside.is_file() else _passages(tasks), kept), notes)


def write(collection: Collection, path: Path) -> list[str]:
    """Writes tasks.jsonl and corpus.jsonl into the folder `path`."""
    path.mkdir(parents=True)
    needed = {name for query in collection.queries for name in query.relevant}
    texts: dict[str, Document] = {}
    with (path / corpus.FILE_NAME).open("w", encoding="utf-8") as file:
        for one in collection.documents:
            about = {"metadata": dict(one.metadata)} if one.metadata else {}
            file.write(line({"_id": one.id, "title": one.title, "text": one.text, **about}))
            texts |= {one.id: one} if one.id in needed else {}
    with (path / TASKS).open("w", encoding="utf-8") as file:
        file.writelines(line(_task(query, texts)) for query in collection.queries)
    return lost(
        "MTRAG", collection.queries, "the places that answer", "other places that say the same", "grades of relevance",
        "the day of a question", "kinds of question", notes={*NOTES.values(), *PLAIN},
    )  # fmt: skip


def _query(task: Record) -> Query:
    turns = [{"role": _role(turn), "text": turn.value("text", str)} for turn in task.records("input")]
    if not turns or turns[-1]["role"] != "user":
        raise task.wrong("'input' does not end with what the user asks")
    judged = _first(task, "answerability") or _first(task, "Answerability")
    answerable = judged.upper() in ANSWERED if judged else bool(task.records("contexts"))
    about: dict[str, Any] = {"type": "conversation", "answerable": answerable}
    answers = [target.value("text", str) for target in task.records("targets")]
    about |= {name: found for name, found in (("answers", answers), ("history", turns[:-1])) if found}
    about |= {ours: _first(task, theirs) for theirs, ours in NOTES.items() if _first(task, theirs)}
    about |= {"answerability": judged} if judged else {}
    about |= {name: said for name in PLAIN if (said := _first(task, name) or _first(task, name.capitalize()))}
    names = [passage.value("document_id", str) for passage in task.records("contexts")]
    return Query(task.value("task_id", str), turns[-1]["text"], about, dict.fromkeys(names, 1) if answerable else {})


def _role(turn: Record) -> str:
    speaker = turn.value("speaker", str)
    if speaker not in ROLES:
        raise turn.wrong(f"'speaker' is {speaker!r}, not one of {', '.join(ROLES)}")
    return ROLES[speaker]


def _first(task: Record, name: str) -> str:
    """A note that is a text, or the first of a list of them; "" for none, which MTRAG writes as NaN."""
    value = task.values.get(name)
    value = value[0] if isinstance(value, list) and value else value
    return value if isinstance(value, str) else ""


def _passages(tasks: Iterable[Record]) -> list[Document]:
    """The passages of the tasks, each once."""
    found: dict[str, Document] = {}
    for task in tasks:
        for passage in task.records("contexts"):
            name = passage.value("document_id", str)
            found.setdefault(name, Document(name, passage.value("title", str, ""), passage.value("text", str)))
    return list(found.values())


def _task(query: Query, texts: Mapping[str, Document]) -> dict[str, Any]:
    about = query.metadata
    turns = [*(about.get("history") or ()), {"role": "user", "text": query.text}]
    said = about.get("answerability") or ("ANSWERABLE" if query.answerable else "UNANSWERABLE")
    notes = {theirs: [about[ours]] for theirs, ours in NOTES.items() if about.get(ours)}
    return {
        "task_id": query.id,
        "conversation_id": about.get("conversation_id") or query.id.split("::")[0].removesuffix("<"),
        "turn": len(query.earlier) + 1,
        "collection": about.get("collection") or "",
        "contexts": [_context(texts[name]) for name in query.relevant if name in texts],
        "input": [{"speaker": SPEAKERS[turn["role"]], "text": turn["text"]} for turn in turns],
        "targets": [{"speaker": "agent", "text": text} for text in query.answers],
        **notes,
        "answerability": [said],
    }


def _context(one: Document) -> dict[str, str]:
    return {"document_id": one.id, "title": one.title, "text": one.text}
