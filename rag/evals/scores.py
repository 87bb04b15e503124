"""What was found and what was answered for one question, in numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from index.records import Hit
from rag.answers import Answer, Citation
from rag.evals.measures import DESCRIPTIVE, Measure
from rag.evals.sets import COVERED, EvalQuestion, GoldSpan
from rag.evals.squad_scores import Match, squad_2

SPAN_RECALL = "span-recall@10"
SPAN_CUTOFF = 10
HALF = 0.5
# So many words in a row are compared with those of a copy.
_RUN = 3

ANSWER_RATE = "answer rate"
REFUSAL_RATE = "refusal rate"
TEXT_FOUND = "answer text found"
GOLD_CITED = "gold cited"
EXACT_MATCH = "EM"
F1 = "F1"
SHORT_ANSWER = "short answer right"
CITATION_PRECISION = "citation precision"
CITATION_RECALL = "citation recall"
QUOTE_EXACTNESS = "quote exactness"
# What is measured of answers alone.
OF_ANSWERS = (
    ANSWER_RATE, REFUSAL_RATE, TEXT_FOUND, SHORT_ANSWER, GOLD_CITED, EXACT_MATCH, F1, CITATION_PRECISION,
    CITATION_RECALL, QUOTE_EXACTNESS,
)  # fmt: skip

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
    values = of_ranking(question, ranked(hits, document), measures)
    return values | ({SPAN_RECALL: span_recall(question, hits[:SPAN_CUTOFF], document)} if question.spans else {})


def of_ranking(question: EvalQuestion, ranking: Sequence[str], measures: Sequence[Measure]) -> dict[str, float]:
    """The measures of a ranking of documents for an answerable question.

    A document that is relevant for what it has under `also` alone is not needed: it counts as the one that it stands
    for, and both together as one.
    """
    needed = {span.document for span in question.spans if question.relevance.get(span.document, 0) > 0}
    stands: dict[str, list[str]] = {}
    for span, *others in alternatives(question):
        for place in others:
            if span.document in needed and place.document not in needed:
                stands.setdefault(place.document, []).append(span.document)
    relevance = {name: grade for name, grade in question.relevance.items() if name not in stands}
    met = tuple(dict.fromkeys(name for found in ranking for name in stands.get(found, [found])))
    return {
        m.name: m.of(ranking, question.relevance) if m.name.startswith(DESCRIPTIVE) else m.of(met, relevance)
        for m in measures
    }


def alternatives(question: EvalQuestion) -> list[list[GoldSpan]]:
    """Each needed span with the places of `also` that stand for it.

    A set does not say which those are: a place stands for the span that it shares most words with, the first of equals.
    """
    found = [[span] for span in question.spans]
    for place in question.also if found else ():
        words = set(_words(place.text))
        max(found, key=lambda spans: len(words & set(_words(spans[0].text)))).append(place)
    return found


def span_recall(question: EvalQuestion, hits: Sequence[Hit], document: Document) -> float:
    """The share of the needed spans of which, or of a place that says the same, one of the hits holds at least half."""
    covered = [
        any(holds(hit, place, document) for hit in hits for place in places) for places in alternatives(question)
    ]
    return sum(covered) / len(covered)


def holds(hit: Hit, span: GoldSpan, document: Document) -> bool:
    """Whether the passage has at least half of the span, or, where it stands for a copy's, at least half of its words.

    Raises FootnoteError when the passage is of the span's own article and the span does not stand there.
    """
    own, *copies = map(document, hit.sources)
    if own == span.document:
        return span.covered(hit.article.text, hit.passage.start, hit.passage.end)
    return span.document in copies and _said(span.text, hit.passage.text) >= COVERED


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
        values[SHORT_ANSWER] = float(short_is_right(question, answer))
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
    match = matching(answer.short or said(answer), question.answers if question.answerable else ())
    return {EXACT_MATCH: match.exact, F1: match.f1}


def quotes_answer(question: EvalQuestion, citations: Sequence[Citation]) -> bool:
    """Whether a quote holds one of the answer texts as words of their own, whatever the case and white space."""
    return any(stands_in(text, citation.quote) for text in question.answers for citation in citations)


def short_is_right(question: EvalQuestion, answer: Answer) -> bool:
    """Whether what is marked in the answer holds an answer text, or shares half of its words by F1."""
    shorts = [sentence.short for sentence in answer.sentences if sentence.mark]
    return any(
        stands_in(text, short) or squad_2(short, [text]).f1 >= HALF for text in question.answers for short in shorts
    )


def stands_in(answer: str, text: str) -> bool:
    """Whether the answer's words stand in the text as words of their own, whatever the case and white space."""
    # "5" stands neither in "1995" nor in "5.5".
    return bool(re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(squeeze(answer))}(?!\w)(?![.,]\d)", squeeze(text)))


def cites_gold(question: EvalQuestion, answer: Answer, document: Document) -> bool:
    """Whether a citation overlaps a gold span; in a set without spans, whether it stands in a relevant document."""
    return bool(_gold_citations(question, answer, document))


def citation_recall(question: EvalQuestion, answer: Answer, document: Document) -> float:
    """The share of the gold spans that a citation overlaps; without spans, of the relevant documents that are cited.

    A place that says the same as a span stands for it.
    """
    if not question.spans:
        relevant = {name for name, grade in question.relevance.items() if grade > 0}
        cited = {name for citation in answer.citations for name in _documents(citation, document)}
        return len(relevant & cited) / len(relevant)
    texts = _texts(answer)
    met = [
        any(_touches(citation, place, texts, document) for citation in answer.citations for place in places)
        for places in alternatives(question)
    ]
    return sum(met) / len(met)


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
    """Whether the quote overlaps the place, or, where it stands for a copy's, half of the shorter is in the other."""
    own, *copies = _documents(citation, document)
    if own == place.document:
        return place.touched(texts[citation.article_id], citation.start, citation.end)
    shared = max(_said(place.text, citation.quote), _said(citation.quote, place.text))
    return place.document in copies and shared >= COVERED


def _documents(citation: Citation, document: Document) -> list[str]:
    """The documents that a citation stands in: a near-copy is as good."""
    return [document(citation.source), *(document(copy.source) for copy in citation.also)]


def _texts(answer: Answer) -> dict[str, str]:
    return {hit.article.id: hit.article.text for hit in answer.hits}


def _said(text: str, other: str) -> float:
    """The share of the runs of three words of a text that the other has: a copy says it in nearly the same words."""
    runs, others = _runs(text), _runs(other)
    return len(runs & others) / len(runs)


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _words(text)
    return {tuple(words[n : n + _RUN]) for n in range(max(1, len(words) - _RUN + 1))}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", squeeze(text))


def squeeze(text: str) -> str:
    """The text without differences of case and white space."""
    return " ".join(text.casefold().split())
