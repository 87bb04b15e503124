"""Templates that ask for a person or for an institution: who, which, who said it, who holds an office."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.lexical import STOP_WORDS
from rag.evals.making.asked import Asked
from rag.evals.making.clauses import is_statement, lowered, parsed, simple
from rag.evals.making.english import COUNTRIES, ROLE, STATES, WHICH, leans
from rag.evals.making.names import NAME, Names, is_name, person_name
from rag.evals.making.verbs import AUXILIARIES, BE, FINITE, LASTING, PAST_OF_PARTICIPLE, UNSURE

# What follows a verb that says too little to ask by: "Who was a member of the club?"
_SAYS_LITTLE = re.compile(r"(?:an?|the|not|one|also|born|among|in|on|at|seen|pictured|interviewed|shown)\b")
_MIN_REST = 4
_VERBS = "|".join(sorted(FINITE | LASTING))
_TWO_SUBJECTS = re.compile(rf"\b(?:and|but|as|while) (?:the |[A-Z]\S+ )+(?:{_VERBS})\b")
_SPOKEN = re.compile(r"\b(?:I|we|my|our|you|your)\b|[“\"]")
_LAST = r"[A-ZÀ-Þ][\w’'-]+"
_SOMEBODY = re.compile(
    rf"(?P<before>(?:[\w’'.&-]+ ){{0,5}}?)(?P<name>{NAME}|{_LAST})(?:, [^,]{{2,80}},)? (?P<verb>[a-z]+) (?P<rest>.+)\.$"
)


def who(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences whose subject is a person: what stands behind the name is asked as it is."""
    found = _SOMEBODY.match(sentence)
    if not found or found["verb"] not in FINITE - UNSURE | LASTING:
        return
    known = [person for person in names.people.values() if found["name"] in {person.name, person.last}]
    if len(known) != 1 or (found["before"] and found["name"] != known[0].name) or not _is_title(found["before"]):
        return
    if _tells(found["verb"], found["rest"]) and not _SPOKEN.search(found["rest"]):
        yield Asked("who", f"Who {found['verb']} {found['rest']}?", found["name"], known[0].name)


def _tells(verb: str, rest: str) -> bool:
    """Whether what follows a subject tells enough to know it by, and is about it alone."""
    little = len(rest.split()) < _MIN_REST or (verb in AUXILIARIES and _SAYS_LITTLE.match(rest))
    return not little and not _TWO_SUBJECTS.search(rest)


def _is_title(text: str) -> bool:
    """Whether what stands before a name may belong to it: "Former Chancellor", not "After the match"."""
    found = text.split()
    return FINITE.isdisjoint(found) and not any(word.lower() in STOP_WORDS - {"the", "of"} for word in found)


_BY = re.compile(rf"(?P<done>[a-z]+) by (?P<name>{NAME})(?P<rest>(?: (?:in|on|at|for) [^,]+)?)(?:,|$)")


