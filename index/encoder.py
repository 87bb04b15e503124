"""The embedding model as one ONNX file, kept on this machine: it is open before torch has been imported.

The file is made with torch, once for each model; passages and questions are embedded from it. The vectors are those of
the model, in float32 or bfloat16, which may be compared (`Embedder`).
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index import network
from index.network import KEPT, MAKING, Network
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
# Each forward pass has a multiple of so many tokens. On two cores of an AMD EPYC (2026-11-29) a question took p50 4.2,
# p95 6.2 ms in bfloat16, where it had taken 4.4 and 7.3, and 480 passages took .95 of the time; in float32 it was
# slower by a sixth.
ROUNDED = {"bfloat16": 16}
# The folder of networks as they are made for this processor.
COMPILED = "compiled"
# After how many seconds what is being made was left by a process that is gone.
LEFT = 3_600.0
# After how many seconds what was made for this processor is of another version, or of a model that is not used now.
UNUSED = 60 * 86_400.0

# Who an encoder may belong to; empty where files belong to nobody.
_OWNERS = {os.getuid(), 0} if hasattr(os, "getuid") else set[int]()


class Impossible(Exception):
    """No file of the model gives what the model gives."""


class Encoder:
    """Embeds what a folder made by `keep` says. Safe to call from several threads, whose batches take turns."""

    def __init__(self, folder: Path, manifest: dict[str, Any], precision: str = "float32") -> None:
        self.precision = precision
        self.max_tokens = int(manifest["max_tokens"])
        self.dimension = int(manifest["dimension"])
        self._folder = folder
        self._name = str(manifest.get("files", {}).get(NETWORK, ""))
        self._network  # noqa: B018 - a folder that is damaged is known before anything is asked
        self._tokenizer  # noqa: B018

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without the special ones, also of those that are not read."""
        return [len(said.ids) for said in self._whole.encode_batch(list(texts), add_special_tokens=False)]

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """What the model gives for each text, float32 (len(texts), dimension), of whatever length it makes them."""
        tokens = [said.ids for said in self._tokenizer.encode_batch(list(texts))]
        lengths = [self._rounded(len(said)) for said in tokens]
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for batch in batches(sorted(range(len(texts)), key=lengths.__getitem__), lengths, BATCH_TOKENS):
            vectors[batch] = self._run([tokens[i] for i in batch])
        return vectors

    def _run(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        size = self._rounded(max(len(said) for said in tokens))
        ids, kept = (np.zeros((len(tokens), size), dtype=np.int64) for _ in range(2))
        for row, said in enumerate(tokens):
            ids[row, : len(said)], kept[row, : len(said)] = said, 1
        return self._network.run(OUTPUT, dict(zip(INPUTS, (ids, np.zeros_like(ids), kept), strict=True)))

    def _rounded(self, tokens: int) -> int:
        """As many tokens as a pass for so many has, no more than the model reads."""
        step = ROUNDED.get(self.precision, 1)
        return max(tokens, min(-(-tokens // step) * step, self.max_tokens))

    @cached_property
    def _network(self) -> Network:
        kept = compiled() if self._name else None
        return Network(self._folder / NETWORK, precision=self.precision, kept=kept, name=self._name)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = self._opened()
        tokenizer.enable_truncation(self.max_tokens)
        return tokenizer

    @cached_property
    def _whole(self) -> Tokenizer:
        """The same without a limit."""
        tokenizer = self._opened()
        tokenizer.no_truncation()
        return tokenizer

    def _opened(self) -> Tokenizer:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / TOKENIZER))
        tokenizer.no_padding()
        return tokenizer


def batches(order: list[int], lengths: list[int], most: int) -> list[list[int]]:
    """The indices in batches of about `most` tokens after padding, the order kept; `order` is by length."""
    made: list[list[int]] = []
    for i in order:
        if made and (len(made[-1]) + 1) * max(lengths[i], 1) <= most:
            made[-1].append(i)
        else:
            made.append([i])
    return made


def cache() -> Path | None:
    """Where files are kept that can be made again: FOOTNOTE_CACHE, or this user's folder for such; None without one."""
    environ = os.environ
    try:
        if named := environ.get("FOOTNOTE_CACHE"):
            return Path(named).expanduser()
        if sys.platform == "win32":
            return Path(environ.get("LOCALAPPDATA") or "~/AppData/Local").expanduser() / "footnote"
        if sys.platform == "darwin":
            return Path("~/Library/Caches/footnote").expanduser()
        if (named := environ.get("XDG_CACHE_HOME", "")) and Path(named).is_absolute():
            return Path(named) / "footnote"
        return Path("~/.cache/footnote").expanduser()
    except RuntimeError:  # there is no home
        return None


def folder_of(fingerprint: str) -> Path | None:
    """Where the file of the model with this fingerprint is kept, if it is."""
    place = cache()
    return place / f"{fingerprint[:32]}-{FORMAT}" if place else None


def compiled() -> Path | None:
    """Where networks are kept as they are made for this processor; None where nothing can be."""
    place = cache()
    try:
        folder = place / COMPILED if place else None
        if not folder or not place:
            return None
        for made in (place, folder):
            made.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _trusted(folder):
            return None
        _sweep(folder)
        return folder
    except OSError:
        return None


def tried(fingerprint: str) -> bool:
    """Whether a file was made of this model, or is known not to be possible."""
    folder = folder_of(fingerprint)
    return bool(folder and (folder / MANIFEST).exists())


def kept(fingerprint: str, precision: str = "float32") -> Encoder | None:
    """The encoder of this model, run in that precision; None where none is kept.

    What is damaged is taken away, for it to be made anew.
    """
    folder = folder_of(fingerprint)
    if not folder:
        return None
    try:
        if not _trusted(folder):
            return None
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if "impossible" in manifest:
            return None
        if any(sha256(folder / name) != whole for name, whole in manifest["files"].items()):
            raise ValueError("a file is not as it was written")
    except OSError as error:  # it is not there, or cannot be read now
        log.debug("no encoder: %s", error)
        return None
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        _take_away(folder, error)
        return None
    try:
        # bfloat16 only where it is faster: the vectors may be compared.
        return Encoder(folder, manifest, precision if precision == "float32" else network.faster_precision())
    except Exception as error:  # of two libraries; the model itself goes on
        log.warning("The encoder in %s cannot be opened (%s)", folder, error)
        return None


def keep(fingerprint: str, write: Callable[[Path], dict[str, int]]) -> Path | None:
    """Keeps what `write` writes into a folder, NETWORK and TOKENIZER; it says their max_tokens and dimension.

    Published whole or not at all; the folder, or None where it cannot be written, before anything was made. When
    `write` raises Impossible, that is kept, so that it is not tried again. Of two processes at once, the later one's is
    dropped.
    """
    folder = folder_of(fingerprint)
    if not folder:
        return None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _sweep(folder.parent)
        with tempfile.TemporaryDirectory(prefix=MAKING, dir=folder.parent, ignore_cleanup_errors=True) as made:
            whole = Path(made) / "whole"
            whole.mkdir()
            manifest = _manifest(whole, write)
            (whole / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
            if not (folder / MANIFEST).exists():
                if folder.exists():  # what was left of one that was taken away
                    folder.rename(Path(made) / "left")
                whole.rename(folder)
    except OSError as error:
        log.debug("the encoder cannot be kept: %s", error)
    return folder if (folder / MANIFEST).exists() else None


def _manifest(whole: Path, write: Callable[[Path], dict[str, int]]) -> dict[str, Any]:
    try:
        about = write(whole)
    except Impossible as error:
        for name in (NETWORK, TOKENIZER):
            (whole / name).unlink(missing_ok=True)
        return {"impossible": str(error)}
    return {**about, "files": {name: sha256(whole / name) for name in (NETWORK, TOKENIZER)}}


def _sweep(place: Path) -> None:
    """Takes away what a process left that was killed while it made something, and what nobody has used for long."""
    for pattern, age in ((f"{MAKING}*", LEFT), (f"*{KEPT}", UNUSED)):
        for left in place.glob(pattern):
            with contextlib.suppress(OSError):
                if time.time() - left.stat().st_mtime > age:
                    left.unlink() if left.is_file() else shutil.rmtree(left, ignore_errors=True)


def _trusted(folder: Path) -> bool:
    """Whether it is this user's, or the system's: whoever can write there says what is near to what."""
    return not _OWNERS or folder.stat().st_uid in _OWNERS


def _take_away(folder: Path, why: object) -> None:
    log.warning("The encoder in %s is damaged (%s); it is made anew at the next sync", folder, why)
    shutil.rmtree(folder, ignore_errors=True)
