"""The language of the reader, and what the page says in it: texts, counts, figures and days.

Texts stand in the code in English, which is their key in page/languages/<language>.json. Where a language has no text,
the English one is shown. What rag/ and index/ say is English where it is said; whole sentences of theirs that a
language knows are translated where they are drawn.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent / "languages"
ENGLISH = "en"
# What each language is called in itself, the first where a reader asks for none of them.
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}

# Characters of what is looked up, and sentences in it. No more is said at once, and looking takes the longer.
LONGEST, MOST = 600, 8
# Fields that are one word, a figure mostly: several that may be anything would make a long search.
_WORD = r"\S+"
_ONE_WORD = {"n", "low", "high", "mean", "ms", "risk"}

# The language of the request that is being answered.
LANGUAGE: ContextVar[str] = ContextVar("language", default=ENGLISH)
_FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a language has: the texts of the page by their English, and sentences of rag/ and index/ by theirs.

    A text that counts has its forms by the names that Unicode gives them, "one" and "other". `sentences` are in the
    order in which they are tried, those with the most words of their own first.
    """

    texts: Mapping[str, str | Mapping[str, str]]
    sentences: Mapping[re.Pattern[str], str]


@cache
def catalogue(language: str) -> Catalogue:
    """The one of this language; English needs none."""
    if language == ENGLISH:
        return Catalogue({}, {})
    read = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    given = sorted(read["sentences"].items(), key=lambda pair: -len(_FIELD.sub("", pair[0])))
    return Catalogue(read["texts"], {_shape(sentence): text for sentence, text in given})


def _shape(sentence: str) -> re.Pattern[str]:
    """What matches the sentence with anything in its fields."""
    parts = _FIELD.split(sentence)
    fields = [f"(?P<{name}>{_WORD if name in _ONE_WORD else '.+?'})" for name in parts[1::2]]
    shape = "".join(fields[n // 2] if n % 2 else re.escape(part) for n, part in enumerate(parts))
    return re.compile(shape, re.DOTALL)


def language() -> str:
    """That of the reader to whom something is being said.

    Gradio answers an event in a task that it began for another visitor, so what is told of the event goes first.
    """
    from gradio.context import LocalContext

    request = LocalContext.request.get(None)
    if request is None or not request.request:
        return LANGUAGE.get()
    return str(request.request.scope.get("language", ENGLISH))


def spoken_in(language: str, draw: Callable[[], str]) -> str:
    """What is drawn for a reader of this language, whoever asks."""
    token = LANGUAGE.set(language)
    try:
        return draw()
    finally:
        LANGUAGE.reset(token)


def later(text: str) -> str:
    """The English text itself, which is a key: it is given to `say` where it is drawn."""
    return text


def say(text: str, /, **fields: object) -> str:
    """The text in the language of the reader, with its {fields} filled in. Not yet HTML."""
    found = catalogue(language()).texts.get(text, text)
    return _filled(found if isinstance(found, str) else text, fields)


def several(count: int, one: str, many: str, /, **fields: object) -> str:
    """'1 article', '1,200 articles': the text that fits the number, which is its field {n}. `many` is the key."""
    forms = catalogue(language()).texts.get(many)
    if isinstance(forms, str) or forms is None:
        text = one if count == 1 else many
    else:
        text = forms.get(_plural(language(), count), forms["other"])
    return _filled(text, {"n": figures(f"{count:,}"), **fields})


def _filled(text: str, fields: Mapping[str, object]) -> str:
    return _FIELD.sub(lambda found: str(fields[found[1]]), text) if fields else text


@cache
def _plural(language: str, count: int) -> str:
    from babel import Locale

    return str(Locale.parse(language).plural_form(count))


def figures(text: str) -> str:
    """Figures as the reader writes them: '1.234,5' for '1,234.5' in German."""
    return text.translate(_separators(language()))


@cache
def _separators(language: str) -> dict[int, str]:
    from babel.numbers import get_decimal_symbol, get_group_symbol

    if language == ENGLISH:
        return {}
    return {ord(","): get_group_symbol(language), ord("."): get_decimal_symbol(language)}


def short(day: date | None) -> str:
    """'3 Jan 2024', '3. Jan. 2024', or 'undated'."""
    return dated(day, say("d MMM y")) if day else say("undated")


def dated(day: date, pattern: str) -> str:
    """The day, or the hour of a day, by a pattern of Unicode, with the names that the reader has for months."""
    return _written(day, pattern, language())


# A long conversation is drawn again and again while an answer grows, with the days of all its notes.
@lru_cache(maxsize=4096)
def _written(day: date, pattern: str, language: str) -> str:
    from babel.dates import format_date, format_datetime

    formatted = format_datetime if isinstance(day, datetime) else format_date
    return str(formatted(day, pattern, locale=language))


def known(said: str) -> str | None:
    """Sentences of rag/ or index/ in the language of the reader; None where one of them is not known in it."""
    if language() == ENGLISH or not any(map(str.isalpha, said)):
        return said
    if len(said) > LONGEST:
        return None
    ends = list(re.finditer(r"(?<=[.!?:])\s", said))
    # In parts first: a field of the second sentence would take all of the first one.
    for end in ends if len(ends) <= MOST else ():
        first = _known(said[: end.start()])
        rest = known(said[end.end() :]) if first is not None else None
        if first is not None and rest is not None:
            return f"{first}{end[0]}{rest}"
    return _known(said)


def _known(said: str) -> str | None:
    """One of them. A sentence may stand with its full stop or without."""
    # Without its stop first, which is no part of what it ends with.
    ways = ((said[:-1], "."), (said, "")) if said.endswith(".") else ((said, ""),)
    for shape, text in catalogue(language()).sentences.items():
        for body, stop in ways:
            if found := shape.fullmatch(body):
                whole = _filled(text, {name: part_of(part) for name, part in found.groupdict().items()})
                return whole if stop in ("", whole[-1:]) else whole + stop
    return None


# How index/ and rag/ write days, and their patterns. One without its year is read with a leap year.
_DAYS = {
    "%Y-%m-%d": later("d MMM y"),
    "%d %b %Y": later("d MMM y"),
    "%d %b, %H:%M 2000": later("d MMM, HH:mm"),
    "%d %b 2000": later("d MMM"),
}


def part_of(text: str) -> str:
    """What stands in a field of a sentence: a figure, a day as rag/ writes it, a sentence, or text of others."""
    if language() == ENGLISH:
        return text
    if re.fullmatch(r"([0-9]{1,3}(,[0-9]{3})+|[0-9]+)(\.[0-9]+)?", text):
        return figures(text)
    for shape, pattern in _DAYS.items():
        written = text if "%Y" in shape else f"{text} 2000"
        with contextlib.suppress(ValueError):
            return dated(datetime.strptime(written, shape), say(pattern))
    return known(text) or text
