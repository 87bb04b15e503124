"""What is wrong with a question that was made by rule: it holds its answer, or other articles answer it too.

The other places are looked for with the words of the question and of its answer, among the passages that the store's
own full text finds for them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from index.lexical import stem
from index.records import Hit
from index.search import View
from index.sentences import sentences
from rag.evals.making.made import Made, Place, place
from rag.reader import content_words, coverage, kind_of_answer

# How many passages are looked at for each question.
DEPTH = 30
# A sentence with this share of the question's words, weighted by rarity, says what the question asks about.
SAME = 0.75
# A passage with this share of them may answer a question that is to have no answer, and so may an article with the
# answer in it and this share.
NEAR, NEAR_ARTICLE = 0.7, 0.5
# Those that many articles name are known in more ways than one: "Who is Joe Biden?"
FAMOUS = 3

# Kinds whose words are taken as they are, so that no other sentence can mean them.
VERBATIM = frozenset({"quote", "cloze", "lead", "title", "heading"})
# Kinds that ask who or what a name is. Another sentence with the name does not answer them otherwise.
OF_A_NAME = frozenset({"person", "what", "how old"})

# Kinds whose answer is a person.
OF_PEOPLE = frozenset({"who", "role", "quote"})


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What other sentences say to a question: `same` give its answer, `other` seem to give another."""

    same: tuple[Place, ...] = ()
    other: tuple[Place, ...] = ()


def holds_its_answer(made: Made) -> bool:
    """Whether a word of the answer that tells stands in the question, or in the one before it."""
    asked = {stem(word) for text in (made.text, *made.earlier) for word in content_words(text)}
    return any(stem(word) in asked for word in content_words(made.answer)) if made.answer else False


class Elsewheres:
    """Looks for other answers in one view of the store."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._rare: dict[str, float] = {}

    def answers(self, made: Made) -> Elsewhere:
        """The other sentences of the store that answer the question too, or seem to give another answer."""
        rare = self._rarity(made)
        same: list[Place] = []
        other: list[Place] = []
        for hit in self._found(made):
            for found in _sentences(hit):
                if coverage(rare, found.text) < SAME or _overlap(found, made.gold):
                    continue
                if _answers(made, found.text):
                    same.append(found)
                elif _rivals(made, found.text):
                    other.append(found)
        return Elsewhere(tuple(dict.fromkeys(same)), tuple(dict.fromkeys(other)))

    def is_famous(self, made: Made) -> bool:
        """Whether what a question of a name asks about is named in more than a few articles."""
        if made.kind not in OF_A_NAME:
            return False
        return len({hit.article.id for hit in self._found(made) if made.about in hit.article.text}) > FAMOUS

    def answered_without(self, made: Made) -> bool:
        """Whether another article than its own may answer the question."""
        rare = self._rarity(made)
        return any(
            coverage(rare, hit.passage.text) >= NEAR
            or (_answers(made, hit.article.text) and coverage(rare, hit.article.text) >= NEAR_ARTICLE)
            for hit in self._found(made)
            if hit.article.source != made.gold.source
        )

    def _found(self, made: Made) -> list[Hit]:
        text = " ".join([*made.earlier, made.text, made.answer])
        return self._view.hits(self._view.lexical(text, DEPTH), {})

    def _rarity(self, made: Made) -> Mapping[str, float]:
        """How much each word of the question tells, by its stem; of a follow-up, with the question before it."""
        words = content_words(" ".join([*made.earlier, made.text]))
        for word in words:
            if word not in self._rare:
                self._rare[word] = self._view.rarity(f'"{word}"')
        return {stem(word): self._rare[word] for word in words}


def _sentences(hit: Hit) -> Iterator[Place]:
    base = hit.passage.start
    for start, end in sentences(hit.passage.text, hit.article.language):
        yield place(hit.article, (base + start, base + end))


def _overlap(one: Place, other: Place) -> bool:
    return one.source == other.source and one.start < other.end and other.start < one.end


def _answers(made: Made, text: str) -> bool:
    """Whether the answer stands in the text, of a person the last name; of a name, whether anything is said of it."""
    if made.kind in OF_PEOPLE:
        return re.search(rf"\b{re.escape(made.answer.split()[-1])}\b", text) is not None
    if made.kind in OF_A_NAME and f"{made.about}, " in text:
        return True
    return bool(made.answer) and _holds(text, made.answer)


def _holds(text: str, answer: str) -> bool:
    return " ".join(answer.casefold().split()) in " ".join(text.casefold().split())


def _rivals(made: Made, text: str) -> bool:
    """Whether a sentence about the same thing gives another answer of the kind that is asked for."""
    if made.kind in VERBATIM | OF_A_NAME:
        return False
    return kind_of_answer(made.text, text) > 0
