"""Vectors as the catalog keeps them: a row of float32 each, of length 1."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from index.embedder import Vectors
from index.errors import DamagedIndex

# In bfloat16 those of the packaged model were once kept with a length of 0.9967 to 1.0037.
LENGTH_TOLERANCE = 0.01


def unpacked(rows: Sequence[bytes]) -> Vectors:
    """The rows as one array, float32 (len(rows), dimension). Raises DamagedIndex when one is none that a model gave."""
    try:
        vectors = np.stack([np.frombuffer(row, dtype=np.float32) for row in rows])
        if not are_vectors(vectors).all():
            raise ValueError("its length is not 1")
        return vectors
    except (TypeError, ValueError) as error:
        raise DamagedIndex(
            f"A vector in the catalog is damaged ({error})",
            "Run `python -m index check --repair` to take it out, then sync to compute it again.",
        ) from error


def are_vectors(vectors: Vectors) -> npt.NDArray[np.bool_]:
    """Whether each row has the length 1, as what a model gave has."""
    with np.errstate(invalid="ignore"):  # what is no number has no length either
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)  # no square overflows
        return np.asarray(np.abs(lengths - 1) <= LENGTH_TOLERANCE)
