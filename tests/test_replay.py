"""A kept question is asked as it was, and what is different is said."""

from dataclasses import replace

import pytest
from conftest import resynced
from test_conversations import CLAIMS, CROWNS, FALL, MAY, SAILS, answer, refused

from index.errors import UsageError
from rag.answers import Question
from rag.chain import Assistant
from rag.conversations import Conversations, Turn
from rag.reader import SentenceReader
from rag.replay import replay
from rag.retrieve import HybridRetriever


class Says:
    """Gives the same answer to everything, and remembers what it was asked."""

    def __init__(self, given):
        self.given, self.asked = given, []

    def ask(self, question):
        self.asked.append(question)
        return self.given


@pytest.fixture
def turn(store):
    kept = Conversations(store)
    conversation = kept.begin()
    kept.keep(conversation, answer())
    return kept.turns(conversation)[0]


def differences(turn, now):
    return list(replay(turn, Says(now)).differences)


def test_the_same_question_is_asked_after_the_same_ones_on_the_same_day(turn):
    assistant = Says(answer())
    made = replay(turn, assistant)
    assert assistant.asked == [answer().question]
    assert (made.answer, made.differences) == (answer(), ())


def test_time_that_it_took_is_no_difference(turn):
    assert differences(turn, replace(answer(), timings={"read": 9.0}, confidence=0.9)) == []


def test_passages_that_are_found_no_more_and_now_are_counted(turn):
    other = replace(CROWNS, passage=replace(CROWNS.passage, id="another"))
    now = answer(hits=(MAY, SAILS, FALL, other))
    assert differences(turn, now) == ["Passages found no more: 1 of 4; found now: 1."]
    assert differences(turn, answer(hits=(FALL, MAY, SAILS, CROWNS))) == [
        "The same passages are found in another order."
    ]


def test_a_sentence_that_is_said_no_more_and_one_that_is_new_are_told_with_their_places(turn):
    now = answer(claims=(CLAIMS[0], replace(CLAIMS[1], text="It sails at noon."), CLAIMS[2]))
    assert differences(turn, now) == [
        "Said no more: “The ferry sails at noon.” (ferry.txt, characters 0–24).",
        "Said now: “It sails at noon.” (ferry.txt, characters 0–24).",
    ]
    assert differences(turn, answer(claims=CLAIMS[::-1])) == ["The same sentences are said in another order."]


def test_the_same_words_from_another_place_are_another_sentence(turn):
    edited = replace(SAILS, article=replace(SAILS.article, source="moved.txt"))
    told = differences(turn, answer(hits=(MAY, edited, FALL, CROWNS)))
    assert told == [
        "Said no more: “The ferry sails at noon.” (ferry.txt, characters 0–24).",
        "Said now: “The ferry sails at noon.” (moved.txt, characters 0–24).",
    ]


def test_a_refusal_where_there_was_an_answer_is_told(turn):
    now = refused(hits=(MAY, SAILS, FALL, CROWNS))
    told = differences(turn, replace(now, searched_for=answer().searched_for))
    assert told[0] == "It was answered, and is refused (not_supported)."
    assert [line.split(":")[0] for line in told[1:]] == ["Said no more"] * 3


def test_another_question_that_was_searched_and_another_maker_are_told(turn):
    now = replace(answer(), searched_for="When?", produced_by="other model", prompt="ffff")
    assert differences(turn, now) == [
        "Searched for 'When?', not for 'What is the mole? When did it fall?'.",
        "It was made by test model, prompt 0a1b, and is made by other model, prompt ffff.",
    ]


def test_a_damaged_turn_cannot_be_asked_again():
    with pytest.raises(UsageError, match="It was damaged"):
        replay(Turn(1, "Why?", None, "It was damaged."), Says(answer()))


def test_the_chain_gives_the_same_until_the_articles_change(store, indexed, shelf, embedder):
    assistant = Assistant(HybridRetriever(index=indexed), SentenceReader(indexed))
    kept = Conversations(store)
    conversation = kept.begin()
    kept.keep(conversation, assistant.ask(Question("When did the mole fall?")))
    (turn,) = kept.turns(conversation)
    assert replay(turn, assistant).differences == ()
    shelf.texts["mole"] = "Corrected: the mole never fell in August."
    resynced(store, shelf, embedder)
    told = replay(turn, assistant).differences
    assert told == (
        "Passages found no more: 1 of 3; found now: 1.",
        "Said no more: “The mole fell in August.” (mole, characters 0–24).",
        "Said now: “Corrected: the mole never fell in August.” (mole, characters 0–41).",
    )
