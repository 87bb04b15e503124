"""Who is logged in: nothing but the login page is shown to anybody else, as soon as there are users.

A session is a random token in a cookie that no script can read and that no other site's page can make a browser send.
Here is only its hash, and only in memory: who restarts the server logs everybody out, and so does a changed password.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from urllib.parse import parse_qs

from index.errors import FootnoteError, explained
from page.language import known
from page.login import AGAIN_SCRIPT, BACK, BUSY, LOGIN, LOGOUT, NAME, PASSWORD, WRONG, again_html, login_html, too_often
from page.speaking import cookies_of
from page.tabs import owned
from rag.doors.admission import App, Policy, Receive, Scope, Send, body_of, headers_of
from rag.doors.faults import Fault
from rag.doors.throttle import Logins, network_of
from rag.users import LONGEST_NAME, LONGEST_PASSWORD, Proof, Users, name_of

COOKIE = "footnote"
# What a browser takes from a server over HTTPS alone, and from no other host of the same domain.
SECURE_COOKIE = f"__Host-{COOKIE}"
TOKEN_BYTES = 32
# A session ends after so many seconds in which nothing was asked for.
IDLE = 12 * 3600.0
# Beyond so many, those that have asked for nothing for the longest end.
MOST_SESSIONS = 10_000
# Logins that are looked at or wait for it.
MOST_LOGINS = 16
# No login is longer.
_FORM = Policy(most_bytes=8192, most_seconds=10.0)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_AGAIN = base64.b64encode(hashlib.sha256(AGAIN_SCRIPT.encode()).digest()).decode()

# The name of who sent the request that is being answered, "" where nobody has to log in.
VISITOR: ContextVar[str] = ContextVar("visitor")


@dataclass(slots=True)
class Session:
    """Who it belongs to, the proof of the password that was typed, and when it was last used."""

    name: str
    proof: Proof
    used: float


class Sessions:
    """The sessions of a server, the one that was used last at the end. For one thread."""

    def __init__(self, users: Users, clock: Callable[[], float] = time.monotonic, most: int = MOST_SESSIONS) -> None:
        self._users = users
        self._clock = clock
        self._most = most
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def begin(self, name: str, proof: Proof) -> str:
        """The token of a new session of this user, for as long as theirs is the proof that the typed password fitted.

        Looking at a password takes a while, in which it may be changed: the proof must be the one that was looked at.
        """
        self._drop_old()
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._sessions[_hashed(token)] = Session(name, proof, self._clock())
        while len(self._sessions) > self._most:
            self._sessions.popitem(last=False)
        return token

    def find(self, token: str) -> Session | None:
        """The session, None where it was never begun, was ended, or its user has another password now."""
        key = _hashed(token)
        session = self._sessions.get(key)
        if session is None:
            return None
        if self._clock() - session.used > IDLE or self._users.proof(session.name) != session.proof:
            del self._sessions[key]
            return None
        session.used = self._clock()
        self._sessions.move_to_end(key)
        return session

    def end(self, token: str) -> None:
        """Ends it, if there is one."""
        self._sessions.pop(_hashed(token), None)

    def _drop_old(self) -> None:
        while self._sessions and self._clock() - next(iter(self._sessions.values())).used > IDLE:
            self._sessions.popitem(last=False)


def _hashed(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class Gate:
    """The app, behind the login page: for everybody with `always`, and otherwise as soon as there are users.

    The name of who is logged in is in VISITOR and in the scope's "visitor" while the app answers. The scope's "holds"
    tells, from any thread, whether there still is that user with that password.
    """

    def __init__(
        self, app: App, users: Users, *, always: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._users = users
        self._always = always
        self._sessions = Sessions(users, clock)
        self._tried = Logins(clock)
        self._logins = 0
        self._secret = secrets.token_bytes(TOKEN_BYTES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or has the app answer it."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        try:
            locked = self._always or bool(self._users.names())
            session = self._sessions.find(_token(scope)) if locked else None
        except FootnoteError as error:
            return await _refuse(scope, send, 503, explained(error))
        path, posted = scope["path"], scope.get("method") == "POST"
        if locked and posted and path == LOGIN:
            return await self._log_in(scope, receive, send)
        if posted and path == LOGOUT:
            self._sessions.end(_token(scope))
            return await _go(send, "/", _cookie(scope, ""))
        if locked and not session:
            return await _refuse(scope, send, 401, "")
        if path == LOGIN:
            return await _go(send, "/")
        if not session:
            return await _answered(self._app, "", scope, receive, send)
        app = owned(self._app, self._secret + session.proof.key + session.name.encode("utf-8", "surrogatepass"))
        scope["holds"] = lambda: self._users.proof(session.name) == session.proof
        return await _answered(app, session.name, scope, receive, _unstored(send))

    async def _log_in(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await body_of(receive, _FORM)
        if body is None:
            return None
        if isinstance(body, Fault):
            return await _page(send, body.status, login_html(known(body.error) or body.error))
        given = _fields(body)
        typed, back = given.get(NAME, ""), _local(given.get(BACK, "/"))
        name, address = name_of(typed[:LONGEST_NAME]), network_of((scope.get("client") or ("",))[0])
        if wait := self._tried.wait(name, address):
            return await _page(send, 429, login_html(too_often(wait), typed, back), ("retry-after", str(wait)))
        if self._logins >= MOST_LOGINS:
            return await _page(send, 503, login_html(BUSY, typed, back), ("retry-after", "3"))
        self._tried.tries(name, address)
        try:
            proof = await self._fitting(name, given.get(PASSWORD, ""))
            if not proof or self._users.proof(name) != proof:  # changed since it was looked at
                self._tried.failed(address)
                return await _page(send, 401, login_html(WRONG, typed, back))
        except FootnoteError as error:
            return await _page(send, 503, login_html(explained(error), typed, back))
        self._tried.succeeded(name, address)
        self._sessions.end(_token(scope))
        return await _go(send, back, _cookie(scope, self._sessions.begin(name, proof)))

    async def _fitting(self, name: str, password: str) -> Proof | None:
        self._logins += 1
        try:
            return await asyncio.to_thread(self._users.check, name, password[:LONGEST_PASSWORD])
        finally:
            self._logins -= 1


def ungated(app: App) -> App:
    """The app for everybody, who has no name."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await _answered(app, "", scope, receive, send)

    return answer


