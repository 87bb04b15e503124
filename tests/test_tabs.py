"""What a tab was answered belongs to who was logged in: the name of the tab is another one for each user."""

import asyncio
import json

import httpx
import pytest

from page.guard import EVENT
from page.tabs import HEARTBEAT, Fair, owned, tab_of
from rag.doors.uploads import FILES

SECRET, OTHER = b"of ada", b"of grace"


async def echo(scope, receive, send):
    """Tells what was asked for, and with what body."""
    body = (await receive())["body"].decode("latin-1")
    length = dict(scope["headers"]).get(b"content-length", b"").decode()
    said = [scope["path"], scope["raw_path"].decode(), scope["query_string"].decode("latin-1"), body, length]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(said).encode()})


def asked(path, body=b"", method="GET", secret=SECRET, **headers):
    async def ask():
        transport = httpx.ASGITransport(owned(echo, secret))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, content=body, headers=headers)

    got = asyncio.run(ask())
    return got.json() if got.status_code == 200 else got


def test_a_tab_is_called_alike_each_time_and_otherwise_for_each_user_and_tab():
    names = [tab_of(tab, secret) for tab in ("a", "b", "") for secret in (SECRET, OTHER)]
    assert len(set(names)) == 6
    assert names == [tab_of(tab, secret) for tab in ("a", "b", "") for secret in (SECRET, OTHER)]


def test_its_name_is_replaced_wherever_a_request_has_it():
    tab = tab_of("a", SECRET)
    assert asked(f"{HEARTBEAT}a")[:2] == [f"{HEARTBEAT}{tab}"] * 2
    assert asked(f"{HEARTBEAT}%61/")[:2] == [f"{HEARTBEAT}{tab}/"] * 2
    assert asked("/gradio_api/queue/data?x=1&session_hash=a&session%5Fhash=a")[2] == (
        f"x=1&session_hash={tab}&session_hash={tab}"
    )
    for encoding in ("utf-8", "utf-16", "utf-32"):  # each is read as JSON
        said = json.dumps({"data": ["é", None], "session_hash": "a", "fn_index": 3}).encode(encoding)
        *_, body, length = asked("/gradio_api/queue/join", said, "POST")
        assert json.loads(body) == {"data": ["é", None], "session_hash": tab, "fn_index": 3}
        assert length == str(len(body))
    twice = asked("/gradio_api/cancel", b'{"session_hash": "b", "session_hash": "a"}', "POST")[3]
    assert twice == json.dumps({"session_hash": tab})


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"session_hash"', b'{"session_hash": null}', b'{"data": {"session_hash": "a"}}', b"[" * 100_000,
     b"\xff\xfe\x00"],
)  # fmt: skip
def test_what_names_no_tab_comes_as_it_was_sent(body):
    assert asked("/any?x=%20+y&x=", body, "POST")[2:4] == ["x=%20+y&x=", body.decode("latin-1")]


def test_an_event_is_bounded_and_a_file_goes_through_unread():
    assert asked("/gradio_api/queue/join", b"x" * (EVENT.most_bytes + 1), "POST").status_code == 413
    assert asked(f"{FILES}a.json", b'{"session_hash": "a"}', "PUT")[3] == '{"session_hash": "a"}'


# How many are kept ---------------------------------------------------------------------------------------------------


def held(capacity):
    """What Gradio keeps of so many tabs."""
    import gradio as gr
    from gradio.state_holder import StateHolder

    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.State([])
    blocks.state_session_capacity = capacity
    holder = StateHolder()
    holder.set_blocks(blocks)
    holder.session_data = Fair()
    return holder


def test_who_opens_hundreds_of_tabs_pushes_out_nobody_elses():
    holder, others = held(10), [tab_of(tab, OTHER) for tab in ("a", "b", "c")]
    for tab in others:
        assert holder[tab]
    mine = [tab_of(str(n), SECRET) for n in range(300)]
    for tab in mine:
        assert holder[tab]
    assert list(holder.session_data) == [*others, *mine[-7:]]


def test_where_nobody_logs_in_the_tab_that_was_used_longest_ago_goes():
    holder = held(3)
    for tab in ("a", "b", "c", "a", "d"):
        assert holder[tab]
    assert list(holder.session_data) == ["c", "a", "d"]
    assert set(holder.time_last_used) == {"c", "a", "d"}
