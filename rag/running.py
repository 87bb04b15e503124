"""What is running: which models answer over which index, what it takes of the machine, and what leaves the machine."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import FootnoteError
from index.postgres import host_of as database_at
from index.replica import note_of
from rag.wording import extent

if TYPE_CHECKING:
    from rag.settings import Parts, Settings

# What has LangChain trace to a service of its makers.
_LANGSMITH = ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGCHAIN_TRACING")
_LIBRARIES = ("chromadb", "gradio", "langchain-core", "openvino", "sentence-transformers", "torch")


@dataclass(frozen=True, slots=True)
class Facts:
    """Some facts under a heading: (name, what it is)."""

    heading: str
    facts: tuple[tuple[str, str], ...]


def running(parts: Parts, environ: Mapping[str, str] | None = None) -> tuple[Facts, ...]:
    """What is running now. What cannot be looked up says so in its place."""
    chosen, environ = parts.settings, os.environ if environ is None else environ
    return (
        Facts("What leaves this machine", tuple(_leaving(parts, chosen, environ))),
        Facts("What answers", tuple(_answering(parts, chosen))),
        Facts("The index", tuple(_indexed(parts))),
        Facts("This process", tuple(_process())),
        Facts("Settings that were changed", tuple(chosen.changed().items()) or (("None", "All are as they come."),)),
    )


def _leaving(parts: Parts, chosen: Settings, environ: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    from rag.doors.tracing import endpoint_of

    if chosen.writing.model:
        at = host_of(chosen.writing.base_url) or chosen.writing.model.partition(":")[0]
        yield "Questions", f"Each question goes to {at}."
        yield "Articles", f"The passages that are found for a question go to {at} with it."
    else:
        yield "Questions", "Nothing of them. No language model is asked."
        yield "Articles", "Nothing of them."
    server = chosen.server
    if server and not server.here:
        yield "Vectors", f"The vectors of passages and questions go to {host_of(server.address)}."
    sites = sum("://" in place for place in _followed(parts))
    yield "Web", f"A sync fetches what is followed there, {sites:,} in all." if sites else "Nothing is followed there."
    if chosen.database:
        told = f"What is asked and answered is kept in a database at {database_at(chosen.database)}."
        yield "Conversations", told
        with contextlib.suppress(FootnoteError):
            if note_of(parts.store):
                yield (
                    "Shared index",
                    f"All articles, with their vectors, are in the database at {database_at(chosen.database)}.",
                )
    if chosen.ray:
        yield (
            "Ray",
            f"A sync by the command line or by --watch sends files and passages to the cluster at {chosen.ray}.",
        )
    spans = endpoint_of(environ)
    yield (
        "Reports",
        f"How long each step takes goes to {host_of(spans)}." if spans else "None. No use is counted or told.",
    )
    for name in _LANGSMITH:
        if environ.get(name, "").lower() in ("true", "1"):
            yield name, "It is set, so LangChain sends each question and answer to LangSmith. Unset it to stop that."


def _answering(parts: Parts, chosen: Settings) -> Iterable[tuple[str, str]]:
    from rag.settings import OWN_THRESHOLD, SENTENCES, SHIPPED_READER

    own = {SHIPPED_READER: "Footnote's own, which comes with it", SENTENCES: "the rules that need no model"}
    yield "Reader", own.get(chosen.reader, chosen.reader)
    if chosen.threshold != OWN_THRESHOLD:
        yield "Refuses below", f"{chosen.threshold:g}"
    if chosen.ranker:
        yield "Ranker", chosen.ranker
    yield "Embedding model", parts.index.embedder.name
    with contextlib.suppress(FootnoteError):
        if parts.index.exists():
            yield "Its precision", parts.index.made_by()["precision"]
    yield "Language model", chosen.writing.model or "none: every sentence is a quotation"


def _indexed(parts: Parts) -> Iterable[tuple[str, str]]:
    yield "Folder", str(parts.store)
    try:
        overview = parts.index.overview()
    except FootnoteError as error:
        yield "State", str(error)
        return
    yield "Articles", extent(overview)
    yield "Passages", f"{overview.passages:,}"
    yield "Published", f"{overview.generation:,} times"
    yield "On disk", size(sum(taken(parts.store)))


def _process() -> Iterable[tuple[str, str]]:
    if memory := resident():
        yield "Memory", size(memory)
    yield "Threads", str(threading.active_count())
    yield "Python", platform.python_version()
    for name in _LIBRARIES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue


def _followed(parts: Parts) -> list[str]:
    try:
        return parts.index.followed() if parts.index.exists() else []
    except FootnoteError:  # told where the index is
        return []


def host_of(address: str) -> str:
    """The host and port of an address, without what it may say of a user and a password."""
    return address.partition("://")[2].partition("/")[0].rpartition("@")[2] or address


def taken(folder: Path) -> Iterable[int]:
    """The bytes of each file below a folder; one that goes meanwhile is left out."""
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                yield (Path(place) / name).lstat().st_size
            except OSError:
                continue


def resident(status: Path = Path("/proc/self/status")) -> int:
    """The bytes of this process that are in memory; 0 where the system does not say."""
    try:
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


def size(number: int) -> str:
    """'1.3 GB', '24 MB', '3 kB'."""
    for unit, name in ((10**9, "GB"), (10**6, "MB")):
        if number >= unit:
            return f"{number / unit:.1f} {name}" if number < 10 * unit else f"{number / unit:.0f} {name}"
    return f"{-(-number // 1000)} kB"
