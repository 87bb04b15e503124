"""What a sentence is made of, as far as a rule can see it: subject, finite verb, rest. And what can be asked alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag.evals.making.english import ABOUT, DATE, DAYS, MONTHS, NUMBER
from rag.evals.making.names import WORD, Names
from rag.evals.making.verbs import AUXILIARIES, FINITE, PARTICIPLES, PAST, SHOWN, UNSURE, words


@dataclass(frozen=True, slots=True)
class Clause:
    """A sentence whose subject is followed by its finite verb; `rest` is what comes after, without the full stop."""

    subject: str
    verb: str
    rest: str


MIN_CHARACTERS, MAX_CHARACTERS = 40, 280
_LONGEST_SUBJECT = 8
# A word that is written small in this share of its places is no name; one below the other is one.
MOSTLY, RARELY, UNSURE_SHARE = 0.8, 0.2, 0.5
_WHOLE = re.compile(r"[(A-Z“\"][^\n]*[.”\"]$")
# A full stop that is an abbreviation's: the splitter took it for the end.
_CUT_SHORT = re.compile(
    r"\b(?:Prop|No|St|Mr|Mrs|Ms|Dr|Gov|Sen|Rep|Gen|Lt|Col|Sgt|vs|v|Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct|Nov|Dec|[A-Z])\.$"
)
_FURNITURE = re.compile(
    r"https?:|www\.|@|©|[a-z]/[A-Z]|skip advert|[\[\]{}|_*#•…]|\.\.\.|/(?:AP|AFP|Getty|Reuters)\b"
    rf"|(?:{DAYS}), (?:{MONTHS}|Jan\.|Feb\.|Aug\.|Sept\.|Oct\.|Nov\.|Dec\.) \d{{1,2}}, \d{{4}}\.$"
    r"|\b(?:click|subscribe|newsletter|sign up|cookies|advertisement|read more|pictured|photo|image|caption|email|"
    r"getty|associated press|contributed to this|all rights reserved|editor’s note)\b",
    re.IGNORECASE,
)
_DETERMINERS = words("the a an some many most several all no both each every two three four five six")
_NOT_BEFORE_A_VERB = _DETERMINERS | words(
    "of for in on at by with from to and or but as its their his her our my your this that these those more very most "
    "newly recently who which whose than even just only already still never always often"
)
_NO_SUBJECT = re.compile(
    r"^(?:There|It|What|That|This|These|Those|But|And|So|If|When|While|As|After|Before|Since|Because|Although|Though|"
    r"Despite|With|Without|In|On|At|By|For|From|To|Of|Here|How|Why|Who|Where|Yet|Or|Not|One|Another|Such|Even|Just|"
    r"Like|Now|Then|Also|Under|Over|During|Among|According|He|She|They|We|I|You|His|Her|Their|Our|My|Your|Its)\b"
)
_SUBORDINATE = re.compile(
    r"\b(?:that|who|which|whose|where|when|after|before|while|because|as|if|whether|until|since|though|although|how|"
    r"why|ahead|between|than)\b"
)
_TO_DO = re.compile(r"\bto (?!the\b|an?\b)[a-z]")
_JOINED = re.compile(r"\b(?:and|or|but) \w+(?:ed|ing)\b")
# Who is said to have said it, at the end of a sentence: "..., officials said.", "..., according to the report."
_SAID_SO = re.compile(
    r", (?:according to [^“”]{3,120}|(?:[\w.’'-]+ ){1,6}(?:said|says|reported|announced|told [^,“”]{3,40})"
    r"(?: in a statement| (?:on )?[A-Z][a-z]+day)?(?:, citing [^“”]{3,60})?|said [^“”]{3,160})\.$"
)
_SAID_THAT = re.compile(
    r"[^,“”\"]{3,70} (?:said|says|reported|confirmed|announced|found|showed|shows|estimates|estimated|noted|added)"
    r"(?: (?:on )?[A-Z][a-z]+day)?(?: that)? "
    rf"(?P<clause>(?:{ABOUT} )?(?:{NUMBER}|the|[A-Z]).{{20,}})$"
)
_TIED = re.compile(r"^(?:But|And|Yet|So|Meanwhile|However|Still|Also|Now|Instead|Nevertheless|Overall),? (?=[A-Z])")
# "LONDON (Reuters) - ", "New York (CNN Business) ", "TOKYO – ".
_DATELINE = re.compile(
    r"^(?:(?:[A-Z][\w.’' ]{1,25}(?:, [A-Z][\w. ]{1,20})?)?\s?\([A-Z][\w /]{1,20}\)(?:\s[-–—]+)?\s"
    r"|[A-Z][\w.’' ]{1,25}(?:, [A-Z][\w. ]{1,20})?\s[-–—]+\s)(?=[A-Z])"
)
# Words that lean on the sentence before and that a sentence can do without.
_TYING = re.compile(r" (?:also|then|currently|recently|meanwhile|instead|however)(?= [a-z])")
_PLACED_FIRST = re.compile(r"(?P<place>(?:In|At) (?:the )?[A-Z][\w’'.-]+(?: [A-Z][\w’'.-]+){0,3}), (?P<rest>[^,]+)\.$")
_TWO_CLAUSES = re.compile(r"(?P<one>[^“”\"]{25,}), (?:and|but) (?P<other>(?:the |a |[A-Z])[^“”\"]{25,})$")
_ADDED = re.compile(
    r", (?=(?:which|who|when|while|where|after|as|with|according|including|citing|adding|and|but|because|although|"
    r"though|before|for|following|despite|amid|\w+ing)\b)"
    r"| (?=(?:after|before|because|when|while|until|although|despite|amid|following|where)\b)"
)
# What turns into no question: a denial, a caption, a name that somebody was born with, and what was cut off.
_UNASKABLE = re.compile(
    r"(?:not|never|seen|pictured|shown)\b|born [A-Z]|.*\bthe (?:first|second|third|last|next)$"
    r"|.*\b(?:through|until|since|from|by|of|to|starting|beginning|between|as|with|for|and|in|on|at)$"
)
_APPOSED = re.compile(r"(?P<subject>[^,;:]{2,60}), (?P<apposed>[^;:“”\"]{2,100}), (?P<verb>[a-z]+) (?P<rest>.+)\.$")
_NAMED = re.compile(rf"\b(?!(?:{DAYS}|{MONTHS})\b)[A-ZÀ-Þ][\w’'.-]+")


def is_plain(text: str) -> bool:
    """Whether a sentence is whole, of a length to ask about, and prose."""
    if not MIN_CHARACTERS <= len(text) <= MAX_CHARACTERS or not _WHOLE.match(text):
        return False
    paired = text.count("“") == text.count("”") and text.count('"') % 2 == 0
    return paired and not _CUT_SHORT.search(text) and not _FURNITURE.search(text)


def named(text: str) -> bool:
    """Whether a name stands in the text, its first word apart: what names nothing asks about anything."""
    return bool(_NAMED.search(text.partition(" ")[2]))


def without_dateline(sentence: str) -> str:
    """The sentence without the place and the agency in front of it."""
    return _DATELINE.sub("", sentence)


def told(sentence: str) -> list[str]:
    """What a sentence tells, as sentences: without who said so, without what ties it to the one before, and apart.

    A place that the sentence begins with stands at its end: "In Hull, rents rose." is "Rents rose in Hull."
    """
    bare = _SAID_SO.sub(".", _TIED.sub("", without_dateline(sentence)))
    bare = _TYING.sub("", bare)
    said = _SAID_THAT.match(bare)
    whole = [bare, *([raised(said["clause"])] if said else [])]
    return [part for text in whole for part in (_moved(text), *_parts(text))]


def _moved(text: str) -> str:
    placed = _PLACED_FIRST.match(text)
    if placed and not re.search(rf"(?:{MONTHS})\b", placed["place"]):
        return raised(f"{placed['rest']} {placed['place'][0].lower()}{placed['place'][1:]}.")
    return text


def _parts(text: str) -> list[str]:
    """The two sentences that are joined by ", and" or ", but", when each has its own subject and verb."""
    found = _TWO_CLAUSES.match(text)
    both = [f"{found['one']}.", raised(found["other"])] if found else []
    return both if all(parsed(part) for part in both) else []


def parsed(sentence: str) -> Clause | None:
    """The sentence as subject, finite verb and rest, when it begins with a short subject without a comma in it."""
    if _NO_SUBJECT.match(sentence) or not sentence.endswith("."):
        return None
    found = sentence[:-1].split(" ")
    for n, (before, word) in enumerate(pairwise(found[: _LONGEST_SUBJECT + 1]), 1):
        if before.endswith(","):
            return _without_apposition(sentence)
        if before.endswith((";", ":")) or before in {"who", "that", "which", "whose", "whom"}:
            return None
        if word in FINITE and word not in UNSURE and before.lower() not in _NOT_BEFORE_A_VERB:
            clause = Clause(" ".join(found[:n]), word, " ".join(found[n + 1 :]))
            return clause if _is_subject(found[:n]) and not (before.endswith("ly") and word in PAST) else None
    return None


def _is_subject(found: Sequence[str]) -> bool:
    """Whether no verb of a caption, no year and no colon is among the words."""
    return SHOWN.isdisjoint(found) and not any(re.fullmatch(r"\d{4}|.*:.*", word) for word in found)


def _without_apposition(sentence: str) -> Clause | None:
    """The clause of "Quill, the mayor of Hull, resigned in May.", without what stands between the commas."""
    found = _APPOSED.match(sentence)
    if not found or found["verb"] not in FINITE - UNSURE or " and " in found["subject"]:
        return None
    return Clause(found["subject"], found["verb"], found["rest"])


def shortened(text: str) -> str:
    """The text up to what a comma or a conjunction adds: ", which ...", ", according to ...", " after ..."."""
    return _ADDED.split(text, maxsplit=1)[0]


def simple(text: str) -> bool:
    """Whether what follows a verb holds one thought: no second clause, no second verb, no quotation."""
    if re.search(r"[;:“”\"]", text) or any(p.search(text) for p in (_SUBORDINATE, _TO_DO, _JOINED)):
        return False
    return not any(word.strip(",") in FINITE for word in text.split(" "))


def is_simple(verb: str, middle: str) -> bool:
    """The same for what follows this verb, without a comma: the participle behind an auxiliary belongs to it."""
    behind = middle.removeprefix("been ").partition(" ")[2] if verb in AUXILIARIES else middle
    return simple(behind) and "," not in middle


def is_statement(text: str) -> bool:
    """Whether a sentence can stand behind "that": it begins with its subject, and a verb follows."""
    first = text.split(" ")[0].lower()
    begins = not _NO_SUBJECT.match(text) and text.endswith(".") and not re.search(r"[“”\"?!:;]", text)
    if first in PARTICIPLES or first.endswith("ing"):
        return False
    return begins and not FINITE.isdisjoint(text.split(" ")[1:12])


def lowered(text: str, names: Names) -> str | None:
    """The text as it stands within a sentence: its first letter small unless it is a name's.

    None when the articles do not show how its first word is written there.
    """
    first, _, rest = text.partition(" ")
    if first.lower() in _DETERMINERS:
        return f"{first.lower()} {rest}".strip()
    word = WORD.match(first)
    if not word or first.isupper() or rest[:1].isupper():
        return text
    share = names.small.get(word[0].lower(), UNSURE_SHARE)
    if RARELY < share < MOSTLY:
        return None
    return f"{first[0].lower()}{first[1:]} {rest}".strip() if share >= MOSTLY else text


def raised(text: str) -> str:
    """The text as it begins a sentence."""
    return text[:1].upper() + text[1:]


def inverted(clause: Clause, middle: str, names: Names) -> str | None:
    """The clause as it follows a question word: "did the ferry sail"; None where the rule does not reach."""
    subject = lowered(clause.subject, names)
    if subject is None or _UNASKABLE.match(middle):
        return None
    if clause.verb not in AUXILIARIES:
        return f"did {subject} {PAST[clause.verb]} {middle}".strip()
    done = middle.split(" ")[0] in PARTICIPLES
    if clause.verb in {"did", "does", "do"} or (clause.verb in {"has", "have", "had"} and not done):
        return None
    return f"{clause.verb} {subject} {middle}".strip()


def undated(text: str) -> bool:
    """Whether no day, month or year stands in the text."""
    return not re.search(rf"{DATE}|\b(?:{DAYS}|{MONTHS})\b|\b(?:1[5-9]|20)\d\d\b", text)
