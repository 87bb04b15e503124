"""A set that is made, as files: questions.jsonl, which `eval run --set` reads, and a page that says how it was made."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from index.candidates import Only
from index.errors import UsageError
from index.search import EVERYTHING, Index
from rag.evals.collection import line
from rag.evals.making.made import Place
from rag.evals.making.make import Kept, MadeSet, Progress, make
from rag.evals.sets import QUESTIONS

PAGE = "README.md"
# The kind by which a written set says that nothing answers.
UNANSWERABLE = "unanswerable"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The set that is to be made: at most so many questions, from at most so many of the articles that are kept to."""

    questions: int = 200
    articles: int = 100
    seed: int = 0
    only: Only = EVERYTHING

    def command(self, folder: Path) -> str:
        """What makes it in a terminal."""
        asked = f"--questions {self.questions} --articles {self.articles} --seed {self.seed}"
        days = {"--since": self.only.first, "--until": self.only.last}
        kept = {"--source": self.only.source, "--author": self.only.author}
        kept |= {name: day.isoformat() for name, day in days.items() if day}
        filters = "".join(f" {name} {shlex.quote(value)}" for name, value in kept.items() if value)
        return f"python -m rag eval make --out {folder} {asked}{filters}"


def make_in(folder: Path, index: Index, wanted: Wanted, progress: Progress = lambda *_: None) -> MadeSet:
    """Makes the set and writes it into `folder`, at its end. Raises what `make` and `write` raise."""
    require_room(folder)
    made = make(index, wanted.questions, wanted.articles, wanted.seed, progress, wanted.only)
    write(made, folder, wanted.command(folder))
    return made


def require_room(folder: Path) -> None:
    """Raises UsageError when a set lies in the folder already: what a person has mended there is not written over."""
    for name in (QUESTIONS, PAGE):
        if (folder / name).exists():
            raise UsageError(f"{folder / name} exists already", "Give another folder with --out.")


def write(made: MadeSet, folder: Path, command: str) -> None:
    """Writes the set into `folder`. Raises UsageError when it cannot be written or a set lies there."""
    require_room(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / QUESTIONS).write_text("".join(line(values) for values in _lines(made)), encoding="utf-8")
        (folder / PAGE).write_text(page(made, folder.name, command), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}", "Give another folder with --out.") from error


def page(made: MadeSet, name: str, command: str) -> str:
    """How the set was made and what is to be known when it is read, in Markdown."""
    kinds = "\n".join(f"| {kind} | {n} |" for kind, n in by_kind(made).items())
    dropped = "".join(f"- {n} {why}\n" for why, n in sorted(made.dropped.items()))
    held_out = "".join(f"- `{source}`\n" for source in made.held_out) or "- none\n"
    return PAGE_TEXT.format(
        name=name, command=command, articles=made.articles, generation=made.generation, kinds=kinds, dropped=dropped,
        held_out=held_out,
    )  # fmt: skip


def by_kind(made: MadeSet) -> dict[str, int]:
    """How many questions there are of each kind, the most first, and the unanswerable ones at the end."""
    counts = Counter(kept.made.kind for kept in made.answerable)
    unanswerable = {UNANSWERABLE: len(made.unanswerable)} if made.unanswerable else {}
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))) | unanswerable


def _lines(made: MadeSet) -> Iterator[Mapping[str, Any]]:
    numbers = Counter[str]()
    for kept in made.answerable:
        numbers[kept.made.kind] += 1
        yield _common(kept, f"{kept.made.kind.replace(' ', '-')}-{numbers[kept.made.kind]:03}", kept.made.kind) | {
            "answers": [kept.made.answer] if kept.made.answer else [],
            "gold": [_place(kept.made.gold)],
            "also": [_place(place) for place in kept.also],
        }
    for number, kept in enumerate(made.unanswerable, 1):
        # What answered it is written too, so that a person can judge whether anything else does.
        yield _common(kept, f"{UNANSWERABLE}-{number:03}", UNANSWERABLE) | {
            "held_out": [kept.made.gold.source],
            "without": {"kind": kept.made.kind, "answer": kept.made.answer, **_place(kept.made.gold)},
        }


def _common(kept: Kept, name: str, kind: str) -> dict[str, Any]:
    return {"id": name, "question": kept.made.text, "kind": kind, "earlier": list(kept.made.earlier)}


def _place(place: Place) -> dict[str, Any]:
    return {"source": place.source, "start": place.start, "end": place.end, "text": place.text}


PAGE_TEXT = """# {name}

Questions made by rule from {articles} articles, without a language model:

    {command}

The same articles, seed and version of Footnote give the same questions (index generation {generation}).

| kind | questions |
|---|---|
{kinds}

What to know when its figures are read:

- A question keeps the words of the sentence that answers it, so a finder by words has it easier here than with what
  people ask. Compare systems on it; do not take its figures for those of real questions.
- Rules make mistakes. Strike what is no question: a line of `questions.jsonl` can be taken out or mended by hand.
- `also` are sentences that give the same answer; they count as gold for a citation.
- Questions of the kind `unanswerable` come from articles that are held out: `eval run` asks the whole set on a copy of
  the index without them. That nothing else answers such a question was looked for by its words alone.

Held out:

{held_out}
Left out, with what was wrong:

{dropped}"""
