"""Reading in processes of their own: real ones, which run the readers of tests/wayward.py."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from index.sources import workers
from index.sources.sightings import Job
from index.sources.workers import CRASHED, NOT_STARTED, Limits, Pool

ROOT = Path(__file__).parent.parent
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
SMALL = Limits(memory=300 << 20, seconds=20)


@pytest.fixture
def pool():
    """Makes pools of wayward readers; their processes are gone afterwards."""
    pools = []

    def pool(reader="tests.wayward:read", size=2, **limits):
        pools.append(Pool(reader, size, Limits(**{"memory": SMALL.memory, "seconds": 20, **limits})))
        return pools[-1]

    yield pool
    for made in pools:
        made.close()
        assert not made.children


def job(name):
    return Job(f"/{name}", Path("/nowhere"), name)


def said(pool, *names):
    """What becomes of jobs with these names: the reasons, those of the parts included."""
    return [reading.reason or reading.state for reading in pool.read_all(job(name) for name in names)]


def alive(pid):
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def within(seconds, true):
    end = time.monotonic() + seconds
    while not (holds := true()) and time.monotonic() < end:
        time.sleep(0.02)
    return holds


# The order --------------------------------------------------------------------------------------------------------


def test_readings_come_in_the_order_of_the_jobs(pool):
    names = ["sleep 0.3", "sleep 0", "sleep 0.01", "sleep 0.2", *(f"sleep 0.00{i}" for i in range(9)), "sleep 0.1"]
    assert said(pool(), *names) == names


def test_jobs_are_read_side_by_side(pool):
    two = pool()
    said(two, "sleep 0.2", "sleep 0.2")  # both processes have started
    began = time.monotonic()
    said(two, "sleep 0.5", "sleep 0.5")
    assert time.monotonic() - began < 0.95


def test_jobs_are_read_ahead_while_a_reading_is_used(pool):
    readings = pool().read_all(job(name) for name in ["sleep 0", "sleep 0.5", "sleep 0.5"])
    next(readings)
    time.sleep(1.5)
    began = time.monotonic()
    next(readings)
    assert time.monotonic() - began < 0.2
    readings.close()


def test_jobs_are_asked_for_only_a_little_ahead(pool):
    asked = []
    readings = pool().read_all(asked.append(i) or job("sleep 0") for i in range(1000))
    next(readings)
    time.sleep(0.3)
    assert len(asked) <= workers.AHEAD + 2
    readings.close()


def test_the_parts_of_a_job_come_before_its_own_reading(pool):
    readings = list(pool().read_all([job("parts 300"), job("sleep 0")]))
    assert [r.source for r in readings] == [*(f"/parts 300#{i}" for i in range(300)), "/parts 300", "/sleep 0"]
    assert {r.part_of for r in readings[:300]} == {"/parts 300"}


def test_the_parts_of_a_large_file_wait_in_its_process(pool):
    one = pool(size=1)
    readings = one.read_all([job("full 100")])
    next(readings)
    (child,) = one.children
    run = child.run
    time.sleep(1)
    assert run.size <= workers.WAITING + 2_000_000
    assert len(list(readings)) == 100


def test_no_jobs_start_no_process(pool):
    one = pool()
    assert said(one) == []
    assert not one.children


def test_one_process_is_kept_for_job_after_job(pool):
    one = pool()
    assert len({said(one, "pid")[0] for _ in range(5)}) == 1


def test_a_job_that_no_pipe_takes_at_once_arrives(pool):
    long = Job("/sleep 0", Path("/nowhere"), "sleep 0", title="x" * 1_000_000)
    assert [r.reason for r in pool().read_all([long])] == ["sleep 0"]


def test_an_error_of_whoever_names_the_jobs_is_theirs(pool):
    def jobs():
        yield job("sleep 9")
        raise KeyError("theirs")

    one = pool()
    with pytest.raises(KeyError):
        list(one.read_all(jobs()))
    assert not one.children


# The limits -------------------------------------------------------------------------------------------------------

WAYWARD = {
    "eat": "needs more than 0.29 GB of memory",
    "gorge": "needs more than 0.29 GB of memory",
    "die": CRASHED,
    "leave": CRASHED,
    "quit_politely": CRASHED,
    "fall": CRASHED,
    "babble": CRASHED,
    "recurse": CRASHED,
    "err": CRASHED,
    "other": CRASHED,
    "silent": CRASHED,
    "unheard of": CRASHED,
    "show": "show",
}


@pytest.mark.parametrize("name", WAYWARD)
def test_a_file_that_misbehaves_is_told_and_the_next_one_is_read(pool, name):
    assert said(pool(size=1), name, "sleep 0") == [WAYWARD[name], "sleep 0"]


def test_many_that_misbehave_do_not_stop_a_run(pool):
    names = [*WAYWARD, "sleep 0.1"] * 2
    assert said(pool(), *names) == [WAYWARD.get(name, name) for name in names]


@pytest.mark.parametrize("name", ["sleep 60", "deaf"])
def test_a_file_that_takes_too_long_is_given_up(pool, name):
    began = time.monotonic()
    assert said(pool(size=1, seconds=1), name, "sleep 0") == ["gave up after 1 s", "sleep 0"]
    assert time.monotonic() - began < 4


def test_a_process_that_takes_too_long_ends_though_nobody_asks(pool):
    one = pool(seconds=1)
    readings = one.read_all([job("sleep 0"), job("deaf")])
    next(readings)
    assert within(6, lambda: len(one.children) == 1)
    assert [r.reason for r in readings] == ["gave up after 1 s"]


def test_every_part_has_the_time_of_an_article(pool):
    *parts, last = said(pool(seconds=1, whole=2.5), "drip 0.4")
    assert 4 <= len(parts) <= 6
    assert last == "gave up after 2.5 s"


def test_the_time_in_which_nobody_asks_is_not_that_of_the_file(pool):
    readings = pool(size=1, seconds=1, whole=2).read_all([job("full 30")])
    next(readings)
    time.sleep(3)
    assert [r.state for r in readings][-1] == "opened"


def test_a_file_of_too_many_articles_is_given_up(pool):
    *parts, last = said(pool(parts=10), "parts 11")
    assert len(parts) == 11
    assert last == "gave more text than is read"


def test_a_text_that_is_too_long_is_told_and_its_neighbours_are_read(pool):
    assert said(pool(memory=1 << 30), "vast", "sleep 0") == ["gave more text than is read", "vast", "sleep 0"]


def test_a_text_that_cannot_be_stored_is_told(pool):
    assert said(pool(), "surrogate")[0] == "its text cannot be stored"


def test_a_source_has_one_reading_of_its_own(pool):
    assert said(pool(size=1), "twice", "sleep 0") == ["once", "sleep 0"]


def test_a_reader_that_cannot_be_started_is_told(pool):
    assert said(pool("tests.wayward:nothing", size=1), "sleep 0", "die") == [NOT_STARTED, NOT_STARTED]


def test_a_process_that_died_while_idle_costs_nothing(pool):
    one = pool(size=1)
    for _ in range(5):
        (pid,) = said(one, "pid")[:1]
        os.kill(int(pid), signal.SIGKILL)
        assert said(one, "sleep 0") == ["sleep 0"]


def test_all_that_were_idle_may_have_died(pool):
    one = pool(size=2)
    for _ in range(5):
        assert said(one, "sleep 0.2", "sleep 0.2") == ["sleep 0.2", "sleep 0.2"]
        for child in list(one.children):
            os.kill(child._process.pid, signal.SIGKILL)
        assert said(one, "sleep 0") == ["sleep 0"]


def test_a_process_is_replaced_after_some_jobs(pool):
    pids = [reason for reason in said(pool(size=1, jobs=2), *["pid"] * 5) if reason != "pid"]
    assert [pids.index(pid) for pid in pids] == [0, 0, 2, 2, 4]


def test_a_process_that_has_grown_is_replaced(pool):
    before, _, _, after, _ = said(pool(size=1), "pid", "grow 150", "pid")
    assert before != after


def test_a_process_is_given_no_keys(pool, monkeypatch):
    monkeypatch.setenv("FOOTNOTE_TEST_KEY", "secret")
    assert said(pool(), "keys")[0] == "none"


# The end ----------------------------------------------------------------------------------------------------------


@LINUX
def test_closing_ends_what_is_under_way(pool):
    one = pool()
    readings = one.read_all([job("slow_pid"), job("sleep 60")])
    pid = next(readings).reason
    readings.close()
    assert not one.children
    assert within(1, lambda: not alive(pid))


@LINUX
def test_what_a_reader_has_started_ends_with_it(pool):
    readings = pool().read_all([job("child")])
    pid = next(readings).reason
    assert alive(pid)
    readings.close()
    assert within(1, lambda: not alive(pid))


@LINUX
def test_idle_processes_end_and_leave_no_thread(pool):
    one = pool(idle=0.3)
    threads = threading.active_count()
    pid, _ = said(one, "pid")
    assert alive(pid)
    assert within(3, lambda: not one.children and not Path(f"/proc/{pid}").exists())
    assert within(3, lambda: threading.active_count() <= threads)  # others may have ended meanwhile
    assert said(one, "sleep 0") == ["sleep 0"]


def test_two_callers_are_served_at_once(pool):
    one = pool()
    names = [f"sleep 0.0{i}" for i in range(9)]
    told = {}
    callers = [threading.Thread(target=lambda i=i: told.update({i: said(one, *names)})) for i in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(timeout=60)
    assert told == dict.fromkeys(range(4), names)
    assert len(one.children) <= 2


def test_a_caller_is_served_while_another_does_not_take_what_it_asked_for(pool):
    one = pool(size=1)
    held = one.read_all([job("full 50")])
    next(held)
    assert said(one, "sleep 0") == ["sleep 0"]
    assert len(list(held)) == 50


RUN = """
import sys
from pathlib import Path
from index.sources.sightings import Job
from index.sources.workers import Pool
names = sys.argv[1:]
for reading in Pool("tests.wayward:read").read_all(Job(f"/{n}", Path("/nowhere"), n) for n in names):
    print(reading.reason, flush=True)
