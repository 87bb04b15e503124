import pytest

from rag.followups import LINKS, leans, stand_alone

MOLE = "When did the east mole fall into the harbour?"


def test_the_first_question_is_left_alone():
    assert stand_alone("And why?", []) == "And why?"


def test_a_question_that_stands_alone_is_left_alone():
    assert stand_alone("Which ferry crosses the river Quenn?", [MOLE]) == "Which ferry crosses the river Quenn?"


@pytest.mark.parametrize(
    "text",
    [
        "Why?",
        "And when?",
        "What about the ferry?",
        "Who rebuilt it?",
        "what did he say",
        "Since when?",
        "Is that true?",
    ],
)
def test_a_follow_up_is_put_behind_what_it_leans_on(text):
    assert stand_alone(text, ["Who sang?", MOLE]) == f"{MOLE} {text}"


def test_a_chain_of_follow_ups_leans_on_the_question_it_began_with():
    assert stand_alone("And why?", ["Who sang last summer?", MOLE, "Who rebuilt it?"]) == (
        f"{MOLE} Who rebuilt it? And why?"
    )


def test_a_long_chain_keeps_its_beginning_and_its_end():
    links = [f"And {n}?" for n in range(2_000)]
    assert stand_alone(links[-1], [MOLE, *links[:-1]]) == " ".join([MOLE, *links[-LINKS:]])


def test_a_conversation_of_follow_ups_alone_begins_with_the_first():
    assert stand_alone("Why?", ["And it?"]) == "And it? Why?"


def test_a_question_with_many_words_of_its_own_stands_alone_although_it_has_a_pronoun():
    assert not leans("Is it true that the council approved the repair budget of the east mole?")


def test_words_that_merely_contain_a_pronoun_point_at_nothing():
    assert not leans("Which item on the menu is spicy?")


@pytest.mark.parametrize("text", ["", " ", "?", "…", "\0"])
def test_what_says_nothing_leans(text):
    assert leans(text)


@pytest.mark.parametrize(
    "text",
    [
        "Who is Zelenskyy?",
        "Where is Merrowick?",
        "what is primatology",
        "Is there a library in Merrowick?",
        "Who said that the crane barge struck the mole?",
        "So what is the budget of the East Mole repair project?",
        "What happened in Merrowick this week?",
    ],
)
def test_a_new_topic_is_not_put_behind_the_old_one(text):
    assert stand_alone(text, [MOLE]) == text


@pytest.mark.parametrize(
    "text",
    [
        "And Zelenskyy?",
        "And in Moscow?",
        "And what about Moscow?",
        "Why Moscow?",
        "On Tuesday?",
        "Und Berlin?",
        "Moscow?",
        "And the European Union?",
    ],
)
def test_a_bare_name_is_a_follow_up(text):
    assert leans(text)


@pytest.mark.parametrize("text", ["What happened there?", "Does that cost much?", "Who did this?", "And who paid?"])
def test_a_word_that_points_at_what_was_said_leans(text):
    assert leans(text)
