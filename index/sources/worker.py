"""The process that reads files for a run, one job after the other: `python -m index.sources.worker READER SECONDS ...`.

Whatever a file does to a parser, it does it here, where memory and time are limited before the first file is opened.
On Linux and macOS the limits are the kernel's, and hold while a parser answers to nothing else; Windows has no such
limits, and there index.sources.workers ends what takes too long. Only Linux ends this process in the middle of a job
when the run is gone; elsewhere it finds out when it has read the job, or its time is over.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from index.sources import frames
from index.sources.confined import limit
from index.sources.frames import job_heard, reading_said, receive, send
from index.sources.sightings import Job, Reading

# py3langid unpacks its model into a temporary file of 65 MB; nothing else that is read with writes.
MAX_FILE = 100_000_000
MAX_OPEN = 64
# Grown to this share of its memory, the process is replaced before a large file finds too little of it.
WORN_SHARE = 0.4
# Seconds after its time is up, when the run should have ended this process already.
GRACE = 2.0

Reader = Callable[[Job], Iterator[Reading]]


@dataclass(frozen=True, slots=True)
class Terms:
    """How long one reading may take, how many bytes of memory all of this may, when to end, and after how many jobs."""

    seconds: float
    memory: int
    idle: float
    jobs: int


def main(reader: str, *terms: str) -> None:
    """Serve until the run ends, or nothing comes for `idle` seconds, or this process is worn."""
    seconds, memory, idle, jobs = terms
    agreed = Terms(float(seconds), int(memory), float(idle), int(jobs))
    inward, outward = _channels()
    _limit(agreed.memory)
    module, _, name = reader.partition(":")
    serve(inward, outward, getattr(importlib.import_module(module), name), agreed)


def _channels() -> tuple[int, int]:
    """Standard input and output, taken out of the reach of libraries that print or ask."""
    inward, outward = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    return inward, outward


def _limit(memory: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run decides
    limit({"AS": memory, "CORE": 0, "FSIZE": MAX_FILE, "NOFILE": MAX_OPEN})
    # Where the machine itself runs out of memory, Linux is to end this process and not the run.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def serve(inward: int, outward: int, read: Reader, terms: Terms) -> None:
    """Answer every job that comes in with its readings."""
    for number in range(1, terms.jobs + 1):
        if not (content := _awaited(inward, terms.idle)):
            return
        _alone(inward, alone=True)
        _clock(terms.seconds)
        send(outward, frames.TAKEN)
        kind = _answer(outward, content, read, terms.seconds)
        if kind == frames.DONE and (number == terms.jobs or _resident() > WORN_SHARE * terms.memory):
            kind = frames.WORN
        _clock(None)
        _alone(inward, alone=False)
        send(outward, kind)
        if kind != frames.DONE:
            return


def _awaited(inward: int, idle: float) -> bytes | None:
    """The next job; None when the run has ended or nothing comes."""
    if sys.platform != "win32" and not select.select([inward], [], [], idle)[0]:
        return None
    frame = receive(inward)
    return frame[1] if frame and frame[0] == frames.JOB else None


def _answer(outward: int, content: bytes, read: Reader, seconds: float) -> bytes:
    """Send the readings of a job; the kind of the frame that ends them."""
    try:
        job = job_heard(content)
        for reading in read(job):
            _send(outward, job, reading)
            _clock(seconds)
    except MemoryError:
        return frames.NO_MEMORY
    except BaseException:  # some library may even want to exit
        return frames.BROKEN
    return frames.DONE


def _send(outward: int, job: Job, reading: Reading) -> None:
    said = _said(reading)
    _clock(None)  # the run takes it when it has the time
    try:
        send(outward, frames.PART if reading.part_of else frames.READING, said)
    except OSError:
        os._exit(1)  # nobody listens any more


def _said(reading: Reading) -> bytes:
    try:
        said = reading_said(reading)
    except UnicodeEncodeError:
        return reading_said(_failed(reading, "its text cannot be stored"))
    return said if len(said) <= frames.MAX_FRAME else reading_said(_failed(reading, frames.TOO_MUCH))


def _failed(reading: Reading, reason: str) -> Reading:
    return replace(reading, digest="", state="failed", reason=reason, article=None)


def _clock(seconds: float | None) -> None:
    """End this process in so many seconds, whatever it is doing then; not at all for None."""
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_REAL, 0 if seconds is None else seconds + GRACE)


def _alone(inward: int, *, alone: bool) -> None:
    """While `alone`, end this process when the other end of the channel closes.

    The kernel then sends SIGIO, which ends a process on Linux even within a regular expression that has run away;
    elsewhere it is ignored. Anything else that came in would send it too, but a run waits for one job to be done.
    """
    if sys.platform == "win32":
        return
    import fcntl

    flags = fcntl.fcntl(inward, fcntl.F_GETFL)
    if not alone:
        fcntl.fcntl(inward, fcntl.F_SETFL, flags & ~os.O_ASYNC)
        return
    fcntl.fcntl(inward, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(inward, fcntl.F_SETFL, flags | os.O_ASYNC)
    if select.select([inward], [], [], 0)[0]:  # closed before it was watched
        os._exit(1)


def _resident() -> int:
    """The bytes of memory this process holds now; where that is not told, the most it held."""
    with contextlib.suppress(OSError):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "win32":
        return 0
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
