"""The people and companies that an article names, and what the text itself shows of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rag.evals.making.english import OF_NO_PERSON, ROLE, WHICH
from rag.evals.making.verbs import words

_PART = r"[A-ZÀ-Þ][^\W\d_]*(?:['’-][A-ZÀ-Þ][^\W\d_]*)*"
# Two to four words with capitals, particles and initials among them.
NAME = rf"{_PART}(?: (?:{_PART}|[A-Z]\.|de|da|del|den|der|di|du|la|le|van|von|bin|al|el)){{0,2}} {_PART}"
# The name of a place, as it stands behind "in".
PLACE = r"(?:the )?[A-ZÀ-Þ][\w’'-]+(?:,? [A-ZÀ-Þ][\w’'-]+){0,3}"
WORD = re.compile(r"[^\W\d_]+(?:[’'-][^\W\d_]+)*")
_TITLE = r"\b(?:Mr|Mrs|Ms|Miss|Dr|Sir|Dame|Lord|Lady|Prof|Professor|Rep|Sen|Gov|Judge|Justice|Capt|Sgt|Rev)\.?"
_IS_TITLE = re.compile(rf"(?i:{ROLE})|{_TITLE[2:]}|Republican|Democrat|Democratic")
_SAID = "said|says|told|added|wrote|tweeted|explained|recalled|testified|insisted|argued"
# What only a person has before or after the name: a title, a trade, an age, an office, words that were said.
_OF_A_PERSON = (
    re.compile(rf"{_TITLE} (?P<name>{NAME})\b"),
    re.compile(rf"\b(?i:{ROLE}) (?P<name>{NAME})\b"),
    re.compile(rf"\b(?P<name>{NAME}), \d\d,"),
    re.compile(rf"\b(?P<name>{NAME}), (?:(?:the|a|an) )?(?:[\w’'&-]+ ){{0,6}}(?:{ROLE})\b"),
    re.compile(rf"\b(?:{_SAID}) (?P<name>{NAME})(?=[,.](?:\s|$))"),
    re.compile(rf"(?:^|[”\"] )(?P<name>{NAME}) (?:{_SAID})\b", re.MULTILINE),
)
_KINDS = (
    "company|firm|startup|retailer|airline|carmaker|automaker|drugmaker|bank|charity|newspaper|university|magazine|"
    "nonprofit"
)
_OF_A_COMPANY = (
    re.compile(
        rf"\b(?P<name>{_PART}(?: {_PART}){{0,2}}), (?:the|a|an) (?:[\w’'-]+ ){{0,5}}(?P<kind>{_KINDS})"
        r"(?=[,.]| (?:that|which|based|in|owned|founded)\b)"
    ),
    re.compile(rf"\b(?P<name>{_PART}(?: {_PART})?)(?:’s|'s)? (?P<kind>CEO|chief executive|stock price|shareholders)\b"),
    re.compile(rf"\b(?P<kind>{_KINDS}) (?P<name>{_PART}(?: {_PART})?)\b"),
)
_PRONOUN_OF = {
    "Mr": "he",
    "Sir": "he",
    "Lord": "he",
    "Mrs": "she",
    "Ms": "she",
    "Miss": "she",
    "Dame": "she",
    "Lady": "she",
}
# A name with its abbreviation behind it.
SHORT = re.compile(
    r"\b(?!The )(?P<long>(?:[A-Z][\w’'-]+ (?:of |and |for |the |on |in )*){1,6}[A-Z][\w’'-]+?)(?:[’']s)? "
    r"\((?P<short>[A-Z]{3,6})\)"
)
_OPENING = re.compile(r"(?:He|She)\b")


@dataclass(frozen=True, slots=True)
class Person:
    """A person by full name; `pronoun` is "he", "she" or, where the text does not show it, ""."""

    name: str
    pronoun: str = ""

    @property
    def last(self) -> str:
        """The last name."""
        return self.name.split()[-1]


@dataclass(frozen=True, slots=True)
class Names:
    """Whom and what an article names: people by full name, and of companies the kind that the text calls them.

    `small` is, for a word, the share of its places within a sentence in which it has no capital; 0 to 1.
    """

    people: Mapping[str, Person] = field(default_factory=dict)
    companies: Mapping[str, str] = field(default_factory=dict)
    small: Mapping[str, float] = field(default_factory=dict)


def names_in(sentences: Sequence[str], small: Mapping[str, float]) -> Names:
    """The names in the sentences of one article."""
    return Names(people(sentences), companies("\n".join(sentences)), small)


def people(sentences: Sequence[str]) -> dict[str, Person]:
    """The people named in the sentences of one article, by full name, in the order in which they come."""
    text = "\n".join(sentences)
    seen = (person_name(m["name"]) for pattern in _OF_A_PERSON for m in pattern.finditer(text))
    found = {name for name in seen if is_name(name)}
    order = sorted(found, key=lambda name: (text.index(name), name))
    pronouns = _pronouns(sentences, order)
    return {name: Person(name, pronouns.get(name, "")) for name in order}


def companies(text: str) -> dict[str, str]:
    """What the article calls a company, a bank, a charity, by its name."""
    found: dict[str, str] = {}
    for pattern in _OF_A_COMPANY:
        for m in pattern.finditer(text):
            kind = m["kind"] if re.fullmatch(_KINDS, m["kind"]) else "company"
            if m["name"].split()[0] not in _NO_COMPANY:
                found.setdefault(m["name"], {"firm": "company"}.get(kind, kind))
    for m in SHORT.finditer(text):
        if kind := WHICH.get(m["long"].split()[-1]):
            found.setdefault(m["short"], kind)
    return found


_NO_COMPANY = words("The A An In On At For And But When While After As Its Their Former New President Prime Then")


def person_name(text: str) -> str:
    """The name without its office before it and the day behind it: "Mayor Ada Quill Monday" is "Ada Quill"."""
    parts = text.split()
    while parts and parts[-1] in OF_NO_PERSON:
        parts.pop()
    titled = [n for n, part in enumerate(parts[:-2]) if _IS_TITLE.fullmatch(part)]
    return " ".join(parts[titled[-1] + 1 :] if titled else parts)


def is_name(text: str) -> bool:
    """Whether none of the words speaks against a person's name."""
    parts = text.split()
    shouted = any(part.isupper() and len(part) > 2 for part in parts)
    return len(parts) >= 2 and OF_NO_PERSON.isdisjoint(parts) and parts[-1] != "St" and not shouted


