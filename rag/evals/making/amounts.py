"""Templates that ask for an amount: how many, how much, how long."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.evals.making.asked import Asked
from rag.evals.making.clauses import Clause, inverted, is_simple, lowered, parsed, shortened, simple
from rag.evals.making.english import ABOUT, MONEY, NUMBER
from rag.evals.making.names import PLACE, Names
from rag.evals.making.verbs import AUXILIARIES, FINITE, NO_EVENT, PARTICIPLES, PAST, UNSURE, words

_COUNT = rf"(?:{ABOUT} )?(?P<n>{NUMBER})"
_NOUNS = r"(?P<noun>(?:[a-zA-Z’'-]+ ){0,3}?(?:[a-z]{2,}s|people|men|women|children|police))"
# What is in a stretch that names no things that are counted.
_NO_NOUN = words(
    "of percent per in to and or years months days weeks hours us was is as this has times points says degrees"
)
_NUMBER_FIRST = re.compile(rf"{_COUNT} {_NOUNS} (?P<verb>[a-z]+) (?P<rest>.+)\.$")
_THERE_ARE = re.compile(rf"There (?P<verb>are|were) {_COUNT} {_NOUNS} (?P<rest>.+)\.$")
_COUNTED = re.compile(
    rf"{_COUNT} {_NOUNS}(?P<rest>(?: (?:in|on|at|for|from|to|with|across|around|during|over|by)\b[^,]*)?)$"
)
_HAS = re.compile(
    rf"(?P<subject>{PLACE}|The [a-z]+(?: [a-z]+)?) (?P<verb>has|have|had|employs|owns|operates) (?P<rest>.+)\.$"
)
_ASKED_OF = {
    "has": "does {} have", "have": "do {} have", "had": "did {} have", "employs": "does {} employ",
    "owns": "does {} own", "operates": "does {} operate",
}  # fmt: skip


def how_many(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences that begin with a number of things, or whose verb has one as its object."""
    first = _NUMBER_FIRST.match(sentence)
    if first and first["verb"] in FINITE - UNSURE and _are_counted(first["noun"]):
        yield Asked("how many", f"How many {first['noun']} {first['verb']} {first['rest']}?", first["n"])
    there = _THERE_ARE.match(sentence)
    if there and _are_counted(there["noun"]):
        yield Asked("how many", f"How many {there['noun']} {there['verb']} there {there['rest']}?", there["n"])
    for subject, turned, rest in _with_objects(sentence):
        found, called = _COUNTED.match(shortened(rest)), lowered(subject, names)
        if found and called and _are_counted(found["noun"]) and simple(found["rest"]):
            text = f"How many {found['noun']} {turned.format(called)}{found['rest']}?"
            yield Asked("how many", text, found["n"], subject)


def _with_objects(sentence: str) -> Iterator[tuple[str, str, str]]:
    """(subject, the verb as it is asked about it, what it takes): "did {} sell", "has {} sold", "does {} have"."""
    if clause := parsed(sentence):
        done, _, behind = clause.rest.partition(" ")
        if clause.verb not in AUXILIARIES | NO_EVENT:
            yield clause.subject, f"did {{}} {PAST[clause.verb]}", clause.rest
        if clause.verb in {"has", "have", "had"} and done in PARTICIPLES - {"been"}:
            yield clause.subject, f"{clause.verb} {{}} {done}", behind
    if has := _HAS.match(sentence):
        yield has["subject"], _ASKED_OF[has["verb"]], has["rest"]


def _are_counted(noun: str) -> bool:
    found = noun.split(" ")
    return _NO_NOUN.isdisjoint(found) and FINITE.isdisjoint(found)


_SHARE = re.compile(
    rf"(?:{ABOUT} )?(?P<n>\d+(?:\.\d+)?(?:%| per ?cent)) of (?P<noun>(?:[\w’'-]+ ){{1,6}}?)"
    r"(?P<verb>[a-z]+) (?P<rest>.+)\.$"
)
_BEHIND_A_SUM = r"(?P<rest>(?: (?:for|to|in|from|on|over|at|by|with|during|since)\b[^,]*)?)$"
_SUM = re.compile(rf"(?P<cost>cost )?(?:{ABOUT} |a total of )?(?P<n>{MONEY}){_BEHIND_A_SUM}")
_MOVED = words("rose fell climbed dropped increased decreased grew jumped soared plunged declined gained lost surged")
_BY = re.compile(rf"(?:by )?(?:{ABOUT} )?(?P<n>\d+(?:\.\d+)?(?:%| per ?cent| points)|{MONEY}){_BEHIND_A_SUM}")


def how_much(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences whose verb has a sum as its object, those that say how far something rose, and shares of things."""
    share = _SHARE.match(sentence)
    if share and share["verb"] in FINITE - UNSURE:
        yield Asked("how much", f"What percentage of {share['noun']}{share['verb']} {share['rest']}?", share["n"])
    clause = parsed(sentence)
    subject = lowered(clause.subject, names) if clause else None
    if clause and subject and (found := _sum(clause, subject)):
        text, amount, rest = found
        if simple(rest):
            yield Asked("how much", f"{text}{rest}?", amount, clause.subject)


def _sum(clause: Clause, subject: str) -> tuple[str, str, str] | None:
    """The question up to what stands behind the amount, the amount, and what stands behind it."""
    rest = shortened(clause.rest)
    done, _, behind = rest.partition(" ")
    if clause.verb in _MOVED and (found := _BY.match(rest)):
        return f"By how much did {subject} {PAST[clause.verb]}", found["n"], found["rest"]
    if clause.verb in {"has", "have", "had"} and done in PARTICIPLES and (found := _BY.match(behind)):
        return f"By how much {clause.verb} {subject} {done}", found["n"], found["rest"]
    found = _SUM.match(rest)
    if not found:
        return None
    if clause.verb in {"will", "would", "could"} and found["cost"]:
        return f"How much {clause.verb} {subject} cost", found["n"], found["rest"]
    if clause.verb in {"is", "was"} and not found["cost"]:
        return f"How much {clause.verb} {subject}", found["n"], found["rest"]
    if clause.verb in PAST and not found["cost"]:
        return f"How much did {subject} {PAST[clause.verb]}", found["n"], found["rest"]
    return None


_LASTED = re.compile(
    rf"(?P<middle>(?:.+ )?)(?P<for>for )?(?:{ABOUT} )?(?P<n>{NUMBER} (?:years|months|weeks|days|hours|minutes))"
    r"(?P<rest>(?: (?:in|on|at|as|with)\b[^,]*)?)$"
)
_ABOUT_AT_END = re.compile(rf"\b{ABOUT} $")
_DIED = re.compile(r"(?:has )?died\b.*? at (?:the )?age (?:of )?(?P<age>[1-9]\d)\b")


def how_long(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences that say how long something lasted, and at what age somebody died."""
    clause = parsed(sentence)
    if not clause:
        return
    found = _LASTED.match(shortened(clause.rest))
    if found and (found["for"] or clause.verb in {"spent", "lasted"}) and clause.verb not in NO_EVENT:
        middle = f"{_ABOUT_AT_END.sub('', found['middle'])}{found['rest']}".strip()
        turned = inverted(clause, middle, names) if is_simple(clause.verb, middle) else None
        if turned and (middle or clause.verb == "lasted"):
            yield Asked("how long", f"How long {turned}?", found["n"], clause.subject)
    died = _DIED.match(f"{clause.verb} {clause.rest}")
    if died and clause.subject in names.people:
        yield Asked("how old", f"At what age did {clause.subject} die?", died["age"], clause.subject)
