import pytest

from rag.evals.making.clauses import (
    Clause,
    inverted,
    is_plain,
    is_statement,
    lowered,
    named,
    parsed,
    shortened,
    simple,
    told,
    without_dateline,
)
from rag.evals.making.names import Names

NAMES = Names(small={"officials": 1.0, "mole": 0.9, "orlo": 0.0, "gun": 0.5})


def test_a_sentence_is_a_subject_a_verb_and_the_rest():
    assert parsed("The ferry returned in May.") == Clause("The ferry", "returned", "in May")
    assert parsed("Work on the East Mole was stopped.") == Clause("Work on the East Mole", "was", "stopped")


def test_what_stands_between_commas_is_left_out():
    assert parsed("Quill, the mayor of Hull, resigned in May.") == Clause("Quill", "resigned", "in May")


@pytest.mark.parametrize(
    "text",
    [
        "But the ferry returned.",
        "When it rained, the ferry stopped.",
        "The man who fell was hurt.",
        "The newly opened bridge closed again",
        "The armed guards of 1953 were paid.",
        "Quill speaks at a meeting held in Hull.",
    ],
)
def test_a_sentence_that_does_not_begin_with_a_short_subject_is_left_alone(text):
    assert parsed(text) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("But Orlo closed two mills, officials said Monday.", ["Orlo closed two mills."]),
        ("LONDON (Reuters) - Orlo closed two mills.", ["Orlo closed two mills."]),
        ("In Hull, officials closed two mills.", ["Officials closed two mills in Hull."]),
        ("Orlo also closed two mills.", ["Orlo closed two mills."]),
        (
            "Police said Monday that 23 people were hurt in Hull.",
            ["Police said Monday that 23 people were hurt in Hull.", "23 people were hurt in Hull."],
        ),
    ],
)
def test_what_a_sentence_tells_is_without_who_said_so(text, parts):
    assert told(text) == parts


def test_two_clauses_that_are_joined_are_two_sentences():
    text = "The ferry stopped on Monday morning, and the trust closed the mole in March."
    assert told(text) == [text, "The ferry stopped on Monday morning.", "The trust closed the mole in March."]


def test_a_subject_is_small_within_a_sentence_unless_it_is_a_name():
    assert lowered("The ferry", NAMES) == "the ferry"
    assert lowered("Officials in Hull", NAMES) == "officials in Hull"
    assert lowered("Orlo", NAMES) == "Orlo"
    assert lowered("Tom Reed", NAMES) == "Tom Reed"


def test_a_first_word_that_may_be_a_name_or_not_makes_no_question():
    assert lowered("Gun sales", NAMES) is None
    assert lowered("Quays of stone", NAMES) is None


@pytest.mark.parametrize(
    ("clause", "turned"),
    [
        (Clause("The ferry", "returned", "to Hull"), "did the ferry return to Hull"),
        (Clause("The ferry", "was", "suspended"), "was the ferry suspended"),
        (Clause("Orlo", "has", "sold it"), "has Orlo sold it"),
        (Clause("Orlo", "has", "two mills"), None),
        (Clause("Orlo", "was", "not sold"), None),
    ],
)
def test_a_clause_is_turned_behind_a_question_word(clause, turned):
    assert inverted(clause, clause.rest, NAMES) == turned


@pytest.mark.parametrize(
    "text", ["the mole that fell", "to close the mill", "and opened", "“the mole”", "the mole was"]
)
def test_two_thoughts_are_not_simple(text):
    assert not simple(text)
    assert simple("the mill in Hull")


def test_what_a_comma_adds_is_left_out():
    assert shortened("two mills, which were old") == "two mills"
    assert shortened("two mills after they had burnt") == "two mills"
    assert shortened("a small, old mill") == "a small, old mill"


def test_a_plain_sentence_is_whole_and_prose():
    text = "The ferry came back into service in May after two years."
    assert is_plain(text)
    for spoilt in ["Too short.", text[:-1], f"Photo: {text}", f"“{text}", text.replace("May", "No"[:0] + "May @quay")]:
        assert not is_plain(spoilt)
    assert not is_plain("Voters are to decide in two weeks whether to reject Prop.")


def test_a_statement_can_stand_behind_that():
    assert is_statement("The ferry came back.")
    for other in ["Did it come back?", "Dubbed the Grey Heron, it came.", "In May it came.", "A quiet night."]:
        assert not is_statement(other)


def test_days_and_months_name_nothing():
    assert named("When did Orlo close?")
    assert not named("How many were hurt on Monday in May?")


def test_a_dateline_is_no_part_of_the_sentence():
    for line in ["LONDON (Reuters) - ", "New York (CNN Business) ", "TOKYO – ", "(CNN) "]:
        assert without_dateline(f"{line}The mole fell.") == "The mole fell."
