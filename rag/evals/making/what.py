"""Templates that ask for a thing, a time, a place or a reason: what, when, where, why."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.lexical import STOP_WORDS
from rag.evals.making.asked import Asked
from rag.evals.making.clauses import inverted, is_simple, lowered, named, parsed, raised, shortened, simple, undated
from rag.evals.making.english import COUNTRIES, DATE, DAYS, MONEY, ROLE
from rag.evals.making.names import PLACE, SHORT, Names, is_name
from rag.evals.making.verbs import AUXILIARIES, BE, NO_EVENT, PARTICIPLES, PAST, TAKES, TO_DO

_NO_THING = (STOP_WORDS | {"but", "so", "while", "when", "after", "before", "like", "since", "under"}) - {"the"}
_THING = re.compile(
    r"(?<![\w’'] )\b(?P<name>[A-ZÀ-Þ][\w’'-]*(?: (?:of |the |and |for )*[A-ZÀ-Þ][\w’'-]*){0,4}), "
    r"(?P<what>an? (?:[\w’'$%-]+ ){1,10}[\w’'-]+)(?=,)"
)
_SOMEBODY = re.compile(
    rf"\b(?:{ROLE}|who|man|woman|doctor|fan|player|actor|actress|mother|father|student|veteran|member)\b"
)


def what(sentence: str, names: Names) -> Iterator[Asked]:
    """Names of things with what they are beside them, and the words behind an abbreviation."""
    for found in _THING.finditer(sentence):
        name, called = found["name"], lowered(found["name"], names)
        if called and _is_thing(name, names) and not _SOMEBODY.search(found["what"]):
            yield Asked("what", f"What is {called}?", found["what"], name)
    for found in SHORT.finditer(sentence):
        initials = "".join(word[0] for word in found["long"].split() if word[0].isupper())
        if initials == found["short"]:
            yield Asked("what", f"What does {found['short']} stand for?", found["long"], found["short"])


def _is_thing(name: str, names: Names) -> bool:
    """Whether a name is whole and of no person: an abbreviation, several words, or what the text calls a company."""
    if name in COUNTRIES or name.split()[0].lower() in _NO_THING:
        return False
    return (name.isupper() and len(name) > 2) or (" " in name and not is_name(name)) or name in names.companies


# A number of things, a sum, and what is not said in full: "the business".
_NO_OBJECT = re.compile(rf"^\d|^(?:the|its|an?) [\w’'-]+$|{MONEY}")
_OBJECT = re.compile(
    r"(?P<what>(?:the|an?|its|[A-Z0-9$£€])(?:[\w’'.,%$-]*[\w’'%$-])?"
    r"(?: (?!(?:in|on|at|for|after|from|with|to|by|during|over|as|then|\w+ing)\b)[\w’'&$%.-]+){0,7})"
    r"(?P<rest>(?: (?:in|on|at|for|after|from|with|to|during|over)\b[^,]*)?)$"
)
_TO = re.compile(r"to (?P<what>[a-z].+)$")


def what_did(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences whose verb takes a thing: "What did the trust buy in 2019?", and those that say what is to be done."""
    clause = parsed(sentence)
    subject = lowered(clause.subject, names) if clause else None
    if not clause or not subject or clause.verb not in PAST:
        return
    base, rest = PAST[clause.verb], shortened(clause.rest)
    if base in TAKES and (found := _OBJECT.match(rest)) and _is_object(found["what"], found["rest"]):
        yield Asked("what", f"What did {subject} {base}{found['rest']}?", found["what"], clause.subject)
    if base in TO_DO and (found := _TO.match(rest)) and named(clause.rest):
        yield Asked("what", f"What did {subject} {base} to do?", f"to {found['what']}", clause.subject)


def _is_object(thing: str, rest: str) -> bool:
    """Whether a thing is said in full and alone, and a year is not on both sides of the cut."""
    whole = simple(thing) and simple(rest) and not _NO_OBJECT.search(thing)
    return whole and (undated(thing) or undated(rest))


