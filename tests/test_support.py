"""Sentences beside what they quote: those that say the same, and those with one mistake."""

from dataclasses import replace
from datetime import date

import pytest
from conftest import article, passage_hit

from rag.answers import Doubt
from rag.writing.support import Ground, coverage, doubt, names_in

ASKED = "What happened to the ferry?"


def ground(quote, published=date(2024, 5, 4), before="", **more):
    text = f"{before}{quote}"
    document = article(text, "ferry", "The ferry of Norrby", published=published, publisher="Harbour Post")
    return Ground((quote,), (passage_hit(document),), ASKED, **more)


def alike(_, others):
    return [1.0] * len(others)


def unlike(_, others):
    return [0.0] * len(others)


@pytest.mark.parametrize(
    ("written", "quote"),
    [
        ("It came back on 3 May 2024.", "The ferry came back into service on 3 May."),
        ("It came back in May.", "The ferry came back into service on 3 May."),
        ("It came back in 2024.", "The ferry came back into service on 3 May."),
        ("It came back on 3 May.", "The ferry came back yesterday, the council said."),
        ("It came back on 2 May 2024.", "The ferry came back on Thursday."),
        ("The Harbour Post wrote on 4 May 2024 that it came back.", "The ferry came back."),
        ("It carried 300 people.", "It carried some three hundred passengers."),
        ("It carried 1,500,000 people.", "It carried 1.5 million passengers."),
        ("Fares rose 5%.", "Fares rose by five per cent."),
        ("The EU paid for it.", "The European Union paid for it."),
        ("A German yard built it.", "A yard in Germany built it."),
        ("A yard in Ukraine built it.", "A Ukrainian yard built it."),
        ("An Italian yard built it.", "A yard in Italy built it."),
        ("The NATO paid for it.", "The North Atlantic Treaty Organization paid for it."),
        ("Norrby's ferry came back.", "The ferry came back."),
        ("On Friday it sailed.", "It sailed."),
        ("It did not sail.", "It never sailed."),
        ("It did not sail.", "It failed to sail."),
        ("It did not sail.", "The council refused to let it sail."),
        ("It sailed until the storm.", "It did not stop until the storm."),
    ],
)
def test_what_a_quote_carries_is_not_doubted(written, quote):
    assert doubt(written, ground(quote), alike) is None


@pytest.mark.parametrize(
    ("written", "quote", "found"),
    [
        ("It came back on 4 May.", "The ferry came back into service on 3 May.", Doubt.DAY),
        ("It came back in June.", "The ferry came back into service on 3 May.", Doubt.DAY),
        ("The skipper was Christina Brandt.", "The skipper was Christopher Brandt.", Doubt.NAME),
        ("The skipper was Mr Johnston.", "The skipper was Mr Johnson.", Doubt.NAME),
        ("It was built by Ed.", "Every Day the Ferry sailed for the council.", Doubt.NAME),
        ("It came back on 3 May 2021.", "The ferry came back into service on 3 May.", Doubt.DAY),
        ("It came back in 1999.", "The ferry came back.", Doubt.DAY),
        ("It carried 500 people.", "It carried some three hundred passengers.", Doubt.NUMBER),
        ("It carried 3,000 people.", "It carried 300 passengers.", Doubt.NUMBER),
        ("Fares rose 5%.", "Fares rose by 5 crowns.", Doubt.NUMBER),
        ("It carried two million people.", "It carried passengers.", Doubt.NUMBER),
        ("The minister Putin saw it.", "The minister Zelenskyy saw it.", Doubt.NAME),
        ("It sails to Oslo.", "It sails to Malmö.", Doubt.NAME),
        ("The ferry never came back.", "The ferry came back into service.", Doubt.NEGATION),
        ("The ferry came back into service.", "The ferry never came back into service.", Doubt.NEGATION),
        ("Nobody was hurt.", "Two sailors were hurt, nine others were not.", None),
    ],
)
def test_one_mistake_is_a_doubt(written, quote, found):
    assert doubt(written, ground(quote), alike) is found


def test_a_name_that_begins_a_sentence_is_known_from_the_other_passages():
    names = names_in(["The minister met Putin and then left.", "Then the ferry sank", "She saw Many and many things"])
    assert names == {"putin"}
    assert doubt("Putin saw it.", ground("Zelenskyy saw it.", names=names), alike) is Doubt.NAME
    assert doubt("Officials saw it.", ground("Zelenskyy saw it.", names=names), alike) is None


def test_a_name_may_be_that_of_whom_the_quote_calls_he():
    before = "Zelenskyy arrived. "
    assert doubt("The president Zelenskyy saw it.", ground("He saw it.", before=before), alike) is None


def test_a_sentence_in_other_words_is_compared_by_its_meaning():
    said, quote = "Tomatoes need water.", "The mayor resigned after a scandal."
    assert doubt(said, ground(quote), unlike) is Doubt.MEANING
    assert doubt(said, ground(quote), alike) is None
    assert doubt("The mayor resigned.", ground(quote), unlike) is None
    assert coverage(said, ground(quote)) == 0.0
    assert coverage("The mayor resigned.", ground(quote)) == 1.0


def test_a_sentence_that_is_its_quote_is_not_doubted():
    quote = "Not one of 77 people saw Oslo on 3 May 1950."
    assert doubt(quote, ground(quote), unlike) is None


def test_without_a_day_of_publication_nothing_is_counted_from_it():
    undated = ground("The ferry came back yesterday.", published=None)
    assert doubt("It came back on 3 May 2024.", undated, alike) is Doubt.DAY
    assert doubt("It came back on 3 May.", replace(undated, quotes=("It came back on 3 May.",)), alike) is None
