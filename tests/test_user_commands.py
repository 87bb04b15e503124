"""Users on the command line: what is typed, and that a password is never an argument and never repeated."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from test_conversations import said

from index.sync import sync_paths
from index.terminal import guarded
from rag.__main__ import main
from rag.answers import Question
from rag.conversations import Conversations
from rag.evals.room import Room
from rag.settings import Settings, build
from rag.users import Users

ROOT = Path(__file__).parent.parent
PASSWORD = "correct horse"


@pytest.fixture
def command(place, tmp_path, monkeypatch, capsys):
    """Runs a command with what is piped in: exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTNOTE_STORE", str(place.store))
    monkeypatch.setenv("FOOTNOTE_DATABASE", place.database)
    monkeypatch.setenv("FOOTNOTE_DEBUG", "1")

    def run(*arguments, piped=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(piped))
        code = guarded(lambda: main(("users", *arguments)))
        told = capsys.readouterr()
        assert "Traceback" not in told.out + told.err
        assert not piped.strip() or piped.strip() not in told.out + told.err
        return code, told.out, told.err

    return run


def test_the_first_user_is_told_what_changes(command, place):
    assert command("add", "Ada", piped=f"{PASSWORD}\n") == (
        0, "ada may log in. From now on the page asks everybody to log in.\n", ""
    )  # fmt: skip
    assert command("add", "grace", piped="another password")[1] == "grace may log in.\n"
    assert Users(place).check("ada", PASSWORD)
    assert Users(place).check("grace", "another password")


def test_users_are_listed(command):
    assert command("list") == (
        0, "There are no users: the page asks nobody to log in, and only this machine can reach it.\n", ""
    )  # fmt: skip
    for name in ("grace", "ada"):
        command("add", name, piped=PASSWORD)
    assert command("list") == (0, "ada\ngrace\n", "")
    assert json.loads(command("list", "--json")[1]) == ["ada", "grace"]


def test_a_password_is_changed(command, place):
    command("add", "ada", piped=PASSWORD)
    assert command("password", "ADA", piped="battery staple\n") == (
        0, "ada has another password, and is logged out everywhere.\n", ""
    )  # fmt: skip
    assert Users(place).check("ada", "battery staple")


def test_with_a_user_go_the_conversations_and_nobody_elses(command, place):
    for name in ("ada", "grace"):
        command("add", name, piped=PASSWORD)
        said(Conversations(place, name), "One?")
        said(Conversations(place, name), "Two?")
    said(Conversations(place), "Of before?")
    assert command("remove", "ada") == (0, "Removed: ada, with 2 conversations.\n", "")
    assert Conversations(place, "ada").listing() == []
    assert len(Conversations(place, "grace").listing()) == 2
    assert command("remove", "grace", "--keep-conversations") == (
        0, "Removed: grace. Nobody has to log in any more.\n", ""
    )  # fmt: skip
    assert len(Conversations(place, "grace").listing()) == 2
    assert len(Conversations(place).listing()) == 1


def test_with_a_user_go_the_marks_their_set_and_what_was_kept_of_its_runs(command, place, monkeypatch, embedder):
    monkeypatch.setattr("rag.settings.Embedder", lambda *_: embedder)
    store = place.store
    folder = store.parent / "articles"
    folder.mkdir()
    (folder / "mole.txt").write_text("The mole fell in August.", encoding="utf-8")
    sync_paths(store, [folder], embedder)
    settings = Settings(store, reader="sentences", database=place.database)
    parts = build(settings)
    rooms = {name: Room(parts, settings, name) for name in ("ada", "grace")}
    for name, room in rooms.items():
        command("add", name, piped=PASSWORD)
        room.judge_unanswerable(room.mark(parts.assistant.ask(Question(f"Who saw {name}?")), f"says {name}").id)
        room.run(room.sets()[-1].id)
    assert command("remove", "ada") == (0, "Removed: ada, with 1 marked answer.\n", "")
    left = [
        file.name for file in store.rglob("*") if file.is_file() and re.search(b"saw ada|says ada", file.read_bytes())
    ]
    assert left == []
    assert (rooms["ada"].marks(), rooms["ada"].lines(), rooms["ada"].sets()) == ((), (), ())
    assert [len(found) for found in (rooms["grace"].marks(), rooms["grace"].lines(), rooms["grace"].sets())] == [
        1,
        1,
        1,
    ]
    command("remove", "grace", "--keep-conversations")
    assert len(rooms["grace"].marks()) == 1


@pytest.mark.parametrize(
    ("arguments", "piped", "error"),
    [
        (("add", "ada"), "", "The password has 0 characters.\nIt must have 10 or more.\n"),
        (("add", "ada"), "short\n", "The password has 5 characters.\nIt must have 10 or more.\n"),
        (("add", "a b"), PASSWORD, "This cannot be a user's name.\n"),
        (("remove", "ada"), "", "There is no user 'ada'.\nThose there are: python -m rag users list\n"),
        (("password", "ada"), PASSWORD, "There is no user 'ada'.\nThose there are: python -m rag users list\n"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(command, place, arguments, piped, error):
    code, out, err = command(*arguments, piped=piped)
    assert (code, out) == (2, "")
    assert err.startswith(error)
    assert Users(place).names() == []


def test_a_name_that_is_taken_is_told_before_a_password_is_asked_for(command):
    command("add", "ada", piped=PASSWORD)
    assert command("add", "ada")[2].startswith("There is a user ada already.\n")


def on_a_terminal(store, *typed):
    """What a terminal shows of `users add ada`, and the exit code, when these lines are typed."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "rag", "users", "add", "ada", "--store", str(store)],
        cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        seen = b""
        for line in typed:
            while not seen.endswith(b": "):
                seen += os.read(ours, 1024)
            seen += b"|"
            os.write(ours, line.encode() + b"\n")
        try:
            while more := os.read(ours, 1024):
                seen += more
        except OSError:  # how Linux says that the other end is gone
            pass
        os.close(ours)
        return seen.decode(), process.wait(20)


def test_what_is_typed_is_asked_for_twice_and_not_shown(store):
    seen, code = on_a_terminal(store, PASSWORD, PASSWORD)
    assert code == 0
    assert seen.split("|")[:2] == ["Password: ", "\r\nOnce more: "]
    assert PASSWORD not in seen
    assert Users(store).check("ada", PASSWORD)


def test_two_passwords_that_differ_add_nobody(store):
    seen, code = on_a_terminal(store, PASSWORD, PASSWORD + "r")
    assert code == 2
    assert "The two passwords are not the same." in seen
    assert Users(store).names() == []
