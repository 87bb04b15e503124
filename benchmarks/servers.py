"""What a Chroma server costs: the dense step over the same passages in files and on a server, beside each other.

    chroma run --path FOLDER --host 127.0.0.1 --port 8100
    python -m benchmarks.servers --server http://127.0.0.1:8100

Made-up articles, with made-up vectors of 384 numbers; what is stored and what is sent does not depend on what they say.
Each question is put to both, first to the one and then to the other in turn, so that a load on the machine is on both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.made_up import Archive, NoisyEmbedder, questions
from index import served
from index.search import Index
from index.server import server_at
from index.sync import sync

DIMENSION, CENTRES, SEED = 384, 500, 1
PASSAGES_AN_ARTICLE = 6.4
DEPTH = 50


def measured(address: str, passages: int, asked: int) -> dict[str, object]:
    """The figures of both, and the ratio of their medians: above 1 the server takes longer."""
    server = server_at(address)
    assert server, "name a server"
    rng = np.random.default_rng(SEED)
    real = rng.standard_normal((CENTRES, DIMENSION), np.float32)
    embedder = NoisyEmbedder(real / np.linalg.norm(real, axis=1, keepdims=True))
    archive = Archive(round(passages / PASSAGES_AN_ARTICLE))
    with tempfile.TemporaryDirectory() as place:
        stores = {"files": Path(place) / "files", "server": Path(place) / "server"}
        built = {}
        for name, store in stores.items():
            start = time.perf_counter()
            sync(store, [archive], embedder, server=server if name == "server" else None)
            built[name] = round(time.perf_counter() - start, 2)
        indexes = {"files": Index(stores["files"], embedder), "server": Index(stores["server"], embedder, server)}
        took: dict[str, list[float]] = {name: [] for name in indexes}
        alike = 0
        for number, (_, question) in enumerate(questions(asked)):
            vector = embedder.embed_question(question)
            found = {}
            for name in sorted(indexes, reverse=bool(number % 2)):
                with indexes[name].view() as view:
                    view.open()
                    start = time.perf_counter()
                    found[name] = [passage for passage, _ in view.dense(vector, DEPTH)]
                    took[name].append(1000 * (time.perf_counter() - start))
            alike += len(set(found["files"]) & set(found["server"]))
        counted = indexes["files"].overview().passages
        served.sweep(server, served.owner_of(stores["server"]), ())
    medians = {name: statistics.median(times) for name, times in took.items()}
    return {
        "passages": counted,
        "questions": asked,
        "sync, s": built,
        "p50, ms": {name: round(median, 2) for name, median in medians.items()},
        "p95, ms": {name: round(statistics.quantiles(times, n=20)[-1], 2) for name, times in took.items()},
        "server / files, p50": round(medians["server"] / medians["files"], 2),
        "of the nearest 50, found by both": round(alike / (DEPTH * asked), 4),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.servers", description=__doc__)
    parser.add_argument("--server", required=True, metavar="URL", help="the address of a Chroma server")
    parser.add_argument("--passages", type=int, default=3_000)
    parser.add_argument("--questions", type=int, default=200)
    options = parser.parse_args(arguments)
    print(json.dumps(measured(options.server, options.passages, options.questions), indent=2))


if __name__ == "__main__":
    main()
