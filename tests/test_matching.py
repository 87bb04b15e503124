import re
from math import log
from random import Random

import pytest
from lengths import AT_MOST, PIECES, growth

from index.lexical import fold, terms
from rag.matching import K1, NEAR, B, Words, bm25, forms, idf, matches, together, words_of

FERRY, SAILS, NOON = '"ferry"', '"sails"', '"noon"'


def words(*phrases, frequencies=None, passages=100):
    return words_of(phrases, frequencies or dict.fromkeys(phrases, 1), passages)


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


@pytest.mark.parametrize(
    "word", ["the", "ferry", "no", "2", "sail", "5", "40", "u", "known", "boats", "or", "cafe", "ete"]
)
def test_words_are_what_stands_between_spaces_and_signs(word):
    text = "The “ferry” (No. 2) can't sail: $5, 40% of U.S. well-known_boats—or…\u00a0«Café»·e\u0301te\u0301"
    assert matches(words(f'"{word}"'), {1: ("", "", text)})[1] > 0


def test_a_part_of_a_word_is_none():
    assert matches(words('"fer"'), {1: ("", "", "The ferry. Transfer."), 2: ("fe", "r", "")}) == {1: 0, 2: 0}


def test_a_word_of_one_letter_is_found_and_is_not_the_beginning_of_others():
    found = matches(words('"5"'), {1: ("", "", "Pier 5"), 2: ("", "", "Pier 55")})
    assert (found[1] > 0, found[2]) == (True, 0)


def test_what_ends_a_part_may_stand_in_a_text():
    found = matches(words(FERRY, NOON), {1: ("", "", "a ferry\0at noon"), 2: ("", "", "a ferry at noon")})
    assert found[1] == found[2] > 0


def plainly(words, texts):
    """The same, word by word."""
    split = {n: [re.findall(r"[^\W_]+", part.lower()) for part in parts] for n, parts in texts.items()}
    lengths = {n: sum(map(len, parts)) for n, parts in split.items()}
    mean = sum(lengths.values()) / len(lengths)
    found = {}
    for n, parts in split.items():
        known = forms(words.weights, {word for part in parts for word in part})
        starts = [sum(map(len, parts[:i])) + i * (NEAR + 1) for i in range(len(parts))]
        places = [
            (start + i, known[word])
            for start, part in zip(starts, parts, strict=True) for i, word in enumerate(part) if word in known
        ]  # fmt: skip
        found[n] = bm25(places, words, lengths[n] / mean) + together(places, words)
    return found


def test_many_texts_at_once_match_as_each_by_itself():
    rng = Random(7)
    some = [
        "ferry",
        "Ferries",
        "sails",
        "NOON",
        "noon's",
        "quay-side",
        "Évora",
        "2",
        "x",
        "1,200",
        "“mole”",
        "渡",
        "…",
        "",
    ]
    texts = {
        n: tuple(rng.choice(" \n ").join(rng.choices(some, k=rng.randrange(k))) for k in (4, 3, 40)) for n in range(200)
    }
    asked = words(FERRY, SAILS, NOON, '"evora"', '"2"')
    found = matches(asked, texts)
    assert found == pytest.approx(plainly(asked, texts))
    assert len({round(score, 6) for score in found.values()}) > 50


def test_a_word_with_an_accent_is_a_form_all_the_same():
    assert forms(["ferri", "cafe"], ["ferries", "cafés", "ferret", "fern", ""]) == {"ferries": "ferri", "cafés": "cafe"}


@pytest.mark.parametrize("piece", PIECES)
def test_the_work_grows_as_the_texts_do_whatever_they_are_made_of(piece):
    asked = words(FERRY, SAILS)
    assert growth(lambda text: matches(asked, {1: ("", "", text * 30)}), piece) <= AT_MOST


@pytest.mark.parametrize(
    "text", ["हिन्दी भाषा", "தமிழ் மொழி", "ภาษาไทย", "العربية", "עברית", "Ελλάδα", "Йод", "東京", "İzmir"]
)
def test_a_text_that_is_the_question_matches_in_any_script(text):
    assert matches(words_of(terms(text), {}, 100), {1: ("", "", fold(text))})[1] > 0


@pytest.mark.parametrize(("question", "text"), [("العربية", "العَرَبِيَّة"), ("עברית", "עִבְרִית"), ("елка", "ёлка")])
def test_a_text_with_signs_on_its_letters_matches_a_question_without(question, text):
    assert matches(words_of(terms(question), {}, 100), {1: ("", "", fold(text))})[1] > 0


@pytest.mark.parametrize("text", ["ferry🚢", "🚢ferry", "noon🎉ferry🎉", "🏴\U000e0067ferry"])
def test_a_picture_at_a_word_is_none_of_it(text):
    assert matches(words(FERRY), {1: ("", "", text)})[1] > 0


@pytest.mark.parametrize("word", ["dying", "lying", "tying", "vying"])
def test_a_word_whose_stem_begins_otherwise_is_found(word):
    assert matches(words(f'"{word}"'), {1: ("", "", f"the {word} man")})[1] > 0
