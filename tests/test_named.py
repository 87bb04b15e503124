from datetime import date

import pytest
from lengths import AT_MOST, PIECES, growth

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
        ("What did the BBC say?", ("BBC News - Arts", "BBC News - Sport")),
        ("Who runs the BBC?", ()),
        ("According to bbc people, who won?", ()),
        ("What did BBC News - Sport say?", ("BBC News - Sport",)),
        ("according to fortune, who is rich?", ("Fortune",)),
        ("according to the age, who is rich?", ("The Age",)),
        ("Who made a fortune in the age of steam?", ()),
        ("What did The Packet report?", ()),
        ("What did Michael Fortune say?", ()),
        ("Michael Fortune said what?", ()),
        ("What did the Daily Fortune report?", ()),
        ("What did The Fortune article say?", ("Fortune",)),
        ("Did Fortune report on it?", ("Fortune",)),
        ("While Fortune reports a loss, what does CNN report?", ("Fortune", "cnn.com")),
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


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("By Ada Quill", ["Ada Quill"]),
        ("by: Ada Quill & Tom Rae", ["Ada Quill", "Tom Rae"]),
        ("Byron Bell", ["Byron Bell"]),
        ("Quill, Ada", ["Ada Quill"]),
        ("Quill, Ada B.; Rae, Tom", ["Ada B. Quill", "Tom Rae"]),
        ("Ada Quill, Tom Rae", ["Ada Quill", "Tom Rae"]),
        ("The Packet, Tom Rae", ["The Packet", "Tom Rae"]),
    ],
)
def test_a_byline_may_be_written_in_any_of_these_ways(said, names):
    assert authors_of(said) == names


@pytest.mark.parametrize("byline", ["José García", "Jose Garcia"])
@pytest.mark.parametrize("said", ["José García", "Jose Garcia", "Jose\u0301 Garci\u0301a"])
def test_a_name_is_known_without_its_accents(byline, said):
    found = implied(f"What did the article by {said} say?", DAY, Names(authors=(byline,)), None)
    assert found.authors == (byline,)


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


COMMON = Names(
    publishers=(
        "CNN", "Fortune", "Life", "Mirror", "Nature", "People", "Sporting News", "TechCrunch", "The Age",
        "The Guardian", "The Mail on Sunday", "The New York Times", "The Sun", "Time", "USA Today",
    ),
    authors=("Adam Smith", "John Smith"),
)  # fmt: skip
ASKED = date(2023, 12, 20)  # a Wednesday


def meant(text):
    found = implied(text, ASKED, COMMON, None)
    return (*found.publishers, *found.authors, *(period.words for period in found.periods))


