from datetime import date, timedelta

import pytest
from lengths import AT_MOST, PIECES, growth

from rag.events import around_event
from rag.periods import Period

DAY = date(2022, 9, 30)
# What was before an event is still told three days after it.
TOLD = timedelta(days=3)
# Published on Thursday, 8 September 2022.
THEN = date(2022, 9, 8)
HELD = "The council held its vote on the mole on Tuesday."


def around(text, *passages, published=THEN, asked=DAY):
    """What is found where each passage stands in two articles."""
    found = around_event(text, asked, [(published, passage) for passage in passages * 2])
    return found and (found.words, found.first, found.last)


BEFORE = "What did the council plan for the mole before the vote?"


@pytest.mark.parametrize(
    ("passage", "day"),
    [
        ("The council held its vote on the mole on Tuesday.", date(2022, 9, 6)),
        ("The council will vote on the mole on Tuesday.", date(2022, 9, 13)),
        ("The council voted on the mole yesterday.", date(2022, 9, 7)),
        ("A vote on the mole is held by the council today.", THEN),
        ("The vote of the council on the mole was on 3 May 2022.", date(2022, 5, 3)),
        ("After Friday's vote the council will leave the mole as it is.", date(2022, 9, 2)),
        ("The council, which will rebuild the mole, held its vote on Monday.", date(2022, 9, 5)),
        ("On Thursday the council held its vote on the mole.", THEN),
        ("The council held its vote on the mole last Thursday.", date(2022, 9, 1)),
        ("The council holds its vote on the mole next Thursday.", date(2022, 9, 15)),
        ("The council held its vote on the mole on Monday, 5 September 2022.", date(2022, 9, 5)),
    ],
)
def test_the_day_is_as_an_article_tells_it(passage, day):
    assert around(BEFORE, passage) == ("before the vote", date.min, day + TOLD)


@pytest.mark.parametrize("how", ["after", "following", "since"])
def test_what_is_since_then_ends_with_the_question(how):
    passage = "The council of Quenn held its vote on the mole on Tuesday."
    assert around(f"What has the council said of the mole {how} the vote?", passage) == (
        f"{how} the vote",
        date(2022, 9, 6),
        DAY,
    )


@pytest.mark.parametrize(
    "passages",
    [
        [],
        ["The council planned the mole. Its vote was long."],
        ["The vote is on Tuesday.", "The mole is closed."],
        ["The council moved the vote on the mole from Tuesday to Friday."],
        ["The council said on Tuesday that its vote on the mole was secret."],
        ["The council of the mole holds a vote every Monday."],
        ["The council held its vote on the mole on Bloody Sunday."],
        [
            "The council held its vote on the mole on Tuesday.",
            "The council held its vote on the mole on Friday.",
        ],
    ],
    ids=[
        "nothing found",
        "no day",
        "another vote",
        "two days in a sentence",
        "the day it was said",
        "of each week",
        "a name",
        "they do not agree",
    ],
)
def test_what_is_not_clear_is_no_day(passages):
    assert around(BEFORE, *passages) is None


@pytest.mark.parametrize(("others", "found"), [(0, True), (1, True), (2, True), (3, False)])
def test_the_day_that_most_tell_is_it(others, found):
    tuesday, friday = (f"The council held its vote on the mole on {day}." for day in ("Tuesday", "Friday"))
    told = around_event(BEFORE, DAY, [(THEN, tuesday)] * 3 + [(THEN, friday)] * others)
    assert (told == Period("before the vote", date.min, date(2022, 9, 6) + TOLD)) is found


def test_one_passage_is_not_enough():
    assert around_event(BEFORE, DAY, [(THEN, HELD)]) is None


@pytest.mark.parametrize(
    ("text", "passage"),
    [
        ("What did the council plan for the mole?", "The council planned the mole on Tuesday."),
        (
            "What did the council plan for the mole before the summer?",
            "The council planned the mole's summer on Tuesday.",
        ),
        (
            "Who of the council testified before the court of the mole?",
            "The court of the mole met the council on Tuesday.",
        ),
        ("Which mole is named after the president of the council?", "The president met the council's mole on Tuesday."),
        ("Who led the council of the mole before the 2016 vote?", HELD),
        (
            "Who led the council of the mole after the vote of 2016?",
            "The council held its vote on the mole on Tuesday.",
        ),
        ("What happened after the vote?", "There was a vote on Tuesday."),
        (
            "What did the council plan for the mole before the vote?",
            "The council held its vote on the mole on Tuesday.",
        ),
    ],
    ids=[
        "no event",
        "no day",
        "a court",
        "a name",
        "a year before",
        "a year behind",
        "about nothing",
        "an undated article",
    ],
)
def test_without_an_event_or_a_day_there_is_none(text, passage, request):
    published = None if "undated" in request.node.callspec.id else THEN
    assert around(text, passage, published=published) is None


@pytest.mark.parametrize("published", [date.min, date.max])
def test_there_is_no_day_beyond_the_first_and_the_last(published):
    for told in ("yesterday", "on Tuesday", "next Tuesday"):
        around(BEFORE, f"The council held its vote on the mole {told}.", published=published, asked=date.max)


def test_an_event_to_come_bounds_nothing():
    passage = "The council will hold its vote on the mole on Tuesday."
    assert around(BEFORE, passage, asked=THEN) is None


@pytest.mark.parametrize("piece", PIECES)
def test_the_work_grows_as_the_question_does_whatever_it_is_made_of(piece):
    assert (
        growth(lambda text: around_event(text, DAY, [(THEN, HELD)]), piece, "What happened before the vote") <= AT_MOST
    )
