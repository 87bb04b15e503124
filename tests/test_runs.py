import json
from dataclasses import replace

import pytest
from conftest import MEASURES, SET, ask, find

from index.errors import UsageError
from rag.evals.asking import run
from rag.evals.runs import (
    Answered,
    InvalidRun,
    Row,
    as_json,
    confidence,
    latencies,
    latency,
    load,
    reserve,
    save,
    tails,
)


def test_two_runs_of_the_same_are_the_same_bytes_but_for_their_times(tmp_path):
    for name in "ab":
        save(run(ask, SET, MEASURES), tmp_path / name)
    texts = [(tmp_path / name).read_text(encoding="utf-8") for name in "ab"]
    assert texts[0] != texts[1]
    assert len({text[: text.index('"timings": {')] for text in texts}) == 1


def test_each_stage_has_its_time_and_all_of_them_together():
    took = latencies(run(ask, SET, MEASURES).rows)
    assert list(took) == ["retrieve", "read", "total"]
    assert (took["retrieve"].p50, took["read"].p99, took["read"].n) == (0.25, 0.5, 3)


def test_percentiles_lie_between_the_times_around_them():
    # Of 0 to 100 hundredths of a second, the percentile p is p hundredths.
    took = latency([n / 100 for n in range(101)])
    assert (took.p50, took.p95, took.p99, took.n) == pytest.approx((0.5, 0.95, 0.99, 101))


def test_a_tail_is_the_value_of_the_worst_and_how_many_are_perfect():
    (tail,) = tails([Row(str(n), "?", "single", True, values={"recall@10": n / 40}) for n in range(41)]).values()
    # The values are 0, 1/40 ... 1: two of 41, 5 %, do not exceed 1/40 by more than 1/40.
    assert (tail.p5, tail.full) == (pytest.approx(2 / 40), pytest.approx(1 / 41))


def test_confidence_is_measured_over_what_was_asked():
    area, curve = confidence(run(ask, SET, MEASURES).rows)
    # 0.8 for the question that is answered, rightly, 0.2 for the two that are refused: one of those is answerable.
    assert (area.value, area.n) == ((1 + 1 / 2) / 2, 3)
    assert [(point.coverage, point.risk, point.confidence) for point in curve.points] == [(1 / 3, 0.0, 0.8)]


def test_without_a_confidence_there_is_none_to_measure():
    silent = replace(run(ask, SET, MEASURES).rows[0], answered=Answered(False, "It fell.", 1))
    assert confidence([silent]) == (None, None)
    assert confidence(run(find, SET, MEASURES).rows) == (None, None)


def test_a_saved_run_is_loaded_as_it_was(tmp_path):
    made = run(ask, SET, MEASURES, about={"model": "words"})
    save(made, tmp_path / "runs" / "a.json")
    assert load(tmp_path / "runs" / "a.json") == made


def test_a_run_file_can_be_read_without_footnote(tmp_path):
    save(run(find, SET, MEASURES, about={"model": "words"}), tmp_path / "a.json")
    values = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert values["schema"] == 2
    assert values["n"] == {"questions": 3, "answerable": 2, "errors": 0}
    assert values["means"]["MRR@10"]["value"] == 3 / 4
    assert values["about"] == {"model": "words"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("not json", "is not a run file"),
        ("[]", "is not a run file of schema 2, its schema is None"),
        ('{"schema": 1}', "its schema is 1"),
        ('{"schema": 2}', "is a damaged run file: KeyError"),
    ],
)
def test_a_file_that_is_no_run_is_refused(tmp_path, content, complaint):
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidRun, match=complaint):
        load(tmp_path / "a.json")


def test_a_run_file_that_is_not_there_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "a.json")


def test_a_run_is_plain_json():
    assert json.loads(json.dumps(as_json(run(find, SET, MEASURES))))["set"] == {"name": "quay", "digest": "0" * 32}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"hit@1": 0.0', '"hit@1": null', "None of the question 'fell' is no finite number"),
        ('"hit@1": 0.0', '"hit@1": true', "True of the question 'fell' is no finite number"),
        ('"hit@1": 0.0', f'"hit@1": {10**400}', "OverflowError"),
        ('"hit@1": 0.0', '"hit@1": NaN', "NaN is no number"),
        ('"retrieve": 0.25', '"retrieve": "soon"', "'soon' of the question 'fell' is no finite number"),
        ('"confidence": 0.8', '"confidence": "high"', "'high' of the question 'fell' is no finite number"),
        ('"id": "fare"', '"id": "fell"', "a question stands there twice"),
        ('"kind": "single"', '"kind": 3', "3 is no text"),
        ('"answerable": true', '"answerable": "yes"', "neither true nor false"),
    ],
)
def test_a_run_file_with_what_cannot_be_measured_is_damaged(tmp_path, old, new, complaint):
    save(run(ask, SET, MEASURES), tmp_path / "a.json")
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    before, mark, rows = text.partition('"rows": [')
    assert old in rows
    (tmp_path / "a.json").write_text(before + mark + rows.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InvalidRun, match=complaint):
        load(tmp_path / "a.json")


def test_a_file_that_is_nested_without_end_is_no_run(tmp_path):
    (tmp_path / "a.json").write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(InvalidRun, match="is not a run file"):
        load(tmp_path / "a.json")


def test_half_of_a_surrogate_pair_does_not_cost_the_run(tmp_path):
    made = run(ask, replace(SET, questions=(replace(SET.questions[0], text="When did \ud800 fall?"),)), MEASURES)
    save(made, tmp_path / "a.json")
    assert load(tmp_path / "a.json") == made


def test_a_run_takes_the_place_of_an_older_run_and_of_nothing_else(tmp_path):
    made = run(ask, SET, MEASURES)
    for _ in range(2):
        save(made, tmp_path / "a.json")
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    (tmp_path / "questions.jsonl").write_text('{"id": "q1"}', encoding="utf-8")
    for write in (reserve, lambda path: save(made, path)):
        with pytest.raises(UsageError, match="is there already and is no run file"):
            write(tmp_path / "questions.jsonl")
    assert (tmp_path / "questions.jsonl").read_text(encoding="utf-8") == '{"id": "q1"}'
