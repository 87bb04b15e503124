import io
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from index.errors import FootnoteError, UsageError
from index.terminal import EVERY, asked, guarded, progress_bar

ROOT = Path(__file__).parent.parent


def raising(error):
    def main():
        raise error

    return main


@pytest.mark.parametrize("code", [0, 1])
def test_the_exit_code_is_that_of_the_command(code):
    assert guarded(lambda: code) == code


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (FootnoteError("The store is full", "Make room."), 1, "The store is full.\nMake room.\n"),
        (UsageError("What is meant?"), 2, "What is meant?\n"),
        (KeyboardInterrupt(), 130, "Stopped; nothing is lost, run the command again to go on.\n"),
        (
            ValueError("bad\nvalue"),
            1,
            "Something unforeseen happened: ValueError: bad.\nFOOTNOTE_DEBUG=1 shows where; please report it.\n",
        ),
    ],
)
def test_an_error_is_a_sentence_and_the_next_step(capsys, monkeypatch, error, code, said):
    monkeypatch.delenv("FOOTNOTE_DEBUG", raising=False)
    assert guarded(raising(error)) == code
    assert capsys.readouterr() == ("", said)


def test_a_trace_is_shown_to_who_asks_for_it(capsys, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_DEBUG", "1")
    guarded(raising(ValueError("bad")))
    assert "Traceback" in capsys.readouterr().err


def ended(main, *, before=""):
    """How a process ended that did so with `main`: its exit code, and what it said."""
    lines = f"import atexit, os, signal, sys\nfrom index.terminal import finish\n{before}\ndef main():\n"
    code = f"{lines}{textwrap.indent(textwrap.dedent(main), '    ')}\nfinish(main)"
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_a_process_ends_with_what_was_said_and_what_was_registered_for_the_end():
    registered = "atexit.register(lambda: print('put away', end=''))"
    assert ended("print('said', end=' ')\nreturn 3", before=registered) == (3, "said put away", "")


def test_nothing_is_waited_for_or_taken_apart_once_a_command_is_done():
    late = "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,)).start()"
    assert ended("return 0", before=late) == (0, "", "")


def test_ctrl_c_is_one_sentence_and_one_more_does_not_add_a_trace():
    press = "os.kill(os.getpid(), signal.SIGINT)"
    code, out, err = ended(f"try:\n    {press}\nfinally:\n    {press}")
    assert (code, out, err) == (130, "", "Stopped; nothing is lost, run the command again to go on.\n")
    again = f"sys.stderr = type('', (), {{'write': lambda self, text: {press}, 'flush': lambda self: None}})()"
    assert ended(press, before=again) == (130, "", "")


def test_where_ctrl_c_is_ignored_it_stays_so():
    ignored = "signal.signal(signal.SIGINT, signal.SIG_IGN)"  # as a shell does for what runs in its background
    assert ended("os.kill(os.getpid(), signal.SIGINT)\nreturn 0", before=ignored) == (0, "", "")


def test_progress_that_is_not_watched_is_a_line_now_and_then(capsys):
    seconds = iter([0, 1, EVERY, EVERY + 1, 2 * EVERY, 3 * EVERY])
    now = [0.0]

    def clock():
        return now[0]

    with progress_bar(clock) as progress:
        for done, now[0] in enumerate(seconds):
            progress("embedding", done * 1_000, 0 if done == 5 else 9_000)
    lines = ["embedding: 2,000 of 9,000", "embedding: 4,000 of 9,000", "embedding: 5,000"]
    assert capsys.readouterr() == ("", "\n".join([*lines, ""]))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_no_bar_is_drawn_before_something_goes_on(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_bar():
        pass
    assert sys.stderr.getvalue() == ""


def test_progress_that_is_watched_is_a_bar_on_stderr_that_leaves_nothing_behind(capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress_bar() as progress:
        progress("scanning", 7, 0)
        progress("embedding", 1_024, 2_048)
    drawn = sys.stderr.getvalue()
    assert "embedding" in drawn
    assert "1,024 of 2,048" in drawn
    assert drawn.endswith("\x1b[2K")
    assert capsys.readouterr().out == ""


def test_a_letter_that_the_terminal_cannot_show_is_written_as_its_number():
    code = "from index.terminal import guarded; guarded(lambda: print('M\u00f6le \u2192') or 0)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"M\xf6le \\u2192\n")


def test_a_question_is_written_to_stderr_and_the_line_below_it_is_given(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n\n"))
    assert [asked("Well? "), asked("And\x1b[31m? "), asked("")] == ["yes", "", None]
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "Well? And[31m? ")


def test_a_bar_ends_before_the_user_is_asked(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    with progress_bar() as progress:
        progress("indexing", 1, 2)
        assert asked("Well? ") == "yes"
        assert sys.stderr is screen  # a bar that is drawn puts itself in its place
        assert screen.getvalue().endswith("Well? ")
