"""An article becomes questions about it, each with the place that answers: sentences, lead, title, headings."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from index.records import Article
from index.sentences import sentences
from rag.evals.making.asked import Asked
from rag.evals.making.clauses import is_plain, is_statement, lowered, named, without_dateline
from rag.evals.making.english import leans, points
from rag.evals.making.names import Names, mentioned, names_in
from rag.evals.making.templates import questions

FOLLOW_UP = "follow-up"
WHEN_WAS_THAT = "When was that?"
# Kinds whose question begins with a turned verb, so that its subject can be a pronoun: "When did she resign?"
TURNED = frozenset({"when", "where", "why", "how many", "how much", "how long"})

# Shorter first sentences tell too little, and longer ones are no question any more.
MIN_LEAD, MAX_LEAD = 9, 28
# How far into an article its first sentence is looked for.
LINES_BEFORE = 5
# A title that was cut off.
_CUT_OFF = re.compile(
    r"\b(?:the|a|an|of|to|in|on|at|for|and|or|but|with|by|from|its?|her|his|after|over|every|not|we)$|do$",
    re.IGNORECASE,
)
# What a site adds to its titles: "Ferry returns | The Chronicle".
_SITE = re.compile(r"\s+(?:[|–—]|-)\s+[^|–—]{2,40}$")


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: article.text[start:end] == text for the article of `source`."""

    source: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Made:
    """A question and the place that answers it. `earlier` is asked before a follow-up.

    `answer` is the text in that place which answers, "" where all of it does; `about` is whom or what the question is
    about, as the place names it, "" where that is not known.
    """

    kind: str
    text: str
    answer: str
    gold: Place
    about: str = ""
    earlier: tuple[str, ...] = ()


def made_of(article: Article, small: dict[str, float]) -> list[Made]:
    """Every question that the rules make of an article, in the order of its text; see `names.Names` for `small`."""
    ranges = sentences(article.text, "en")
    texts = [article.text[start:end] for start, end in ranges]
    names = names_in(texts, small)
    single = [
        _made(article, asked, span)
        for span, text in zip(ranges, texts, strict=True)
        if is_plain(text)
        for asked in questions(text, names)
    ]
    return [*single, *_of_whole(article, names, ranges), *_follow_ups(article, single, names, ranges)]


def _made(article: Article, asked: Asked, span: tuple[int, int]) -> Made:
    return Made(asked.kind, asked.text, asked.answer, place(article, span), asked.about)


def place(article: Article, span: tuple[int, int]) -> Place:
    """A range of an article as a place."""
    return Place(article.source, *span, article.text[slice(*span)])


def _of_whole(article: Article, names: Names, ranges: Sequence[tuple[int, int]]) -> Iterator[Made]:
    """What the lead, the title and the headings ask."""
    title, opening = _SITE.sub("", article.title), _lead(article, ranges)
    if not opening:
        return
    lead = without_dateline(opening.text)
    said = lowered(lead[:-1], names) if is_statement(lead) and named(lead) else None
    if said and not points(lead) and MIN_LEAD <= len(lead.split()) <= MAX_LEAD:
        yield Made("lead", f"Which article reports that {said}?", "", opening)
    if not is_title(title):
        return
    yield Made("title", f"What is the article “{title}” about?", "", opening)
    for section in article.sections:
        below = next((span for span in ranges if span[0] >= section.body), None)
        text = _headed(title, section.heading) if section.heading != article.title else ""
        if text and below and is_plain(article.text[slice(*below)]):
            yield Made("heading", text, "", place(article, below))


def _lead(article: Article, ranges: Sequence[tuple[int, int]]) -> Place | None:
    """The first sentence that is one: before it may stand a byline, a place, a line about pictures."""
    found = (place(article, span) for span in ranges[:LINES_BEFORE])
    return next((one for one in found if is_plain(one.text) and len(one.text.split()) >= 8), None)


def is_title(text: str) -> bool:
    """Whether it is long enough to tell one article from another, and has no mark in it that would end a quotation."""
    return 4 <= len(text.split()) <= 20 and not _CUT_OFF.search(text) and not re.search(r"[“”\"\n]", text)


def _headed(title: str, heading: str) -> str:
    """The question that a heading makes: its own, when it asks one that can be understood alone."""
    heading = heading.strip()
    if heading.endswith("?") and named(heading[1:]) and not leans(heading) and len(heading.split()) >= 5:
        return heading
    whole = 2 <= len(heading.split()) <= 10 and not re.search(r"[“”\"?:\n]", heading)
    return f"What does the article “{title}” say under “{heading}”?" if whole else ""


def _follow_ups(
    article: Article, single: Sequence[Made], names: Names, ranges: Sequence[tuple[int, int]]
) -> Iterator[Made]:
    """Questions that lean on an earlier one: by a pronoun for its person or institution, or by "that" for an event."""
    first: dict[str, list[Made]] = defaultdict(list)
    for made in single:
        if made.about and made.kind in {"person", "what", "role", "which", "who"}:
            first[made.about].append(made)
    for made in [*single, *_of_pronouns(article, names, ranges)]:
        pronoun, name = _pronoun(made, names)
        opening = next((one for one in first[name] if one.gold != made.gold), None) if pronoun else None
        if made.kind in TURNED and opening and made.text.count(made.about) == 1:
            text = made.text.replace(made.about, pronoun)
            yield replace(made, kind=FOLLOW_UP, text=text, earlier=(opening.text,))
    for made in single:
        if event := re.match(r"When (?P<turned>(?P<verb>did|was|were) .+\?)$", made.text):
            text = event["turned"][0].upper() + event["turned"][1:]
            yield replace(made, kind=FOLLOW_UP, text=WHEN_WAS_THAT, earlier=(text,))


def _pronoun(made: Made, names: Names) -> tuple[str, str]:
    """What stands for the subject in a follow-up, and the name that an earlier question is about; "" for nothing."""
    people = [person for person in names.people.values() if made.about in {person.name, person.last}]
    if people:
        return people[0].pronoun, people[0].name
    return ("it" if made.about in names.companies else ""), made.about


def _of_pronouns(article: Article, names: Names, ranges: Sequence[tuple[int, int]]) -> Iterator[Made]:
    """The questions of sentences that begin with "He" or "She", when the one before names one such person only."""
    for before, span in pairwise(ranges):
        text = article.text[slice(*span)]
        around = mentioned(article.text[slice(*before)], names.people)
        person = names.people[around[0]] if len(around) == 1 else None
        if person and person.pronoun and text.startswith(f"{person.pronoun.capitalize()} ") and is_plain(text):
            told = f"{person.last}{text[len(person.pronoun) :]}"
            yield from (_made(article, asked, span) for asked in questions(told, names) if asked.about == person.last)
