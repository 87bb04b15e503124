import pytest
from conftest import Shelf

from index.search import Index
from index.sync import sync
from rag.evals.making.leaks import Elsewheres, holds_its_answer
from rag.evals.making.made import Made, Place

FIRE = "The Netherby Mill in Hull was closed on 3 May 1902."
WHEN = Made("when", "When was the Netherby Mill in Hull closed?", "on 3 May 1902", Place("fire", 0, len(FIRE), FIRE))


@pytest.fixture
def looking(store, embedder):
    """Looks for other answers in a store of these texts."""

    def look(made, **texts):
        others = {f"other{n}": f"Nothing was said of number {n}." for n in range(9)}
        sync(store, [Shelf(fire=FIRE, **texts, **others)], embedder, remove_many=True)
        with Index(store, embedder).view() as view:
            elsewheres = Elsewheres(view)
            return elsewheres.answers(made), elsewheres.answered_without(made), elsewheres.is_famous(made)

    return look


def test_a_question_holds_its_answer_in_a_word_of_it():
    assert holds_its_answer(Made("who", "Who opened the Quill Bridge?", "Ada Quill", WHEN.gold))
    assert holds_its_answer(Made("when", "When was that?", "in May", WHEN.gold, earlier=("Was it closed in May?",)))
    assert not holds_its_answer(WHEN)


def test_a_sentence_elsewhere_that_gives_the_answer_answers_too(looking):
    again = "On 3 May 1902 the mill was closed. It was the Netherby Mill in Hull that was closed on 3 May 1902."
    elsewhere, answered, _ = looking(WHEN, again=again)
    assert [place.source for place in elsewhere.same] == ["again"]
    assert again[elsewhere.same[0].start : elsewhere.same[0].end] == elsewhere.same[0].text
    assert answered


def test_a_sentence_elsewhere_that_gives_another_answer_is_told(looking):
    elsewhere, answered, _ = looking(WHEN, other="The Netherby Mill in Hull was closed in August 1950.")
    assert [place.source for place in elsewhere.other] == ["other"]
    assert answered


def test_an_article_about_something_else_answers_nothing(looking):
    elsewhere, answered, _ = looking(WHEN, ferry="The ferry to Hull sails at noon.")
    assert (elsewhere.same, elsewhere.other, answered) == ((), (), False)


def test_a_name_in_many_articles_is_famous(looking):
    person = Made("person", "Who is Ada Quill?", "the mayor of Hull", WHEN.gold, about="Ada Quill")
    said = {f"said{n}": f"Ada Quill said that {n} ferries sail." for n in range(4)}
    assert looking(person, **said)[2]
    assert not looking(person, **dict(list(said.items())[:3]))[2]
