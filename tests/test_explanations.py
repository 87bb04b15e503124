from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import Shelf, write_lines

from index.errors import FootnoteError
from index.records import Section
from index.settings import IndexSettings
from index.sync import sync, sync_paths
from rag.evals.explanations import as_json, explain, explain_set
from rag.evals.losses import Lost
from rag.evals.sets import EvalQuestion, GoldSpan, QuestionSet, load
from rag.settings import Settings, build

MOLE = "The mole fell in August. It was rebuilt before the end of May."
FERRY = "The ferry sails at noon from the quay. A ticket costs two crowns."


@pytest.fixture
def parts(store, embedder, monkeypatch):
    """The parts over a store of what is written into `shelf`."""
    monkeypatch.setattr("rag.settings.Embedder", lambda *_, **__: embedder)

    def over(shelf):
        sync(store, [shelf], embedder)
        return build(Settings(store, reader="sentences"))

    return over


def asked(text, *spans, **relevance):
    return EvalQuestion("q1", text, "single", True, relevance=relevance, spans=spans)


class Named(QuestionSet):
    """A set whose documents are the sources themselves."""

    def source(self, document):
        return document

    def document(self, source):
        return source


def explained(parts, question, k=10, answers=False):
    return explain(parts, question, Named("shelf", Path("nowhere"), "0" * 32, (question,)), k, answers)


def test_a_place_that_was_found_is_told_with_its_rank_at_each_step(parts):
    span = GoldSpan("ferry", "The ferry sails at noon from the quay.")
    found = explained(parts(Shelf(mole=MOLE, ferry=FERRY)), asked("When does the ferry sail?", span))
    (gold,) = found.golds
    assert (gold.lost, found.lost, gold.ranks.final) == (None, None, 1)
    assert gold.ranks.steps["lexical"] == 1
    assert gold.ranks.steps["fused"] == 1
    assert gold.passage == (0, len(FERRY))
    assert gold.border == 0  # the place begins where its passage begins


def test_what_was_found_first_is_shown_with_its_ranks(parts):
    span = GoldSpan("ferry", "A ticket costs two crowns.")
    found = explained(parts(Shelf(mole=MOLE, ferry=FERRY)), asked("What fell in August?", span), k=1)
    assert [(seen.rank, seen.source) for seen in found.top] == [(1, "mole"), (2, "ferry")]
    assert found.top[0].steps["fused"] == 1
    assert found.top[0].text == MOLE


def test_an_article_that_is_not_there_is_not_indexed(parts):
    found = explained(parts(Shelf(mole=MOLE)), asked("When does the ferry sail?", GoldSpan("ferry", "noon")))
    assert found.lost is Lost.NOT_INDEXED


def test_a_place_in_a_heading_is_in_no_passage(parts):
    class Headed(Shelf):
        def article(self, source):
            body = len("Sailings\n")
            return replace(super().article(source), sections=(Section(0, body, "Sailings"),))

    found = explained(parts(Headed(ferry=f"Sailings\n{FERRY}")), asked("Sailings?", GoldSpan("ferry", "Sailings")))
    assert found.lost is Lost.NOT_INDEXED


def test_a_place_that_no_passage_holds_half_of_is_split(parts):
    # Eight sentences of 16 words: a window of 64 tokens holds fewer than half of them.
    text = " ".join(f"Boat number {n} lay at the old quay of Merrowick for a very long while." for n in range(20))
    found = explained(parts(Shelf(boats=text)), asked("What lay at the quay?", GoldSpan("boats", text)))
    (gold,) = found.golds
    assert gold.lost is Lost.SPLIT
    assert gold.border < 0
    assert gold.border == (gold.passage[1] - gold.passage[0]) - len(text)


def test_a_place_that_no_finder_gave_is_looked_for_further(parts, store):
    parts(Shelf(mole=MOLE, ferry=FERRY, crane="A crane fell too. The mole stood."))
    shallow = build(Settings(store, depth=1))
    found = explained(shallow, asked("What fell, the mole?", GoldSpan("ferry", "A ticket costs two crowns.")))
    (gold,) = found.golds
    assert gold.lost is Lost.NO_CANDIDATE
    assert gold.further["dense"] == 3
    assert gold.further["lexical"] is None


def test_a_place_below_k_is_cut(parts):
    shelf = Shelf(mole=MOLE, ferry=FERRY)
    found = explained(parts(shelf), asked("What fell in August?", GoldSpan("ferry", "A ticket costs two crowns.")), k=1)
    assert (found.golds[0].ranks.final, found.lost) == (2, Lost.CUT)


