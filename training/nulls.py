"""Examples that nothing in their passage answers, made from questions that are answered, and twins that still are.

A reader that sees nulls of one make alone learns the mark of the make. So the question is changed, or the passage, and
for each change of a passage there is a twin: the same change, made where it takes nothing from the answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from index.sentences import sentences
from rag.evals.squad_scores import normalized
from training.examples import Asked, Example, Passage, plain
from training.things import Thing, things, words


@dataclass(frozen=True, slots=True)
class Source:
    """An answered question, with the passages that are near: those of its article first `beside`, by words `mined`."""

    asked: Asked
    beside: tuple[Passage, ...]
    mined: tuple[Passage, ...]


Maker = Callable[[Source, random.Random], Example | None]

# Each is a change of meaning in a question; the second word of a pair takes the place of the first, and the reverse.
_OPPOSITES = """
first last | before after | most least | more less | more fewer | largest smallest | biggest smallest | highest lowest
| longest shortest | oldest youngest | earliest latest | best worst | increase decrease | increased decreased | rise
fall | rose fell | north south | east west | northern southern | eastern western | upper lower | inside outside |
above below | always never | start end | began ended | begin end | started stopped | win lose | won lost | accepted
rejected | allowed forbidden | common rare | major minor | public private | positive negative | new old | early late |
high low | large small | big small | long short | strong weak | easy hard | good bad | hot cold | male female | men
women | mother father | brother sister | son daughter | husband wife | buy sell | bought sold | with without | include
exclude | included excluded | similar different | likes dislikes | like dislike | friend enemy | left right | up down
| rich poor | loves hates | love hate | enemies allies | created destroyed | built destroyed | support oppose |
supported opposed
"""
OPPOSITES = tuple(tuple(pair.split()) for pair in _OPPOSITES.split("|"))
_NEGATED = re.compile(r"\b(did|does|do|was|were|is|are|can|could|would|should|has|had|have|will)\b", re.IGNORECASE)
# Two things this near to each other are a list or a range: what is said of one is often true of the other.
_LISTED = 12


def holds(text: str, answers: Sequence[str]) -> bool:
    """Whether any of the answers stands in the text, as SQuAD compares texts."""
    said = f" {normalized(text)} "
    return any(f" {normalized(answer)} " in said for answer in answers)


def elsewhere(kind: str) -> Maker:
    """The question with a passage that does not hold an answer: one `beside` its own, or one `mined` by its words."""

    def make(source: Source, draw: random.Random) -> Example | None:
        others = source.beside if kind == "beside" else source.mined
        free = [p for p in others if not holds(f"{p.title} {p.text}", source.asked.answers)]
        if not free:
            return None
        other = draw.choice(free)
        return Example(source.asked.text, other.title, other.text, None, kind, source.asked.id)

    return make


def swapped(source: Source, draw: random.Random) -> Example | None:
    """The question with a name or number of the passage exchanged for another, of that passage or of one beside it."""
    asked, text = source.asked, source.asked.passage.text
    changes = []
    for thing in things(asked.text):
        if thing.start and thing.text in text:
            here = [t for t in _others(thing, text, asked) if not _listed(text, thing.text, t.text)]
            near = [t for p in source.beside[:4] for t in _others(thing, p.text, asked) if t.text not in text]
            pool = here if here and (not near or draw.random() < 0.7) else near
            changes += [(thing, draw.choice(pool).text)] if pool else []
    return _question(source, "swapped", changes, draw)


def worded(source: Source, draw: random.Random) -> Example | None:
    """The question with a word that its passage has, exchanged for another word of the same form from there."""
    asked, text = source.asked, source.asked.passage.text
    inside = list(words(text))
    have = {word.text for word in inside}
    changes = []
    for word in words(asked.text):
        if word.text in have:
            pool = [w.text for w in inside if w.kind == word.kind and w.text not in asked.text.lower()]
            pool = [w for w in pool if not holds(w, asked.answers) and not _listed(text, word.text, w)]
            changes += [(word, draw.choice(pool))] if pool else []
    return _question(source, "worded", changes, draw)


def opposed(source: Source, draw: random.Random) -> Example | None:
    """The question with a word exchanged for its opposite, which its passage does not have."""
    asked, text = source.asked, source.asked.passage.text.lower()
    changes = []
    for one, other in (*OPPOSITES, *(pair[::-1] for pair in OPPOSITES)):
        # With a capital it is most likely part of a name: "New York".
        found = re.search(rf"(?<!how )\b{one}\b", asked.text)
        if found and not re.search(rf"\b{other}\b", text):
            changes.append((Thing(found.start(), found.end(), one, "word"), other))
    return _question(source, "opposed", changes, draw)


def negated(source: Source, draw: random.Random) -> Example | None:
    """The question with "not" behind its verb; with an auxiliary before the subject, as "didn't"."""
    found = _NEGATED.search(source.asked.text)
    if not found or re.search(r"n[’']t\b|\bnot\b|\bnever\b", source.asked.text):
        return None
    verb = found[0]
    said = {"can": "can't", "will": "won't"}.get(verb.lower(), f"{verb}n't") if draw.random() < 0.5 else f"{verb} not"
    return _question(source, "negated", [(Thing(found.start(), found.end(), verb, "word"), said)], draw)


def removed(source: Source, draw: random.Random) -> Example | None:
    """The question with its passage, the sentence that answers left out."""
    asked = source.asked
    start, end = _sentence(asked)
    left = _without(asked.passage.text, start, end)
    if not left.strip() or holds(f"{asked.passage.title} {left}", asked.answers):
        return None
    return replace(plain(asked), text=left, answer=None, kind="removed")


def shortened(source: Source, draw: random.Random) -> Example | None:
    """The twin of `removed`: another sentence is left out, and the answer is still there."""
    asked = source.asked
    others = [s for s in _sentences(asked.passage.text) if s != _sentence(asked) and not _within(asked, *s)]
    if not others:
        return None
    start, end = draw.choice(others)
    left, cut = _without(asked.passage.text, start, end), len(asked.passage.text)
    at = _start(asked) - (cut - len(left) if start < _start(asked) else 0)
    return _still(asked, asked.text, left, at, "shortened")


def contradicted(source: Source, draw: random.Random) -> Example | None:
    """The question with its passage, in which another name or number stands wherever one of the question's stood."""
    changes = _shared(source, draw)
    if not changes:
        return None
    thing, other = draw.choice(changes)
    text, _ = exchanged(source.asked.passage.text, thing.text, other, _start(source.asked))
    return replace(plain(source.asked), text=text, answer=None, kind="contradicted")


