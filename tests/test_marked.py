"""With an article go the marked answers that rest on it, of every owner, and their questions leave the sets."""

import contextlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import test_kept
from test_conversations import FALL, MOLE, answer, refused
from test_kept import SECRET, TRAM, about

from index.database import Database, Form
from rag import kept, marked
from rag.conversations import Conversations
from rag.evals.marks import Marks
from rag.kept import Resting
from rag.marked import FORM, Found
from rag.stored import named_by

GOLD = {"source": "/tram.txt", "title": "The qwertzuiop line", "start": 0, "end": 20, "text": SECRET[:20]}


lies = test_kept.lies  # a fixture


def test_looking_at_a_store_without_marks_makes_nothing(place):
    assert marked.resting(place, "tram.txt") == marked.forget(place, "tram.txt") == Found()
    assert not place.store.exists()


def test_of_a_forgotten_article_no_mark_of_anybody_is_left(place, lies):
    for owner in ("ada", "grace"):
        marks = Marks(place, owner)
        marks.judge(marks.keep(about(TRAM), "xyzzyplugh, I think").id, "answerable", "xyzzyplugh", [GOLD])
        marks.judge(marks.keep(answer("One?")).id, "unanswerable")
    assert lies().count(b"xyzzyplugh") > 4
    assert kept.resting(place, "tram.txt") == Resting(0, 0, 0, marks=2)
    assert kept.forget(place, "tram.txt") == Resting(0, 0, 0, marks=2)
    left = lies()
    assert b"xyzzyplugh" not in left
    assert b"qwertzuiop" not in left
    for owner in ("ada", "grace"):
        assert [mark.question for mark in Marks(place, owner).listing()] == ["One?"]
        assert (Marks(place, owner).folder / "questions.jsonl").read_text().count("\n") == 1
    assert kept.resting(place, "tram.txt") == Resting(0, 0, 0)


def test_a_set_of_which_nothing_is_left_is_gone(place):
    marks = Marks(place)
    marks.judge(marks.keep(about(TRAM)).id, "unanswerable")
    marked.forget(place, TRAM.id)
    assert not (marks.folder / "questions.jsonl").exists()


def test_a_refusal_goes_with_the_article_that_was_chosen_as_right(place):
    marks = Marks(place)
    name = marks.keep(refused("Who has the key?")).id
    assert marked.resting(place, "tram.txt") == Found()
    marks.judge(name, "answerable", gold=[GOLD], rests_on=named_by([TRAM]))
    assert marked.resting(place, "/tram.txt") == marked.resting(place, "tram.txt") == Found(1)
    marks.judge(name, "")
    assert marked.resting(place, "tram.txt") == Found()


def test_a_mark_goes_that_names_it_as_a_copy_or_rests_on_its_text_by_another_name(place):
    marks = Marks(place)
    marks.keep(answer("One?"))
    assert FALL.also[0].source == "post.html"
    assert marked.resting(place, "post.html") == Found(1)
    assert marked.resting(place, MOLE.url) == Found(1)
    Conversations(place).keep(Conversations(place).begin(), about(TRAM))
    marks.keep(about(replace(TRAM, source="new.txt")))
    assert kept.forget(place, "tram.txt") == Resting(1, 1, 0, marks=1)


@pytest.mark.parametrize("owner", ["owner BLOB NOT NULL, ", ""])
def test_a_file_of_the_first_version_is_brought_up_whether_it_has_owners_or_not(store, owner):
    now = datetime(2024, 9, 3, tzinfo=UTC).isoformat()
    words = {"question": "Who?", "searched_for": "Who?", "said": "He.", "note": ""}
    record = json.dumps(words | {"earlier": [], "cited": [["The mole", "He."]], "asked": now, "marked": now})
    table = f"CREATE TABLE marks ({owner}id TEXT NOT NULL, marked TEXT NOT NULL, record TEXT NOT NULL)"
    with contextlib.closing(Database(store, Form(FORM.name, 1, lambda _: [table], ""))) as file:
        values = (*([b"ada"] if owner else []), "a" * 16, now, record)
        file.connection.execute(f"INSERT INTO marks VALUES ({', '.join('?' * len(values))})", values)
    whose, other = ("ada", "") if owner else ("", "ada")
    assert [mark.question for mark in Marks(store, whose).listing()] == ["Who?"]
    assert Marks(store, other).listing() == ()
    # What it rested on was not written then, and it is not taken for harmless.
    assert marked.forget(store, "tram.txt") == Found(0, 1)
    assert len(Marks(store, whose).listing()) == 1
