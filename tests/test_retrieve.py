import json
import re
from dataclasses import replace
from datetime import date

import pytest
from conftest import Shelf, WordEmbedder, resynced, rewrite
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda

from index.errors import FootnoteError
from index.search import Index
from index.sync import sync
from rag.followups import Query
from rag.periods import Period
from rag.retrieve import HybridRetriever, _each_heard, as_document

MEANT = {"boat": "ferry", "departs": "sails", "midday": "noon"}


class Meaning(WordEmbedder):
    """Knows that a boat is a ferry, and cannot tell one number from another."""

    def _vector(self, text):
        words = re.sub(r"\w+", lambda word: MEANT.get(word[0], word[0]), text.lower())
        return super()._vector(re.sub(r"\d+", "", words))


@pytest.fixture
def retriever(indexed):
    return HybridRetriever(index=indexed)


def sources(hits):
    return [hit.article.source for hit in hits]


def test_the_best_passage_comes_first_and_scores_fall(retriever):
    found = retriever.search("When does the ferry sail?").hits
    assert sources(found)[0] == "ferry"
    scores = [hit.score for hit in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_a_hit_says_who_found_it(retriever):
    by = {hit.article.source: hit.found_by for hit in retriever.search("noon").hits}
    assert by == {"ferry": "dense+lexical", "mole": "dense", "crane": "dense"}


def test_the_steps_are_told_with_their_rankings(retriever):
    found = retriever.search("noon")
    ranked = {stage.name: [number for number, _ in stage.ranking] for stage in found.stages}
    assert list(ranked) == ["dense", "lexical", "fused"]
    with retriever.index.view() as view:
        sailing = view.lexical("noon", 9)
    assert ranked["lexical"] == [number for number, _ in sailing]
    assert set(ranked["fused"]) == {*ranked["dense"], *ranked["lexical"]}
    assert [score for _, score in found.stages[-1].ranking] == [hit.score for hit in found.hits]


def test_each_passage_stands_in_its_article(retriever):
    for hit in retriever.search("the mole").hits:
        assert hit.article.text[hit.passage.start : hit.passage.end] == hit.passage.text
        assert hit.passage.revision == hit.article.revision


def test_no_more_than_the_limit_are_found(indexed):
    assert len(HybridRetriever(index=indexed, limit=2).search("the").hits) == 2


def test_what_was_searched_is_counted(retriever):
    searched = retriever.search("ferry").searched
    assert (searched.articles, searched.undated, searched.generation) == (3, 3, 1)


def test_the_same_question_finds_the_same(retriever):
    assert retriever.search("the quay") == retriever.search("the quay")


def test_meaning_finds_what_words_do_not(store):
    embedder = Meaning()
    sync(store, [Shelf(ferry="The ferry sails at noon.", quay="A crane fell over. Nobody was hurt.")], embedder)
    best = HybridRetriever(index=Index(store, embedder)).search("boat departs midday?").hits[0]
    assert (best.article.source, best.found_by) == ("ferry", "dense")


def test_words_find_what_meaning_does_not(store):
    embedder = Meaning()
    shelf = Shelf(**{f"s{n}": f"Licence {n} was given." for n in range(9)})
    sync(store, [shelf], embedder)
    best = HybridRetriever(index=Index(store, embedder)).search("Who was given licence 7?").hits[0]
    assert (best.article.source, best.found_by) == ("s7", "dense+lexical")


def test_what_words_alone_found_is_scored_by_its_meaning_too(store):
    embedder = Meaning()
    sync(store, [Shelf(ferry="The ferry sails at noon.", quay="A crane fell over at noon.", bed="Oysters.")], embedder)
    found = HybridRetriever(index=Index(store, embedder), depth=1).search("boat departs midday crane").hits
    # By its words alone, "crane", the other would be the first.
    assert [(hit.article.source, hit.found_by) for hit in found] == [("ferry", "dense"), ("quay", "lexical")]


def test_the_articles_that_a_question_names_come_first(store):
    day = date(2024, 8, 27)

    class Dated(Shelf):
        def article(self, source):
            return replace(
                super().article(source), publisher=f"The {source}", published=day if source == "Sun" else None
            )

    sync(store, [Dated(Sun="The ferry sails at noon.", Star="The ferry sails at noon today.")], WordEmbedder())
    retriever = HybridRetriever(index=Index(store, WordEmbedder()))
    by_star = retriever.search("When does the ferry sail, according to The Star?", day)
    assert (sources(by_star.hits), by_star.implied.publishers) == (["Star", "Sun"], ("The Star",))
    today = retriever.search("When does the ferry sail today?", day)
    assert (sources(today.hits), [p.words for p in today.implied.periods]) == (["Sun", "Star"], ["today"])
    assert sources(retriever.search("When does the ferry sail today?", date(2026, 1, 1)).hits) == ["Star", "Sun"]
    assert "lexical among named" in {stage.name for stage in by_star.stages}


def test_the_articles_before_an_event_come_first_when_the_articles_tell_its_day(store):
    days = {
        "before": date(2024, 5, 2), "report": date(2024, 5, 8), "comment": date(2024, 5, 9), "after": date(2024, 5, 20)
    }  # fmt: skip

    class Dated(Shelf):
        def article(self, source):
            return replace(super().article(source), published=days[source])

    shelf = Dated(
        before="The mayor said that the ferry is dear.",
        report="The council held its vote on the ferry on Monday. The mayor was ill.",
        comment="Nobody heard the mayor at the vote on the ferry on Monday.",
        after="The mayor said that the ferry is cheap.",
    )
    sync(store, [shelf], WordEmbedder())
    retriever = HybridRetriever(index=Index(store, WordEmbedder()))
    found = retriever.search("What has the mayor said of the ferry before the vote?", date(2024, 6, 1))
    assert found.implied.periods == (Period("before the vote", date.min, date(2024, 5, 9)),)
    assert sources(found.hits)[0] == "before"
    found = retriever.search("What has the mayor said of the ferry after the vote?", date(2024, 6, 1))
    assert [p.first for p in found.implied.periods] == [date(2024, 5, 6)]
    assert set(sources(found.hits)[:3]) == {"report", "comment", "after"}


class Two(Shelf):
    """Twelve articles of one paper about the ferry, and one of another that only mentions it."""

    def __init__(self):
        hours = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "noon"]
        super().__init__(
            **{hour: f"When does the ferry sail? The ferry sails at {hour}." for hour in hours},
            gossip="Much was said of the mole, the crane, the quay, a barge, a tram, oysters and a ferry.",
        )

    def article(self, source):
        return replace(super().article(source), publisher="The Star" if source == "gossip" else "The Sun")


