"""The embedding model as one ONNX file, kept on this machine: it is open before torch has been imported.

Whoever indexes needs torch, which embeds many passages faster and in whatever precision; from it the file is made, once
for each model. Whoever asks embeds a sentence or a few, and has them from the file. The vectors are those of the model
in float32, which may be compared with those in bfloat16 (`Embedder`).
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index.network import Network
from index.records import sha256

if TYPE_CHECKING:
    from tokenizers import Tokenizer

log = logging.getLogger(__name__)

NETWORK, TOKENIZER, MANIFEST = "model.onnx", "tokenizer.json", "manifest.json"
INPUTS, OUTPUT = ("input_ids", "token_type_ids", "attention_mask"), "vectors"
# Changes when what the files mean does.
FORMAT = 1
# Tokens in one forward pass, after padding.
BATCH_TOKENS = 1_600


class Encoder:
    """Embeds what a folder made by `keep` says. Safe to call from several threads, which do not wait for each other."""

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self._folder = folder
        self._manifest = manifest
        self._network  # noqa: B018 - a folder that is damaged is known before anything is asked
        self._tokenizer  # noqa: B018

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What the model gives for each text, float32 (len(texts), dimension), of whatever length it makes them."""
        tokens = [said.ids for said in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(texts)), key=lambda i: len(tokens[i]))
        vectors = np.zeros((len(texts), int(self._manifest["dimension"])), dtype=np.float32)
        while order:
            size = len(tokens[order[-1]])
            batch = order[-max(1, BATCH_TOKENS // size) :]
            del order[-len(batch) :]
            vectors[batch] = self._run([tokens[i] for i in batch], size)
        return vectors

    def _run(self, tokens: list[list[int]], size: int) -> NDArray[np.float32]:
        ids, kept = (np.zeros((len(tokens), size), dtype=np.int64) for _ in range(2))
        for row, said in enumerate(tokens):
            ids[row, : len(said)], kept[row, : len(said)] = said, 1
        return self._network.run(OUTPUT, dict(zip(INPUTS, (ids, np.zeros_like(ids), kept), strict=True)))

    @cached_property
    def _network(self) -> Network:
        return Network(self._folder / NETWORK)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / TOKENIZER))
        tokenizer.no_padding()
        tokenizer.enable_truncation(int(self._manifest["max_tokens"]))
        return tokenizer


def cache() -> Path:
    """Where files are kept that can be made again: FOOTNOTE_CACHE, or this user's folder for such."""
    if named := os.environ.get("FOOTNOTE_CACHE"):
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or "~/AppData/Local").expanduser() / "footnote"
    if sys.platform == "darwin":
        return Path("~/Library/Caches/footnote").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "footnote"


def folder_of(fingerprint: str) -> Path:
    """Where the file of the model with this fingerprint is kept, if it is."""
    return cache() / f"{fingerprint[:32]}-{FORMAT}"


def kept(fingerprint: str) -> Encoder | None:
    """The encoder of this model; None where none is kept. What is damaged is taken away, for it to be made anew."""
    folder = folder_of(fingerprint)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _take_away(folder, error)
        return None
    try:
        if any(sha256(folder / name) != whole for name, whole in manifest["files"].items()):
            raise ValueError("a file is not as it was written")
        return Encoder(folder, manifest)
    except Exception as error:  # of three libraries
        _take_away(folder, error)
        return None


def keep(fingerprint: str, about: dict[str, int], write: Callable[[Path], None]) -> Path | None:
    """Keeps what `write` writes into a folder, NETWORK and TOKENIZER, with `about`: its max_tokens and dimension.

    Published whole or not at all; the folder, or None where it cannot be written. Of two processes at once, the later
    one's is dropped.
    """
    folder = folder_of(fingerprint)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="making-", dir=folder.parent, ignore_cleanup_errors=True) as made:
            whole = Path(made) / "whole"
            whole.mkdir()
            write(whole)
            files = {name: sha256(whole / name) for name in (NETWORK, TOKENIZER)}
            (whole / MANIFEST).write_text(json.dumps({**about, "files": files}, indent=1) + "\n", encoding="utf-8")
            if not folder.exists():
                whole.rename(folder)
    except OSError as error:
        log.debug("the encoder cannot be kept: %s", error)
        return folder if folder.exists() else None
    return folder


def _take_away(folder: Path, why: object) -> None:
    log.warning("The encoder in %s cannot be read (%s); it is made anew at the next sync", folder, why)
    shutil.rmtree(folder, ignore_errors=True)
