import json
import shlex

import pytest
from conftest import write_lines

from index.errors import FootnoteError, UsageError
from index.sync import sync_paths
from proofs.words import WordEmbedder
from rag.__main__ import main
from rag.evals import matrix
from rag.evals.grid import cells
from rag.evals.matrix import INDEXES, Grid, command, measure, size
from rag.evals.runs import load
from rag.settings import Settings

MOLE = "The mole fell in August. It was rebuilt before the end of May."


@pytest.fixture(autouse=True)
def models(monkeypatch, tmp_path):
    """A bag of words in the place of every model; each that was made."""
    made = []

    def model(name, precision, tokens):
        made.append(WordEmbedder(name, max_tokens=tokens or 64, passage_tokens=tokens))
        return made[-1]

    monkeypatch.setattr("rag.settings.Embedder", model)
    monkeypatch.chdir(tmp_path)
    return made


@pytest.fixture
def asked(monkeypatch):
    """The settings of each run that was really made."""
    runs = []
    evaluate = matrix.evaluate

    def counted(settings, *arguments, **options):
        runs.append(settings.changed())
        return evaluate(settings, *arguments, **options)

    monkeypatch.setattr(matrix, "evaluate", counted)
    return runs


@pytest.fixture
def written(tmp_path, store):
    """A set of one question about one article, which is in the store."""
    gold = {"source": "mole.txt", "text": "The mole fell in August."}
    write_lines(
        tmp_path / "set" / "questions.jsonl",
        {"id": "q1", "question": "When did the mole fall?", "kind": "single", "answers": ["August"], "gold": [gold]},
    )
    (tmp_path / "set" / "mole.txt").write_text(MOLE, encoding="utf-8")
    sync_paths(store, [tmp_path / "set"], WordEmbedder(Settings().model))
    return tmp_path / "set"


