"""What a question names that articles are known by: the paper, the author, the days. Matched against what there is.

"According to The Verge" prefers articles of The Verge; it does not leave out the others, because a name can be the
matter itself: "Which company is The Verge's owner?"
"""

from __future__ import annotations

import re
import unicodedata
from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from index.candidates import About, Names
from index.lexical import STOP_WORDS
from rag.matching import bare
from rag.periods import Period, onward, opens_sentence, periods, up_to

# Words of the longest name that is looked for.
MAX_WORDS = 8

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?(?:\.(?:com|org|net))?", re.IGNORECASE)
# What a paper's name is often followed by, in feeds: "BBC News - Arts", "Cnbc | World Business News Leader".
_TAIL = re.compile(r"(?<!\s)\s+[-–—|:]\s+|:\s+")
_DOMAIN = re.compile(r"(?:\.(?:com|org|net|co|uk|de|fr|au|in|io|news))+$")
_POSSESSIVE = re.compile(r"['’]s?$")
# They open a sentence, and are no part of the name that follows: "Did Forbes say so?"
_OPENERS = STOP_WORDS | frozenset(
    [
        "after",
        "although",
        "because",
        "before",
        "both",
        "either",
        "neither",
        "once",
        "since",
        "though",
        "unlike",
        "whereas",
        "while",
    ]
)
# They stand without a capital in a name: "The Mail on Sunday".
_LITTLE = frozenset({"and", "for", "in", "of", "on", "the"})
_ARTICLE = (
    r"(?:articles?|reports?|story|stories|piece|column|editorial|coverage|review|interview|essay|post|guide|reporting"
    r"|analys[ei]s|accounts?|descriptions?|portrayal)"
)
_SAYING = (
    r"(?:sa(?:y|ys|id)|writes?|wrote|(?:(?:dis)?agree|report|claim|suggest|note|state|mention|argue|indicate|discuss|explain|highlight"
    r"|detail|describe|attribute|portray|present|cover|publish|allege|predict|warn|emphasi[sz]e|quote|cite)(?:e?[ds]|es)?)"
)
_DONE = (
    r"(?:reported|published|written|covered|said|claimed|described|noted|mentioned|discussed|quoted|cited|alleged|suggested"
    r"|highlighted|featured|detailed|rumou?red|speculated|portrayed|presented|stated|indicated|criticized|printed)"
)
# Before and behind a paper that is written as a name and has said something.
_CREDIT = re.compile(
    rf"\b(?:according to|as per|(?:sources|papers) (?:including|such as|like)"
    r"|(?:account|analysis|coverage|description|portrayal|reporting) of [^,.;?]{1,60} by"
    rf"|(?:{_ARTICLE}|{_DONE})(?: (?:\w+ly|both))? (?:by|in|from)|published on|featured on)"
    rf"(?: (?:both|the|the same|an?|{_ARTICLE} (?:by|in|from)))*\W*$",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"^(?:['’]s?)?[\"”'’)]{0,2}(?: (?:also|\w+ly|first|recent|latest|same|own))? "
    rf"(?:magazine|newspaper|{_ARTICLE}|{_SAYING})\b",
    re.IGNORECASE,
)
# "The Age of Reason".
_LONGER = re.compile(r" of (?:the )?[A-Z]| [A-Z][a-z]")
_IN = re.compile(r"\bin (?:both )?[\"“'‘]?$", re.IGNORECASE)
# In small letters "the sun" must say something of something: it may well be the sun.
_CREDIT_SMALL = re.compile(rf"\b(?:according to|{_ARTICLE} (?:by|in|from|of)) $", re.IGNORECASE)
_SAID_SMALL = re.compile(
    r"^ (?:(?:say|report|write)s?|said|reported|wrote) (?:about|on|of)\b|^ (?:article|editorial)\b"
)
_BY = re.compile(r"^\s*by:?\s+", re.IGNORECASE)
# A family name and a given one, perhaps with initials: "Rae, Tom B.".
_INVERTED = re.compile(r"(?P<last>[^\s,]+), (?P<first>[^\s,]+(?: [^\W\d_]\.?)*)")
# "BBC" for "BBC News": letters that are a name by themselves, where the question has them as letters too.
_LETTERS = re.compile(r"(?P<letters>[A-Z]{2,5}) (?:News|Sports?|Online|Radio|TV)")
# They mean something else in small letters, after "according to" too.
_WORDS = frozenset({"life", "nature", "people", "science", "time"})
# A person is meant as an author of what is here where an article is credited, and not where anything else is done.
_BY_AUTHOR = re.compile(
    rf"\b(?:according to|(?:{_ARTICLE}|written|reported|published|penned|authored) (?:by|from)"
    r"|author|journalist|reporter|columnist|correspondent)\W*$",
    re.IGNORECASE,
)
_AUTHOR_WROTE = re.compile(rf"^(?:['’]s?)?\W{{0,2}}(?:{_ARTICLE}|writes?|wrote|report(?:s|ed)?)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Implied:
    """What a question says of the articles that are meant: names as the catalog has them, and periods of days."""

    publishers: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    periods: tuple[Period, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.publishers or self.authors or self.periods)

    @property
    def papers(self) -> tuple[tuple[str, ...], ...]:
        """The publishers by paper: the sections of one, as "BBC News - Arts" and "BBC News - Sport", are together."""
        by: dict[str, tuple[str, ...]] = {}
        for name in self.publishers:
            by[paper_of(name)] = (*by.get(paper_of(name), ()), name)
        return tuple(by.values())

    def fits(self, about: About) -> int:
        """How many of the three an article meets: its paper, its author, its day."""
        return (
            (about.publisher in self.publishers)
            + any(author in self.authors for author in authors_of(about.author))
            + (about.published is not None and any(period.holds(about.published) for period in self.periods))
        )


def paper_of(publisher: str) -> str:
    """The paper that a section is of: "BBC News" of "BBC News - Arts"."""
    return _TAIL.split(publisher)[0]


def implied(text: str, asked: date, names: Names, latest: date | None) -> Implied:
    """What the question implies, given the names that the live articles really have and their last day."""
    text = unicodedata.normalize("NFC", text)
    publishers, authors = _publisher_forms(names.publishers), _author_forms(names.authors)
    found = list(_named(text, ChainMap(publishers, authors)))  # type: ignore[arg-type]  # they are only looked into
    papers = [name for place in _credited(text, found, publishers) for name in publishers[place.form]]
    people = [name for place in found if _is_author(text, place) for name in authors.get(place.form, ())]
    return Implied(
        tuple(dict.fromkeys(papers)),
        tuple(dict.fromkeys(people)),
        tuple(dict.fromkeys(periods(_without(text, found), asked, latest))),
    )


def authors_of(said: str | None) -> list[str]:
    """The single names in a byline: "By Ada Quill, Ines Bell and Tom Rae" are three, "Rae, Tom" is one."""
    said = _BY.sub("", said or "")
    names: list[str] = []
    # White space is taken off afterwards: in a pattern, a byline of blanks took the square of its length.
    for part in map(str.strip, re.split("[;&]| and ", said)):
        inverted = _INVERTED.fullmatch(part)
        names += [f"{inverted['first']} {inverted['last']}"] if inverted else map(str.strip, part.split(","))
    return [name for name in names if name]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a name stands in a question.

    It is `written` as a name where it has capitals, and a `title` where that is no other thing's name: "The Sun" is,
    "the Sun" and "Fortune" are not.
    """

    form: str
    start: int
    end: int  # without "'s"
    written: bool
    title: bool


# A word with a capital right before a name of one word: "Michael Bloomberg", "Washington Post".
_LONGER_BEFORE = re.compile(r"(?<![\w'’])(?P<word>[A-Z]\w+) $")


def _named(text: str, forms: Mapping[str, object]) -> Iterator[_Place]:
    """Each name in the text, in order; of two in one place the longer."""
    words = list(_WORD.finditer(text))
    plain = [_plain(word[0]) for word in words]
    at = 0
    while at < len(words):
        for end in range(min(len(words), at + MAX_WORDS), at, -1):
            said = words[at:end]
            form = " ".join(plain[at:end])
            if form not in forms and len(said) == 1:
                form = _POSSESSIVE.sub("", said[0][0])
            if form in forms:
                written = _is_written(text, said) and not _is_part(text, said)
                yield _Place(form, said[0].start(), _end(said[-1]), written, written and _is_title(text, said))
                at = end - 1
                break
        at += 1


def _end(word: re.Match[str]) -> int:
    possessive = _POSSESSIVE.search(word[0])
    return word.start() + possessive.start() if possessive else word.end()


def _is_written(text: str, words: Sequence[re.Match[str]]) -> bool:
    """Whether the words have capitals; one that opens a sentence always has, so that one alone does not tell."""
    own = [word for word in words if word[0].lower() not in _LITTLE]
    if len(own) == 1 and opens_sentence(up_to(text, own[0].start())) and own[0][0][1:].islower():
        return False
    return all(word[0][0].isupper() or word[0][0].isdigit() or _DOMAIN.search(word[0]) for word in own)


def _is_part(text: str, words: Sequence[re.Match[str]]) -> bool:
    """Whether a single word is the end of another name; "The Age" is whole, and "Did Forbes" begins with none."""
    before = up_to(text, words[0].start())
    longer = _LONGER_BEFORE.search(before) if len(words) == 1 else None
    if not longer or longer["word"] == "The":
        return False
    return not (opens_sentence(before[: longer.start()]) and longer["word"].lower() in _OPENERS)


def _is_title(text: str, words: Sequence[re.Match[str]]) -> bool:
    """Whether it has two words besides "The", "The" with a capital inside a sentence, or a shape like "TechCrunch"."""
    first, last = words[0][0], words[-1][0]
    if len(words) > 2 or not _LONGER.match(onward(text, words[-1].end())):
        if first.lower() != "the":
            return len(words) > 1 or not last[1:].islower() or bool(_DOMAIN.search(last))
        return len(words) > 2 or (first == "The" and not opens_sentence(up_to(text, words[0].start())))
    return False


def _credited(text: str, found: Sequence[_Place], publishers: Mapping[str, object]) -> list[_Place]:
    """The papers that are meant as such: those that have said something, and then all that are written as names.

    "Who owns The Age?" means no paper, and "According to Fortune, who owns The Age?" two, as questions that name
    several mostly ask what each has said.
    """
    papers = [place for place in found if place.form in publishers]
    said = [_has_said(text, place) for place in papers]
    return [
        place
        for place, has_said in zip(papers, said, strict=True)
        if has_said or (any(said) and place.written and (place.title or " " not in place.form))
    ]


def _has_said(text: str, place: _Place) -> bool:
    before, after = up_to(text, place.start), onward(text, place.end)
    if place.written:
        return bool(_CREDIT.search(before) or _SAID.search(after) or (place.title and _IN.search(before)))
    if place.form in _WORDS:
        return False
    return bool(_CREDIT_SMALL.search(before) or (place.form.startswith("the ") and _SAID_SMALL.search(after)))


def _is_author(text: str, place: _Place) -> bool:
    return bool(_BY_AUTHOR.search(up_to(text, place.start)) or _AUTHOR_WROTE.search(onward(text, place.end)))


def _without(text: str, found: Iterable[_Place]) -> str:
    """The text with other letters for names, so that "USA Today" has no day in it."""
    parts, at = [], 0
    for place in found:
        if place.written:
            parts += [text[at : place.start], "X" * (place.end - place.start)]
            at = place.end
    return "".join([*parts, text[at:]])


def _plain(word: str) -> str:
    """The word without its case, its accents and its ending."""
    return _DOMAIN.sub("", _POSSESSIVE.sub("", bare(word.casefold())))


@lru_cache(maxsize=4)
def _publisher_forms(publishers: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """How each paper may be named in a question: whole, without what follows a dash or a domain, by its letters."""
    forms: dict[str, tuple[str, ...]] = {}
    for name in publishers:
        paper = _TAIL.split(name)[0]
        if letters := _LETTERS.fullmatch(paper):
            forms[letters["letters"]] = (*forms.get(letters["letters"], ()), name)
        for said in {name, paper, _DOMAIN.sub("", name.casefold())}:
            form = " ".join(_plain(word) for word in _WORD.findall(said))
            if form:
                forms[form] = (*forms.get(form, ()), name)
    return {form: tuple(dict.fromkeys(names)) for form, names in forms.items()}


@lru_cache(maxsize=4)
def _author_forms(bylines: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Authors by their names in small letters; a single word is too often another word."""
    single = dict.fromkeys(author for byline in bylines for author in authors_of(byline))
    said = {author: [_plain(word) for word in _WORD.findall(unicodedata.normalize("NFC", author))] for author in single}
    return {" ".join(words): (author,) for author, words in said.items() if len(words) > 1}
