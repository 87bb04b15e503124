from datetime import date

import pytest

from index.sources.plain import read_plain, unwrapped

WRAPPED = """\
It used to take Callum Rudd eleven minutes to get to school. It now takes
him an hour and a half, two buses and, on Friday, a lift in a bread van.

Callum, who is 14, is one of 26 pupils from Far Sallow who have had no ferry
to Merrowick since 26 August, when the crane barge Dunlin broke away during
work on the East Mole.
"""


def test_a_text_without_an_opening_is_quoted_as_it_stands():
    text = "The mole fell in August.\n\n  It was rebuilt   by May.\n"
    draft = read_plain(text)
    assert (draft.text, draft.title, draft.author, draft.published) == (text, "", None, None)


def test_title_byline_and_date_are_taken_off_the_text():
    draft = read_plain("\nBoats block slipway\n\nBy Ines Calloway\n\n3 May 2024\n\nFishing boats closed it.\n")
    assert (draft.title, draft.author, draft.text) == (
        "Boats block slipway",
        "Ines Calloway",
        "Fishing boats closed it.\n",
    )
    assert (draft.published.day, draft.published.evidence) == (date(2024, 5, 3), "byline")


@pytest.mark.parametrize("sign", [" —", ":", ""])
def test_a_first_paragraph_that_begins_with_a_date_stays(sign):
    text = f"Council votes\n\nMay 3, 2024{sign} The council voted for 4.2 million.\n\nThe mayor welcomed it.\n"
    assert read_plain(text).text == text


def test_lines_broken_at_a_column_become_paragraphs_of_the_same_length():
    text = unwrapped(WRAPPED)
    assert len(text) == len(WRAPPED)
    assert text.split("\n\n")[0] == WRAPPED.split("\n\n")[0].replace("\n", " ")
    assert "\n\nCallum, who" in text


def test_an_offset_in_unwrapped_text_is_an_offset_in_the_file():
    text = unwrapped(WRAPPED)
    assert all(a == b or (a, b) == ("\n", " ") for a, b in zip(WRAPPED, text, strict=True))


def test_items_of_a_list_stay_on_lines_of_their_own():
    listed = WRAPPED + "\n- " + "a first item that is long enough to fill the line up to its very end,\n- a second\n"
    assert unwrapped(listed).endswith("very end,\n- a second\n")


def test_lines_that_end_where_the_writer_chose_stay():
    poem = "The sea is grey,\nthe gulls are white,\nand nobody on all the quay\nhas slept tonight.\n" * 3
    assert unwrapped(poem) == poem


def test_a_paragraph_a_line_is_not_wrapped_text():
    text = "\n".join("One paragraph that is much longer than any line that a hand would break." * 3 for _ in range(5))
    assert unwrapped(text) == text


def test_a_short_line_between_blank_lines_is_a_heading_over_the_prose_below():
    text = "The mole fell.\n\nWhy it fell\n\nThe wind was force 7, and nobody had looked at the gauge.\n"
    (section,) = read_plain(text).sections
    assert (section.heading, text[section.start : section.start + 3]) == ("Why it fell", "Why")
    assert text[section.body :].startswith("The wind")


def test_what_ends_a_sentence_begins_small_or_is_an_item_is_no_heading():
    for line in ("It fell.", "and then", "- wind", "1. wind", "“Why?”", "12 %!", "so it goes:", "x" * 81):
        assert read_plain(f"The mole fell.\n\n{line}\n\nThe wind was force 7, and nobody had looked.\n").sections == ()


def test_a_heading_needs_prose_under_it():
    assert read_plain("The mole fell.\n\nWhy it fell\n\nWind\n").sections == ()


def test_nothing_gives_nothing():
    assert read_plain("").text == ""
    assert read_plain(" \n \n").text == " \n \n"
