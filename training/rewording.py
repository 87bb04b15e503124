"""Questions in other words: a word that the passage has is exchanged for a synonym, and the answer stays the answer.

People ask for what was finished when the article says completed. Questions that were written in front of a passage
mostly have its words, so a reader that sees no others learns to look for the same words.

The synonyms are those of WordNet (Princeton University, WordNet 3.0 license), a folder of index.*, data.* and
cntlist.rev. Two words are taken for synonyms when both mean the same in the sense that each has most often; a word is
taken for what it mostly is, verb, noun or adjective, and one that is hardly ever used takes no place.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

from index.errors import UsageError
from index.lexical import stem
from training.things import words

# How often a word that could be exchanged is.
EXCHANGED = 0.7
# How often WordNet's texts have a synonym at least: "week" is no "hebdomad".
USED = 3

# As the files are named, with their numbers in the keys of senses.
_KINDS = {"noun": "1", "verb": "2", "adj": "3"}
_PLAIN = re.compile(r"[a-z]{3,}")
# A short vowel before one consonant at the end, which may be doubled: not worth a rule.
_DOUBLES = re.compile(r"(?:^|[^aeiou])[aeiou][^aeiouwxy]$")
_FINAL_Y = re.compile(r"[^aeiou]y$")
_SIBILANT = re.compile(r"(?:[sxz]|[cs]h)$")


class Synonyms:
    """Single words in small letters that mean the same, by how they are used in a sentence."""

    def __init__(self, folder: Path) -> None:
        try:
            first = {kind: dict(_first_senses(folder / f"index.{kind}")) for kind in _KINDS}
            meant = {kind: dict(_synsets(folder / f"data.{kind}", set(first[kind].values()))) for kind in _KINDS}
            self._used = dict(_used(folder / "cntlist.rev"))
            self._irregular = {line.split()[1] for line in _lines(folder / "verb.exc")}
        except (OSError, IndexError, ValueError) as error:
            raise UsageError(f"{folder} is no WordNet: {error}", "Give the folder of its files.") from error
        self._of = {
            kind: {
                word: tuple(
                    other
                    for other in meant[kind].get(sense, ())
                    if other != word and first[kind].get(other) == sense and self._used.get((other, kind), 0) >= USED
                )
                for word, sense in first[kind].items()
            }
            for kind in _KINDS
        }

    def of(self, word: str) -> list[str]:
        """Words that may stand in the place of this one, in its form; none for one that is not known."""
        readings = list(_readings(word))
        most = max((self._used.get((base, kind), 0) for kind, base, _ in readings), default=0)
        found = [
            self._formed(other, ending)
            for kind, base, ending in readings
            if self._used.get((base, kind), 0) == most
            for other in self._of[kind].get(base, ())
        ]
        return [made for made in dict.fromkeys(found) if made]

    def _formed(self, word: str, ending: str) -> str:
        """The word with the ending, or "" where that takes more than a rule."""
        if not ending:
            return word
        if ending == "s":
            if _FINAL_Y.search(word):
                return f"{word[:-1]}ies"
            return f"{word}es" if _SIBILANT.search(word) else f"{word}s"
        if _DOUBLES.search(word) or (ending == "ed" and word in self._irregular):
            return ""
        if ending == "ed" and _FINAL_Y.search(word):
            return f"{word[:-1]}ied"
        return (word.removesuffix("e") if not word.endswith("ee") else word) + ending


def reworded(question: str, passage: str, synonyms: Synonyms, draw: random.Random) -> str:
    """The question with synonyms for most of the words that the passage has too."""
    said = {stem(word.text) for word in words(passage.lower())}
    text, moved = question, 0
    for word in words(question):
        others = synonyms.of(word.text) if stem(word.text) in said else []
        if others and draw.random() < EXCHANGED:
            other = draw.choice(others)
            text = text[: word.start + moved] + other + text[word.end + moved :]
            moved += len(other) - len(word.text)
    return text


def _readings(word: str) -> Iterator[tuple[str, str, str]]:
    """What a word may be: (kind, base form, ending)."""
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            base = word.removesuffix(ending)
            yield from (
                ("verb", made, ending) for made in (base, f"{base}e", base[:-1] if base[-1:] == base[-2:-1] else "")
            )
            if base.endswith("i"):
                yield "verb", f"{base[:-1]}y", ending
            return
    if word.endswith("s") and not word.endswith("ss"):
        bases = (f"{word[:-3]}y",) if word.endswith("ies") else (word[:-1], word[:-2] if word.endswith("es") else "")
        yield from ((kind, base, "s") for base in bases for kind in ("noun", "verb"))
        return
    yield from ((kind, word, "") for kind in _KINDS)


def _first_senses(file: Path) -> Iterator[tuple[str, int]]:
    """Each word with where the synset of its first sense stands in the data file."""
    for line in _lines(file):
        lemma, _, _, pointers, *rest = line.split()
        if _PLAIN.fullmatch(lemma):
            yield lemma, int(rest[int(pointers) + 2])


def _used(file: Path) -> Iterator[tuple[tuple[str, str], int]]:
    """How often each word is used in its first sense, by the word and its kind."""
    kinds = {number: kind for kind, number in _KINDS.items()} | {"5": "adj"}  # 5 are satellites of adjectives
    for line in _lines(file):
        key, sense, count = line.split()
        lemma, _, rest = key.partition("%")
        if sense == "1" and rest[0] in kinds:
            yield (lemma, kinds[rest[0]]), int(count)


def _synsets(file: Path, wanted: set[int]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The plain words of each wanted synset, by where it stands."""
    for line in _lines(file):
        offset, _, _, count, *rest = line.split()
        if int(offset) in wanted:
            said = rest[: 2 * int(count, 16) : 2]
            yield int(offset), tuple(word for word in said if _PLAIN.fullmatch(word))


def _lines(file: Path) -> Iterator[str]:
    """The lines of a file without the licence, which is indented."""
    with file.open(encoding="latin-1") as text:
        yield from (line for line in text if not line.startswith("  "))