@pytest.mark.parametrize(
    "text",
    [
        # Words that are a paper's name as well.
        "How hot is the Sun?",
        "The Sun is how far from Earth?",
        "In the sun, how fast does ice melt?",
        "What does the sun do to skin?",
        "Time is what, according to Einstein?",
        "How does Time heal?",
        "Mirror neurons: what do they do?",
        "The Guardian of the gate was who?",
        "What does the guardian of the gate say?",
        "Which Fortune did she inherit?",
        "Who made a fortune with steam?",
        "The Age of Reason was written by whom?",
        "Who wrote The Age of Reason?",
        "Do people say soda or pop?",
        "People say what about the ferry?",
        "according to people near the quay, what fell?",
        "According to science, why is the sky blue?",
        "What is her life story?",
        # A paper that is itself the matter.
        "Who owns CNN?",
        "Which company is The Guardian's owner?",
        "Who was sued by The New York Times?",
        "When was TechCrunch founded?",
        # People who did something else than write.
        "Who was shot by John Smith?",
        "What theory is by Adam Smith?",
        "Who is John Smith?",
        "What did John Smith say about boats?",
        # Days that are in a name.
        "Who founded USA Today?",
        "What does Russia Today own?",
        "Which band sang Yesterday?",
        "Yesterday was recorded by whom?",
        "Who presents This Morning on ITV?",
        "Who manages Sheffield Wednesday?",
        "Is Wednesday on Netflix worth a look?",
        "Wednesday on Netflix is about whom?",
        "Who stars in Wednesday?",
        "Who plays Wednesday?",
        "Who wrote Sunday Bloody Sunday?",
        "Who was shot on Bloody Sunday?",
        "Who hosts Saturday Night Live?",
        "What is the circulation of The Mail on Sunday?",
        "What is on sale on Black Friday?",
        "Who won on Monday Night Football?",
        "Which shop is open Monday to Friday?",
        "What happens every Tuesday?",
        "Which shop opens on Sunday mornings?",
        # Times that are not counted from today.
        "What happened in the last week of the war?",
        "What did she do in the last year of her life?",
        "Who won in the last two years running before 1990?",
        "What happened in the last month before the vote?",
        "What did he do in his last year in office?",
        "What happened this week in 1963?",
        "Which country today is a remnant of the empire?",
        "What makes most electricity in the world today?",
        "How much is that in today's money?",
        "Are prices higher than last year?",
        "Are prices higher than a year ago?",
        "Are prices higher than a week ago?",
        "Which animals lived 20 years ago?",
        "What was the most recent ice age?",
        "Who were the latest Kings of Wessex?",
        "What changed in recent decades?",
        "What valve do recent engines have?",
        "Was it so until recently?",
        "Why is newly found oil dear?",
        "What do people do these days?",
        # "just", "may" and "march".
        "What is just war theory?",
        "Is just compensation in the Fifth Amendment?",
        "Was just one barge lost?",
        "How many people may 5 buses carry?",
        "How many players may 10 times?",
        "Who can march 10 miles?",
        "How many may 2000 seats hold?",
        # Days that name what happened on them, and days of some other year or of each.
        "Who led the Jan 6 committee?",
        "Who planned the September 11 attacks?",
        "How did flying change after September 11?",
        "Why are there fireworks on the Fourth of July?",
        "In 1944, what happened on 6 June?",
        "Who ruled in March, and who in 1815?",
        "Which fair is held in June each year?",
        "When did prices last fall?",
        "Which flowers open in spring?",
        "What was The Fall of 1989 about?",
        "Was the deal rejected by May?",
        "Which June was it?",
        "",
    ],
)
def test_an_ordinary_question_implies_nothing(text):
    assert meant(text) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("According to The Sun, who won?", "The Sun"),
        ("according to the sun, who won?", "The Sun"),
        ("The Guardian reported what of the mole?", "The Guardian"),
        ("The Guardian says what of the mole?", "The Guardian"),
        ("What is said in the Guardian article?", "The Guardian"),
        ("What was in The Guardian of the mole?", "The Guardian"),
        ("what does the sun say about the budget", "The Sun"),
        ("What does USA Today say about rates?", "USA Today"),
        ("What is in the New York Times' report?", "The New York Times"),
        ("What does the Time magazine cover show?", "Time"),
        ("Which mole was described by Time?", "Time"),
        ("Which mole, as reported by the 'Sporting News', fell?", "Sporting News"),
        ("In TechCrunch, which phone is best?", "TechCrunch"),
        ("What does Fortune's story tell?", "Fortune"),
        ("What did CNN report?", "CNN"),
        ("Has the description of the mole by The Age changed?", "The Age"),
        ("Which articles by John Smith are of boats?", "John Smith"),
        ("What was written by John Smith of boats?", "John Smith"),
        ("What did John Smith write about boats?", "John Smith"),
        ("John Smith wrote what of boats?", "John Smith"),
        ("What is in Adam Smith's article?", "Adam Smith"),
        ("What happened in May 2022?", "in May 2022"),
        ("What happened in May of 2022?", "in May of 2022"),
        ("What happened in march 2023?", "in march 2023"),
        ("What happened June 2022?", "June 2022"),
        ("What does the June 2022 report say?", "June 2022"),
        ("What fell in Sept. 2022?", "in Sept. 2022"),
        ("What fell in June?", "in June"),
        ("What fell at the end of June?", "of June"),
        ("What fell in early June?", "early June"),
        ("What fell last week?", "last week"),
        ("What fell in the last two weeks?", "last two weeks"),
        ("Which barge sank last Tuesday?", "last Tuesday"),
        ("Which barge sank on Tuesday?", "Tuesday"),
        ("Which barge sank on tuesday?", "tuesday"),
        ("Who was sentenced Thursday?", "Thursday"),
        ("Who was sentenced early Thursday?", "Thursday"),
        ("Who took office Wednesday to become mayor?", "Wednesday"),
        ("Who won at Sunday's awards?", "Sunday"),
        ("Who resigned three days ago?", "three days ago"),
        ("Who resigned a few days ago?", "a few days ago"),
        ("Who resigned a week ago?", "a week ago"),
        ("Who resigned two weeks ago?", "two weeks ago"),
        ("Who resigned a month ago?", "a month ago"),
        ("Which fair was held last summer?", "last summer"),
        ("Which fair was held in spring 2022?", "in spring 2022"),
        ("Which fair was held in the summer of 2022?", "in the summer of 2022"),
        ("Who resigned yesterday?", "yesterday"),
        ("Yesterday, who resigned?", "Yesterday"),
        ("Who resigned this morning?", "this morning"),
        ("What fell today?", "today"),
        ("What fell on 3 June?", "3 June"),
        ("What fell on the 3rd of June?", "3rd of June"),
        ("What fell on June 3?", "June 3"),
        ("What fell on Tuesday, June 3?", "June 3"),
        ("What fell on may 5?", "may 5"),
        ("What fell on 6 June in 2022?", "6 June in 2022"),
        ("What happened on September 11, 2022?", "September 11, 2022"),
        ("What fell on Christmas day?", "Christmas day"),
        ("Who has just resigned?", "has just resigned"),
        ("What did a recent study find?", "a recent"),
        ("What is the latest on the strike?", "the latest on"),
        ("What are the latest inflation figures?", "latest inflation figures"),
    ],
)
def test_a_question_implies_what_it_says(text, found):
    assert meant(text) == (found,)