def mentioned(text: str, known: Iterable[str]) -> list[str]:
    """Which of the full names stand in the text, in full or by the last word."""
    return [name for name in known if re.search(rf"\b{re.escape(name.split()[-1])}\b", text)]


def small_letters(sentences: Iterable[str]) -> dict[str, float]:
    """How often each word is written small where it does not open a sentence, from 0 to 1; by the word in small."""
    small, all_ = Counter[str](), Counter[str]()
    for sentence in sentences:
        for word in WORD.findall(sentence)[1:]:
            all_[word.lower()] += 1
            small[word.lower()] += word.islower()
    return {word: small[word] / times for word, times in all_.items()}


def _pronouns(sentences: Sequence[str], names: Sequence[str]) -> Mapping[str, str]:
    """A name's pronoun: of its title, or of the sentences that begin with one after nobody else was named."""
    seen: dict[str, Counter[str]] = {name: Counter() for name in names}
    text = "\n".join(sentences)
    for name in names:
        own = rf"\b({'|'.join(_PRONOUN_OF)})\.? (?:{re.escape(name)}|{re.escape(name.split()[-1])})\b"
        for title in re.findall(own, text):
            seen[name][_PRONOUN_OF[title]] += 2
    for before, after in pairwise(sentences):
        around = mentioned(before, names)
        if len(around) == 1 and (opening := _OPENING.match(after)):
            seen[around[0]][opening[0].lower()] += 1
    return {name: next(iter(votes)) for name, votes in seen.items() if len(votes) == 1 and votes.total() >= 2}
