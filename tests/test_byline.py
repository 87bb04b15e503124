from datetime import date

import pytest

from index.sources.byline import Opening, author_of, lines_of_title, read_opening

MAY = date(2024, 5, 3)
PROSE = "Fishing boats closed the slipway for six hours on Wednesday."


@pytest.mark.parametrize(
    "byline",
    [
        "By Ines Calloway",
        "by INES CALLOWAY",
        "*By Ines Calloway*",
        "By: Ines Calloway",
        "Von Ines Calloway",
        "Par Ines Calloway",
        "By Ines Calloway, harbour correspondent",
        "By Ines Calloway in Port Ansel",
        "By Ines Calloway | The Packet",
        "By Ines Calloway for The Sunday Packet",
        "By Ines Calloway, ines@packet.example",
        "By Ines Calloway | 4 min read",
        "By Ines Calloway, harbour correspondent of The Packet",
    ],
)
def test_a_byline_under_the_first_line_makes_that_line_a_title(byline):
    assert read_opening(["Boats block slipway", byline, PROSE]) == Opening(
        "Boats block slipway", "Ines Calloway", None, 2
    )


@pytest.mark.parametrize(
    "line",
    [
        "3 May 2024",
        "Published: 3 May 2024",
        "Published on May 3, 2024",
        "3 May 2024 | Updated 4 May 2024",
        "2024-05-03T06:00",
        "May 3, 2024 at 10:30 a.m. ET",
        "3 May 2024 | 10:30 BST | Updated 4 May 2024, 11:00",
    ],
)
def test_a_date_under_the_first_line_makes_that_line_a_title(line):
    assert read_opening(["Boats block slipway", line, PROSE]) == Opening("Boats block slipway", None, MAY, 2)


@pytest.mark.parametrize(
    "lines",
    [
        ["By Ines Calloway", "3 May 2024"],
        ["3 May 2024", "By Ines Calloway"],
        ["By Ines Calloway, 3 May 2024"],
        ["By Ines Calloway — 3 May 2024"],
        ["By Ines Calloway 3 May 2024"],
        ["By Ines Calloway, The Packet | May 3, 2024"],
        ["By Ines Calloway in Port Ansel, published May 3, 2024, 10:30"],
    ],
)
def test_byline_and_date_come_in_either_order_or_on_one_line(lines):
    expected = Opening("Boats block slipway", "Ines Calloway", MAY, 1 + len(lines))
    assert read_opening(["Boats block slipway", *lines, PROSE]) == expected


@pytest.mark.parametrize(
    ("byline", "author"),
    [
        ("By Ines Calloway and Tom Aldritch", "Ines Calloway and Tom Aldritch"),
        ("BY INES CALLOWAY AND TOM ALDRITCH", "Ines Calloway And Tom Aldritch"),
        ("By Ines Calloway, Tom Aldritch", "Ines Calloway, Tom Aldritch"),
        ("By Jane Doe, John Smith and Al Roe in London", "Jane Doe, John Smith and Al Roe"),
        ("By Jane Doe, John Smith, and Al Roe for The Packet", "Jane Doe, John Smith, and Al Roe"),
        ("By Jane Doe and John Smith in London", "Jane Doe and John Smith"),
        ("By Jane Doe and John Smith, Staff Writer", "Jane Doe and John Smith"),
        ("By Jane Doe, New York Times", "Jane Doe"),
        ("By Ludwig van der Meer", "Ludwig van der Meer"),
        ("By Łucja Żak", "Łucja Żak"),
        ("By REUTERS", "REUTERS"),
        ("By The Associated Press", "The Associated Press"),
        ("By J. R. O’Brien-Hale", "J. R. O’Brien-Hale"),
        ("By 王小明", "王小明"),
    ],
)
def test_names_of_many_shapes(byline, author):
    assert read_opening(["Boats block slipway", byline, PROSE]).author == author


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [PROSE, "All of them were back by noon."],
        ["Boats block slipway", "By noon they were gone."],
        ["Boats block slipway", "By the time the tide had turned they were gone"],
        ["Boats block slipway", PROSE, "By Ines Calloway"],
        ["They were gone.", "By Wednesday"],
        ["They had until:", "3 May 2024"],
        ["Boats block slipway", "In May 2024"],
        ["word " * 60, "By Ines Calloway"],
        ["Boats block slipway", "2024-05-03 The storm hit the mole at noon and forty boats sank."],
        ["Boats block slipway", "2024-05-03: The storm hit the mole at noon and forty boats sank."],
        ["Boats block slipway", "20240503 boats were counted"],
        ["Boats block slipway", "3 May 2024 was a Friday"],
        ["The council, which met on", "May 3, 2024 — a Friday — voted for the mole."],
        ["The mole, which fell on", "3 May 2024", "and stood again by June"],
        ["A survey of the mole was made", "by Ines Calloway", "and three divers"],
    ],
)
def test_lines_that_are_not_surely_an_opening_stay_in_the_text(lines):
    assert read_opening(lines) == Opening()


