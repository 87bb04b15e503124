from dataclasses import replace

from scripted_page import FLOOD, RADAR, RIVER, SERVICE, hit, quoted, refused

from rag.answers import Question, Refusal
from rag.suggestions import MOST, names_in, to_begin_with, to_go_on_with
from rag.surveys import surveyed


def test_names_have_two_words_with_capitals():
    text = "When did the Bank of England raise rates? Ines Calloway's report says The East Mole fell. Nobody else did."
    assert names_in(text) == ["Bank of England", "Ines Calloway", "East Mole"]


def test_a_word_that_opens_a_sentence_is_no_part_of_a_name():
    assert names_in("After The East Mole fell, In Merrowick it rained. When Tom left.") == ["East Mole"]


def test_what_may_be_asked_first_is_what_several_titles_name():
    twice = ["Storm over East Mole falls silent", "Far Sallow waits for another ferry"]
    asks = to_begin_with([*twice, *twice, "The East Mole is whole again | The Packet", "Port Ansel waits"], dated=True)
    assert asks == ["What is new?", "What do my articles say about East Mole?", "Timeline of Far Sallow"]
    assert all(surveyed(text) for text in asks)


def test_without_articles_nothing_is_offered():
    assert to_begin_with([], dated=False) == []


def test_what_is_new_is_not_offered_where_no_article_has_a_day():
    assert to_begin_with(["Ferry sails"], dated=False) == []


def about(text, *pairs):
    return quoted(Question(text), *pairs)


def test_what_may_be_asked_next_is_about_names_that_were_not_asked_about():
    article = replace(RIVER, text="Ines Calloway met Tom Rae and the Harbour Trust at Port Ansel, said Ada Quill.")
    answer = about("What did Ines Calloway do?", (article, article.text))
    asks = to_go_on_with(answer)
    assert asks[0] == "Timeline of Ines Calloway"
    assert "What do my articles say about Tom Rae?" in asks
    assert len(asks) == MOST
    assert all(surveyed(text) for text in asks)


def test_nothing_is_offered_behind_a_refusal_or_before_the_end():
    assert to_go_on_with(refused(Question("Who is Ada Quill?"), Refusal.NOT_SUPPORTED, hit(RADAR, SERVICE))) == []
    assert to_go_on_with(replace(about("Who is Ada Quill?", (RIVER, FLOOD)), done=False)) == []


def test_titles_that_are_all_capitals_name_nothing():
    titles = ["Ten Things You Need To Know Today", "First lady visits quietly - The Week UK"] * 3
    assert to_begin_with(titles, dated=False) == []
