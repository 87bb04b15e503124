"""Articles for proofs: a folder of Markdown files of made-up words, edited by chance as people edit theirs."""

from __future__ import annotations

from pathlib import Path
from random import Random

_SYLLABLES = (
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "zi",
)
_DAYS = 28


def word(rng: Random) -> str:
    """One of about 1,100 words, the first ones often."""
    number = min(int(rng.expovariate(1 / 180)), 1_100)
    return "".join(_SYLLABLES[number // step % len(_SYLLABLES)] for step in (1, 18, 324))


def sentence(rng: Random) -> str:
    """Seven to twelve words."""
    said = " ".join(word(rng) for _ in range(rng.randint(7, 12)))
    return f"{said[0].upper()}{said[1:]}."


def article(rng: Random, said: str = "") -> str:
    """A Markdown file: title, day, author, two headings and eight to twenty sentences; `said` stands first."""
    paragraphs = [" ".join(sentence(rng) for _ in range(rng.randint(4, 10))) for _ in range(2)]
    day = f"2024-{rng.randint(1, 12):02}-{rng.randint(1, _DAYS):02}"
    head = f"---\ntitle: {sentence(rng)[:-1]}\nauthor: {word(rng).title()} {word(rng).title()}\ndate: {day}\n---\n"
    parts = [f"## {sentence(rng)[:-1]}\n\n{said and said + ' '}{paragraph}" for paragraph in paragraphs]
    return "\n\n".join([head, *parts]) + "\n"


def questions(seed: int, count: int) -> list[str]:
    """Questions of three to six of the words."""
    rng = Random(f"questions {seed}")
    return [" ".join(word(rng) for _ in range(rng.randint(3, 6))) for _ in range(count)]


class Folder:
    """A folder of articles, numbered from 0, that is edited again and again."""

    def __init__(self, root: Path, count: int, rng: Random) -> None:
        self.root = root
        self._rng = rng
        self._next = 0
        root.mkdir(parents=True)
        self.add(count)

    @property
    def files(self) -> list[Path]:
        """The articles that are there."""
        return sorted(self.root.glob("*.md"))

    def add(self, count: int) -> None:
        """Writes new articles."""
        for _ in range(count):
            (self.root / f"a{self._next:05}.md").write_text(article(self._rng), encoding="utf-8")
            self._next += 1

    def edit(self, files: list[Path], said: str = "") -> None:
        """Writes other text into these."""
        for file in files:
            file.write_text(article(self._rng, said), encoding="utf-8")

    def change(self, edited: int, added: int = 0, removed: int = 0) -> None:
        """Edits, adds and removes articles, which ones by chance."""
        for file in self._rng.sample(self.files, removed):
            file.unlink()
        self.edit(self._rng.sample(self.files, edited))
        self.add(added)
