"""The servers as they are started: what is refused, what is logged and counted, and that OpenAPI says what happens."""

import asyncio
import json
import logging
import os
import re
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from doors import FERRY, KEY, Endless, Grows, over, served, stops, until
from test_rest import draft

from index.errors import UsageError
from index.terminal import guarded
from rag.__main__ import main
from rag.answers import Question
from rag.doors.desk import Desk
from rag.doors.faults import Busy
from rag.doors.metrics import Metrics
from rag.doors.serving import Address

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
