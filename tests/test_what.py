import pytest

from rag.evals.making.names import Names
from rag.evals.making.what import what, what_did, when, where, why

NAMES = Names(companies={"Orlo": "airline"}, small={"ferries": 1.0, "orlo": 0.0})


@pytest.mark.parametrize(
    ("template", "sentence", "question", "answer"),
    [
        (what, "The Mole Fund, a charity for skippers, closed.", "What is the Mole Fund?", "a charity for skippers"),
        (
            what,
            "The Harbour Workers Union (HWU) agreed.",
            "What does HWU stand for?",
            "Harbour Workers Union",
        ),
        (what_did, "Orlo bought the Netherby Mill in 2019.", "What did Orlo buy in 2019?", "the Netherby Mill"),
        (what_did, "Orlo agreed to repair Hull’s mole.", "What did Orlo agree to do?", "to repair Hull’s mole"),
        (
            when,
            "The ferry was suspended on 10 September 2024.",
            "When was the ferry suspended?",
            "on 10 September 2024",
        ),
        (when, "In 2019, Orlo bought the Netherby Mill.", "When did Orlo buy the Netherby Mill?", "in 2019"),
        (when, "Orlo sold its mill on Monday, officials said.", "When did Orlo sell its mill?", "on Monday"),
        (where, "Ada Quill was born in Hull in 1950.", "Where was Ada Quill born?", "Hull"),
        (where, "Orlo met with skippers in Hull on Monday.", "Where did Orlo meet with skippers?", "Hull"),
        (why, "Orlo closed the mill because of the floods.", "Why did Orlo close the mill?", "because of the floods"),
    ],
)
def test_a_sentence_is_asked_for_a_thing_a_time_a_place_or_a_reason(template, sentence, question, answer):
    assert [(one.text, one.answer) for one in template(sentence, NAMES)] == [(question, answer)]


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (what, "Ada Quill, a doctor in Hull, resigned."),
        (what_did, "Orlo bought the mill."),
        (what_did, "Orlo bought 12 mills in Hull."),
        (when, "Orlo said the ferry would return in May."),
        (when, "Orlo announced that ferries return in May."),
        (when, "The price was $4 on Monday."),
        (when, "Orlo agreed to close the mill in 2019."),
        (where, "Orlo was founded in 1902."),
        (why, "“I closed it because I had to,” Quill said."),
    ],
)
def test_what_would_make_a_poor_question_makes_none(template, sentence):
    assert list(template(sentence, NAMES)) == []
