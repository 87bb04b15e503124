from dataclasses import replace

import pytest
from conftest import FELL, MEASURES, SET, ask, find

from rag.evals.asking import run
from rag.evals.journal import journal_in
from rag.evals.runs import (
    as_json,
    latencies,
    means,
)
from rag.evals.sets import GoldSpan


def test_an_unanswerable_question_is_counted_and_not_scored():
    row = run(find, SET, MEASURES).rows[2]
    assert (row.answerable, row.values, row.error) == (False, {}, "")


def test_a_question_that_fails_is_an_error_and_in_no_mean():
    def breaks(question):
        if "fare" in question.text:
            raise OSError("the disk is gone")
        return find(question)

    found = run(breaks, SET, MEASURES)
    assert [(row.id, row.error, row.values) for row in found.errors] == [("fare", "OSError: the disk is gone", {})]
    assert means(found.rows)["MRR@10"].n == 1
    assert {stage: took.n for stage, took in latencies(found.rows).items()} == {"retrieve": 2, "total": 2}


def test_gold_that_no_longer_stands_in_its_article_is_an_error():
    moved = replace(FELL, spans=(GoldSpan("mole.md", "The mole fell in August.", 1),))
    found = run(find, replace(SET, questions=(moved,)), MEASURES)
    assert "mole.md at 1 does not stand there" in found.errors[0].error


def test_the_chain_is_asked_with_the_earlier_questions():
    asked = []

    def asking(question):
        asked.append(question.earlier)
        return find(question)

    run(asking, replace(SET, questions=(replace(FELL, earlier=("What is the mole?",)),)), MEASURES)
    assert asked == [("What is the mole?",)]


def test_progress_is_told_before_each_question():
    told = []
    run(find, SET, progress=lambda step, done, total: told.append((step, done, total)))
    assert told == [("asking", 0, 3), ("asking", 1, 3), ("asking", 2, 3)]


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path):
    asked = []

    def stopping(question):
        asked.append(question.text)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return ask(question)

    with pytest.raises(KeyboardInterrupt):
        run(stopping, SET, MEASURES, journal=journal_in(tmp_path, {}))
    again = run(stopping, SET, MEASURES, journal=journal_in(tmp_path, {}))
    assert asked == [question.text for question in SET.questions] + [SET.questions[2].text]
    whole = run(ask, SET, MEASURES)
    assert as_json(again)["rows"] == as_json(whole)["rows"]


def test_a_question_that_failed_is_asked_again(tmp_path):
    def breaks(question):
        raise OSError("the disk is gone")

    assert len(run(breaks, SET, MEASURES, journal=journal_in(tmp_path, {})).errors) == 3
    assert run(find, SET, MEASURES, journal=journal_in(tmp_path, {})).errors == ()


def test_a_question_that_an_earlier_run_embedded_is_known():
    known = iter([True, False, True])
    found = run(find, SET, MEASURES, known=lambda: next(known))
    assert ([row.known for row in found.rows], found.known) == ([True, False, True], 2)
    assert as_json(found)["timings"]["known"] == ["fell", "sang"]
