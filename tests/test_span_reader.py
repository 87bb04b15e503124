import math
from dataclasses import replace

import pytest

from rag.answers import Refusal
from rag.followups import Query
from rag.reading.span_reader import HARDLY, Evidence, SpanReader, logit, support
from rag.reading.spans import Span
from rag.retrieve import HybridRetriever

FERRY = "When does the ferry sail?"


class Marks:
    """A span model that marks a word where it stands, and says how sure it is of each."""

    name = "marks"

    def __init__(self, **scores):
        self.scores = scores
        self.asked = []

    def read(self, question, passages, count=1):
        self.asked.append((question, list(passages)))
        return [self.marked(text)[:count] for _, text in passages]

    def marked(self, text):
        places = [(text.find(word), word, score) for word, score in self.scores.items()]
        found = [Span(start, start + len(word), score) for start, word, score in places if start >= 0]
        return sorted(found, key=lambda span: -span.score)

    def chance(self, score):
        return 1 / (1 + math.exp(-score))


class Backwards:
    """A ranker that likes the longest passage least."""

    def relevance(self, question, passages):
        return [-len(text) for _, text in passages]


def read(indexed, model, threshold=0.5, **settings):
    hits = HybridRetriever(index=indexed).search(FERRY).hits
    return SpanReader(model, indexed, threshold, **settings).read(FERRY, hits), hits


def test_the_span_is_marked_in_its_sentence_and_the_quote_stands_in_the_article(indexed):
    draft, hits = read(indexed, Marks(noon=8.0))
    (sentence, *_) = draft.sentences
    assert sentence.text[slice(*sentence.mark)] == "noon"
    (quote,) = sentence.quotes
    hit = next(h for h in hits if h.passage.id == quote.passage_id)
    assert hit.article.text[quote.start : quote.start + len(quote.text)] == quote.text == sentence.text
    assert (draft.produced_by, draft.refusal) == ("marks", None)


def test_a_question_that_no_passage_is_likely_to_answer_is_refused(indexed):
    draft, _ = read(indexed, Marks(noon=-9.0))
    assert (draft.refusal, draft.sentences) == (Refusal.NOT_SUPPORTED, ())
    assert 0 <= draft.confidence < 0.5


def test_a_refusal_that_is_nearly_an_answer_does_not_claim_that_there_is_none(indexed):
    sure = read(indexed, Marks(noon=0.0))[0].confidence
    for threshold, refusal in (
        (sure + 0.001, Refusal.UNCLEAR),
        (sure / HARDLY - 0.001, Refusal.UNCLEAR),
        (sure / HARDLY + 0.001, Refusal.NOT_SUPPORTED),
    ):
        assert read(indexed, Marks(noon=0.0), threshold)[0].refusal is refusal


def test_passages_without_a_span_are_refused(indexed):
    draft, _ = read(indexed, Marks())
    assert (draft.refusal, draft.confidence) == (Refusal.NOT_SUPPORTED, 0.0)


def test_nothing_found_is_nothing_to_read(indexed):
    model = Marks(noon=8.0)
    draft = SpanReader(model, indexed).read(FERRY, ())
    assert (draft.refusal, model.asked) == (Refusal.NOTHING_FOUND, [])


def test_the_passage_that_answers_is_quoted_though_another_was_found_first(indexed):
    draft, hits = read(indexed, Marks(noon=-9.0, crane=9.0))
    assert hits[0].article.source == "ferry"
    assert draft.sentences[0].text == "A crane barge struck the quay."


def test_a_passage_that_answers_goes_before_one_that_was_found_as_well(indexed):
    hits = [replace(h, score=1.0) for h in HybridRetriever(index=indexed).search(FERRY).hits]
    draft = SpanReader(Marks(noon=-2.0, crane=3.0), indexed).read(FERRY, hits)
    sources = {h.passage.id: h.article.source for h in hits}
    assert [sources[spot.passage_id] for spot in draft.spots] == ["crane", "ferry"]


