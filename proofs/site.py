"""A site that is as bad as a site can be: redirects to anywhere, bodies without an end, and lies about both."""

from __future__ import annotations

import gzip
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache

import brotli
import zstandard

PAGE = b"<html><body><p>The mole fell in August.</p></body></html>"
BOMB = bytes(50_000_000)
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
# Longer than any case is given.
PATIENCE = 6.0

Talk = Callable[[], Iterator[bytes]]


def said(*lines: str, status: str = "200 OK", body: bytes = PAGE) -> bytes:
    """An answer as it goes over the wire."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join(head).encode("utf-8") + b"\r\n\r\n" + body


def packed(encoding: str, body: bytes) -> bytes:
    """An answer whose body is packed as its header says."""
    return said(f"Content-Encoding: {encoding}", body=body)


def without_end(head: bytes, piece: bytes, pause: float = 0.0) -> Talk:
    """An answer that goes on as long as anyone listens."""

    def talk() -> Iterator[bytes]:
        yield head
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            yield piece
            time.sleep(pause)

    return talk


def squeezed(body: bytes) -> dict[str, bytes]:
    """The body in each packing, by its name."""
    return {"gzip": gzip.compress(body), "br": brotli.compress(body, quality=4), "zstd": zstandard.compress(body)}


@cache
def bad() -> dict[str, bytes | Talk]:
    """What no reader may take for a page, or wait for, by its path."""
    bombs = squeezed(BOMB)
    found: dict[str, bytes | Talk] = {f"/bomb-{name}": packed(name, body) for name, body in bombs.items()}
    return found | {
        "/bomb-deflate": packed("deflate", bombs["gzip"]),
        "/bomb-in-bomb": packed("gzip, gzip", gzip.compress(bombs["gzip"])),
        "/bomb-of-two": packed("br, zstd", zstandard.compress(bombs["br"])),
        "/bomb-in-two-headers": said("Content-Encoding: gzip", "Content-Encoding: gzip", body=bombs["gzip"]),
        "/bomb-in-chunks": without_end(CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Encoding: br\r\n\r\n"),
                                       b"%x\r\n" % len(bombs["br"]) + bombs["br"] + b"\r\n"),
        "/empty-members": without_end(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b"") * 500),
        "/cut-gzip": packed("gzip", gzip.compress(PAGE)[:-9]),
        "/cut-br": packed("br", brotli.compress(PAGE)[:-3]),
        "/cut-zstd": packed("zstd", zstandard.compress(PAGE)[:-3]),
        "/endless": without_end(OK + b"\r\n", b"word " * 5_000),
        "/endless-chunks": without_end(CHUNKED, b"2000\r\n" + b"w" * 8192 + b"\r\n"),
        "/endless-extension": without_end(CHUNKED + b"5;", b"x=y;" * 1_000),
        "/endless-trailer": without_end(CHUNKED + b"0\r\n", b"X-Pad: word\r\n" * 500),
        "/endless-head": without_end(OK, b"X-Pad: word\r\n" * 500),
        "/endless-header": without_end(OK + b"X-Pad: ", b"word" * 5_000),
        "/endless-interim": without_end(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
        "/huge-chunk": CHUNKED + b"ffffffffffffffffffff\r\n" + b"w" * 1000,
        "/long-place": said("Location: /" + "a" * 90_000, status="302 Found", body=b""),
        "/huge-length": OK + b"Content-Length: 999999999999\r\n\r\nshort",
        "/short": OK + b"Content-Length: 1000\r\n\r\nshort",
        "/negative": OK + b"Content-Length: -5\r\n\r\nshort",
        "/two-lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nshorts",
        "/no-http": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        "/nothing": b"",
        "/switch": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    }  # fmt: skip


def slow() -> dict[str, Talk]:
    """What never comes, by its path; each takes all the time that a case is given."""
    return {
        "/silent": without_end(b"", b"", 0.1),
        "/slow-head": without_end(OK, b"X: y\r\n", 0.1),
        "/slow-body": without_end(OK + b"\r\n", b"w", 0.1),
        "/slow-chunks": without_end(CHUNKED, b"1\r\nw\r\n", 0.1),
        "/slow-gzip": without_end(OK + b"Content-Encoding: gzip\r\n\r\n", gzip.compress(b""), 0.1),
        "/slow-interim": without_end(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.1),
    }


class Site(socketserver.ThreadingTCPServer):
    """A server that sends what is put at a path, byte for byte; `heads` are the requests it got."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: str) -> None:
        super().__init__((address, 0), _Talk)
        self.port: int = self.server_address[1]
        self.says: dict[str, bytes | Talk] = {}
        self.heads: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def asked(self) -> list[str]:
        """The paths that were asked for."""
        return [head.partition(" ")[2].partition(" ")[0] for head in self.heads]

    def handle_error(self, *_: object) -> None:
        """The fetcher hangs up on purpose."""


class _Talk(socketserver.BaseRequestHandler):
    server: Site

    def handle(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head and (data := self.request.recv(65536)):
            head += data
        self.server.heads.append(head.decode("latin-1"))
        what = self.server.says.get(self.server.asked()[-1], said(status="404 Not Found", body=b""))
        for piece in [what] if isinstance(what, bytes) else what():
            self.request.sendall(piece)


class Canary:
    """Listens where nobody may come, and counts who does. `live` says whether it could be put there."""

    def __init__(self, address: str, port: int) -> None:
        self.visits = 0
        self._line = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            self._line.bind((address, port))
            self._line.listen(64)
        except OSError:
            self.live = False
        else:
            self.live = True
            threading.Thread(target=self._wait, daemon=True).start()

    def close(self) -> None:
        """Stops listening."""
        self._line.close()

    def _wait(self) -> None:
        while True:
            try:
                come, _ = self._line.accept()
            except OSError:
                return
            self.visits += 1
            come.sendall(said())
            come.close()