@pytest.mark.parametrize(
    "line",
    [
        "By Monday",
        "By Monday Night",
        "By Rail and Road",
        "By Rail And Road",
        "BY RAIL AND ROAD",
        "By Sea",
        "By The Numbers",
        "By Any Means",
        "By Port Ansel in May",
        "By Port Ansel 40 boats had sunk",
        "By Lake Quenn, where the herons nest, a boat sank",
        "By Tom Aldritch and the council, a plan was made",
        "By Tom Aldritch's Reckoning",
        "By Land: The Long Way Round",
        "By New York Standards, Rents Fell",
        "By EU Law, Member States",
        "By EU, Member States",
        "By Jane Doe, Rents Fell Again",
        "By Jane Doe in London and John Smith in Paris",
        "By Jane Doe, harbour correspondent, and John Smith",
        "By Jane Doe in New York, John Smith",
    ],
)
def test_by_before_what_is_no_full_name_begins_text(line):
    assert read_opening(["Boats block slipway", line, PROSE]) == Opening()


def test_the_date_before_an_agencys_first_sentence_is_taken_and_its_line_stays():
    line = f"May 3, 2024 — {PROSE}"
    assert read_opening(["Boats block slipway", line, "All of them were back."]) == Opening(day=MAY)
    assert read_opening([line, PROSE], title="Boats block slipway") == Opening(day=MAY)
    assert read_opening(["Boats block slipway", "By Ines Calloway", line]) == Opening(
        "Boats block slipway", "Ines Calloway", MAY, 2
    )


def test_the_dates_of_a_chronicle_are_not_the_day_of_publication():
    lines = ["The mole's last year", "3 May 2024 — The mole falls.", "9 June 2024 — It is rebuilt."]
    assert read_opening(lines, title_lines=3) == Opening()
    assert read_opening(lines[1:], title=lines[0]) == Opening()


def test_a_date_line_has_at_most_sixty_characters():
    line = "3 May 2024 | Updated 4 May 2024 | Updated 5 May 2024 | 10:30"
    assert read_opening(["Boats block slipway", line, PROSE]).lines == 2
    assert read_opening(["Boats block slipway", f"{line} BST", PROSE]).lines == 0


def test_a_first_line_that_ends_a_sentence_is_a_title_over_both_byline_and_date():
    opening = read_opening(["It sank. It is Monday.", "By Ines Calloway", "3 May 2024", PROSE])
    assert opening == Opening("It sank. It is Monday.", "Ines Calloway", MAY, 3)


def test_a_text_under_both_byline_and_date_may_begin_with_a_small_letter():
    lines = ["Apple reports", "By Jane Doe", "3 May 2024", "iPhone sales fell."]
    assert read_opening(lines) == Opening("Apple reports", "Jane Doe", MAY, 3)


def test_a_title_that_the_file_gives_may_end_a_sentence():
    opening = read_opening(["It sank. It is Monday.", "By Ines Calloway", PROSE], title="It sank. It is Monday.")
    assert opening == Opening("It sank. It is Monday.", "Ines Calloway", None, 2)


def test_a_title_that_the_file_gives_need_not_stand_over_the_byline():
    opening = read_opening(["By Ines Calloway", PROSE], title="Boats block slipway")
    assert (opening.author, opening.lines) == ("Ines Calloway", 1)


def test_a_title_may_run_over_the_lines_it_is_allowed():
    lines = ["Boats block slipway in row", "over summer berths", "By Ines Calloway", PROSE]
    assert read_opening(lines) == Opening()
    assert read_opening(lines, title_lines=3).title == "Boats block slipway in row over summer berths"


def test_named_fields_are_taken_for_what_they_say():
    lines = ["Title: Boats block slipway", "Author: Ines Calloway", "Date: 3 May 2024", PROSE]
    assert read_opening(lines) == Opening("Boats block slipway", "Ines Calloway", MAY, 3)


def test_one_line_with_a_colon_is_no_list_of_fields():
    assert read_opening(["Date: nobody knows", PROSE]) == Opening()


def test_a_title_is_found_over_at_most_three_lines():
    assert lines_of_title(["Boats", "block  SLIPWAY", PROSE], "Boats block slipway") == 2
    assert lines_of_title(["B", "l", "o", "ck"], "B l o ck") == 0
    assert lines_of_title(["Boats"], "") == 0


def test_an_author_is_a_name_with_letters_and_of_some_length():
    assert author_of(" By  Ines\nCalloway ") == "Ines Calloway"
    assert author_of("Byron Hale") == "Byron Hale"
    assert author_of("2024") is None
    assert author_of("") is None
    assert author_of("x" * 161) is None
