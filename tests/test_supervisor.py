"""`python -m rag serve --workers 2` as it is started: two processes at one port, and the one that keeps them."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from doors import KEY, until
from prometheus_client.parser import text_string_to_metric_families

from rag.doors.supervisor import LONGEST_PAUSE, pause

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are stopped and killed by signals")
# A machine that runs other tests takes a while to import the libraries of two processes.
PATIENCE = 90


class Server:
    """A server of two processes. Its log lies in a file."""

    def __init__(self, log, store, *arguments, keys=""):
        self.log = log
        environ = {**os.environ, "FOOTNOTE_API_KEYS": keys, "FOOTNOTE_STORE": str(store), "TMPDIR": str(log.parent)}
        command = [sys.executable, "-m", "rag", "serve", "--workers", "2", "--port", "0", "--log", "json"]
        with log.open("w") as written:
            self.process = subprocess.Popen(
                [*command, *arguments], cwd=ROOT, env=environ, stderr=written, stdout=written
            )
        until(lambda: len(self.begun()) == 2, PATIENCE)
        self.url = re.fullmatch(r"Footnote listens at (\S+)", self.lines()[0]["event"])[1]

    def lines(self):
        return [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def begun(self):
        """The number and the id of each process that was begun, in order."""
        return [(line["worker"], line["pid"]) for line in self.lines() if line["event"] == "a worker begins"]

    def pid(self, worker):
        return dict(self.begun())[worker]

    @contextlib.contextmanager
    def only(self, worker):
        """Meanwhile the other process stands still."""
        other = self.pid(3 - worker)
        os.kill(other, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(other, signal.SIGCONT)

    def get(self, path, **given):
        return httpx.get(f"{self.url}{path}", timeout=PATIENCE, **given)

    def answered(self):
        """Who answered, in order."""
        return [line["worker"] for line in self.lines() if line["event"] == "request"]


@pytest.fixture
def started(tmp_path, store):
    """Starts a server; whatever is left of it ends with the test."""
    servers = []

    def start(*arguments, keys=""):
        servers.append(Server(tmp_path / "log", store, *arguments, keys=keys))
        return servers[-1]

    yield start
    for server in servers:
        server.process.kill()
        server.process.wait()
        until(lambda server=server: not any(alive(pid) for _, pid in server.begun()))


def alive(pid):
    """Whether the process is there; one that has ended and was not asked for yet is not."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        with contextlib.suppress(OSError):
            return stat.read_text().rpartition(")")[2].split()[0] != "Z"
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def test_each_answers_at_the_port_and_the_log_says_which(started):
    server = started()
    for worker in (1, 2):
        with server.only(worker):
            assert server.get("/v1/health").status_code == 200
            # It is told after the response, which may be later than this one stands still.
            until(lambda worker=worker: server.answered() == [1, 2][:worker])


def test_both_read_what_another_process_publishes(started, tmp_path, store):
    server = started()
    for worker in (1, 2):
        with server.only(worker):
            assert "noon" not in server.get("/v1/articles").text
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "noon.txt").write_text("The ferry sails at noon. A ticket costs two crowns.")
    command = [sys.executable, "-m", "index", "sync", str(articles), "--store", str(store)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=PATIENCE)
    for worker in (1, 2):
        with server.only(worker):
            assert "The ferry sails at noon." in server.get("/v1/search", params={"q": "When does it sail?"}).text


def test_limits_for_the_whole_server_are_shared_among_them(started):
    server = started("--per-minute", "3", keys=f"reader:{KEY}")
    headers = {"authorization": f"Bearer {KEY}"}
    for worker in (1, 2):
        with server.only(worker):
            assert server.get("/v1/health").status_code == 401
            statuses = [server.get("/v1/health", headers=headers).status_code for _ in range(3)]
            assert statuses == [200, 200, 429]  # half of three, rounded up


def test_metrics_are_those_of_both_and_outlive_a_process(started):
    server = started()

    def unknown_paths():
        got = server.get("/metrics").text
        families = text_string_to_metric_families(got)
        return {s.labels["status"]: s.value for f in families for s in f.samples if s.name == "footnote_errors_total"}

    for worker in (1, 2):
        with server.only(worker):
            assert server.get("/nowhere").status_code == 404
            assert unknown_paths() == {"404": worker}
    os.kill(server.pid(1), signal.SIGKILL)
    until(lambda: len(server.begun()) == 3, PATIENCE)
    with server.only(1):
        assert unknown_paths() == {"404": 2}
        assert server.get("/nowhere").status_code == 404
    assert unknown_paths() == {"404": 3}


def test_when_one_is_killed_the_other_goes_on_and_another_is_begun(started):
    server = started()
    first = server.pid(1)
    os.kill(first, signal.SIGKILL)
    assert server.get("/v1/health").status_code == 200
    until(lambda: len(server.begun()) == 3, PATIENCE)
    died = next(line for line in server.lines() if line["event"] == "a worker died")
    assert (died["worker"], died["exit"]) == (1, -signal.SIGKILL)
    assert server.pid(1) != first
    with server.only(1):
        assert server.get("/v1/health").status_code == 200


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_all_end(started, tmp_path, told):
    server = started()
    for worker in (1, 2):
        with server.only(worker):
            assert server.get("/v1/health").status_code == 200
    server.process.send_signal(told)
    assert server.process.wait(PATIENCE) == 0
    assert not any(alive(pid) for _, pid in server.begun())
    assert {line["level"] for line in server.lines()} == {"INFO"}
    assert not list(tmp_path.glob("footnote-*"))  # what they counted


def test_when_the_one_that_keeps_them_is_killed_they_end(started):
    server = started()
    for worker in (1, 2):
        with server.only(worker):
            assert server.get("/v1/health").status_code == 200
    server.process.kill()
    server.process.wait()
    until(lambda: not any(alive(pid) for _, pid in server.begun()), PATIENCE)


@pytest.mark.parametrize("broken", [{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "json"}])
def test_what_cannot_be_meant_is_told_once_and_nothing_begins(tmp_path, broken):
    ran = subprocess.run(
        [sys.executable, "-m", "rag", "serve", "--workers", "2", "--port", "0", "--store", str(tmp_path / "store")],
        cwd=ROOT, env=os.environ | broken, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert ran.returncode == 2
    assert len(ran.stderr.splitlines()) == 2
    assert ran.stderr.startswith("Spans cannot be sent by json.\n")


DIES = """
import logging, signal
from rag.doors.supervisor import supervise

def work(number):
    return 3

if __name__ == "__main__":
    logging.basicConfig(format="%(message)s %(facts)s", level=logging.INFO)
    supervise(work, 1)
"""


def test_one_that_dies_at_once_is_waited_for_longer_each_time(tmp_path):
    script = tmp_path / "dies.py"
    script.write_text(DIES)
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, script], env=environ, stderr=subprocess.PIPE, text=True) as process:
        deaths = []
        for line in process.stderr:
            if line.startswith("a worker died"):
                deaths.append(re.search(r"'exit': 3, 'again': ([\d.]+)", line)[1])
            if len(deaths) == 2:
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert deaths == ["1.0", "2.0"]


def test_pauses_double_up_to_a_minute():
    assert [pause(early) for early in range(8)] == [0, 1, 2, 4, 8, 16, 32, LONGEST_PAUSE]
    assert pause(10_000) == LONGEST_PAUSE
