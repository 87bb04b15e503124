from datetime import date

import pytest

from rag.events import around_event

DAY = date(2022, 9, 30)
# Published on Thursday, 8 September 2022.
THEN = date(2022, 9, 8)
VOTE = "The council will rebuild the mole after the vote on Tuesday. Gulls watched."


def around(text, *passages, published=THEN, asked=DAY):
    found = around_event(text, asked, [(published, passage) for passage in passages])
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
        ("After Friday's vote the council left the mole as it was.", date(2022, 9, 2)),
    ],
)
def test_the_day_is_as_an_article_tells_it(passage, day):
    assert around(BEFORE, passage) == ("before the vote", date.min, day)


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
        [
            "The council held its vote on the mole on Tuesday.",
            "The council held its vote on the mole on Friday.",
        ],
    ],
    ids=["nothing found", "no day", "another vote", "two days in a sentence", "they do not agree"],
)
def test_what_is_not_clear_is_no_day(passages):
    assert around(BEFORE, *passages) is None


def test_the_day_that_most_tell_is_it():
    tuesday, friday = (f"The council held its vote on the mole on {day}." for day in ("Tuesday", "Friday"))
    assert around(BEFORE, tuesday, friday, tuesday) == ("before the vote", date.min, date(2022, 9, 6))


@pytest.mark.parametrize(
    "text",
    [
        "What did the council plan for the mole?",
        "What did the council plan for the mole before the end of the year?",
        "What did the council plan for the mole before the vote?",
    ],
    ids=["no event", "a time", "an article without a day"],
)
def test_without_an_event_or_a_day_there_is_none(text):
    published = None if "vote" in text else THEN
    assert around(text, "The council held its vote on the mole on Tuesday.", published=published) is None


def test_an_event_to_come_bounds_nothing():
    passage = "The council will hold its vote on the mole on Tuesday."
    assert around(BEFORE, passage, asked=THEN) is None
