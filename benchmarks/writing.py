"""What it costs that an answer of a language model is checked while it comes.

    python -m benchmarks.writing STORE SET [--questions 50]

STORE is the folder of an index, SET a question set in the form of BEIR. The model takes no time: it writes five
sentences from the passages that it is shown, each in other words beside its quote, in pieces of four characters. What
is left is the time of parsing, of looking quotes up and of doubting, and how long after the model's first piece a
reader sees it.
"""

from __future__ import annotations

import argparse
import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np

from index.sentences import sentences
from rag.answers import Draft
from rag.chain import Walk
from rag.evals.sets import load
from rag.settings import Settings, build
from rag.writing.models import ChatModel, Told, Writing
from rag.writing.writer import LanguageWriter

SENTENCES = 5
_SHOWN = re.compile(r"^\[([a-z0-9]{4})\] .*\n(.*)", re.MULTILINE)


class Ready(ChatModel):
    """A model that has its answer at once, and notes when its first piece was there."""

    first = 0.0

    def tell(self, messages: Sequence[tuple[str, str]]) -> Iterator[Told]:
        """Five sentences, each with its key and quote, in pieces."""
        text = ""
        for key, line in _SHOWN.findall(messages[-1][1])[:SENTENCES]:
            start, end = sentences(line)[0] if sentences(line) else (0, len(line))
            said = line[start:end]
            words = said.split()
            text += f'{" ".join(words[: len(words) // 2])} so they say. [{key} "{said}"] '
        self.first = time.perf_counter()
        for end in range(4, len(text), 4):
            yield Told(text[:end])
        yield Told(text, whole=True)


def main() -> None:
    """Print the percentiles in milliseconds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writing", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("set", type=Path)
    parser.add_argument("--questions", type=int, default=50)
    options = parser.parse_args()
    parts = build(Settings(options.store))
    questions = load(options.set).questions
    drawn = np.random.default_rng(0).permutation(len(questions))[: options.questions + 3]
    firsts, wholes = [], []
    for count, number in enumerate(drawn):
        walk = parts.assistant.find.invoke(questions[number].as_asked())
        model = Ready(Writing("openai:ready"))
        first, whole = _timed(LanguageWriter(model, parts.index.embedder), model, walk)
        if count >= 3:
            firsts.append(first)
            wholes.append(whole)
    print(f"{len(wholes)} questions of {options.set.name}, {SENTENCES} sentences each")
    for name, values in (("first words", firsts), ("whole answer", wholes)):
        print(f"{name:13} ms: " + "  ".join(f"p{p} {np.percentile(values, p):.1f}" for p in (50, 95)))


def _timed(writer: LanguageWriter, model: Ready, walk: Walk) -> tuple[float, float]:
    """Milliseconds from the model's first piece to the first draft, and to the last."""
    read = Walk(walk.question, walk.query, hits=walk.hits, searched=walk.searched, draft=Draft((), "none"))
    seen = [time.perf_counter() - model.first for _ in writer.write(read)]
    return 1000 * seen[0], 1000 * seen[-1]


if __name__ == "__main__":
    main()
