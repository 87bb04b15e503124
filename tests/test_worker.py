"""The process that reads, as a process: what it gives itself, what it loads, and how it ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from index.sources import frames
from index.sources.frames import job_said, reading_heard, receive, send
from index.sources.sightings import Job
from tests.test_workers import ROOT, alive, within

SEEDS = sorted(path for path in (ROOT / "seeds").iterdir() if path.suffix in {".md", ".txt", ".html", ".pdf", ".docx"})
HEAVY = {"torch", "chromadb", "gradio", "transformers", "sentence_transformers", "langchain_core", "fastapi", "apsw"}


@pytest.fixture
def worker():
    started = subprocess.Popen(
        [sys.executable, "-m", "index.sources.worker", "tests.wayward:read", "20", str(1 << 30), "20", "100"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
        start_new_session=True,
    )  # fmt: skip
    with started:
        yield started
        started.kill()


def told(worker, name, path=Path("/nowhere")):
    """What comes back for a job: the kinds of the frames, and the reasons of the readings."""
    job = Job(f"/{name}", path, name)
    send(worker.stdin.fileno(), frames.JOB, job_said(job))
    kinds, reasons = b"", []
    while frame := receive(worker.stdout.fileno()):
        kinds += frame[0]
        if frame[1]:
            reasons.append(reading_heard(frame[1], job).reason)
        if frame[0] not in {frames.TAKEN, frames.PART, frames.READING}:
            break
    return kinds, reasons


def test_a_job_is_answered_by_its_readings_between_two_marks(worker):
    assert told(worker, "pid") == (b"TPRD", [str(worker.pid), "pid"])


def test_what_a_library_prints_comes_nowhere_near_the_frames(worker):
    assert told(worker, "show") == (b"TRD", ["show"])


def test_it_limits_itself(worker):
    assert told(worker, "limits")[1][0] == "0 64 True SIG_IGN"


@pytest.mark.parametrize("path", {path.suffix: path for path in SEEDS}.values(), ids=lambda path: path.suffix)
def test_reading_an_article_loads_nothing_heavy(worker, path):
    state, *loaded = told(worker, "modules", path)[1][0].split()
    assert state == "indexed"
    assert "py3langid" in loaded
    assert not HEAVY & set(loaded)


def test_it_ends_when_no_more_can_come(worker):
    worker.stdin.close()
    assert worker.wait(timeout=10) == 0


def test_it_ends_when_something_comes_that_is_no_job(worker):
    worker.stdin.write(b"GET / HTTP/1.1\r\n\r\n")
    assert worker.wait(timeout=10) == 1


def test_it_ends_within_a_job_when_the_run_is_gone(worker):
    send(worker.stdin.fileno(), frames.JOB, job_said(Job("/deaf", Path("/nowhere"), "deaf")))
    assert receive(worker.stdout.fileno())[0] == frames.TAKEN
    assert alive(worker.pid)
    worker.stdin.close()
    assert within(1, lambda: not alive(worker.pid))