def renamed(source: Source, draw: random.Random) -> Example | None:
    """The twin of `contradicted` that asks for what now stands in the passage, and so is answered."""
    changes = _shared(source, draw)
    if not changes:
        return None
    thing, other = draw.choice(changes)
    text, at = exchanged(source.asked.passage.text, thing.text, other, _start(source.asked))
    question, _ = exchanged(source.asked.text, thing.text, other, 0)
    return _still(source.asked, question, text, at, "renamed")


def touched(source: Source, draw: random.Random) -> Example | None:
    """The twin of `contradicted` that changes a name or number which the question does not ask about."""
    asked, text = source.asked, source.asked.passage.text
    free = [t for t in things(text) if not _about(asked, t.text)]
    pairs = [(t, o) for t in free for o in (_substitute(source, t, draw),) if o]
    if not pairs:
        return None
    thing, other = draw.choice(pairs)
    changed, at = exchanged(text, thing.text, other, _start(asked))
    return _still(asked, asked.text, changed, at, "touched")


NULLS: dict[str, Maker] = {
    "mined": elsewhere("mined"),
    "beside": elsewhere("beside"),
    "swapped": swapped,
    "worded": worded,
    "opposed": opposed,
    "negated": negated,
    "removed": removed,
    "contradicted": contradicted,
}
TWINS: dict[str, Maker] = {"shortened": shortened, "renamed": renamed, "touched": touched}