def test_beside_a_paper_that_said_something_each_that_is_written_as_a_name_is_meant():
    assert meant("According to CNN, did TechCrunch and The Age agree?") == ("CNN", "TechCrunch", "The Age")
    assert meant("According to CNN, how hot is the Sun?") == ("CNN",)


def test_the_sections_of_a_paper_are_one_paper():
    assert Implied(("BBC News - Arts", "Fortune", "BBC News - Sport")).papers == (
        ("BBC News - Arts", "BBC News - Sport"),
        ("Fortune",),
    )


@pytest.mark.parametrize("piece", PIECES)
def test_the_work_grows_as_the_question_does_whatever_it_is_made_of(piece):
    assert growth(lambda text: implied(text, DAY, NAMES, DAY), piece) <= AT_MOST


@pytest.mark.parametrize("piece", PIECES)
def test_the_work_grows_as_a_byline_or_the_name_of_a_paper_does(piece):
    assert growth(authors_of, piece) <= AT_MOST
    assert growth(lambda text: implied("Who?", DAY, Names((text,)), DAY), piece) <= AT_MOST


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("Ada Quill \n; Tom Rae & Ines Bell  and  Rae, Tom B.", ["Ada Quill", "Tom Rae", "Ines Bell", "Tom B. Rae"]),
        ("Ada Quill , Tom Rae,Ines Bell ", ["Ada Quill", "Tom Rae", "Ines Bell"]),
    ],
)
def test_white_space_around_a_name_is_no_part_of_it(byline, names):
    assert authors_of(byline) == names
