"""A conversation as a file to take along: Markdown with footnotes, and BibTeX of the articles that it cites.

Whoever has an article can check a quotation without Footnote: its characters are counted in the article's text, whose
SHA-256 is given. Text of others is escaped so that it is no markup where it is read; what is invisible is left out, and
white space is one space.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC
from urllib.parse import quote as percent_encoded

from index.printable import visible
from index.records import Article
from rag.answers import Answer, Citation, Sentence
from rag.conversations import Turn
from rag.named import authors_of
from rag.wording import NEAREST, clipped, heading, looked_through, refused, reserve, short

UNTITLED = "Untitled"


def text_sha256(article: Article) -> str:
    """SHA-256 of the article's text as UTF-8, 64 hex digits."""
    return hashlib.sha256(article.text.encode("utf-8", "surrogatepass")).hexdigest()


def cited(answer: Answer) -> dict[int, Article]:
    """The article of each citation, by its number, as it was when it was cited."""
    articles = {hit.passage.id: hit.article for hit in answer.hits}
    return {citation.number: articles[citation.passage_id] for citation in answer.citations}


def about(citation: Citation) -> str:
    """'Ines Calloway, 27 Aug 2024, page 3, also in post.html': what is known of where a quote stands."""
    page = f"page {citation.page}" if citation.page else ""
    also = [f"also in {copy.source}" for copy in citation.also]
    return ", ".join(filter(None, [citation.author, short(citation.published), citation.heading, page, *also]))


def searched(answer: Answer) -> str:
    """When it was asked, what was searched and for what, and what wrote the answer."""
    asked = f"Asked on {short(answer.question.asked_at.astimezone(UTC).date())}"
    line = f"{asked}; searched {looked_through(answer.searched)}"
    if answer.searched_for != answer.question.text:
        line += f", for “{answer.searched_for}”"
    return f"{line}; answered by {answer.produced_by}."


# Markdown -----------------------------------------------------------------------------------------------------------

# What means something within a line, and what does where a line begins.
_WITHIN = re.compile(r"[\\`*_{}\[\]$~^@]|<(?=[a-z/!?])|&(?=#?\w+;)|:(?=//|[\w+-]+:)|(?<=www)\.", re.IGNORECASE)
_BEGINNING = re.compile(r"^(\s*\d*)(?=[#>+=:.)-])")


def markdown(title: str, turns: Sequence[Turn]) -> str:
    """The turns under a title, with footnotes as GitHub and Pandoc read them."""
    parts = [f"# {_text(title) or UNTITLED}", *(part for turn in turns for part in _turn(turn))]
    return "\n\n".join(parts) + "\n"


def _turn(turn: Turn) -> Iterator[str]:
    yield f"## {_text(turn.question) or UNTITLED}"
    if not turn.answer:
        yield _text(turn.trouble)
        return
    answer = turn.answer
    yield from _refused(answer) if answer.refusal else _said(turn.number, answer)
    yield from [_text(answer.note)] if answer.note else []
    yield _text(searched(answer))
    articles = cited(answer)
    yield from (_footnote(turn.number, c, articles[c.number]) for c in answer.citations)


def _said(number: int, answer: Answer) -> Iterator[str]:
    sentences = [_sentence(number, sentence) for sentence in answer.sentences]
    over = heading(answer)
    if not over:
        yield " ".join(sentences)
        return
    days = {citation.number: short(citation.published) for citation in answer.citations}
    yield _text(over)
    yield "\n".join(
        f"- {days[s.citations[0]] if s.citations else 'undated'}: {text}"
        for s, text in zip(answer.sentences, sentences, strict=True)
    )


def _sentence(number: int, sentence: Sentence) -> str:
    """The sentence, its short answer in bold where Markdown can have it so, and its footnotes."""
    start, end = sentence.mark or (0, 0)
    before, short_answer, after = sentence.text[:start], sentence.text[start:end], sentence.text[end:]
    text = _text(sentence.text)
    # Asterisks next to a mark of punctuation or a space would stand there as asterisks.
    if short_answer and short_answer[0].isalnum() and short_answer[-1].isalnum():
        text = f"{unmarked(before, begins=True)}**{unmarked(short_answer)}**{unmarked(after)}".strip()
    remark = reserve(sentence)
    return text + "".join(f"[^{number}-{n}]" for n in sentence.citations) + (f" ({remark})" if remark else "")


