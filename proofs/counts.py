"""R8: what has not changed is not embedded again. Every text that the model is asked for is counted."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

from index.passages import embedded_text
from index.sync import sync_followed, sync_paths
from proofs.articles import Folder, sentence
from proofs.outcome import Outcome, Tally
from proofs.pictures import picture_of
from proofs.words import WordEmbedder

ARTICLES, SMOKE_ARTICLES = 200, 20
CHANGED = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 200)


def prove(smoke: bool, seed: int) -> Outcome:
    """Runs again after nothing, after edits of k of n articles, after additions to them, and after files were moved."""
    tally = Tally("counts", seed)
    with tempfile.TemporaryDirectory(prefix="footnote-proof-") as directory:
        bench = _Bench(Path(directory), SMOKE_ARTICLES if smoke else ARTICLES, Random(f"counts {seed}"))
        tally.case("the first run", bench.wrong())
        tally.case("nothing changed", bench.wrong(nothing=True))
        tally.case("nothing changed, what is followed", bench.wrong(nothing=True, followed=True))
        bench.touch()
        tally.case("files touched and not changed", bench.wrong(nothing=True))
        for k in (k for k in CHANGED if k <= len(bench.folder.files)):
            bench.folder.change(edited=k)
            tally.case(f"{k} rewritten", bench.wrong(changed=k))
            bench.extend(k)
            tally.case(f"{k} extended", bench.wrong(changed=k))
            tally.case(f"nothing changed after {k}", bench.wrong(nothing=True))
        bench.move(2)
        tally.case("2 moved", bench.wrong(nothing=True))
        bench.folder.change(edited=0, removed=1)
        tally.case("1 removed", bench.wrong(nothing=True))
    return tally.outcome(f"{len(bench.embedder.embedded)} texts embedded")


class _Bench:
    """A folder and its store, with one model that counts."""

    def __init__(self, place: Path, articles: int, rng: Random) -> None:
        self.folder = Folder(place / "articles", articles, rng)
        self.store = place / "store"
        self.embedder = WordEmbedder()
        self._rng = rng
        self._texts: set[str] = set()

    def wrong(self, nothing: bool = False, followed: bool = False, changed: int | None = None) -> str:
        """How what a run embeds differs from the texts that were not there before it; "" when it does not."""
        begin = len(self.embedder.embedded)
        if followed:
            report = sync_followed(self.store, self.embedder)
        else:
            report = sync_paths(self.store, [self.folder.root], self.embedder)
        asked = Counter(self.embedder.embedded[begin:])
        before, self._texts = self._texts, self._live()
        if nothing and asked:
            return f"{asked.total()} texts were embedded"
        if changed is not None and report.changed != changed:
            return f"{report.changed} articles were taken for changed"
        if report.embedded != asked.total():
            return f"{report.embedded} texts are reported and {asked.total()} were embedded"
        if again := [text for text, times in asked.items() if times > 1 or text in before]:
            return f"{len(again)} texts were embedded again, the first is {again[0][:80]!r}"
        if asked.keys() != self._texts - before:
            return f"{len(asked)} texts were embedded, and {len(self._texts - before)} are new"
        return ""

    def touch(self) -> None:
        """Each file is as new, and says the same."""
        for file in self.folder.files:
            file.touch()

    def extend(self, count: int) -> None:
        """A sentence more at the end of some articles."""
        for file in self._rng.sample(self.folder.files, count):
            with file.open("a", encoding="utf-8") as stream:
                stream.write(f"\n{sentence(self._rng)}\n")

    def move(self, count: int) -> None:
        """Some files get another name."""
        for file in self._rng.sample(self.folder.files, count):
            file.rename(file.with_name(f"moved-{file.name}"))

    def _live(self) -> set[str]:
        """The texts whose vectors are live."""
        rows = [json.loads(said) for said in picture_of(self.store).said.values()]
        return {embedded_text(article["title"], passage["heading"], passage["text"]) for passage, article in rows}
