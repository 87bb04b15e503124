"""Servers of language models that answer by a script, on loopback, for as long as they are open.

One speaks OpenAI's protocol, and one each those of Anthropic, of Google and of Ollama, as far as an answer needs them.
"""

import contextlib
import json
import re
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

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
    breaks: str = ""  # what is said of an error in the place of the end
    headers: dict[str, str] = field(default_factory=dict)


def says(text, size=7, **how):
    """A reply that streams the text in pieces of some characters."""
    return Reply([text[n : n + size] for n in range(0, len(text), size)], **how)


class ModelServer:
    """Answers each request by `script(request)`, a Reply or a text; `requests` are those that came.

    Whatever the protocol, a request has its "messages", (role and content), its "key" and its "path".
    """

    base = "/v1"  # of the address that it is given by
    route = "/v1/chat/completions"
    headers = ("Authorization",)  # that may have the key
    stream = "text/event-stream"
    ping = b": ping\n\n"
    reasons: ClassVar = {"stop": "stop", "length": "length"}

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
                keys = (self.headers.get(name) for name in served.headers)
                asked |= {"key": next(filter(None, keys), ""), "path": self.path}
                asked["messages"] = served.messages(asked)
                served.requests.append(asked)
                reply = served.script(asked) if self.path == served.route else Reply(status=404)
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    served.answer(self, reply if isinstance(reply, Reply) else says(reply))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}{self.base}"

    def answer(self, handler, reply):
        streams = reply.raw is None and reply.status == 200
        handler.send_response(reply.status)
        handler.send_header("Content-Type", self.stream if streams else "application/json")
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        if not streams:
            handler.wfile.write(json.dumps(self.error(reply.status)).encode() if reply.raw is None else reply.raw)
            return
        for _ in range(reply.pings):
            time.sleep(0.1)
            handler.wfile.write(self.ping)
            handler.wfile.flush()
        handler.wfile.write(self.begun())
        for piece in reply.pieces:
            time.sleep(reply.wait)
            handler.wfile.write(self.piece(piece))
            handler.wfile.flush()
        if reply.breaks:
            handler.wfile.write(self.broken(reply.breaks))
        elif reply.finish:
            handler.wfile.write(self.end(self.reasons.get(reply.finish, reply.finish)))

    def messages(self, asked):
        return asked["messages"]

    def error(self, _status):
        return {"error": {"message": "not now", "type": "x"}}

    def begun(self):
        return b""

    def piece(self, text):
        return self._chunk({"role": "assistant", "content": text}, None)

    def end(self, reason):
        return self._chunk({"role": "assistant"}, reason) + b"data: [DONE]\n\n"

    def broken(self, why):
        return event({"error": {"message": why, "type": "server_error"}})

    def _chunk(self, delta, finish):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return event({"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class AnthropicServer(ModelServer):
    """Speaks Anthropic's Messages: named events, from message_start to message_stop."""

    base = ""
    route = "/v1/messages"
    headers = ("Authorization", "x-api-key")
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'
    reasons: ClassVar = {"stop": "end_turn", "length": "max_tokens"}

    def messages(self, asked):
        return [{"role": "system", "content": asked.get("system", "")}, *asked["messages"]]

    def error(self, status):
        kinds = {401: "authentication_error", 404: "not_found_error", 429: "rate_limit_error"}
        return {"type": "error", "error": {"type": kinds.get(status, "api_error"), "message": "not now"}}

    def begun(self):
        message = {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
            "stop_sequence": None, "usage": {"input_tokens": 9, "output_tokens": 1},
        }  # fmt: skip
        block = {"index": 0, "content_block": {"type": "text", "text": ""}}
        return self._named("message_start", message=message) + self._named("content_block_start", **block)

    def piece(self, text):
        return self._named("content_block_delta", index=0, delta={"type": "text_delta", "text": text})

    def end(self, reason):
        delta = {"stop_reason": reason, "stop_sequence": None}
        return (
            self._named("content_block_stop", index=0)
            + self._named("message_delta", delta=delta, usage={"output_tokens": 9})
            + self._named("message_stop")
        )

    def broken(self, why):
        return self._named("error", error={"type": "overloaded_error", "message": why})

    def _named(self, name, **fields):
        return f"event: {name}\n".encode() + event({"type": name, **fields})


class GoogleServer(ModelServer):
    """Speaks Google's streamGenerateContent, for the model m."""

    base = ""
    route = "/v1beta/models/m:streamGenerateContent?alt=sse"
    headers = ("x-goog-api-key",)
    ping = b"\r\n"
    reasons: ClassVar = {"stop": "STOP", "length": "MAX_TOKENS"}

    def messages(self, asked):
        told = [asked.get("systemInstruction", {"parts": []}) | {"role": "system"}, *asked["contents"]]
        return [{"role": one["role"], "content": "".join(part["text"] for part in one["parts"])} for one in told]

    def error(self, status):
        if status != 401:
            return {"error": {"code": status, "message": "not now", "status": "UNAVAILABLE"}}
        return {"error": {"code": 401, "message": "no such credential", "status": "UNAUTHENTICATED"}}

    def piece(self, text):
        return self._response(parts=[{"text": text}])

    def end(self, reason):
        return self._response(parts=[{"text": ""}], finishReason=reason)

    def broken(self, why):
        return event({"error": {"code": 503, "message": why, "status": "UNAVAILABLE"}})

    def _response(self, parts, **candidate):
        one = {"content": {"role": "model", "parts": parts}, "index": 0, **candidate}
        usage = {"promptTokenCount": 9, "candidatesTokenCount": 1, "totalTokenCount": 10}
        return event({"candidates": [one], "usageMetadata": usage, "modelVersion": "m"})


class OllamaServer(ModelServer):
    """Speaks Ollama's /api/chat: one JSON object a line, the last of which is done."""

    base = ""
    route = "/api/chat"
    stream = "application/x-ndjson"
    ping = b""  # it gives no sign of life

    def error(self, _status):
        return {"error": "not now"}

    def piece(self, text):
        return self._line(message={"role": "assistant", "content": text}, done=False)

    def end(self, reason):
        counts = {"total_duration": 9, "prompt_eval_count": 9, "eval_count": 9}
        return self._line(message={"role": "assistant", "content": ""}, done=True, done_reason=reason, **counts)

    def broken(self, why):
        return json.dumps({"error": why}).encode() + b"\n"

    def _line(self, **fields):
        return json.dumps({"model": "m", "created_at": "2024-05-01T12:00:00Z", **fields}).encode() + b"\n"


def event(data):
    """One server-sent event without a name."""
    return b"data: " + json.dumps(data).encode() + b"\n\n"


def passages(asked):
    """The passages that a request shows: (key, what is said of it, its first line)."""
    return KEY.findall(asked["messages"][-1]["content"])


def key_of(asked, words):
    """The key of the passage whose first line has these words."""
    return next(key for key, _, line in passages(asked) if words in line)
