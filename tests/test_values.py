import pytest

from rag.reading.values import Day, days, disagree, numbers


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("12", [12]),
        ("twelve", [12]),
        ("twenty-five", [25]),
        ("twenty five", [25]),
        ("1,250", [1250]),
        ("two hundred and fifty", [250]),
        ("50 thousand", [50_000]),
        ("50k", [50_000]),
        ("two hundred thousand", [200_000]),
        ("£6.4m", [6_400_000]),
        ("6.4 million", [6_400_000]),
        ("1.1 million", [1_100_000]),
        ("three million", [3_000_000]),
        ("$5bn", [5_000_000_000]),
        ("two dozen", [24]),
        ("7.5%", [7.5]),
        ("five per cent", [5]),
        ("a pier of 12 m", [12]),
        ("from five to nine", [5]),
        ("five and nine", [5, 9]),
        ("five six", [5, 6]),
        ("on 30 May 2025", []),
        ("someone often atones", []),
    ],
)
def test_a_number_is_the_same_in_digits_and_in_words(text, named):
    assert numbers(text) == named


@pytest.mark.parametrize(
    "text",
    [
        "30 May 2025", "30th May 2025", "the 30th of May, 2025", "May 30, 2025", "May 30th 2025", "30. Mai 2025",
        "2025-05-30", "on Friday 30 May 2025.",
    ],
)  # fmt: skip
def test_a_day_is_the_same_in_several_spellings(text):
    assert days(text) == [Day(2025, 5, 30)]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("May 2025", [Day(2025, 5)]),
        ("in 2025", [Day(2025)]),
        ("in May", [Day(0, 5)]),
        ("on 3 Sept.", [Day(0, 9, 3)]),
        ("im März 1998", [Day(1998, 3)]),
        ("from 2 June to 4 July", [Day(0, 6, 2), Day(0, 7, 4)]),
    ],
)
def test_a_part_of_a_day_is_known_as_one(text, named):
    assert days(text) == named


@pytest.mark.parametrize(
    "text", ["it may fall", "they march on", "5 may have died", "2,025 tickets", "£2025", "2025%", "no day"]
)
def test_what_only_looks_like_a_day_is_none(text):
    assert days(text) == []


def test_a_number_before_the_word_may_is_a_number():
    assert numbers("5 may have died") == [5]


def test_a_number_after_a_month_is_no_day_of_it():
    assert (days("In May 30,000 came"), numbers("In May 30,000 came")) == ([Day(0, 5)], [30_000])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 people", "thirteen"),
        ("£6.4m", "£6.5 million"),
        ("5%", "six per cent"),
        ("30 May 2025", "31 May 2025"),
        ("May 2025", "30 June 2025"),
        ("May 2025", "May 2024"),
        ("2024", "2025"),
        ("30 May", "30 June"),
        ("12 dead", "between 13 and 15"),
        ("nine to four", "eight votes to five"),
        ("Two workers", "Three workers"),
        ("10:30", "11:30"),
        ("7 am", "7 pm"),
        ("30/05/2025", "31/05/2025"),
        ("a dozen", "13"),
        ("a million", "two million"),
        ("about 1,000", "1,500"),
        ("1914 to 1916", "1918"),
    ],
)
def test_values_that_cannot_both_be_right_disagree(one, other):
    assert disagree(one, other)
    assert disagree(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 people", "twelve"),
        ("1.1 million", "1,100,000"),
        ("two hundred thousand", "200,000"),
        ("5 per cent", "5%"),
        ("12 m", "twelve metres"),
        ("30 May 2025", "2025-05-30"),
        ("May 2025", "30 May 2025"),
        ("2025", "30 May 2025"),
        ("30 May", "May 30, 2025"),
        ("in May", "in 2025"),
        ("12 or 13", "13"),
        ("about 1,000", "1,012"),
        ("between 1914 and 1918", "1916"),
        ("2019–2021", "2020"),
        ("10 to 12 people", "eleven"),
        ("12 km", "7.5 miles"),
        ("24 hours", "one day"),
        ("18 months", "1.5 years"),
        ("Boeing 747", "Airbus 320"),
        ("Formula 1", "Formula 2"),
        ("June Smith", "April Jones"),
        ("one of the ministers", "two aides"),
        ("1.250 Menschen", "1250"),
        ("6,4 Millionen", "6.4"),
        ("10 000", "10,000"),
        ("7:30", "7.30 pm"),
        ("19:30", "7:30 pm"),
        ("5/6/2025", "6 May 2025"),
        ("$5", "£4"),
        ("in May", "12 people"),
        ("", "12"),
        ("the harbour master", "the mayor"),
        ("the harbour master", "2025"),
        ("it may fall", "12 June"),
    ],
)
def test_values_that_may_both_be_right_do_not_disagree(one, other):
    assert not disagree(one, other)
    assert not disagree(other, one)
