"""What a web address answers, fetched politely and from public addresses alone. The only import of httpcore.

A page, a feed or a redirect may name any address, also one inside the machine or its network. So a name is looked up
here, once for each connection; all it resolves to must be public; and the connection goes to the very address that was
checked. Nothing below is given a name to resolve, and proxies, cookies and passwords are not known here.
"""

from __future__ import annotations

import queue
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, cast
from urllib.parse import urljoin

from index.errors import UnreadableSource
from index.sources.addresses import Address, NoAddress, Url, parsed, reachable, read_networks
from index.sources.encodings import ACCEPTED, too_large, unpacked
from index.sources.robots import MAX_SIZE, Robots, read_robots

if TYPE_CHECKING:
    import httpcore

AGENT = "Footnote/0.1 (+article reader)"
PAGES = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

MAX_REDIRECTS = 5
# Of the addresses that a name resolves to, how many are tried.
MAX_ADDRESSES = 4
# Headers, trailers and the frames of chunks, over the body itself.
MAX_AROUND = 1_000_000
# Seconds that a connection may take, or a server be silent.
STALL = 10.0
# Seconds between requests that a robots.txt may ask for, and seconds that a site may close itself for.
MAX_DELAY, MAX_CLOSED = 10.0, 86_400.0
# Seconds until a robots.txt is read again, and one that could not be read.
ROBOTS_KEPT, ROBOTS_MISSED = 86_400.0, 600.0

_REDIRECTS = {301, 302, 303, 307, 308}
_PERMANENT = {301, 308}
_CLOSED = {429, 503}
_VALIDATOR = re.compile(r"[\x20-\x7e]{1,500}")
_MEDIA = re.compile(r"\s*([\w.+-]+/[\w.+-]+)\s*(?:;|$)", re.ASCII)
_CHARSET = re.compile(r";\s*charset\s*=\s*[\"']?([\w.:+-]{1,40})", re.ASCII | re.IGNORECASE)

Resolve = Callable[[str, int], list[str]]


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server answered: `status` 200 with the body, or 304 with none."""

    url: str  # where it finally came from, after redirects
    status: int  # 200 or 304; everything else is raised
    content_type: str  # media type, lower case, without parameters
    body: bytes
    etag: str
    last_modified: str
    permanent: bool  # every redirect on the way was permanent (301 or 308); True without a redirect
    charset: str = ""  # that the content type names, lower case


class Gone(UnreadableSource):
    """The site says that the page is gone for good (410)."""


class _Unreached(UnreadableSource):
    """There is no connection to the site."""


class _Late(Exception):
    """The time for a request is over."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """A server's answer to one request. Only that of a 200 has a body."""

    status: int
    headers: dict[str, str]
    body: bytes = b""


