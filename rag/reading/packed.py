"""The span model as it is shipped: an ONNX file, its tokenizer, and a manifest with the SHA-256 of each file."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from index.encoder import compiled
from index.errors import FootnoteError
from index.network import Network
from index.records import sha256
from rag.reading.spans import Logits, Span, chance, read_windows, run_in_batches
from rag.reading.windows import Window, windows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SHIPPED = Path(__file__).parent / "model"
NETWORK, TOKENIZER, MANIFEST, CARD = "reader.onnx", "tokenizer.json", "manifest.json", "MODEL.md"
INPUTS, OUTPUT = ("input_ids", "token_type_ids", "attention_mask"), "logits"
# Changes when what the files mean does.
FORMAT = 2
# Tokens in one forward pass, after padding.
BATCH_TOKENS = 1_600


class PackedModel:
    """Reads with a folder that `python -m training.export` wrote, by default the shipped one.

    Loaded at the first passage. Raises FootnoteError where a file is missing or is not what the manifest says.
    """

    def __init__(self, folder: Path = SHIPPED, threads: int = 0) -> None:
        self._folder = folder
        self._threads = threads
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What an answer says that it was produced by."""
        return "reader"

    def read(self, question: str, passages: Sequence[tuple[str, str]], count: int = 1) -> list[list[Span]]:
        """At most `count` spans of each (title, text), the best first, none of which overlap."""
        network, tokenizer = self._loaded()
        made = windows(tokenizer, [(question, title, text) for title, text in passages])
        flat = [window for of in made for window in of]
        logits = run_in_batches(lambda batch: _run(network, batch), flat, BATCH_TOKENS)
        return read_windows(made, [text for _, text in passages], logits, count)

    def chance(self, score: float) -> float:
        """The chance, from 0 to 1, that a passage whose best span has this score answers."""
        with self._lock:
            fitted = self.manifest["calibration"]
        return chance(score, fitted["threshold"], fitted["temperature"])

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the files are and how they came about."""
        return checked(self._folder)

    def _loaded(self) -> tuple[Network, Tokenizer]:
        with self._lock:  # cached_property has none
            return self._network, self._tokenizer

    @cached_property
    def _network(self) -> Network:
        whole = str(self.manifest["files"][NETWORK])
        return Network(self._folder / NETWORK, self._threads, kept=compiled(), name=whole)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        assert self.manifest
        tokenizer = Tokenizer.from_file(str(self._folder / TOKENIZER))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer


def _run(network: Network, batch: Sequence[Window]) -> list[Logits]:
    ids, types, kept = arrays(batch)
    said = network.run(OUTPUT, dict(zip(INPUTS, (ids, types, kept), strict=True)))
    return [(said[row, 0, : len(w.ids)], said[row, 1, : len(w.ids)]) for row, w in enumerate(batch)]


def arrays(batch: Sequence[Window]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Token ids, token types and attention mask of a batch, int64 (windows, tokens), padded with 0."""
    longest = max(len(window.ids) for window in batch)
    ids, types, kept = (np.zeros((len(batch), longest), dtype=np.int64) for _ in range(3))
    for row, window in enumerate(batch):
        size = len(window.ids)
        ids[row, :size], types[row, :size], kept[row, :size] = window.ids, window.types, 1
    return ids, types, kept


def checked(folder: Path) -> dict[str, Any]:
    """The manifest of a packed folder. Raises FootnoteError where a file is missing or is not what it was."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        files = dict(manifest["files"])
        known = manifest["format"] == FORMAT
        for name in ("threshold", "temperature"):
            float(manifest["calibration"][name])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FootnoteError(f"{folder} holds no packed reader", f"Its {MANIFEST} cannot be read.") from error
    if unnamed := {NETWORK, TOKENIZER} - files.keys():
        raise FootnoteError(f"{folder} holds no packed reader", f"Its {MANIFEST} does not name {min(unnamed)}.")
    if not known:
        raise FootnoteError(f"{folder} holds a reader of another version", "Pack it again with training.export.")
    for name, digest in files.items():
        file = folder / Path(name).name
        found = sha256(file) if file.is_file() else "missing"
        if found != digest:
            raise FootnoteError(f"{file} is {found[:12]}, not {digest[:12]}", "Fetch the reader again.")
    return manifest
