from conftest import article

from index.records import Section
from rag.evals.making.made import is_title, made_of

SMALL = {"ferries": 1.0, "orlo": 0.0, "reed": 0.0, "quill": 0.0}


def asked(text, **fields):
    found = article(text, "orlo.md", fields.pop("title", "Orlo"), **fields)
    return found, made_of(found, SMALL)


def test_a_question_has_its_sentence_as_the_place_that_answers():
    found, made = asked("It rained. Orlo bought the Netherby Mill in Hull in 2019.")
    when = next(one for one in made if one.kind == "when")
    assert (when.text, when.answer) == ("When did Orlo buy the Netherby Mill in Hull?", "in 2019")
    assert (
        found.text[when.gold.start : when.gold.end]
        == when.gold.text
        == "Orlo bought the Netherby Mill in Hull in 2019."
    )
    assert when.gold.source == "orlo.md"


def test_the_first_sentence_that_is_one_is_asked_for_its_article():
    text = "By Nan Ott\nLONDON (Reuters) - The owners of Orlo have sold two old ferries to a museum in Hull."
    _, made = asked(text, title="Two old ferries leave Orlo")
    assert [(one.kind, one.text) for one in made if one.kind in {"lead", "title"}] == [
        ("lead", "Which article reports that the owners of Orlo have sold two old ferries to a museum in Hull?"),
        ("title", "What is the article “Two old ferries leave Orlo” about?"),
    ]
    assert all(one.gold.text.startswith("LONDON") for one in made)


def test_a_heading_is_asked_for_what_stands_under_it():
    under = "Both went for less than was hoped for in May."
    text = f"The owners of Orlo have sold two ferries to a museum in Hull.\nThe price\n{under}"
    heading = text.index("The price")
    section = Section(heading, heading + len("The price\n"), "The price")
    _, made = asked(text, title="Two old ferries leave Orlo", sections=(section,))
    asks = next(one for one in made if one.kind == "heading")
    assert asks.text == "What does the article “Two old ferries leave Orlo” say under “The price”?"
    assert asks.gold.text == under


def test_a_date_is_asked_for_after_what_happened():
    _, made = asked("Orlo bought the Netherby Mill in Hull in 2019.")
    follow = next(one for one in made if one.kind == "follow-up")
    assert (follow.earlier, follow.text) == (("Did Orlo buy the Netherby Mill in Hull?",), "When was that?")


def test_a_person_is_a_pronoun_after_a_question_about_them():
    text = (
        "It is closed, said Mrs Ada Quill, director of the Harbour Trust. She was born in Hull in 1950. "
        "Quill joined the Harbour Trust of Hull in 2019."
    )
    _, made = asked(text)
    follow = [(one.earlier[0], one.text, one.answer) for one in made if one.kind == "follow-up" and " she " in one.text]
    assert (
        "Who is the director of the Harbour Trust?",
        "When did she join the Harbour Trust of Hull?",
        "in 2019",
    ) in follow


def test_a_cut_title_and_one_of_a_word_are_no_titles():
    assert is_title("Two old ferries leave Orlo")
    assert not is_title("Two old ferries leave the")
    assert not is_title("Ferries")
