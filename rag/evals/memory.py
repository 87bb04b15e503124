"""The embeddings of questions that earlier runs asked, so that a question is given to the model once.

The file belongs to one model in one precision: a header, then for each question the digest of its text, its vector and
the checksum of both. What does not agree with its checksum is not read.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np

from index.embedder import Embedder, Vectors
from index.encoder import FORMAT
from index.records import digest

MAGIC = b"footnote questions\n"
KEY = 16
_NUMBER = struct.Struct("<I")
SUFFIX = ".questions"


class Memory:
    """Vectors by text, in a file that grows: float32 (dimension,), each of length 1."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._vectors = _read(file)

    def get(self, text: str) -> Vectors | None:
        """The vector of that text; None when it is not known."""
        return self._vectors.get(_key(text))

    def add(self, text: str, vector: Vectors) -> None:
        """Keeps a vector, and writes it through. Where it cannot, the vector is kept for this run alone."""
        self._vectors[_key(text)] = vector
        with contextlib.suppress(OSError):
            new = not self._file.exists()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                header = MAGIC + _NUMBER.pack(len(vector)) if new else b""
                file.write(header + _record(text, vector))


class Remembering:
    """An embedder that asks its memory first, for questions alone. Everything else is the embedder's own.

    `known` says whether the last question was in the memory when it began.
    """

    def __init__(self, embedder: Embedder, memory: Memory) -> None:
        self._embedder = embedder
        self._memory = memory
        self._met: set[str] = set()
        self._keeping = True
        self.known = False

    def embed_question(self, text: str) -> Vectors:
        """The embedding of a question, float32 (dimension,), of length 1."""
        vector = self._memory.get(text)
        self.known = vector is not None and text not in self._met
        if vector is None:
            vector = self._embedder.embed_question(text)
            if self._keeping:
                self._met.add(text)
                self._memory.add(text, vector)
        return vector

    @contextlib.contextmanager
    def rehearsing(self) -> Iterator[None]:
        """Keeps nothing of what is asked meanwhile."""
        self._keeping = False
        try:
            yield
        finally:
            self._keeping = True
            self._embedder.forget()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the embedder has
        return getattr(self._embedder, name)


def remembering(embedder: Embedder, precision: str, folder: Path) -> Remembering:
    """The embedder with the memory, in `folder`, of its model in the precision that the index was made in."""
    name = digest("questions", embedder.fingerprint, precision, f"encoder {FORMAT}")[:16]
    return Remembering(embedder, Memory(folder / f"{name}{SUFFIX}"))


def as_embedder(remembering: Remembering) -> Embedder:
    """For whoever asks for an embedder: it is one in all but its class."""
    return cast(Embedder, remembering)


def _key(text: str) -> bytes:
    return bytes.fromhex(digest(text))


def _record(text: str, vector: Vectors) -> bytes:
    held = _key(text) + np.asarray(vector, dtype="<f4").tobytes()
    return held + _NUMBER.pack(zlib.crc32(held))


def _read(file: Path) -> dict[bytes, Vectors]:
    """What is in a file; nothing, and no file any more, when it is damaged. A record that was cut off is taken away."""
    try:
        data = file.read_bytes()
    except OSError:
        return {}
    at = len(MAGIC) + _NUMBER.size
    dimension = _NUMBER.unpack_from(data, len(MAGIC))[0] if len(data) >= at else 0
    if not data.startswith(MAGIC) or not dimension:
        file.unlink()
        return {}
    size = KEY + 4 * dimension + _NUMBER.size
    whole = at + (len(data) - at) // size * size
    if whole < len(data):
        with file.open("r+b") as cut:
            cut.truncate(whole)
    return _vectors(data[at:whole], size)


def _vectors(records: bytes, size: int) -> dict[bytes, Vectors]:
    found = {}
    for start in range(0, len(records), size):
        held, end = records[start : start + size - _NUMBER.size], start + size
        if _NUMBER.pack(zlib.crc32(held)) == records[end - _NUMBER.size : end]:
            found[held[:KEY]] = np.frombuffer(held[KEY:], dtype="<f4").astype(np.float32)
    return found
