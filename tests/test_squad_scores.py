import pytest

from rag.evals.squad_scores import Match, normalized, squad_1, squad_2


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The  Cat,\n sat on A mat!", "cat sat on mat"),
        ("U.S.", "us"),
        ("well-known", "wellknown"),
        # Only ASCII punctuation goes, and articles go after it: "a-n" is no article before, and one after.
        ("“Moscow” – £7.5m", "“moscow” – £75m"),
        ("a-n apple", "apple"),
        ("the", ""),
        ("Anthem theatre", "anthem theatre"),
    ],
)
def test_case_punctuation_articles_and_white_space_do_not_count(text, left):
    assert normalized(text) == left


@pytest.mark.parametrize("squad", [squad_1, squad_2])
def test_f1_is_over_the_words_that_are_shared(squad):
    # said: noon, on, tuesday; gold: noon. Precision 1/3, recall 1, F1 = 2 * (1/3) / (4/3) = 1/2.
    assert squad("noon on Tuesday", ["At noon", "noon"]) == Match(0.0, 1 / 2)
    assert squad("The noon.", ["noon"]) == Match(1.0, 1.0)
    assert squad("midnight", ["noon"]) == Match(0.0, 0.0)


@pytest.mark.parametrize("squad", [squad_1, squad_2])
def test_a_word_counts_as_often_as_both_have_it(squad):
    # said: ha ha ha; gold: ha ha. Shared 2, precision 2/3, recall 1, F1 = 4/5.
    assert squad("ha ha ha", ["ha ha"]) == Match(0.0, pytest.approx(4 / 5))


@pytest.mark.parametrize("squad", [squad_1, squad_2])
def test_the_best_answer_counts_for_each_measure(squad):
    # Exactly the second; F1 of both is taken apart.
    assert squad("two crowns", ["two crowns a day", "two crowns"]) == Match(1.0, 1.0)


@pytest.mark.parametrize("squad", [squad_1, squad_2])
def test_a_refusal_of_a_question_that_has_an_answer_is_worth_nothing(squad):
    assert squad("", ["noon"]) == Match(0.0, 0.0)


def test_a_question_without_an_answer_is_met_by_saying_nothing():
    assert squad_2("", []) == Match(1.0, 1.0)
    assert squad_2("noon", []) == Match(0.0, 0.0)


def test_the_versions_differ_where_nothing_is_left_of_a_text():
    assert (squad_1("a", ["the"]), squad_2("a", ["the"])) == (Match(1.0, 0.0), Match(1.0, 1.0))
    # 2.0 drops such an answer where there are others.
    assert (squad_1("a", ["the", "noon"]), squad_2("a", ["the", "noon"])) == (Match(1.0, 0.0), Match(0.0, 0.0))
