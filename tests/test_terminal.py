import io
import sys

import pytest

from index.errors import FootnoteError, UsageError
from index.terminal import EVERY, guarded, progress_bar


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
