"""The source panel: the whole article as it was when the answer was made, with the quoted places lit."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from index.records import Article, passage_id
from page.chat import Turn
from page.language import dated, say, short
from page.originals import original_html
from page.phrases import evidence
from page.words import file_html, lang_html, plain, tell, together
from rag.answers import Answer, Nearby
from rag.wording import NEAREST

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a number of an answer leads: a range of an article as it was when the answer was made."""

    article: Article
    start: int
    end: int
    heading: str
    page: int | None


def empty_html() -> str:
    """The panel while there is nothing to read in it."""
    said = tell("Each number in an answer leads to the words in your articles that it rests on.")
    then = tell("Choose one to read them where they stand, or an article from the list.")
    return f'<div class="empty"><p>{said}</p><p>{then}</p></div>'


def places(answer: Answer) -> dict[str, Place]:
    """Where each number of the answer leads, by its kind and number: 'cite-1', or 'near-1' under a refusal."""
    if answer.refusal:
        return {
            f"near-{n}": Place(hit.article, hit.passage.start, hit.passage.end, hit.passage.heading, hit.passage.page)
            for n, hit in enumerate(answer.hits[:NEAREST], start=1)
        }
    articles = {hit.passage.id: hit.article for hit in answer.hits}
    return {
        f"cite-{c.number}": Place(articles[c.passage_id], c.start, c.end, c.heading, c.page) for c in answer.citations
    }


def opened(wanted: str, turns: Sequence[Turn]) -> str:
    """The panel for 'cite-<turn>-<number>' or 'near-<turn>-<number>'; the empty panel for anything else."""
    parts = re.fullmatch(r"(cite|near)-([0-9]{1,6})-([0-9]{1,6})", wanted)
    number, key = (int(parts[2]), f"{parts[1]}-{parts[3]}") if parts else (0, "")
    answer = next((turn.answer for turn in turns if turn.number == number), None)
    leads = places(answer) if answer else {}
    if not answer or key not in leads:
        return empty_html()
    order = [f"{kind}-{number}-{n}" for kind, _, n in (one.partition("-") for one in leads)]
    return source_html(wanted, leads[key], list(leads.values()), order, answer.nearby)


def read_html(name: str, article: Article) -> str:
    """The panel for 'read-<article>', in which nothing is lit, or 'read-<article>-<start>-<end>-<passage>'.

    A passage that is not there any more, because the article was changed, is not lit.
    """
    start, end = 0, 0
    if parts := re.fullmatch(r"read-[0-9a-f]{32}-([0-9]{1,9})-([0-9]{1,9})-([0-9a-f]{8})", name):
        first, last = int(parts[1]), int(parts[2])
        if passage_id(article.revision, first, last).startswith(parts[3]):
            start, end = first, last
    return source_html(name, Place(article, start, end, "", None), ())


def trouble_html(name: str, said: str) -> str:
    """The panel that says why there is nothing to read, which is given as HTML."""
    return (
        f'<article id="reader" data-place="{plain(name)}" tabindex="-1" aria-label="{tell("Source")}">'
        f'<div class="bar"><span aria-hidden="true"></span><button class="close" type="button">{tell("Close")}</button>'
        f'</div><header><p class="trouble">{said}</p></header></article>'
    )


def source_html(
    name: str, place: Place, others: Sequence[Place], order: Sequence[str] = (), nearby: Sequence[Nearby] = ()
) -> str:
    """The whole article with the place lit strongest and the answer's other places in it lit.

    `order` has the names of all places of the answer, and `nearby` what else was found for its question.
    """
    article = place.article
    title, lang = plain(article.title), lang_html(article.language)
    named = tell("Source: {title}", title=article.title)
    lit = [(p.start, p.end) for p in others if (p.article.id, p.article.text) == (article.id, article.text)]
    return (
        f'<article id="reader" data-place="{name}" tabindex="-1" aria-label="{named}">'
        f'<div class="bar"><span aria-hidden="true"{lang}>{title}</span>'
        f'<button class="close" type="button" aria-label="{tell("Close the source")}">{tell("Close")}</button></div>'
        f"<header><h2{lang}>{title}</h2>{about_html(place)}</header>"
        f'<div class="text"{lang}>{text_html(article, lit, (place.start, place.end))}</div>'
        f"{nearby_html(nearby)}{steps_html(name, order)}</article>"
    )