def who_by(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences that say by whom something was done."""
    clause = parsed(sentence)
    found = _BY.match(clause.rest) if clause and clause.verb in BE else None
    if clause and found and found["name"] in names.people and simple(found["rest"]):
        past, subject = PAST_OF_PARTICIPLE.get(found["done"]), lowered(clause.subject, names)
        if past and subject and clause.verb in {"was", "were"}:
            yield Asked("who", f"Who {past} {subject}{found['rest']}?", found["name"], found["name"])


def which(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences whose subject is a country, a company, or an institution that says by its name what it is."""
    clause = parsed(sentence)
    kind = _kind(clause.subject.removeprefix("The "), names) if clause else ""
    if clause and kind and _tells(clause.verb, clause.rest):
        yield Asked("which", f"Which {kind} {clause.verb} {clause.rest}?", clause.subject, clause.subject)


def _kind(name: str, names: Names) -> str:
    """What kind of thing a name is, "" for one that nothing tells of."""
    if name in COUNTRIES or name in STATES:
        return "country" if name in COUNTRIES else "state"
    if name in names.companies:
        return names.companies[name]
    parts = name.split(" ")
    whole = 2 <= len(parts) <= 5 and all(part[:1].isupper() or part in {"of", "the", "and", "for"} for part in parts)
    return WHICH.get(parts[-1], "") if whole and not re.match(r"Judge|Justice|Former|President|Chief", name) else ""


_VERB = "said|says|added|told reporters|explained|wrote|recalled"
_QUOTED_FIRST = re.compile(
    rf"[“\"](?P<said>[A-Z][^“”\"]+?)[,.]?[”\"],? "
    rf"(?:(?:{_VERB}) (?P<name>{NAME}|{_LAST})|(?P<other>{NAME}|{_LAST}) (?:{_VERB}))(?=[ ,.])"
)
_NAMED_FIRST = re.compile(
    rf"(?P<name>{NAME}|{_LAST})(?:, [^,]{{3,80}},)? (?:{_VERB})[,:] [“\"](?P<said>[A-Z][^“”\"]+?)[.,]?[”\"]\.?$"
)
# Words of its own that a quotation must have, so that it is somebody's and not anybody's.
_MIN_TELLING = 5


def quote(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences that give somebody's words and the name."""
    found = _QUOTED_FIRST.match(sentence) or _NAMED_FIRST.match(sentence)
    groups = found.groupdict() if found else {}
    name = groups.get("name") or groups.get("other") or ""
    telling = [w for w in re.findall(r"[^\W\d_]+", groups.get("said", "").lower()) if w not in STOP_WORDS]
    if _is_somebody(name, names) and len(telling) >= _MIN_TELLING:
        yield Asked("quote", f"Who said, “{groups['said']}”?", person_name(name), name)


_SAID_LAST = re.compile(
    rf"(?P<clause>[^“”\"]{{30,}}), "
    rf"(?:said (?P<name>{NAME}|{_LAST})|(?P<other>{NAME}|{_LAST}) said(?: [A-Z][a-z]+day)?)(?:,[^“”\"]*)?\.$"
)


def who_said(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences that tell what somebody said and end with the name."""
    found = _SAID_LAST.match(sentence)
    name = (found["name"] or found["other"]) if found else ""
    said = lowered(found["clause"], names) if found and is_statement(f"{found['clause']}.") else None
    if said and _is_somebody(name, names):
        yield Asked("who", f"Who said that {said}?", person_name(name), name)


def _is_somebody(name: str, names: Names) -> bool:
    """Whether it is a full name, or the last name of a person whom the article names in full."""
    return is_name(name) or any(name == person.last for person in names.people.values())


_OFFICE = re.compile(
    rf"\b(?P<name>{NAME}), (?P<role>(?:(?:the|a|an) )?(?:[\w’'&-]+ ){{0,4}}?(?:{ROLE})"
    r"(?P<of> (?:of|for|at|with) (?:the )?[A-ZÀ-Þ][\w’'&-]*(?: (?:[A-ZÀ-Þ][\w’'&-]*|of|and|for|the))*)?)"
    r"(?=,|\.$| who\b)"
)
_NO_OFFICE = re.compile(
    rf"\b(?:and|former|formerly|then|ex|in|{'|'.join(sorted(AUXILIARIES))}|said|told|became)\b|the [a-z]+’s"
)


def role(sentence: str, names: Names) -> Iterator[Asked]:
    """Names with an office beside them: who holds it, and who that person is."""
    for found in _OFFICE.finditer(sentence):
        name, office = person_name(found["name"]), found["role"]
        if name not in names.people or leans(office) or _NO_OFFICE.search(office):
            continue
        if found["of"] and not office.startswith(("a ", "an ")):
            yield Asked("role", f"Who is {'' if office.startswith('the ') else 'the '}{office}?", name, name)
        if found["of"] or re.search(r"[A-Z][A-Za-z]", office):
            yield Asked("person", f"Who is {name}?", office, name)


_AGE = re.compile(rf"\b(?P<name>{NAME}), (?:aged )?(?P<age>[1-9]\d),")


def how_old(sentence: str, names: Names) -> Iterator[Asked]:
    """Names with an age beside them."""
    for found in _AGE.finditer(sentence):
        name = person_name(found["name"])
        if name in names.people:
            yield Asked("how old", f"How old is {name}?", found["age"], name)