def exchanged(text: str, old: str, new: str, at: int) -> tuple[str, int]:
    """The text with `new` wherever `old` stands as whole words, and where what stood at `at` then stands."""
    found = [m.start() for m in re.finditer(rf"(?<!\w){re.escape(old)}(?!\w)", text)]
    moved = sum(start < at for start in found) * (len(new) - len(old))
    return re.sub(rf"(?<!\w){re.escape(old)}(?!\w)", lambda _: new, text), at + moved


def _question(source: Source, kind: str, changes: Sequence[tuple[Thing, str]], draw: random.Random) -> Example | None:
    """The question of the source with one of the changes made."""
    if not changes:
        return None
    thing, other = draw.choice(changes)
    asked = source.asked
    question = asked.text[: thing.start] + other + asked.text[thing.end :]
    return Example(question, asked.passage.title, asked.passage.text, None, kind, asked.id)


def _still(asked: Asked, question: str, text: str, start: int, kind: str) -> Example | None:
    """An answered example; None where the change has hit the answer, as where it overlaps one of its names."""
    answer = asked.answers[0]
    if text[start : start + len(answer)] != answer:
        return None
    return Example(question, asked.passage.title, text, (start, start + len(answer)), kind, asked.id)


def _others(thing: Thing, text: str, asked: Asked) -> list[Thing]:
    """The things of `text` that may take the place of `thing` in the question and make it another."""
    mine = set(thing.text.lower().split())
    return [
        t
        for t in _things(text)
        if t.kind == thing.kind
        and not mine & set(t.text.lower().split())
        and t.text not in asked.text
        and not holds(t.text, asked.answers)
        and not any(t.text in answer for answer in asked.answers)
    ]


def _shared(source: Source, draw: random.Random) -> list[tuple[Thing, str]]:
    """The things of the question that its passage has, and not its title or its answer, each with a substitute."""
    asked = source.asked
    both = [
        t
        for t in things(asked.text)
        if re.search(rf"(?<!\w){re.escape(t.text)}(?!\w)", asked.passage.text)
        and not set(t.text.split()) & set(asked.passage.title.split())
        and not any(t.text in answer or answer in t.text for answer in asked.answers)
    ]
    return [(t, o) for t in both for o in (_substitute(source, t, draw),) if o]


def _substitute(source: Source, thing: Thing, draw: random.Random) -> str | None:
    """Something of the same kind that stands in a passage nearby, and not in this one."""
    text = f"{source.asked.passage.title} {source.asked.passage.text}"
    pool = [t.text for p in (*source.beside[:4], *source.mined[:4]) for t in _others(thing, p.text, source.asked)]
    pool = [o for o in pool if o not in text]
    return draw.choice(pool) if pool else None


def _about(asked: Asked, said: str) -> bool:
    """Whether the question or its answers have a word of what is said."""
    have = set(normalized(" ".join((asked.text, *asked.answers))).split())
    return bool(have & set(normalized(said).split()))


def _listed(text: str, one: str, other: str) -> bool:
    """Whether the two stand side by side anywhere in the text, as in a list or a range."""
    ones, others = ([m.span() for m in re.finditer(re.escape(said), text)] for said in (one, other))
    return any(max(a[0], b[0]) - min(a[1], b[1]) < _LISTED for a in ones for b in others)


def _start(asked: Asked) -> int:
    assert asked.start is not None
    return asked.start


def _within(asked: Asked, start: int, end: int) -> bool:
    """Whether the range shares any character with the answer."""
    return start < _start(asked) + len(asked.answers[0]) and _start(asked) < end


def _sentence(asked: Asked) -> tuple[int, int]:
    """From where the sentence begins in which the answer begins, to where that ends in which it ends."""
    ranges = [s for s in _sentences(asked.passage.text) if _within(asked, *s)]
    return (ranges[0][0], ranges[-1][1]) if ranges else (0, len(asked.passage.text))


def _without(text: str, start: int, end: int) -> str:
    """The text without the range and the white space behind it."""
    return text[:start] + text[end:].lstrip()


@lru_cache(maxsize=20_000)
def _sentences(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(sentences(text))


@lru_cache(maxsize=20_000)
def _things(text: str) -> tuple[Thing, ...]:
    return tuple(things(text))
