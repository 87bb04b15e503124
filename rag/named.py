"""What a question names that articles are known by: the paper, the author, the days. Matched against what there is.

"According to The Verge" prefers articles of The Verge; it does not leave out the others, because a name can be the
matter itself: "Which company is The Verge's owner?"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from index.candidates import About, Names
from rag.periods import Period, periods

# Words of the longest name that is looked for.
MAX_WORDS = 8

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?(?:\.(?:com|org|net))?", re.IGNORECASE)
# What a paper's name is often followed by, in feeds: "BBC News - Arts", "Cnbc | World Business News Leader".
_TAIL = re.compile(r"\s+[-–—|:]\s+|:\s+")
_DOMAIN = re.compile(r"(?:\.(?:com|org|net|co|uk|de|fr|au|in|io|news))+$")
_POSSESSIVE = re.compile(r"['’]s?$")
# Behind these a name in small letters is one too, and a person's name is that of an author.
_CREDITS = re.compile(
    r"\b(?:according to|(?:reported|published|written|covered|article|report|story|piece|column) (?:by|in|from|of|on)"
    r"|by|author|journalist|reporter|columnist|correspondent)\W*$",
    re.IGNORECASE,
)
_WROTE = re.compile(
    r"^(?:['’]s?)?\W{0,2}(?:article|report|story|piece|column|interview|wrote|writes|reported|reports)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Implied:
    """What a question says of the articles that are meant: names as the catalog has them, and periods of days."""

    publishers: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    periods: tuple[Period, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.publishers or self.authors or self.periods)

    def fits(self, about: About) -> int:
        """How many of the three an article meets: its paper, its author, its day."""
        return (
            (about.publisher in self.publishers)
            + any(author in self.authors for author in authors_of(about.author))
            + (about.published is not None and any(period.holds(about.published) for period in self.periods))
        )


def implied(text: str, asked: date, names: Names, latest: date | None) -> Implied:
    """What the question implies, given the names that the live articles really have and their last day."""
    publishers, authors = _publisher_forms(names.publishers), _author_forms(names.authors)
    found = list(_named(text, publishers | authors))
    papers = [name for form, clear, _ in found if clear for name in publishers.get(form, ())]
    people = [name for form, _, credited in found if credited for name in authors.get(form, ())]
    return Implied(
        tuple(dict.fromkeys(papers)), tuple(dict.fromkeys(people)), tuple(dict.fromkeys(periods(text, asked, latest)))
    )


def authors_of(said: str | None) -> list[str]:
    """The single names in a byline: "Ada Quill, Ines Bell and Tom Rae" are three."""
    return [name for name in re.split(r"\s*(?:,|;|&| and )\s*", said or "") if name]


def _named(text: str, forms: Mapping[str, object]) -> Iterator[tuple[str, bool, bool]]:
    """(form, written as a name, credited with an article) of each name in the text; of two in one place the longer."""
    words = list(_WORD.finditer(text))
    at = 0
    while at < len(words):
        for end in range(min(len(words), at + MAX_WORDS), at, -1):
            form = " ".join(_plain(word[0]) for word in words[at:end])
            if form in forms:
                before, after = text[: words[at].start()], _rest(text, words[end - 1])
                credited = bool(_CREDITS.search(before) or _WROTE.search(after))
                yield form, credited or _capital(word[0] for word in words[at:end]), credited
                at = end - 1
                break
        at += 1


def _rest(text: str, word: re.Match[str]) -> str:
    possessive = _POSSESSIVE.search(word[0])
    return text[word.start() + possessive.start() if possessive else word.end() :]


def _capital(words: Iterable[str]) -> bool:
    return all(word[0].isupper() or word[0].isdigit() or word in {"of", "and", "the"} for word in words)


def _plain(word: str) -> str:
    return _DOMAIN.sub("", _POSSESSIVE.sub("", word.casefold()))


@lru_cache(maxsize=4)
def _publisher_forms(publishers: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """How each paper may be named in a question: whole, or without what follows a dash or a domain."""
    forms: dict[str, tuple[str, ...]] = {}
    for name in publishers:
        for said in {name, _TAIL.split(name)[0], _DOMAIN.sub("", name.casefold())}:
            form = " ".join(_plain(word) for word in _WORD.findall(said))
            if form:
                forms[form] = (*forms.get(form, ()), name)
    return {form: tuple(dict.fromkeys(names)) for form, names in forms.items()}


@lru_cache(maxsize=4)
def _author_forms(bylines: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Authors by their names in small letters; a single word is too often another word."""
    single = dict.fromkeys(author for byline in bylines for author in authors_of(byline))
    said = {author: [_plain(word) for word in _WORD.findall(author)] for author in single}
    return {" ".join(words): (author,) for author, words in said.items() if len(words) > 1}
