import math
import random

import ir_measures
import pytest

from index.errors import UsageError
from rag.evals.measures import STANDARD, evaluate, interval, mean, measure

OURS_TO_IR_MEASURES = {
    "hit@1": "Success@1",
    "hit@5": "Success@5",
    "recall@10": "R@10",
    "MRR@10": "RR@10",
    "nDCG@10": "nDCG@10",
}


def value(name, ranking, relevance):
    return measure(name).of(ranking, relevance)


def test_recall_is_the_share_of_relevant_documents_found():
    assert value("recall@2", ["a", "x", "b"], {"a": 1, "b": 1}) == 1 / 2
    assert value("recall@3", ["a", "x", "b"], {"a": 1, "b": 1}) == 1


def test_a_hit_needs_one_relevant_document():
    assert value("hit@1", ["x", "a"], {"a": 1, "b": 1}) == 0
    assert value("hit@2", ["x", "a"], {"a": 1, "b": 1}) == 1


def test_mrr_is_one_over_the_first_relevant_rank_within_the_cutoff():
    assert value("MRR@10", ["x", "y", "a"], {"a": 1}) == 1 / 3
    assert value("MRR@2", ["x", "y", "a"], {"a": 1}) == 0


def test_ndcg_gains_the_grade_and_discounts_by_log2_of_rank_plus_one():
    found = 1 / math.log2(2) + 2 / math.log2(4)  # the 1 at rank 1, the 2 at rank 3
    best = 2 / math.log2(2) + 1 / math.log2(3)
    assert value("nDCG@10", ["b", "x", "a"], {"a": 2, "b": 1}) == pytest.approx(found / best, abs=1e-12)


def test_a_document_judged_zero_is_not_relevant():
    for name in ("recall@10", "hit@10", "MRR@10", "nDCG@10"):
        assert value(name, ["a"], {"a": 0}) == 0


def test_the_values_are_those_of_ir_measures():
    chance = random.Random(7)
    qrels, rankings = {}, {}
    for n in range(200):
        documents = [f"d{i}" for i in range(chance.randint(1, 40))]
        judged = chance.sample(documents, chance.randint(1, len(documents)))
        qrels[f"q{n}"] = {document: chance.choice([0, 0, 1, 1, 2, 3]) for document in judged}
        rankings[f"q{n}"] = chance.sample(documents, chance.randint(0, len(documents)))
    assert not all(rankings.values()), "some rankings are empty"

    names = {str(ir_measures.parse_measure(theirs)): ours for ours, theirs in OURS_TO_IR_MEASURES.items()}
    run = {query: {d: -float(rank) for rank, d in enumerate(ranking)} for query, ranking in rankings.items()}
    expected = {
        (row.query_id, names[str(row.measure)]): row.value
        for row in ir_measures.iter_calc([ir_measures.parse_measure(name) for name in names], qrels, run)
    }
    ours = evaluate(rankings, qrels, STANDARD)
    found = {(query, name): value for query, values in ours.items() for name, value in values.items()}
    assert found.keys() == expected.keys()
    assert max(abs(found[key] - expected[key]) for key in found) < 1e-9


def test_a_query_that_found_nothing_counts_zero():
    assert evaluate({"q": []}, {"q": {"a": 1}}, [measure("hit@5")]) == {"q": {"hit@5": 0}}


def test_a_query_that_did_not_run_is_not_a_zero():
    with pytest.raises(ValueError, match="'q2'"):
        evaluate({"q1": ["a"]}, {"q1": {"a": 1}, "q2": {"a": 1}})


@pytest.mark.parametrize("name", ["ndcg@10", "recall", "recall@0", "recall@ten", "MAP@10"])
def test_an_unknown_measure_is_refused_by_name(name):
    with pytest.raises(UsageError, match=name):
        measure(name)


def test_a_mean_has_its_count_and_an_interval_around_it():
    found = mean([0.0, 1.0] * 50)
    assert (found.value, found.n) == (0.5, 100)
    # The standard error is 0.5 / sqrt(100) = 0.05, so the interval is about 0.5 - 0.098 to 0.5 + 0.098.
    assert found.low == pytest.approx(0.402, abs=0.015)
    assert found.high == pytest.approx(0.598, abs=0.015)


def test_the_same_seed_gives_the_same_interval():
    values = [random.Random(1).random() for _ in range(30)]
    assert interval(values, seed=3) == interval(values, seed=3)


def test_equal_values_have_no_width():
    assert interval([0.25] * 9) == (0.25, 0.25)
