"""One sentence becomes questions that it answers: by rule, and only where the rule leaves an English question.

A question keeps the words of its sentence. What would have to be understood to be turned is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rag.evals.making.amounts import how_long, how_many, how_much
from rag.evals.making.asked import Asked, stands_alone
from rag.evals.making.clauses import parsed, told
from rag.evals.making.english import MONEY, leans
from rag.evals.making.names import Names
from rag.evals.making.what import what, what_did, when, where, why
from rag.evals.making.who import how_old, quote, role, which, who, who_by, who_said

Template = Callable[[str, Names], Iterator[Asked]]

# A shorter sentence tells too little around its gap.
_MIN_WORDS = 10
_MARKS = re.compile(rf"(?<![\w/$.,-])(?<!\ba )(?<!\ban )(?:{MONEY}|\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?%)(?![\w/%])")


def questions(sentence: str, names: Names) -> list[Asked]:
    """Every question that a template makes of a plain sentence, those that cannot stand alone left out."""
    found = [asked for text in told(sentence) for template in OF_WHAT_IS_TOLD for asked in template(text, names)]
    found += [asked for template in OF_WHOLE_SENTENCES for asked in template(sentence, names)]
    return [asked for asked in dict.fromkeys(found) if stands_alone(asked)]


def cloze(sentence: str, names: Names) -> Iterator[Asked]:
    """Sentences with a gap in the place of a person, a number, a sum or a share."""
    short = len(sentence.split()) < _MIN_WORDS
    if short or leans(sentence) or re.search(r"[“\"]", sentence) or not parsed(sentence):
        return
    people = (re.finditer(rf"\b{re.escape(name)}(?=[ ,.])(?!\. [A-Z])", sentence) for name in names.people)
    for gap in [*_MARKS.finditer(sentence), *(found for each in people for found in each)]:
        rest = f"{sentence[: gap.start()]}_____{sentence[gap.end() :]}"
        if gap[0].split()[-1] not in rest:
            yield Asked("cloze", f"Fill in the blank: “{rest}”", gap[0])


OF_WHAT_IS_TOLD: tuple[Template, ...] = (
    who, who_by, which, what_did, when, where, why, how_many, how_much, how_long,
)  # fmt: skip
OF_WHOLE_SENTENCES: tuple[Template, ...] = (role, quote, who_said, how_old, what, cloze)
