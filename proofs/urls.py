"""S3: an address cannot reach inside. Each case asks for something that lies inside, or that has no end.

What counts is seen at the socket: an audit hook writes down every connection that this process begins, and a canary on
an address inside counts who comes.
"""

from __future__ import annotations

import gzip
import http.server
import itertools
import socketserver
import sys
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from index.errors import FootnoteError
from index.sources.fetcher import Fetcher
from proofs.outcome import Outcome, Tally

# The one address that is allowed, so that redirects have a beginning.
ALLOWED = "127.0.0.1"
INSIDE = "127.0.0.2"
LIMIT = 200_000
SECONDS = 1.5

HOSTS = (
    "127.0.0.2", "127.1", "127.0.2", "2130706434", "0x7f000002", "0x7f.0.0.2", "0177.0.0.2", "017700000002",
    "127.0.0.2.",
    "①②⑦.⓪.⓪.②", "127。0。0。2", "127%2e0%2e0%2e2", "0", "0.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.254", "192.168.0.1", "192.168.255.254", "169.254.169.254", "169.254.0.1", "100.64.0.1",
    "100.127.255.254",
    "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1",
    "255.255.255.255", "[::1]", "[::]", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]", "[::127.0.0.2]", "[64:ff9b::7f00:2]",
    "[64:ff9b::10.0.0.1]", "[2002:7f00:2::]", "[2001:0:7f00:2::]", "[fe80::1]", "[fe80::1%25eth0]", "[fc00::1]",
    "[fd12:3456::1]", "[ff02::1]", "[2001:db8::1]", "[100::1]", "[::ffff:0:127.0.0.2]",
)  # fmt: skip
NAMED = ("localhost", "LOCALHOST.", "inside.example", "both.example", "mapped.example", "metadata.google.internal")
TRICKS = (
    "file:///etc/passwd", "ftp://127.0.0.2/", "gopher://127.0.0.2/", "dict://127.0.0.2/", "data:text/html,x",
    "//127.0.0.2/",
    "http:/127.0.0.2", "http:127.0.0.2", "http://", "http://[", "http://a@127.0.0.2/",
    "http://public.example@127.0.0.2/",
    "http://127.0.0.2#@public.example/", "http://127.0.0.2\\@public.example/", "http:\\\\127.0.0.2\\",
    "http://public.example:80@127.0.0.2/", "http://public.example\r\nHost: 127.0.0.2/", "http://127.0.0.2:99999/",
    "http://127.0.0.2:-1/", "http://127.0.0.2\t/", " http://127.0.0.2/", "http://public.example /",
    "javascript:alert(1)",
    "http://127.0.0.2%00.public.example/", "http://xn--/", "http://" + "a" * 300 + ".example/", "unix:///run/x.sock",
)  # fmt: skip
LOOK_UPS = {
    "inside.example": [INSIDE],
    "both.example": [ALLOWED, INSIDE],
    "mapped.example": ["::ffff:127.0.0.2"],
    "metadata.google.internal": ["169.254.169.254"],
    "localhost": [INSIDE],
    "localhost.": [INSIDE],
}
REDIRECTS = (301, 302, 303, 307, 308)
TARGETS = ("http://127.0.0.2:{port}/", "//127.0.0.2:{port}/", "http://2130706434:{port}/", "http://[::1]:{port}/",
           "http://inside.example:{port}/", "file:///etc/passwd")  # fmt: skip
ENDLESS = ("/gzip", "/deflate", "/twice", "/endless", "/drip", "/slow-head", "/long-head", "/lies", "/loop")


@dataclass(frozen=True)
class Case:
    """Something to ask for, and what must become of it."""

    name: str
    url: str
    resolve: Callable[[str, int], list[str]] | None = None


