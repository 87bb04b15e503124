from datetime import date

import pytest
from conftest import article

from index.records import Hit, Passage
from rag.reader import MAX_CHARACTERS
from rag.reading.drafting import drafted, sentence_of
from rag.reading.spans import Span

MOLE = "The mole fell in a storm. It was rebuilt before May. The ferry sails again at noon."


def hit(text, source="a", published=None, voice=""):
    of = article(text, source=source, published=published)
    return Hit(Passage(f"{source}:0", of.id, of.revision, 0, len(text), text), of, 1.0, "", voice)


def reading(text, short, source="a", support=0.9, published=None, voice=""):
    span = Span(text.index(short), text.index(short) + len(short), 5.0)
    return sentence_of(hit(text, source, published, voice), span, support)


WHO, WHETHER, HOW_MANY, REASONS = "Who steers it?", "Does it sail?", "How many were hurt?", "Why did it fall?"


def said(readings, question=WHO):
    sentences, differing = drafted(question, readings)
    return [s.text for s in sentences], differing


# The sentence of a span -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("short", "sentence"),
    [
        ("before May", "It was rebuilt before May."),
        ("storm. It", "The mole fell in a storm. It was rebuilt before May."),
        ("The mole", "The mole fell in a storm."),
    ],
)
def test_a_span_is_quoted_with_the_sentences_it_stands_in(short, sentence):
    found = sentence_of(hit(MOLE), Span(MOLE.index(short), MOLE.index(short) + len(short), 1.0), 0.5)
    assert (found.text, found.short) == (sentence, short)
    assert found.hit.article.text[found.start : found.end] == sentence


def test_a_passage_that_begins_within_its_article_is_quoted_at_its_place():
    of = article(MOLE)
    within = Hit(Passage("p", of.id, of.revision, 26, len(MOLE), MOLE[26:]), of, 1.0, "")
    found = sentence_of(within, Span(MOLE[26:].index("noon"), MOLE[26:].index("noon") + 4, 1.0), 0.5)
    assert of.text[found.start : found.end] == found.text == "The ferry sails again at noon."


def test_what_is_too_long_for_a_sentence_is_cut_between_words_around_the_span():
    text = f"{'tide ' * 300}harbour {'wave ' * 300}"
    found = sentence_of(hit(text), Span(text.index("harbour"), text.index("harbour") + 7, 1.0), 0.5)
    assert len(found.text) <= MAX_CHARACTERS
    assert found.short == "harbour"
    assert set(found.text.split()) == {"tide", "harbour", "wave"}


def test_a_word_without_end_is_cut_somewhere():
    text = "x" * 5_000
    found = sentence_of(hit(text), Span(2_000, 2_010, 1.0), 0.5)
    assert len(found.text) <= MAX_CHARACTERS
    assert found.short == "x" * 10


# One span -------------------------------------------------------------------------------------------------------------


def test_the_best_passage_speaks_first_and_its_answer_is_marked():
    (first, *_), differing = drafted(WHO, [reading(MOLE, "noon")])
    assert first.text[slice(*first.mark)] == "noon"
    assert first.quotes[0].text == first.text
    assert not differing


def test_another_article_is_heard_when_it_answers_something_else_and_is_close_behind():
    other = reading("Ada Finch steers the boat on Sundays.", "Ada Finch", source="b", support=0.8)
    far = reading("Nobody knows who paints it.", "Nobody", source="c", support=0.3)
    first = reading("The boat is steered by Bob Crewe.", "Bob Crewe")
    assert said([first, other, far])[0] == [first.hit.article.text, other.hit.article.text]


@pytest.mark.parametrize("short", ["Bob Crewe", "Crewe"])
def test_the_same_answer_is_not_given_twice(short):
    again = reading("On most days the captain is Bob Crewe himself.", short, source="b", support=0.8)
    assert len(said([reading("The boat is steered by Bob Crewe.", "Bob Crewe"), again])[0]) == 1


