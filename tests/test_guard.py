"""What keeps others out of the page: sizes, and under which names it may be asked for."""

import asyncio

import httpx
import pytest

from index.errors import UsageError
from page.guard import EVENT, HOSTS, guarded, hosts_for, in_url
from rag.doors.serving import Address
from rag.doors.uploads import FILES

HERE = Address("127.0.0.1", 7860)


async def measure(scope, receive, send):
    """Tells how many bytes came."""
    count, more = 0, True
    while more:
        message = await receive()
        count, more = count + len(message.get("body", b"")), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(count).encode()})


def sent(path, body, method="POST", **headers):
    async def send():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(guarded(measure)), base_url="http://127.0.0.1"
        ) as client:
            return await client.request(method, path, content=body, headers=headers)

    return asyncio.run(send())


async def pieces(count, size=65536):
    for _ in range(count):
        yield b"x" * size


def test_an_event_of_the_page_comes_through_whole():
    assert sent("/gradio_api/queue/join", b"x" * EVENT.most_bytes).text == f"{EVENT.most_bytes}"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_message_that_is_too_large_is_refused_whether_it_says_so_or_not(method):
    for body in (b"x" * (EVENT.most_bytes + 1), pieces(5)):
        got = sent("/gradio_api/queue/join", body, method)
        assert (got.status_code, got.json()["error"]) == (413, "The request has more than 262,144 bytes.")
        assert "content-security-policy" in got.headers


def test_a_file_is_measured_by_its_own_door():
    assert sent(f"{FILES}a.txt", pieces(10), "PUT").text == "655360"


def test_a_form_from_another_site_is_refused_and_one_of_ours_is_not():
    assert sent("/login", b"", **{"sec-fetch-site": "cross-site"}).status_code == 403
    assert sent("/login", b"", origin="http://evil.test").status_code == 403
    assert sent("/login", b"", origin="null").status_code == 403
    assert sent("/login", b"", origin="http://127.0.0.1").status_code == 200


def test_this_machine_is_asked_under_its_own_names_by_everybody_who_sits_at_it():
    for host in ("127.0.0.1", "localhost", "::1", "0:0::1"):
        assert hosts_for(Address(host, 7860), [], users=False) == HOSTS
    assert hosts_for(Address("127.8.8.8", 7860), [], users=False) == [*HOSTS, "127.8.8.8"]


@pytest.mark.parametrize(
    ("host", "asked"),
    [("fd00::1", "[fd00::1]:7860"), ("FD00:0:0::0001", "[fd00::1]"), ("127.0.0.2", "127.0.0.2:7860"), ("::1", "[::1]"),
     ("192.0.2.7", "192.0.2.7"), ("House.local", "house.local:7860")],
)  # fmt: skip
def test_the_page_answers_under_the_address_that_it_listens_at(host, asked):
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = TrustedHostMiddleware(measure, hosts_for(Address(host, 7860), [], users=True))
    for given, status in ((asked, 200), ("evil.test", 400), ("[fd00::2]", 400)):

        async def ask(given=given):
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
                return await client.get("/", headers={"host": given})

        assert asyncio.run(ask()).status_code == status


@pytest.mark.parametrize(("host", "written"), [("::", "[::]"), ("127.0.0.1", "127.0.0.1"), ("a.test", "a.test")])
def test_an_address_is_written_as_a_browser_does(host, written):
    assert in_url(host) == written


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "articles.example.org", "2001:db8::1"])
def test_others_are_let_near_only_when_there_are_users(host):
    with pytest.raises(UsageError, match=f"Without users the page would be open to whoever reaches {host}") as raised:
        hosts_for(Address(host, 7860), [], users=False)
    assert raised.value.hint == "First: python -m rag users add NAME"


def test_a_name_of_a_proxy_on_this_machine_needs_users_too():
    with pytest.raises(UsageError, match=r"whoever reaches articles\.example\.org"):
        hosts_for(HERE, ["articles.example.org"], users=False)
    assert hosts_for(HERE, ["Articles.example.org"], users=True) == [*HOSTS, "articles.example.org"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_every_address_needs_a_name_and_one_address_is_its_own(host):
    with pytest.raises(UsageError, match="does not know the names") as raised:
        hosts_for(Address(host, 7860), [], users=True)
    assert "--name" in raised.value.hint
    assert hosts_for(Address(host, 7860), ["a.test"], users=True)[-1] == "a.test"
    assert hosts_for(Address("192.0.2.7", 7860), [], users=True)[-1] == "192.0.2.7"


@pytest.mark.parametrize(
    "name", ["*", "*.example.org", "http://a.test", "a.test:80", "a.test/", "", "-a", "a b", "a,b"]
)
def test_a_name_that_would_let_in_more_than_one_host_is_refused(name):
    with pytest.raises(UsageError, match="is no host name"):
        hosts_for(HERE, [name], users=True)
