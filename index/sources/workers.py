"""Reading files in processes of their own, with limits, so that no file can stop or harm a run.

A file is read by index.sources.worker, which gives itself limits of memory and time. Here these processes are started,
and ended where one does not keep to its limits; jobs are handed out, and the readings put back into their order.

Each process has a thread here that listens to it. All that both sides know is changed under one lock, and whoever waits
is woken by any change. Jobs are begun ahead of the reading that is asked for, by few jobs and few bytes.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from index.sources import frames
from index.sources.confined import ROOT, surroundings
from index.sources.frames import Garbled, TooLarge, job_said, reading_heard, receive, send
from index.sources.sightings import Job, Reading

READER = "index.sources.reading:read"
SIZE = min(2, os.cpu_count() or 1)
# How far reading goes ahead of what is asked for: jobs, and bytes that wait.
AHEAD = 16
WAITING = 8_000_000
# What every pipe takes at once, so that nobody waits for a process that has stopped to listen.
AT_ONCE = 4_000

CRASHED = "the reader of this format crashed"
NOT_STARTED = "the reader could not be started"

_ONE_THREAD = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "VECLIB_MAXIMUM_THREADS": "1",
}  # fmt: skip


def read_all(jobs: Iterable[Job]) -> Iterator[Reading]:
    """What the files say, in the order of the jobs, a few of which are read ahead. No file can stop it.

    When the iterator is closed, or anything is raised in it, the processes that read for it are ended.
    """
    return _shared.read_all(jobs)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reading may take, in seconds and bytes, and how long a process is kept.

    `seconds` is for one article; a file that holds many may take that long for each and `whole` for all, the time in
    which nobody took its readings left out. An idle process ends after `idle` seconds, any after `jobs` jobs.
    """

    seconds: float = 60.0
    whole: float = 900.0
    memory: int = 1 << 30
    parts: int = 1_000_000
    idle: float = 60.0
    jobs: int = 2_000

    @property
    def too_big(self) -> str:
        """The reason why a file was given up that needs more memory."""
        return f"needs more than {self.memory / (1 << 30):.2g} GB of memory"


DEFAULT = Limits()


@dataclass(slots=True, eq=False)
class _Run:
    """A job under way, and what has come of it and was not taken yet. `fault` says why nothing more will."""

    job: Job
    child: _Child | None = None
    readings: deque[tuple[Reading, int]] = field(default_factory=deque)  # each with its size in bytes
    size: int = 0
    parts: int = 0
    taken: bool = False  # by the process
    again: bool = False  # given to a second process, because the first ended before it took the job
    answered: bool = False  # the reading of the source itself has come
    done: bool = False
    fault: str = ""
    over: bool = False  # for whoever asked for it
    since: float = 0.0  # when the time for the next article began
    resumed: float = 0.0  # when the process could last go on
    spent: float = 0.0  # by the process before that

    def begin(self, child: _Child) -> None:
        self.child, self.taken, self.fault = child, False, ""
        self.since = self.resumed = time.monotonic()

    def left(self, limits: Limits) -> tuple[float, str]:
        """How many seconds are left, and the reason for giving up when none are."""
        now = time.monotonic()
        one = limits.seconds - (now - self.since)
        whole = limits.whole - self.spent - (now - self.resumed)
        return min((one, f"gave up after {limits.seconds:g} s"), (whole, f"gave up after {limits.whole:g} s"))


