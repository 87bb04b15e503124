from dataclasses import replace
from datetime import date

import pytest
from conftest import Shelf, WordEmbedder

from index import candidates
from index.candidates import COMMON, FEW, MOST, Among, Names, Only, rarest
from index.catalog import Catalog
from index.search import Index
from index.sync import sync


class Papers(Shelf):
    """Articles with a paper, a byline and a day."""

    def article(self, source):
        publisher, author, published = {
            "ferry": ("The Packet", "Ada Quill", date(2024, 8, 27)),
            "mole": ("The Age", None, date(2024, 9, 3)),
            "crane": (None, "Ines Bell", None),
        }[source]
        return replace(super().article(source), publisher=publisher, author=author, published=published)


@pytest.fixture
def view(store):
    shelf = Papers(
        ferry="The ferry sails at noon.", mole="The mole fell at noon in August.", crane="A crane fell over at noon."
    )
    sync(store, [shelf], WordEmbedder())
    with Index(store, WordEmbedder()).view() as view:
        yield view


def found(view, scored):
    return {hit.article.source for hit in view.hits(scored, {})}


def test_the_rarest_words_are_looked_for_and_two_at_least():
    many = int(FEW / COMMON) * 2
    room = int(COMMON * many)
    assert rarest({"a": 5, "b": room, "c": room}, many) == ["a", "b"]
    assert rarest({"a": 5, "b": room - 5, "c": 1}, many) == ["c", "a"]
    assert rarest({"a": many}, many) == ["a"]


def test_in_a_very_large_archive_no_more_are_looked_for_than_in_a_large_one():
    assert rarest({"a": 5, "b": 6, "c": MOST - 11}, 100 * MOST) == ["a", "b", "c"]
    assert rarest({"a": 5, "b": 6, "c": MOST - 10}, 100 * MOST) == ["a", "b"]


def test_in_a_small_archive_every_word_is_looked_for():
    assert rarest({"the": 300, "ferry": 1, "sails": 20}, 300) == ["ferry", "sails", "the"]


def test_a_word_that_stands_nowhere_finds_nothing():
    assert rarest({"a": 0, "b": 1}, 10) == ["b"]


def test_a_candidate_says_where_and_when_it_appeared_and_its_words(view):
    number = view.lexical("ferry", 1)[0][0]
    (known,) = view.about([number]).values()
    assert (known.lead, known.publisher, known.author) == (number, "The Packet", "Ada Quill")
    assert (known.published, known.words) == (date(2024, 8, 27), ("ferry", "", "The ferry sails at noon."))


def test_what_is_not_live_is_no_candidate(view):
    assert view.about([99]) == {}


def test_names_are_those_of_live_articles(view):
    assert view.names() == Names(("The Age", "The Packet"), ("Ada Quill", "Ines Bell"))


def test_words_are_looked_for_in_the_articles_that_are_meant(view):
    assert found(view, view.lexical("noon", 9)) == {"ferry", "mole", "crane"}
    assert found(view, view.lexical("noon", 9, Among(publishers=("The Packet",)))) == {"ferry"}
    september = (date(2024, 9, 1), date(2024, 9, 30))
    assert found(view, view.lexical("noon", 9, Among(days=(september,)))) == {"mole"}
    assert found(view, view.lexical("noon", 9, Among(("The Packet",), (september,)))) == {"ferry", "mole"}
    assert found(view, view.lexical("noon", 9, Among(days=((date.min, date.max),)))) == {"ferry", "mole"}
    assert view.lexical("noon", 9, Among()) == []


def test_passages_with_all_of_very_common_words_are_enough_where_there_are_so_many(view, monkeypatch):
    assert found(view, view.lexical("crane noon", 2)) == {"crane", "ferry"}
    everything = view.lexical("fell noon", 2)
    monkeypatch.setattr("index.candidates.MOST", 4)
    assert view.lexical("fell noon", 2) == [(number, pytest.approx(score)) for number, score in everything]
    assert found(view, view.lexical("crane noon", 2)) == {"crane", "ferry"}  # one passage has both
    assert found(view, view.lexical("fell noon", 3)) == {"ferry", "mole", "crane"}
    assert found(view, view.lexical("fell noon", 1, Among(publishers=("The Packet",)))) == {"ferry"}


