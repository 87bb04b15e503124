"""Questions over the whole archive: a timeline, a summary, a comparison, what is new.

None of these has one passage that answers it. Each is searched for in as many rounds as it has topics, and the answer
is a list of verbatim sentences, one of each article, with its day. What is not about the topic is left out, and where
nothing is, the articles do not say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from index.candidates import Only
from index.records import Hit
from index.search import EVERYTHING, Index
from rag.answers import Draft, DraftSentence, Quote, Refusal, Spot
from rag.followups import Query
from rag.periods import MONTHS, WEEKDAYS, Period, periods
from rag.reader import Candidate, candidates, coverage, rarity
from rag.reading.drafting import in_the_same_words
from rag.retrieve import Found, HybridRetriever

NAME = "survey"
# So many articles are named at most, and of each of several topics.
MOST, MOST_OF_EACH = 10, 4
# A sentence is about the topic when it has this share of its words, by how rare they are; its title counts too.
ABOUT = 0.6
# A list is read for what it says: a sentence that is longer says more than one thing.
SHORTEST, LONGEST = 25, 400


class Kind(StrEnum):
    """What is asked for."""

    TIMELINE = "timeline"
    SUMMARY = "summary"
    COMPARISON = "comparison"
    NEW = "new"


HEADINGS = {
    Kind.TIMELINE: "What your articles say of it, oldest first:",
    Kind.SUMMARY: "What your articles say of it:",
    Kind.COMPARISON: "What your articles say of each:",
    Kind.NEW: "What is new in your articles, newest first:",
}


@dataclass(frozen=True, slots=True)
class Survey:
    """A question over the archive: its topics, none where all that is new is meant, and its words."""

    kind: Kind
    topics: tuple[str, ...]
    text: str


# A question is matched without what stands around its words, and no repetition of these patterns may end where the next
# one could begin: a long question takes no longer than its length, whatever it is made of.
_WORDS = re.compile(r"\w(?:.*\w)?", re.DOTALL)
_PLEASE = r"(?:(?:please|can you|could you|would you|i(?:'d| would) like you to|help me)\W++)*+"
_MAKE = (
    r"(?:(?:give|show|make|write|draw|create|build|provide|get|i want|i need)(?: (?:me|us))?\W++)?(?:(?:an?|the)\W++)?"
)
_BRIEF = r"(?:(?:short|brief|quick|full|detailed|complete|general)\W++)?"
_A = _PLEASE + _MAKE + _BRIEF
_TOPIC = r"(?P<topic>.+)"
_TEXTS = r"(?:my|the|these|our|all|all of (?:my|the)) (?:articles?|texts?|documents?|sources?|papers?)"
_TELL = r"(?:say|said|write|written|tell(?: me)?|report(?:ed)?) (?:about|of|on)"
_IS_NEW = r"what(?:['’]s| is| was)(?: there)? new|what has happened|what(?:['’]s| is) (?:the latest|in the news)"
_DIFFER = "(?:compare|differ)"
_PATTERNS = (
    (Kind.TIMELINE, _A + r"(?:time ?line|chronology) (?:of|for|about|on) " + _TOPIC),
    (Kind.TIMELINE, r"how (?:did|has|have) (?P<topic>.+?) (?:unfold|develop|evolve)(?:ed|d)?(?: over .+)?$"),
    (Kind.COMPARISON, _PLEASE + r"compare (?P<one>.+?) (?:and|with|to|against|versus|vs\.?) (?P<other>.+)"),
    (Kind.COMPARISON, rf"how (?:do|does|did) (?=.+ {_DIFFER}$)(?P<one>.+?) and (?P<other>.+) {_DIFFER}$"),
    (Kind.COMPARISON, r"how (?:do|does|did) (?P<one>.+?) compare (?:to|with) (?P<other>.+)"),
    (Kind.SUMMARY, _PLEASE + r"(?:summari[sz]e|sum up|recap|outline) " + _TOPIC),
    (Kind.SUMMARY, _A + r"(?:summary|overview|recap|digest|outline) (?:of|on|about) " + _TOPIC),
    (Kind.SUMMARY, rf"what (?:do|does|did|have|has) {_TEXTS} {_TELL} {_TOPIC}"),
    (Kind.NEW, rf"(?:{_IS_NEW}|any(?:thing)? new|any news)(?:\W++(?:on|about|with|of|in) {_TOPIC})?$"),
)
_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE | re.DOTALL)) for kind, pattern in _PATTERNS)
# New only with the days of it: "what happened?" asks about what was said before.
_HAPPENED = re.compile(r"what(?: has|['’]s)? happened$", re.IGNORECASE)
_OWN = re.compile(
    r"^(?:(?:all|everything|the articles?|my articles?|what (?:my|the) articles say|the news|news|coverage|reports?|"
    r"the (?:story|events?|news|coverage|history)) (?:of|about|on|around|regarding|concerning) )+",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"^(?:all|everything|it|this|that|them|my articles?|the articles?|the archive|(?:the )?news)$", re.I
)
# Days are listed with white space and commas between them; any other mark ends the list.
_TOKEN = re.compile(r"\w+|[^\w\s,]")
_DAY = re.compile(
    rf"today|yesterday|weekend|morning|(?:day|week|month|year)s?|{'|'.join((*WEEKDAYS, *MONTHS))}|\d{{1,2}}|\d{{4}}",
    re.IGNORECASE,
)
# What stands before them, the last first: "over the past two weeks".
_BEFORE_DAYS = tuple(
    re.compile(word, re.IGNORECASE)
    for word in (
        r"\d+|two|three|few", "last|past|this|these", "the", "since|from|in|over|during|for|on|after|within",
    )
)  # fmt: skip


def surveyed(text: str) -> Survey | None:
    """What the question asks over the archive; None for a question that a passage may answer."""
    said = _words(text)
    dayless = _without_days(said)
    if dayless != said and _HAPPENED.match(dayless):
        return Survey(Kind.NEW, (), text)
    for kind, pattern in _COMPILED:
        match = pattern.match(dayless if kind is Kind.NEW else said)
        if not match:
            continue
        named = [match[name] for name in ("topic", "one", "other") if name in pattern.groupindex and match[name]]
        topics = tuple(topic for one in named if (topic := _topic(one)))
        if topics or kind is Kind.NEW:
            return Survey(kind, topics, text)
    return None


def gathered(retriever: HybridRetriever, survey: Survey, asked: date, only: Only = EVERYTHING) -> Found:
    """What is found for each topic, the best of each by turns; of what is new, that of its days alone."""
    latest = retriever.index.overview().last
    if survey.kind is Kind.NEW:
        return _new(retriever, survey, asked, latest, only)
    rounds = [retriever.search(Query(topic), asked, only) for topic in survey.topics]
    return _merged(rounds)


def drafted(index: Index, survey: Survey, hits: Sequence[Hit]) -> Draft:
    """The list, or a refusal where nothing is about it."""
    if not hits:
        return Draft((), NAME, Refusal.NOTHING_FOUND)
    chosen: list[Candidate] = []
    for topic in survey.topics or ("",):
        rare = rarity(index, topic) if topic else {}
        most = MOST_OF_EACH if len(survey.topics) > 1 else MOST
        chosen += _chosen(hits, rare, most, chosen)
    if not chosen:
        return Draft((), NAME, Refusal.NOT_SUPPORTED)
    ordered = _ordered(survey.kind, chosen)
    spots = tuple(Spot(c.hit.passage.id, c.start, c.end) for c in ordered)
    return Draft(tuple(map(_quoted, ordered)), NAME, spots=spots, heading=HEADINGS[survey.kind])


def _new(retriever: HybridRetriever, survey: Survey, asked: date, latest: date | None, only: Only) -> Found:
    span = _span(periods(survey.text, asked, latest), asked)
    if survey.topics:
        found = _merged([retriever.search(Query(f"{topic} {span.words}"), asked, only) for topic in survey.topics])
        held = tuple(hit for hit in found.hits if hit.article.published and span.holds(hit.article.published))
        return replace(found, hits=held)
    with retriever.index.view(only) as view:
        searched = view.overview()
        return Found(tuple(view.published(span.first, span.last, retriever.limit)), searched)


def _span(said: Sequence[Period], asked: date) -> Period:
    """The days that are named, or all until the question: what is new is then what is newest."""
    if said:
        return Period(" ".join(p.words for p in said), min(p.first for p in said), max(p.last for p in said))
    return Period("", date.min, asked)


def _merged(rounds: Sequence[Found]) -> Found:
    """All that was found, the first of each round before the second of any, each passage once."""
    longest = max((len(found.hits) for found in rounds), default=0)
    turns = (found.hits[n] for n in range(longest) for found in rounds if n < len(found.hits))
    hits: dict[str, Hit] = {}
    for hit in turns:
        hits.setdefault(hit.passage.id, hit)
    unknown = tuple(dict.fromkeys(word for found in rounds for word in found.unknown))
    return Found(tuple(hits.values()), rounds[-1].searched, rounds[0].stages, rounds[0].implied, unknown)


def _chosen(hits: Sequence[Hit], rare: Mapping[str, float], most: int, taken: Iterable[Candidate]) -> list[Candidate]:
    """The sentence of each article that is most about the topic, of the best articles, none of which say the same."""
    found: list[Candidate] = []
    before = [*taken]
    for best in _of_each_article(hits, rare):
        if len(found) == most:
            break
        if not any(in_the_same_words(best.text, other.text) for other in [*before, *found]):
            found.append(best)
    return found


def _of_each_article(hits: Sequence[Hit], rare: Mapping[str, float]) -> Iterator[Candidate]:
    seen: set[str] = set()
    for hit in hits:
        if hit.speaker in seen:
            continue
        scored = [
            (coverage(rare, one.text) + coverage(rare, f"{hit.article.title} {one.text}"), -one.start, one)
            for one in candidates([hit])
            if SHORTEST <= len(one.text) <= LONGEST
        ]
        if scored and (not rare or max(scored)[0] >= 2 * ABOUT):
            seen.add(hit.speaker)
            yield max(scored)[2] if rare else scored[0][2]


def _ordered(kind: Kind, chosen: Sequence[Candidate]) -> list[Candidate]:
    if kind is Kind.COMPARISON:
        return list(chosen)
    newest = kind is Kind.NEW
    # What has no day stands behind all that has one.
    return sorted(
        chosen,
        key=lambda one: (
            one.hit.article.published is None,
            (one.hit.article.published or date.min).toordinal() * (-1 if newest else 1),
        ),
    )


def _quoted(one: Candidate) -> DraftSentence:
    return DraftSentence(one.text, (Quote(one.hit.passage.id, one.text, one.start),))


def _topic(said: str) -> str:
    """What is left of a topic without "the news about" before it; "" for everything."""
    topic = _OWN.sub("", said.strip(' .?!,:;"“”')).strip()
    return "" if _NOTHING.match(topic) else topic


def _words(text: str) -> str:
    """The text from its first word to its last."""
    found = _WORDS.search(text)
    return found[0] if found else ""


def _without_days(text: str) -> str:
    """The question without its words for days at the end: "what is new since Monday" asks what is new."""
    tokens = list(_TOKEN.finditer(text))
    left = len(tokens)
    while left and _DAY.fullmatch(tokens[left - 1][0]):
        left -= 1
    if left == len(tokens):
        return text
    for before in _BEFORE_DAYS:
        left -= bool(left and before.fullmatch(tokens[left - 1][0]))
    return _words(text[: tokens[left - 1].end()]) if left else ""
