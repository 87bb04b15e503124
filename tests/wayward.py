"""Readers that misbehave, for the processes of tests/test_workers.py to run: a job's name says what is done.

A name may carry a number: "sleep 5", "parts 300".
"""

import ctypes
import dataclasses
import os
import re
import signal
import subprocess
import sys
import time

from index.records import Article, article_id
from index.sources import reading
from index.sources.sightings import Reading


def read(job):
    """Do what the name of the job says, and then say so, as a reader would."""
    what, _, number = job.name.partition(" ")
    yield from DEEDS[what](job, float(number or 0)) or ()
    if what not in {"parts", "full", "other", "twice", "silent"}:
        yield Reading(job.source, "", "skipped", job.name)


def part(job, number, text="a part"):
    source = f"{job.source}#{number}"
    return Reading(source, "", "indexed", article=Article(article_id(source), source, "part", text), part_of=job.source)


def sleep(job, seconds):
    time.sleep(seconds)


def deaf(job, _):
    """Run away within a regular expression, where Python hears no signal and no other thread runs."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def eat(job, _):
    held = []
    while True:
        held.append(bytearray(10_000_000))


def gorge(job, _):
    return [bytearray(1 << 40)]


def die(job, _):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(job, _):
    os._exit(0)


def quit_politely(job, _):
    sys.exit("no")


def fall(job, _):
    """Read where nothing is, as a faulty library does."""
    ctypes.string_at(0)


def babble(job, _):
    """Write to every channel there is."""
    for channel in range(1, 20):
        try:
            os.write(channel, b"what is this? " * 10)
        except OSError:
            continue


def show(job, _):
    sys.stdout.write("hello\n")
    sys.stdout.flush()
    os.system("echo hello; echo hello >&2")
    assert sys.stdin.read() == ""


def recurse(job, _):
    return recurse(job, _)


def err(job, _):
    raise OSError("a library's own")


def parts(job, number):
    for at in range(int(number)):
        yield part(job, at)
    yield Reading(job.source, "", "opened")


def drip(job, seconds):
    """A part whenever the time is nearly up."""
    for at in range(100):
        time.sleep(seconds)
        yield part(job, at)


def full(job, number):
    """Far more than a pipe takes, in pieces of a megabyte."""
    for at in range(int(number)):
        yield part(job, at, "x" * 1_000_000)
    yield Reading(job.source, "", "opened")


def vast(job, _):
    yield part(job, 0, "x" * 65_000_000)


def other(job, _):
    yield Reading("some other file", "", "skipped", "mine now")


def twice(job, _):
    yield Reading(job.source, "", "skipped", "once")
    yield Reading(job.source, "", "skipped", "twice")


def silent(job, _):
    return None


def surrogate(job, _):
    yield Reading(f"{job.source}#0", "", "failed", "\ud800", part_of=job.source)


def child(job, _):
    """Start a process that outlives this one, and name it."""
    started = subprocess.Popen(["sleep", "600"])
    yield Reading(f"{job.source}#0", "", "skipped", str(started.pid), part_of=job.source)
    time.sleep(600)


def keys(job, _):
    yield Reading(f"{job.source}#0", "", "skipped", os.environ.get("FOOTNOTE_TEST_KEY", "none"), part_of=job.source)


def pid(job, _):
    yield Reading(f"{job.source}#0", "", "skipped", str(os.getpid()), part_of=job.source)


def slow_pid(job, _):
    yield from pid(job, _)
    time.sleep(600)


def grow(job, megabytes):
    HELD.append(b"x" * int(megabytes * 1_000_000))


def limits(job, _):
    import resource

    core, files = resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_NOFILE)
    reason = f"{core[1]} {files[1]} {os.getsid(0) == os.getpid()} {signal.getsignal(signal.SIGINT).name}"
    yield Reading(f"{job.source}#0", "", "skipped", reason, part_of=job.source)


def modules(job, _):
    """Read the file as it should be read, then name the libraries that are loaded."""
    (read_as,) = reading.read(dataclasses.replace(job, name=job.path.name))
    loaded = sorted({name.split(".")[0] for name in sys.modules})
    yield Reading(f"{job.source}#0", "", "skipped", " ".join([read_as.state, *loaded]), part_of=job.source)


HELD = []
DEEDS = {name: deed for name, deed in list(globals().items()) if callable(deed) and deed.__module__ == __name__}
