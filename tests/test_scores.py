from dataclasses import replace

import pytest
from conftest import FALL, FELL, FOLDER, MEASURES, POUNDS, SET, SEVEN, TEXTS, ask, find, walked

from index.records import Article, Copy, Hit, Overview, Passage
from rag.answers import Answer, Citation, Question, Sentence
from rag.evals.asking import run
from rag.evals.measures import STANDARD
from rag.evals.runs import means
from rag.evals.scores import answering, of_ranking, span_recall
from rag.evals.sets import GoldSpan


def values_of(found, name):
    return {row.id: row.values[name] for row in found.rows if name in row.values}


def test_a_document_is_ranked_by_its_best_passage():
    assert run(find, SET, MEASURES).rows[0].ranking == ("ferry.md", "mole.md")


def test_each_answerable_question_has_its_values():
    found = run(find, SET, MEASURES)
    assert values_of(found, "hit@1") == {"fell": 0, "fare": 1}
    assert values_of(found, "MRR@10") == {"fell": 1 / 2, "fare": 1}


def test_the_right_document_is_not_yet_the_right_passage():
    assert values_of(run(find, SET, MEASURES), "span-recall@10") == {"fell": 1, "fare": 0}


def test_only_the_first_ten_passages_count_for_span_recall():
    late = run(lambda question: walked(question, *(SEVEN,) * 10, FALL, POUNDS), SET, MEASURES)
    assert values_of(late, "span-recall@10") == {"fell": 0, "fare": 0}


def test_a_question_that_found_nothing_counts_zero():
    found = run(walked, SET, MEASURES)
    assert values_of(found, "MRR@10") == {"fell": 0, "fare": 0}


def test_answers_are_counted_beside_what_was_found():
    found = run(ask, SET, MEASURES)
    assert values_of(found, "answer rate") == {"fell": 1, "fare": 0}
    assert values_of(found, "answer text found") == {"fell": 1, "fare": 0}
    assert values_of(found, "gold cited") == {"fell": 1, "fare": 0}
    assert values_of(found, "refusal rate") == {"sang": 1}
    assert [(row.answered.refused, row.answered.citations) for row in found.rows] == [(False, 1), (True, 0), (True, 0)]


def test_a_quote_from_another_part_of_the_gold_article_is_not_gold():
    elsewhere = replace(FELL, spans=(GoldSpan("mole.md", "It was rebuilt by May."),))
    assert values_of(run(ask, replace(SET, questions=(elsewhere,))), "gold cited") == {"fell": 0}


def test_without_spans_a_citation_of_a_relevant_document_is_gold():
    judged = replace(FELL, spans=())
    assert values_of(run(ask, replace(SET, questions=(judged,))), "gold cited") == {"fell": 1}


def cited(source, text, start, quote, also=()):
    """A citation of `quote` at `start` of an article that says `text`, and the hit it was made from."""
    of = Article(source, f"{FOLDER}/{source}", source, text)
    end = start + len(quote)
    citation = Citation(1, "p", of.id, "r", start, end, quote, "", of.source, None, None, "", None, also)
    return citation, Hit(Passage("p", of.id, "r", 0, len(text), text), of, 1.0, "")


def answered(*found):
    """An answer with these citations."""
    citations, hits = zip(*found, strict=True)
    overview = Overview(2, 2, None, None, 2, 1)
    return Answer(Question("Why?"), "Why?", (Sentence("So.", (1,)),), citations, hits, overview, "fake")


def scored(question, *found):
    return answering(question, answered(*found), SET.document)


MOLE = ("mole.md", TEXTS["mole.md"])
FERRY = ("ferry.md", TEXTS["ferry.md"])
BOTH = replace(
    FELL, spans=(GoldSpan("mole.md", "The mole fell in August."), GoldSpan("ferry.md", "It costs two pounds."))
)


def test_citation_precision_is_the_share_of_the_citations_that_are_gold():
    values = scored(BOTH, cited(*MOLE, 4, "mole fell"), cited(*MOLE, 25, "It was"), cited(*FERRY, 0, "The ferry"))
    assert values["citation precision"] == 1 / 3
    assert values["citation recall"] == 1 / 2


def test_citation_recall_is_the_share_of_the_gold_that_is_cited():
    assert scored(BOTH, cited(*MOLE, 4, "mole fell"), cited(*FERRY, 29, "costs"))["citation recall"] == 1


def test_a_place_that_says_the_same_stands_for_a_span():
    also = replace(FELL, also=(GoldSpan("ferry.md", "It costs two pounds."),))
    values = scored(also, cited(*FERRY, 29, "costs"))
    assert (values["citation recall"], values["citation precision"]) == (1, 1)
    # Both places of the one span are cited, which is no more than all.
    assert scored(also, cited(*FERRY, 29, "costs"), cited(*MOLE, 4, "mole"))["citation recall"] == 1


def test_without_spans_citations_are_counted_by_document_and_a_near_copy_is_as_good():
    judged = replace(FELL, spans=(), relevance={"mole.md": 1, "ferry.md": 0, "copy.md": 2})
    values = scored(judged, cited(*MOLE, 0, "The"), cited(*FERRY, 0, "The"))
    assert (values["citation recall"], values["citation precision"]) == (1 / 2, 1 / 2)
    copy = cited(*FERRY, 0, "The", also=(Copy(f"{FOLDER}/copy.md", "Copy"),))
    values = scored(judged, cited(*MOLE, 0, "The"), copy)
    assert (values["citation recall"], values["citation precision"]) == (1, 1)


