import re

import pytest

from rag.evals.making.english import DATE, MONEY, NUMBER, is_english, leans, points


@pytest.mark.parametrize("text", ["last week", "Here it rains", "what we saw", "two years ago"])
def test_what_points_at_a_moment_a_place_or_a_speaker(text):
    assert points(text)
    assert leans(text)


@pytest.mark.parametrize("text", ["because she resigned", "the storm passed", "the same day"])
def test_what_leans_on_something_before_it_without_pointing(text):
    assert leans(text)
    assert not points(text)


@pytest.mark.parametrize("text", ["the storm of 1953", "the US and its"[:10], "an IT firm", "the mole fell"])
def test_what_stands_alone(text):
    assert not leans(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (DATE, "on 10 September 2024"),
        (DATE, "on Tuesday, March 12"),
        (DATE, "in early 2023"),
        (NUMBER, "1,200"),
        (NUMBER, "Twenty"),
        (NUMBER, "2.5 million"),
        (MONEY, "£6.4m"),
        (MONEY, "$1,099"),
        (MONEY, "US$3 billion"),
    ],
)
def test_dates_numbers_and_sums_are_known_whole(pattern, text):
    assert re.match(pattern, f"{text}, they said")[0] == text


def test_a_language_is_known_by_its_smallest_words():
    assert is_english("The mole fell in August, and the ferry was late for a week.")
    assert not is_english("Elf Minuten ans andere Ufer: die Fähre fährt wieder, und alle freuen sich.")
    assert not is_english("")
