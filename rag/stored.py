"""An Answer as bytes to be kept, and back: equal to what was shown, its citations verified again.

The texts of the articles stand beside it, each once, so that many answers share them. A citation is kept as the claim
that it was made of, and is made again by rag.citations.verify: one whose quote does not stand in the text is damage.
What the bytes hold is told by the types of an Answer; a field that has a default may be missing, as it is from what was
kept before there was one.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from index.records import Article, Copy, Hit, Passage, article_id, digest
from index.sources.files import lies_in
from rag.answers import Answer, Citation, Draft, DraftSentence, Nearby, Quote
from rag.citations import verify
from rag.suggestions import to_go_on_with
from rag.wording import NEAREST, glimpse

# Articles with passages that were found and are not shown, which are named.
NEARBY = 5
CHANGED = "it is not what was written"


class Damaged(ValueError):
    """What was kept is not what was written."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer as it is kept: compressed JSON, and the texts of its articles by their digest."""

    record: bytes
    texts: Mapping[str, str]


def shown(answer: Answer) -> Answer:
    """The answer with the hits that are cited or that its refusal shows, which is what is kept of it.

    What else was found, and what may be asked next, are told of the whole answer, and stay as they are of a shown one.
    """
    cited = {citation.passage_id for citation in answer.citations}
    hits = answer.hits[:NEAREST] if answer.refusal else [hit for hit in answer.hits if hit.passage.id in cited]
    offers = answer.offers or tuple(to_go_on_with(answer))
    return replace(answer, hits=tuple(hits), nearby=answer.nearby or nearby(answer, hits), offers=offers)


def nearby(answer: Answer, shown: Sequence[Hit]) -> tuple[Nearby, ...]:
    """What was found and is not among the shown: the best passage of each of the next articles."""
    seen = {hit.article.id for hit in shown}
    found: list[Nearby] = []
    for hit in answer.hits:
        if len(found) < NEARBY and hit.article.id not in seen:
            seen.add(hit.article.id)
            a, p = hit.article, hit.passage
            about = (a.id, a.source, a.url, a.title, a.published, a.language, text_digest(a.text))
            found.append(Nearby(*about, p.id, p.start, p.end, "".join(glimpse(answer, hit))))
    return tuple(found)


def stored(answer: Answer) -> Stored:
    """The answer as it is kept."""
    articles = list({hit.article: None for hit in answer.hits})
    texts = {text_digest(article.text): article.text for article in articles}
    record = _fields(answer) | {
        "articles": [_plain(article) | {"text": text_digest(article.text)} for article in articles],
        "hits": [
            _plain(hit) | {"article": articles.index(hit.article), "passage": _without_text(hit.passage)}
            for hit in answer.hits
        ],
        "citations": [_plain(Quote(c.passage_id, c.quote, c.start)) for c in answer.citations],
    }
    return Stored(zlib.compress(json.dumps(_plain(record)).encode()), texts)


def restored(kept: Stored) -> Answer:
    """The answer that was kept. Raises Damaged when it is not what it was, or a quote does not stand in its article."""
    try:
        record = json.loads(zlib.decompress(kept.record))
        articles = [_article(values, kept.texts) for values in record.pop("articles")]
        hits = tuple(_hit(values, articles) for values in record["hits"])
        quotes = [_made(Quote, values) for values in record.pop("citations")]
        answer: Answer = _made(Answer, record | {"hits": hits, "citations": ()})
        return replace(answer, citations=_proven(answer, quotes))
    except Damaged:
        raise
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError, zlib.error) as error:
        raise Damaged(CHANGED) from error


@dataclass(frozen=True, slots=True)
class Named:
    """An article that a kept answer rests on: its id, source and address, and the digest of its text.

    A copy of it that is named has none, "".
    """

    names: tuple[str, ...]
    text: str = ""

    def means(self, article: str, place: str) -> bool:
        """Whether it is the article with this id, or lies at this place or in it, be it a record or a file of a zip."""
        return any(name == article or lies_in(name, place) or name.startswith(f"{place}#") for name in self.names)


def named_by(articles: Iterable[Article], copies: Iterable[Copy] = ()) -> list[Named]:
    """What `named` tells of an answer, of these."""
    return [
        *(Named(_names(_fields(article)), text_digest(article.text)) for article in articles),
        *(Named(_names(_fields(copy))) for copy in copies),
    ]


