import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from conftest import ARTICLE, ask

from index.errors import FootnoteError, UsageError
from rag.answers import Question
from rag.evals.marks import FORM, Marks
from rag.evals.sets import load
from rag.keeping import Keeping

ASKED = datetime(2024, 9, 3, 10, tzinfo=UTC)
FALL = Question("When did the mole fall?", ("What is the mole?",), ASKED)
SANG = Question("Who sang?", asked_at=ASKED)


@pytest.fixture
def marks(place):
    times = iter(ASKED + timedelta(hours=n) for n in range(100))
    return Marks(place, clock=lambda: next(times))


@pytest.fixture
def gold(tmp_path):
    file = tmp_path / "mole.md"
    file.write_text(ARTICLE, encoding="utf-8")
    return {"source": str(file), "title": "The mole", "start": 0, "end": 24, "text": ARTICLE[:24]}


def lines(marks):
    return [json.loads(text) for text in (marks.folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]


def test_looking_makes_no_file(marks, place):
    assert (marks.listing(), marks.names()) == ((), frozenset())
    with pytest.raises(UsageError, match="no such marked answer"):
        marks.find("0" * 16)
    assert not place.store.exists()
    with place.reading(FORM) as db:
        assert db is None


def test_a_mark_keeps_the_question_the_answer_and_what_it_rested_on(marks):
    mark = marks.keep(ask(FALL), " It was July. ")
    assert (mark.question, mark.earlier, mark.asked.isoformat()) == (FALL.text, FALL.earlier, "2024-09-03")
    assert (mark.said, mark.note, mark.verdict) == ("It fell in August.", "It was July.", "")
    assert [quote for _, quote in mark.cited] == ["fell in August."]
    assert marks.listing() == (mark,) == (marks.find(mark.id),)


def test_the_same_answer_is_one_mark_and_another_answer_another(marks):
    first = marks.keep(ask(FALL), "wrong")
    assert marks.keep(ask(replace(FALL, asked_at=ASKED + timedelta(days=1)))) == first
    other = marks.keep(ask(SANG))
    assert [mark.id for mark in marks.listing()] == [other.id, first.id]


def test_an_answer_that_is_being_written_is_not_marked(marks):
    with pytest.raises(UsageError, match="still being written"):
        marks.keep(replace(ask(FALL), done=False))
    assert marks.listing() == ()


def test_a_mark_is_in_the_set_once_it_was_judged(marks, gold):
    fall, sang = marks.keep(ask(FALL)), marks.keep(ask(SANG))
    assert not (marks.folder / "questions.jsonl").exists()
    marks.judge(fall.id, "answerable", "August", [gold])
    marks.judge(sang.id, "unanswerable")
    found = {question.id: question for question in load(marks.folder).questions}
    assert (found[fall.id].answerable, found[sang.id].answerable) == (True, False)
    assert (found[fall.id].earlier, found[fall.id].answers) == (FALL.earlier, ("August",))
    assert [span.text for span in found[fall.id].spans] == [ARTICLE[:24]]
    assert {question.as_asked().asked_at for question in found.values()} == {ASKED}
    assert marks.find(fall.id).places == (("The mole", ARTICLE[:24]),)


def test_what_was_judged_can_be_taken_back(marks):
    fall, sang = marks.keep(ask(FALL)), marks.keep(ask(SANG))
    marks.judge(fall.id, "unanswerable")
    marks.judge(sang.id, "unanswerable")
    marks.judge(fall.id, "")
    assert [question["id"] for question in lines(marks)] == [sang.id]
    marks.judge(sang.id, "")
    assert not (marks.folder / "questions.jsonl").exists()


def test_a_mark_that_is_taken_out_leaves_the_set_and_the_file(marks, place):
    mark = marks.keep(ask(FALL), "Zanzibar")
    marks.judge(mark.id, "unanswerable")
    marks.remove(mark.id)
    assert marks.listing() == ()
    assert not (marks.folder / "questions.jsonl").exists()
    assert all(b"Zanzibar" not in file.read_bytes() for file in place.store.glob(f"{FORM.name}"))
    with pytest.raises(UsageError, match="no such marked answer"):
        marks.remove(mark.id)


def test_nothing_is_judged_when_the_set_cannot_be_written(marks):
    mark = marks.keep(ask(FALL))
    marks.folder.parent.mkdir(parents=True, exist_ok=True)
    marks.folder.write_text("in the way", encoding="utf-8")
    with pytest.raises(FootnoteError, match=r"marks\.db cannot be used|questions/\S+ cannot be written"):
        marks.judge(mark.id, "unanswerable")
    assert marks.find(mark.id).verdict == ""


def test_a_note_can_be_written_later(marks):
    mark = marks.keep(ask(FALL))
    assert marks.annotate(mark.id, " It was July. ").note == marks.find(mark.id).note == "It was July."


def test_a_mark_is_its_owners_alone(place):
    who = ["ada"]
    marks, others = Marks(place, lambda: who[0]), Marks(place, "grace")
    mark = marks.keep(ask(SANG))
    marks.judge(mark.id, "unanswerable")
    assert (others.listing(), others.names()) == ((), frozenset())
    for touch in (others.find, others.remove, lambda name: others.annotate(name, "mine")):
        with pytest.raises(UsageError, match="no such marked answer"):
            touch(mark.id)
    assert others.keep(ask(SANG)).verdict == ""
    assert [question["id"] for question in lines(marks)] == [mark.id]
    assert not (others.folder / "questions.jsonl").exists()
    who[0] = "grace"
    assert marks.listing() == others.listing()


def test_a_set_follows_what_was_judged_at_another_machine(database, tmp_path):
    here, there = (Marks(Keeping(tmp_path / name, database)) for name in ("here", "there"))
    mark = here.keep(ask(FALL))
    here.judge(mark.id, "unanswerable")
    there.follow()
    assert lines(there) == lines(here)
    there.judge(mark.id, "")
    here.follow()
    assert not (here.folder / "questions.jsonl").exists()
