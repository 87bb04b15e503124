"""Which addresses of a Chroma server are taken, and what is said of those that are not."""

import pytest

from index.errors import UsageError
from index.server import Server, server_at


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8000", "http://127.8.9.1:1", "http://[::1]:8000", "http://localhost:8000", "https://localhost"],
)
def test_an_address_of_this_machine_is_taken(address):
    server = server_at(address, {})
    assert (server.address, server.here) == (address, True)


def test_no_address_is_no_server():
    assert server_at("", {}) is None


def test_what_ends_in_a_slash_is_the_same_server():
    assert server_at("http://127.0.0.1:8000/", {}) == server_at("http://127.0.0.1:8000", {})


@pytest.mark.parametrize(
    "address", ["http://10.0.0.7:8000", "http://chroma:8000", "http://localhost.example.org", "http://0.0.0.0:8000"]
)
def test_an_address_that_others_reach_is_refused_without_https(address):
    with pytest.raises(UsageError, match=r"neither on this machine nor behind https.*CVE-2026-45829") as caught:
        server_at(address, {})
    assert "FOOTNOTE_CHROMA_INSECURE=1" in caught.value.hint
    assert server_at(address, {"FOOTNOTE_CHROMA_INSECURE": "1"}).address == address
    behind = server_at(address.replace("http:", "https:"), {})
    assert (behind.address[:6], behind.here) == ("https:", False)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:8000", "chroma", "ftp://127.0.0.1", "http://", "http://127.0.0.1:0", "http://127.0.0.1:99999",
     "http://[::1", "http://127.0.0.1/?a=b", "http://127.0.0.1/#a", "http://127.0.0.1:8000\nx"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address):
    with pytest.raises(UsageError, match="no address of a server") as caught:
        server_at(address, {"FOOTNOTE_CHROMA_INSECURE": "1"})
    assert caught.value.hint


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(UsageError) as caught:
        server_at("https://ada:correct-horse@chroma.example.org", {})
    assert "correct-horse" not in f"{caught.value} {caught.value.hint}"


def test_the_environment_says_the_tenant_the_database_and_the_token():
    environ = {
        "FOOTNOTE_CHROMA_TENANT": "papers",
        "FOOTNOTE_CHROMA_DATABASE": "news-2026",
        "FOOTNOTE_CHROMA_TOKEN": "s3cret",
    }
    server = server_at("http://127.0.0.1:8000", environ)
    assert (server.tenant, server.database) == ("papers", "news-2026")
    assert server.headers == {"Authorization": "Bearer s3cret", "X-Chroma-Token": "s3cret"}
    assert Server("http://127.0.0.1:8000").headers == {}


def test_a_token_is_not_shown():
    server = server_at("http://127.0.0.1:8000", {"FOOTNOTE_CHROMA_TOKEN": "s3cret"})
    assert "s3cret" not in f"{server} {server!r}"
    with pytest.raises(UsageError) as caught:
        server_at("http://127.0.0.1:8000", {"FOOTNOTE_CHROMA_TOKEN": "s3cret\nX-Other: 1"})
    assert "s3cret" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("name", ["../other", "a/b", "a b", ".", ".."])
def test_a_tenant_is_a_name_and_no_path(name):
    with pytest.raises(UsageError, match="no name"):
        server_at("http://127.0.0.1:8000", {"FOOTNOTE_CHROMA_TENANT": name})