def test_nothing_is_quoted_from_what_is_less_likely_than_the_threshold_whatever_the_ranker_says(indexed):
    draft, _ = read(indexed, Marks(noon=9.0, crane=-9.0), ranker=Backwards())
    (sentence,) = draft.sentences
    assert "noon" in sentence.text
    assert len([spot.passage_id for spot in draft.spots]) == 2


def test_a_sure_answer_ends_the_reading_early_unless_more_is_wanted(indexed):
    hits = HybridRetriever(index=indexed).search(FERRY).hits * 2
    for question, batches in (("Who sails the ferry?", [3]), (FERRY, [3, 3]), ("Why does the ferry sail?", [3, 3])):
        model = Marks(noon=12.0)
        SpanReader(model, indexed, 0.5).read(question, hits)
        assert [len(passages) for _, passages in model.asked] == batches


def test_what_the_first_passages_say_is_there_before_the_others_are_read(indexed):
    hits = HybridRetriever(index=indexed).search(FERRY).hits * 2
    model = Marks(noon=12.0)
    drafts = SpanReader(model, indexed, 0.5).drafts(FERRY, hits)
    early = next(drafts)
    assert [len(passages) for _, passages in model.asked] == [3]
    assert (early.early, early.refusal) == (True, None)
    assert "noon" in early.sentences[0].text
    (last,) = drafts
    assert not last.early
    assert last == SpanReader(Marks(noon=12.0), indexed, 0.5).read(FERRY, hits)


@pytest.mark.parametrize(
    ("question", "scores", "passages", "ranker"),
    [
        (FERRY, {"noon": -9.0}, 6, None),  # the first passages do not answer
        ("Who sails the ferry?", {"noon": 12.0}, 6, None),  # they are enough
        (FERRY, {"noon": 12.0}, 3, None),  # there are no others
        (FERRY, {"noon": 12.0}, 6, Backwards()),
    ],
)
def test_nothing_is_said_before_where_it_would_not_help(indexed, question, scores, passages, ranker):
    hits = (HybridRetriever(index=indexed).search(FERRY).hits * 2)[:passages]
    (draft,) = SpanReader(Marks(**scores), indexed, 0.5, ranker=ranker).drafts(question, hits)
    assert not draft.early


def test_a_follow_up_is_read_as_it_was_asked(indexed):
    model = Marks(noon=8.0)
    hits = HybridRetriever(index=indexed).search(FERRY).hits
    SpanReader(model, indexed).read(Query("And why?", (FERRY,), 9.0), hits)
    assert {question for question, _ in model.asked} == {"And why?"}


def test_no_more_passages_are_read_than_are_asked_for(indexed):
    model = Marks(noon=8.0)
    read(indexed, model, passages=1)
    ((_, passages),) = model.asked
    assert len(passages) == 1


def test_a_ranker_orders_the_passages_and_the_reader_still_marks(indexed):
    every = Marks(the=3.0, The=3.0)
    draft, hits = read(indexed, every, threshold=0.0, ranker=Backwards())
    lengths = {h.passage.id: len(h.passage.text) for h in hits}
    read_lengths = [lengths[passage] for passage in [spot.passage_id for spot in draft.spots]]
    assert len(read_lengths) > 1
    assert read_lengths == sorted(read_lengths)
    assert draft.sentences[0].mark


@pytest.mark.parametrize("field", ["odds", "ranked", "similar", "kind"])
def test_more_of_anything_makes_an_answer_more_likely(field):
    middle = dict.fromkeys(["odds", "ranked", "similar", "kind"], 0.5)
    assert support(Evidence(**middle | {field: 0.9})) > support(Evidence(**middle))


def test_support_is_a_chance_whatever_the_evidence():
    for extreme in (-1e9, 1e9):
        assert 0 <= support(Evidence(extreme, 0, 0, 0)) <= 1


def test_a_chance_of_nought_or_one_has_odds_that_can_be_added():
    assert logit(0.5) == 0
    assert -math.inf < logit(0.0) < logit(1.0) < math.inf
