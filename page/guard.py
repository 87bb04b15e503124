"""What keeps other sites out of the page: headers on every response, and what a browser should not send is refused."""

from __future__ import annotations

from rag.doors.admission import App, Receive, Scope, Send, foreign, headers_of
from rag.doors.uploads import FILES

HOSTS = ["127.0.0.1", "localhost", "[::1]"]
HEADERS = {
    # Gradio needs inline and eval; nothing that is drawn may reach another host, post a form or be framed.
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self'; "
        "font-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        "frame-ancestors 'none'; form-action 'self'; object-src 'none'; base-uri 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def guarded(app: App) -> App:
    """The app with HEADERS on every response, deaf to what is unwanted."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await app(scope, receive, send)

        async def with_headers(message: Scope) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        if unwanted(scope):
            await with_headers({"type": "http.response.start", "status": 403, "headers": []})
            return await send({"type": "http.response.body", "body": b"refused"})
        return await app(scope, receive, with_headers)

    return guard


def unwanted(scope: Scope) -> bool:
    """Whether it is an upload to Gradio, or changes something and comes from another site's page.

    A browser sends both without asking the server first. Files come in by a door of our own.
    """
    path = scope["path"]
    return ("/upload" in path and not path.startswith(FILES)) or (
        scope["method"] not in ("GET", "HEAD") and foreign(headers_of(scope))
    )
