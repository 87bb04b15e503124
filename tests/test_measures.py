import math
import random

import ir_measures
import pytest

from index.errors import UsageError
from rag.evals.measures import STANDARD, evaluate, interval, mean, mean_of_each, measure

OURS_TO_IR_MEASURES = {
    "hit@1": "Success@1",
    "hit@5": "Success@5",
    "hit@10": "Success@10",
    "recall@5": "R@5",
    "recall@10": "R@10",
    "MRR@10": "RR@10",
    "nDCG@10": "nDCG@10",
    "AP": "AP",
    "AP@10": "AP@10",
    "R-precision": "Rprec",
    "judged@10": "Judged@10",
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


def test_average_precision_is_the_mean_precision_at_the_relevant_ranks():
    # a at rank 1 (precision 1/1), b at rank 4 (precision 2/4), c not found.
    assert value("AP", ["a", "x", "y", "b"], {"a": 1, "b": 1, "c": 1}) == pytest.approx((1 + 2 / 4 + 0) / 3, abs=1e-12)
    assert value("AP@3", ["a", "x", "y", "b"], {"a": 1, "b": 1, "c": 1}) == pytest.approx(1 / 3, abs=1e-12)


def test_r_precision_looks_as_deep_as_there_are_relevant_documents():
    assert value("R-precision", ["a", "x", "b"], {"a": 1, "b": 2}) == 1 / 2
    assert value("R-precision", ["a", "b", "x"], {"a": 1, "b": 2}) == 1


def test_all_evidence_needs_every_relevant_document():
    assert value("all-evidence@2", ["a", "x", "b"], {"a": 1, "b": 1}) == 0
    assert value("all-evidence@3", ["a", "x", "b"], {"a": 1, "b": 1, "c": 0}) == 1


def test_judged_is_the_share_of_what_was_found_that_somebody_judged():
    assert value("judged@4", ["a", "x", "b", "y"], {"a": 1, "b": 0, "c": 1}) == 2 / 4
    assert value("judged@10", ["a", "x"], {"a": 1}) == 1 / 2


def test_a_document_judged_zero_is_not_relevant():
    for name in ("recall@10", "hit@10", "MRR@10", "nDCG@10", "AP", "R-precision", "all-evidence@10"):
        assert value(name, ["a"], {"a": 0}) == 0


@pytest.mark.parametrize("measure", STANDARD, ids=lambda measure: measure.name)
def test_nothing_found_is_worth_nothing(measure):
    assert measure.of([], {"a": 1}) == 0


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
    # ir_measures divides by zero for the judged of an empty ranking, and so is asked for it apart.
    parsed = [ir_measures.parse_measure(name) for name in names]
    calculated = [
        *ir_measures.iter_calc([m for m in parsed if m.NAME != "Judged"], qrels, run),
        *ir_measures.iter_calc([m for m in parsed if m.NAME == "Judged"], qrels, {q: r for q, r in run.items() if r}),
    ]
    expected = {(query, "judged@10"): 0.0 for query, ranking in rankings.items() if not ranking}
    expected |= {(row.query_id, names[str(row.measure)]): row.value for row in calculated}
    ours = evaluate(rankings, qrels, [measure(name) for name in OURS_TO_IR_MEASURES])
    found = {(query, name): value for query, values in ours.items() for name, value in values.items()}
    assert found.keys() == expected.keys()
    assert max(abs(found[key] - expected[key]) for key in found) < 1e-9


def test_a_query_that_found_nothing_counts_zero():
    assert evaluate({"q": []}, {"q": {"a": 1}}, [measure("hit@5")]) == {"q": {"hit@5": 0}}


def test_a_query_that_did_not_run_is_not_a_zero():
    with pytest.raises(ValueError, match="'q2'"):
        evaluate({"q1": ["a"]}, {"q1": {"a": 1}, "q2": {"a": 1}})


@pytest.mark.parametrize(
    "name", ["ndcg@10", "recall", "recall@0", "recall@ten", "MAP@10", "R-precision@10", "all-evidence"]
)
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


def test_columns_are_resampled_as_each_of_them_alone():
    columns = {"a": [0.0, 1.0, 0.5], "b": [1.0, 1.0, 0.0], "c": [0.25, 0.5]}
    assert mean_of_each(columns) == {name: mean(values) for name, values in columns.items()}


def test_equal_values_have_no_width():
    assert interval([0.25] * 9) == (0.25, 0.25)