def test_a_quote_is_exact_when_it_stands_at_its_place_character_by_character():
    assert scored(FELL, cited(*MOLE, 4, "mole fell"), cited(*MOLE, 3, "mole fell"))["quote exactness"] == 1 / 2
    assert scored(FELL, cited(*MOLE, 4, "Mole fell"))["quote exactness"] == 0


def test_a_refused_question_has_no_citations_to_measure():
    (row,) = (row for row in run(ask, SET, MEASURES).rows if row.id == "fare")
    assert row.values["citation recall"] == 0
    assert not {"citation precision", "quote exactness"} & row.values.keys()


def test_an_answer_is_matched_as_squad_matches_it():
    found = run(ask, SET, MEASURES)
    # Said: It fell in August; gold: AUGUST. Precision 1/4, recall 1: F1 = 2/5.
    assert values_of(found, "F1") == {"fell": pytest.approx(2 / 5), "fare": 0, "sang": 1}
    assert values_of(found, "EM") == {"fell": 0, "fare": 0, "sang": 1}


def test_a_refusal_answers_a_question_without_an_answer_whatever_text_it_comes_with():
    null = replace(SET, questions=(FELL, replace(SET.questions[2], answers=("Insufficient information.",))))
    assert values_of(run(ask, null, MEASURES), "EM") == {"fell": 0, "sang": 1}


def test_a_set_without_answer_texts_has_no_match():
    silent = replace(SET, questions=tuple(replace(question, answers=()) for question in SET.questions))
    assert not {"EM", "F1", "answer text found"} & means(run(ask, silent, MEASURES).rows).keys()


# Places that say the same, and near-copies ---------------------------------------------------------------------------

ALSO = replace(FELL, relevance={"mole.md": 1, "news.md": 1}, also=(GoldSpan("news.md", "The mole fell in August!"),))


@pytest.mark.parametrize("ranking", [("mole.md", "ferry.md"), ("news.md", "ferry.md"), ("mole.md", "news.md")])
def test_a_place_that_says_the_same_is_as_good_as_gold_and_not_needed(ranking):
    values = of_ranking(ALSO, ranking, STANDARD)
    names = ("hit@1", "recall@10", "all-evidence@10", "R-precision", "nDCG@10", "AP")
    assert [values[name] for name in names] == [1] * len(names)
    # What was judged is told of the documents as they were found.
    assert values["judged@10"] == (1 if "ferry.md" not in ranking else 1 / 2)


def test_of_several_spans_a_place_stands_for_the_one_it_shares_most_words_with():
    also = replace(
        BOTH,
        relevance={"mole.md": 1, "ferry.md": 1, "news.md": 1},
        also=(GoldSpan("news.md", "A trip costs two pounds."),),
    )
    assert of_ranking(also, ("mole.md", "news.md"), STANDARD)["all-evidence@10"] == 1
    assert of_ranking(also, ("ferry.md", "news.md"), STANDARD)["recall@10"] == 1 / 2
    # Both places of one span are cited, and nothing of the other.
    news = ("news.md", "A trip costs two pounds.")
    assert scored(also, cited(*FERRY, 29, "costs"), cited(*news, 2, "trip costs"))["citation recall"] == 1 / 2


def test_a_found_place_that_says_the_same_covers_the_span():
    text = "Old news. The mole fell in August!"
    _, found = cited("news.md", text, 10, text[10:])
    assert span_recall(ALSO, [found], SET.document) == 1


def copied(text, quote, of="mole.md"):
    """A citation of a near-copy of an article, whose own passage was left out for it, and the hit."""
    citation, found = cited("copy.md", text, text.index(quote), quote, also=(Copy(f"{FOLDER}/{of}", "Mole"),))
    return citation, replace(found, also=citation.also)


def test_a_near_copy_in_which_the_gold_stands_elsewhere_is_as_good_as_its_article():
    # The gold says where it stands in its article, which is another place in the copy.
    shifted = copied("From our reporter. The mole fell in August. It was rebuilt.", "mole fell in August")
    assert span_recall(FELL, [shifted[1]], SET.document) == 1
    values = scored(FELL, shifted)
    assert [values[name] for name in ("gold cited", "citation recall", "citation precision")] == [1, 1, 1]


def test_another_passage_of_a_near_copy_is_not_gold():
    other = copied("It was rebuilt by the end of May, said the council.", "rebuilt by the end of May")
    assert span_recall(FELL, [other[1]], SET.document) == 0
    assert scored(FELL, other)["gold cited"] == 0


@pytest.mark.parametrize(("quote", "found"), [("in 1995", 0), ("it is 5.5 high", 0), ("force 5, they said", 1)])
def test_an_answer_text_is_found_as_words_of_its_own(quote, found):
    of = replace(FELL, answers=("5",))
    text = f"{quote} when the mole fell"
    elsewhere = replace(of, spans=(GoldSpan("a.md", text),), relevance={"a.md": 1})
    assert scored(elsewhere, cited("a.md", text, 0, quote))["answer text found"] == found
