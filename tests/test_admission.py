"""Who is let in, and how a request that is not is told: by host, site, key, rate and size."""

import asyncio
import json
import socket
from itertools import product

import httpx
import pytest
from doors import FERRY, KEY, OTHER_KEY, over, served

from index.errors import UsageError
from rag.doors.admission import MOST_BYTES, Allowance, Policy, admitted, foreign, host, read_keys

PATHS = ("/v1/health", "/v1/articles", "/v1/models", "/metrics", "/openapi.json", "/nowhere")


@pytest.fixture
def locked(indexed):
    """A server with two keys, of three requests a minute each."""
    policy = Policy({"a": KEY, "b": OTHER_KEY}, per_minute=3)
    with served(over(indexed), indexed, policy) as server:
        yield server


@pytest.fixture
def open_(indexed):
    with served(over(indexed), indexed) as server:
        yield server


def bearer(key):
    return {"authorization": f"Bearer {key}"}


def raw(port, *parts):
    """What is answered to bytes on a socket, until the server closes it or says no more."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        for part in parts:
            line.sendall(part)
        return line.recv(65536).decode()


# Keys -----------------------------------------------------------------------------------------------------------------


WRONG = (
    {}, bearer("k" * 15), bearer("k" * 17), bearer("x"), bearer(f"a:{KEY}"), {"authorization": f"Basic {KEY}"},
    {"authorization": KEY}, {"authorization": b"Bearer \xff\xfe"}, {"x-api-key": KEY},
)  # fmt: skip


def test_without_a_key_nothing_is_told(locked):
    with httpx.Client(base_url=locked.url) as client:
        answers = [client.get(path, headers=headers) for path, headers in product(PATHS, WRONG)]
    for got in answers:
        assert (got.status_code, got.headers["www-authenticate"]) == (401, "Bearer")
        said = got.json()["error"]
        assert (said if isinstance(said, str) else said["message"]).startswith("There is no such key.")


@pytest.mark.parametrize("key", [KEY, OTHER_KEY])
def test_each_key_lets_in(locked, key):
    assert httpx.get(f"{locked.url}/v1/health", headers=bearer(key)).status_code == 200


def test_a_key_that_asks_too_often_is_told_when_it_may_and_the_others_may_go_on(locked):
    statuses = [httpx.get(f"{locked.url}/v1/health", headers=bearer(KEY)).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    late = httpx.get(f"{locked.url}/v1/models", headers=bearer(KEY))
    assert late.json()["error"]["type"] == "rate_limit_error"
    assert 1 <= int(late.headers["retry-after"]) <= 20
    assert httpx.get(f"{locked.url}/v1/health", headers=bearer(OTHER_KEY)).status_code == 200


def test_an_allowance_is_used_up_and_grows_again():
    now = [0.0]
    allowance = Allowance(2, lambda: now[0])
    assert [allowance.take() for _ in range(3)] == [0, 0, 30]
    now[0] = 29
    assert allowance.take() == 1
    now[0] = 30
    assert [allowance.take(), allowance.take()] == [0, 30]
    now[0] = 10_000
    assert [allowance.take() for _ in range(3)] == [0, 0, 30]


def test_keys_are_read_with_their_names():
    assert read_keys(f" a:{KEY}, b:{OTHER_KEY},") == {"a": KEY, "b": OTHER_KEY}
    assert read_keys("") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:" + "k" * 15, "The key a in FOOTNOTE_API_KEYS has 15 characters"),
        (KEY, "FOOTNOTE_API_KEYS holds a key without a name"),
        (f":{KEY}", "FOOTNOTE_API_KEYS holds a key without a name"),
        (f"a:{KEY},a:{OTHER_KEY}", "The key a in FOOTNOTE_API_KEYS stands there twice"),
        (f"a:{KEY},b:{KEY}", "The key b in FOOTNOTE_API_KEYS stands there twice"),
    ],
)
def test_a_key_that_cannot_be_meant_is_refused_and_not_repeated(text, said):
    with pytest.raises(UsageError, match=said) as raised:
        read_keys(text)
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("key", ["k" * 16 + "à", "k" * 16 + "\udce9"])
def test_a_key_may_have_any_letters(key):
    given = key.encode("utf-8", "surrogateescape").decode("latin-1")
    assert Policy({"a": key}).name_of(f"Bearer {given}") == "a"
    assert Policy({"a": key}).name_of(f"Bearer {given}x") is None


# Hosts and sites ------------------------------------------------------------------------------------------------------


def test_under_a_name_that_is_not_known_nothing_is_told(open_):
    for name in ("evil.test", "127.0.0.1.evil.test", "evil.test:80", "", "[::2]", "localhost.evil"):
        got = httpx.get(f"{open_.url}/v1/articles", headers={"host": name})
        assert (got.status_code, got.json()["error"]) == (400, "This host name is not known here.")


def test_this_machine_has_its_names(open_):
    for name in ("localhost", "127.0.0.1:1", "[::1]:8000", "LOCALHOST"):
        assert httpx.get(f"{open_.url}/v1/health", headers={"host": name}).status_code == 200


def test_a_name_can_be_added(indexed):
    with served(over(indexed), indexed, Policy(hosts=frozenset({"articles.test"}))) as server:
        assert httpx.get(f"{server.url}/v1/health", headers={"host": "Articles.test:80"}).status_code == 200
        assert httpx.get(f"{server.url}/v1/health").status_code == 400


def test_a_request_without_a_host_is_refused(open_):
    assert raw(open_.port, b"GET /v1/articles HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil.test"},
        {"origin": "null"},
    ],
)
def test_pages_of_other_sites_may_not_ask(open_, headers):
    assert httpx.get(f"{open_.url}/v1/search", params={"q": FERRY}, headers=headers).status_code == 403
    assert httpx.post(f"{open_.url}/v1/ask", json={"question": FERRY}, headers=headers).status_code == 403


@pytest.mark.parametrize("header", ["Host: localhost", f"Authorization: Bearer {KEY}", "Origin: http://localhost"])
def test_who_asks_is_told_once(locked, header):
    asks = f"GET /v1/health HTTP/1.1\r\nAuthorization: Bearer {KEY}\r\n"
    asks += "" if header.startswith("Host") else "Host: localhost\r\n"
    wrong = header.partition(":")[0] + ": evil.test"
    for first, second in ((wrong, header), (header, wrong)):
        assert raw(locked.port, f"{asks}{first}\r\n{second}\r\n\r\n".encode()).startswith("HTTP/1.1 400 ")


def test_no_browser_is_allowed_more_than_its_own_site(open_):
    asked = {"origin": open_.url, "access-control-request-method": "POST"}
    got = httpx.options(f"{open_.url}/v1/ask", headers=asked)
    assert got.status_code == 405
    assert not [name for name in got.headers if name.startswith("access-control")]
    assert httpx.get(f"{open_.url}/v1/health", headers={"origin": open_.url}).status_code == 200


def test_what_a_page_can_send_unasked_is_no_question(open_):
    body = '{"question": "When does the ferry sail?"}'
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert httpx.post(f"{open_.url}/v1/ask", content=body, headers={"content-type": kind}).status_code == 400


def test_a_host_is_named_without_its_port():
    assert [host({"host": name}) for name in ("a:1", "[::1]:1", "[::1]", "A")] == ["a", "::1", "::1", "a"]
    assert not foreign({})


# Size -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/ask", "/v1/chat/completions"])
def test_a_long_body_is_refused_before_it_is_read(open_, path):
    told = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {MOST_BYTES + 1}\r\n\r\n"
    assert raw(open_.port, told.encode()).startswith("HTTP/1.1 413 ")


def test_a_body_that_does_not_say_how_long_it_is_is_counted(open_):
    got = httpx.post(f"{open_.url}/v1/ask", content=iter([b"x" * 40_000] * 2))
    assert (got.status_code, set(got.json())) == (413, {"error", "hint"})


def test_a_question_of_which_only_the_beginning_came_is_not_asked():
    came = [{"type": "http.request", "body": b'{"question": "a"}', "more_body": True}, {"type": "http.disconnect"}]
    assert received(came, Policy()) == []


def test_a_body_that_does_not_come_is_not_waited_for():
    (start, body) = received([{"type": "http.request", "body": b"{", "more_body": True}], Policy(most_seconds=0.05))
    assert (start["status"], (b"connection", b"close") in start["headers"]) == (408, True)
    assert json.loads(body["body"])["error"] == "The request did not arrive in time."


def received(messages, policy):
    """What is sent to a client of which these messages come, and then nothing; the app must not be asked."""
    sent, left = [], list(messages)

    async def receive():
        return left.pop(0) if left else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    async def app(*_):
        raise AssertionError

    scope = {"type": "http", "path": "/v1/ask", "headers": [(b"host", b"localhost")]}
    asyncio.run(admitted(app, policy)(scope, receive, send))
    return sent


@pytest.mark.parametrize("length", ["-1", "1e9", "9" * 5000, "x"])
def test_a_length_that_is_none_harms_nothing(open_, length):
    told = f"POST /v1/ask HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    assert raw(open_.port, told.encode())[:12] in ("HTTP/1.1 400", "HTTP/1.1 413")
    assert httpx.get(f"{open_.url}/v1/health").status_code == 200


def test_every_response_keeps_to_itself(open_):
    for path in PATHS:
        headers = httpx.get(f"{open_.url}{path}").headers
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
