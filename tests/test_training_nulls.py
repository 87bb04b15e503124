import random

import pytest

from training.examples import Asked, Passage
from training.nulls import NULLS, TWINS, Source, exchanged, holds

TEXT = (
    "The harbour of Ada opened in 1920 with a song. In 1934 Maria Linde built the first lighthouse on Gull Island. "
    "Ten years later the Swedish engineer Nils Berg repaired the northern tower of the lighthouse."
)
HERE = Passage("a#0", "Ada", "Port Ada", TEXT)
NEXT = Passage("a#1", "Ada", "Port Ada", "In 1951 Olga Strand painted the southern ferry, which Maria Linde had sold.")
FAR = Passage("b#0", "Oak", "Oakham", "The library of Oakham opened in 1876. Peter Holm gave it 300 books.")
ASKED = Asked(
    "q", "Who built the first lighthouse on Gull Island in 1934?", HERE, ("Maria Linde",), TEXT.index("Maria")
)
SOURCE = Source(ASKED, (NEXT,), (NEXT, FAR))


def made(makers, kind, source=SOURCE):
    found = [makers[kind](source, random.Random(seed)) for seed in range(30)]
    return [example for example in found if example]


@pytest.mark.parametrize("kind", NULLS)
def test_a_null_has_no_answer_and_is_another_example(kind):
    for null in made(NULLS, kind):
        assert null.answer is None
        assert null.kind == kind
        assert (null.question, null.text) != (ASKED.text, TEXT)


@pytest.mark.parametrize("kind", ["mined", "beside", "removed"])
def test_a_null_of_another_passage_or_less_of_it_does_not_hold_the_answer(kind):
    assert not any(holds(null.text, ASKED.answers) for null in made(NULLS, kind))


def test_no_null_is_made_where_all_that_is_near_holds_the_answer():
    assert made(NULLS, "beside") == []


def test_a_swapped_question_asks_for_another_thing_of_the_same_kind():
    asked = {null.question for null in made(NULLS, "swapped")}
    assert "Who built the first lighthouse on Gull Island in 1920?" in asked
    assert all(question.count("Gull Island") + question.count("1934") == 1 for question in asked)


def test_an_opposite_that_the_passage_has_is_not_asked_for():
    said = TEXT.replace("northern", "last")
    assert ASKED.text.replace("first", "last") in {null.question for null in made(NULLS, "opposed")}
    other = Source(Asked("q", ASKED.text, Passage("c", "", "", said), ASKED.answers, said.index("Maria")), (), ())
    assert ASKED.text.replace("first", "last") not in {null.question for null in made(NULLS, "opposed", other)}


@pytest.mark.parametrize("kind", TWINS)
def test_a_twin_still_has_its_answer_where_it_says(kind):
    twins = made(TWINS, kind)
    assert twins
    for twin in twins:
        assert twin.text != TEXT
        assert twin.text[slice(*twin.answer)] == "Maria Linde"


def test_a_contradicted_passage_no_longer_has_what_the_question_names():
    for null in made(NULLS, "contradicted"):
        assert null.question == ASKED.text
        assert "1934" not in null.text or "Gull Island" not in null.text


def test_a_renamed_twin_asks_for_what_its_passage_now_has():
    for twin in made(TWINS, "renamed"):
        assert twin.question != ASKED.text
        new = set(twin.question.rstrip("?").split()) - set(ASKED.text.rstrip("?").split())
        assert new
        assert all(word in twin.text for word in new)


def test_only_whole_words_are_exchanged_and_the_place_moves_with_them():
    assert exchanged("Ann met Anna and Ann", "Ann", "Berta", 8) == ("Berta met Anna and Berta", 10)


def test_a_text_holds_an_answer_as_whole_words_in_any_case():
    assert holds("It was MARIA LINDE.", ["Maria Linde"])
    assert not holds("Marias", ["Maria"])
