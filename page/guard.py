"""What keeps other sites out of the page: headers on every response, and what a browser should not send is refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address
from typing import TYPE_CHECKING

from index.errors import UsageError
from rag.doors.admission import App, Policy, Receive, Scope, Send, again, body_of, foreign, headers_of, tell
from rag.doors.faults import Fault
from rag.doors.uploads import DOORS

if TYPE_CHECKING:
    from rag.doors.serving import Address

HOSTS = ["127.0.0.1", "localhost", "[::1]"]
# What an event of the page sends is a question and a few names; files come in by a door of their own.
EVENT = Policy(most_bytes=256 * 1024)
HEADERS = {
    # Gradio needs inline and eval; nothing that is drawn may reach another host, post a form or be framed.
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
        "font-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        "frame-ancestors 'none'; form-action 'self'; object-src 'none'; base-uri 'self'"
    ),
    "x-content-type-options": "nosniff",
    # Not no-referrer: a form that is sent over plain HTTP would then come from "null", and be refused as foreign.
    "referrer-policy": "same-origin",
}


def guarded(app: App) -> App:
    """The app with HEADERS on every response, deaf to what is unwanted."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)

        async def with_headers(message: Scope) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                added = [(name.encode(), value.encode()) for name, value in HEADERS.items() if name.encode() not in own]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        if unwanted(scope):
            await with_headers({"type": "http.response.start", "status": 403, "headers": []})
            return await send({"type": "http.response.body", "body": b"refused"})
        if scope["method"] in ("GET", "HEAD") or scope["path"].startswith(DOORS):
            return await app(scope, receive, with_headers)
        body = await body_of(receive, EVENT)
        if body is None:
            return None
        if isinstance(body, Fault):
            return await tell(body, scope["path"], with_headers)
        return await app(scope, again(body, receive), with_headers)

    return guard


def unwanted(scope: Scope) -> bool:
    """Whether it is an upload to Gradio, or changes something and comes from another site's page.

    A browser sends both without asking the server first. Files come in by a door of our own.
    """
    path = scope["path"]
    return ("/upload" in path and not path.startswith(DOORS)) or (
        scope["method"] not in ("GET", "HEAD") and foreign(headers_of(scope))
    )


def hosts_for(address: Address, names: Sequence[str], *, users: bool) -> list[str]:
    """The host names under which the page may be asked for. Raises UsageError where it would be open to everybody.

    That is where others than this machine can reach it, or come to it through a proxy, and there are no users.
    """
    known = [name.lower() for name in names]
    for name in known:
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name):
            raise UsageError(f"{name!r} is no host name", "Write it alone, as in --name articles.example.org")
    own = in_url(address.host)
    if not users and not (address.private and not known):
        told = f"Without users the page would be open to whoever reaches {(known or [address.host])[0]}"
        raise UsageError(told, "First: python -m rag users add NAME")
    if own in ("0.0.0.0", "[::]") and not known:  # noqa: S104
        hint = "Give each with --name, as in --name articles.example.org"
        raise UsageError(f"At {address.host} the page does not know the names it is asked for under", hint)
    return [*HOSTS, *(host for host in (own, *known) if host not in HOSTS)]


def in_url(host: str) -> str:
    """A host as a browser writes it in an address: of IPv6 the shortest form, in brackets."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return f"[{address}]" if isinstance(address, IPv6Address) else str(address)
