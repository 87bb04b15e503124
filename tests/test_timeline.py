"""When the articles appeared, as it is drawn."""

import re
from html import unescape

from index.ledger import UNDATED, Timeline
from page.timeline import MOST_BARS, Bar, bars, named, timeline_html

TWO_YEARS = Timeline((("2023-11", 20), ("2024-02", 41)), 2)
LONG = Timeline((("1995-01", 1), ("1995-12", 2), ("2004-06", 40)))


def words(html):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).replace("\xa0", " ").split())


def test_two_years_are_drawn_by_month_with_those_that_have_none():
    drawn = bars(TWO_YEARS)
    assert len(drawn) == 24
    assert [bar for bar in drawn if bar.number] == [Bar("2023-11", 20), Bar("2024-02", 41)]


def test_more_are_drawn_by_year_and_a_year_by_month():
    assert bars(LONG) == [Bar("1995", 3), *(Bar(str(year), 0) for year in range(1996, 2004)), Bar("2004", 40)]
    assert [bar.number for bar in bars(LONG, "1995")] == [1, *[0] * 10, 2]
    assert bars(LONG, "1995-01") == bars(LONG, "1995")


def test_many_years_are_drawn_by_decade_and_a_decade_by_year():
    old = Timeline((("1905-01", 7), ("1909-01", 1), *LONG.months))
    assert [(bar.period, bar.number) for bar in bars(old) if bar.number] == [("190", 8), ("199", 3), ("200", 40)]
    assert len(bars(old)) == 11
    assert [bar.number for bar in bars(old, "190")] == [0, 0, 0, 0, 0, 7, 0, 0, 0, 1]


def test_a_day_that_cannot_be_true_does_not_make_thousands_of_bars():
    drawn = bars(Timeline((("0001-01", 1), ("2024-01", 5))))
    assert drawn == [Bar("000", 1), Bar("202", 5)]
    assert len(drawn) <= MOST_BARS


def test_periods_have_names():
    assert [named(p) for p in ("201", "2014", "2014-03", UNDATED)] == ["the 2010s", "2014", "Mar 2014", "no date"]


def test_each_bar_leads_to_its_period_and_the_numbers_say_the_same():
    drawn = timeline_html(TWO_YEARS, "indexed", "")
    links = re.findall(r'href="#(list-indexed-0-20[0-9-]+)"', drawn)
    assert links == ["list-indexed-0-2023-11", "list-indexed-0-2024-02"] * 2
    assert "<title>Feb 2024: 41 articles</title>" in drawn
    assert words(drawn).endswith("61 articles with a date Nov 2023 20 Feb 2024 41 2 without a date")
    assert 'href="#list-indexed-0-undated"' in drawn


def test_bars_are_for_the_eye_and_nothing_in_them_is_reached_by_the_keyboard():
    svg = re.search(r"<svg.*</svg>", timeline_html(TWO_YEARS, "", ""))[0]
    assert 'aria-hidden="true"' in svg
    assert svg.count("<a ") == svg.count('tabindex="-1"') == 2


def test_the_highest_bar_fills_the_height_and_the_lowest_can_be_seen():
    drawn = timeline_html(Timeline((("2024-01", 100_000), ("2024-02", 1))), "", "")
    assert re.findall(r'class="bar"[^>]* height="([0-9.]+)"', drawn) == ["40", "1.5"]


def test_what_is_chosen_is_named_with_the_way_back():
    drawn = timeline_html(TWO_YEARS, "", "2024-02")
    assert words(drawn).startswith("Feb 2024 All of 2024 All dates")
    assert re.findall(r'href="(#list-all-0[^"]*)">All', drawn) == ["#list-all-0-2024", "#list-all-0"]
    assert drawn.count("class=chosen") == 1
    assert words(timeline_html(TWO_YEARS, "", UNDATED)).startswith("no date All dates")


def test_one_month_is_no_timeline():
    assert timeline_html(Timeline((("2024-02", 41),), 2), "", "") == ""
    assert timeline_html(Timeline(), "", "") == ""