@dataclass(slots=True)
class _Host:
    """Whose turn it is at a host, and when the next one is."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    gap: float = 0.0
    free: float = 0.0
    closed: float = 0.0
    why: str = ""


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system knows them."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class Fetcher:
    """Fetches pages, one request at a time from a host and at least `pause` seconds after the last, as robots.txt says.

    `networks` may be read although they are not public ("10.1.0.0/16"); UsageError when one is none. A body is at most
    `max_bytes`, unpacked. A page takes at most `timeout` seconds with its redirects, the pauses left out. `trust` is
    who may vouch for a site, when it is not the authorities that this machine and certifi know.
    """

    def __init__(
        self,
        networks: Sequence[str] = (),
        pause: float = 1.0,
        max_bytes: int = 20_000_000,
        timeout: float = 30.0,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        resolve: Resolve = look_up,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._networks = read_networks(networks)
        self._pause = pause
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._clock = clock
        self._sleep = sleep
        self._resolve = resolve
        self._trust = trust
        self._hosts: dict[str, _Host] = {}
        self._robots: dict[str, tuple[Robots | str, float]] = {}

    def get(self, url: str, etag: str = "", last_modified: str = "", accept: str = PAGES) -> Fetched:
        """The answer of the address; with the validators of an earlier answer, 304 when nothing has changed.

        Raises UnreadableSource, and nothing else, with a reason; Gone for 410. Redirects are followed, each checked.
        """
        known = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        known = {name: value for name, value in known.items() if _VALIDATOR.fullmatch(value)}
        try:
            final, answer, permanent = self._follow(_read(url), {"Accept": accept, **known}, self._max_bytes, obey=True)
        except UnreadableSource:
            raise
        except Exception as error:  # whatever a server makes the libraries below do is that server's fault
            raise UnreadableSource(f"what the site answers is not understood ({type(error).__name__})") from error
        if answer.status == 410:
            raise Gone(_said(answer))
        if answer.status != 200 and not (answer.status == 304 and known):
            raise UnreadableSource(_said(answer))
        kind = answer.headers.get("content-type", "")
        media, charset = _MEDIA.match(kind), _CHARSET.search(kind)
        return Fetched(
            str(final),
            answer.status,
            media[1].lower() if media else "",
            answer.body,
            _validator(answer.headers.get("etag", "")),
            _validator(answer.headers.get("last-modified", "")),
            permanent,
            charset[1].lower() if charset else "",
        )

    def close(self) -> None:
        """Forgets what it knows of hosts: their robots.txt and their pauses. No connection outlives its request."""
        self._hosts.clear()
        self._robots.clear()

    def _follow(self, url: Url, headers: dict[str, str], most: int, *, obey: bool) -> tuple[Url, _Answer, bool]:
        """The first answer that is no redirect, where it came from, and whether all redirects to it were permanent."""
        left, permanent = self._timeout, True
        for _ in range(MAX_REDIRECTS + 1):
            if obey:
                self._ask_leave(url)
            with self._turn(url) as host:
                start = time.monotonic()
                answer = self._exchange(url, headers, most, left)
                left -= time.monotonic() - start
                self._heed(host, answer)
            if answer.status not in _REDIRECTS:
                return url, answer, permanent
            permanent = permanent and answer.status in _PERMANENT
            url = _next(url, answer)
        raise UnreadableSource(f"the site redirects more than {MAX_REDIRECTS} times")

    # Politeness -----------------------------------------------------------------------------------------------------

    @contextmanager
    def _turn(self, url: Url) -> Iterator[_Host]:
        """A turn to ask the host, when no other asks and the pause is over. Raises UnreadableSource while it is closed.

        The wait is never longer than the pause, should the clock be set back.
        """
        host = self._host(url)
        with host.lock:
            if host.closed > self._clock():
                raise UnreadableSource(host.why)
            if (wait := min(host.free - self._clock(), host.gap)) > 0:
                self._sleep(wait)
            try:
                yield host
            finally:
                host.free = self._clock() + host.gap

    def _host(self, url: Url) -> _Host:
        return self._hosts.setdefault(url.host, _Host(gap=self._pause))

    def _heed(self, host: _Host, answer: _Answer) -> None:
        """Leaves a host alone that says for how long it is closed."""
        if answer.status in _CLOSED and (until := _until(answer, self._clock())):
            host.closed, host.why = until, _said(answer, until)
            raise UnreadableSource(host.why)

    def _ask_leave(self, url: Url) -> None:
        """Raises UnreadableSource when robots.txt does not allow the address, or could not be read."""
        robots, until = self._robots.get(url.origin, ("", 0.0))
        if until <= self._clock():
            robots = self._read_robots(url)
            kept = ROBOTS_MISSED if isinstance(robots, str) else ROBOTS_KEPT
            self._robots[url.origin] = robots, self._clock() + kept
        if isinstance(robots, str):
            raise UnreadableSource(robots)
        if not robots.allow(str(url)):
            raise UnreadableSource(f"robots.txt of {url.host} does not allow it")
        host = self._host(url)
        host.gap = max(host.gap, min(robots.delay, MAX_DELAY))

    def _read_robots(self, url: Url) -> Robots | str:
        """What robots.txt allows, or why nothing is fetched from there this time. Without one, all is allowed."""
        address = Url(url.scheme, url.host, url.port, "/robots.txt")
        try:
            _, answer, _ = self._follow(address, {"Accept": "text/plain,*/*;q=0.5"}, 4 * MAX_SIZE, obey=False)
            if answer.status == 200:
                return read_robots(answer.body)
            if 400 <= answer.status < 500 and answer.status != 429:
                return Robots()
            reason = _said(answer)
        except _Unreached as error:
            return str(error)
        except UnreadableSource as error:
            reason = str(error)
        return f"robots.txt of {url.host} could not be read: {reason}"

    # One request ----------------------------------------------------------------------------------------------------

    def _exchange(self, url: Url, headers: dict[str, str], most: int, seconds: float) -> _Answer:
        """What the server answers, from an address that was checked, in at most so many seconds."""
        import httpcore

        deadline = time.monotonic() + seconds
        line = _Line(self._addresses(url, deadline), deadline, most + MAX_AROUND)
        fixed = {"Host": url.authority, "User-Agent": AGENT, "Accept-Encoding": ACCEPTED, "Connection": "close"}
        place = [part.encode("ascii") for part in (url.scheme, url.host, url.target)]
        connection = httpcore.HTTPConnection(
            origin=httpcore.Origin(place[0], place[1], url.port),
            ssl_context=self._tls() if url.scheme == "https" else None,
            network_backend=cast("httpcore.NetworkBackend", line),
        )
        asked = httpcore.URL(scheme=place[0], host=place[1], port=url.port, target=place[2])
        try:
            with connection.stream("GET", asked, headers=list((fixed | headers).items())) as response:
                return _received(response, most)
        except _Late as error:
            raise UnreadableSource("the site is too slow") from error
        except httpcore.ConnectTimeout as error:
            raise _Unreached(f"{url.host} cannot be reached: it does not answer") from error
        except httpcore.TimeoutException as error:
            raise UnreadableSource("the site is too slow") from error
        except httpcore.ConnectError as error:
            raise _Unreached(_unconnected(url, error.__cause__)) from error
        except httpcore.NetworkError as error:
            raise UnreadableSource("the site broke off the connection") from error
        except httpcore.RemoteProtocolError as error:
            raise UnreadableSource("the site broke off, or does not speak HTTP") from error
        finally:
            line.close()

    def _addresses(self, url: Url, deadline: float) -> list[Address]:
        """Where the host is. Raises UnreadableSource unless all of it may be reached.

        A name that leads inside is no site's, whatever else it leads to.
        """
        literal = ":" in url.host or url.host.replace(".", "").isdigit()
        names = [url.host] if literal else self._looked_up(url, deadline - time.monotonic())
        found = [reachable(name, self._networks) for name in names]
        checked = [address for address in found if address is not None]
        if not checked or len(checked) < len(found):
            raise _Unreached(f"refused, because {url.host} is not on the public internet")
        return checked[:MAX_ADDRESSES]

    def _looked_up(self, url: Url, seconds: float) -> list[str]:
        """In a thread, because a look-up has no time limit and does not hear Ctrl-C."""
        answers: queue.SimpleQueue[list[str] | Exception] = queue.SimpleQueue()

        def look() -> None:
            try:
                answers.put(self._resolve(url.host, url.port))
            except Exception as error:  # told below, in the thread that asked
                answers.put(error)

        threading.Thread(target=look, daemon=True).start()
        try:
            answer = answers.get(timeout=max(0.0, min(seconds, STALL)))
        except queue.Empty:
            raise _Unreached(f"{url.host} could not be looked up in time") from None
        if isinstance(answer, list) and answer:
            return answer
        cause = answer if isinstance(answer, Exception) else None
        if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN:
            raise _Unreached(f"{url.host} could not be looked up; is this machine online?") from cause
        raise _Unreached(f"no site is named {url.host}") from cause

    def _tls(self) -> ssl.SSLContext:
        if self._trust is None:
            import certifi

            self._trust = ssl.create_default_context()
            self._trust.load_verify_locations(certifi.where())
        return self._trust


class _Line:
    """The network as httpcore is given it: one connection, to an address that was checked, whatever host it is told.

    It ends at the deadline, however little a server sends at a time, and after so many bytes, whatever they are.
    """

    def __init__(self, addresses: list[Address], deadline: float, most: int) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._left = most
        self._stream: httpcore.NetworkStream | None = None

    def connect_tcp(self, host: str, port: int, *_: object, **__: object) -> _Line:
        import httpcore

        *others, last = self._addresses
        for address in others:
            try:
                return self._connect(address, port)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(last, port)

    def _connect(self, address: Address, port: int) -> _Line:
        import httpcore

        self._stream = httpcore.SyncBackend().connect_tcp(str(address), port, timeout=self._patience())
        return self

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, *_: object, **__: object
    ) -> _Line:
        self._stream = self._open.start_tls(ssl_context, server_hostname, self._patience())
        return self

    def read(self, max_bytes: int, *_: object, **__: object) -> bytes:
        data = self._open.read(max_bytes, self._patience())
        self._left -= len(data)
        if self._left < 0:
            raise UnreadableSource("refused, because the site sends without an end")
        return data

    def write(self, buffer: bytes, *_: object, **__: object) -> None:
        self._open.write(buffer, self._patience())

    def get_extra_info(self, info: str) -> object:
        found: object = self._open.get_extra_info(info)
        return found

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    @property
    def _open(self) -> httpcore.NetworkStream:
        assert self._stream is not None
        return self._stream

    def _patience(self) -> float:
        """Seconds to wait for what comes next."""
        if (left := self._deadline - time.monotonic()) <= 0:
            raise _Late
        return min(left, STALL)


# What is read, and how it is said -----------------------------------------------------------------------------------


def _read(url: str) -> Url:
    try:
        return parsed(url)
    except NoAddress as error:
        raise UnreadableSource(f"the address cannot be followed: {error}") from error


def _received(response: httpcore.Response, most: int) -> _Answer:
    headers: dict[str, str] = {}
    for name, value in response.headers:
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    if response.status != 200:
        return _Answer(response.status, headers)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > most:
        raise too_large(most)
    return _Answer(200, headers, unpacked(response.iter_stream(), headers.get("content-encoding", ""), most))


def _next(url: Url, answer: _Answer) -> Url:
    """Where a redirect leads. Raises UnreadableSource where that is no address, or no longer protected by TLS."""
    place = answer.headers.get("location", "")
    if not place.strip():
        raise UnreadableSource(f"the site answers {answer.status}, and does not say where the page is")
    try:
        # It is ASCII by right, and UTF-8 where it is not.
        place = place.encode("latin-1").decode("utf-8", "replace")
        following = parsed(place if _has_scheme(place) else _joined(url, place))
    except ValueError as error:
        raise UnreadableSource(f"the site redirects to an address that cannot be followed: {error}") from error
    if url.scheme == "https" and following.scheme == "http":
        raise UnreadableSource("refused, because the site redirects from https to http")
    return following


def _has_scheme(place: str) -> bool:
    return re.match(r"\s*[A-Za-z][A-Za-z0-9+.-]*:", place) is not None


def _joined(url: Url, place: str) -> str:
    """The address that a relative one means, checked before it is joined: urljoin drops tabs and line ends."""
    if re.search(r"[\x00-\x1f\x7f\\]", place.strip()):
        raise NoAddress("it holds a backslash or a control character")
    return urljoin(str(url), place.strip())


def _said(answer: _Answer, until: float = 0.0) -> str:
    """The status in words: "the site answers 404: not found"."""
    try:
        phrase = f": {HTTPStatus(answer.status).phrase.lower()}"
    except ValueError:
        phrase = ""
    when = f", and asks to come back after {datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC" if until else ""
    return f"the site answers {answer.status}{phrase}{when}"


def _until(answer: _Answer, now: float) -> float:
    """When a site that is closed asks to be asked again, at most a day from now; 0 when it does not say."""
    said = answer.headers.get("retry-after", "").strip()
    try:
        seconds = float(said[:10]) if said.isdecimal() else parsedate_to_datetime(said).timestamp() - now
    except (ValueError, OverflowError, TypeError):
        return 0.0
    return now + min(seconds, MAX_CLOSED) if seconds > 0 else 0.0


def _validator(said: str) -> str:
    """An ETag or a date as it can be sent back, or "" for what cannot be."""
    return said if _VALIDATOR.fullmatch(said) else ""


def _unconnected(url: Url, cause: BaseException | None) -> str:
    """Why there is no connection, from the system's error."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"the certificate of {url.host} is not valid: {cause.verify_message.rstrip('.')}"
    if isinstance(cause, ssl.SSLError):
        return f"no secure connection to {url.host} could be made"
    if isinstance(cause, ConnectionRefusedError):
        return f"{url.host} refuses the connection"
    return f"{url.host} cannot be reached"