def test_each_paper_that_is_named_has_candidates_and_is_among_the_first_ten(store):
    sync(store, [Two()], WordEmbedder())
    asked = "When does the ferry sail, according to The Sun and The Star?"
    for depth in (4, 50):
        hits = HybridRetriever(index=Index(store, WordEmbedder()), depth=depth).search(asked).hits
        assert "gossip" in sources(hits)[:10]
        scores = [hit.score for hit in hits]
        assert scores == sorted(scores, reverse=True)


def test_a_follow_up_finds_what_fits_the_question_it_leans_on(store):
    shelf = Shelf(
        ferry="The ferry sails at noon. A ticket costs two crowns.",
        tram="The tram leaves at one. A ticket costs a crown.",
    )
    sync(store, [shelf], WordEmbedder())
    retriever = HybridRetriever(index=Index(store, WordEmbedder()))
    for topic in ("ferry", "tram"):
        query = Query("What does a ticket cost?", (f"Where is the {topic}?",), 1.0)
        assert sources(retriever.search(query).hits)[0] == topic
    # What it says itself counts more.
    own = Query("What does a ticket for the tram cost?", ("Where is the ferry?",), 1.0)
    assert sources(retriever.search(own).hits)[0] == "tram"


def test_a_follow_up_means_the_articles_that_were_meant_before_unless_it_names_its_own(store):
    class Papers(Shelf):
        def article(self, source):
            return replace(super().article(source), publisher=f"The {source}")

    sync(store, [Papers(Sun="The ferry sails at noon.", Star="The ferry sails at noon today.")], WordEmbedder())
    retriever = HybridRetriever(index=Index(store, WordEmbedder()))
    before = ("When does the ferry sail, according to The Star?",)
    assert retriever.search(Query("And why?", before, 1.0)).implied.publishers == ("The Star",)
    assert retriever.search(Query("And in The Sun?", before, 1.0)).implied.publishers == ("The Sun",)
    today = retriever.search(Query("And today?", before, 1.0)).implied
    assert (today.publishers, [p.words for p in today.periods]) == (("The Star",), ["today"])


def test_a_passage_whose_vector_is_lost_is_found_by_its_words(store):
    embedder = Meaning()
    sync(store, [Shelf(ferry="The ferry sails at noon.", quay="A crane fell over at noon.", bed="Oysters.")], embedder)
    rewrite(store, "DELETE FROM vectors WHERE key = (SELECT vector FROM passages WHERE number = 2)")
    found = HybridRetriever(index=Index(store, embedder), depth=1).search("boat departs midday crane").hits
    assert [(hit.article.source, hit.found_by) for hit in found] == [("quay", "lexical"), ("ferry", "dense")]


