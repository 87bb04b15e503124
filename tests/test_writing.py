import json

import pytest

from index.errors import UsageError
from rag.evals.making.made import Made, Place
from rag.evals.making.make import Kept, MadeSet
from rag.evals.making.writing import by_kind, page, write
from rag.evals.sets import load

FELL = Place("https://example.org/mole", 4, 28, "The mole fell in August.")
ALSO = Place("/shelf/copy.md", 0, 24, "In August the mole fell.")
SAILS = Place("/shelf/ferry.md", 0, 24, "The ferry sails at noon.")
WHEN = Kept(Made("when", "When did the mole fall?", "in August", FELL), (ALSO,))
THAT = Kept(Made("follow-up", "When was that?", "in August", FELL, earlier=("Did the mole fall?",)))
SAIL = Kept(Made("when", "When does the ferry sail?", "at noon", SAILS))
MADE = MadeSet((WHEN, THAT), (SAIL,), 12, {"asked already": 3}, 7)


def test_a_written_set_is_one_that_the_evals_read(tmp_path):
    write(MADE, tmp_path / "mine", "make it")
    found = load(tmp_path / "mine")
    when, that, sail = found.questions
    assert (when.id, when.kind, when.answers) == ("when-001", "when", ("in August",))
    assert when.relevance == {"https://example.org/mole": 1, "/shelf/copy.md": 1}
    assert (when.spans[0].text, when.spans[0].start) == (FELL.text, 4)
    assert (that.earlier, that.text) == (("Did the mole fall?",), "When was that?")
    assert (sail.answerable, sail.kind, found.held_out) == (False, "unanswerable", ("/shelf/ferry.md",))


def test_an_unanswerable_question_keeps_what_answered_it_for_a_person_to_judge(tmp_path):
    write(MADE, tmp_path / "mine", "make it")
    last = json.loads((tmp_path / "mine" / "questions.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert (last["without"]["answer"], last["without"]["text"]) == ("at noon", SAILS.text)


def test_the_page_says_how_the_set_was_made():
    text = page(MADE, "mine", "make it")
    for part in [
        " 2 articles",
        "make it",
        "generation 7",
        "| when | 1 |",
        "| unanswerable | 1 |",
        "- `/shelf/ferry.md`",
    ]:
        assert part in text
    assert "- 3 asked already" in text
    assert by_kind(MADE) == {"follow-up": 1, "when": 1, "unanswerable": 1}


def test_a_set_is_never_written_over(tmp_path):
    write(MADE, tmp_path / "mine", "make it")
    with pytest.raises(UsageError, match=r"questions\.jsonl exists already"):
        write(MADE, tmp_path / "mine", "make it")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be written"):
        write(MADE, tmp_path / "file" / "mine", "make it")
