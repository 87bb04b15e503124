import pytest

from rag.evals.making.names import companies, is_name, people, person_name, small_letters


@pytest.mark.parametrize(
    "text",
    [
        "The harbour master Ada Quill resigned.",
        "Ada Quill, 45, resigned.",
        "Ada Quill, a former mayor of Merrowick, resigned.",
        "It was closed, said Ada Quill.",
        "Mrs Ada Quill resigned.",
    ],
)
def test_a_person_is_known_by_what_stands_beside_the_name(text):
    assert list(people([text.replace("harbour master", "chancellor")])) == ["Ada Quill"]


@pytest.mark.parametrize("text", ["The North Sea rose.", "Scotland Yard said so.", "On Monday Ada Quill resigned."])
def test_a_name_without_evidence_is_of_no_person(text):
    assert people([text]) == {}


def test_a_pronoun_is_that_of_a_title_or_of_two_sentences_that_follow():
    assert people(["Mrs Ada Quill resigned."])["Ada Quill"].pronoun == "she"
    told = ["Tom Reed, 40, resigned.", "He was tired.", "Reed left.", "He is at home."]
    assert people(told)["Tom Reed"].pronoun == "he"
    assert people(told[:2])["Tom Reed"].pronoun == ""


def test_two_people_before_a_pronoun_leave_it_open():
    told = ["Tom Reed, 40, met Ada Quill, 50, there.", "He was tired.", "Reed and Quill left.", "He is at home."]
    assert people(told)["Tom Reed"].pronoun == ""


def test_a_company_is_called_what_the_article_calls_it():
    text = "Netherby, a small bank in Hull, closed. Orlo CEO Tom Reed left. The Harbour Workers Union (HWU) agreed."
    assert companies(text) == {"Netherby": "bank", "Orlo": "company", "HWU": "union"}


def test_an_office_and_a_day_are_no_part_of_a_name():
    assert person_name("Mayor Ada Quill Monday") == "Ada Quill"
    assert is_name("Ada Quill")
    assert not is_name("Quill")
    assert not is_name("Orlo Motors")


def test_a_word_is_small_as_often_as_it_is_within_sentences():
    # "mole" stands within a sentence four times, three of them small; the first word of a sentence tells nothing.
    assert small_letters(["The mole fell.", "A mole and a mole.", "The Mole.", "Mole."])["mole"] == 3 / 4
