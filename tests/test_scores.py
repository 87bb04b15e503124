from dataclasses import replace

from conftest import FALL, FELL, MEASURES, POUNDS, SET, SEVEN, ask, find, walked

from rag.evals.runs import run
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