_DAY = rf"(?:[Oo]n )?(?:{DAYS})(?: morning| afternoon| evening| night)?"
_WHEN = rf"(?P<date>{DATE}|{_DAY})"
_DATE_FIRST = re.compile(rf"{_WHEN}, (?P<clause>.+)$")
_DATE_LAST = re.compile(
    rf"(?P<middle>.*?),?(?:^| ){_WHEN}"
    r"(?=,|$| (?:at|with|by|for|during|from|near|after|before|when|while|as|to|in|amid|following|because)\b)"
)
# What belongs to the date, or says nothing without it.
_WITH_THE_DATE = re.compile(r"(?:^| )(?:early|late|only|again|back|earlier|later)$")


def when(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences that say one thing and end with its date, or begin with it."""
    first = _DATE_FIRST.match(sentence)
    clause = parsed(raised(first["clause"]) if first else sentence)
    last = _DATE_LAST.match(clause.rest) if clause and not first else None
    date = first or last
    if clause and date:
        middle = _WITH_THE_DATE.sub("", last["middle"] if last else clause.rest)
        turned = inverted(clause, middle, names) if _happens(clause.verb, middle) else None
        if turned and undated(turned):
            yield Asked(
                "when", f"When {turned}?", re.sub(r"^[OI]n ", lambda m: m[0].lower(), date["date"]), clause.subject
            )


def _happens(verb: str, middle: str) -> bool:
    """Whether something happens, once and as a whole, that can be asked for its date."""
    if verb in NO_EVENT or not is_simple(verb, middle):
        return False
    first = middle.removeprefix("been ").split(" ")[0]
    done = first in PARTICIPLES | {"on", "in", "at", "out", "under"} or first.endswith("ing")
    state = verb in BE or verb in {"has", "have", "had"}
    return done if state else bool(first) or verb not in AUXILIARIES


_PLACED = "born|held|found|arrested|based|located|buried|built|staged|killed|shot|raised|educated|filmed|headquartered"
_HAPPENED = "died|met|lived|spoke|opened|landed|crashed|studied|worked|began|happened|trained|took|grew|gathered"
_IN_A_PLACE = rf"(?:in|at|near) (?P<place>{PLACE})(?=,|$| on | in | and )"
_WAS_PLACED = re.compile(rf"(?P<done>{_PLACED}) {_IN_A_PLACE}")
_TOOK_PLACE = re.compile(
    rf"(?P<verb>{_HAPPENED})(?P<middle>(?: place| up)?(?: with [^,]{{3,40}}?| [A-Z][^,]{{2,30}}?)?) {_IN_A_PLACE}"
)


def where(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences that say in which place somebody was born, something was held, and the like."""
    clause = parsed(sentence)
    subject = lowered(clause.subject, names) if clause else None
    if not clause or not subject:
        return
    placed = _WAS_PLACED.match(clause.rest) if clause.verb in BE else None
    if placed and undated(placed["place"]):
        yield Asked("where", f"Where {clause.verb} {subject} {placed['done']}?", placed["place"], clause.subject)
    took = _TOOK_PLACE.match(f"{clause.verb} {clause.rest}")
    if took and undated(took["place"]) and simple(took["middle"]):
        text = f"Where did {subject} {PAST[took['verb']]}{took['middle']}?"
        yield Asked("where", text, took["place"], clause.subject)


_REASON = re.compile(r"(?P<middle>[^,“”\"]*?),? ?\b(?P<reason>(?:because|due to) [^“”\"]+)$")


def why(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences that say one thing and the reason for it."""
    clause = parsed(sentence)
    found = _REASON.match(clause.rest) if clause and clause.verb not in NO_EVENT else None
    if not clause or not found or not is_simple(clause.verb, found["middle"]):
        return
    turned = inverted(clause, found["middle"], names)
    if turned and (found["middle"] or clause.verb not in AUXILIARIES):
        yield Asked("why", f"Why {turned}?", found["reason"], clause.subject)
