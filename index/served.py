"""Segments on a Chroma server: each is a collection of its own, filled, compared, probed, and never changed after.

The catalog publishes it as it publishes a directory, so nobody asks one that is half filled, and the next writer
removes it. Several stores may share a server: a collection says whose it is, and each store removes its own alone.
Whoever asks for one that is gone, or for any while the server is away, is answered from the catalog's vectors.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from index.embedder import Vectors
from index.errors import DamagedIndex, ServerAway, ServerFailed
from index.graph import Fetch
from index.records import digest
from index.server import Server
from index.vectors import BATCH, MAX_MISSES, Collections, Pieces, asking, misses

log = logging.getLogger(__name__)

# What the catalog keeps of a segment on a server, where it keeps the checksums of one in files: the collection's id.
ID = "collection"
# What a collection says of itself: whose it is.
OWNER = "footnote"
# The file in a store that tells it from all others, and from its copies.
MARK = "owner"
# Seconds that a question waits for one answer, and a sync, for which a graph may have to be built.
ASKED, BUILT = 10.0, 300.0
# Seconds for which a server that does not answer is left alone.
AGAIN = 15.0
# How often a collection is asked for, of which the server says that it has failed, and seconds between.
TRIES, BETWEEN = 3, 0.5
# Vectors of a segment that are compared with the catalog's, taken evenly from all: each is 8 kB on its way.
SAMPLE = 1_000
# Chroma makes each length 1 once more; what came of that differed by 0.0000002 at most.
_TOLERANCE = 1e-5

Known = TypeVar("Known")


class Link:
    """The way to a server for those who ask. Safe to share between threads.

    A server that does not answer is left alone for AGAIN seconds, in which nobody waits for it. That it is away is
    logged once, and that it is back.
    """

    def __init__(self, server: Server, clock: Callable[[], float] = time.monotonic) -> None:
        self.server = server
        self.away = ""
        self._clock = clock
        self._again = 0.0
        self._lock = threading.Lock()

    def ask(self, look: Callable[[], Known]) -> Known:
        """What `look` finds. Raises ServerAway when the server does not answer, or did not a moment ago."""
        self._wait_for_another()
        try:
            found = look()
        except ServerAway as error:
            self._note_away(str(error))
            raise
        except DamagedIndex:
            self._note_there()
            raise
        self._note_there()
        return found

    def _wait_for_another(self) -> None:
        with self._lock:
            if self.away and self._clock() < self._again:
                raise ServerAway(self.away)
            self._again = self._clock() + AGAIN  # one tries it, and the others do not wait with it

    def _note_away(self, why: str) -> None:
        with self._lock:
            if not self.away:
                log.warning("%s; answering from the catalog's vectors until it does", why)
            self.away, self._again = why, self._clock() + AGAIN

    def _note_there(self) -> None:
        with self._lock:
            if self.away:
                log.warning("The Chroma server at %s answers again", self.server.address)
            self.away = ""


class ServedSegment:
    """A segment on a server. Opening it asks nothing."""

    def __init__(self, link: Link, name: str, record: Mapping[str, str], size: int) -> None:
        self.size = size
        self._link, self._name, self._record = link, name, record
        self._collection: Any = None

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        """(passage number, cosine similarity) of the nearest vectors, best first.

        Raises ServerAway while the server does not answer, and DamagedIndex when it has no such segment any more.
        """
        if limit < 1 or self.size == 0:
            return []
        return self._link.ask(lambda: self._nearest(vector, min(limit, self.size)))

    def _nearest(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        server = self._link.server
        with asking(server):
            if self._collection is None:
                self._collection = _published(Collections(server, ASKED), self._name, self._record)
            return _nearest(self._collection, vector, limit)


class _Built:
    """A collection as it is probed, by who builds or checks it."""

    def __init__(self, server: Server, collection: Any, size: int) -> None:  # noqa: ANN401 - a collection of Chroma
        self._server, self._collection, self._size = server, collection, size

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[int, float]]:
        with asking(self._server):
            return _nearest(self._collection, vector, min(limit, self._size))


def on_server(record: Mapping[str, str]) -> bool:
    """Whether what the catalog keeps of a segment says that it is on a server."""
    return ID in record


def opened(link: Link | None, name: str, record: Mapping[str, str], size: int) -> ServedSegment:
    """A published segment. Raises DamagedIndex where no server is named."""
    if link is None:
        raise DamagedIndex(
            f"The vector index {name} is on a Chroma server, and the settings name none",
            "Set FOOTNOTE_CHROMA, or run `python -m index sync` to have it in the store.",
        )
    return ServedSegment(link, name, record, size)


def require(server: Server) -> None:
    """Raises ServerAway when the server does not answer, and DamagedIndex when it has no such database."""
    Collections(server, ASKED).require()


def build(server: Server, owner: str, name: str, numbers: Sequence[int], fetch: Fetch) -> dict[str, str]:
    """Makes a collection of the passages' vectors, and gives what the catalog is to keep of it.

    It is filled, compared with what was put in, and probed. Raises DamagedIndex when it is not that or does not find
    it, and ServerAway.
    """
    collections = Collections(server, BUILT)
    pieces = Pieces(len(numbers), BATCH)
    collection = collections.create(name, pieces.saved, {OWNER: owner})
    for part in pieces.of(numbers):
        vectors = fetch(part)
        with asking(server):
            collection.add(ids=[str(n) for n in part], embeddings=vectors)
    if fault := _fault(server, collection, numbers, len(numbers), fetch):
        raise DamagedIndex(
            f"A new vector index on the Chroma server at {server.address} {fault}",
            "It was not published; run the command again.",
        )
    return {ID: str(collection.id)}


def difference(
    server: Server | None, name: str, record: Mapping[str, str], size: int, numbers: Sequence[int], fetch: Fetch
) -> str:
    """What is not as it was published, when `size` vectors were put in, of which these passages are left; "" for none.

    All ids are compared, and a sample of the vectors. Raises ServerAway.
    """
    if server is None:
        return "it is on a Chroma server, and the settings name none"

    def looked() -> str:
        require(server)  # which waits less long; a server that is busy for longer than that counts as away
        return _fault(server, _published(Collections(server, BUILT), name, record), numbers, size, fetch)

    try:
        return _insisting(looked)
    except DamagedIndex as error:
        return str(error)


def holds(server: Server, name: str, record: Mapping[str, str], size: int) -> bool:
    """Whether a segment is on the server, with as many vectors as were put in. Raises ServerAway.

    Of one that was being saved when the server was killed, Chroma says nothing any more, not even how many it has.
    """

    def counted() -> int:
        collection = _published(Collections(server, ASKED), name, record)
        with asking(server):
            return int(collection.count())

    try:
        return _insisting(counted) == size
    except DamagedIndex:
        return False


def sweep(server: Server, owner: str, used: Collection[str]) -> None:
    """Removes the collections of a store that it does not use. Raises ServerAway."""
    collections = Collections(server, ASKED)
    for name, about in collections.all():
        if about.get(OWNER) == owner and name not in used:
            collections.remove(name)


def owner_of(store: Path) -> str:
    """What tells a store from all others on its server: made of a file in it, and of when that was put there.

    So a copy of the store has another, and never removes what the first one uses. It is another too when somebody
    else becomes the owner of its files; what it had on the server before is then removed by nobody.
    """
    mark = store / MARK
    if not mark.exists():
        draft = store / f"{MARK}-{uuid.uuid4().hex}"
        draft.write_text(draft.name, encoding="utf-8")
        os.replace(draft, mark)
    said = mark.stat()
    return digest("owner", mark.read_text(encoding="utf-8"), str(said.st_ino), str(said.st_ctime_ns))


def _published(collections: Collections, name: str, record: Mapping[str, str]) -> Any:  # noqa: ANN401 - of Chroma
    """The collection that was published under a name. Raises DamagedIndex when there is none, or another."""
    collection = collections.open(name)
    if str(collection.id) != record.get(ID):
        raise DamagedIndex(f"The vector index {name} is another than was published", "Run `python -m index sync`.")
    return collection


def _insisting(look: Callable[[], Known]) -> Known:
    """What `look` finds in a collection. Raises DamagedIndex when the server fails each time, for it may do so once."""
    for _ in range(TRIES - 1):
        try:
            return look()
        except ServerFailed:
            time.sleep(BETWEEN)
    try:
        return look()
    except ServerFailed as error:
        raise DamagedIndex(str(error), error.hint) from error


def _nearest(collection: Any, vector: Vectors, limit: int) -> list[tuple[int, float]]:  # noqa: ANN401
    found = collection.query(query_embeddings=vector.reshape(1, -1), n_results=limit, include=["distances"])
    return [(int(i), 1.0 - float(d)) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]


def _fault(server: Server, collection: Any, numbers: Sequence[int], size: int, fetch: Fetch) -> str:  # noqa: ANN401
    with asking(server):
        count = collection.count()
    if count != size:
        return f"holds {count:,} of {size:,} passages"
    if not numbers:
        return ""
    for start in range(0, len(numbers), BATCH):
        wanted = {str(n) for n in numbers[start : start + BATCH]}
        with asking(server):
            missing = wanted.difference(collection.get(ids=sorted(wanted), include=[])["ids"])
        if missing:
            return f"lacks passages, the first is number {min(map(int, missing))}"
    step = max(1, -(-len(numbers) // SAMPLE))
    sample = numbers[::step]
    for start in range(0, len(sample), BATCH):
        if not _holds_vectors(server, collection, sample[start : start + BATCH], fetch):
            return "has other vectors than the catalog"
    missed, probed = misses(_Built(server, collection, size), numbers, fetch)
    return f"misses {missed} of {probed} probes" if missed > MAX_MISSES * probed else ""


def _holds_vectors(server: Server, collection: Any, numbers: Sequence[int], fetch: Fetch) -> bool:  # noqa: ANN401
    with asking(server):
        got = collection.get(ids=[str(n) for n in numbers], include=["embeddings"])
        there = dict(zip(map(int, got["ids"]), np.asarray(got["embeddings"], np.float32), strict=True))
    if there.keys() != set(numbers):
        return False
    put_in, have = fetch(numbers), np.stack([there[n] for n in numbers])
    return have.shape == put_in.shape and bool(np.allclose(put_in, have, rtol=0, atol=_TOLERANCE))
