from datetime import UTC, date, datetime

import pytest

from index.sources.properties import author_given, day_created, title_given


def test_a_title_that_someone_gave_is_kept_on_one_line():
    assert title_given("The men who\n built the East Mole", "men.docx") == "The men who built the East Mole"


@pytest.mark.parametrize(
    "title",
    [
        "Microsoft Word - mole.doc",
        "Untitled",
        "Document1",
        "Dokument 2",
        "mole-final.pdf",
        "mole.indd",
        "MEN",
        "§ 1",
        "",
        None,
        7,
    ],
)
def test_a_title_that_a_program_gave_is_none(title):
    assert title_given(title, "men.docx") == ""


def test_an_author_is_kept_without_the_by():
    assert author_given("by Ines Calloway") == "Ines Calloway"
    assert author_given("INES CALLOWAY") == "Ines Calloway"


@pytest.mark.parametrize(
    "author",
    [
        "python-docx",
        "Anonymous",
        "(anonymous)",
        "admin",
        "Microsoft Office User",
        "Windows User",
        "root",
        "",
        "123",
        None,
    ],
)
def test_an_author_that_a_program_gave_is_none(author):
    assert author_given(author) is None


def test_a_word_that_only_begins_like_a_program_is_a_name():
    assert author_given("Ownersby Scannell") == "Ownersby Scannell"


def test_the_day_of_creation_is_the_one_that_is_written_there():
    assert day_created(datetime(2024, 7, 29, 23, 30, tzinfo=UTC)) == date(2024, 7, 29)
    assert day_created(None) is None


def test_the_day_on_which_the_template_was_made_is_not_the_documents():
    assert day_created(datetime(2013, 12, 23, 23, 15)) is None
    assert day_created(datetime(2013, 12, 23, 23, 16, tzinfo=UTC)) == date(2013, 12, 23)
