"""The conversations on the command line: what a user types, reads and is told."""

import json
import re

import pytest
from conftest import resynced
from test_conversations import HOSTILE, answer, change, refused, said

from index.terminal import guarded
from rag.__main__ import main
from rag.answers import Question
from rag.conversation_commands import SHOWN_ID
from rag.conversations import Conversations
from rag.evals.marks import Marks
from rag.exports import bibtex, markdown
from rag.keeping import Keeping
from rag.settings import build
from rag.users import Users

NONE = "There is no conversation {!r}.\nIt may have been removed.\n"


@pytest.fixture
def kept(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTNOTE_STORE", str(place.store))
    monkeypatch.setenv("FOOTNOTE_DATABASE", place.database)
    monkeypatch.setenv("FOOTNOTE_DEBUG", "1")
    return Conversations(place)


@pytest.fixture
def conversations(kept, capsys):
    """Runs a command: exit code, stdout and stderr. Nothing ends in a stack trace."""

    def run(*arguments):
        code = guarded(lambda: main(("conversations", *arguments)))
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        return code, told.out, told.err

    return run


def test_conversations_are_listed_with_what_the_other_commands_take(conversations, kept):
    said(kept, "Old?")
    new = said(kept, "New?", "And then?")
    code, out, err = conversations("list")
    assert (code, err) == (0, "")
    assert [line.split()[-1] for line in out.splitlines()] == ["New?", "Old?"]
    assert re.fullmatch(rf"{new[:SHOWN_ID]}  +\d+ \w+ \d+   2 questions  New\?", out.splitlines()[0])
    assert conversations("show", new[:SHOWN_ID])[0] == 0
    listed = json.loads(conversations("list", "--json", "--find", "NEW", "--limit", "1")[1])
    assert [(c["id"], c["title"], c["questions"]) for c in listed] == [(new, "New?", 2)]


def test_where_there_is_nothing_to_list_it_says_so(conversations, kept, store):
    assert conversations("list") == (0, "There are no conversations yet.\n", "")
    assert not store.exists()
    said(kept, "One?")
    assert conversations("list", "--find", "elephant") == (0, "No conversation has all of these words.\n", "")


def test_a_conversation_is_shown_as_it_was(conversations, kept):
    conversation = said(kept, "When did it fall?")
    kept.keep(conversation, refused())
    code, out, err = conversations("show", conversation)
    assert (code, err) == (0, "")
    assert out.startswith("When did it fall?\n\n1. When did it fall?\n\n")
    assert "\n27 Aug 2024: It fell in August, and was whole by May. [1][2]" in out
    assert (
        "[1] The mole · Ines Calloway · 27 Aug 2024 · p. 2\n    “fell in August”\n    mole.pdf, characters 9–23" in out
    )
    assert out.partition("\n2. Who sang?\n\n")[2].startswith(
        "Your articles do not say.\nNone of your articles has the word “lithium”.\n\nNearest passages:\n  · Ferry"
    )
    shown = json.loads(conversations("show", conversation, "--json")[1])
    assert [turn["answer"]["refusal"] for turn in shown["turns"]] == [None, "not_supported"]
    assert shown["turns"][0]["passages"] == ["mole.pdf:33", "ferry.txt:0", "mole.pdf:0", "ferry.txt:25"]


def test_a_damaged_turn_is_told_and_the_command_has_not_done_its_work(conversations, kept, place):
    conversation = said(kept, "One?", "Two?")
    change(place, "UPDATE turns SET record = :none WHERE place = 1")
    code, out, err = conversations("show", conversation)
    assert (code, err) == (1, "")
    assert "1. One?\n\nThe answer to this question was damaged where it is kept: it is not what was written.\n" in out
    assert "It fell in August" in out.partition("\n2. Two?\n\n")[2]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_text_of_others_commands_no_terminal(conversations, kept, text):
    conversation = said(kept, text)
    for arguments in (
        ("list",),
        ("show", conversation),
        ("rename", conversation, f"A {text}"),
        ("export", conversation),
    ):
        for form in ((), ("--json",)):
            code, out, _ = conversations(*arguments, *form)
            assert code == 0
            assert not set(out) & set("\x00\x1b\u202e\u200b\u2066\ud800"), arguments


def test_a_conversation_is_renamed_and_removed(conversations, kept):
    conversation, other = said(kept, "One?"), said(kept, "Two?")
    assert conversations("rename", conversation, "The mole") == (0, "It is called “The mole” now.\n", "")
    assert kept.find(conversation).title == "The mole"
    assert conversations("remove", conversation, conversation) == (0, "Removed: 1 conversation.\n", "")
    assert [c.id for c in kept.listing()] == [other]


def test_when_one_of_several_is_unknown_none_is_removed(conversations, kept):
    conversation = said(kept, "One?")
    assert conversations("remove", conversation, "0" * 32) == (2, "", NONE.format("0" * 32))
    assert [c.id for c in kept.listing()] == [conversation]


@pytest.mark.parametrize(
    "arguments", [("show",), ("rename", "T"), ("remove",), ("export",), ("replay",)], ids=lambda a: a[0]
)
@pytest.mark.parametrize("name", ["0" * 32, "zz", "%", "../x"])
def test_a_conversation_that_is_not_there_is_told(conversations, kept, arguments, name):
    said(kept, "One?")
    command, *rest = arguments
    assert conversations(command, name, *rest) == (2, "", NONE.format(name))


def test_the_conversation_of_another_is_not_there(conversations, place):
    conversation = said(Conversations(place, "another"), "One?")
    assert conversations("list") == (0, "There are no conversations yet.\n", "")
    assert conversations("show", conversation) == (2, "", NONE.format(conversation))


@pytest.mark.parametrize("number", ["0", "-3"])
def test_a_limit_that_lists_nothing_is_a_usage_error(conversations, number):
    assert conversations("list", "--limit", number) == (2, "", f"--limit is {number}.\nIt must be 1 or more.\n")


@pytest.mark.parametrize("form", ["markdown", "bibtex"])
def test_an_export_goes_to_stdout_or_to_a_file(conversations, kept, tmp_path, form):
    conversation = said(kept, "One?", "Two?")
    turns = kept.turns(conversation)
    text = markdown("One?", turns) if form == "markdown" else bibtex(turns)
    assert conversations("export", conversation, "--format", form) == (0, text, "")
    assert json.loads(conversations("export", conversation, "--format", form, "--json")[1])["text"] == text
    path = tmp_path / "mole"
    arguments = ("export", conversation, "--format", form, "--out", str(path))
    assert conversations(*arguments) == (0, f"The conversation is in {path}.\n", "")
    assert path.read_text(encoding="utf-8") == text
    path.write_text("mine")
    assert conversations(*arguments) == (2, "", f"{path} is there already.\nGive another path for the export.\n")
    assert path.read_text() == "mine"


def test_a_file_that_cannot_be_written_is_told(conversations, kept, tmp_path):
    path = tmp_path / "none" / "mole.md"
    code, out, err = conversations("export", said(kept, "One?"), "--out", str(path))
    assert (code, out) == (2, "")
    assert err == f"{path} cannot be written: No such file or directory.\nGive another path for the export.\n"


def test_a_question_is_asked_again(conversations, kept, monkeypatch, indexed, shelf, store, embedder):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    conversation, ask = kept.begin(), build(store=store).assistant.ask
    for question in ("When did the mole fall?", "What does a ticket cost?"):
        kept.keep(conversation, ask(Question(question)))
    same = "   The answer is the same.\n"
    every = f"1. When did the mole fall?\n{same}2. What does a ticket cost?\n{same}"
    assert conversations("replay", conversation) == (0, every, "")
    shelf.texts["mole"] = "The mole fell in July. It was rebuilt by May."
    resynced(store, shelf, embedder)
    code, out, _ = conversations("replay", conversation, "--turn", "1")
    assert code == 0
    assert "Said no more: “The mole fell in August.”" in out
    assert "ticket" not in out
    (told,) = json.loads(conversations("replay", conversation, "--turn", "1", "--json")[1])
    assert (told["turn"], told["answer"]["question"]) == (1, "When did the mole fall?")
    assert told["differences"]
    assert conversations("replay", conversation, "--turn", "3") == (
        2, "", "There is no question 3 in it.\nIt has 2, numbered from 1.\n",
    )  # fmt: skip


def test_a_check_says_that_all_is_sound_or_names_what_is_not(conversations, kept, place):
    assert conversations("check")[0] == 0
    conversation = said(kept, "One?", "Two?")
    assert conversations("check") == (0, "What is kept is as it was written: 2 answers, 1 conversation, 2 texts.\n", "")
    change(place, "UPDATE turns SET record = :none WHERE place = 2")
    why = "The answer to this question was damaged where it is kept: it is not what was written."
    assert conversations("check") == (1, f"{conversation[:SHOWN_ID]}, question 2: {why}\n", "")
    told = json.loads(conversations("check", "--json")[1])
    assert (told["sound"], told["answers"]) == (False, 2)
    assert told["faults"] == [{"what": why, "conversation": conversation, "number": 2}]


def test_an_article_is_forgotten_when_yes_was_said(conversations, kept):
    conversation = said(kept, "One?", "Two?")
    kept.keep(conversation, refused())
    code, out, err = conversations("forget", "ferry.txt")
    assert (code, err) == (1, "")
    assert out.startswith(
        "Kept answers that rest on it: 3 answers of 1 conversation.\nTo erase them: the same with --yes."
    )
    assert all(turn.answer for turn in kept.turns(conversation))
    code, out, err = conversations("forget", "ferry.txt", "--yes")
    assert (code, err) == (0, "")
    assert out.startswith("Erased: 3 answers of 1 conversation. Their questions stay;")
    assert conversations("forget", "ferry.txt") == (0, "No answer that is kept rests on it.\n", "")
    code, out, _ = conversations("show", conversation)
    assert (code, out.count("The answer to this question was erased on ")) == (0, 3)
    assert [turn["erased"] for turn in json.loads(conversations("show", conversation, "--json")[1])["turns"]] == [
        True
    ] * 3


def test_marked_answers_are_counted_and_forgotten_too(conversations, place):
    Marks(place).keep(answer("One?"))
    told = "Marked as wrong, and resting on it: 1 answer; --yes erases these whole."
    code, out, _ = conversations("forget", "ferry.txt")
    assert (code, out) == (1, f"No answer that is kept rests on it.\n{told}\n")
    code, out, _ = conversations("forget", "ferry.txt", "--yes")
    assert code == 0
    assert "Erased of what was marked as wrong: 1 answer, with question and note." in out
    assert Marks(place).listing() == ()


def test_what_cannot_be_told_of_a_damaged_answer_is_said(conversations, kept, place):
    said(kept, "One?", "Two?")
    change(place, "UPDATE turns SET record = :zero WHERE place = 2")
    code, out, _ = conversations("forget", "nothing.txt")
    assert code == 1
    assert "Too damaged to tell what they rest on: 1 answer; `python -m rag conversations check` names them." in out
    told = json.loads(conversations("forget", "nothing.txt", "--json")[1])
    assert told == {
        "answers": 0,
        "conversations": 0,
        "unread": 1,
        "whole": True,
        "marks": 0,
        "untold": 0,
        "beside": 0,
        "why": "",
        "erased": False,
    }


def test_of_an_erased_answer_a_replay_says_so(conversations, kept, indexed):
    conversation = said(kept, "One?")
    conversations("forget", "mole.pdf", "--yes")
    code, out, err = conversations("replay", conversation)
    assert (code, err) == (0, "")
    assert out.startswith("1. One?\n   The answer to this question was erased on ")


# To a database --------------------------------------------------------------------------------------------------------


def test_what_is_in_the_files_is_moved_to_the_database_that_is_set(store, database, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTNOTE_STORE", str(store))
    said(Conversations(store), "One?", "Two?")
    assert guarded(lambda: main(("conversations", "move"))) == 2
    assert capsys.readouterr().err.startswith("There is no database to move to.\n")
    monkeypatch.setenv("FOOTNOTE_DATABASE", database)
    for much in ("1 conversation, 2 answers", "0 conversations, 0 answers"):
        assert guarded(lambda: main(("conversations", "move"))) == 0
        assert capsys.readouterr().out == (
            f"Moved: {much}, 0 marked answers, 0 users. "
            "The database postgres at this machine has them now, and the store has not.\n"
        )
    assert [c.turns for c in Conversations(Keeping(store, database)).listing()] == [2]
    assert Conversations(store).listing() == []


def test_while_something_is_left_in_the_files_nothing_is_said_of_the_database_alone(
    store, database, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTNOTE_STORE", str(store))
    said(Conversations(store), "One?")
    Users(store, {"n": 16, "r": 1, "p": 1}).add("ada", "correct horse")
    monkeypatch.setenv("FOOTNOTE_DATABASE", database)
    for asked in ("conversations check", "conversations forget mole.txt", "users list", "users remove ada"):
        assert guarded(lambda asked=asked: main(asked.split())) == 2
        assert capsys.readouterr().err == (
            "A database is set, and there is still something in users.json and conversations.db of the store.\n"
            "Bring it over: python -m rag conversations move\n"
        )
    for asked in ("conversations move", "conversations check", "users list"):
        assert guarded(lambda asked=asked: main(asked.split())) == 0