@pytest.fixture
def judged(tmp_path):
    """A set of one question about two documents of its own."""
    write_lines(
        tmp_path / "judged" / "corpus.jsonl",
        {"_id": "d1", "title": "The mole", "text": MOLE},
        {"_id": "d2", "title": "The ferry", "text": "The ferry sails at noon."},
    )
    write_lines(tmp_path / "judged" / "queries.jsonl", {"_id": "q1", "text": "When does the ferry sail?"})
    (tmp_path / "judged" / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td2\t1\n", encoding="utf-8")
    return tmp_path / "judged"


@pytest.fixture
def grid(store, tmp_path):
    def made(set_path, *axes, **options):
        return Grid(Settings(store), set_path, cells(axes), tmp_path / "out", **options)

    return made


def test_every_cell_is_measured_on_its_own_settings(grid, written):
    found = measure(grid(written, "read=1,6", "threshold=0.1,1.0", answers=True), "answer rate")
    assert [one.cell.changes for one in found] == [
        ("read=1", "threshold=0.1"), ("read=1", "threshold=1.0"),
        ("read=6", "threshold=0.1"), ("read=6", "threshold=1.0"),
    ]  # fmt: skip
    assert [one.quality.value for one in found] == [1, 0, 1, 0]
    assert [one.delta.value if one.delta else None for one in found] == [None, -1, 0, -1]
    assert load(found[1].run).about["settings"] == "read=1 threshold=1.0"


def test_a_cell_with_other_passages_has_an_index_of_its_own(grid, written, store):
    plain, small = measure(grid(written, "passage_tokens=0,32", "read=6"), "hit@1")
    assert load(plain.run).about["index"].startswith("1 articles, 1 passages")
    assert load(small.run).about["index"].startswith("1 articles, 1 passages")
    assert (grid(written, "read=1").out / INDEXES / "passage_tokens=32" / "catalog.sqlite").exists()
    assert plain.bytes == size(store)


def test_another_model_embeds_the_articles_once(grid, written, models):
    first = grid(written, "model=other", "read=4,6", answers=False)
    measure(first, "hit@1")
    texts = [text for model in models for text in model.embedded]
    assert len(texts) == 1
    measure(first, "hit@1")
    assert len([text for model in models for text in model.embedded]) == 1


def test_what_is_done_is_not_done_again(grid, written, asked):
    first = measure(grid(written, "read=1,6"), "hit@1")
    assert asked == [{"read": "1"}, {}]  # 6 is what it comes with
    again = measure(grid(written, "read=1,6,8"), "hit@1")
    assert asked[2:] == [{"read": "8"}]
    assert [one.took for one in again[:2]] == [one.took for one in first]


def test_another_question_or_another_article_makes_every_cell_anew(grid, written, asked, store):
    measure(grid(written, "read=1"), "hit@1")
    (written / "ferry.txt").write_text("The ferry sails at noon.", encoding="utf-8")
    sync_paths(store, [written], WordEmbedder(Settings().model))
    measure(grid(written, "read=1"), "hit@1")
    assert len(asked) == 2


def test_a_grid_that_was_stopped_goes_on(grid, written, asked):
    def stop(step, done, total):
        if step.startswith("cell 2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(grid(written, "read=1,6"), "hit@1", stop)
    measure(grid(written, "read=1,6"), "hit@1")
    assert asked.count({"read": "1"}) == 1


def test_the_documents_of_a_judged_set_are_indexed_for_each_index(grid, judged, store, tmp_path):
    found = measure(grid(judged, "passage_tokens=0,32"), "hit@1")
    assert [one.quality.value for one in found] == [1, 1]
    assert len(list((store / "sets").iterdir())) == 1
    assert len(list((tmp_path / "out" / INDEXES / "passage_tokens=32" / "sets").iterdir())) == 1


@pytest.mark.parametrize("axes", [("read=4",), ("passage_tokens=32", "read=4")])
def test_the_command_of_a_cell_makes_the_same_figures(grid, judged, axes, capsys):
    made = grid(judged, *axes, answers=True)
    (one,) = measure(made, "hit@1")
    before = load(one.run)
    one.run.unlink()
    program, flag, module, *words = shlex.split(one.command)
    assert (program, flag, module) == ("python", "-m", "rag")
    assert main(words) == 0
    after = load(one.run)
    assert [(row.ranking, row.values, row.answered) for row in after.rows] == [
        (row.ranking, row.values, row.answered) for row in before.rows
    ]
    assert after.about == before.about


def test_a_setting_that_does_not_exist_is_told_before_anything_is_made(grid, written, asked, tmp_path):
    with pytest.raises(UsageError, match="no setting 'raed'"):
        measure(grid(written, "read=1", "raed=4"), "hit@1")
    assert asked == []
    assert not (tmp_path / "out").exists()


def test_a_question_that_failed_ends_the_grid(grid, written):
    write_lines(written / "questions.jsonl", {"id": "q", "question": "???", "kind": "unanswerable"})
    with pytest.raises(FootnoteError, match="1 questions failed with read=1: UsageError: The question is empty"):
        measure(grid(written, "read=1"), "hit@1")


def test_a_measure_that_does_not_exist_is_told_before_anything_is_made(grid, written, asked):
    for by in ("hti@1", "answer rate"):
        with pytest.raises(UsageError):
            measure(grid(written, "read=1"), by)
    assert asked == []


def test_any_measure_of_rankings_can_stand_for_quality(grid, written):
    (one,) = measure(grid(written, "read=1"), "recall@7")
    assert (one.quality.value, one.quality.n) == (1, 1)
    assert "--measure recall@7" in one.command


def test_a_command_names_the_users_own_store_where_the_index_is_theirs(grid, written, store):
    made = grid(written, f"model={Settings().model}", "read=4")
    assert f"--store {store} --with model=" in command(made, made.cells[0])


def test_a_damaged_list_of_what_is_done_only_costs_time(grid, written, asked, tmp_path):
    measure(grid(written, "read=1"), "hit@1")
    (tmp_path / "out" / "cells.done").write_text("[", encoding="utf-8")
    measure(grid(written, "read=1"), "hit@1")
    assert len(asked) == 2
    assert list(json.loads((tmp_path / "out" / "cells.done").read_text())) == ["read=1.json"]
