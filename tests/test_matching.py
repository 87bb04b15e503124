from math import log

import pytest
from lengths import AT_MOST, PIECES, growth

from index.lexical import terms
from rag.matching import K1, B, Words, bm25, forms, idf, matches, split_up, together, words_of

FERRY, SAILS, NOON = '"ferry"', '"sails"', '"noon"'


def words(*terms, frequencies=None, passages=100):
    return words_of(terms, frequencies or dict.fromkeys(terms, 1), passages)


def test_a_rare_word_tells_more_and_a_common_one_nothing():
    assert idf(1, 100) == pytest.approx(log(99.5 / 1.5))
    assert idf(60, 100) == 0
    assert idf(120, 100) == 0
    assert idf(0, 100) == pytest.approx(log(100.5 / 0.5))


def test_forms_of_a_word_are_one_and_neighbours_are_pairs():
    found = words(FERRY, SAILS, '"ferries"')
    assert list(found.weights) == ["ferri", "sail"]
    assert list(found.pairs) == [("ferri", "sail"), ("sail", "ferri")]


def test_a_pair_tells_as_much_as_its_commoner_word():
    found = words(FERRY, NOON, frequencies={FERRY: 1, NOON: 10})
    assert found.pairs == {("ferri", "noon"): idf(10, 100)}


def test_words_beside_others_count_for_a_share_and_without_their_pairs():
    own, context = Words({"a": 1.0}, {}), Words({"a": 5.0, "b": 2.0}, {("a", "b"): 2.0})
    assert own.beside(context, 0.5) == Words({"a": 1.0, "b": 1.0}, {})


def test_bm25_of_a_text_of_mean_length():
    found = words(FERRY)
    # Twice the word: idf * 2 * (k1 + 1) / (2 + k1).
    assert bm25([(0, "ferri"), (9, "ferri")], found, 1.0) == pytest.approx(idf(1, 100) * 2 * (K1 + 1) / (2 + K1))


def test_a_longer_text_counts_a_word_for_less():
    found = words(FERRY)
    longer = idf(1, 100) * (K1 + 1) / (1 + K1 * (1 - B + 2 * B))
    assert bm25([(0, "ferri")], found, 2.0) == pytest.approx(longer)
    assert bm25([], found, 2.0) == 0


def test_neighbours_stand_together_in_either_order_and_near():
    found = Words({"a": 1.0, "b": 1.0}, {("a", "b"): 1.0})
    assert together([(0, "a"), (4, "b")], found) == 1
    assert together([(0, "b"), (1, "a"), (2, "b")], found) == 1
    assert together([(0, "a"), (5, "b")], found) == 0


def test_what_matches_more_of_the_question_scores_higher():
    texts = {
        1: ("", "", "The ferry sails at noon."),
        2: ("", "", "At noon, as every day, we saw how the old ferry sails."),
        3: ("", "", "The ferry was late by an hour."),
        4: ("", "", "A crane fell over on the quay."),
    }
    found = matches(words(FERRY, SAILS, NOON), texts)
    assert sorted(found, key=lambda n: -found[n]) == [1, 2, 3, 4]
    assert found[4] == 0


def test_title_and_heading_are_words_too_but_no_pair_reaches_over():
    found = words(FERRY, NOON)
    apart, beside = (matches(found, {1: text})[1] for text in (("Ferry", "", "Noon"), ("Ferry noon", "", "")))
    assert beside - apart == pytest.approx(idf(1, 100))


def test_accents_and_capitals_make_no_difference():
    assert matches(words('"café"'), {1: ("", "", "CAFE"), 2: ("", "", "Cafés")}) == pytest.approx(
        dict.fromkeys((1, 2), idf(1, 100))
    )


def test_pairs_of_characters_are_looked_for_where_words_are_not_parted():
    found = matches(words('"渡 轮"'), {1: ("", "", " 渡  轮  中 "), 2: ("", "", " 轮  渡  中 ")})
    assert (found[1] > 0, found[2]) == (True, 0)


def test_a_question_without_words_matches_nothing():
    assert matches(words(), {1: ("", "", "The ferry.")}) == {1: 0}
    assert matches(words(FERRY), {}) == {}


def test_words_are_what_stands_between_spaces_and_signs():
    text = "The “ferry” (No. 2) can't sail: $5, 40% of U.S. well-known_boats—or…"
    assert " ".join(split_up(text)) == "the ferry no 2 can t sail 5 40 of u s well known boats or…"


def test_a_word_with_a_sign_at_it_is_a_form_all_the_same():
    assert forms(["ferri", "cafe"], ["ferries…", "«ferry»", "cafés", "ferret", "fern", "…"]) == {
        "ferries…": "ferri",
        "«ferry»": "ferri",
        "cafés": "cafe",
    }


@pytest.mark.parametrize("piece", PIECES)
def test_the_work_grows_as_the_question_does_whatever_it_is_made_of(piece):
    assert growth(lambda text: forms(terms(text), split_up(text)), piece) <= AT_MOST
