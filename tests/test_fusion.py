import pytest

from rag.fusion import LEAD, NAMED, WORDS, Evidence, scaled


def test_a_score_is_the_sum_of_what_speaks_for_a_passage():
    assert Evidence(similar=0.5, lead=0.4, words=20.0, named=2).score == pytest.approx(
        0.5 + 0.4 * LEAD + 20 * WORDS + 2 * NAMED
    )


def test_many_rare_words_outweigh_meaning_and_few_common_ones_do_not():
    near, wordy = Evidence(0.7, 0.7, 0.0, 0), Evidence(0.5, 0.5, 30.0, 0)
    assert wordy.score > near.score
    assert Evidence(0.5, 0.5, 5.0, 0).score < near.score


def test_scores_are_stretched_from_0_to_1():
    assert scaled({1: 2.0, 2: 3.0, 3: 6.0}) == {1: 0, 2: 1 / 4, 3: 1}


def test_what_is_alone_is_the_best_there_is():
    assert scaled({1: 7.0, 2: 7.0}) == {1: 1, 2: 1}
    assert scaled({}) == {}
