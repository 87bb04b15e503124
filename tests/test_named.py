from datetime import date

import pytest

from index.candidates import About, Names
from rag.named import Implied, authors_of, implied
from rag.periods import Period

NAMES = Names(
    publishers=(
        "BBC News - Arts",
        "BBC News - Sport",
        "CBSSports.com",
        "Cnbc | World News",
        "Fortune",
        "The Age",
        "cnn.com",
    ),
    authors=("Ada Quill and Tom Rae", "Ines Bell"),
)
DAY = date(2022, 9, 9)


def publishers(text):
    return implied(text, DAY, NAMES, None).publishers


def authors(text):
    return implied(text, DAY, NAMES, None).authors


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("According to The Age, who won?", ("The Age",)),
        ("Does 'Fortune' agree with 'The Age'?", ("Fortune", "The Age")),
        ("What does Fortune's article say?", ("Fortune",)),
        ("What did Cnbc | World News report?", ("Cnbc | World News",)),
        ("What did CNBC report?", ("Cnbc | World News",)),
        ("What did CNN and CBSSports.com say?", ("cnn.com", "CBSSports.com")),
        ("What did CBSSports say?", ("CBSSports.com",)),
        ("What did BBC News say?", ("BBC News - Arts", "BBC News - Sport")),
        ("What did BBC News - Sport say?", ("BBC News - Sport",)),
        ("according to fortune, who is rich?", ("Fortune",)),
        ("Who made a fortune in the age of steam?", ()),
        ("What did The Packet report?", ()),
        ("", ()),
    ],
)
def test_papers_are_those_that_the_catalog_has(text, found):
    assert publishers(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What did the article by Ada Quill say?", ("Ada Quill",)),
        ("What is said in Ada Quill's report?", ("Ada Quill",)),
        ("Ines Bell wrote of what?", ("Ines Bell",)),
        ("Who is Ada Quill?", ()),
        ("What did the article by Ada Bell say?", ()),
    ],
)
def test_a_person_is_meant_as_an_author_where_an_article_is_credited(text, found):
    assert authors(text) == found


def test_a_byline_may_name_several():
    assert authors_of("Ada Quill, Ines Bell and Tom Rae") == ["Ada Quill", "Ines Bell", "Tom Rae"]
    assert authors_of(None) == []


def test_an_article_meets_each_thing_once():
    week = Period("this week", date(2022, 9, 1), date(2022, 9, 10))
    meant = Implied(("The Age", "Fortune"), ("Ada Quill",), (week,))
    assert meant.fits(About(1, "The Age", "Ines Bell and Ada Quill", DAY, ("", "", ""))) == 3
    assert meant.fits(About(1, "Fortune", None, None, ("", "", ""))) == 1
    assert meant.fits(About(1, None, None, date(2022, 8, 31), ("", "", ""))) == 0
    assert Implied().fits(About(1, None, None, DAY, ("", "", ""))) == 0


def test_a_question_that_names_nothing_implies_nothing():
    assert not implied("Why did the crane fall?", DAY, NAMES, DAY)
    assert implied("Why did the crane fall this week?", DAY, NAMES, DAY)
