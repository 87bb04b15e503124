"""What a tab of the browser was answered belongs to the user who was logged in: nobody else can name it.

Gradio keeps the turns of a tab under a name that the tab made up, `session_hash`, and hands them to whoever sends that
name. Here it is replaced, wherever a request has it, by one that the server makes of it for this user alone. A request
that hid it somewhere else would reach a name under which there is nothing.

Of all tabs together so many are kept. The one that has to go is the oldest of whoever has most: who opens hundreds
pushes out nobody else's.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter, OrderedDict
from typing import TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from page.guard import EVENT
from rag.doors.admission import App, Receive, Scope, Send, again, body_of, tell
from rag.doors.faults import Fault
from rag.doors.uploads import DOORS

TAB = "session_hash"
Kept = TypeVar("Kept")
HEARTBEAT = "/gradio_api/heartbeat/"


def owned(app: App, secret: bytes) -> App:
    """The app for a user of whom only the server knows the secret."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)
        scope = {**scope, **_path(scope["path"], secret), "query_string": _query(scope["query_string"], secret)}
        if scope["method"] in ("GET", "HEAD") or scope["path"].startswith(DOORS):
            return await app(scope, receive, send)
        body = await body_of(receive, EVENT)
        if body is None:
            return None
        if isinstance(body, Fault):
            return await tell(body, scope["path"], send)
        body = _body(body, secret)
        length = (b"content-length", str(len(body)).encode())
        headers = [length if name == b"content-length" else (name, value) for name, value in scope["headers"]]
        return await app({**scope, "headers": headers}, again(body, receive), send)

    return answer


def tab_of(tab: str, secret: bytes) -> str:
    """What this tab of this user is called: its user first."""
    return f"{_named(b'', secret)[:16]}-{_named(tab.encode('utf-8', 'surrogatepass'), secret)}"


def _named(what: bytes, secret: bytes) -> str:
    return hmac.new(secret, what, hashlib.sha256).hexdigest()


class Fair(OrderedDict[str, Kept]):
    """What is kept of each tab, the one that was used last at the end, as Gradio has it."""

    def popitem(self, last: bool = True) -> tuple[str, Kept]:
        """With `last`, the last; otherwise what has to go: the first of whoever has most."""
        if last:
            return super().popitem()
        tabs = list(self)
        numbers = Counter(map(_user_of, tabs))
        most = max(numbers.values())
        tab = next(tab for tab in tabs if numbers[_user_of(tab)] == most)
        return tab, self.pop(tab)


def _user_of(tab: str) -> str:
    return tab.partition("-")[0]


def _path(path: str, secret: bytes) -> Scope:
    if not path.startswith(HEARTBEAT):
        return {}
    tab, slash, rest = path.removeprefix(HEARTBEAT).partition("/")
    path = f"{HEARTBEAT}{tab_of(tab, secret)}{slash}{rest}"
    return {"path": path, "raw_path": quote(path).encode()}


def _query(query: bytes, secret: bytes) -> bytes:
    fields = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    if TAB not in dict(fields):
        return query
    return urlencode([(name, tab_of(value, secret) if name == TAB else value) for name, value in fields]).encode()


def _body(body: bytes, secret: bytes) -> bytes:
    """An event as JSON with another name in it; anything else as it came."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if not isinstance(said, dict) or not isinstance(said.get(TAB), str):
        return body
    return json.dumps({**said, TAB: tab_of(said[TAB], secret)}).encode()