def _refused(answer: Answer) -> Iterator[str]:
    yield refused(answer) if answer.refusal else ""
    if answer.hits:
        yield "Nearest passages:"
        yield "\n".join(
            f"- *{_text(hit.article.title) or UNTITLED}* ({short(hit.article.published)}): "
            f"“{unmarked(clipped(hit.passage.text))}” {_place(hit.article.source, hit.passage.start, hit.passage.end)}."
            for hit in answer.hits[:NEAREST]
        )


def _footnote(number: int, citation: Citation, article: Article) -> str:
    """On one line, which is what every reader of Markdown takes for one footnote."""
    return (
        f"[^{number}-{citation.number}]: “{unmarked(citation.quote)}” *{_text(citation.title) or UNTITLED}*, "
        f"{unmarked(about(citation))}. {_place(citation.source, citation.start, citation.end)}. "
        f"SHA-256 of the article’s text: `{text_sha256(article)}`."
    )


def _place(source: str, start: int, end: int) -> str:
    return f"Source: {code_span(source)}, characters {start}–{end}"


def _text(text: str) -> str:
    """Text of others as a line of its own that is read as it stands."""
    return unmarked(text, begins=True).strip()


def unmarked(text: str, *, begins: bool = False) -> str:
    """Text of others within a line, or where one `begins`."""
    line = _WITHIN.sub(r"\\\g<0>", re.sub(r"\s+", " ", visible(text)))
    return _BEGINNING.sub(r"\1\\", line) if begins else line


def code_span(text: str) -> str:
    """Text of others as a code span that it cannot leave."""
    line = " ".join(visible(text).split())
    fence = "`" * (1 + max(map(len, re.findall("`+", line)), default=0))
    return f"{fence} {line} {fence}" if "`" in line or not line else f"{fence}{line}{fence}"


# BibTeX -------------------------------------------------------------------------------------------------------------

_MEANT = {
    "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}", "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}", **{c: f"\\{c}" for c in "$&#%_"},
}  # fmt: skip
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Characters of a title, an author or a name; no style sets more.
LONGEST_FIELD = 500


def bibtex(turns: Sequence[Turn]) -> str:
    """An entry for each article that is cited, in the order of the first citation; one for each state it was cited in.

    The key comes from the article as it was, so it is the same in every export.
    """
    answers = [turn.answer for turn in turns if turn.answer]
    articles = {article.revision: article for answer in answers for article in cited(answer).values()}
    return "\n".join(_entry(article) for article in articles.values())


def _entry(article: Article) -> str:
    day = article.published
    names = " and ".join(f"{{{_field(name)}}}" for name in authors_of(article.author))
    fields = {
        "author": names,
        "title": f"{{{_field(article.title) or UNTITLED}}}",
        "organization": _field(article.publisher or ""),
        "year": f"{day.year:04}" if day else "",
        "month": _MONTHS[day.month - 1] if day else "",
        "day": str(day.day) if day else "",
        **_whereabouts(article),
        "note": f"SHA-256 of the quoted text: {text_sha256(article)}",
    }
    lines = (f"  {name} = {value if name == 'month' else f'{{{value}}}'},\n" for name, value in fields.items() if value)
    return f"@misc{{{_key(article)},\n{''.join(lines)}}}\n"


def _whereabouts(article: Article) -> dict[str, str]:
    """The address, or the name of the file: where it lies on this machine means nothing on another."""
    address = next((a for a in (article.url, article.source) if a and re.match("https?://", a)), None)
    if address is None:
        name = re.split(r"[/\\]", article.source)[-1]
        return {"howpublished": f"File {_field(name)}"}
    # Addresses are set as they stand: nothing in them may be a brace, a backslash or a space.
    url = percent_encoded(visible(address), safe=":/?#[]@!$&'()*+,;=%-._~")
    return {"url": url, "urldate": f"{article.fetched:%Y-%m-%d}"}


def _key(article: Article) -> str:
    """'calloway2024-1f3a9c0b2d': the last author or the first word, the year, and ten digits of the revision."""
    names = authors_of(article.author)
    words = re.findall("[a-z0-9]+", unicodedata.normalize("NFKD", names[0] if names else article.title).lower())
    word = (words[-1] if names else words[0])[:20] if words else "article"
    return f"{word}{article.published.year if article.published else ''}-{article.revision[:10]}"


def _field(text: str) -> str:
    """Text of others as TeX sets it: its braces are balanced, and nothing in it is a command."""
    line = clipped(visible(text), LONGEST_FIELD)
    return "".join(_MEANT.get(c, c) for c in line)
