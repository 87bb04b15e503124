"""SQuAD 1.1, which has no questions without an answer; read as SQuAD 2.0 is."""

from __future__ import annotations

from pathlib import Path

from rag.evals.collection import Collection
from rag.evals.formats.squad import read, write_version

__all__ = ["ABOUT", "read", "write"]

ABOUT = "a JSON file of SQuAD 1.1"


def write(collection: Collection, path: Path) -> list[str]:
    """Writes SQuAD 1.1."""
    return write_version(collection, path, "1.1")
