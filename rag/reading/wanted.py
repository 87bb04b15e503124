"""What kind of answer a question wants: a span, a decision between yes and no, or more than one sentence."""

from __future__ import annotations

import re
from enum import StrEnum


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
    r"(?:won['’]t|(?:is|are|were|am|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must)(?:n['’]t)?|cannot"
    # German has a word of three letters for "what".
    r"|was(?:n['’]t)?(?!\s+(?:kostet\w*|ist|sind|hat|haben|macht\w*|wird|wurde|war|waren|bedeutet|sagt\w*|tat|tut|gibt)\b)"
    # In English it is a noun.
    r"|war(?!\s+(?:in|on|of|and|with|between|against|crimes?)\b)"
    r"|ist|sind|waren|hat|haben|hatten?|wird|werden|wurden?|kann|können|darf|muss|soll|(?:gibt|gab) es"
    # "Do you know if"; with a comma it is the condition of another question.
    r"|(?:if|whether)\b(?!.*,))\b",
    re.IGNORECASE,
)
# "How" with one of these asks for a measure.
_MEASURES = (
    "much|many|old|long|far|tall|high|big|large|deep|often|fast|wide|heavy|soon|late|early|badly|frequently|close|near|"
    "young|small|hot|cold|quickly|expensive|likely"
)
_SEVERAL = re.compile(
    rf"how\b(?!\s+(?:{_MEASURES})\b)|why\b|what for\b"
    r"|(?:what|which) (?:are|were) (?:the|some|all|his|her|its|their)\b(?! \w+ \w+ing\b)"
    r"|what (?:happened|happens|has happened|has changed|is happening|was happening|took place|changed|led to|caused)\b"
    r"|what (?:do )?(?:i|we|you|my articles) know\b"
    r"|what (?:do|did|does) .{2,60} (?:say|think|argue|want|propose|suggest|recommend) (?:about|of|on)\b"
    r"|(?:list|name (?:all|the|some|both|three|two|four|five)|describe|explain|summari[sz]e|compare|tell|give)\b"
    r"|(?:which (?:\w+ ){0,2}|what )(?:reasons|causes|steps|measures|countries|companies|people|groups|factors)\b"
    r"|(?:warum|wieso|weshalb|wodurch)\b"
    r"|was (?:(?:ist|war) )?(?:passiert\w*|geschah|geschehen)\b"
    r"|wie\b(?! (?:viel\w*|alt|lange?|hoch|weit|oft|groß|tief|breit|teuer|schwer|schnell|heißt|heißen)\b)",
    re.IGNORECASE,
)


def wanted(question: str) -> Wanted:
    """What the question wants, by how it begins; a span where it does not say. English, and the plainest German."""
    opening = _OPENING.match(question.strip())
    said = question.strip()[opening.end() if opening else 0 :]
    if _SEVERAL.match(said):
        return Wanted.SEVERAL
    return Wanted.DECISION if _DECISION.match(said) else Wanted.SPAN
