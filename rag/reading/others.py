"""Readers and rankers of other people: any extractive question-answering model, and any cross-encoder for the order.

The only import of transformers and of sentence-transformers' CrossEncoder in rag/.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from index.errors import FootnoteError, first_line
from rag.reading.spans import Span, chance, read_windows
from rag.reading.windows import QUESTION, STRIDE, WINDOW, Window, context

# What a score of such a model is worth nobody has measured here: as if the odds were e to half of it.
TEMPERATURE = 2.0


class ForeignModel:
    """An extractive question-answering model in a folder, or by a name in the local model cache, in float32.

    Loaded at the first passage. Raises FootnoteError where it cannot be.
    """

    def __init__(self, place: str) -> None:
        self._place = str(Path(place).expanduser())
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """What an answer says that it was produced by: the last part of the place."""
        return Path(self._place).name

    def chance(self, score: float) -> float:
        """A guess at the chance, from 0 to 1, that a passage whose best span has this score answers."""
        return chance(score, 0.0, TEMPERATURE)

    def read(self, question: str, passages: Sequence[tuple[str, str]], count: int = 1) -> list[list[Span]]:
        """At most `count` spans of each (title, text), the best first, none of which overlap."""
        import torch

        found = []
        for title, text in passages:
            with self._lock, torch.inference_mode():
                tokenizer, network = self._loaded
                coded = tokenizer(
                    _cut(tokenizer, question), context(title, text), truncation="only_second", max_length=WINDOW,
                    stride=STRIDE, return_overflowing_tokens=True, return_offsets_mapping=True, return_tensors="pt",
                    padding=True,
                )  # fmt: skip
                made = _windows(coded, len(context(title, text)) - len(text))
                coded.pop("offset_mapping")
                coded.pop("overflow_to_sample_mapping")
                said = network(**coded)
            logits = zip(said.start_logits.float().numpy(), said.end_logits.float().numpy(), strict=True)
            found += read_windows([made], [text], list(logits), count)
        return found

    @cached_property
    def _loaded(self) -> tuple[Any, Any]:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self._place)
            network, about = AutoModelForQuestionAnswering.from_pretrained(self._place, output_loading_info=True)
            # Heads that are not in the file would be drawn by chance.
            if about["missing_keys"]:
                raise ValueError(f"it has no {min(about['missing_keys'])}")
        except Exception as error:
            raise FootnoteError(
                f"The reader {self._place!r} cannot be loaded ({first_line(error)})",
                "Give a folder with a question-answering model, or leave out `reader` for the one that is shipped.",
            ) from error
        return tokenizer, network.eval()


def _cut(tokenizer: Any, question: str) -> str:  # noqa: ANN401 - transformers gives it no type
    """At most as many tokens of a question as our own windows show, so that its passage has room."""
    asked = question.strip() or "?"
    coded = tokenizer(
        asked, add_special_tokens=False, truncation=True, max_length=QUESTION, return_offsets_mapping=True
    )
    return asked[: max((end for _, end in coded["offset_mapping"]), default=0)] or "?"


def _windows(coded: Any, before: int) -> list[Window]:  # noqa: ANN401 - transformers gives it no type
    """Windows of one passage; `before` is how many characters of the context stand before the text."""
    return [
        Window(
            tuple(ids.tolist()),
            (),
            tuple(
                (a - before, b - before) if part == 1 and a >= before and b > a else (-1, -1)
                for part, (a, b) in zip(coded.sequence_ids(row), coded["offset_mapping"][row].tolist(), strict=True)
            ),
        )
        for row, ids in enumerate(coded["input_ids"])
    ]


class CrossEncoderRanker:
    """A cross-encoder of sentence-transformers, in a folder or by a name in the local model cache: for the order alone.

    Loaded at the first passage. Raises FootnoteError where it cannot be.
    """

    def __init__(self, place: str) -> None:
        self._place = str(Path(place).expanduser())
        self._lock = threading.Lock()

    def relevance(self, question: str, passages: Sequence[tuple[str, str]]) -> list[float]:
        """How relevant each (title, text) is: higher is better, comparable within one call."""
        if not passages:
            return []
        with self._lock:
            scores = self._loaded.predict(
                [(question, context(title, text)) for title, text in passages], show_progress_bar=False
            )
        # Of several labels the last is "relevant" by custom.
        return [float(score) for score in np.asarray(scores, dtype=np.float64).reshape(len(passages), -1)[:, -1]]

    @cached_property
    def _loaded(self) -> Any:  # noqa: ANN401 - imported where it is needed
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        from sentence_transformers import CrossEncoder
        from transformers import AutoConfig

        try:
            made = AutoConfig.from_pretrained(self._place).architectures or []
            # A head that is not in the file would be drawn by chance.
            if not any(name.endswith("ForSequenceClassification") for name in made):
                raise ValueError(f"it is a {', '.join(made) or 'model of no kind'}")
            return CrossEncoder(self._place, device="cpu")
        except Exception as error:
            raise FootnoteError(
                f"The ranker {self._place!r} cannot be loaded ({first_line(error)})",
                "Give a folder with a cross-encoder, or leave out `ranker`: the reader ranks.",
            ) from error
