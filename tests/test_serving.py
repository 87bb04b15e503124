"""The servers as they are started: what is refused, what is logged and counted, and that OpenAPI says what happens."""

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from doors import FERRY, KEY, Endless, Grows, listening, over, served, stops, until
from test_rest import draft
from websockets.sync.client import connect

from index.errors import UsageError
from index.terminal import guarded
from rag.__main__ import main
from rag.answers import Question
from rag.doors.admission import Policy
from rag.doors.desk import Desk
from rag.doors.faults import Busy
from rag.doors.metrics import Metrics
from rag.doors.serving import Address, punctual, serve

ROOT = Path(__file__).parent.parent


@pytest.fixture
def refused(monkeypatch, capsys, store):
    """Starts a server that is refused, with these keys in the environment: exit code, and what is said."""

    def start(*arguments, keys=""):
        monkeypatch.setenv("FOOTNOTE_API_KEYS", keys)
        code = guarded(lambda: main([*arguments, "--store", str(store)]))
        said = capsys.readouterr()
        assert said.out == ""
        return code, said.err

    yield start
    logging.getLogger().handlers[:] = []


@pytest.fixture
def started(store):
    """Starts a server in a process of its own; it ends with the test."""
    processes = []

    def start(*arguments, keys=""):
        environ = {**os.environ, "FOOTNOTE_API_KEYS": keys, "FOOTNOTE_STORE": str(store)}
        process = subprocess.Popen(
            [sys.executable, "-m", "rag", *arguments, "--port", "0", "--log", "json"],
            cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        processes.append(process)
        line = json.loads(process.stderr.readline())
        return process, re.fullmatch(r"Footnote listens at (http://\S+:\d+)", line["event"])[1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


# Starting -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["serve"], ["mcp", "--http"]])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org", ""])
def test_without_keys_only_this_machine_may_ask(refused, command, host):
    code, said = refused(*command, "--host", host)
    assert code == 2
    assert said.startswith(f"Without keys only this machine may ask, and {host} is open to others.\n")


@pytest.mark.parametrize(
    ("arguments", "keys", "said"),
    [
        ([], "a:short", "The key a in FOOTNOTE_API_KEYS has 5 characters.\n"),
        (["--port", "99999"], "", "Nothing can listen at 127.0.0.1, port 99999.\n"),
        (["--per-minute", "0"], "", "0 is not a whole number of 1 or more.\n"),
        (["--at-once", "many"], "", "many is not a whole number of 1 or more.\n"),
        (["--workers", "0"], "", "0 is not a whole number of 1 or more.\n"),
        (["--workers", "two"], "", "two is not a whole number of 1 or more.\n"),
        (["--workers", "65"], "", "65 processes are too many.\n"),
        (["--workers", "2", "--host", "0.0.0.0"], "", "Without keys only this machine may ask, and 0.0.0.0 is open"),
        (["--workers", "2", "--port", "99999"], "", "Nothing can listen at 127.0.0.1, port 99999.\n"),
    ],
)
def test_a_server_that_cannot_be_meant_is_a_sentence(refused, arguments, keys, said):
    code, told = refused("serve", *arguments, keys=keys)
    assert code == 2
    assert told.startswith(said)


def test_a_port_that_is_taken_is_a_sentence():
    with Address("127.0.0.1", 0).listening() as taken, pytest.raises(UsageError, match="Nothing can listen at"):
        Address("127.0.0.1", taken.getsockname()[1]).listening()


@pytest.mark.parametrize(
    ("host", "private"), [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("::", False)]
)
def test_what_only_this_machine_can_reach(host, private):
    assert Address(host, 0).private == private


@pytest.mark.parametrize(
    ("command", "method", "path", "status"),
    [(["serve"], "GET", "/v1/health", 200), (["mcp", "--http"], "POST", "/mcp", 400)],
)
def test_a_server_answers_with_its_key_and_ends_when_it_is_told_to(started, command, method, path, status):
    process, url = started(*command, keys=f"reader:{KEY}")
    assert httpx.request(method, f"{url}{path}", timeout=30).status_code == 401
    got = httpx.request(method, f"{url}{path}", headers={"authorization": f"Bearer {KEY}"}, timeout=30)
    assert got.status_code == status
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    first, second = map(json.loads, errors.splitlines())
    assert (first["status"], first["key"], second["key"], second["path"]) == (401, None, "reader", path)
    assert KEY not in errors


# Connections that keep a server waiting -------------------------------------------------------------------------------

LATE = 0.6
WHOLE, HALF = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", b"GET / HTTP/1.1\r\nhost: local"


LET_GO = threading.Event()


async def slow(scope, receive, send):
    """Answers at /slow after three times as long as a head may take, as over a web socket; at /held when let go."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await asyncio.sleep(3 * LATE)
        await send({"type": "websocket.send", "text": "done"})
    elif scope["type"] == "http":
        if scope["path"] == "/slow":
            await asyncio.sleep(3 * LATE)
        while scope["path"] == "/held" and not LET_GO.is_set():
            await asyncio.sleep(0.02)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"done"})


@pytest.fixture(scope="module")
def punctual_server():
    with listening(slow, http=punctual(LATE, most=3)) as server:
        yield server


@pytest.fixture
def connected(punctual_server):
    """Opens a connection to it; they are closed with the test."""
    with contextlib.ExitStack() as opened:
        yield lambda: opened.enter_context(socket.create_connection(("127.0.0.1", punctual_server.port), timeout=20))


def closed(connection, begun):
    """When the server closes the connection, in seconds since it was begun."""
    with contextlib.suppress(ConnectionError):
        while connection.recv(1_000):
            pass
    return time.monotonic() - begun


@pytest.mark.parametrize("sent", [b"", b"\r\n", HALF])
def test_a_connection_that_does_not_finish_the_head_of_a_request_is_closed(connected, sent):
    begun = time.monotonic()
    connection = connected()
    connection.sendall(sent)
    assert 0.9 * LATE < closed(connection, begun) < 10 * LATE


def test_a_head_that_comes_letter_by_letter_has_no_more_time(connected):
    connection, begun = connected(), time.monotonic()
    connection.sendall(HALF)
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - begun < 20 * LATE:
            connection.sendall(b"o")
            time.sleep(LATE / 6)
    assert time.monotonic() - begun < 10 * LATE


@pytest.mark.parametrize("sent", [b"\r\n", HALF])
def test_the_next_request_of_a_connection_has_no_more_time(connected, sent):
    connection = connected()
    connection.sendall(WHOLE)
    assert connection.recv(1_000).endswith(b"done")
    begun = time.monotonic()
    connection.sendall(sent)
    assert 0.9 * LATE < closed(connection, begun) < 10 * LATE


def test_a_connection_may_be_idle_between_requests_for_longer(connected):
    connection = connected()
    for _ in range(2):
        connection.sendall(WHOLE)
        assert connection.recv(1_000).endswith(b"done")
        time.sleep(2 * LATE)


def test_an_answer_is_waited_for_however_long_it_takes(connected):
    connection = connected()
    connection.sendall(WHOLE.replace(b" / ", b" /slow "))
    assert connection.recv(1_000).endswith(b"done")


def test_a_web_socket_is_not_closed(punctual_server):
    with connect(f"ws://127.0.0.1:{punctual_server.port}/") as opened:
        assert opened.recv(20) == "done"


def test_above_as_many_connections_as_may_be_open_one_is_closed_at_once(connected):
    until(lambda: _is_answered(connected()))  # those of the test before are gone
    held = [connected() for _ in range(3)]
    for connection in held:
        connection.sendall(WHOLE.replace(b" / ", b" /held "))
    until(lambda: not _is_answered(connected()))
    LET_GO.set()
    for connection in held:
        assert connection.recv(1_000).endswith(b"done")
        connection.close()
    until(lambda: _is_answered(connected()))


def _is_answered(connection):
    with contextlib.closing(connection), contextlib.suppress(ConnectionError):
        connection.sendall(WHOLE)
        return connection.recv(1_000).endswith(b"done")


def test_the_doors_are_served_so(monkeypatch):
    started = []
    monkeypatch.setattr("uvicorn.Server.run", lambda server, _: started.append(server.config.http))
    serve(slow, Address("127.0.0.1", 0), Policy(), lambda _: None)
    assert [kind.__qualname__ for kind in started] == [punctual().__qualname__]


# Asking at once -------------------------------------------------------------------------------------------------------


def test_more_questions_than_may_be_asked_at_once_are_told_to_come_back(indexed):
    endless = Endless(indexed)
    with served(endless, indexed, at_once=2) as server, ThreadPoolExecutor(2) as asking:
        ask = {"question": FERRY}
        pending = [asking.submit(httpx.post, f"{server.url}/v1/ask", json=ask, timeout=3) for _ in range(2)]
        until(lambda: endless.begun >= 2)
        chat = {"messages": [{"role": "user", "content": FERRY}]}
        for path, sent in (("/v1/ask", ask), ("/v1/chat/completions", chat)):
            busy = httpx.post(f"{server.url}{path}", json=sent)
            assert (busy.status_code, busy.headers["retry-after"]) == (503, "1")
        assert httpx.get(f"{server.url}/v1/health").status_code == 200
        assert all(isinstance(one.exception(), httpx.ReadTimeout) for one in pending)
        assert stops(endless)


def test_a_question_waits_for_its_turn_and_one_too_many_is_told_to_come_back(indexed):
    endless = Endless(indexed)
    with served(endless, indexed, at_once=1, waiting=1) as server, ThreadPoolExecutor(2) as asking:
        ask = {"question": FERRY}
        asking.submit(httpx.post, f"{server.url}/v1/ask", json=ask, timeout=3)
        until(lambda: endless.begun >= 1)
        waits = asking.submit(httpx.post, f"{server.url}/v1/ask", json=ask, timeout=8)
        until(lambda: len(server.desk._places._line) == 1)
        assert httpx.post(f"{server.url}/v1/ask", json=ask).status_code == 503
        assert stops(endless)  # whoever asked first has gone
        until(lambda: endless.begun >= 2)
        assert not waits.done()


def test_many_ask_at_once_and_each_has_its_own_answer(indexed):
    asked = {"When does the ferry sail?": "ferry", "When did the mole fall?": "mole", "What struck the quay?": "crane"}
    with served(over(indexed), indexed, at_once=8) as server, ThreadPoolExecutor(8) as asking:

        def first(question):
            return httpx.post(f"{server.url}/v1/ask", json={"question": question}, timeout=60).json()

        for question, got in zip([*asked] * 8, asking.map(first, [*asked] * 8), strict=True):
            assert (got["question"], got["citations"][0]["source"]) == (question, asked[question])


def test_a_place_is_free_again_after_whatever_became_of_a_question(indexed):
    def breaks(_):
        raise RuntimeError("swordfish")

    with served(over(indexed, Grows(draft("x"), breaks)), indexed, at_once=1) as server:
        for _ in range(3):
            assert httpx.post(f"{server.url}/v1/ask", json={"question": FERRY}).status_code == 500
            assert httpx.post(f"{server.url}/v1/ask", json={"question": ""}).status_code == 400


class Panic(BaseException):
    """What a library that is written in Rust raises."""


def test_a_question_that_ends_its_thread_is_told_and_frees_its_place(indexed):
    def breaks(_):
        raise Panic

    with served(over(indexed, Grows(breaks)), indexed, at_once=1) as server:
        for _ in range(2):
            assert httpx.post(f"{server.url}/v1/ask", json={"question": FERRY}, timeout=20).status_code == 500


def test_where_no_thread_can_be_had_a_question_is_told_to_come_back(indexed, monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    desk = Desk(over(indexed), Metrics(), at_once=1)
    with monkeypatch.context() as patch:
        patch.setattr("threading.Thread.start", start)
        with pytest.raises(Busy, match="No thread"):
            asyncio.run(anext(desk.growing(Question(FERRY))))
    assert asyncio.run(anext(desk.growing(Question(FERRY))))


# What is written down -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [False, True])
def test_what_is_asked_is_in_the_log_only_when_that_is_wished(indexed, caplog, kept):
    caplog.set_level(logging.INFO)
    with served(over(indexed), indexed, log_questions=kept) as server:
        httpx.post(f"{server.url}/v1/ask", json={"question": FERRY})
        httpx.get(f"{server.url}/v1/articles", params={"like": "secret"})
    facts = [(record.getMessage(), record.facts) for record in caplog.records if hasattr(record, "facts")]
    assert [message for message, _ in facts] == ["answered", "request", "request"]
    assert facts[0][1].get("question") == (FERRY if kept else None)
    assert [(f["method"], f["path"], f["status"]) for _, f in facts[1:]] == [
        ("POST", "/v1/ask", 200), ("GET", "/v1/articles", 200),
    ]  # fmt: skip
    assert "secret" not in str([record.__dict__ for record in caplog.records if record.name.startswith("footnote")])


# OpenAPI --------------------------------------------------------------------------------------------------------------


def test_every_response_is_as_openapi_says(indexed, tmp_path):
    with served(over(indexed), indexed, at_once=8) as server:
        ran = subprocess.run(
            [
                *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
                *("run", f"{server.url}/openapi.json", "--max-examples", "10", "--seed", "1"),
                # A question of blanks fits the schema, and is refused.
                *("--checks", "all", "--exclude-checks", "positive_data_acceptance"),
                *("--phases", "examples,coverage,fuzzing"),
                *("--warnings", "off", "--no-shrink", "--suppress-health-check", "all"),
            ],
            cwd=tmp_path, capture_output=True, text=True, timeout=200,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr
