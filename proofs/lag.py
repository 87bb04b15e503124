"""R4: a running index sees what another process publishes within two seconds, and needs no restart."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path
from random import Random

from index.search import Index
from proofs.articles import Folder
from proofs.children import Job, finish, lines, start
from proofs.outcome import Outcome, Tally
from proofs.words import WordEmbedder

ARTICLES = 30
FULL, SMOKE = 100, 5
LARGEST = 2.0
_EDITION = re.compile(r"Edition (\d+)\b")


def prove(smoke: bool, seed: int) -> Outcome:
    """Measures from the commit in the other process until both searches of an open index find the new text."""
    tally = Tally("lag", seed)
    lags = []
    with tempfile.TemporaryDirectory(prefix="footnote-proof-") as directory:
        place = Path(directory)
        folder = Folder(place / "articles", ARTICLES, Random(f"lag {seed}"))
        index = Index(place / "store", WordEmbedder())
        _, problem = _published(place, folder, index, 0)
        if problem:
            tally.case("the first publication", problem)
        for number in range(1, (SMOKE if smoke else FULL) + 1):
            lag, problem = _published(place, folder, index, number)
            late = f"seen after {lag:.2f} s" if lag >= LARGEST else ""
            lags.append(lag)
            tally.case(f"publication {number}", problem, late)
    return tally.outcome(f"largest lag {max(lags):.2f} s")


def _published(place: Path, folder: Folder, index: Index, edition: int) -> tuple[float, str]:
    """Seconds from the commit until the index shows the edition, and what was wrong."""
    record = place / "record"
    record.unlink(missing_ok=True)
    folder.edit(folder.files[:3], f"Edition {edition} of the almanac.")
    process = start(Job(place / "store", (folder.root,), place / "out", record=record))
    seen = 0.0
    end = time.monotonic() + 30
    while not seen and time.monotonic() < end and process.exitcode in (None, 0):
        if _shown(index) == {edition}:
            seen = time.monotonic()
        time.sleep(0.005)
    code = finish(process)
    committed = [line["committed"] for line in lines(record) if "committed" in line]
    if code != 0 or not committed:
        return 0.0, f"the run ended with {code}: {(place / 'out').read_text()}"
    return (seen or end) - committed[0], "" if seen else "never seen"


def _shown(index: Index) -> set[int]:
    """The editions in what both searches find; nothing before there is an index."""
    if not index.exists():
        return set()
    with index.view() as view:
        if not view.overview().articles:
            return set()
        dense = view.hits(view.dense(index.embedder.embed_question("edition of the almanac"), 3), {})
        lexical = view.hits(view.lexical("almanac", 3), {})
    if not lexical:
        return set()
    return {int(n) for hit in (*dense, *lexical) for n in _EDITION.findall(hit.article.text)}
