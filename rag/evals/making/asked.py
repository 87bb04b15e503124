"""A question that a template made, and whether it can be understood without its article."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.evals.making.clauses import named
from rag.evals.making.english import OF_THE_SUBJECT, OWNED, leans

MIN_WORDS, MAX_WORDS = 3, 30


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and the text of its sentence that answers it. `about` is what its subject is called in it."""

    kind: str
    text: str
    answer: str
    about: str = ""


_QUOTATION = re.compile(r"“[^”]*”|\"[^\"]*\"")
# A second thought, or who said so, behind a comma.
_LOOSE = re.compile(
    r", (?:and|but|or|so|which|who|while) |[()—–;]| - |, [^,]{3,40} said, "
    r"|, [^,]{3,70} (?:said|says|shows?|showed|predicts?|reported|added|noted|found|suggests?)(?: [^,]*)?\?$"
)


def stands_alone(asked: Asked) -> bool:
    """Whether the question can be understood alone, as far as its words show."""
    body = _QUOTATION.sub("", asked.text) if asked.kind == "quote" else asked.text
    if asked.kind in {"who", "which"}:
        body = OF_THE_SUBJECT.sub("", body)
    if asked.about and asked.about in asked.text:
        body = OWNED.sub("", body)
    short = MIN_WORDS <= len(asked.text.split()) <= MAX_WORDS
    return short and named(asked.text) and not leans(body) and not _LOOSE.search(body)