class Pool:
    """Processes that read files: at most `size`, and one more for a caller who would have none.

    `reader` is the function that reads a job, as "module:name". The processes are started when there are jobs for them.
    """

    def __init__(self, reader: str = READER, size: int = SIZE, limits: Limits = DEFAULT) -> None:
        self.reader, self.size, self.limits = reader, size, limits
        self.changed = threading.Condition()
        self.children: list[_Child] = []
        self._owner = os.getpid()
        atexit.register(self.close)

    def read_all(self, jobs: Iterable[Job]) -> Iterator[Reading]:
        """The readings of each job, in the order of the jobs."""
        upcoming = iter(jobs)
        line: deque[_Run] = deque()
        try:
            job = next(upcoming, None)
            while line or job:
                while job and self._begin(job, line):
                    job = next(upcoming, None)
                if reading := self._heard(line[0]):
                    yield reading
                if line[0].over:
                    line.popleft()
        finally:
            for run in line:
                self._end(run)

    def close(self) -> None:
        """End all processes, and wait a moment until they have."""
        if os.getpid() != self._owner:
            return
        with self.changed:
            children = list(self.children)
            for child in children:
                child.kill()
        for child in children:
            child.listener.join(timeout=1)

    def _begin(self, job: Job, line: deque[_Run]) -> bool:
        """Begin the job behind those in line; False as long as too much waits there, or nobody is free."""
        with self.changed:
            if line and (len(line) >= AHEAD or sum(run.size for run in line) > WAITING):
                return False
            served = any(run.child and run.child.run is run for run in line)
            if served and not self._free() and len(self.children) >= self.size:
                return False
            line.append(_Run(job))
            self._give(line[-1])
            return True

    def _free(self) -> _Child | None:
        """The process that was free last, so that the others can end when one is enough."""
        return next((child for child in reversed(self.children) if not child.run), None)

    def _give(self, run: _Run) -> None:
        """Give the job to a process that is free, or to a new one.

        The second time to a new one: those that became free together end together when they were idle for long.
        """
        child = None if run.again else self._free()
        try:
            child = child or _Child(self)
        except OSError:
            child = self._free()
        if child:
            run.begin(child)
            child.take(run)
        else:
            run.fault, run.again = NOT_STARTED, True

    def _heard(self, run: _Run) -> Reading | None:
        """The next reading of a job; None when it is over, or after some other change: somebody may be free."""
        with self.changed:
            left, late = run.left(self.limits)
            if not (run.readings or run.done or run.fault):
                # A moment more when it is late, for what has come while this process itself was stopped.
                self.changed.wait(min(max(0.1, left), self.limits.whole))
            if run.readings:
                reading, size = run.readings.popleft()
                run.size -= size
                self.changed.notify_all()  # its listener may wait for room
                return reading
            fault = run.fault or ("" if left > 0 or run.done else late)
            if not fault:
                run.over = run.done
                return None
            self._end(run)
            if not run.taken and not run.again:
                run.again = True
                self._give(run)
                return None
            run.over = True
        if run.answered:
            return None
        return Reading(run.job.source, "", "failed", fault if run.taken else NOT_STARTED)

    def _end(self, run: _Run) -> None:
        """End the process that works on the job, if one does."""
        if os.getpid() != self._owner:  # in a copy of the run that a fork has made
            return
        with self.changed:
            if run.child and run.child.run is run:
                run.child.kill()


