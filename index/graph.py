"""The files of an HNSW graph as Chroma saves them, read without Chroma.

Chroma does not look at the result of a write to these files: after an I/O error the bytes that failed are left out,
all that follow are out of place, and the process goes on. Such a graph misses passages without a word, or ends the
process that searches it. So the files of a new segment are compared here, every byte that a search reads, with the
vectors they were made from, before Chroma opens them.

The format is hnswlib's (https://github.com/nmslib/hnswlib, `saveIndex`), in the files that Chroma's fork divides it
into.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.embedder import Vectors

HEADER, ELEMENTS, NORMS, UPPER = "header.bin", "data_level0.bin", "length.bin", "link_lists.bin"
VERSION = 1
# Version, then the place of the elements, how many there is room for and how many there are, the bytes of one, where in
# it the label and the vector are; the highest level and the element the search begins with; the most links of an
# element above the lowest level, on it, and in building; two parameters of building.
_LAYOUT = struct.Struct("<iQQQQQQiIQQQdQ")
# An element's count of links shares its four bytes with a mark of deletion, which a segment never has.
_COUNT = 4
# Chroma makes each vector's length 1 once more; what came of that differed by 0.0000002 at most.
_TOLERANCE = 1e-5
_BLOCK = 4096

Fetch = Callable[[Sequence[int]], Vectors]


def fault(segment: Path, numbers: Sequence[int], fetch: Fetch) -> str | None:
    """What is wrong with the graph of a segment whose vectors were added in the order of `numbers`; None when sound.

    Chroma keeps a single vector in its log and saves no graph for it.
    """
    if len(numbers) < 2:
        return None
    found = [file.parent for file in segment.glob(f"*/{HEADER}")]
    if len(found) != 1:
        return f"{len(found)} graphs are there instead of one"
    try:
        return _fault(found[0], numbers, fetch)
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"


def _fault(graph: Path, numbers: Sequence[int], fetch: Fetch) -> str | None:
    header = (graph / HEADER).read_bytes()
    if len(header) != _LAYOUT.size or header[:4] != struct.pack("<i", VERSION):
        return f"{HEADER} is not of the format {VERSION} that is known here"
    _, _, _, count, size, label, vector, top, entry, above, lowest, *_ = _LAYOUT.unpack(header)
    width = (label - vector) // 4
    if (vector, size) != (_COUNT + 4 * lowest, label + 8) or width < 1:
        return f"{HEADER} contradicts itself"
    if count != len(numbers) or entry >= count or top < 0:
        return f"{HEADER} tells of {count} vectors and not of {len(numbers)}"
    element = np.dtype([("count", "<u4"), ("links", "<u4", (lowest,)), ("vector", "<f4", (width,)), ("label", "<u8")])
    if (graph / ELEMENTS).stat().st_size < count * size:
        return f"{ELEMENTS} is too short"
    elements = np.memmap(graph / ELEMENTS, dtype=element, mode="r", shape=(count,))
    try:
        return (
            _fault_of_elements(elements, lowest, numbers, fetch)
            or _fault_of_norms(graph / NORMS, count)
            or _fault_of_upper(graph / UPPER, count, above)
        )
    finally:
        del elements


def _fault_of_elements(elements: NDArray[np.void], most: int, numbers: Sequence[int], fetch: Fetch) -> str | None:
    count = len(numbers)
    if not np.array_equal(np.sort(elements["label"]), np.arange(1, count + 1)):
        return f"{ELEMENTS} has not each passage once"
    for start in range(0, count, _BLOCK):
        block = elements[start : start + _BLOCK]
        links = block["count"]
        # Only a graph of one element has one without links.
        if links.min() < 1 or links.max() > most:
            return f"{ELEMENTS} has an element without links, or with too many"
        used = np.arange(most) < links[:, None]
        if block["links"][used].max() >= count:
            return f"{ELEMENTS} has links to elements that are not there"
        put_in = fetch([numbers[int(label) - 1] for label in block["label"]])
        if put_in.shape != block["vector"].shape or not np.allclose(put_in, block["vector"], rtol=0, atol=_TOLERANCE):
            return f"{ELEMENTS} has other vectors than those that were put in"
    return None


def _fault_of_norms(file: Path, count: int) -> str | None:
    norms = np.fromfile(file, dtype="<f4")
    if len(norms) < count or not np.allclose(norms[:count], 1, rtol=0, atol=1e-3):
        return f"{NORMS} has not the length of each vector"
    return None


def _fault_of_upper(file: Path, count: int, most: int) -> str | None:
    """The links above the lowest level: for each element their size in bytes, then a list for each level."""
    words = np.fromfile(file, dtype="<u4")
    if file.stat().st_size != 4 * len(words):
        return f"{UPPER} ends within a number"
    at, one = 0, most + 1
    for _ in range(count):
        levels, rest = divmod(int(words[at]) // 4, one) if at < len(words) else (0, 1)
        lists = words[at + 1 : at + 1 + levels * one]
        if rest or len(lists) < levels * one:
            return f"{UPPER} is too short"
        for level in lists.reshape(levels, one):
            if level[0] > most or (level[1 : 1 + level[0]] >= count).any():
                return f"{UPPER} has links to elements that are not there"
        at += 1 + levels * one
    return f"{UPPER} is too long" if at != len(words) else None
