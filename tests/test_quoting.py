import pytest
from conftest import article, passage_hit

from rag.writing.quoting import quote_for

TEXT = (
    "The ferry came back into service on 3 May, after a year in the yard. “It was high time,” said the harbour master. "
    "A ticket costs two crowns — children travel for one. Nobody was hurt when the crane barge struck the quay."
)


@pytest.fixture
def passage():
    document = article(f"Before. {TEXT}", "ferry")
    return passage_hit(document, 8, 8 + len(TEXT))


@pytest.mark.parametrize(
    ("claimed", "begins"),
    [
        ("came back into service on 3 May", "The ferry came back"),
        ("The ferry came back into service on 3 May, after a year in the yard.", "The ferry came back"),
        ('"It was high time," said the harbor master', "“It was high time"),
        ("a ticket costs two crowns - children travel for one", "A ticket costs"),
        ("A  ticket costs\ntwo crowns", "A ticket costs"),
        ("The ferry came back in to service on 5 May", "The ferry came back"),
    ],
)
def test_words_that_were_copied_give_the_sentence_as_the_article_has_it(passage, claimed, begins):
    quote = quote_for("Whatever was written.", claimed, passage)
    assert quote.text.startswith(begins)
    assert quote.text.endswith((".", "."))
    assert passage.article.text[quote.start :].startswith(quote.text)
    assert quote.passage_id == passage.passage.id


def test_a_quote_over_two_sentences_has_both(passage):
    quote = quote_for("x", "said the harbour master. A ticket costs", passage)
    assert quote.text.startswith("“It was")
    assert quote.text.endswith("for one.")


@pytest.mark.parametrize("claimed", ["", "the of and it", "May", "elephants dream of modal jazz in the yard"])
def test_without_words_that_stand_there_the_sentence_most_like_what_was_written_is_quoted(passage, claimed):
    assert quote_for("Tickets cost two crowns; a child's ticket costs one.", claimed, passage).text.startswith(
        "A ticket"
    )
    assert quote_for("Elephants dream of jazz.", claimed, passage) is None


def test_a_sentence_that_is_too_long_is_quoted_in_part():
    text = "The harbour " + "and the quay and the mole " * 40 + "were closed on Monday."
    quote = quote_for("x", "were closed on Monday", passage_hit(article(text, "harbour")))
    assert quote.text == "were closed on Monday"