class _Child:
    """A process that reads, and the thread that listens to it. Everything here happens under the lock of the pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._process = _started(pool.reader, pool.limits)
        assert self._process.stdin
        assert self._process.stdout
        self._inward, self._outward = self._process.stdin, self._process.stdout
        self.run: _Run | None = None
        self.listener = threading.Thread(target=self._listen, name="reading", daemon=True)
        pool.children.append(self)
        self.listener.start()

    def take(self, run: _Run) -> None:
        """Give it a job. That it has ended meanwhile is heard by the listener."""
        self.run = run
        content = job_said(run.job)
        if len(content) <= AT_ONCE:
            with contextlib.suppress(OSError):
                send(self._inward.fileno(), frames.JOB, content)
        else:
            channel = os.dup(self._inward.fileno())
            threading.Thread(target=_hand_over, args=(channel, content), name="handing over", daemon=True).start()

    def kill(self) -> None:
        """End it now, with whatever it has started."""
        if self in self._pool.children:
            self._pool.children.remove(self)
        if self._process.returncode is None:
            with contextlib.suppress(OSError):
                if sys.platform == "win32":
                    self._process.kill()
                else:
                    os.killpg(self._process.pid, signal.SIGKILL)
        self.run = None
        self._pool.changed.notify_all()

    def let_go(self) -> None:
        """Close the channels to it, without ending it."""
        self._inward.close()
        self._outward.close()

    def _listen(self) -> None:
        """Hear it out, then bury it."""
        fault = CRASHED
        try:
            while frame := receive(self._outward.fileno()):
                self._note(*frame)
        except _Fault as error:
            fault = str(error)
        except TooLarge:
            fault = frames.TOO_MUCH
        except (Garbled, OSError):
            pass
        with self._pool.changed:
            run = self.run
            self.kill()
        # What it died of is not changed by being killed after its death.
        died = self._process.wait()
        if hasattr(signal, "SIGALRM") and died == -signal.SIGALRM:
            fault = f"gave up after {self._pool.limits.seconds:g} s"
        with self._pool.changed:
            self.let_go()
            if run and run.child is self:
                run.fault = fault
            self._pool.changed.notify_all()

    def _note(self, kind: bytes, content: bytes) -> None:
        """Add what was said to what came of the job. Raises Garbled and _Fault when no more is to be heard."""
        run = self.run
        if run is None:
            raise Garbled("said without being asked")
        reading = reading_heard(content, run.job) if kind in {frames.READING, frames.PART} else None
        with self._pool.changed:
            run.spent += time.monotonic() - run.resumed
            if reading and not run.answered:
                self._add(run, reading, len(content))
            elif kind == frames.TAKEN and not run.taken:
                run.taken, run.since = True, time.monotonic()
            elif kind in {frames.DONE, frames.WORN} and run.answered:
                self._finish(run, worn=kind == frames.WORN)
            else:
                raise _Fault(self._pool.limits.too_big if kind == frames.NO_MEMORY else CRASHED)
            run.resumed = time.monotonic()
            self._pool.changed.notify_all()

    def _add(self, run: _Run, reading: Reading, size: int) -> None:
        """Let a reading wait to be taken, as soon as there is room for it."""
        while run.size > WAITING and self.run is run:
            run.since = run.resumed = math.inf  # the clock stands still
            self._pool.changed.wait()
        run.readings.append((reading, size))
        run.size += size
        run.parts += 1
        run.answered = not reading.part_of
        if reading.part_of or run.since == math.inf:
            run.since = time.monotonic()
        limits = self._pool.limits
        if run.parts > limits.parts:
            raise _Fault(frames.TOO_MUCH)
        if run.spent > limits.whole:
            raise _Fault(f"gave up after {limits.whole:g} s")

    def _finish(self, run: _Run, *, worn: bool) -> None:
        """Be free for another job, unless it is worn or one too many."""
        run.done, self.run = True, None
        children = self._pool.children
        if worn or len(children) > self._pool.size:
            self.kill()
        elif self in children:
            children.remove(self)
            children.append(self)


class _Fault(Exception):
    """Why a job is given up, in words for the ledger."""


def _started(reader: str, limits: Limits) -> subprocess.Popen[bytes]:
    """A new process, in a group of its own: Ctrl-C in a terminal is for the run, which then ends its processes."""
    terms = (str(limits.seconds), str(limits.memory), str(limits.idle), str(limits.jobs))
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "index.sources.worker", reader, *terms],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        cwd=ROOT,
        env=surroundings() | _ONE_THREAD,
        start_new_session=True,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def _hand_over(channel: int, content: bytes) -> None:
    """Send a job that is too long to be taken at once, to a process that may never take it."""
    with contextlib.suppress(OSError):
        send(channel, frames.JOB, content)
    os.close(channel)


_shared = Pool()


def _disown() -> None:
    """Begin anew in the copy of a run that a fork has made: its processes belong to the original."""
    global _shared
    for child in _shared.children:
        child.let_go()
    _shared = Pool()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown)
