import json
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, date, datetime

import pytest
from conftest import article

from index.records import Hit, Overview, Passage
from rag.answers import Answer, Citation, Draft, DraftSentence, Question, Quote, Refusal, Sentence, as_json
from rag.citations import verify

MOLE = article("The mole fell in August.", source="mole.pdf", author="Ines Calloway", published=date(2024, 8, 27))
PASSAGE = Passage("p1", MOLE.id, MOLE.revision, 0, 24, MOLE.text, "Repairs", 3)
HIT = Hit(PASSAGE, MOLE, 0.75, "dense+lexical")
SENTENCES, CITATIONS = verify(Draft((DraftSentence("It fell.", (Quote("p1", "fell in August"),)),), "test"), [HIT])
ANSWER = Answer(
    question=Question("And when?", ("What is the mole?",), datetime(2024, 9, 1, 12, tzinfo=UTC)),
    searched_for="What is the mole? And when?",
    sentences=SENTENCES,
    citations=CITATIONS,
    hits=(HIT,),
    searched=Overview(1, 1, date(2024, 8, 27), date(2024, 8, 27), 0, 4),
    produced_by="test",
    timings={"retrieve": 0.25},
)


def test_an_answer_as_json_says_what_was_asked_and_what_was_searched_for():
    said = as_json(ANSWER)
    assert (said["question"], said["searched_for"]) == ("And when?", "What is the mole? And when?")
    assert (said["earlier"], said["asked_at"]) == (["What is the mole?"], "2024-09-01T12:00:00+00:00")


def test_each_sentence_has_the_numbers_of_its_citations():
    assert as_json(ANSWER)["sentences"] == [{"text": "It fell.", "citations": [1], "mark": None, "doubt": None}]


def test_the_short_answer_is_what_is_marked_first():
    sentences = (Sentence("Perhaps.", ()), Sentence("It fell at noon.", (1,), (11, 15)))
    said = as_json(replace(ANSWER, sentences=sentences))
    assert (said["short"], said["sentences"][1]["mark"]) == ("noon", [11, 15])
    assert as_json(ANSWER)["short"] == ""


def test_a_citation_says_where_its_quote_stands():
    (cited,) = as_json(ANSWER)["citations"]
    assert (cited["number"], cited["article"], cited["revision"]) == (1, MOLE.id, MOLE.revision)
    assert (cited["source"], cited["start"], cited["end"], cited["quote"]) == ("mole.pdf", 9, 23, "fell in August")
    assert MOLE.text[cited["start"] : cited["end"]] == cited["quote"]
    assert (cited["author"], cited["published"]) == ("Ines Calloway", "2024-08-27")
    assert (cited["heading"], cited["page"]) == ("Repairs", 3)


def test_no_field_of_a_citation_is_left_out():
    other = {"article_id": "article", "passage_id": "passage"}
    assert set(as_json(ANSWER)["citations"][0]) == {other.get(f.name, f.name) for f in fields(Citation)}


def test_no_field_of_an_answer_is_left_out():
    # One that is given to a program is never early, and what the page offers beside it is not part of it.
    assert {f.name for f in fields(Answer)} - {"early", "nearby", "offers"} <= set(as_json(ANSWER))


def test_an_answer_has_no_refusal_and_a_refusal_is_one_word():
    assert as_json(ANSWER)["refusal"] is None
    assert as_json(replace(ANSWER, refusal=Refusal.NOT_SUPPORTED))["refusal"] == "not_supported"


def test_a_hit_has_its_passage_and_not_the_whole_article():
    (hit,) = as_json(ANSWER)["hits"]
    assert (hit["article"], hit["passage"], hit["text"]) == (MOLE.id, "p1", PASSAGE.text)
    assert (hit["score"], hit["found_by"]) == (0.75, "dense+lexical")


def test_timings_and_what_was_searched_are_numbers_and_days():
    said = as_json(ANSWER)
    assert said["timings"] == {"retrieve": 0.25}
    assert said["searched"] == {
        "articles": 1,
        "passages": 1,
        "first": "2024-08-27",
        "last": "2024-08-27",
        "undated": 0,
        "generation": 4,
    }


def test_what_is_not_known_is_null():
    undated = replace(ANSWER, searched=Overview(1, 1, None, None, 1, 1))
    assert as_json(undated)["searched"]["first"] is None


def test_it_is_plain_json():
    said = as_json(ANSWER)
    assert json.loads(json.dumps(said)) == said


@pytest.mark.parametrize("value", [ANSWER, CITATIONS[0], Sentence("A.", ()), Question("Why?"), Quote("p", "q")])
def test_what_flows_through_the_chain_is_never_changed(value):
    with pytest.raises(FrozenInstanceError):
        setattr(value, fields(value)[0].name, "other")


def test_a_question_knows_when_it_was_asked():
    before = datetime.now(UTC)
    assert before <= Question("Why?").asked_at <= datetime.now(UTC)
