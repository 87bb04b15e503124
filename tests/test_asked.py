import pytest

from rag.evals.making.asked import Asked, stands_alone


@pytest.mark.parametrize(
    "asked",
    [
        Asked("when", "When did Orlo close the mill?", "in May", "Orlo"),
        Asked("when", "When did Orlo sell its mill?", "in May", "Orlo"),
        Asked("who", "Who announced his departure in Hull?", "Reed", "Tom Reed"),
        Asked("quote", "Who said, “We are glad of Hull and Orlo”?", "Reed"),
    ],
)
def test_a_question_with_a_name_and_nothing_to_look_up_stands_alone(asked):
    assert stands_alone(asked)


@pytest.mark.parametrize(
    "text",
    [
        "When did the trust close the mill?",
        "When did they close Orlo?",
        "How many people were hurt in Hull last week?",
        "When did Orlo close the storm?",
        "Which country closed, and Orlo opened?",
        "How many people died in Hull, officials said?",
        "Why Orlo?",
    ],
)
def test_a_question_that_leans_or_names_nothing_does_not(text):
    assert not stands_alone(Asked("when", text, "", "nobody"))
