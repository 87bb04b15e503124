"""Questions that may be asked next: made of the names in articles, and of a kind that the archive can answer.

A question about one fact may have no answer, so none is made up. What the articles say about a name, or when what
happened, is answered with dated sentences wherever the name stands.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from rag.answers import Answer
from rag.surveys import surveyed

# How many are shown.
MOST = 3
# Two words with capitals or more, small words of names between them: "East Mole", "Bank of England".
_NAME = re.compile(r"(?<![\w’'.-])[A-Z][\w’-]+(?: (?:(?:of|the|de|van|von|al) ){0,2}[A-Z][\w’-]+){1,3}")
# They open a sentence or a question, and are no part of the name behind them.
_OPENING = re.compile(
    r"^(?:(?:A|After|An|And|As|At|Before|But|By|Did|Do|Does|For|From|Has|Have|How|If|In|Is|It|On|Over|The|This|Timeline"
    r"|Summari[sz]e|Two|Was|Were|What|When|Where|Which|While|Who|Why|With)(?: |$))+"
)
_SITE = re.compile(r" [-–—|] ")
_POSSESSIVE = re.compile(r"[’']s?$")


def names_in(text: str) -> list[str]:
    """The names of two words and more in a text, in order, each once."""
    found = (_POSSESSIVE.sub("", _OPENING.sub("", match[0])) for match in _NAME.finditer(text))
    return list(dict.fromkeys(name for name in found if " " in name))


def to_begin_with(titles: Iterable[str], *, dated: bool) -> list[str]:
    """Questions about what several titles name, the most frequent first, and where some are dated, what is new."""
    counted = Counter(name for title in titles if (said := _sentence(title)) for name in names_in(said))
    names = [name for name, number in counted.most_common(MOST) if number > 1]
    shapes = ("What do my articles say about {}?", "Timeline of {}", "Summarise {}")
    asks = [shape.format(name) for shape, name in zip(shapes, names, strict=False)]
    return ["What is new?", *asks] if dated else asks


def _sentence(title: str) -> str:
    """The title without the site it is from; "" for One in Which Every Word Has a Capital, which tells no names."""
    said = _SITE.split(title)[0]
    words = [word for word in re.findall(r"[^\W\d_]+", said) if len(word) > len("with")]
    capitals = sum(word[0].isupper() for word in words)
    return said if capitals <= len(words) / 2 else ""


def to_go_on_with(answer: Answer) -> list[str]:
    """Questions about the names in an answer that were not asked about, at most MOST; none behind a refusal."""
    if answer.refusal or not answer.done:
        return []
    asked = answer.question.text.casefold()
    quoted = [citation.quote for citation in answer.citations]
    named = [name for text in quoted for name in names_in(text) if not _is_asked(name, asked)]
    questions = [f"What do my articles say about {name}?" for name in dict.fromkeys(named)]
    own = names_in(answer.question.text)
    if own and not surveyed(answer.question.text):
        questions.insert(0, f"Timeline of {own[0]}")
    return questions[:MOST]


def _is_asked(name: str, asked: str) -> bool:
    words: Sequence[str] = name.casefold().split()
    return any(word in asked for word in words if len(word) > len("and"))