def steps_html(name: str, order: Sequence[str]) -> str:
    """The way to the place before and the one behind; script.js takes the arrow keys for them."""
    if len(order) < 2:
        return ""
    at = order.index(name)
    before, behind = (order[n] if 0 <= n < len(order) else "" for n in (at - 1, at + 1))
    return (
        f'<nav class="steps" aria-label="{tell("Places of this answer")}">'
        f"{_step(before, 'prev', tell('Previous place'), '‹')}"
        f"<span>{tell('{n} of {total}', n=at + 1, total=len(order))}</span>"
        f"{_step(behind, 'next', tell('Next place'), '›')}</nav>"
    )


def _step(name: str, way: str, said: str, sign: str) -> str:
    if not name:
        return '<span class="none"></span>'
    return f'<a class="step" rel="{way}" href="#{name}" aria-label="{said}" title="{said}">{sign}</a>'


def nearby_html(nearby: Sequence[Nearby]) -> str:
    """What else was found for the question."""
    lines = "".join(
        f'<li><a class="nearby" href="#read-{one.article}-{one.start}-{one.end}-{one.passage[:8]}">'
        f"<b{lang_html(one.language)}>{plain(one.title)}</b> <i>{plain(together(short(one.published)))}</i>"
        f"<span{lang_html(one.language)}>{plain(one.said)}</span></a></li>"
        for one in nearby
    )
    title = tell("Also found for this question")
    return f'<section class="nearbys"><h3>{title}</h3><ul>{lines}</ul></section>' if lines else ""


def about_html(place: Place) -> str:
    """Author, date with its evidence, heading, page and file name: what is known of them."""
    article = place.article
    day = dated(article.published, say("d MMMM y")) if article.published else say("undated")
    known_from = evidence(article.published_from) if article.published else ""
    where = [place.heading, say("page {page}", page=place.page) if place.page else ""]
    lines = [" · ".join(filter(None, [article.author, day + known_from])), " · ".join(filter(None, where))]
    known = "".join(f"<p>{plain(line)}</p>" for line in lines if line) + f"<p>{file_html(article.source)}</p>"
    return known + original_html(article, article.text[place.start : place.end], place.page)


def text_html(article: Article, lit: Sequence[Range], active: Range) -> str:
    """The article's lines as paragraphs, its headings as headings, and the ranges as marks."""
    drawn, start = [], 0
    headings = {section.start: section for section in article.sections}
    starts = sorted(headings)
    while start < len(article.text):
        if (section := headings.get(start)) and section.body > start:
            drawn.append(f"<h3>{plain(section.heading)}</h3>")
            start = section.body
            continue
        end = _line_end(article.text, start, starts)
        if article.text[start:end].strip():
            drawn.append(f"<p>{line_html(article.text, (start, end), lit, active)}</p>")
        start = end
    return "".join(drawn)


def _line_end(text: str, start: int, headings: Sequence[int]) -> int:
    """Where the line that begins at `start` ends, its line break included; the next of the headings cuts it short."""
    newline = text.find("\n", start) + 1 or len(text)
    return min([newline, *headings[(after := bisect_right(headings, start)) : after + 1]])


def line_html(text: str, line: Range, lit: Sequence[Range], active: Range) -> str:
    """One line, cut where marks begin and end; neighbours of equal light are one piece."""
    start, end = line
    cuts = sorted({start, end, *(n for span in (*lit, active) for n in span if start < n < end)})
    pieces = list(pairwise(cuts))

    def light(piece: Range) -> str:
        within = [span for span in (active, *lit) if span[0] <= piece[0] and piece[1] <= span[1]]
        return "" if not within else "active" if active in within else "lit"

    drawn = []
    for shade, group in groupby(pieces, light):
        run = list(group)
        words = plain(text[run[0][0] : run[-1][1]].rstrip("\n"))
        drawn.append(f'<mark class="{shade}">{words}</mark>' if shade and words else words)
    return "".join(drawn)