def test_what_cannot_be_embedded_is_told_to_whoever_asked(indexed, embedder, monkeypatch):
    def failing(text):
        raise FootnoteError("The model is gone", "Put it back.")

    monkeypatch.setattr(embedder, "embed_question", failing)
    with pytest.raises(FootnoteError, match="The model is gone"):
        HybridRetriever(index=indexed).search("When does the ferry sail?")


def test_what_is_published_while_the_model_loads_is_found(indexed, store, shelf, embedder, monkeypatch):
    def slowly():
        shelf.texts["ferry"] = "The ferry sails at seven."
        sync(store, [shelf], embedder)

    monkeypatch.setattr(embedder, "load", slowly)
    found = HybridRetriever(index=indexed).search("When does the ferry sail?")
    assert found.hits[0].passage.text == "The ferry sails at seven."
    assert found.searched == indexed.overview()


def test_nothing_to_search_needs_no_model(store, embedder, monkeypatch):
    sync(store, [Shelf()], embedder)
    monkeypatch.setattr(embedder, "embed_question", None)
    assert HybridRetriever(index=Index(store, embedder)).search("ferry").hits == ()


def test_an_edited_article_is_found_as_it_is_now(store, shelf, embedder, retriever):
    assert "noon" in retriever.search("ferry").hits[0].passage.text
    shelf.texts["ferry"] = "The ferry sails at seven."
    sync(store, [shelf], embedder)
    found = retriever.search("ferry").hits
    assert [hit.passage.text for hit in found if hit.article.source == "ferry"] == ["The ferry sails at seven."]


def test_an_article_that_is_gone_is_not_found(store, shelf, embedder, retriever):
    assert "ferry" in sources(retriever.search("ferry").hits)
    del shelf.texts["ferry"]
    resynced(store, shelf, embedder)
    assert sorted(sources(retriever.search("ferry").hits)) == ["crane", "mole"]


def test_a_store_that_does_not_exist_has_nothing_and_is_not_made(store, embedder):
    found = HybridRetriever(index=Index(store, embedder)).search("ferry")
    assert (found.hits, found.searched.articles) == ((), 0)
    assert not store.exists()


def test_a_store_without_articles_has_nothing(store, embedder):
    sync(store, [Shelf()], embedder)
    assert HybridRetriever(index=Index(store, embedder)).search("ferry").hits == ()


def test_it_is_a_retriever_for_any_chain(retriever):
    assert isinstance(retriever, BaseRetriever)
    first = retriever.invoke("When does the ferry sail?")[0]
    assert first.page_content == "The ferry sails at noon. A ticket costs two crowns."
    assert (first.metadata["source"], first.metadata["start"], first.metadata["end"]) == ("ferry", 0, 51)
    titles = retriever | RunnableLambda(lambda documents: [document.metadata["title"] for document in documents])
    assert titles.invoke("When does the ferry sail?")[0] == "ferry"


def test_a_chain_may_ask_many_questions_at_once(retriever):
    found = retriever.batch(["the mole in August", "the ferry at noon", "a crane barge"])
    assert [documents[0].metadata["title"] for documents in found] == ["mole", "ferry", "crane"]


def test_a_document_holds_plain_values(retriever):
    hit = retriever.search("ferry").hits[0]
    document = as_document(replace(hit, article=replace(hit.article, published=date(2024, 8, 27))))
    assert (document.id, document.metadata["published"]) == (hit.passage.id, "2024-08-27")
    assert json.loads(json.dumps(document.metadata)) == document.metadata


def test_a_paper_that_is_heard_once_among_the_first_makes_no_room_for_another():
    best = {n: 1.0 - n / 100 for n in range(20)}
    kept = _each_heard(best, [[9, 12], [15]])  # the first paper is tenth, the second is late
    assert list(kept)[:10] == [0, 1, 2, 3, 4, 5, 6, 7, 9, 15]
    assert list(kept)[10:] == [8, 10, 11, 12, 13, 14, 16, 17, 18, 19]
    assert list(kept.values()) == sorted(kept.values(), reverse=True)


def test_where_every_paper_is_heard_or_one_is_meant_nothing_moves():
    best = {n: 1.0 - n / 100 for n in range(20)}
    assert _each_heard(best, [[3], [9]]) == _each_heard(best, [[15]]) == best
