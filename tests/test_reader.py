from dataclasses import replace

import numpy as np
import pytest
from conftest import Shelf, article

from index.records import Hit, Passage
from index.search import Index
from index.sync import sync
from rag.answers import Refusal
from rag.reader import (
    MAX_CHARACTERS,
    MAX_SENTENCES,
    Candidate,
    Evidence,
    SentenceReader,
    Weighed,
    candidates,
    chosen,
    closeness,
    content_words,
    coverage,
    evidence,
    kind_of_answer,
    stem,
    support,
)
from rag.retrieve import HybridRetriever

ALWAYS, NEVER = 0.0, 1.1
STRONG = Evidence(1.0, 1.0, 1.0, 1.0)
TEXT = "The mole fell in a storm. It was rebuilt before May. The ferry sails again at noon."


def hit(of, start=0, end=None):
    end = len(of.text) if end is None else end
    return Hit(Passage(f"{of.source}:{start}", of.id, of.revision, start, end, of.text[start:end]), of, 1.0, "")


def weighed(source, *, vector, text="A sentence of this article."):
    of = article(text, source=source)
    return Weighed(Candidate(hit(of), 0, len(text)), STRONG, np.eye(8, dtype=np.float32)[vector])


def read(indexed, question, threshold=ALWAYS):
    hits = HybridRetriever(index=indexed).search(question).hits
    return SentenceReader(indexed, threshold).read(question, hits), hits


# Candidates -----------------------------------------------------------------------------------------------------------


def test_each_sentence_of_a_passage_is_a_candidate_at_its_place_in_the_article():
    of = article(TEXT)
    assert [c.text for c in candidates([hit(of, 26)])] == TEXT[26:].replace("May. ", "May.\n").split("\n")
    assert [(c.start, c.end) for c in candidates([hit(of, 26)])] == [(26, 52), (53, 83)]


def test_a_sentence_in_two_overlapping_passages_is_one_candidate():
    of = article(TEXT)
    found = candidates([hit(of, 26), hit(of, 0, 52)])
    assert [c.start for c in found] == [26, 53, 0]


def test_the_same_sentence_in_two_articles_is_two_candidates():
    assert len(candidates([hit(article(TEXT, "a"), 0, 25), hit(article(TEXT, "b"), 0, 25)])) == 2


def test_captions_and_giant_lines_are_no_candidates():
    of = article(f"By Ines.\nThe mole fell in a storm.\n{'word ' * MAX_CHARACTERS}")
    assert [c.text for c in candidates([hit(of)])] == ["The mole fell in a storm."]


# Evidence -------------------------------------------------------------------------------------------------------------


def test_coverage_is_the_share_of_the_words_that_stand_there_by_what_they_tell():
    rare = {"mole": 0.75, "fell": 0.25}
    assert coverage(rare, "A mole.") == 0.75
    assert coverage(rare, "The MOLE fell.") == 1
    assert coverage(rare, "Nothing of it.") == 0


def test_words_that_tell_nothing_cover_nothing():
    assert coverage({}, "The mole.") == coverage({"mole": 0.0}, "The mole.") == 0


def test_a_word_is_met_in_its_other_forms():
    assert coverage({stem("offered"): 1.0}, "Russia offers to host.") == 1


def test_words_that_say_how_a_question_is_asked_are_left_out_unless_there_are_no_others():
    assert content_words("What did the Mayor say?") == ["mayor", "say"]
    assert content_words("Who?") == ["who"]
    assert content_words("?!") == []


def test_a_script_without_spaces_is_covered_by_pairs_of_its_characters(store, embedder):
    assert content_words("渡轮几点") == ["渡 轮", "轮 几", "几 点"]
    sync(
        store,
        [
            Shelf(
                ferry="渡轮每天中午十二点从码头开往对岸的小镇, 票价两个克朗。",
                mole="防波堤在八月的一场风暴中倒塌, 后来在五月之前重建完成。",
            )
        ],
        embedder,
    )
    index = Index(store, embedder)
    hits = HybridRetriever(index=index).search("渡轮几点").hits
    covered = {
        w.candidate.hit.article.source: w.evidence.covered for w in SentenceReader(index).weigh("渡轮几点", hits)
    }
    # 1 - log 2 / log 3 for the pair that one of two passages has, and 1 for each of two that none has.
    assert covered == pytest.approx({"ferry": 0.369 / 2.369, "mole": 0}, abs=1e-3)


@pytest.mark.parametrize(
    ("question", "text", "kind"),
    [
        ("How much did it cost?", "It cost £6.4m.", 1),
        ("How many were hurt?", "Two men were hurt.", 1),
        ("How many were hurt?", "Men were hurt.", 0),
        ("When did it fall?", "It fell on Monday.", 1),
        ("What year was it built?", "It was built in 1998.", 1),
        ("When did it fall?", "It fell into the harbour.", 0),
        ("Who resigned?", "The post of Harbour Master is vacant.", 1),
        ("Where was it built?", "They built it somewhere.", 0),
        ("Why did it fall?", "A barge struck it.", 0.5),
        ("Tell me about the mole", "It fell in 1998.", 0.5),
    ],
)
def test_a_question_asks_for_a_number_a_date_or_a_name(question, text, kind):
    assert kind_of_answer(question, text) == kind


