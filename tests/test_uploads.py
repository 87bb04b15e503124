"""The door by which the page sends files, asked of a real server by hostile clients among others."""

import contextlib
import json
import os
import socket
import threading
from types import SimpleNamespace

import httpx
import pytest
from doors import listening, until
from fastapi import FastAPI

from index.added import folder
from index.errors import UsageError
from page.guard import guarded
from rag.doors.uploads import FILES, PORTION, SETS, router, sets

MOST = 3_000_000
FERRY = b"The ferry sails at noon."


@pytest.fixture
def door(store):
    with opened(store) as door:
        yield door


@contextlib.contextmanager
def opened(store, **limits):
    app = FastAPI()
    app.include_router(router(store, **{"most": MOST, **limits}))
    app.add_middleware(guarded)
    with listening(app) as server:
        yield SimpleNamespace(folder=folder(store), **vars(server))


def put(door, name, body=FERRY, **headers):
    return httpx.put(f"{door.url}{FILES}{name}", content=body, headers=headers, timeout=20)


def kept(door):
    """What lies there, hidden files too."""
    return sorted(os.listdir(door.folder)) if door.folder.exists() else []


def raw(door, head, body=b""):
    """A connection on which a request was begun."""
    connection = socket.create_connection(("127.0.0.1", door.port), timeout=20)
    connection.sendall(f"PUT {FILES}{head}\r\nHost: 127.0.0.1:{door.port}\r\n\r\n".encode() + body)
    return connection


def test_a_file_is_kept_as_it_was_sent(door):
    body = os.urandom(2 * PORTION + 17)
    got = put(door, "Der%20F%C3%A4hrplan.pdf", body)
    assert (got.status_code, got.json()) == (201, {"name": "Der Fährplan.pdf", "new": True})
    assert (door.folder / "Der Fährplan.pdf").read_bytes() == body


def test_a_file_that_is_there_is_not_kept_twice_and_another_of_its_name_is_numbered(door):
    got = [put(door, "ferry.md", body) for body in (FERRY, FERRY, b"It does not.")]
    assert [(r.status_code, r.json()["name"]) for r in got] == [
        (201, "ferry.md"), (200, "ferry.md"), (201, "ferry (2).md"),
    ]  # fmt: skip
    assert kept(door) == ["ferry (2).md", "ferry.md"]


@pytest.mark.parametrize(
    ("name", "as_"),
    [
        ("..%2F..%2Fescaped.md", "escaped.md"),
        ("../../../escaped.md", "escaped.md"),
        ("%2e%2e/%2e%2e/escaped.md", "escaped.md"),
        ("..%5C..%5Cescaped.md", "escaped.md"),
        ("%2Fetc%2Fpasswd.txt", "passwd.txt"),
        (".hidden.md", "hidden.md"),
        ("a%00b%1B%09c.md", "ab c.md"),
        ("%E2%80%AEgnp.md", "gnp.md"),
        ("%FF%FE.md", "\ufffd\ufffd.md"),
        ("uploads.md", "uploads.md"),
        ("a" * 4000 + ".md", "a" * 177 + ".md"),
    ],
)
def test_a_hostile_name_stays_in_the_folder(door, name, as_):
    with raw(door, f"{name} HTTP/1.1\r\nContent-Length: {len(FERRY)}\r\nConnection: close", FERRY) as connection:
        head, _, body = b"".join(iter(lambda: connection.recv(65536), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 201")
    assert json.loads(body)["name"] == as_
    assert kept(door) == [as_]
    assert sorted(os.listdir(door.folder.parent)) == ["added"]


@pytest.mark.parametrize("name", ["tool.exe", "page.md.sh", "README", "", "...", "%00", "a.md/"])
def test_what_cannot_be_read_is_refused_with_the_kinds_that_can(door, name):
    got = put(door, name)
    assert (got.status_code, kept(door)) == (400, [])
    assert got.json()["hint"].startswith("These can be read: csv, docx, eml, epub,")


def test_a_name_of_two_lines_is_at_no_path(door):
    assert (put(door, "a%0D%0Ab.md").status_code, kept(door)) == (404, [])


def test_an_empty_file_is_refused_in_one_sentence(door):
    got = put(door, "ferry.md", b"")
    assert (got.status_code, got.json()["error"], kept(door)) == (400, "ferry.md is empty.", [])


def test_what_says_that_it_is_too_large_is_refused_before_it_is_sent(door):
    with raw(door, f"ferry.md HTTP/1.1\r\nContent-Length: {MOST + 1}") as connection:
        said = b"".join(iter(lambda: connection.recv(65536), b""))
    assert said.startswith(b"HTTP/1.1 413")
    assert b"ferry.md is larger than 3 MB." in said
    assert kept(door) == []


@pytest.mark.parametrize("length", ["9" * 40, "9" * 19])
def test_a_length_that_no_number_holds_is_refused(door, length):
    with raw(door, f"ferry.md HTTP/1.1\r\nContent-Length: {length}") as connection:
        assert connection.recv(65536).startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))
    assert kept(door) == []


