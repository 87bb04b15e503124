import pytest
from lengths import AT_MOST, PIECES, growth

from rag.followups import CLEAR, SIMILAR, WORDS, Query, clues, in_context, leaning, leans

MOLE = "When did the east mole fall into the harbour?"


def test_the_first_question_is_left_alone():
    assert in_context("And why?", []) == Query("And why?")


def test_a_question_that_stands_alone_is_left_alone():
    text = "Which ferry crosses the river Quenn?"
    assert in_context(text, [MOLE]) == Query(text, (), 0.0)


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
        "Any other harbours?",
        "No, I meant the west mole.",
    ],
)
def test_a_follow_up_leans_on_the_question_before_it(text):
    query = in_context(text, ["Who sang?", MOLE])
    assert (query.text, query.earlier, str(query)) == (text, (MOLE,), f"{MOLE} {text}")


def test_a_chain_of_follow_ups_leans_on_the_question_it_began_with_and_on_the_last():
    query = in_context("And why?", ["Who sang last summer?", MOLE, "Who rebuilt it?", "And when?"])
    assert query.earlier == (MOLE, "And when?")
    assert query.context == f"{MOLE} And when?"


def test_a_long_chain_keeps_its_beginning_and_its_end():
    links = [f"And {n}?" for n in range(2_000)]
    assert in_context(links[-1], [MOLE, *links[:-1]]).earlier == (MOLE, links[-2])


def test_a_conversation_of_follow_ups_alone_begins_with_the_first():
    assert in_context("Why?", ["And it?", "And where?"]).earlier == ("And it?", "And where?")


def test_a_question_leans_more_the_less_it_says():
    assert leaning("Who paid?") > leaning("Who paid the council?") > leaning("Who paid the council for the repair?") > 0


def test_a_question_that_may_lean_counts_1_and_what_it_leans_on_as_much_as_it_leans():
    query = Query("And the repair?", (MOLE,), 0.5)
    assert (query.main, query.beside) == ("And the repair?", f"{MOLE} And the repair?")
    assert (query.similar, query.words) == (0.5 * SIMILAR, 0.5 * WORDS)


def test_a_question_that_clearly_leans_is_a_part_of_what_was_asked():
    query = Query("Why?", (MOLE,), CLEAR)
    assert (query.main, query.beside) == (f"{MOLE} Why?", "")


def test_nothing_stands_beside_a_question_without_earlier_ones():
    assert Query("Why?", (), 2.0).beside == ""


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
def test_a_new_topic_does_not_lean_on_the_old_one(text):
    assert in_context(text, [MOLE]) == Query(text)


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


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("How much did THAT cost?", "How much did that cost?"),
        ("Is THIS true?", "Is this true?"),
        ("And that bridge?", "and that bridge?"),
    ],
)
def test_a_word_that_points_back_may_have_capitals(text, same):
    assert clues(text)[1] == clues(same)[1] == 1


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("What happened in Quenn this morning?", 0),
        ("What opened this Friday?", 0),
        ("What sank this weekend?", 0),
        ("Who directed Rogue One?", 0),
        ("This is how whose life began?", 0),
        ("What happened on that morning?", 1),
        ("What did they build in that summer?", 1),
        ("Who directed the other one?", 1),
    ],
)
def test_a_day_of_late_and_the_end_of_a_name_point_at_nothing_that_was_said(text, points):
    assert clues(text)[1] == points


@pytest.mark.parametrize(
    ("text", "replies"),
    [
        ("No, the ferry", 1),
        ("yes please", 1),
        ("No I meant the mole", 1),
        ("I mean the mole", 1),
        ("No Time to Die opened when?", 0),
        ("Yes Bank reported what?", 0),
        ("Norway did what?", 0),
    ],
)
def test_a_name_that_begins_like_a_reply_is_none(text, replies):
    assert clues(text)[3] == replies


@pytest.mark.parametrize("piece", PIECES)
def test_the_work_grows_as_the_question_does_whatever_it_is_made_of(piece):
    assert growth(leaning, piece) <= AT_MOST
