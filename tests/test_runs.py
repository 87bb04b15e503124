import json
from dataclasses import replace

import pytest
from conftest import FELL, MEASURES, SET, ask, find

from index.errors import FootnoteError, UsageError
from rag.evals.runs import as_json, latencies, load, means, run, save
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
    assert latencies(found.rows)["retrieval"].n == 2


def test_gold_that_no_longer_stands_in_its_article_is_an_error():
    moved = replace(FELL, spans=(GoldSpan("mole.md", "The mole fell in August.", 1),))
    found = run(find, replace(SET, questions=(moved,)), MEASURES)
    assert "mole.md at 1 does not stand there" in found.errors[0].error


def test_the_chain_is_asked_with_the_earlier_questions():
    asked = []
    later = replace(FELL, earlier=("What is the mole?",))
    run(lambda question: asked.append(question.earlier) or (), replace(SET, questions=(later,)), MEASURES)
    assert asked == [("What is the mole?",)]


def test_progress_is_told_before_each_question():
    told = []
    run(find, SET, progress=lambda step, done, total: told.append((step, done, total)))
    assert told == [("asking", 0, 3), ("asking", 1, 3), ("asking", 2, 3)]


def test_a_saved_run_is_loaded_as_it_was(tmp_path):
    made = run(find, SET, MEASURES, ask=ask, about={"model": "words"})
    save(made, tmp_path / "runs" / "a.json")
    assert load(tmp_path / "runs" / "a.json") == made


def test_a_run_file_can_be_read_without_footnote(tmp_path):
    save(run(find, SET, MEASURES, about={"model": "words"}), tmp_path / "a.json")
    values = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert values["schema"] == 1
    assert values["n"] == {"questions": 3, "answerable": 2, "errors": 0}
    assert values["means"]["MRR@10"]["value"] == 3 / 4
    assert values["about"] == {"model": "words"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("not json", "is not a run file"),
        ("[]", "is not a run file of schema 1, its schema is None"),
        ('{"schema": 2}', "its schema is 2"),
        ('{"schema": 1}', "is a damaged run file: KeyError"),
    ],
)
def test_a_file_that_is_no_run_is_refused(tmp_path, content, complaint):
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(FootnoteError, match=complaint):
        load(tmp_path / "a.json")


def test_a_run_file_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "a.json")


def test_a_run_is_plain_json():
    assert json.loads(json.dumps(as_json(run(find, SET, MEASURES))))["set"] == {"name": "quay", "digest": "0" * 32}
