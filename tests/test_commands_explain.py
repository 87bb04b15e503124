import json

import pytest
from conftest import write_lines

from index.errors import UsageError
from index.sync import sync_paths
from rag.__main__ import main

FERRY = "The ferry sails at noon from the quay. A ticket costs two crowns."


@pytest.fixture
def written(tmp_path, store, embedder, monkeypatch):
    """A set of two questions about one of two articles, both indexed."""
    monkeypatch.setattr("rag.settings.Embedder", lambda *_, **__: embedder)
    folder = tmp_path / "written"
    gold = [{"source": "ferry.txt", "text": "A ticket costs two crowns."}]
    write_lines(
        folder / "questions.jsonl",
        {"id": "hit", "question": "A ticket costs two crowns?", "kind": "single", "gold": gold},
        {"id": "miss", "question": "What fell from the wall?", "kind": "single", "gold": gold},
    )
    (folder / "ferry.txt").write_text(FERRY, encoding="utf-8")
    (folder / "mole.txt").write_text("A stone fell from the wall. Nobody was hurt.", encoding="utf-8")
    sync_paths(store, [folder], embedder)
    return folder


def explain(store, *rest):
    return main(["eval", "explain", "--store", str(store), *map(str, rest)])


def test_the_misses_of_a_set_are_counted_by_step(written, store, capsys):
    assert explain(store, "--set", written, "--k", 1) == 0
    said = capsys.readouterr().out
    assert said.startswith("written: 2 answerable questions, 1 with all gold among the first 1\n")
    assert "    1  cut by k: " in said


def test_one_question_of_a_set_is_named_by_its_id_or_its_text(written, store, capsys):
    explain(store, "--set", written, "--k", 1, "--json", "miss")
    by_id = json.loads(capsys.readouterr().out)
    explain(store, "--set", written, "--k", 1, "--json", "What fell from the wall?")
    assert json.loads(capsys.readouterr().out) == by_id
    assert (by_id["id"], by_id["lost"], by_id["golds"][0]["ranks"]["final"]) == ("miss", "cut by k", 2)


def test_a_question_without_a_set_shows_what_was_found(written, store, capsys):
    assert explain(store, "What fell from the wall?") == 0
    said = capsys.readouterr().out
    assert said.startswith("What fell from the wall?\n\nfound first:\n  1  ")
    assert "LOST" not in said


def test_days_are_counted_from_the_last_article_as_a_run_counts_them(written, store, embedder, capsys):
    for name, day in (("wall.md", "2001-05-16"), ("fence.md", "2001-03-01")):
        text = f"---\ndate: {day}\n---\nA cart fell into the quay near the {name}, and nobody was hurt in it at all."
        (written / name).write_text(text, encoding="utf-8")
    gold = [{"source": "wall.md", "text": "A cart fell into the quay"}]
    asked = {"id": "week", "question": "What fell into the quay this month?", "kind": "single", "gold": gold}
    write_lines(written / "questions.jsonl", asked)
    sync_paths(store, [written], embedder)
    explain(store, "--set", written, "--json", "week")
    found = json.loads(capsys.readouterr().out)
    assert found["golds"][0]["ranks"]["steps"]["lexical among named"] == 1


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "There is nothing to explain"),
        (["--k", "0", "What fell?"], "--k is 0"),
        (["--set", "written", "other"], "written has no question 'other'"),
    ],
)
def test_what_cannot_be_explained_is_told(written, store, options, complaint):
    options = [written if option == "written" else option for option in options]
    with pytest.raises(UsageError, match=complaint):
        explain(store, *options)
