"""Chroma: the only import of chromadb. Segments as directories, and the way to a server that holds them instead.

A segment is a directory that is built aside, closed, compared with what was put in, opened again, probed, and never
changed once it is published.
Opening a Chroma directory writes to it, and a damaged one can end the process, so a reader checks the published files
against their checksums and then opens a copy of its own. Everything in a segment is derived from the catalog.

Embeddings are always passed in. Chroma's HTTP server is never started, and asked only where the settings name one:
the advisories against it do not reach an embedded client. index/served.py has the segments that are there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from index import graph
from index.embedder import Vectors
from index.errors import DamagedIndex, FootnoteError, ServerAway, ServerFailed, first_line
from index.graph import Fetch
from index.records import sha256
from index.server import Server

COLLECTION = "passages"
# What is asked of a server at once, and put into a collection there.
BATCH = 500
# What is put into one in files at once, few enough that Ctrl-C is heard within seconds: Chroma does not hear it before.
# And how many are in before they are saved, but no more than SAVES times. Each time something is put in, Chroma reads
# all that was not saved yet, and its file stays as large as what that took. 60,000 vectors by 500 and saved once took
# 48 and 54 s and 242 MB; by 5,000, saved once, 33 s; by 2,000, saved three times, 29 s; six times 28 and 29 s and
# 139 MB; by 1,000 as long as by 2,000; 2026-11-30.
ADDED, SAVED, SAVES = 1_000, 10_000, 12
PROBES = 64
# The share of probes that may miss. Damaged files missed 45 to 93 of 100. An undamaged HNSW graph misses some where
# many passages say nearly the same: 30 of 6,000 in 60 clusters of 100 with a cosine of 0.99.
MAX_MISSES = 0.1
# With these the graph found 99.9 % of the exact nearest 100, and all of the nearest 10, on the sets that were tried
# (docs/measurements.md).
_HNSW = {"space": "cosine", "max_neighbors": 32, "ef_construction": 200, "ef_search": 200}
_UNPUBLISHED = "It was not published; run the command again."
# Seconds in which a server must take a connection.
_CONNECTING = 3.0


class Segment:
    """An open copy of a segment, of the reader's own. The copy is removed when the last holder lets go of it.

    `lock` is the open file that keeps others from removing it, None where the system knows no such locks.
    """

    def __init__(self, directory: Path, lock: int | None = None) -> None:
        self._client, self._collection = _open(directory)
        self._name = directory.name
        self.size = int(self._collection.count())
        self.close = weakref.finalize(self, _release, self._client, directory, lock)

    def numbers(self) -> set[int]:
        """The numbers of all passages in it."""
        return {int(i) for i in self._collection.get(include=[])["ids"]}

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        """(passage number, cosine similarity) of the nearest vectors, best first.

        Raises DamagedIndex when Chroma cannot say: it reads the graph at the first question.
        """
        from chromadb.errors import ChromaError

        if limit < 1 or self.size == 0:
            return []
        try:
            found = self._collection.query(
                query_embeddings=vector.reshape(1, -1), n_results=min(limit, self.size), include=["distances"]
            )
        except ChromaError as error:
            raise DamagedIndex(
                f"The vector index {self._name} cannot be searched ({error})", "Run the command again; nothing is lost."
            ) from error
        return [(int(i), 1.0 - float(d)) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]


class Searched(Protocol):
    """What is asked for the nearest vectors."""

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        """(passage number, cosine similarity) of the nearest vectors, best first."""


class ExactSegment:
    """The same segment from its vectors alone: in memory, without a file, for when it cannot be opened. Misses nothing.

    35,000 passages hold 54 MB, are there after 0.2 s, and take 3.4 ms a question where HNSW takes 2.6.
    """

    def __init__(self, numbers: Sequence[int], fetch: Fetch) -> None:
        self._numbers = numbers
        self._vectors = fetch(numbers) if numbers else None
        self.size = len(numbers)

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        """(passage number, cosine similarity) of the nearest vectors, best first."""
        if limit < 1 or self._vectors is None:
            return []
        similar = exact(vector, self._vectors)
        return [(self._numbers[i], float(similar[i])) for i in np.argsort(-similar, kind="stable")[:limit]]


def build(directory: Path, numbers: Sequence[int], fetch: Fetch) -> dict[str, str]:
    """Writes a segment of the passages' vectors into `directory` and gives the SHA-256 of each file.

    It is built, closed, compared with what was put in, opened again in a copy and probed; everything is on disk when
    this returns. Raises DamagedIndex when what was written is not what was put in or does not find it, and OSError when
    it cannot be written.
    """
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with _told_by_the_system(directory):
        _write(directory, numbers, fetch)
        if fault := graph.fault(directory, numbers, fetch):
            raise DamagedIndex(f"A new vector index was not written as it was made: {fault}", _UNPUBLISHED)
        _sync_to_disk(directory)
        checksums = _checksums(directory)
        copy = open_copy(directory, checksums, directory.parent)
        try:
            _probe(copy, numbers, fetch)
        finally:
            copy.close()
    return checksums


@contextlib.contextmanager
def _told_by_the_system(directory: Path) -> Iterator[None]:
    """Raises OSError for what Chroma says of a disk that is full, failing, or not to be written to."""
    from chromadb.errors import ChromaError

    try:
        yield
    except ChromaError as error:
        raise OSError(f"the vector index {directory.name} cannot be written: {error}") from error


def open_copy(directory: Path, checksums: Mapping[str, str], scratch: Path) -> Segment:
    """A published segment, opened in a copy under `scratch`. Raises DamagedIndex when its files are not the published.

    Raises OSError when there is no room for the copy, and FileNotFoundError when the segment has been replaced and its
    directory is gone.
    """
    if not directory.is_dir():
        raise FileNotFoundError(directory)
    scratch.mkdir(parents=True, exist_ok=True)
    copy, lock = _room_for_a_copy(scratch)
    try:
        _copy(directory, copy)
        wrong = differences(copy, checksums)
        if wrong:
            raise DamagedIndex(
                f"The vector index {directory.name} is damaged ({wrong[0]})",
                "Run `python -m index check --repair` to rebuild it; nothing has to be embedded again.",
            )
        return Segment(copy, lock)
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        _unlock(lock)
        raise


def _room_for_a_copy(scratch: Path) -> tuple[Path, int | None]:
    """A new directory, and the lock on it. The name tells whether it is held by that or by the process in its name.

    A number of a process says nothing to another container, which has numbers of its own. It is locked before it has
    the name by which it is swept.
    """
    made = Path(tempfile.mkdtemp(prefix=f"new-{os.getpid()}-", dir=scratch))
    lock = _locked(made)
    kept = made.with_name(made.name.replace("new", "open" if lock is None else "held", 1))
    made.rename(kept)
    return kept, lock


def _locked(directory: Path) -> int | None:
    """The open directory, locked as long as it is open; None where there are no such locks. Raises BlockingIOError."""
    if fcntl is None:
        return None
    lock = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise
    except OSError:
        os.close(lock)
        return None
    return lock


def _unlock(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def _copy(directory: Path, copy: Path) -> None:
    try:
        shutil.copytree(directory, copy, dirs_exist_ok=True)
    except shutil.Error as error:  # a list of what failed for each file, the same for most
        raise OSError(f"The vector index {directory.name} cannot be copied: {error.args[0][0][2]}") from error


def differences(directory: Path, checksums: Mapping[str, str]) -> list[str]:
    """What is not as published, a sentence each; empty when every file is exactly as it was."""
    try:
        have = _checksums(directory)
    except OSError as error:
        return [f"cannot be read: {error}"]
    names = sorted(have.keys() | checksums.keys())
    return [f"{name} has changed" for name in names if have.get(name) != checksums.get(name)]


def sweep_copies(scratch: Path) -> None:
    """Removes the copies that processes left behind when they were killed."""
    for directory in scratch.glob("open-*"):
        pid = directory.name.split("-")[1]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(directory, ignore_errors=True)
    for directory in scratch.glob("held-*"):
        with contextlib.suppress(OSError):  # it is held, or was just removed
            lock = _locked(directory)
            shutil.rmtree(directory, ignore_errors=True)
            _unlock(lock)


def _open(directory: Path) -> tuple[Any, Any]:
    import chromadb
    from chromadb.errors import ChromaError

    try:
        client = chromadb.PersistentClient(path=str(directory), settings=_settings())
    except ChromaError as error:
        # Opening writes to the directory, and its files are as published: there is no room for what it writes.
        raise OSError(f"{directory} cannot be opened: {error}") from error
    try:
        return client, client.get_collection(COLLECTION, embedding_function=None)
    except BaseException:
        _close(client)
        raise


def _write(directory: Path, numbers: Sequence[int], fetch: Fetch) -> None:
    import chromadb

    client = chromadb.PersistentClient(path=str(directory), settings=_settings())
    try:
        pieces = Pieces(len(numbers), ADDED)
        collection = client.create_collection(COLLECTION, embedding_function=None, configuration=_shape(pieces.saved))
        for part in pieces.of(numbers):
            collection.add(ids=[str(n) for n in part], embeddings=fetch(part))
    finally:
        _close(client)


class Pieces:
    """In what pieces so many vectors are put into a collection, at most `most` at once, and when it is saved.

    That is whenever as many as `saved` have come in since the last time. They come in groups that are as large, or
    larger by one, and the last piece of a group is of more than one, so that each group ends with a save: what is left
    after the last one would be read at each opening.
    """

    def __init__(self, size: int, most: int) -> None:
        groups = _parts(size, min(SAVES, -(-size // SAVED)))
        self.saved = min(groups)
        self._counts = [count for group in groups for count in _parts(group, -(-group // most))]

    def of(self, numbers: Sequence[int]) -> Iterator[Sequence[int]]:
        """The pieces of these numbers."""
        start = 0
        for count in self._counts:
            yield numbers[start : start + count]
            start += count


def _parts(size: int, count: int) -> list[int]:
    """So many about equal parts, the larger ones first."""
    return [size // count + (n < size % count) for n in range(count)]


def _shape(threshold: int) -> Any:  # noqa: ANN401 - chromadb is imported late
    """How a collection is made that is saved whenever so many vectors have come in.

    With the default of 1,000 the rest would be replayed from a log at each opening.
    """
    return {"hnsw": _HNSW | {"sync_threshold": max(2, threshold), "batch_size": max(2, min(100, threshold))}}


def _probe(segment: Segment, numbers: Sequence[int], fetch: Fetch) -> None:
    missed, probed = misses(segment, numbers, fetch)
    if missed > MAX_MISSES * probed or segment.size != len(numbers):
        raise DamagedIndex(
            f"A new vector index holds {segment.size} of {len(numbers)} passages and misses {missed} of "
            f"{probed} probes",
            _UNPUBLISHED,
        )


def misses(segment: Searched, numbers: Sequence[int], fetch: Fetch) -> tuple[int, int]:
    """How many of a sample of vectors are not found, and how many that were: a count proves nothing of a search."""
    step = max(1, len(numbers) // PROBES)
    sample = list(numbers[::step])
    return sum(not _finds(segment, n, v, fetch) for n, v in zip(sample, fetch(sample), strict=True)), len(sample)


def _finds(segment: Searched, number: int, vector: Vectors, fetch: Fetch) -> bool:
    found = [n for n, _ in segment.nearest(vector, 5)]
    # Equal texts have equal vectors, so another passage whose vector is the same is as good.
    return number in found or (bool(found) and exact(vector, fetch(found[:1]))[0] > 1 - 1e-4)


def _settings() -> Any:  # noqa: ANN401 - chromadb is imported late
    from chromadb.config import Settings

    return Settings(anonymized_telemetry=False)


def _release(client: Any, directory: Path, lock: int | None) -> None:  # noqa: ANN401
    _close(client)
    shutil.rmtree(directory, ignore_errors=True)
    _unlock(lock)


def _close(client: Any) -> None:  # noqa: ANN401
    with contextlib.suppress(Exception):
        client.close()


def _checksums(directory: Path) -> dict[str, str]:
    files = sorted(f for f in directory.rglob("*") if f.is_file())
    return {f.relative_to(directory).as_posix(): sha256(f) for f in files}


def _sync_to_disk(directory: Path) -> None:
    for path in [*directory.rglob("*"), directory, directory.parent]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def is_alive(pid: int) -> bool:
    """Whether there is a process with that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def exact(vector: Vectors, vectors: Vectors) -> Vectors:
    """Cosine similarity of one vector to each row; all are of length 1."""
    return np.asarray(vectors @ vector, dtype=np.float32)


