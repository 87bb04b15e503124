import pytest
from conftest import Shelf

from index.candidates import Only
from index.errors import FootnoteError
from index.search import Index
from index.sync import sync
from rag.evals.making.make import make

TOWNS = ("Hull", "Leeds", "York", "Bath", "Wells", "Ely", "Truro", "Derby", "Ripon", "Durham")
SAID = (
    "The owners of the mill in {0} have sold two old looms to a museum for less than was hoped for.\n"
    "{1} Mills bought the {0} Foundry in {2}.\n"
    "About {3} people were hurt when a wall fell in {0} on a windy night.\n"
    "The trouble began with water, said Ada {1}son, director of the {0} Trust.\n"
    "“Every stone of that old wall came by sea and was paid for by {0},” {1}son said.\n"
    "{1}son was born in {0} in {4}.\n"
)
FILLER = "The rain went on for days and nobody could say with any certainty when it was going to stop at last. " * 4


def told(n, town):
    name = f"{'ABCDEFGHIJ'[n]}rkwright"
    return SAID.format(town, name, 1901 + 7 * n, 23 + 11 * n, 1820 + 3 * n) + FILLER.replace("days", f"{n + 2} days")


def towns_in(folder):
    """The folder with an article about each town."""
    folder.mkdir()
    for n, town in enumerate(TOWNS):
        (folder / f"{town}.txt").write_text(told(n, town), encoding="utf-8")
    return folder


@pytest.fixture
def index(store, embedder):
    """Ten articles about ten towns."""
    sync(store, [Shelf(**{town: told(n, town) for n, town in enumerate(TOWNS)})], embedder)
    return Index(store, embedder)


def test_a_set_has_as_many_questions_as_were_wanted_of_several_kinds(index):
    made = make(index, questions=20, articles=10)
    assert len(made.answerable) + len(made.unanswerable) == 20
    assert len({kept.made.kind for kept in made.answerable}) >= 5
    assert made.articles == 10


def test_the_same_seed_makes_the_same_set_and_another_another(index):
    assert make(index, 20, 10, seed=3) == make(index, 20, 10, seed=3)
    assert make(index, 20, 10, seed=3).answerable != make(index, 20, 10, seed=4).answerable


def test_every_place_is_where_it_says(index):
    made = make(index, 40, 10)
    texts = {town: told(n, town) for n, town in enumerate(TOWNS)}
    places = [place for kept in (*made.answerable, *made.unanswerable) for place in (kept.made.gold, *kept.also)]
    assert all(texts[place.source][place.start : place.end] == place.text for place in places)
    assert all(kept.made.answer in kept.made.gold.text for kept in (*made.answerable, *made.unanswerable))


def test_no_question_is_asked_twice_or_holds_its_answer(index):
    made = make(index, 100, 10)
    asked = [(kept.made.earlier, kept.made.text) for kept in (*made.answerable, *made.unanswerable)]
    assert len(asked) == len(set(asked))
    assert not any(kept.made.answer and kept.made.answer in kept.made.text for kept in made.answerable)


def test_what_is_held_out_is_asked_about_in_unanswerable_questions_alone(index):
    made = make(index, 20, 10)
    assert len(made.unanswerable) == 3  # 15 % of 20
    assert len(made.held_out) <= 2  # a fifth of the articles
    assert not {kept.made.gold.source for kept in made.answerable} & set(made.held_out)


def test_only_what_is_kept_to_is_asked_about(index):
    made = make(index, 20, 10, only=Only("hull"))
    assert {kept.made.gold.source for kept in made.answerable} == {"Hull"}
    assert make(index, 20, 10, only=Only("u")).articles > 1
    with pytest.raises(FootnoteError, match="No question could be made"):
        make(index, 20, 10, only=Only("atlantis"))


def test_few_articles_give_fewer_questions_and_say_why(index):
    made = make(index, 500, 10)
    assert 20 < len(made.answerable) < 200
    assert sum(made.dropped.values()) > 0


def test_articles_without_questions_are_an_error(store, embedder):
    sync(store, [Shelf(mole="The mole fell in August. It was rebuilt by May.")], embedder)
    with pytest.raises(FootnoteError, match="No question could be made from the articles in"):
        make(Index(store, embedder))


def test_an_article_in_another_language_is_left_out(store, embedder):
    german = "Die Fähre nach Hull fährt wieder, und alle freuen sich sehr darüber. " * 20
    sync(store, [Shelf(hull=told(0, "Hull"), faehre=german)], embedder)
    assert make(Index(store, embedder)).articles == 1
