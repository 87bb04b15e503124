"""What the nodes of tests/test_cluster.py are given: an embedder that waits until it is told to go on.

`python -m tests.nodes ADDRESS STORE ARTICLES TOLD` is a sync by such a cluster, in a process that may be stopped.
"""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.cluster import TRIED
from proofs.words import Vectors, WordEmbedder


@dataclass
class Told(WordEmbedder):
    """On a node, each batch leaves a file in `told`, named after the node, and waits there for one named "go".

    The first ones do not, of as many texts as are `free`.
    """

    told: Path = Path()
    free: int = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        if tuple(texts) != TRIED and len(self.embedded) >= len(TRIED) + self.free:
            import ray

            (self.told / f"{ray.get_runtime_context().get_node_id()} {time.time_ns()}").touch()
            while not (self.told / "go").exists():
                time.sleep(0.02)
        return super().embed(texts)


def nodes_at(told: Path) -> set[str]:
    """The nodes that have begun to embed."""
    return {name.split()[0] for name in os.listdir(told)} - {"go"}


def main() -> int:
    import index.sync
    from index.following import Outside
    from index.sync import sync_paths

    address, store, articles, told = sys.argv[1:]
    index.sync.EMBED_BATCH = 4
    report = sync_paths(Path(store), [articles], Told(told=Path(told), free=8), outside=Outside(ray=address))
    sys.stdout.write(f"embedded {report.embedded}\n")
    return 0


if __name__ == "__main__":
    from index.terminal import finish

    finish(main)
