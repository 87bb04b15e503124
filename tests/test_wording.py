from datetime import date

from index.records import Overview
from rag.answers import Refusal
from rag.wording import SAYINGS, clipped, counted, excerpt, extent, short


def test_every_refusal_has_its_words():
    assert set(SAYINGS) == set(Refusal)


def test_one_is_singular_and_thousands_have_a_comma():
    assert [counted(n, "article") for n in (0, 1, 2, 1_200)] == [
        "0 articles",
        "1 article",
        "2 articles",
        "1,200 articles",
    ]


def test_a_day_is_short_and_an_unknown_one_is_said_to_be():
    assert (short(date(2024, 1, 3)), short(None)) == ("3 Jan 2024", "undated")


def test_the_extent_names_the_first_and_the_last_day():
    first, last = date(2024, 1, 3), date(2024, 12, 12)
    assert extent(Overview(15, 69, first, last, 1, 1)) == "15 articles (3 Jan 2024 – 12 Dec 2024)"
    assert extent(Overview(1, 2, first, first, 0, 1)) == "1 article (3 Jan 2024)"
    assert extent(Overview(2, 2, None, None, 2, 1)) == "2 articles"


def test_a_long_text_is_cut_between_words_on_one_line():
    assert clipped("one two\n three", 100) == "one two three"
    assert clipped("one two three", 9) == "one two …"
    assert clipped("x" * 20, 9) == "x" * 9 + " …"


def test_an_excerpt_has_the_range_whole_and_words_around_it():
    text = f"{'tide ' * 60}the harbour master {'wave ' * 60}"
    start = text.index("harbour")
    before, at, behind = excerpt(text, start, start + 7, 60)
    assert (before[:2], at, behind[-2:]) == ("… ", "harbour", " …")
    assert before.endswith("tide the ")
    assert behind.startswith(" master wave")
    assert set((before + at + behind).split()) == {"…", "tide", "the", "harbour", "master", "wave"}
    assert len(before + at + behind) < 100


def test_an_excerpt_of_a_short_text_is_all_of_it():
    assert excerpt("It fell\nat noon.", 11, 15) == ("It fell at ", "noon", ".")
    assert excerpt("noon", 0, 4) == ("", "noon", "")