# A server -------------------------------------------------------------------------------------------------------------


class Collections:
    """The collections of a Chroma server. Safe to share between threads; nothing is asked before it is needed.

    Each request ends after so many seconds. chromadb.HttpClient, which is a shell around what is used here, asks three
    times before it could be told how long to wait.
    """

    def __init__(self, server: Server, seconds: float) -> None:
        self._server = server
        self._where = {"tenant": server.tenant, "database": server.database}
        self._api = _api(server, seconds)

    def require(self) -> None:
        """Raises ServerAway when it does not answer, and DamagedIndex when it has no such database."""
        with asking(self._server):
            self._api.get_database(self._server.database, self._server.tenant)

    def create(self, name: str, saved: int, about: Mapping[str, str]) -> Any:  # noqa: ANN401 - chromadb is imported late
        """A new collection, which is saved whenever so many vectors have come in."""
        with asking(self._server):
            return self._collection(
                self._api.create_collection(name, configuration=_shape(saved), metadata=dict(about), **self._where)
            )

    def open(self, name: str) -> Any:  # noqa: ANN401 - chromadb is imported late
        """The collection of that name. Raises DamagedIndex when there is none."""
        with asking(self._server):
            return self._collection(self._api.get_collection(name, **self._where))

    def all(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The name of each collection, and what was said about it when it was made."""
        found: list[Any] = []
        while True:
            with asking(self._server):
                page = self._api.list_collections(limit=BATCH, offset=len(found), **self._where)
            if not page:
                break
            found.extend(page)
        yield from ((model.name, model.metadata or {}) for model in found)

    def remove(self, name: str) -> None:
        """Deletes a collection."""
        with asking(self._server):
            self._api.delete_collection(name, **self._where)

    def _collection(self, model: Any) -> Any:  # noqa: ANN401
        from chromadb.api.models.Collection import Collection

        return Collection(client=self._api, model=model, embedding_function=None)


@contextlib.contextmanager
def asking(server: Server) -> Iterator[None]:
    """Raises ServerAway when a server cannot be asked, and DamagedIndex when it answers that it has not what is asked.

    Of a fault of its own, which may pass, ServerFailed is raised. The client raises errors of its own, those of its
    HTTP library, and bare exceptions for what else a server or a proxy says. None of them may show the token.
    """
    from chromadb.errors import (
        AuthorizationError,
        ChromaAuthError,
        ChromaError,
        InternalError,
        QuotaError,
        RateLimitError,
    )

    try:
        yield
    except FootnoteError:
        raise
    except Exception as error:
        shown = not server.token or server.token not in str(error)
        said = first_line(error) if shown else "what it says has the token in it"
        if isinstance(error, InternalError):
            raise ServerFailed(
                f"The Chroma server at {server.address} has failed ({said})",
                "See what its log says, and run the command again; nothing is lost.",
            ) from error
        refused = isinstance(error, AuthorizationError | ChromaAuthError | QuotaError | RateLimitError)
        if isinstance(error, ChromaError) and not refused:
            raise DamagedIndex(
                f"The Chroma server at {server.address} refuses ({said})",
                "See that its tenant and database exist; `python -m index check --repair` makes vector indexes again.",
            ) from error
        raise ServerAway(
            f"The Chroma server at {server.address} does not answer ({said})",
            "Start it, or take the setting `chroma` out, and run the command again; nothing is lost.",
        ) from error


@cache
def _api(server: Server, seconds: float) -> Any:  # noqa: ANN401 - chromadb is imported late
    from chromadb.api import ServerAPI
    from chromadb.config import System

    settings = _settings()
    settings.chroma_api_impl = "chromadb.api.fastapi.FastAPI"
    settings.chroma_server_host, settings.chroma_server_http_port = server.address, 80  # the address has its own port
    settings.chroma_server_headers = dict(server.headers)
    api: Any = System(settings).instance(ServerAPI)  # type: ignore[type-abstract]
    waiting = api._session
    # What is on this machine is not asked through a proxy that the environment names.
    api._session = type(waiting)(
        timeout=(_CONNECTING, seconds, seconds, _CONNECTING),
        limits=api.http_limits,
        headers=waiting.headers,
        trust_env=not server.here,
    )
    waiting.close()
    return api
