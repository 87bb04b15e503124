from datetime import date

import pytest
from lengths import AT_MOST, PIECES, growth

from rag.periods import periods

ASKED = date(2022, 9, 9)  # a Friday
LATEST = date(2022, 12, 31)


def days(text, asked=ASKED, latest=LATEST):
    return [(period.first.isoformat(), period.last.isoformat()) for period in periods(text, asked, latest)]


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        # What is told from the day of the question has a day to spare at both ends.
        ("Which airline cancelled flights today?", "2022-09-08", "2022-09-10"),
        ("Who resigned yesterday?", "2022-09-07", "2022-09-10"),
        ("Which bridge fell this week?", "2022-09-01", "2022-09-10"),
        ("Which bridge fell in the past week?", "2022-09-01", "2022-09-10"),
        ("Which bridge fell last week?", "2022-08-28", "2022-09-06"),
        ("Which bridge fell last night?", "2022-09-07", "2022-09-10"),
        ("Which bridge fell over the weekend?", "2022-09-01", "2022-09-10"),
        ("What did the council decide this month?", "2022-08-09", "2022-09-10"),
        ("What did the council decide last month?", "2022-07-31", "2022-09-01"),
        ("Who won this year?", "2021-12-31", "2022-09-10"),
        ("Who won last year?", "2020-12-31", "2022-01-01"),
        ("What changed in the last 10 days?", "2022-08-29", "2022-09-10"),
        ("What changed in the past two weeks?", "2022-08-25", "2022-09-10"),
        ("What was presented on Monday?", "2022-09-01", "2022-09-10"),
        ("Which planet was recently found?", "2022-08-10", "2022-09-10"),
        ("What do Orban's latest remarks say?", "2022-08-10", "2022-09-10"),
        # A named day is that day alone.
        ("published on October 6, 2021, which", "2021-10-06", "2021-10-06"),
        ("on 6 October 2021", "2021-10-06", "2021-10-06"),
        ("on 6 may 2021", "2021-05-06", "2021-05-06"),
        ("in May's report", "2022-05-01", "2022-06-01"),
        ("On October 7 1200 people were where?", "2021-10-07", "2021-10-07"),
        ("in the week of October 4, 2021", "2021-10-04", "2021-10-10"),
        ("in the week ending 10 October 2021", "2021-10-04", "2021-10-10"),
        ("on 2021-10-06", "2021-10-06", "2021-10-06"),
        ("after October 6, 2021", "2021-10-06", "2022-09-09"),
        ("before October 6, 2021", "0001-01-01", "2021-10-06"),
        ("in June 2021", "2021-06-01", "2021-07-01"),
        ("In February 2020, who", "2020-02-01", "2020-03-01"),
        ("since June 2021", "2021-06-01", "2022-09-10"),
        ("before June 2021", "0001-01-01", "2021-07-01"),
        ("in June of 2021", "2021-06-01", "2021-07-01"),
        ("the June 2021 report", "2021-06-01", "2021-07-01"),
        # A day of a week, or so long ago, is that day and its neighbours.
        ("last Tuesday", "2022-09-05", "2022-09-07"),
        ("last Friday", "2022-09-01", "2022-09-03"),
        ("three days ago", "2022-09-05", "2022-09-07"),
        ("a week ago", "2022-08-29", "2022-09-06"),
        ("a few days ago", "2022-09-01", "2022-09-09"),
        ("last summer", "2022-06-01", "2022-08-31"),
        ("last winter", "2021-12-01", "2022-02-28"),
        ("this summer", "2022-06-01", "2022-08-31"),
        ("in spring 2021", "2021-03-01", "2021-05-31"),
        ("in winter 2021", "2021-12-01", "2022-02-28"),
        ("on Christmas Day", "2021-12-25", "2021-12-25"),
    ],
)
def test_words_for_days_are_resolved_against_the_day_of_the_question(text, first, last):
    assert days(text) == [(first, last)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("the report on September 9", "2022-09-09"),
        ("the report on September 10", "2021-09-10"),
        ("in June", "2022-06-01"),
    ],
)
def test_without_a_year_the_last_such_day_is_meant(text, first):
    assert days(text)[0][0] == first


