"""Which machines read files and embed passages for a run: this one, or a Ray cluster. One alone keeps the catalog."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from index.embedder import Embedder, Vectors
from index.sources.sightings import Job, Reading
from index.sources.workers import read_all


class Machines(Protocol):
    """Whoever reads and embeds for a run. What is asked for comes in the order in which it was asked."""

    def read_all(self, jobs: Iterable[Job]) -> Iterator[Reading]:
        """What the files say. No file can stop it."""

    def embed_all(self, batches: Sequence[Sequence[str]]) -> Iterator[Vectors]:
        """The vectors of each batch of texts, as `Embedder.embed` gives them."""


class ThisOne:
    """The machine of the run, which embeds a batch when its vectors are asked for."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def read_all(self, jobs: Iterable[Job]) -> Iterator[Reading]:
        """What the files say, read by the processes of index.sources.workers."""
        return read_all(jobs)

    def embed_all(self, batches: Sequence[Sequence[str]]) -> Iterator[Vectors]:
        """The vectors of each batch."""
        return map(self._embedder.embed, batches)


@contextlib.contextmanager
def working(ray: str, embedder: Embedder) -> Iterator[Machines]:
    """The machines of a run: those of the Ray cluster at this address, or this one where the address is empty."""
    if not ray:
        yield ThisOne(embedder)
        return
    from index.cluster import Cluster

    with contextlib.closing(Cluster(ray, embedder)) as cluster:
        yield cluster