def named(record: bytes) -> list[Named]:
    """The articles of an answer, told from its record alone, and the copies of them that it names. Raises Damaged."""
    try:
        values = json.loads(zlib.decompress(record))
        articles = [Named(_names(a), a["text"]) for a in values["articles"]]
        copies = [Named(_names(copy)) for hit in values["hits"] for copy in hit.get("also", ())]
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError, zlib.error) as error:
        raise Damaged(CHANGED) from error
    return [*articles, *copies]


def beside(record: bytes) -> list[Named]:
    """The articles of what else was found, told from the record of an answer alone. Raises Damaged."""
    try:
        return [_beside(one) for one in json.loads(zlib.decompress(record)).get("nearby", ())]
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError, zlib.error) as error:
        raise Damaged(CHANGED) from error


def without(record: bytes, meant: Callable[[Named], bool]) -> bytes:
    """The record of an answer without what else was found in the articles that are meant."""
    values = json.loads(zlib.decompress(record))
    values["nearby"] = [one for one in values.get("nearby", ()) if not meant(_beside(one))]
    return zlib.compress(json.dumps(values).encode())


def _beside(nearby: Mapping[str, Any]) -> Named:
    return Named(_names(nearby), nearby["text"])


def _names(about: Mapping[str, Any]) -> tuple[str, ...]:
    source, url = about["source"], about.get("url")
    return article_id(source), source, *([url] if url else [])


def text_digest(text: str) -> str:
    """What a text is kept under."""
    return digest("text", text)


def _proven(answer: Answer, quotes: list[Quote]) -> tuple[Citation, ...]:
    """The citations of the sentences, made anew. Raises Damaged unless each of the quotes gives one."""
    claims = tuple(
        DraftSentence(s.text, tuple(quotes[n - 1] for n in s.citations), s.mark, s.doubt) for s in answer.sentences
    )
    sentences, citations = verify(Draft(claims, answer.produced_by), answer.hits)
    if sentences != answer.sentences or len(citations) != len(quotes):
        raise Damaged("a quote does not stand in its article")
    return citations


def _article(record: Any, texts: Mapping[str, str]) -> Article:  # noqa: ANN401
    key = record["text"]
    if key not in texts or text_digest(texts[key]) != key:
        raise Damaged("the text of an article is missing or changed")
    article: Article = _made(Article, record | {"text": texts[key]})
    return article


def _hit(record: Any, articles: list[Article]) -> Hit:  # noqa: ANN401
    article, passage = articles[record["article"]], record["passage"]
    text = article.text[passage["start"] : passage["end"]]
    made: Hit = _made(Hit, record | {"article": article, "passage": _made(Passage, passage | {"text": text})})
    return made


def _without_text(passage: Passage) -> dict[str, Any]:
    return {name: value for name, value in _fields(passage).items() if name != "text"}


def _fields(value: Any) -> dict[str, Any]:  # noqa: ANN401 - a dataclass
    return {f.name: getattr(value, f.name) for f in fields(value)}


# To JSON and back ----------------------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:  # noqa: ANN401
    """The value as JSON has it."""
    if is_dataclass(value):
        return {name: _plain(part) for name, part in _fields(value).items()}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    if isinstance(value, date):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def _made(kind: Any, value: Any) -> Any:  # noqa: ANN401
    """The value of this type that JSON holds. Raises ValueError or TypeError for one that it cannot be."""
    parts = get_args(kind)
    if get_origin(kind) in (Union, UnionType):
        (some,) = (part for part in parts if part is not NoneType)
        return None if value is None else _made(some, value)
    if get_origin(kind) is tuple:
        kinds = parts[:1] * len(value) if parts[-1] is ... else parts
        return tuple(_made(part, one) for part, one in zip(kinds, value, strict=True))
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Mapping):
        return {name: _made(parts[1], one) for name, one in value.items()}
    if is_dataclass(kind):
        return value if type(value) is kind else _made_of_fields(kind, value)
    if kind in (date, datetime):
        return kind.fromisoformat(value)
    if issubclass(kind, Enum):
        return kind(value)
    if not isinstance(value, int | float if kind is float else kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _made_of_fields(kind: Any, values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    hints = _hints(kind)
    return kind(**{f.name: _made(hints[f.name], values[f.name]) for f in fields(kind) if f.name in values})


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
