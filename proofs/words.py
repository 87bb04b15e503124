"""A model for proofs and tests: a text is the bag of its words, the same everywhere. It counts what it embeds."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from index.records import digest

Vectors = npt.NDArray[np.float32]
_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass
class WordEmbedder:
    """Texts that share words are near. Another name gives other vectors of the same length.

    Each text that is embedded is a line of the `log`, which outlives the process. `before` is called first.
    """

    name: str = "words"
    dimension: int = 64
    max_tokens: int = 64
    passage_tokens: int = 0
    log: Path | None = None
    before: Callable[[], None] = lambda: None
    embedded: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    precision: str = "float32"
    settled: str | None = None

    @property
    def fingerprint(self) -> str:
        """Changes with the name and the length of the vectors."""
        return digest("words", self.name, str(self.dimension))

    def load(self) -> None:
        """There is nothing to load."""

    def settle(self, precision: str | None) -> None:
        """There is one precision; what was asked for is noted."""
        self.settled = precision

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of words and marks of each text."""
        return [len(_TOKEN.findall(text)) for text in texts]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of length 1, float32 (len(texts), dimension)."""
        self.before()
        self.embedded.extend(texts)
        if self.log:
            lines = "".join(f"{digest(text)}\n" for text in texts)
            handle = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(handle, lines.encode())
            os.close(handle)
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, self.dimension)

    def embed_sentences(self, texts: Sequence[str]) -> Vectors:
        """The same for texts that are not kept."""
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, self.dimension)

    def prepare(self) -> None:
        """There is nothing to prepare."""

    def embed_question(self, text: str) -> Vectors:
        """The vector of one text."""
        self.asked.append(text)
        return self._vector(text)

    def forget(self) -> None:
        """No question is kept."""

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self.dimension, np.float32)
        for word in _TOKEN.findall(text.lower()) or [""]:
            vector[zlib.crc32(f"{self.name} {word}".encode()) % self.dimension] += 1
        return vector / np.float32(np.linalg.norm(vector))
