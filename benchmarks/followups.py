"""How often a follow-up is recognised, and how often a question that stands alone is touched.

    python -m benchmarks.followups FOLDER

FOLDER holds a queries.jsonl whose questions have a `history` and a human `rewrite` that stands alone. A question needs
the earlier ones when its rewrite has a content word, by its stem, that the question lacks.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

from index.lexical import stem
from rag.followups import leans
from rag.reader import content_words


def main() -> None:
    """Print for each collection the share found of those that lean and the share touched of those that do not."""
    found: dict[tuple[str, bool], list[bool]] = defaultdict(list)
    with (Path(sys.argv[1]) / "queries.jsonl").open(encoding="utf-8") as lines:
        for question in map(json.loads, lines):
            about = question["metadata"]
            if about["history"]:
                needs = bool(_stems(about["rewrite"]) - _stems(question["text"]))
                found[about.get("collection", ""), needs].append(leans(question["text"]))
    for (collection, needs), values in sorted(found.items()):
        what = "follow-ups found" if needs else "stand-alone touched"
        print(f"{collection:12} {what:20} {sum(values) / len(values):.3f} (n {len(values)})")


def _stems(text: str) -> set[str]:
    return {stem(word) for word in content_words(text)}


if __name__ == "__main__":
    main()
