"""Runs whose calls to the C library fail: a server that forks one for each job it is asked for, under LD_PRELOAD.

`python -m proofs.starved` reads a job as a line and writes the exit code of its run, with the calls counted and failed.
"""

from __future__ import annotations

import base64
import ctypes
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from proofs.children import PATIENCE, Job

SOURCE = Path(__file__).with_name("fail_calls.c")
WRITE, SYNC, TRUNCATE, CREATE, REMOVE = 1, 2, 4, 8, 16


@dataclass(frozen=True, slots=True)
class Failure:
    """Which calls below the store fail: those of `kinds` from the call `first` on, all of them when `lasting`."""

    first: int
    kinds: int
    error: int
    lasting: bool
    trace: Path | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code, None when it hung; how many calls were counted and how many failed."""

    code: int | None
    counted: int
    failed: int


def compiled(place: Path) -> Path | None:
    """The library that makes calls fail, compiled here; None where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        return None
    library = place / "fail_calls.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    return library


class Starver:
    """The server, for as long as it is open."""

    def __init__(self, library: Path) -> None:
        environment = os.environ | {"LD_PRELOAD": str(library), "FAIL_CALLS": str(library)}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "proofs.starved"], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def run(self, job: Job, failure: Failure) -> Ended:
        """Runs it with the failure."""
        sent, received = self._server.stdin, self._server.stdout
        assert sent
        assert received
        sent.write(base64.b64encode(pickle.dumps((job, failure))) + b"\n")
        sent.flush()
        line = received.readline().split()
        if len(line) != 3:
            raise RuntimeError("the server of starved runs has ended")
        code, counted, failed = (int(word) for word in line)
        return Ended(None if code == -signal.SIGALRM else code, counted, failed)

    def __enter__(self) -> Starver:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.communicate()


def _serve(jobs: IO[bytes], answers: IO[bytes]) -> None:
    import proofs.warm  # noqa: F401

    library = ctypes.CDLL(os.environ["FAIL_CALLS"])
    library.calls_counted.restype = library.calls_failed.restype = ctypes.c_long
    library.fail_calls.argtypes = [
        ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_char_p
    ]  # fmt: skip
    for line in jobs:
        job, failure = pickle.loads(base64.b64decode(line))
        with tempfile.TemporaryFile() as counts:
            child = os.fork()
            if not child:
                _starve(library, job, failure, counts)
            _, status = os.waitpid(child, 0)
            counts.seek(0)
            said = counts.read() or b"0 0"
        answers.write(b"%d %s\n" % (os.waitstatus_to_exitcode(status), said))
        answers.flush()


def _starve(library: ctypes.CDLL, job: Job, failure: Failure, counts: IO[bytes]) -> None:
    """One run in this process, which ends with it. It is ended by an alarm when it hangs."""
    from proofs.children import ending

    signal.alarm(PATIENCE)
    trace = os.fsencode(failure.trace) if failure.trace else None
    library.fail_calls(os.fsencode(job.store), failure.first, failure.kinds, failure.error, int(failure.lasting), trace)
    code = 1
    try:
        code = ending(job)
    finally:
        # Also after an error that nothing caught, whose trace Python has not shown yet.
        if error := sys.exc_info()[1]:
            sys.excepthook(type(error), error, error.__traceback__)
        os.write(counts.fileno(), b"%d %d" % (library.calls_counted(), library.calls_failed()))
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(sys.stdin.buffer, os.fdopen(os.dup(1), "wb"))