class Site(http.server.BaseHTTPRequestHandler):
    """What is asked from outside the machine, as far as the proof goes: redirects inside, and bodies without end."""

    canary = 0

    def do_GET(self) -> None:
        path = self.path
        if path == "/robots.txt":
            self._send(404, b"")
        elif path.startswith("/to/"):
            _, _, status, number = path.split("/")
            self.send_response(int(status))
            self.send_header("Location", TARGETS[int(number)].format(port=self.canary))
            self.end_headers()
        else:
            getattr(self, "_" + path.strip("/").replace("-", "_"))()

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _page(self) -> None:
        self._send(200, b"<html><body><p>The mole fell in August.</p></body></html>")

    def _gzip(self) -> None:
        self._send(200, gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")

    def _deflate(self) -> None:
        self._send(200, zlib.compress(bytes(50_000_000)), Content_Encoding="deflate")

    def _twice(self) -> None:
        self._send(200, gzip.compress(gzip.compress(bytes(50_000_000))), Content_Encoding="gzip, gzip")

    def _endless(self) -> None:
        self._stream(itertools.repeat(b"word " * 1000), 0)

    def _drip(self) -> None:
        self._stream(itertools.repeat(b"w"), 0.1)

    def _slow_head(self) -> None:
        time.sleep(3 * SECONDS)

    def _long_head(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: " + b"x" * 3_000_000 + b"\r\n\r\n")

    def _lies(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nshort")

    def _loop(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/loop")
        self.end_headers()

    def _stream(self, pieces: object, pause: float) -> None:
        self.send_response(200)
        self.end_headers()
        end = time.monotonic() + 4 * SECONDS
        for piece in pieces:  # type: ignore[attr-defined]
            if time.monotonic() > end:
                return
            self.wfile.write(piece)
            time.sleep(pause)


class Server(socketserver.ThreadingTCPServer):
    """A server on a free port that ends with the proof, and is silent when the other side hangs up."""

    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        """The fetcher hangs up on purpose."""


def cases(port: int, canary: int) -> list[Case]:
    """All of them. `port` is where the site is, `canary` the port on which the one inside listens."""
    found = [Case(f"host {host}", f"http://{host}:{canary}/") for host in HOSTS]
    found += [Case(f"name {host}", f"http://{host}:{canary}/") for host in NAMED]
    found += [Case(f"trick {url!r}", url) for url in TRICKS]
    site = f"http://{ALLOWED}:{port}"
    found += [Case(f"redirect {s} {t}", f"{site}/to/{s}/{n}") for s in REDIRECTS for n, t in enumerate(TARGETS)]
    answers = itertools.cycle([[ALLOWED], [INSIDE]])
    found += [Case("rebinding", f"http://rebinding.example:{canary}/", lambda host, port: next(answers))]
    return found + [Case(f"body {path}", site + path) for path in ENDLESS]


_connected: list[str] = []


def _listen(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        _connected.append(str(arguments[1][0]))


def prove(smoke: bool, seed: int) -> Outcome:
    """Every case, at both sizes; the smoke size leaves most of the endless bodies out, which take their time."""
    sys.addaudithook(_listen)
    with Server((ALLOWED, 0), Site) as site, Server((INSIDE, 0), Canary) as canary:
        for server in (site, canary):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        Site.canary = canary.server_address[1]
        todo = cases(site.server_address[1], Site.canary)
        todo = [case for case in todo if not smoke or not case.name.startswith("body") or case.name.endswith("gzip")]
        tally = Tally("urls", seed)
        for case in todo:
            tally.case(case.name, *tried(case))
        tally.case("control", *control(f"http://{ALLOWED}:{site.server_address[1]}/page"))
        for server in (site, canary):
            server.shutdown()
    return tally.outcome("connections seen at the socket")


class Canary(Site):
    """Listens inside. Nobody may come."""

    def do_GET(self) -> None:
        Canary.visits.append(self.path)
        self._page()

    visits: ClassVar[list[str]] = []


def tried(case: Case) -> tuple[str, ...]:
    """Why a case fails; nothing when it was refused with a reason, in time, and nothing inside was connected to."""
    _connected.clear()
    Canary.visits.clear()
    start = time.monotonic()
    try:
        fetcher = Fetcher([f"{ALLOWED}/32"], 0.0, LIMIT, SECONDS, resolve=case.resolve or look_up)
        body = fetcher.get(case.url).body
        came = f"it was fetched: {body[:60]!r}"
    except FootnoteError as error:
        came = "" if str(error).strip() else "no reason was given"
    except Exception as error:
        came = f"{type(error).__name__} came out: {error}"
    late = "it took too long" if time.monotonic() - start > 3 * SECONDS else ""
    inside = [address for address in _connected if address != ALLOWED]
    reached = f"connected to {inside}" if inside else "the canary was visited" if Canary.visits else ""
    return came, late, reached


def control(url: str) -> list[str]:
    """That a page is fetched at all, so that refusing everything proves nothing."""
    _connected.clear()
    try:
        body = Fetcher([f"{ALLOWED}/32"], 0.0, resolve=look_up).get(url).body
    except FootnoteError as error:
        return [str(error)]
    return [] if b"The mole fell" in body and ALLOWED in _connected else ["no connection was seen"]


def look_up(host: str, port: int) -> list[str]:
    """The names of the proof; nothing else exists."""
    return LOOK_UPS.get(host.lower(), [])