def test_yes_or_no_shows_the_sentence_and_marks_nothing():
    (sentence, *_), _ = drafted(WHETHER, [reading(MOLE, "noon")])
    assert (sentence.text, sentence.mark) == ("The ferry sails again at noon.", None)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The mole is open today.", "The mole is not open today."),
        ("The council voted in May to close the mole.", "In June it was told that the mole will stay open."),
    ],
)
def test_yes_or_no_shows_both_where_articles_speak_against_one_another(one, other):
    readings = [reading(one, "mole"), reading(other, "mole", source="b", support=0.8)]
    assert said(readings, WHETHER)[0] == [one, other]


# What disagrees -------------------------------------------------------------------------------------------------------

TWO = "Two workers were hurt when the barge broke loose."
THREE = "Three workers were taken to hospital after the barge broke loose."


def test_numbers_that_disagree_stand_side_by_side_the_newest_first():
    old = reading(TWO, "Two", published=date(2024, 8, 27))
    new = reading(THREE, "Three", source="b", published=date(2024, 11, 22), support=0.7)
    assert said([old, new], HOW_MANY) == ([THREE, TWO], True)


@pytest.mark.parametrize(
    "other",
    [
        reading("2 workers were hurt when the barge broke loose that day.", "2", source="b"),
        reading(THREE, "Three", source="b", support=0.5),
        reading("Three gulls sat there.", "Three", source="b"),
    ],
    ids=["the same number", "unsure", "another matter"],
)
def test_what_need_not_disagree_is_not_said_to(other):
    assert said([reading(TWO, "Two"), other], HOW_MANY)[1] is False


def test_what_is_no_question_for_a_number_is_not_told_to_disagree():
    old, new = reading(TWO, "Two"), reading(THREE, "Three", source="b", support=0.7)
    assert said([old, new], "Who was hurt?") == ([TWO, THREE], False)


def test_two_accidents_in_two_towns_do_not_disagree():
    one = reading("Two workers were hurt in Hull docks in 2019 when a chain gave way.", "Two")
    other = reading("Three workers fell from a ladder near Leith station last winter.", "Three", source="b")
    assert said([one, other], HOW_MANY)[1] is False


def test_a_near_copy_with_another_number_disagrees():
    copy = reading(TWO.replace("Two", "Five"), "Five", source="b", voice="same")
    assert said([reading(TWO, "Two", voice="same"), copy], HOW_MANY)[1] is True


def test_one_article_does_not_disagree_with_itself():
    assert said([reading(f"{TWO} {THREE}", "Two"), reading(f"{TWO} {THREE}", "Three")], HOW_MANY)[1] is False


# More than a span -----------------------------------------------------------------------------------------------------

WHY = "The wall was undercut by the tide. Its stones had moved since spring. Nobody had looked below the water."


def test_a_question_for_reasons_gets_several_sentences_as_they_read():
    other = reading("Divers had asked for money twice.", "asked for money", source="b", support=0.8)
    spans = [reading(WHY, "stones had moved"), reading(WHY, "undercut by the tide", support=0.7)]
    assert said([*spans, other], REASONS)[0] == [
        "The wall was undercut by the tide.",
        "Its stones had moved since spring.",
        "Divers had asked for money twice.",
    ]


def test_of_several_sentences_the_best_alone_is_marked():
    sentences, _ = drafted(
        REASONS, [reading(WHY, "stones had moved"), reading(WHY, "undercut by the tide", support=0.7)]
    )
    assert [s.text[slice(*s.mark)] if s.mark else "" for s in sentences] == ["", "stones had moved"]


def test_no_sentence_of_several_is_said_twice():
    again = reading("The wall was undercut by a tide.", "undercut by a tide", source="b", support=0.8)
    first = reading(WHY, "undercut by the tide")
    assert said([first, again], REASONS)[0] == ["The wall was undercut by the tide."]
