"""The page as `make app` starts it: its own process, the seeds, the packaged model, and real Chromium."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from scripted_page import ask as begun
from scripted_page import browser_test, follow, in_view, lit, visiting

from index.database import FILE_NAME
from page.chat import NEAREST
from rag.settings import EXAMPLES
from rag.users import Users

ROOT = Path(__file__).parent.parent
STORE = "articles.index"
PROGRESS = re.compile(r"\w+: [0-9,]+( of [0-9,]+)?\n")  # on a slow machine
MINUTES = "The harbour tortoise Clementine was weighed on Friday and came to 41 kilograms."


def environment(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}
    return {**kept, "HOME": str(home), "PYTHONPATH": str(ROOT)}


def command(home, *arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=home, env=environment(home), capture_output=True, text=True, timeout=120
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The page over a store that it made itself, under a home folder of its own; it ends with the tests."""
    home = tmp_path_factory.mktemp("home")
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "--port", "0", "--store", f"~/{STORE}"],
        cwd=home, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    errors = []
    reading = threading.Thread(target=lambda: errors.extend(server.stderr))
    reading.start()
    try:
        line = server.stdout.readline()
        address = re.fullmatch(r"Footnote: (http://127\.0\.0\.1:[0-9]+)\n", line)
        assert address, (line, errors)
        yield SimpleNamespace(url=address[1], home=home)
        assert [line for line in errors if not PROGRESS.fullmatch(line)] == []
    finally:
        server.terminate()
        server.wait(20)
        reading.join(20)
        server.stdout.close()
        server.stderr.close()


@pytest.fixture
def page(chromium, served):
    with visiting(chromium, served) as page:
        page.set_default_timeout(60_000)  # the first question loads the model
        yield page
        assert (page.faults, page.outside) == ([], [])


def example(page):
    """The reply to the first example."""
    page.locator("a.example").first.click()
    reply = page.locator("[data-testid=bot]").first
    reply.locator(".acts").wait_for()  # what is said before everything is read has none
    return reply


def ask(page, question):
    """The reply to a question, when it is whole: before, another question is not taken."""
    reply = begun(page, question)
    reply.locator(".acts").wait_for()
    return reply


def sentence(reply, number):
    """What the answer says just before a number, without the numbers."""
    return reply.locator(".sentence", has=reply.page.locator(f"a[href$='-{number}']")).first.evaluate(
        "e => [...e.childNodes].filter(n => n.nodeName !== 'A').map(n => n.textContent).join('').trim()"
    )


@browser_test
def test_the_first_example_is_answered_from_the_place_its_number_lights(page):
    assert page.locator("a.example").all_text_contents() == list(EXAMPLES)
    reply = example(page)
    follow(page, "cite-1-1")
    assert lit(page) == [sentence(reply, 1)]
    assert "Zelenskyy" in lit(page)[0]
    assert in_view(page, "#reader mark.active")


@browser_test
def test_a_follow_up_is_searched_for_with_its_question_and_each_number_opens_its_own_article(page):
    replies = [example(page), ask(page, "When did the ferry come back into service?"), ask(page, "And when was that?")]
    searched = "Searched for: When did the ferry come back into service? And when was that?"
    assert searched in replies[2].locator(".searched").inner_text()
    for turn in (2, 1):
        follow(page, f"cite-{turn}-1")
        assert lit(page) == [sentence(replies[turn - 1], 1)]
        assert page.locator("#reader h2").inner_text() == replies[turn - 1].locator(".notes b").first.inner_text()


@browser_test
def test_what_the_seeds_do_not_say_is_refused_with_the_nearest_passages(page):
    reply = ask(page, "Which minerals make volcanic soil fertile for coffee?")
    assert reply.locator(".refusal").inner_text() == "Your articles do not say."
    assert 0 < reply.locator("a.near").count() <= NEAREST
    follow(page, "near-1-1")
    assert in_view(page, "#reader mark.active")


@browser_test
def test_an_open_page_finds_what_another_process_indexes_and_its_sync_what_is_added_later(page, served):
    question = "How much did the tortoise Clementine weigh?"
    assert ask(page, question).locator(".refusal").count() == 1
    folder = served.home / "minutes"
    folder.mkdir()
    (folder / "tortoise.txt").write_text(f"Notes of the quay\n\nBy Ada Wren\n\n{MINUTES}\n", encoding="utf-8")
    done = command(served.home, "-m", "index", "sync", str(folder), "--store", f"~/{STORE}", "--json")
    assert (done.returncode, json.loads(done.stdout)["new"]) == (0, 1), done.stderr
    assert sentence(ask(page, question), 1) == MINUTES

    (folder / "heron.txt").write_text("The heron Ottokar nests on the crane for the third year.", encoding="utf-8")
    page.click("#sync")
    page.get_by_text("1 new, 0 changed, 0 gone, 16 unchanged").wait_for()
    page.get_by_text("17 articles").wait_for()


def test_the_store_lies_under_the_home_folder_it_was_asked_for_in(served):
    assert (served.home / STORE / FILE_NAME).exists()
    assert not (served.home / "~").exists()


def test_a_port_that_is_taken_is_a_sentence_and_nothing_is_indexed(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command(tmp_path, str(ROOT / "app.py"), "--port", str(port), "--store", "store")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"Port {port} is taken or not allowed.\n")
    assert done.stderr.count("\n") == 2
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize("open_", [("--host", "0.0.0.0"), ("--name", "articles.example.org"), ("--host", "::")])
def test_without_users_the_page_is_for_this_machine_alone(tmp_path, open_):
    done = command(tmp_path, str(ROOT / "app.py"), "--port", "0", "--store", "store", *open_)
    assert (done.returncode, done.stdout) == (2, "")
    said = f"Without users the page would be open to whoever reaches {open_[1]}.\nFirst: python -m rag users add NAME\n"
    assert done.stderr == said
    assert not (tmp_path / "store").exists()


def test_who_had_to_log_in_has_to_where_a_database_was_set_and_the_users_are_still_in_the_file(tmp_path):
    Users(tmp_path / "store", {"n": 16, "r": 1, "p": 1}).add("ada", "correct horse")
    (tmp_path / "footnote.toml").write_text('[conversations]\ndatabase = "postgresql://127.0.0.1:1/none"\n')
    done = command(tmp_path, str(ROOT / "app.py"), "--port", "0", "--store", "store")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "A database is set, and there is still something in users.json of the store.\n"
        "Bring it over: python -m rag conversations move\n"
    )


def test_ctrl_c_ends_the_app_while_a_page_is_open(tmp_path):
    """What a page holds open for as long as it is there is not waited for."""
    with subprocess.Popen(
        [sys.executable, str(ROOT / "app.py"), "--port", "0", "--store", f"~/{STORE}"],
        cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as server:  # fmt: skip
        port = int(server.stdout.readline().rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as page:
            page.sendall(b"GET /gradio_api/heartbeat/abc HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"200" in page.recv(1024)
            server.send_signal(signal.SIGINT)
            _, errors = server.communicate(timeout=60)
    assert "Traceback" not in errors