def test_the_title_is_not_what_a_sentence_covers():
    found = candidates([hit(article("It fell down in a storm.", title="The mole"))])[0]
    known = evidence("Why did the mole fall?", found, {"mole": 1.0}, 0.5)
    assert known == Evidence(similar=0.5, covered=0, ranked=1, kind=0.5)


def test_a_meaning_turned_round_counts_as_none():
    assert evidence("Why?", candidates([hit(article(TEXT))])[0], {}, -0.5).similar == 0


@pytest.mark.parametrize("name", ["similar", "covered", "ranked", "kind"])
def test_support_is_between_0_and_1_and_grows_with_the_evidence(name):
    middle = Evidence(0.5, 0.5, 0.5, 0.5)
    less, more = replace(middle, **{name: 0.0}), replace(middle, **{name: 1.0})
    assert 0 < support(less) < support(middle) < support(more) < 1


def test_a_sentence_comes_close_by_meaning_or_by_words():
    assert closeness(Evidence(similar=0.6, covered=0.1, ranked=0, kind=0)) == 0.6
    assert closeness(Evidence(similar=0.1, covered=0.5, ranked=0, kind=0)) == 0.45


# Choosing -------------------------------------------------------------------------------------------------------------


def test_other_articles_come_before_more_of_the_same():
    best, same, other = weighed("mole", vector=0), weighed("mole", vector=1), weighed("ferry", vector=2)
    assert chosen([best, same, other]) == [best, other, same]


def test_a_near_copy_is_no_other_voice():
    best, copy, other = weighed("mole", vector=0), weighed("copy", vector=1), weighed("ferry", vector=2)
    best, copy = (
        replace(w, candidate=replace(w.candidate, hit=replace(w.candidate.hit, voice="v"))) for w in (best, copy)
    )
    assert chosen([best, copy, other]) == [best, other, copy]


def test_what_says_the_same_again_is_left_out():
    best, again, new = weighed("mole", vector=0), weighed("ferry", vector=0), weighed("crane", vector=1)
    assert chosen([best, again, new]) == [best, new]


def test_an_answer_is_short():
    assert len(chosen([weighed(f"s{n}", vector=n) for n in range(8)])) == MAX_SENTENCES


def test_what_has_far_less_support_is_left_out():
    best, weak = weighed("mole", vector=0), replace(weighed("ferry", vector=1), evidence=Evidence(0, 0, 0, 0))
    assert chosen([best, weak]) == [best]


# Reading --------------------------------------------------------------------------------------------------------------


def test_every_sentence_is_a_quote_that_stands_in_its_passage(indexed):
    draft, hits = read(indexed, "When does the ferry sail?")
    passages = {hit.passage.id: hit.passage.text for hit in hits}
    assert draft.refusal is None
    for sentence in draft.sentences:
        (quote,) = sentence.quotes
        assert sentence.text == quote.text
        assert quote.text in passages[quote.passage_id]


def test_the_sentence_that_answers_comes_first(indexed):
    assert read(indexed, "When does the ferry sail?")[0].sentences[0].text == "The ferry sails at noon."


def test_without_a_sentence_that_is_close_enough_there_is_no_answer(indexed):
    draft, _ = read(indexed, "When does the ferry sail?", NEVER)
    assert (draft.sentences, draft.refusal) == ((), Refusal.NOT_SUPPORTED)


def test_an_answer_and_a_refusal_say_how_close_the_closest_sentence_came(indexed):
    question = "When does the ferry sail?"
    hits = HybridRetriever(index=indexed).search(question).hits
    closest = max(closeness(w.evidence) for w in SentenceReader(indexed).weigh(question, hits))
    assert 0 < closest <= 1
    for threshold, refused in ((closest, False), (closest + 1e-6, True)):
        draft = SentenceReader(indexed, threshold).read(question, hits)
        assert (draft.confidence, draft.refusal is not None) == (closest, refused)


def test_no_hits_are_a_refusal_that_needs_neither_store_nor_model(store):
    draft = SentenceReader(Index(store, None)).read("When?", ())
    assert (draft.sentences, draft.refusal, draft.confidence) == ((), Refusal.NOTHING_FOUND, 0.0)
    assert not store.exists()


def test_passages_without_a_sentence_are_a_refusal(store, embedder):
    sync(store, [Shelf(list="One.\nTwo.\nThree.")], embedder)
    assert read(Index(store, embedder), "two")[0].refusal is Refusal.NOT_SUPPORTED


@pytest.mark.parametrize(
    "question", ["船は何時？", "Où est-ce ?", '"mole" OR (ferry*', "NEAR(mole)", "𞤀𞤣", "٣ ½ ²", "a" * 4_000]
)
def test_a_question_in_any_script_is_read(indexed, question):
    assert read(indexed, question)[0].produced_by == "sentences"
