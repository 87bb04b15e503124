import sqlite3

import pytest
from lengths import AT_MOST, PIECES, growth

from index.lexical import fold, match_any, terms


def matches(text, question):
    """Whether SQLite finds `text` for `question`."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5 (body, tokenize = 'porter unicode61 remove_diacritics 2')")
    db.execute("INSERT INTO t VALUES (?)", (fold(text),))
    found = db.execute("SELECT count(*) FROM t WHERE t MATCH ?", (match_any(terms(question)),)).fetchone()[0]
    db.close()
    return bool(found)


def test_stop_words_are_left_out():
    assert terms("What did the mayor say about the mole?") == ['"mayor"', '"say"', '"mole"']


def test_a_question_of_stop_words_alone_keeps_them():
    assert terms("Who are you?") == ['"who"', '"are"', '"you"']


def test_a_word_stands_once():
    assert terms("mole Mole MOLE") == ['"mole"']


@pytest.mark.parametrize("text", ["", "  \n", "?!", '"', "* - ^ ( )"])
def test_white_space_and_punctuation_give_no_terms(text):
    assert terms(text) == []


@pytest.mark.parametrize(
    "question", ['mole" OR "x', "mole*", "NEAR(mole)", "title:mole", "mole AND", "-mole", "mole'--"]
)
def test_nothing_in_a_question_is_an_operator(question):
    assert matches("The mole fell.", question)


def test_a_script_without_spaces_is_asked_in_pairs():
    assert terms("北京天气") == ['"北 京"', '"京 天"', '"天 气"']
    assert terms("水") == ['"水"']


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("我们昨天去了北京大学。", "北京"),
        ("東京へ行きました。", "東京"),
        ("วันนี้อากาศดีมาก", "อากาศ"),
        ("서울에서 만났다", "서울"),
        ("Der Fährmann schwieg.", "fahrmann"),
        ("The ferries sailed.", "ferry"),
    ],
)
def test_words_are_found_in_any_script(text, question):
    assert matches(text, question)


def test_characters_that_stand_apart_are_not_a_pair():
    assert not matches("北方的东京", "北京")


def test_mixed_scripts_are_told_apart():
    assert terms("GPU加速2024") == ['"gpu"', '"加 速"', '"2024"']


@pytest.mark.parametrize("piece", PIECES)
def test_the_work_grows_as_the_question_does_whatever_it_is_made_of(piece):
    assert growth(terms, piece) <= AT_MOST
