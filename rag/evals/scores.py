"""What was found and what was answered for one question, in numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from index.records import Hit
from rag.answers import Answer, Citation
from rag.evals.measures import Measure
from rag.evals.sets import EvalQuestion

SPAN_RECALL = "span-recall@10"
SPAN_CUTOFF = 10

ANSWER_RATE = "answer rate"
REFUSAL_RATE = "refusal rate"
TEXT_FOUND = "answer text found"
GOLD_CITED = "gold cited"

# Gives the id that a question set has for the document at a source.
Document = Callable[[str], str]


def ranked(hits: Iterable[Hit], document: Document) -> tuple[str, ...]:
    """The documents of the hits, each once, where its best passage stands; one that says the same stands with it."""
    return tuple(dict.fromkeys(document(source) for hit in hits for source in hit.sources))


def retrieval(
    question: EvalQuestion, hits: Sequence[Hit], document: Document, measures: Sequence[Measure]
) -> dict[str, float]:
    """The measures of an answerable question, and span-recall@10 where its gold are spans; nothing for another.

    Raises FootnoteError when a gold span does not stand in an article that was found.
    """
    if not question.answerable:
        return {}
    ranking = ranked(hits, document)
    values = {measure.name: measure.of(ranking, question.relevance) for measure in measures}
    return values | ({SPAN_RECALL: span_recall(question, hits[:SPAN_CUTOFF], document)} if question.spans else {})


def span_recall(question: EvalQuestion, hits: Sequence[Hit], document: Document) -> float:
    """The share of the question's gold spans of which one of the hits holds at least half."""
    covered = [
        any(
            span.covered(hit.article.text, hit.passage.start, hit.passage.end)
            for hit in hits
            if span.document in map(document, hit.sources)
        )
        for span in question.spans
    ]
    return sum(covered) / len(covered)


def answering(question: EvalQuestion, answer: Answer, document: Document) -> dict[str, float]:
    """For an answerable question: answered, an answer text stands in a cited quote, gold is cited; else: refused.

    A refused question counts 0 for all three. "answer text found" is left out where the set has no answer texts.
    """
    refused = answer.refusal is not None
    if not question.answerable:
        return {REFUSAL_RATE: float(refused)}
    values = {ANSWER_RATE: float(not refused), GOLD_CITED: float(cites_gold(question, answer, document))}
    return values | ({TEXT_FOUND: float(quotes_answer(question, answer.citations))} if question.answers else {})


def quotes_answer(question: EvalQuestion, citations: Sequence[Citation]) -> bool:
    """Whether a quote holds one of the answer texts, whatever the case and white space."""
    quotes = [squeeze(citation.quote) for citation in citations]
    return any(squeeze(text) in quote for text in question.answers for quote in quotes)


def cites_gold(question: EvalQuestion, answer: Answer, document: Document) -> bool:
    """Whether a citation overlaps a gold span; in a set without spans, whether it stands in a relevant document."""
    spans = (*question.spans, *question.also)
    if not spans:
        return any(question.relevance.get(document(citation.source), 0) > 0 for citation in answer.citations)
    texts = {hit.article.id: hit.article.text for hit in answer.hits}
    return any(
        span.touched(texts[citation.article_id], citation.start, citation.end)
        for citation in answer.citations
        for span in spans
        if document(citation.source) == span.document
    )


def squeeze(text: str) -> str:
    """The text without differences of case and white space."""
    return " ".join(text.casefold().split())