def test_where_few_have_all_of_very_common_words_those_with_the_rarest_are_enough(view, monkeypatch):
    asked = []
    find = Catalog.lexical
    monkeypatch.setattr(Catalog, "lexical", lambda self, match, limit: asked.append(match) or find(self, match, limit))
    by_any = dict(view.lexical("crane noon", 9))
    assert asked.pop() == '"crane" OR "noon"'
    monkeypatch.setattr("index.candidates.MOST", 3)
    (crane,) = view.lexical("crane noon", 1)
    assert asked == ['"crane" AND "noon"']
    assert by_any[crane[0]] == pytest.approx(crane[1])
    assert dict(view.lexical("crane noon", 9)) == pytest.approx(by_any)
    assert asked[1:] == ['"crane" AND "noon"', '"crane"', '"crane" OR "noon"']


@pytest.mark.parametrize("read", [0, 100])
def test_passages_of_some_articles_are_found_whether_they_are_listed_or_looked_up(view, monkeypatch, read):
    monkeypatch.setattr("index.candidates.MOST", 1)
    monkeypatch.setattr("index.candidates.READ", read)
    both = Among(("The Packet",), ((date(2024, 9, 1), date(2024, 9, 30)),))
    assert candidates.wanted(view._catalog, both, Only(), 2).listed == (read == 100)
    assert found(view, view.lexical("crane noon", 9, both)) == {"ferry", "mole"}
    assert found(view, view.lexical("mole noon", 1, both)) == {"mole"}
    assert view.lexical("nowhere", 9, both) == []


def test_very_common_words_are_counted_up_to_a_number_and_then_estimated(store, monkeypatch):
    texts = {f"{n:02}": "A crane fell." if 4 <= n < 16 and n % 2 else "A ferry sails." for n in range(20)}
    sync(store, [Shelf(**texts)], WordEmbedder())
    with Index(store, WordEmbedder()).view() as view:
        in_all = {"crane": 6, "ferry": 14, "nowhere": 0}
        assert {word: candidates.frequency(view._catalog, word) for word in in_all} == in_all
        monkeypatch.setattr("index.candidates.COUNTED", 6)
        # Four from either end are the first four and the last four, and so it would stand in each passage.
        assert candidates.frequency(view._catalog, "ferry") == 20
        # So many are counted.
        assert candidates.frequency(view._catalog, "crane") == 6
        assert candidates.frequency(view._catalog, "nowhere") == 0
        assert view.frequencies(["ferry"]) == {"ferry": 20}


def test_a_word_that_all_came_in_at_once_is_not_taken_to_be_everywhere(store, monkeypatch):
    texts = {f"{n:02}": "A crane fell." if n < 8 else "A ferry sails." for n in range(40)}
    sync(store, [Shelf(**texts)], WordEmbedder())
    monkeypatch.setattr("index.candidates.COUNTED", 4)
    with Index(store, WordEmbedder()).view() as view:
        assert 6 <= candidates.frequency(view._catalog, "crane") <= 10


@pytest.mark.parametrize("most", [0, 100])
def test_where_words_are_very_common_those_with_all_of_them_come_first_in_some_articles_too(view, monkeypatch, most):
    monkeypatch.setattr("index.candidates.MOST", most)
    asked = []
    find = candidates.lexical
    monkeypatch.setattr(candidates, "lexical", lambda *given: asked.append(given[1]) or find(*given))
    whole = Among(("The Packet", "The Age"))
    assert found(view, view.lexical("mole noon", 1, whole)) == {"mole"}
    assert asked == (['"mole" AND "noon"'] if not most else ['"mole" OR "noon"'])
    assert view.lexical("nowhere", 1, whole) == []


def test_words_are_counted_once_for_each_generation(store, view):
    assert view.frequencies(['"noon"', '"ferry"', '"nowhere"']) == {'"noon"': 3, '"ferry"': 1, '"nowhere"': 0}
