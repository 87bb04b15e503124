"""A server for the doors: who may ask is checked before anything is read, and every request is logged and counted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast

from index.errors import FootnoteError, UsageError
from rag.doors.admission import HEADERS, KEYS, LOOPBACK, App, Policy, Receive, Scope, Send, admitted, tell
from rag.doors.desk import Desk
from rag.doors.faults import BROKEN, Fault, fault_of
from rag.doors.library import Library

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException
    from starlette.responses import Response

log = logging.getLogger("footnote.doors")

ABOUT = "Ask your articles: each sentence of an answer carries a quotation that stands in an article."
# Seconds that answers have to be finished when the server ends.
LAST_SECONDS = 2
# Seconds that the head of a request may take to arrive, and how many connections may be open: a process has 1,024
# files on most systems, and the index needs some.
HEAD_SECONDS = 20.0
MOST_CONNECTIONS = 500
# Seconds that a connection may be idle after an answer. Longer than a program or proxy keeps one for its next request,
# which would be lost when both happen at once: of 100 users on a busy machine, each asking again a second after "busy",
# 61 questions were (5 seconds, which is uvicorn's own).
IDLE_SECONDS = 75
_KNOWN = {404: "There is nothing at this path.", 405: "This path does not take this method."}


def app(desk: Desk, library: Library) -> FastAPI:
    """REST, OpenAI's chat completions, and /metrics, for whoever is let in."""
    from fastapi import FastAPI
    from fastapi.responses import Response

    from rag.doors import chat_completions, rest

    made = FastAPI(
        title="Footnote", description=ABOUT, version="1",
        docs_url=None, redoc_url=None,  # their pages load scripts from elsewhere
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},  # it has what was asked
    )  # fmt: skip
    made.include_router(rest.router(desk, library))
    made.include_router(chat_completions.router(desk))

    text: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {}}}}

    @made.get("/metrics", tags=["server"], response_model=None, response_class=Response, responses=text)
    def metrics() -> Response:
        """What Prometheus reads."""
        return Response(desk.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    _told(made)
    return made


def _told(made: FastAPI) -> None:
    """What goes wrong within is told as a fault."""
    from fastapi.exceptions import RequestValidationError
    from starlette.exceptions import HTTPException

    def response(request: Request, fault: Fault) -> Response:
        from rag.doors.rest import rendered

        told = rendered(fault.told(request.url.path))
        told.status_code = fault.status
        told.headers.update(fault.headers)
        return told

    def invalid(request: Request, error: Exception) -> Response:
        return response(request, Fault(400, _unfit(cast("RequestValidationError", error)), "See /openapi.json."))

    def unknown(request: Request, error: Exception) -> Response:
        status = cast("HTTPException", error).status_code
        told = response(request, Fault(status, _KNOWN.get(status, "The request cannot be read."), "See /openapi.json."))
        told.headers.update(cast("HTTPException", error).headers or {})
        return told

    made.add_exception_handler(RequestValidationError, invalid)
    made.add_exception_handler(HTTPException, unknown)
    # What nobody has foreseen comes through to `watched` all the same, and is logged there.
    made.add_exception_handler(Exception, lambda request, _: response(request, Fault(500, BROKEN)))
    made.add_exception_handler(FootnoteError, lambda request, error: response(request, fault_of(error)))


def _unfit(error: RequestValidationError) -> str:
    """What is the matter with a request, without repeating anything of it but the names of its fields."""
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return "The body is not JSON."
    place = ".".join(str(part) for part in first["loc"][1:])
    message = str(first["msg"]).removeprefix("Value error, ")
    return f"{place or 'The body'}: {message[0].lower()}{message[1:]}."


def watched(inner: App, seen: Callable[[int], None]) -> App:
    """The app with HEADERS on each response, which is logged; `seen` is told its status. No error comes through."""

    async def watch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await inner(scope, receive, send)
        start, status = time.perf_counter(), 0

        async def noting(message: Scope) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                seen(status)
                named = {name.lower() for name, _ in message["headers"]}
                own = ((name.encode(), value.encode()) for name, value in HEADERS.items())
                added = [(name, value) for name, value in own if name not in named]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        try:
            await inner(scope, receive, noting)
        except Exception as error:
            fault = fault_of(error)
            if not status:
                await tell(fault, scope["path"], noting)
        finally:
            facts = {"method": scope["method"], "path": scope["path"], "status": status, "key": scope.get("key")}
            log.info("request", extra={"facts": {**facts, "seconds": round(time.perf_counter() - start, 3)}})

    return watch


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens."""

    host: str
    port: int

    @property
    def private(self) -> bool:
        """Whether only this machine can reach it."""
        with contextlib.suppress(ValueError):
            return ip_address(self.host).is_loopback
        return self.host in LOOPBACK

    def listening(self) -> socket.socket:
        """A socket there, at any free port if `port` is 0. Raises UsageError when it cannot be had."""
        try:
            family = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((self.host, self.port), family=family)
        except (OSError, OverflowError, UnicodeError) as error:
            where = f"Nothing can listen at {self.host}, port {self.port}"
            raise UsageError(where, "The port may be taken; name another with --port.") from error


def require_keys(address: Address, policy: Policy) -> None:
    """Raises UsageError where others than this machine could ask without a key."""
    if not policy.keys and not address.private:
        hint = f"Set {KEYS}=NAME:KEY, or leave out --host."
        raise UsageError(f"Without keys only this machine may ask, and {address.host} is open to others", hint)


def punctual(seconds: float = HEAD_SECONDS, most: int = MOST_CONNECTIONS) -> type[asyncio.Protocol]:
    """HTTP as uvicorn speaks it, for its `http`; a connection that is late with the head of a request is closed.

    However slowly it comes, the whole head has `seconds`. A connection above `most` is closed at once. How long one may
    be idle after an answer, and how long a body may take, is not told here.
    """
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Punctual(HttpToolsProtocol):
        late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            if len(self.connections) > most:
                return transport.close()
            return self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            answered = self.cycle is None or self.cycle.response_complete
            if answered and self.late is None and self.transport.get_protocol() is self:  # and no web socket
                self._wait()

        def on_headers_complete(self) -> None:
            self._arrived()
            super().on_headers_complete()

        def connection_lost(self, exc: Exception | None) -> None:
            self._arrived()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self.late = self.loop.call_later(seconds, self.transport.close)

        def _arrived(self) -> None:
            if self.late is not None:
                self.late.cancel()
                self.late = None

    return Punctual


def serve(inner: App, address: Address, policy: Policy, seen: Callable[[int], None]) -> int:
    """Serves the app until it is told to end. Raises UsageError when it may not, or cannot, listen there."""
    return answer(inner, opened(address, policy), policy, seen)


def opened(address: Address, policy: Policy) -> socket.socket:
    """A socket that listens there, and the log says so. Raises UsageError when it may not, or cannot."""
    require_keys(address, policy)
    listener = address.listening()
    host, port = listener.getsockname()[:2]
    log.info("Footnote listens at http://%s:%s", f"[{host}]" if ":" in host else host, port)
    return listener


def answer(inner: App, listener: socket.socket, policy: Policy, seen: Callable[[int], None]) -> int:
    """Answers whoever connects there until it is told to end. Several processes may do so at one socket."""
    import uvicorn

    config = uvicorn.Config(
        watched(admitted(inner, policy), seen), log_config=None, log_level="warning", access_log=False,
        server_header=False, timeout_graceful_shutdown=LAST_SECONDS, timeout_keep_alive=IDLE_SECONDS,
        http=punctual(),
    )  # fmt: skip
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run([listener])
    return 0
