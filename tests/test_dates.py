from datetime import date

import pytest

from index.sources.dates import believable, day_in_name, day_of

TODAY = date(2024, 9, 10)


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-03",
        "2024/5/3",
        "2024.05.03",
        "20240503",
        "2024-05-03T23:30:00-08:00",
        "2024-05-03T06:00:00.000Z",
        "2024-05-03 06:00:00 +0100",
        "2024-05-03, 06:00 BST",
        "2024-05-03Z",
        "20240503T060000Z",
        " 3 May 2024 ",
        "May 3, 2024",
        "Friday, 3rd May 2024",
        "3. Mai 2024",
        "3 mai 2024",
        "3 de mayo de 2024",
        "3 мая 2024",
        "2024年5月3日",
    ],
)
def test_one_day_is_read_in_many_notations(text):
    assert day_of(text) == date(2024, 5, 3)


@pytest.mark.parametrize(
    "text",
    [
        "2024-05-03T10:30:00+02:00[Europe/Berlin]",
        "2024-05-03T10:30:00 Europe/Berlin",
        "2024-05-03 10:30 America/Argentina/Buenos_Aires",
        "2024-05-03T10:30:00Z[UTC]",
    ],
)
def test_a_named_zone_may_follow_a_time(text):
    assert day_of(text) == date(2024, 5, 3)


def test_a_date_in_digits_is_read_where_one_of_them_cannot_be_a_month():
    assert day_of("27/08/2024") == day_of("08/27/2024") == date(2024, 8, 27)
    assert day_of("05/05/2024") == date(2024, 5, 5)


@pytest.mark.parametrize(
    "text",
    [
        "03/04/2024",
        "3.4.2024",
        "May 2024",
        "2024",
        "3 May",
        "yesterday",
        "2 days ago",
        "31 February 2024",
        "2024-02-30",
        "20241341",
        "",
        "On 3 May 2024 the boats closed the slipway, and nobody could pass.",
        "2024-05-03 The storm hit the mole at noon.",
        "2024-05-03: The storm hit the mole at noon.",
        "20240503 boats",
        "In 2024 there were 12 boats",
        "3 May 2024 or 4 May 2024",
        "1939-45",
    ],
)
def test_what_is_not_one_day_is_none(text):
    assert day_of(text) is None


def test_a_file_name_begins_with_its_day():
    assert day_in_name("2024-02-08-oyster-beds.md") == date(2024, 2, 8)
    assert day_in_name("2024-02-08") == date(2024, 2, 8)


@pytest.mark.parametrize(
    "name", ["oysters-2024-02-08.md", "2024-02-081.md", "2024-13-08-x.md", "2024-02.md", "24-02-08.md"]
)
def test_a_file_name_that_does_not_begin_with_a_day_names_none(name):
    assert day_in_name(name) is None


def test_a_day_is_believable_up_to_tomorrow():
    assert believable(TODAY, TODAY)
    assert believable(date(2024, 9, 11), TODAY)
    assert not believable(date(2024, 9, 12), TODAY)


def test_a_day_before_printing_is_not_believable_and_none_is_no_day():
    assert believable(date(1500, 1, 1), TODAY)
    assert not believable(date(1499, 12, 31), TODAY)
    assert not believable(None, TODAY)