async def _answered(app: App, name: str, scope: Scope, receive: Receive, send: Send) -> None:
    scope["visitor"] = name
    token = VISITOR.set(name)
    try:
        await app(scope, receive, send)
    finally:
        VISITOR.reset(token)


# What is sent --------------------------------------------------------------------------------------------------------


async def _refuse(scope: Scope, send: Send, status: int, told: str) -> None:
    """The login page to who looks for a page, and a sentence to everything else. A fault is told to both."""
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": 1008})
    headers = headers_of(scope)
    if scope["method"] in ("GET", "HEAD") and "text/html" in headers.get("accept", "") and not told:
        if headers.get("sec-fetch-site") == "cross-site":
            return await _page(send, 200, again_html(), script=f"; script-src 'sha256-{_AGAIN}'")
        return await _page(send, status, login_html(back=_address(scope)))
    fault = {"error": (known(told) or told) or "Nobody is logged in.", "hint": "" if told else "Log in, and ask again."}
    return await _send(send, status, "application/json", json.dumps(fault).encode())


async def _page(send: Send, status: int, html: str, *headers: tuple[str, str], script: str = "") -> None:
    policy = ("content-security-policy", _POLICY + script)
    await _send(send, status, "text/html; charset=utf-8", html.encode("utf-8", "replace"), policy, *headers)


async def _go(send: Send, path: str, cookie: str = "") -> None:
    cookies = [("set-cookie", cookie)] if cookie else []
    await _send(send, 303, "text/plain", b"", ("location", path), *cookies)


async def _send(send: Send, status: int, kind: str, body: bytes, *headers: tuple[str, str]) -> None:
    all_of_them = [("content-type", kind), ("content-length", str(len(body))), ("cache-control", "no-store"), *headers]
    raw = [(name.encode(), value.encode("latin-1")) for name, value in all_of_them]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _unstored(send: Send) -> Send:
    """Tells the browser to keep nothing that does not say itself for how long: the next person may use it, too."""

    async def sending(message: Scope) -> None:
        if message["type"] == "http.response.start":
            named = {name.lower() for name, _ in message["headers"]}
            if b"cache-control" not in named:
                message = {**message, "headers": [*message["headers"], (b"cache-control", b"no-store")]}
        await send(message)

    return sending


# What is read --------------------------------------------------------------------------------------------------------


def _token(scope: Scope) -> str:
    """The token in the cookie of this request, "" for none."""
    return cookies_of(scope).get(_cookie_name(scope), "")


def _cookie(scope: Scope, token: str) -> str:
    """The Set-Cookie header for this token; "" ends the cookie."""
    secure = "; Secure" if _over_https(scope) else ""
    ending = "" if token else "; Max-Age=0"
    return f"{_cookie_name(scope)}={token}; Path=/; HttpOnly; SameSite=Strict{secure}{ending}"


def _cookie_name(scope: Scope) -> str:
    return SECURE_COOKIE if _over_https(scope) else COOKIE


def _over_https(scope: Scope) -> bool:
    """Whether the browser came by HTTPS, which a proxy on this machine tells uvicorn in X-Forwarded-Proto."""
    return scope.get("scheme") in ("https", "wss")


def _fields(body: bytes) -> Mapping[str, str]:
    """The fields of a form, of each the last value; none where the body is no form."""
    try:
        return {name: values[-1] for name, values in parse_qs(body.decode(), True, max_num_fields=10).items()}
    except ValueError:
        return {}


def _address(scope: Scope) -> str:
    """The path that was asked for, with its query, as a form can bring it back."""
    query = scope.get("query_string", b"").decode("latin-1")
    return _local(scope.get("raw_path", scope["path"].encode()).decode("latin-1") + (f"?{query}" if query else ""))


def _local(path: str) -> str:
    """The path if it cannot lead to another host or begin another header; otherwise that of the page."""
    printable = path.isascii() and path.isprintable() and "\\" not in path
    ours = path.startswith("/") and not path.startswith(("//", LOGIN, LOGOUT)) and len(path) < 2000
    return path if printable and ours else "/"
