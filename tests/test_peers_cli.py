"""`python -m benchmarks.peers` with a small system of words, which needs no library and no model."""

import json
import sys

import pytest
from conftest import write_lines

from benchmarks.peers.__main__ import main

TEXTS = {"tides": "The tide turns twice a day.", "moles": "A mole keeps the waves out.", "ferries": "The ferry sails."}


@pytest.fixture
def folder(tmp_path):
    """Three articles, and a question about each of two."""
    made = tmp_path / "set"
    write_lines(made / "corpus.jsonl", *({"_id": n, "title": "", "text": text} for n, text in TEXTS.items()))
    asked = {"t": "When does the tide turn?", "m": "What keeps the waves out?"}
    write_lines(
        made / "queries.jsonl",
        *({"_id": q, "text": text, "metadata": {"answerable": True}} for q, text in asked.items()),
    )
    (made / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nt\ttides\t1\nm\tmoles\t1\n")
    return made


@pytest.fixture
def measure(folder, tmp_path, monkeypatch):
    """Runs the command on these articles and gives what it wrote."""

    def run(*more, systems="tests.word_peer"):
        out = tmp_path / "out"
        command = ["peers", "--set", folder, "--articles", 3, "--out", out, "--systems", systems, *more]
        monkeypatch.setattr(sys, "argv", [str(word) for word in command])
        main()
        return out

    return run


def test_a_system_is_measured_in_all_phases(measure):
    out = measure()
    kept = json.loads((out / "peers.json").read_text())
    result = kept["results"]["tests.word_peer"]
    assert kept["given"] | {"digest": ""} == {
        "set": "set", "digest": "", "articles": 3, "characters": sum(map(len, TEXTS.values())),
        "questions": 2, "changed": 1,
    }  # fmt: skip
    assert result["passages"] == 3
    assert result["values"] == {"hit@1": [1.0, 1.0], "recall@10": [1.0, 1.0]}
    assert result["found"] == 1.0
    assert len(result["cold"]) == 3
    assert result["loads"].keys() == {"index", "same", "ask", "cold", "changed"}
    assert "| tests.word_peer |" in (out / "peers.md").read_text()
    assert (out / "peers.svg").read_text().startswith("<svg")


def test_what_was_measured_is_not_measured_again_until_it_is_asked_for(measure):
    first = (measure() / "tests.word_peer.json").read_bytes()
    assert (measure() / "tests.word_peer.json").read_bytes() == first
    assert (measure("--fresh") / "tests.word_peer.json").read_bytes() != first


def test_with_other_questions_it_is_measured_again(measure):
    first = (measure() / "tests.word_peer.json").read_bytes()
    assert (measure("--questions", 1) / "tests.word_peer.json").read_bytes() != first


def test_a_system_that_cannot_run_is_named_with_the_reason_and_skipped(measure):
    out = measure(systems="tests.word_peer,tests.no_peer")
    assert "tests.no_peer was skipped: " in (out / "peers.md").read_text()
    kept = json.loads((out / "peers.json").read_text())
    assert kept["results"].keys() == {"tests.word_peer"}
    assert "No module named tests.no_peer" in kept["skipped"]["tests.no_peer"]


def test_where_nothing_can_be_measured_the_command_fails(measure):
    with pytest.raises(SystemExit, match="Nothing could be measured"):
        measure(systems="tests.no_peer")


def test_the_plot_is_written_where_it_is_wanted(measure, tmp_path):
    out = measure("--plot", tmp_path / "plot.svg")
    assert (tmp_path / "plot.svg").read_text() == (out / "peers.svg").read_text()
