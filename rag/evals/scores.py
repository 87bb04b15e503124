"""What was found and what was answered for one question, in numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from index.records import Hit
from rag.answers import Answer, Citation
from rag.evals.measures import Measure
from rag.evals.sets import EvalQuestion, GoldSpan
from rag.evals.squad_scores import Match

SPAN_RECALL = "span-recall@10"
SPAN_CUTOFF = 10

ANSWER_RATE = "answer rate"
REFUSAL_RATE = "refusal rate"
TEXT_FOUND = "answer text found"
GOLD_CITED = "gold cited"
EXACT_MATCH = "EM"
F1 = "F1"
CITATION_PRECISION = "citation precision"
CITATION_RECALL = "citation recall"
QUOTE_EXACTNESS = "quote exactness"

# Gives the id that a question set has for the document at a source.
Document = Callable[[str], str]
# How a text meets answers: that of SQuAD 1.1 or 2.0.
Matching = Callable[[str, Sequence[str]], Match]


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


def answering(
    question: EvalQuestion, answer: Answer, document: Document, matching: Matching | None = None
) -> dict[str, float]:
    """What the answer to one question is worth; `matching` gives EM and F1 too, where the set has answer texts.

    An unanswerable question is to be refused. An answerable one that is refused counts 0, but for the measures of
    citations that it does not have: citation precision and quote exactness.
    """
    refused = answer.refusal is not None
    if not question.answerable:
        return {REFUSAL_RATE: float(refused)} | _matched(question, answer, matching)
    values = {ANSWER_RATE: float(not refused), GOLD_CITED: float(cites_gold(question, answer, document))}
    if question.answers:
        values |= {TEXT_FOUND: float(quotes_answer(question, answer.citations))} | _matched(question, answer, matching)
    values[CITATION_RECALL] = citation_recall(question, answer, document)
    if answer.citations:
        gold = _gold_citations(question, answer, document)
        values[CITATION_PRECISION] = len(gold) / len(answer.citations)
        values[QUOTE_EXACTNESS] = quote_exactness(answer)
    return values


def said(answer: Answer) -> str:
    """The sentences of the answer as one text; "" for a refusal."""
    return " ".join(sentence.text for sentence in answer.sentences)


def _matched(question: EvalQuestion, answer: Answer, matching: Matching | None) -> dict[str, float]:
    if matching is None:
        return {}
    match = matching(said(answer), question.answers if question.answerable else ())
    return {EXACT_MATCH: match.exact, F1: match.f1}


def quotes_answer(question: EvalQuestion, citations: Sequence[Citation]) -> bool:
    """Whether a quote holds one of the answer texts, whatever the case and white space."""
    quotes = [squeeze(citation.quote) for citation in citations]
    return any(squeeze(text) in quote for text in question.answers for quote in quotes)


def cites_gold(question: EvalQuestion, answer: Answer, document: Document) -> bool:
    """Whether a citation overlaps a gold span; in a set without spans, whether it stands in a relevant document."""
    return bool(_gold_citations(question, answer, document))


def citation_recall(question: EvalQuestion, answer: Answer, document: Document) -> float:
    """The share of the gold spans that a citation overlaps; without spans, of the relevant documents that are cited.

    A place that says the same stands for a span, whichever it is.
    """
    if not question.spans:
        relevant = {name for name, grade in question.relevance.items() if grade > 0}
        cited = {name for citation in answer.citations for name in _documents(citation, document)}
        return len(relevant & cited) / len(relevant)
    texts = _texts(answer)
    places = (*question.spans, *question.also)
    met = sum(any(_touches(c, place, texts, document) for c in answer.citations) for place in places)
    return min(met / len(question.spans), 1.0)


def quote_exactness(answer: Answer) -> float:
    """The share of the citations whose quote is, character by character, what stands at its place in the article."""
    texts = _texts(answer)
    exact = [texts[c.article_id][c.start : c.end] == c.quote for c in answer.citations]
    return sum(exact) / len(exact)


def _gold_citations(question: EvalQuestion, answer: Answer, document: Document) -> list[Citation]:
    places = (*question.spans, *question.also)
    if not places:
        relevance = question.relevance
        return [c for c in answer.citations if any(relevance.get(name, 0) > 0 for name in _documents(c, document))]
    texts = _texts(answer)
    return [c for c in answer.citations if any(_touches(c, place, texts, document) for place in places)]


def _touches(citation: Citation, place: GoldSpan, texts: Mapping[str, str], document: Document) -> bool:
    if document(citation.source) != place.document:
        return False
    return place.touched(texts[citation.article_id], citation.start, citation.end)


def _documents(citation: Citation, document: Document) -> list[str]:
    """The documents that a citation stands in: a near-copy is as good."""
    return [document(citation.source), *(document(copy.source) for copy in citation.also)]


def _texts(answer: Answer) -> dict[str, str]:
    return {hit.article.id: hit.article.text for hit in answer.hits}


def squeeze(text: str) -> str:
    """The text without differences of case and white space."""
    return " ".join(text.casefold().split())
