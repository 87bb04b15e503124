from rag.evals.making.names import Names, Person
from rag.evals.making.templates import cloze, questions

NAMES = Names(people={"Ada Quill": Person("Ada Quill")}, small={"rents": 1.0})
MOLE = "The repair of the East Mole in Hull will cost Ada Quill £6.4m over three years."


def test_a_gap_takes_the_place_of_a_sum_or_a_person():
    assert [(asked.text, asked.answer) for asked in cloze(MOLE, NAMES)] == [
        (f"Fill in the blank: “{MOLE.replace('£6.4m', '_____')}”", "£6.4m"),
        (f"Fill in the blank: “{MOLE.replace('Ada Quill', '_____')}”", "Ada Quill"),
    ]


def test_a_short_or_leaning_sentence_has_no_gap():
    assert list(cloze("The repair will cost £6.4m.", NAMES)) == []
    assert list(cloze(MOLE.replace("Ada Quill", "them"), NAMES)) == []


def test_what_is_behind_who_said_so_is_asked_too():
    made = questions("Police said Monday that 23 people were hurt on the ferry to Hull.", NAMES)
    assert [(asked.text, asked.answer) for asked in made] == [("How many people were hurt on the ferry to Hull?", "23")]


def test_a_question_that_cannot_stand_alone_is_left_out():
    assert questions("Police said Monday that 23 people were hurt in the storm.", NAMES) == []
