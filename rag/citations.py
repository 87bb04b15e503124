"""Quotes are verified here and nowhere else: a Citation says that a quote stands in an article, character by character.

Whatever a reader or a writer claims, a quote that is not found in a passage that was retrieved for this question gets
no citation, and a sentence without one is shown as unsupported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from index.records import Hit
from rag.answers import Citation, Draft, DraftSentence, Quote, Sentence


def verify(draft: Draft, hits: Sequence[Hit]) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """The draft's sentences with the numbers of the citations that hold, and those citations, numbered from 1.

    A quote that is claimed twice has one number. Sentences none of whose quotes hold carry no number.
    """
    by_id = {hit.passage.id: hit for hit in hits}
    numbers: dict[tuple[str, int, int], Citation] = {}
    sentences = tuple(_verified(sentence, by_id, numbers) for sentence in draft.sentences if sentence.text.strip())
    return sentences, tuple(numbers.values())


def _verified(
    sentence: DraftSentence, by_id: Mapping[str, Hit], numbers: dict[tuple[str, int, int], Citation]
) -> Sentence:
    held: list[int] = []
    for quote in sentence.quotes:
        place = locate(quote, by_id.get(quote.passage_id))
        if place is None:
            continue
        hit, start, end = place
        key = (hit.article.id, start, end)
        citation = numbers.get(key) or numbers.setdefault(key, _cite(hit, start, end, len(numbers) + 1))
        held.append(citation.number)
    mark, doubt = (sentence.mark, sentence.doubt) if held else (None, None)
    return Sentence(sentence.text, tuple(dict.fromkeys(held)), mark, doubt)


def locate(quote: Quote, hit: Hit | None) -> tuple[Hit, int, int] | None:
    """Where a quote stands in its article, or None when it does not stand in the passage it claims."""
    if hit is None or not quote.text.strip():
        return None
    start = hit.article.text.find(quote.text, hit.passage.start) if quote.start is None else quote.start
    end = start + len(quote.text)
    within = hit.passage.start <= start and end <= hit.passage.end
    return (hit, start, end) if within and hit.article.text[start:end] == quote.text else None


def _cite(hit: Hit, start: int, end: int, number: int) -> Citation:
    return Citation(
        number=number,
        passage_id=hit.passage.id,
        article_id=hit.article.id,
        revision=hit.passage.revision,
        start=start,
        end=end,
        quote=hit.article.text[start:end],
        title=hit.article.title,
        source=hit.article.source,
        author=hit.article.author,
        published=hit.article.published,
        heading=hit.passage.heading,
        page=hit.passage.page,
        also=hit.also,
    )
