"""Who is let in: by host name, by key, so often a minute, and with so much. Also not: pages of other sites.

A page that a reader visits can make the browser send requests to this machine, under a name of its own that it lets
point here. So each request must name a host that is known, and none may come from another site's page.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from index.errors import UsageError
from rag.doors.faults import Fault, encoded

KEYS = "FOOTNOTE_API_KEYS"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHORTEST_KEY = 16
PER_MINUTE = 60
AT_ONCE = 4
# Questions that wait for their turn: with two answered a second, some ten seconds.
WAITING = 16
MOST_BYTES = 64 * 1024
# How long a body may take to arrive.
MOST_SECONDS = 30.0
HEADERS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cache-control": "no-store"}
# What tells who asks.
ONCE = frozenset({b"host", b"authorization", b"origin", b"sec-fetch-site"})

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Policy:
    """Who is let in. `keys` maps the name of each key to it; without any, no key is asked for."""

    keys: Mapping[str, str] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset(LOOPBACK)
    per_minute: int = PER_MINUTE
    most_bytes: int = MOST_BYTES
    most_seconds: float = MOST_SECONDS

    @property
    def too_long(self) -> Fault:
        """What is told of a request with more bytes."""
        return Fault(413, f"The request has more than {self.most_bytes:,} bytes.", "Ask in fewer words.")

    def name_of(self, authorization: str) -> str | None:
        """The name of the key in an Authorization header. Every key is compared, each in constant time."""
        kind, _, given = authorization.partition(" ")
        names = [
            n for n, key in self.keys.items() if hmac.compare_digest(_bytes(key), given.strip(" \t").encode("latin-1"))
        ]
        return names[0] if names and kind.lower() == "bearer" else None


def _bytes(key: str) -> bytes:
    """The key as the environment has it, be that UTF-8 or not."""
    return key.encode("utf-8", "surrogateescape")


def read_keys(text: str) -> dict[str, str]:
    """The keys that are written NAME:KEY, with commas between. Raises UsageError for one that cannot be meant."""
    keys: dict[str, str] = {}
    for entry in filter(None, (entry.strip() for entry in text.split(","))):
        name, _, key = entry.partition(":")
        if not name or not key:
            raise UsageError(f"{KEYS} holds a key without a name", "Write NAME:KEY, with commas between.")
        if len(key) < SHORTEST_KEY:
            hint = f"It must have {SHORTEST_KEY} or more: python -c 'import secrets; print(secrets.token_urlsafe())'"
            raise UsageError(f"The key {name} in {KEYS} has {len(key)} characters", hint)
        if name in keys or key in keys.values():
            raise UsageError(
                f"The key {name} in {KEYS} stands there twice", "Give each program a name and a key of its own."
            )
        keys[name] = key
    return keys


class Allowance:
    """How often one key may ask: `per_minute` at once, and as many again with every minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60
        self._most = self._left = float(per_minute)
        self._clock = clock
        self._then = clock()

    def take(self) -> int:
        """0 when it may ask now, which it then did; otherwise after how many seconds it may."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._then) * self._rate)
        self._then = now
        if self._left < 1:
            return math.ceil((1 - self._left) / self._rate)
        self._left -= 1
        return 0


def admitted(app: App, policy: Policy, clock: Callable[[], float] = time.monotonic) -> App:
    """The app for those who are let in. The name of a key is put into the scope as "key"."""
    allowances = {name: Allowance(policy.per_minute, clock) for name in policy.keys}

    async def admit(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        headers = headers_of(scope)
        if fault := _refused(scope, headers, policy, allowances):
            return await tell(fault, scope["path"], send)
        body = await body_of(receive, policy)
        if body is None:
            return None
        if isinstance(body, Fault):
            return await tell(body, scope["path"], send)
        return await app(scope, again(body, receive), send)

    return admit


def _refused(
    scope: Scope, headers: Mapping[str, str], policy: Policy, allowances: Mapping[str, Allowance]
) -> Fault | None:
    """Why the request is turned away before its body is read; None when it is not."""
    if _is_ambiguous(scope):
        return Fault(400, "A header that tells who asks is given twice.", "Send it once.")
    if host(headers) not in policy.hosts:
        return Fault(400, "This host name is not known here.", "Start with --name NAME to be asked under it.")
    if foreign(headers):
        return Fault(403, "Pages of other sites may not ask.")
    if policy.keys:
        name = scope["key"] = policy.name_of(headers.get("authorization", ""))
        if name is None:
            return Fault(401, "There is no such key.", "Send the header Authorization: Bearer KEY.")
        if wait := allowances[name].take():
            return Fault(429, f"This key may ask {policy.per_minute} times a minute.", "Ask later.", wait)
    length = headers.get("content-length", "")
    too_long = length.isdecimal() and (len(length) > 12 or int(length) > policy.most_bytes)
    return policy.too_long if too_long else None


def _is_ambiguous(scope: Scope) -> bool:
    """Whether one of ONCE is given twice: a proxy before this server may have read the other one."""
    told = [name for name, _ in scope["headers"] if name in ONCE]
    return len(told) > len(set(told))


async def tell(fault: Fault, path: str, send: Send) -> None:
    """Sends the fault as the response."""
    headers = {"content-type": "application/json", **fault.headers}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": raw})
    await send({"type": "http.response.body", "body": encoded(fault.told(path))})


def host(headers: Mapping[str, str]) -> str:
    """The name in the Host header, without its port and brackets; "" when there is none."""
    name = headers.get("host", "").lower()
    return name[1:].partition("]")[0] if name.startswith("[") else name.partition(":")[0]


def headers_of(scope: Scope) -> dict[str, str]:
    """The headers of a request; of one that is given twice, the last."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}


def foreign(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that another site's page sent this; one that does not name the site names the origin.

    Programs name neither, and may ask.
    """
    site, origin = headers.get("sec-fetch-site", "none"), headers.get("origin")
    if site == "none" and origin is not None:
        return origin.rpartition("://")[2] != headers.get("host")
    return site not in ("same-origin", "none")


async def body_of(receive: Receive, policy: Policy) -> bytes | Fault | None:
    """The whole body of a request; why it is refused; None when the client left before it had sent all of it."""
    body, more = b"", True
    try:
        async with asyncio.timeout(policy.most_seconds):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > policy.most_bytes:
                    return policy.too_long
    except TimeoutError:
        return Fault(408, "The request did not arrive in time.", "Send it again.")
    return body


def again(body: bytes, receive: Receive) -> Receive:
    """Receives the body that was read, and then what comes after it."""
    left: list[Scope] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Scope:
        return left.pop() if left else await receive()

    return receiving
