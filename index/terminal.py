"""What all command lines share: progress on stderr, questions to the user, and an end that a person can read."""

from __future__ import annotations

import atexit
import contextlib
import io
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NoReturn

from index.errors import FootnoteError, ended
from index.printable import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from index.sync import Progress

# Seconds between two lines of progress where no bar can be drawn.
EVERY = 10.0
INTERRUPTED = 130  # what a shell gives for SIGINT
PIPE_CLOSED = 141  # and for SIGPIPE

_drawn: list[Bar] = []  # the bar that was drawn last


def finish(main: Callable[[], int]) -> NoReturn:
    """Runs a command line and ends the process with the exit code of `main`, as `guarded` gives it.

    What is registered for the end is done, and then the process is gone. Python would first take the model libraries
    apart, which costs 1.8 s of the processor: on a busy machine, Ctrl-C was answered at once and heeded after 5 s.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = guarded(main)
    except KeyboardInterrupt:  # pressed again, while the first was being answered
        code = INTERRUPTED
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


def guarded(main: Callable[[], int]) -> int:
    """The exit code of `main`. What it raises becomes a sentence and the next step on stderr, never a stack trace.

    FOOTNOTE_DEBUG=1 shows the trace of an error that nobody has foreseen. A letter that the terminal cannot show is
    written as its number.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = main()
        sys.stdout.flush()
        return code
    except FootnoteError as error:
        _say(error, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        _say("Stopped; nothing is lost, run the command again to go on", "")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output is gone; without this the interpreter complains when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:
        if os.environ.get("FOOTNOTE_DEBUG"):
            traceback.print_exc()
        _say(f"Something unforeseen happened: {_first_line(error)}", "FOOTNOTE_DEBUG=1 shows where; please report it.")
        return 1


@contextlib.contextmanager
def progress_bar(clock: Callable[[], float] = time.monotonic) -> Iterator[Progress]:
    """A Progress that draws a bar on stderr while a terminal is there, and otherwise writes a line every 10 s.

    Nothing is drawn, and nothing for drawing is loaded, before the first step: a command may talk to the user instead.
    """
    if not sys.stderr.isatty():
        yield _lines(clock)
        return
    with contextlib.ExitStack() as drawing:
        draw: Progress | None = None

        def begin_or_go_on(stage: str, done: int, total: int) -> None:
            nonlocal draw
            draw = draw or drawing.enter_context(_bar())
            draw(stage, done, total)

        yield begin_or_go_on


def _lines(clock: Callable[[], float]) -> Progress:
    last = clock()

    def write(stage: str, done: int, total: int) -> None:
        nonlocal last
        if clock() - last >= EVERY:
            last = clock()
            sys.stderr.write(f"{stage}: {done:,}{f' of {total:,}' if total else ''}\n")
            sys.stderr.flush()

    return write


@contextlib.contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        _drawn[:] = [bar]
        task = bar.add_task("starting", total=None, count="")

        def draw(stage: str, done: int, total: int) -> None:
            count = f"{done:,}{f' of {total:,}' if total else ''}"
            bar.update(task, description=stage, completed=done, total=total or None, count=count)

        yield draw


def asked(prompt: str) -> str | None:
    """The line that the user types below `prompt`, which is written to stderr; None at the end of what is typed.

    A bar that is drawn ends: it would be drawn over what is typed.
    """
    for bar in _drawn:
        bar.stop()
    sys.stderr.write(visible(prompt))
    sys.stderr.flush()
    line = sys.stdin.readline()
    return line.rstrip("\r\n") if line else None


def secret(prompt: str) -> str | None:
    """What the user types and is not shown, or the line that is piped in; None at the end of either."""
    if not sys.stdin.isatty():
        line = sys.stdin.readline()
        return line.rstrip("\r\n") if line else None
    import getpass

    try:
        return getpass.getpass(visible(prompt), sys.stderr)
    except EOFError:
        return None


def _say(sentence: object, hint: str) -> None:
    sys.stderr.write(visible("\n".join(filter(None, [ended(sentence), hint])) + "\n"))


def _first_line(error: BaseException) -> str:
    message = str(error).strip().split("\n")[0][:200]
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