def test_what_is_found_and_not_cited_is_lost_in_the_reader(parts):
    shelf = Shelf(mole=MOLE, ferry=FERRY)
    span = GoldSpan("ferry", "A ticket costs two crowns.")
    found = explained(parts(shelf), asked("When did the mole fall?", span), answers=True)
    assert (found.lost, found.read) == (Lost.READER, 6)
    fell = GoldSpan("mole", "The mole fell in August.")
    found = explained(parts(shelf), asked("When did the mole fall in August?", fell), answers=True)
    assert found.lost is None
    assert "The mole fell in August." in found.answered


def test_a_set_without_spans_is_told_by_document(parts):
    shelf = Shelf(mole=MOLE, ferry=FERRY)
    found = explained(parts(shelf), asked("What fell in August?", ferry=1, mole=1), k=1)
    assert {gold.document: (gold.ranks.final, gold.lost) for gold in found.golds} == {
        "mole": (1, None),
        "ferry": (2, Lost.CUT),
    }


def test_an_article_whose_twin_stands_for_it_is_found_by_the_twin(parts):
    text = "The mole of Merrowick fell in August, on the day of the fair, and was rebuilt before the end of May. " * 3
    span = GoldSpan("two", text[:40], 0)
    found = explained(parts(Shelf(one=text, two=text, ferry=FERRY)), asked("When did the mole fall?", span))
    assert found.golds[0].ranks.final == 1


def test_a_near_copy_that_stands_for_a_place_has_found_it(parts):
    text = "The mole of Merrowick fell in August, on the day of the fair, and was rebuilt before the end of May. " * 3
    shelf = Shelf(one=text, two=f"From our reporter in the town. {text}", ferry=FERRY)
    for source in ("one", "two"):
        span = GoldSpan(source, text[:40], shelf.texts[source].index(text[:40]))
        found = explained(parts(shelf), asked("When did the mole fall?", span))
        assert (found.golds[0].ranks.final, found.lost) == (1, None)


def test_a_place_that_says_the_same_has_found_the_gold_it_stands_for(parts):
    span, also = GoldSpan("ferry", "A ticket costs two crowns."), GoldSpan("mole", "The mole fell in August.")
    question = replace(asked("When did the mole fall in August?", span), also=(also,))
    found = explained(parts(Shelf(mole=MOLE, ferry=FERRY)), question, k=1, answers=True)
    assert (found.golds[0].document, found.golds[0].ranks.final, found.lost) == ("ferry", 1, None)


def test_every_finder_of_the_chain_is_asked_further(parts, store):
    shelf = Shelf(mole=MOLE, ferry=FERRY, crane="A crane fell too. The mole stood.")
    shelf.dates = dict.fromkeys(shelf.texts, date(2024, 5, 3))
    parts(shelf)
    shallow = build(Settings(store, depth=1))
    found = explained(shallow, asked("What fell in May 2024?", GoldSpan("ferry", "A ticket costs two crowns.")))
    assert list(found.golds[0].further) == ["dense", "lexical", "lexical among named"]


def test_a_question_without_a_set_shows_what_was_found(parts):
    found = explain(parts(Shelf(mole=MOLE, ferry=FERRY)), asked("What fell?"), None, 10)
    assert (found.golds, found.lost, found.top[0].source) == ((), None, "mole")


def test_every_miss_of_a_set_is_lost_at_one_step(store, embedder, tmp_path, monkeypatch):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_, **__: embedder)
    folder = tmp_path / "set"
    gold = [{"source": "ferry.txt", "text": "A ticket costs two crowns."}]
    write_lines(
        folder / "questions.jsonl",
        {"id": "hit", "question": "A ticket costs two crowns?", "kind": "single", "gold": gold},
        {"id": "miss", "question": "What fell in August?", "kind": "single", "gold": gold},
        {"id": "none", "question": "Who sang?", "kind": "unanswerable"},
    )
    (folder / "ferry.txt").write_text(FERRY, encoding="utf-8")
    (folder / "mole.txt").write_text(MOLE, encoding="utf-8")
    sync_paths(store, [folder], embedder)
    summary = explain_set(build(IndexSettings(store)), load(folder), k=1)
    assert (summary.answerable, [one.id for one in summary.lost]) == (2, ["miss"])
    assert summary.counts == {Lost.CUT: 1}
    assert as_json(summary)["counts"] == {"cut by k": 1}


def test_without_an_index_it_says_so_and_makes_none(store, monkeypatch, embedder):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_, **__: embedder)
    with pytest.raises(FootnoteError, match="There is no index in"):
        explain(build(IndexSettings(store)), asked("What fell?"), None, 10)
    assert not store.exists()
