"""A server that speaks OpenAI's protocol and answers by a script, on loopback, for as long as it is open."""

import contextlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = re.compile(r"^\[([a-z0-9]{4})\] (.*)\n([^\n]*)", re.MULTILINE)


@dataclass
class Reply:
    """What one request gets: the pieces of a stream, and how it goes wrong."""

    pieces: list[str] = field(default_factory=list)
    finish: str | None = "stop"
    status: int = 200
    wait: float = 0.0  # before each piece, in seconds
    pings: int = 0  # signs of life that are no piece, a tenth of a second apart, before the first
    raw: bytes | None = None  # in the place of a stream
    headers: dict[str, str] = field(default_factory=dict)


def says(text, size=7, **how):
    """A reply that streams the text in pieces of some characters."""
    return Reply([text[n : n + size] for n in range(0, len(text), size)], **how)


class ModelServer:
    """Answers each request by `script(request)`, a Reply or a text; `requests` are those that came."""

    def __init__(self, script):
        self.script = script
        self.requests = []
        served = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.0"  # a stream ends with its connection

            def log_message(self, *_):
                pass

            def do_POST(self):
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                asked["key"] = self.headers.get("Authorization", "")
                served.requests.append(asked)
                reply = served.script(asked)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    served.answer(self, reply if isinstance(reply, Reply) else says(reply))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def answer(self, handler, reply):
        handler.send_response(reply.status)
        handler.send_header("Content-Type", "text/event-stream" if reply.raw is None else "application/json")
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if reply.raw is not None:
            handler.wfile.write(reply.raw)
            return
        if reply.status != 200:
            handler.wfile.write(json.dumps({"error": {"message": "not now", "type": "x"}}).encode())
            return
        for _ in range(reply.pings):
            time.sleep(0.1)
            handler.wfile.write(b": ping\n\n")
            handler.wfile.flush()
        for piece in reply.pieces:
            time.sleep(reply.wait)
            self._send(handler, {"content": piece})
        if reply.finish:
            self._send(handler, {}, reply.finish)
            handler.wfile.write(b"data: [DONE]\n\n")

    def _send(self, handler, delta, finish=None):
        choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
        handler.wfile.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
        handler.wfile.flush()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def passages(asked):
    """The passages that a request shows: (key, what is said of it, its first line)."""
    return KEY.findall(asked["messages"][-1]["content"])


def key_of(asked, words):
    """The key of the passage whose first line has these words."""
    return next(key for key, _, line in passages(asked) if words in line)