def test_without_a_year_the_last_such_day_of_the_archive_is_meant():
    assert days("the report on September 28", asked=date(2026, 11, 28))[0][0] == "2022-09-28"
    assert days("the report on September 28", asked=date(2026, 11, 28), latest=None)[0][0] == "2026-09-28"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Who won in May last year?", [("2021-05-01", "2021-06-01")]),
        ("who resigned in july", [("2022-07-01", "2022-08-01")]),
        ("who resigned in may", []),
        ("Who won on 13/5/2021?", [("2021-05-13", "2021-05-13")]),
        ("Who won on 5/13/2021?", [("2021-05-13", "2021-05-13")]),
        ("Who won on 2021/05/13?", [("2021-05-13", "2021-05-13")]),
        ("Who won on 3/5/2021?", [("2021-03-05", "2021-03-05"), ("2021-05-03", "2021-05-03")]),
        ("Which share is 13/15/2021?", []),
        ("Who was born on May 5?", []),
        ("Who was born in May?", []),
        ("Which calf was born on 5 May 2021?", [("2021-05-05", "2021-05-05")]),
        ("Which panda was born yesterday?", [("2022-09-07", "2022-09-10")]),
        ("How cold is it expected to be today?", [("2022-09-08", "2022-09-10")]),
        ("who joined since april left", []),
        ("How hot is it in July?", []),
        ("How hot was it in July?", [("2022-07-01", "2022-08-01")]),
        ("When does it rain in July?", []),
        ("Who won in May of last year?", [("2021-05-01", "2021-06-01")]),
        ("Who won on 3 May last year?", [("2021-05-03", "2021-05-03")]),
        ("Who won in May this year?", [("2022-05-01", "2022-06-01")]),
        ("Who won in June or July 2020?", [("2020-06-01", "2020-07-01"), ("2020-07-01", "2020-08-01")]),
        ("on October 3 and October 10, 2020", [("2020-10-03", "2020-10-03"), ("2020-10-10", "2020-10-10")]),
        ("Who won in May three years ago?", []),
        ("Who won in June of that year?", []),
        ("Who won in June in the 60s?", []),
        ("Who won in June '68?", []),
        ("Which treaty was signed on June 4, 480 BC?", []),
    ],
)
def test_a_year_may_be_said_without_its_number_or_once_for_two_months(text, found):
    assert days(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Who resigned last September?", [("2021-09-01", "2021-10-01")]),
        ("Who resigned last August?", [("2022-08-01", "2022-09-01")]),
        ("Who resigned this August?", [("2022-08-01", "2022-09-01")]),
        ("What happens this December?", []),
        ("What will open in December?", []),
        ("What will open on October 3?", []),
        ("Will the bridge open in September?", [("2022-09-01", "2022-10-01")]),
    ],
)
def test_last_september_is_not_this_one_and_what_is_to_come_is_not_of_last_year(text, found):
    assert days(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from October 6, 2020 to October 10, 2020", [("2020-10-06", "2020-10-10")]),
        ("from October 3 to October 10, 2020", [("2020-10-03", "2020-10-10")]),
        ("from 3 to 10 October 2020", [("2020-10-03", "2020-10-10")]),
        ("between December 30 and January 2, 2021", [("2020-12-30", "2021-01-02")]),
        ("between June and August 2021", [("2021-06-01", "2021-08-31")]),
        ("from February to July", [("2022-02-01", "2022-07-31")]),
        ("from May to June, who is older?", []),
        ("from 30 February to 3 March 2021", [("2021-03-03", "2021-03-03")]),
    ],
)
def test_from_one_day_to_another_is_one_period(text, found):
    assert days(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Who has led since last year?", [("2020-12-31", "2022-09-10")]),
        ("Who has led since yesterday?", [("2022-09-07", "2022-09-10")]),
        ("Who has led since last Tuesday?", [("2022-09-05", "2022-09-10")]),
        ("Who has led since last summer?", [("2022-06-01", "2022-09-10")]),
        ("Who led before last week?", [("0001-01-01", "2022-08-28")]),
        ("Who led until three days ago?", [("0001-01-01", "2022-09-07")]),
        ("articles from last week", [("2022-08-28", "2022-09-06")]),
        ("hit by last night's storm", [("2022-09-07", "2022-09-10")]),
    ],
)
def test_since_and_before_open_a_period_that_is_told_from_the_day_of_the_question(text, found):
    assert days(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "What happened 20 years ago today?",
        "Who narrates Chris Hammer's latest book?",
        "What is her latest animated film about?",
        "What is shown later this week?",
        "Who was cast as Wednesday?",
        "Who voiced Wednesday?",
        "What is built on Monday.com?",
        "Which of the 7 may in 2024 be elected?",
        "Who served in May's cabinet?",
        "What has changed since May left office?",
        "Who starred in August: Osage County?",
        "Who spoke in March of the Penguins?",
        "Who may march in August Wilson's play?",
        "Who owned the house from 1955 to 1959?",
        "Which sales began on Black Friday?",
        "Who played Monday Night Football?",
        "What happens every Tuesday?",
        "Who will sing in Las Vegas later this year?",
        "on a date other than November 9, 2021",
        "Is version 6.10.2021 out?",
        "on February 30, 2021",
        "",
    ],
)
def test_what_names_no_day_implies_none(text):
    assert days(text) == []


def test_a_question_may_name_several_days():
    assert days("between the report on October 6, 2021 and that on 2021-10-20") == [
        ("2021-10-06", "2021-10-06"),
        ("2021-10-20", "2021-10-20"),
    ]


def test_a_leap_day_has_a_year_before():
    assert days("Who won last year?", asked=date(2024, 2, 29)) == [("2022-12-31", "2024-01-01")]


SAID = (
    "today", "yesterday", "this week", "last week", "last month", "this month", "last year", "this year", "last summer",
    "this winter", "last Tuesday", "on Tuesday", "in the last 99 years", "99 months ago", "a few months ago",
    "recently", "in December 9999", "before December 9999", "since December 9999", "in winter 9999",
    "on December 31, 9999", "in January 0001", "on 1 January 0001",
    "in January 0000", "on December 31", "in January", "on New Year's Day",
)  # fmt: skip


@pytest.mark.parametrize("asked", [date.min, date(1, 1, 31), date(2024, 2, 29), date(9999, 12, 1), date.max])
def test_no_day_lies_beyond_the_years_that_there_are(asked):
    for said in SAID:
        for latest in (None, date.min, date.max):
            assert len(periods(said, asked, latest)) <= 1


def test_the_last_month_of_all_ends_on_its_last_day():
    assert days("in December 9999") == [("9999-12-01", "9999-12-31")]


@pytest.mark.parametrize("piece", PIECES)
def test_the_work_grows_as_the_question_does_whatever_it_is_made_of(piece):
    assert growth(days, piece) <= AT_MOST
