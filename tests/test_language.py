"""Only what a model says itself tells its language, and only where it is sure."""

import pytest

from rag.answers import DraftSentence, Quote
from rag.writing.language import in_another, own_words

ASKED = "Warum ist die Fähre im vergangenen Winter so selten gefahren?"
ENGLISH = "The ferry was often held back by the ice, and nobody had been told when it would sail again."
GERMAN = "Das Eis hat die Fähre oft aufgehalten, und niemand wusste, wann sie wieder fahren würde."


def said(text, *quotes):
    return DraftSentence(text, tuple(Quote("p", quote) for quote in quotes))


def test_an_answer_in_another_language_than_the_question_is_noticed():
    assert in_another(ASKED, [said(ENGLISH)])
    assert in_another(ENGLISH, [said(GERMAN)])
    assert not in_another(ASKED, [said(GERMAN)])


def test_quotes_stay_in_the_language_of_the_article():
    assert not in_another(
        ASKED, [said(GERMAN), said(f"Es hieß: “{ENGLISH}”"), said(ENGLISH, f"So he wrote: {ENGLISH}")]
    )
    assert in_another(ASKED, [said("The ice was to blame for it, and for nothing else.", ENGLISH)])


@pytest.mark.parametrize(
    ("text", "quotes", "own"),
    [
        ("He said “it sank” in May.", (), ["He said   in May."]),
        ("«Il a coulé», a-t-il dit.", (), [" , a-t-il dit."]),
        ("It sank in May!", ("And then IT SANK, in May.",), []),
        ("It sank in May.", ("It sank.",), ["It sank in May."]),
        ("It's 5\" long.", (), ["It's 5\" long."]),
    ],
)
def test_what_is_quoted_is_not_its_own(text, quotes, own):
    assert list(own_words([said(text, *quotes)])) == own


def test_an_answer_is_not_lost_where_no_language_can_be_told(monkeypatch):
    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("index.sources.reading.languages_differ", full)
    assert not in_another(ASKED, [said(ENGLISH)])