"""


def run_of(*names):
    return subprocess.Popen(
        [sys.executable, "-c", RUN, *names], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@LINUX
@pytest.mark.parametrize("busy", ["sleep 60", "deaf"])
def test_ctrl_c_stops_a_run_and_its_processes_within_a_second(busy):
    with run_of("pid", "slow_pid", busy) as run:
        pids = [run.stdout.readline().strip() for _ in range(3)]
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        assert run.wait(timeout=5) != 0
        assert time.monotonic() - began < 1
        assert "KeyboardInterrupt" in run.stderr.read()
        assert within(0.5, lambda: not any(alive(pid) for pid in (pids[0], pids[2])))


@LINUX
def test_the_processes_of_a_run_that_was_killed_end_within_a_second():
    with run_of("pid", "sleep 0", "slow_pid") as run:
        first, _, _, busy = (run.stdout.readline().strip() for _ in range(4))
        run.kill()
        assert within(1, lambda: not alive(first) and not alive(busy))


@LINUX
def test_a_run_ends_at_once_and_its_idle_processes_with_it():
    with run_of("pid", "sleep 0") as run:
        pid = run.stdout.readline().strip()
        assert run.stdout.read() == "pid\nsleep 0\n"
        began = time.monotonic()
        assert run.wait(timeout=5) == 0
        assert time.monotonic() - began < 0.5
        assert within(1, lambda: not alive(pid))


@LINUX
def test_a_copy_of_the_run_has_processes_of_its_own(tmp_path):
    article = tmp_path / "mole.md"
    article.write_text("# The mole\n\nIt fell in August.")
    jobs = [Job(str(article), article, article.name)]
    assert [r.state for r in workers.read_all(jobs)] == ["indexed"]
    children = list(workers._shared.children)
    copy = os.fork()
    if not copy:
        states = [r.state for r in workers.read_all(jobs)]
        workers._shared.close()
        os._exit(0 if states == ["indexed"] else 1)
    assert os.waitpid(copy, 0)[1] == 0
    assert [r.state for r in workers.read_all(jobs)] == ["indexed"]
    assert workers._shared.children == children
