"""What kind of answer a question wants: a span, a decision between yes and no, or more than one sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from index.lexical import stem
from rag.reader import DAY, DAY_ASKED, NAME_ASKED, NUMBER_ASKED
from rag.reading.values import Amount, amounts, days


class Wanted(StrEnum):
    """SPAN: who, when, where, how many. DECISION: yes or no. SEVERAL: why, how, lists, what happened."""

    SPAN = "span"
    DECISION = "decision"
    SEVERAL = "several"


# What stands before a question without being part of it.
_OPENING = re.compile(
    r"(?:(?:and|but|so|also|then|ok(?:ay)?|well|please|hi|hello|hey|now|oh|und|aber)\b[\s,]*"
    r"|(?:can|could|would) you (?:please )?(?=(?:tell|show|list|name|describe|explain|summari[sz]e|compare|give)\b)"
    r"|(?:tell|show|explain to) (?:me|us)[\s,]+(?=(?:who|whose|when|where|which|what|how|why|if|whether)\b)"
    r"|(?:do you|does anyone|do we) know\b\s*|i(?:['’]d| would) like to know\b\s*|i wonder\b\s*"
    r"|(?:according to|in|on|at|during|by|after|before|as of) [^,?]{1,60},\s*)+",
    re.IGNORECASE,
)
_DECISION = re.compile(
    r"(?:won['’]t|(?:is|are|were|am|do|does|did|has|have|had|can|could|will|would|shall|should|might|must)(?:n['’]t)?"
    r"|cannot|may(?!['’]s|\s+\d)"
    # German has a word of three letters for "what".
    r"|was(?:n['’]t)?(?!\s+(?:kostet\w*|ist|sind|hat|haben|macht\w*|wird|wurde|war|waren|bedeutet|sagt\w*|tat|tut|gibt"
    r"|will|plant|fordert\w*|soll|kann|muss|meint|möchte)\b)"
    # In English it is a noun.
    r"|war\s+(?:der|die|das|den|er|sie|es|ein|eine|dies\w*|ich|wir|ihr|da|dort|man|jemand)"
    r"|ist|sind|waren|hat|haben|hatten?|wird|werden|wurden?|kann|können|darf|muss|soll|(?:gibt|gab) es"
    # "Do you know if"; with a comma it is the condition of another question.
    r"|(?:if|whether)\b(?!.*,))\b",
    re.IGNORECASE,
)
_ASKING = r"(?:who|whom|whose|when|where|which|what|how|why)\b"
# It begins as a decision, and something else is to be told: "does it say who", "in 1934 or 1936".
_NO_DECISION = re.compile(
    rf"\b(?:say|tell|know|find out|mention|explain|state|show)s?\b[^,;]{{0,40}}\b{_ASKING}|:\s*{_ASKING}"
    r"|\bor\b(?! not\b)",
    re.IGNORECASE,
)
# "How" with one of these asks for a measure.
_MEASURES = (
    "much|many|old|long|far|tall|high|big|large|deep|often|fast|wide|heavy|soon|late|early|badly|frequently|close|near|"
    "young|small|hot|cold|quickly|expensive|likely"
)
_SEVERAL = re.compile(
    rf"how\b(?!\s+(?:{_MEASURES})\b|\s+\w+\s+(?:is|was|are|were)\b)|why\b|what for\b|for (?:what|which) reasons?\b"
    r"|(?:what|which) (?:are|were) (?:the|some|all|his|her|its|their)\b(?! \w+ \w+ing\b)|who (?:are|were)\b"
    r"|what(?:['’]s| is| was) (?:happening|going on|(?:the|its|his|her|their) (?:\w+ )?(?:cause|reason)s?)\b"
    r"|what (?:happened|happens|has happened|has changed|took place|changed|led to|caused)\b"
    r"|what (?:do )?(?:i|we|you|my articles) know\b"
    r"|what (?:do|did|does) .{2,60} (?:say|think|find|learn|argue|want|propose|suggest|recommend) (?:about|of|on)\b"
    r"|(?:list|name (?:all|the \w+s|some|both|three|two|four|five)|describe|explain|summari[sz]e|compare)\b"
    r"|(?:tell|give|show) (?:me|us) (?:more |everything |all |something )?(?:about|an? (?:overview|summary|list))\b"
    r"|(?:what|which) (?:\w+ ){0,2}(?:reasons|causes|steps|measures|countries|companies|people|groups|factors)\b"
    # Several of them, unless the verb says that it is one.
    r"|which (?:\w+ )?\w\w+[^suiSUI\W]s\b(?! (?:is|was|has|does|\w+s)\b)(?<!\bgoes)(?<!\bdoes)"
    r"|(?:warum|wieso|weshalb|wodurch)\b"
    r"|was (?:(?:ist|war) )?(?:passiert\w*|geschah|geschehen)\b"
    r"|wie\b(?! (?:viel\w*|alt|lange?|hoch|weit|oft|groß|tief|breit|teuer|schwer|schnell|heißt|heißen)\b)",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"[\W_]+")


def wanted(question: str) -> Wanted:
    """What the question wants, by how it begins; a span where it does not say. English, and the plainest German."""
    said = _after(_OPENING, _after(_BEFORE, question))
    if _SEVERAL.match(said):
        return Wanted.SEVERAL
    return Wanted.DECISION if _DECISION.match(said) and not _NO_DECISION.search(said) else Wanted.SPAN


def _after(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.match(text)
    return text[found.end() :] if found else text


def asks_value(question: str) -> bool:
    """Whether a number or a day is asked for."""
    return bool(NUMBER_ASKED.search(question) or DAY_ASKED.search(question))


def _units(words: str) -> frozenset[str]:
    return frozenset(map(stem, words.split()))


_LENGTHS = _units(
    "m cm mm km metre meter centimetre centimeter millimetre millimeter kilometre kilometer mile foot feet ft inch "
    "yard fathom block storey story floor"
)
_DURATIONS = _units(
    "second sec minute min mins hour hr hrs day night week fortnight month year yr yrs decade century jahr monat tag "
    "stunde"
)
_SPEEDS = _units("mph kph kmh knot mach")
_DEGREES = _units("degree deg celsius fahrenheit kelvin")
_WEIGHTS = _units("kg kgs kilo kilogram tonne ton gram g pound lb lbs ounce stone")
_MEASURED = (_LENGTHS, _DURATIONS, _SPEEDS, _DEGREES, _WEIGHTS)
# What a measure is counted in. Money and per cent may be of anything.
_UNITS = tuple(
    (re.compile(rf"\b(?:{asked})\b", re.IGNORECASE), units)
    for asked, units in (
        ("how (?:old|young)|what age", _DURATIONS),
        ("how (?:fast|quickly)", _LENGTHS | _DURATIONS | _SPEEDS),
        ("how (?:tall|deep|wide)", _LENGTHS),
        ("how (?:long|far)", _LENGTHS | _DURATIONS | _units("page word o'clock")),
        ("how (?:hot|cold|warm)", _DEGREES),
    )
)
_OF_ANYTHING = frozenset({"", "%", "$", "£", "€"})


def of_kind(question: str, short: str) -> float:
    """1 when a short answer is a number, a day or a name as the question asks for, 0 when not, 0.5 for others.

    "How tall" is asked in metres and the like: years are none, and of crossings it cannot be told, which is 0.5 too.
    """
    looks = (
        (NUMBER_ASKED, _measured(question, amounts(short))),
        (DAY_ASKED, float(bool(days(short) or DAY.search(short) or re.search(r"\b1\d{3}\b", short)))),
        (NAME_ASKED, float(short != short.lower())),
    )
    return max((fits for pattern, fits in looks if pattern.search(question)), default=0.5)


def _measured(question: str, said: Sequence[Amount]) -> float:
    """1 when one of the amounts may be in a unit of what is asked for, 0.5 when that is not known."""
    units = next((units for asked, units in _UNITS if asked.search(question)), None)
    if units is None or any(amount.unit in units | _OF_ANYTHING for amount in said):
        return float(bool(said))
    return 0.5 if any(not any(amount.unit in known for known in _MEASURED) for amount in said) else 0.0
