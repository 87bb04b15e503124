import pytest

from rag.evals.making.names import Names, Person
from rag.evals.making.who import how_old, quote, role, which, who, who_by, who_said

NAMES = Names(
    people={"Ada Quill": Person("Ada Quill", "she"), "Tom Reed": Person("Tom Reed")},
    companies={"Orlo": "airline"},
    small={"mole": 1.0, "ferries": 1.0, "orlo": 0.0},
)


def asked(template, sentence):
    return [(one.kind, one.text, one.answer) for one in template(sentence, NAMES)]


@pytest.mark.parametrize(
    ("template", "sentence", "question", "answer"),
    [
        (who, "Ada Quill promised to open the mole in May.", "Who promised to open the mole in May?", "Ada Quill"),
        (who, "Quill, the mayor, has closed the mole in Hull.", "Who has closed the mole in Hull?", "Quill"),
        (who_by, "The mole was built by Tom Reed in 1902.", "Who built the mole in 1902?", "Tom Reed"),
        (which, "Russia has closed its port in Hull.", "Which country has closed its port in Hull?", "Russia"),
        (which, "Orlo cancelled 12 flights to Hull.", "Which airline cancelled 12 flights to Hull?", "Orlo"),
        (
            which,
            "The Harbour Museum showed a chart of 1902.",
            "Which museum showed a chart of 1902?",
            "The Harbour Museum",
        ),
        (
            quote,
            "“Every stone of this wall came by sea from Norway,” said Reed.",
            "Who said, “Every stone of this wall came by sea from Norway”?",
            "Reed",
        ),
        (
            who_said,
            "Ferries will come back to Hull, Quill said.",
            "Who said that ferries will come back to Hull?",
            "Quill",
        ),
        (how_old, "Tom Reed, 36, fell from the mole.", "How old is Tom Reed?", "36"),
    ],
)
def test_a_sentence_is_asked_for_somebody(template, sentence, question, answer):
    assert [(text, found) for _, text, found in asked(template, sentence)] == [(question, answer)]


def test_an_office_is_asked_from_both_sides():
    assert asked(role, "It fell, said Ada Quill, chief engineer of the Harbour Trust.") == [
        ("role", "Who is the chief engineer of the Harbour Trust?", "Ada Quill"),
        ("person", "Who is Ada Quill?", "chief engineer of the Harbour Trust"),
    ]


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (who, "Ada Quill was a member of the trust in Hull."),
        (who, "Ada Quill speaks at the mole on Monday, 3 May."),
        (who, "After the match Ada Quill left Hull for good."),
        (who, "Nan Ott promised to open the mole in May."),
        (which, "Officials closed the port in Hull on Monday."),
        (quote, "“We are glad,” said Reed."),
        (role, "It fell, said Ada Quill, a former director of Orlo."),
        (how_old, "Nan Ott, 36, fell from the mole."),
    ],
)
def test_what_would_make_a_poor_question_makes_none(template, sentence):
    assert asked(template, sentence) == []
