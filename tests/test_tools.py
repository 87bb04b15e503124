"""The tools over MCP, used by the protocol's own client: from a process of its own, and over HTTP."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from doors import FERRY, KEY, NOON, Endless, over, served, stops
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from test_rest import Raises

from index.errors import FootnoteError
from index.records import Section, article_id
from rag.doors.admission import Policy
from rag.doors.tools import PIECE, over_http, server

ROOT = Path(__file__).parent.parent
TALKS = "Who offered to host Zelenskyy for peace talks?"
FERRY_ID = article_id("ferry")
TEXT = "The ferry sails at noon. A ticket costs two crowns."


def http(desk, library):
    return over_http(server(desk, library))


def using(address, use):
    """What `use` makes of a client of the server at this address."""

    async def run():
        async with Client(address, read_timeout_seconds=200) as client:
            return await use(client)

    return asyncio.run(run())


@pytest.fixture
def called(indexed):
    """Calls a tool over HTTP and gives its result."""
    with served(over(indexed), indexed, wrap=http) as door:
        yield lambda name, **given: using(f"{door.url}/mcp", lambda client: client.call_tool(name, given))


def text_of(result):
    (content,) = result.content
    return content.text


# Tools ----------------------------------------------------------------------------------------------------------------


def test_there_are_four_tools_which_only_read(indexed):
    with served(over(indexed), indexed, wrap=http) as door:
        tools = using(f"{door.url}/mcp", lambda client: client.list_tools()).tools
    assert {tool.name for tool in tools} == {"search", "ask", "read_article", "list_articles"}
    assert all(tool.annotations.read_only_hint and tool.description for tool in tools)


def test_ask_gives_the_answer_with_its_quotations(called):
    result = called("ask", question=FERRY)
    assert text_of(result).startswith(f"{NOON} [1]")
    assert result.structured_content["citations"][0]["quote"] == NOON
    assert "hits" not in result.structured_content


def test_ask_takes_what_was_asked_before(called):
    result = called("ask", question="And what does a ticket cost?", earlier=[FERRY])
    assert result.structured_content["searched_for"] == f"{FERRY} And what does a ticket cost?"


def test_search_gives_passages_and_read_article_the_article_they_are_in(called):
    first, *_ = called("search", query=FERRY, limit=2).structured_content["passages"]
    read = called("read_article", article=first["article"]).structured_content
    assert (first["source"], read["text"], read["title"]) == ("ferry", TEXT, "ferry")
    assert read["text"][first["start"] : first["end"]] == first["text"]


def test_a_piece_of_an_article_is_read(called):
    read = called("read_article", article=FERRY_ID, start=4, characters=5)
    assert json.loads(text_of(read)) == read.structured_content
    assert (read.structured_content["text"], read.structured_content["characters"]) == ("ferry", len(TEXT))


def test_with_a_piece_come_the_sections_and_pages_that_begin_in_it(indexed):
    sections = tuple(
        Section(heading=heading, start=start, body=start) for heading, start in (("a", 0), ("b", 10), ("c", 20))
    )
    shown = replace(indexed.article(FERRY_ID), sections=sections, pages=(0, 10, 20))
    with served(over(indexed), SimpleNamespace(article=lambda _: shown), wrap=http) as door:
        given = {"article": FERRY_ID, "start": 10, "characters": 10}
        read = using(f"{door.url}/mcp", lambda client: client.call_tool("read_article", given)).structured_content
    assert [section["heading"] for section in read["sections"]] == ["b"]
    assert read["pages"] == [{"page": 2, "start": 10}]


def test_articles_are_listed_with_their_ids(called):
    (entry,) = called("list_articles", like="ferr").structured_content["articles"]
    assert (entry["id"], entry["source"], entry["state"]) == (FERRY_ID, "ferry", "indexed")


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("ask", {"question": " "}, "The question is empty. Write what you want to know"),
        ("ask", {}, "question"),
        ("search", {"query": FERRY, "limit": 0}, "limit"),
        ("read_article", {"article": "0" * 32}, "There is no article 000"),
        ("read_article", {"article": "../../etc/passwd"}, "article"),
        ("read_article", {"article": FERRY_ID, "characters": PIECE + 1}, "characters"),
        ("list_articles", {"state": "lost"}, "state"),
    ],
)
def test_what_cannot_be_meant_is_told_to_the_model(called, name, given, said):
    result = called(name, **given)
    assert result.is_error
    assert said in text_of(result)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FootnoteError("The index is of another model", "Sync."), "The index is of another model. Sync."),
        (RuntimeError("swordfish"), "Error executing tool ask"),
    ],
)
def test_what_goes_wrong_inside_is_told_without_a_trace(error, said, indexed):
    with served(Raises(error), indexed, wrap=http) as door:
        result = using(f"{door.url}/mcp", lambda client: client.call_tool("ask", {"question": FERRY}))
    assert result.is_error
    assert text_of(result).endswith(said)


# Over HTTP ------------------------------------------------------------------------------------------------------------


def test_without_its_key_a_client_is_not_let_in(indexed):
    policy = Policy({"model": KEY})
    with served(over(indexed), indexed, policy, wrap=http) as door:

        async def tools(headers):
            async with create_mcp_http_client(headers=headers) as web:
                transport = streamable_http_client(f"{door.url}/mcp", http_client=web)
                async with Client(transport, read_timeout_seconds=20) as client:
                    return (await client.list_tools()).tools

        assert len(asyncio.run(tools({"authorization": f"Bearer {KEY}"}))) == 4
        with pytest.raises(BaseException, match=r".*"):
            asyncio.run(tools({}))


def test_a_client_that_leaves_stops_the_work(indexed):
    endless = Endless(indexed)
    with served(endless, indexed, wrap=http) as door:

        async def leave():
            async with Client(f"{door.url}/mcp", read_timeout_seconds=20) as client:
                await asyncio.wait_for(client.call_tool("ask", {"question": FERRY}), 1)

        with pytest.raises(BaseException, match=r".*"):
            asyncio.run(leave())
        assert stops(endless)


# On stdin and stdout --------------------------------------------------------------------------------------------------


def test_a_process_answers_its_client(seeds_store):
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "rag", "mcp", "--store", str(seeds_store)], cwd=ROOT, env=dict(os.environ)
    )

    async def use(client):
        return await client.list_tools(), await client.call_tool("ask", {"question": TALKS})

    tools, answer = using(command, use)
    assert len(tools.tools) == 4
    assert "Russia had extended its invitation for Ukrainian President" in text_of(answer)
    assert answer.structured_content["citations"]


def test_nothing_but_the_protocol_is_on_stdout(store):
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }  # fmt: skip
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    ask = {
        "jsonrpc": "2.0",
        "id": 2,
        "method": "tools/call",
        "params": {"name": "ask", "arguments": {"question": FERRY}},
    }
    lines = [json.dumps(hello), json.dumps(ready), "{", '"\\ud800"', "\0", json.dumps(ask)]
    process = subprocess.Popen(
        [sys.executable, "-m", "rag", "mcp", "--store", store, "--log", "json", "--log-questions"],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    process.stdin.write("\n".join(lines) + "\n")
    process.stdin.flush()
    said = []
    while not any(message.get("id") == 2 for message in said):
        said.append(json.loads(process.stdout.readline()))
    rest, errors = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, "")
    assert all(message["jsonrpc"] == "2.0" for message in said)
    assert "There are no articles yet" in said[-1]["result"]["content"][0]["text"]
    logged = [json.loads(line) for line in errors.splitlines()]
    assert [(line["event"], line["question"]) for line in logged if line["event"] == "answered"] == [
        ("answered", FERRY)
    ]