def test_what_does_not_say_how_large_it_is_is_cut_off_where_it_is_too_large(door):
    sent = 0

    def endless():
        nonlocal sent
        while True:
            sent += PORTION
            yield b"x" * PORTION

    with contextlib.suppress(httpx.WriteError, httpx.ReadError):  # the server does not wait for the rest
        assert put(door, "ferry.md", endless()).status_code == 413
    assert sent < 100 * MOST
    until(lambda: kept(door) == [])


def test_a_file_may_have_just_as_much_as_is_taken(door):
    assert put(door, "ferry.md", b"x" * MOST).status_code == 201
    assert put(door, "barge.md", b"x" * (MOST + 1)).status_code == 413


def test_half_a_body_leaves_nothing(door):
    connection = raw(door, "ferry.md HTTP/1.1\r\nContent-Length: 1000", b"The ferry sa")
    until(lambda: len(kept(door)) == 1)
    assert kept(door)[0].startswith(".")
    connection.close()
    until(lambda: kept(door) == [])


def test_a_body_that_does_not_come_is_not_waited_for(store):
    with opened(store, patience=0.2) as door:
        with raw(door, "ferry.md HTTP/1.1\r\nContent-Length: 1000", b"The ferry sa") as connection:
            assert b"did not arrive in time" in b"".join(iter(lambda: connection.recv(65536), b""))
        assert kept(door) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:1"},
    ],
)
def test_a_page_of_another_site_can_send_nothing(door, headers):
    assert (put(door, "ferry.md", **headers).status_code, kept(door)) == (403, [])


def test_another_site_is_not_told_that_it_may(door):
    asked = {"origin": "https://evil.test", "access-control-request-method": "PUT"}
    got = httpx.options(f"{door.url}{FILES}ferry.md", headers=asked)
    assert got.status_code == 403
    assert not [name for name in got.headers if name.startswith("access-control")]


def test_two_that_come_at_once_under_one_name_are_both_kept(door):
    bodies = [bytes([65 + n]) * (2 * PORTION) for n in range(2)]
    got = []
    threads = [threading.Thread(target=lambda body=body: got.append(put(door, "ferry.md", body))) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(r.json()["name"] for r in got) == ["ferry (2).md", "ferry.md"]
    assert sorted((door.folder / name).read_bytes() for name in kept(door)) == bodies


def test_a_disk_that_takes_nothing_is_said_in_one_sentence(door):
    door.folder.parent.mkdir(parents=True, exist_ok=True)
    door.folder.write_text("no folder")
    got = put(door, "ferry.md")
    assert (got.status_code, got.json()["error"][:28]) == (409, "ferry.md cannot be kept (Fil")


def test_other_methods_find_nothing(door):
    for method in ("GET", "POST", "DELETE"):
        assert httpx.request(method, f"{door.url}{FILES}ferry.md").status_code == 405


# Question sets -------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def door_of_sets(keep, **limits):
    app = FastAPI()
    app.include_router(sets(keep, **limits))
    app.add_middleware(guarded)
    with listening(app) as server:
        yield lambda name, body: httpx.put(f"{server.url}{SETS}{name}", content=body, timeout=20)


def test_a_set_is_handed_over_by_its_name_and_whole():
    kept, body = [], os.urandom(300_000)  # more than an event of the page may have
    with door_of_sets(lambda name, data: kept.append((name, data))) as put:
        got = put("my%20own.jsonl", body)
    assert (got.status_code, got.json()) == (201, {"name": "my own.jsonl", "new": True})
    assert kept == [("my own.jsonl", body)]


def test_a_set_that_is_too_large_or_cannot_be_asked_is_refused_in_one_sentence():
    def refuse(name, data):
        raise UsageError("questions.jsonl line 1: 'id' is missing", "Mend that line of the question set.")

    with door_of_sets(refuse, most=1_000_000) as put:
        large, torn = put("a.jsonl", b"x" * 1_000_001), put("a.jsonl", b"{}")
    assert (large.status_code, large.json()["error"]) == (413, "a.jsonl is larger than 1 MB.")
    assert (torn.status_code, torn.headers["content-language"]) == (400, "en")
    assert torn.json()["error"] == "questions.jsonl line 1: 'id' is missing."
