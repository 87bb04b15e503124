import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import write_lines

from benchmarks.peers.speaking import PHASES, Article, Watch, articles_of, once

ROOT = Path(__file__).parent.parent


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "set"
    write_lines(
        made / "corpus.jsonl",
        {"_id": "a", "title": "Tides", "text": "The tide turns."},
        {"_id": "b", "title": "Ferries", "text": "Ferries sail."},
    )
    write_lines(made / "asked.jsonl", {"id": "q", "text": "When does the tide turn?"})
    return made


@pytest.fixture
def said(folder, tmp_path):
    """What a process says in a phase."""

    def ran(phase):
        command = [sys.executable, "-m", "tests.word_peer", phase, str(tmp_path / "store"), str(folder), "model"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ran


def test_every_system_is_given_the_title_above_the_text_once(folder):
    assert articles_of(folder) == [Article("a", "Tides\n\nThe tide turns."), Article("b", "Ferries sail.")]


def test_an_index_phase_tells_what_it_is_and_what_it_made(said):
    loaded, about, indexed = said("index")
    assert loaded["said"] == "loaded"
    assert about == {
        "said": "about", "packages": {},
        "how": {"passages": "whole articles", "store": "JSON", "sync": "anew", "search": "words"},
    }  # fmt: skip
    assert (indexed["said"], indexed["passages"]) == ("indexed", 2)


def test_questions_are_told_with_their_ranking_and_the_time_of_embedding_apart(said):
    said("index")
    [found] = said("ask")
    assert (found["said"], found["id"], found["ranking"]) == ("found", "q", ["a", "b"])
    assert 0 < found["embedding"] <= found["seconds"]


def test_a_cold_start_tells_the_first_that_is_found(said):
    said("index")
    assert said("cold") == [{"said": "found", "id": "q", "ranking": ["a", "b"]}]


def test_a_sync_says_that_it_is_done(said):
    assert said("sync") == [{"said": "synced"}]


def test_what_a_library_prints_is_no_line_of_the_phases(said):
    assert {line["said"] for phase in PHASES for line in said(phase)} == {
        "loaded",
        "about",
        "indexed",
        "synced",
        "found",
    }


def test_a_watch_adds_up_and_begins_again():
    watch = Watch()
    double = watch.timed(lambda n: 2 * n)
    assert [double(1), double(2)] == [2, 4]
    assert watch.taken() > 0
    assert watch.taken() == 0


def test_articles_are_ranked_by_their_first_passage():
    assert once(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]
