import pytest

from rag.evals.making.amounts import how_long, how_many, how_much
from rag.evals.making.names import Names, Person

NAMES = Names(people={"Ada Quill": Person("Ada Quill")}, small={"rents": 1.0, "orlo": 0.0})


@pytest.mark.parametrize(
    ("template", "sentence", "question", "answer"),
    [
        (how_many, "At least 23 people were hurt in Hull.", "How many people were hurt in Hull?", "23"),
        (how_many, "There are 42 holes in the East Mole.", "How many holes are there in the East Mole?", "42"),
        (how_many, "Orlo sold nearly 90,000 tickets in May.", "How many tickets did Orlo sell in May?", "90,000"),
        (how_many, "Orlo has sold 12 old ferries to Hull.", "How many old ferries has Orlo sold to Hull?", "12"),
        (how_many, "Orlo employs 300 people in Hull.", "How many people does Orlo employ in Hull?", "300"),
        (how_much, "Orlo raised $5 million for the mole.", "How much did Orlo raise for the mole?", "$5 million"),
        (how_much, "The repair will cost £6.4m in Hull.", "How much will the repair cost in Hull?", "£6.4m"),
        (how_much, "Rents rose by 4% in Hull.", "By how much did rents rise in Hull?", "4%"),
        (how_much, "Rents have risen 4% in Hull.", "By how much have rents risen in Hull?", "4%"),
        (how_much, "About 20% of Hull is under water.", "What percentage of Hull is under water?", "20%"),
        (how_long, "Ada Quill spent nearly 12 years in Hull.", "How long did Ada Quill spend in Hull?", "12 years"),
        (how_long, "Ada Quill died in Hull at the age of 84.", "At what age did Ada Quill die?", "84"),
    ],
)
def test_a_sentence_is_asked_for_its_amount(template, sentence, question, answer):
    assert [(one.text, one.answer) for one in template(sentence, NAMES)] == [(question, answer)]


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (how_many, "Orlo sold 12 ferries and closed three mills."),
        (how_many, "Two of the men were hurt in Hull."),
        (how_many, "Orlo waited 12 days in Hull."),
        (how_much, "Orlo raised a $5 million fund."),
        (how_long, "Orlo bought 12 years of records in Hull."),
    ],
)
def test_what_would_make_a_poor_question_makes_none(template, sentence):
    assert list(template(sentence, NAMES)) == []
