import json

import pytest
from test_make import TOWNS, told

from index.errors import UsageError
from index.sync import sync_paths
from rag.__main__ import main
from rag.evals.evaluate import evaluate
from rag.evals.sets import load


@pytest.fixture
def articles(tmp_path, store, embedder, monkeypatch):
    """Ten articles in files, indexed."""
    monkeypatch.setattr("rag.settings.Embedder", lambda *_, **__: embedder)
    folder = tmp_path / "articles"
    folder.mkdir()
    for n, town in enumerate(TOWNS):
        (folder / f"{town}.txt").write_text(told(n, town), encoding="utf-8")
    sync_paths(store, [folder], embedder)
    return folder


def command(store, out, *rest):
    return main(
        ["eval", "make", "--store", str(store), "--out", str(out), "--questions", "20", "--articles", "10", *rest]
    )


def test_a_made_set_can_be_run_at_once(articles, store, tmp_path, capsys):
    from index.settings import IndexSettings

    assert command(store, tmp_path / "mine", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["questions"], said["articles"]) == (20, 10)
    found = load(tmp_path / "mine")
    assert len(found.questions) == 20
    run = evaluate(IndexSettings(store), tmp_path / "mine")
    assert run.errors == ()
    assert len(run.rows) == 20


def test_a_set_of_some_articles_says_of_which(articles, store, tmp_path, capsys):
    assert command(store, tmp_path / "mine", "--source", "Hull.txt", "--json") == 0
    assert json.loads(capsys.readouterr().out)["articles"] == 1
    said = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    assert f"eval make --out {tmp_path / 'mine'} --questions 20 --articles 10 --seed 0 --source Hull.txt\n" in said


def test_what_was_made_is_said_with_the_next_step(articles, store, tmp_path, capsys):
    assert command(store, tmp_path / "mine") == 0
    said = capsys.readouterr().out
    assert said.startswith(f"20 questions from 10 articles in {tmp_path / 'mine'}:\n")
    assert f"`python -m rag eval run --set {tmp_path / 'mine'}` asks them" in said


@pytest.mark.parametrize("option", ["--questions", "--articles"])
def test_a_number_below_one_is_refused(articles, store, tmp_path, option):
    with pytest.raises(UsageError, match=f"{option} is 0"):
        command(store, tmp_path / "mine", option, "0")


def test_a_folder_with_a_set_is_refused_before_anything_is_made(articles, store, tmp_path):
    command(store, tmp_path / "mine")
    with pytest.raises(UsageError, match="exists already"):
        command(store, tmp_path / "mine")


def test_more_articles_are_only_promised_where_there_are_more(articles, store, tmp_path, capsys):
    rest = ["--questions", "2000", "--articles"]
    main(["eval", "make", "--store", str(store), "--out", str(tmp_path / "all"), *rest, "100"])
    assert "wanted; these are all that there are." in capsys.readouterr().out
    main(["eval", "make", "--store", str(store), "--out", str(tmp_path / "five"), *rest, "5"])
    assert "wanted; --articles takes in more of them." in capsys.readouterr().out
