import datetime
import gzip
import ipaddress
import socket
import socketserver
import ssl
import sys
import threading
import time

import pytest

from index.errors import UnreadableSource, UsageError
from index.sources.fetcher import AGENT, MAX_REDIRECTS, Fetcher, Gone

HERE = "127.0.0.0/8"
NAMES = {"site.test": ["127.0.0.1"], "other.test": ["127.0.0.1"], "inside.test": ["10.0.0.1"]}
PAGE = b"<p>The mole fell in August.</p>"


def said(*lines, status="200 OK", body=PAGE):
    """An answer as it goes over the wire."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines]
    return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + body


def moved(to, status=302):
    return said(f"Location: {to}", status=f"{status} Moved", body=b"")


class Wire(socketserver.ThreadingTCPServer):
    """A server that sends, byte for byte, what is put at a path; `heads` are the requests it got."""

    daemon_threads = True
    tls = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Talk)
        self.says, self.heads, self.names = {"/robots.txt": said(status="404 Not Found")}, [], []
        self.port = self.server_address[1]

    def url(self, path="/", host="site.test", scheme="http"):
        return f"{scheme}://{host}:{self.port}{path}"

    @property
    def asked(self):
        return [head.partition(" ")[2].partition(" ")[0] for head in self.heads]

    def handle_error(self, request, client_address):
        """The fetcher hangs up on purpose."""


class Talk(socketserver.BaseRequestHandler):
    def handle(self):
        line = self.request
        if self.server.tls:
            line = self.server.tls.wrap_socket(line, server_side=True)
        head = b""
        # The first byte of TLS, which a server that knows none takes for the beginning of a line.
        while b"\r\n\r\n" not in head and not head.startswith(b"\x16") and (data := line.recv(65536)):
            head += data
        self.server.heads.append(head.decode("latin-1"))
        what = self.server.says.get(self.server.asked[-1], said(status="404 Not Found"))
        for piece in [what] if isinstance(what, bytes) else what():
            line.sendall(piece)
        line.close()


@pytest.fixture
def wire():
    with Wire() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def look_up(host, port):
    return NAMES.get(host, [])


def fetcher(networks=(HERE,), pause=0.0, timeout=5.0, resolve=look_up, **about):
    return Fetcher(networks, pause, timeout=timeout, resolve=resolve, **about)


def refused(url, **about):
    """The reason why it is not fetched."""
    with pytest.raises(UnreadableSource) as raised:
        fetcher(**about).get(url)
    return str(raised.value)


CONNECTED = []


@pytest.fixture
def connected():
    """The addresses that this process connects to."""
    if not CONNECTED:
        sys.addaudithook(lambda event, about: CONNECTED.append(about[1]) if event == "socket.connect" else None)
    CONNECTED[:] = [("start", 0)]
    return CONNECTED


# What comes ---------------------------------------------------------------------------------------------------------


def test_a_page_comes_with_what_it_says_of_itself(wire):
    date = "Tue, 03 Mar 2026 08:00:00 GMT"
    wire.says["/a"] = said("Content-Type: Text/HTML; Charset=UTF-8", 'ETag: "v1"', f"Last-Modified: {date}")
    page = fetcher().get(wire.url("/a#part"))
    assert (page.url, page.status, page.body, page.permanent) == (wire.url("/a"), 200, PAGE, True)
    assert (page.content_type, page.charset, page.etag, page.last_modified) == ("text/html", "utf-8", '"v1"', date)


def test_the_request_says_who_asks_and_keeps_no_cookie(wire):
    wire.says["/a"] = said("Set-Cookie: id=7; Path=/")
    asking = fetcher()
    asking.get(wire.url("/a"))
    asking.get(wire.url("/a"))
    assert f"User-Agent: {AGENT}\r\n" in wire.heads[-1]
    assert f"Host: site.test:{wire.port}\r\n" in wire.heads[-1]
    assert "cookie" not in wire.heads[-1].lower()


def test_an_unchanged_page_is_answered_by_its_validators(wire):
    wire.says["/a"] = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    page = fetcher().get(wire.url("/a"), etag='"v1"', last_modified="Tue, 03 Mar 2026 08:00:00 GMT")
    assert (page.status, page.body) == (304, b"")
    assert 'If-None-Match: "v1"\r\n' in wire.heads[-1]
    assert "If-Modified-Since: Tue, 03 Mar 2026 08:00:00 GMT\r\n" in wire.heads[-1]


def test_a_validator_cannot_smuggle_a_header(wire):
    wire.says["/a"] = said()
    fetcher().get(wire.url("/a"), etag='"v1"\r\nX-Evil: 1')
    assert "Evil" not in wire.heads[-1]


def test_a_304_that_was_not_asked_for_is_no_page(wire):
    wire.says["/a"] = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    assert refused(wire.url("/a")) == "the site answers 304: not modified"


@pytest.mark.parametrize(
    ("status", "reason"),
    [("404 Not Found", "404: not found"), ("500 Oh", "500: internal server error"), ("599 Oh", "599")],
)
def test_another_status_is_the_reason(wire, status, reason):
    wire.says["/a"] = said(status=status)
    assert refused(wire.url("/a")) == f"the site answers {reason}"


def test_a_page_that_is_gone_for_good_is_told_from_one_that_is_not_there(wire):
    wire.says["/a"] = said(status="410 Gone")
    with pytest.raises(Gone, match="410: gone"):
        fetcher().get(wire.url("/a"))


def test_a_proxy_of_the_environment_is_not_used(wire, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    wire.says["/a"] = said()
    assert fetcher().get(wire.url("/a")).body == PAGE


# Redirects ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("statuses", "permanent"), [((301, 308), True), ((301, 302), False), ((303, 307), False)])
def test_a_redirect_is_followed_and_known_to_be_permanent_or_not(wire, statuses, permanent):
    wire.says |= {"/a": moved("b?x=1", statuses[0]), "/b?x=1": moved(wire.url("/c"), statuses[1]), "/c": said()}
    page = fetcher().get(wire.url("/a"))
    assert (page.url, page.permanent) == (wire.url("/c"), permanent)


@pytest.mark.parametrize("number", [MAX_REDIRECTS, MAX_REDIRECTS + 1])
def test_five_redirects_are_followed_and_no_more(wire, number):
    wire.says |= {f"/{n}": moved(f"/{n + 1}") for n in range(number)} | {f"/{number}": said()}
    if number == MAX_REDIRECTS:
        assert fetcher().get(wire.url("/0")).body == PAGE
    else:
        assert refused(wire.url("/0")) == "the site redirects more than 5 times"


@pytest.mark.parametrize("to", ["http://10.0.0.1/", "//inside.test/", "http://[::ffff:10.0.0.1]/", "http://0/"])
def test_a_redirect_does_not_lead_inside(wire, connected, to):
    wire.says["/a"] = moved(to)
    refused(wire.url("/a"))
    assert "/a" in wire.asked
    assert {address[0] for address in connected[1:]} == {"127.0.0.1"}


@pytest.mark.parametrize("to", ["", "file:///etc/passwd", "\\\\10.0.0.1/", "http://a@site.test/", "/a\tb"])
def test_a_redirect_to_what_is_no_address_is_refused(wire, to):
    wire.says["/a"] = moved(to)
    assert "redirects to an address that cannot" in refused(wire.url("/a")) or not to


# Addresses ----------------------------------------------------------------------------------------------------------


def test_without_a_network_that_is_allowed_this_machine_is_not_reached(wire, connected):
    assert refused(wire.url("/"), networks=()) == "refused, because site.test is not on the public internet"
    assert connected == [("start", 0)]
    assert wire.heads == []


def test_a_name_that_leads_both_outside_and_inside_is_refused(wire, connected):
    refused(wire.url("/"), resolve=lambda host, port: ["127.0.0.1", "10.0.0.1"])
    assert connected == [("start", 0)]


def test_a_name_is_looked_up_once_for_each_connection_and_cannot_change_in_between(wire, connected):
    answers = [["127.0.0.1"], ["127.0.0.1"], ["10.0.0.1"]]
    asking = fetcher(resolve=lambda host, port: answers.pop(0))
    wire.says["/a"] = said()
    assert asking.get(wire.url("/a")).body == PAGE  # robots.txt and the page
    with pytest.raises(UnreadableSource, match="not on the public internet"):
        asking.get(wire.url("/a"))
    assert (answers, [address[0] for address in connected[1:]]) == ([], ["127.0.0.1"] * 2)


def test_the_next_address_is_tried_when_one_does_not_answer(wire):
    wire.says["/a"] = said()
    assert fetcher(resolve=lambda host, port: ["127.0.0.3", "127.0.0.1"]).get(wire.url("/a")).body == PAGE


def test_a_network_that_is_none_is_told():
    with pytest.raises(UsageError, match="networks"):
        Fetcher(["intranet"])


def test_a_site_that_does_not_exist_is_named():
    assert refused("http://nowhere.test/") == "no site is named nowhere.test"


def test_a_machine_that_is_not_online_is_told_from_a_wrong_name():
    def offline(host, port):
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    assert "is this machine online?" in refused("http://site.test/", resolve=offline)


def test_a_look_up_that_hangs_does_not_hold_the_run():
    start = time.monotonic()
    assert "in time" in refused("http://site.test/", timeout=0.2, resolve=lambda host, port: time.sleep(3))
    assert time.monotonic() - start < 1


def test_a_port_where_nothing_listens_is_told():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert refused(f"http://site.test:{port}/") == "site.test refuses the connection"


# Limits -------------------------------------------------------------------------------------------------------------


def drip(pieces, pause=0.05):
    for piece in pieces:
        yield piece
        time.sleep(pause)


HEAD = b"HTTP/1.1 200 OK\r\n"
SLOW = {
    "a silent site": lambda: drip([b""] + [b""] * 60),
    "a head that drips": lambda: drip([HEAD] + [b"X: y\r\n"] * 60),
    "a body that drips": lambda: drip([HEAD, b"\r\n"] + [b"w"] * 60),
    "an interim answer after the other": lambda: drip([b"HTTP/1.1 100 Continue\r\n\r\n"] * 60),
}


@pytest.mark.parametrize("what", SLOW)
def test_a_slow_site_is_left_at_the_deadline(wire, what):
    wire.says["/a"] = SLOW[what]
    start = time.monotonic()
    assert refused(wire.url("/a"), timeout=0.4) == "the site is too slow"
    assert time.monotonic() - start < 1.5


def endless(head, piece):
    def pieces():
        yield head
        for _ in range(100_000):
            yield piece

    return pieces


LARGE = {
    "a body without an end": endless(HEAD + b"\r\n", b"word " * 10_000),
    "chunks without an end": endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"2000\r\n" + b"w" * 8192 + b"\r\n"),
    "a head without an end": endless(HEAD, b"X-Pad: word\r\n" * 1000),
    "one header without an end": endless(HEAD + b"X-Pad: ", b"word" * 10_000),
    "a length that is too large": said(status="200 OK", body=b"").replace(b": 0", b": 999999999"),
    "a bomb": said("Content-Encoding: gzip", body=gzip.compress(bytes(50_000_000))),
    "a bomb in a bomb": said("Content-Encoding: gzip, gzip", body=gzip.compress(gzip.compress(bytes(50_000_000)))),
}


@pytest.mark.parametrize("what", LARGE)
def test_what_has_no_end_is_left_at_the_limit(wire, what):
    wire.says["/a"] = LARGE[what]
    start = time.monotonic()
    assert refused(wire.url("/a"), max_bytes=100_000)
    assert time.monotonic() - start < 3


def test_a_body_of_the_largest_size_is_read(wire):
    wire.says["/a"] = said(body=b"w" * 100_000)
    assert len(fetcher(max_bytes=100_000).get(wire.url("/a")).body) == 100_000
    assert refused(wire.url("/a"), max_bytes=99_999) == "refused, because it is larger than 0.099999 MB"


def test_a_packed_body_is_unpacked(wire):
    wire.says["/a"] = said("Content-Encoding: gzip", body=gzip.compress(PAGE))
    assert fetcher().get(wire.url("/a")).body == PAGE


@pytest.mark.parametrize(
    "what", [said(body=b"w" * 90)[:-40], HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nwor", b"SSH-2.0\r\n\r\n", b""]
)
def test_a_page_that_breaks_off_is_not_taken_for_a_whole_one(wire, what):
    wire.says["/a"] = what
    assert refused(wire.url("/a")).startswith("the site broke off")


# Politeness ---------------------------------------------------------------------------------------------------------


def test_robots_txt_is_asked_once_and_obeyed(wire):
    wire.says |= {"/robots.txt": said(body=b"User-agent: *\nDisallow: /private\n"), "/a": said(), "/b": said()}
    asking = fetcher()
    asking.get(wire.url("/a"))
    asking.get(wire.url("/b"))
    with pytest.raises(UnreadableSource, match=r"^robots\.txt of site\.test does not allow it$"):
        asking.get(wire.url("/private/c"))
    assert wire.asked == ["/robots.txt", "/a", "/b"]


def test_robots_txt_holds_for_where_a_redirect_leads(wire):
    wire.says |= {"/robots.txt": said(body=b"User-agent: Footnote\nDisallow: /b\n"), "/a": moved("/b"), "/b": said()}
    assert refused(wire.url("/a")) == "robots.txt of site.test does not allow it"


def test_a_site_whose_robots_txt_cannot_be_read_is_left_alone(wire):
    wire.says |= {"/robots.txt": said(status="503 Busy"), "/a": said()}
    assert refused(wire.url("/a")).startswith("robots.txt of site.test could not be read: the site answers 503")
    assert wire.asked == ["/robots.txt"]


class Clock:
    """A clock that only moves when someone sleeps."""

    def __init__(self):
        self.now, self.slept = 1_780_000_000.0, []

    def time(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(round(seconds, 3))
        self.now += seconds

    def fetcher(self, pause=2.0):
        return fetcher(pause=pause, clock=self.time, sleep=self.sleep)


def test_a_host_is_asked_with_a_pause_and_another_without(wire):
    wire.says |= {"/a": said(), "/b": said()}
    clock = Clock()
    asking = clock.fetcher()
    asking.get(wire.url("/a"))
    assert clock.slept == [2.0]  # between robots.txt and the page
    asking.get(wire.url("/b"))
    assert clock.slept == [2.0, 2.0]
    asking.get(wire.url("/a", host="other.test"))
    assert clock.slept == [2.0, 2.0, 2.0]


@pytest.mark.parametrize(("asked", "waits"), [("7", 7.0), ("0.5", 2.0), ("3600", 10.0)])
def test_a_site_may_ask_for_a_longer_pause_within_bounds(wire, asked, waits):
    wire.says |= {"/robots.txt": said(body=f"User-agent: *\nCrawl-delay: {asked}\n".encode()), "/a": said()}
    clock = Clock()
    asking = clock.fetcher()
    asking.get(wire.url("/a"))
    asking.get(wire.url("/a"))
    assert clock.slept[-1] == waits


@pytest.mark.parametrize(
    "when", ["120", datetime.datetime.fromtimestamp(1_780_000_120, datetime.UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")]
)
def test_a_site_that_is_busy_is_left_alone_until_it_says(wire, when):
    wire.says |= {"/a": said(f"Retry-After: {when}", status="429 Slow down"), "/b": said()}
    clock = Clock()
    asking = clock.fetcher(pause=0.0)
    for path in ("/a", "/b"):
        with pytest.raises(UnreadableSource, match=r"429: too many requests, and asks to come back after 2026-05-28 "):
            asking.get(wire.url(path))
    assert wire.asked == ["/robots.txt", "/a"]
    clock.now += 121
    assert asking.get(wire.url("/b")).body == PAGE


def test_one_request_at_a_time_goes_to_a_host(wire):
    running, most = [], []

    def slowly():
        running.append(1)
        most.append(len(running))
        time.sleep(0.05)
        running.pop()
        yield said()

    wire.says["/a"] = slowly
    asking = fetcher()
    asking.get(wire.url("/a"))
    threads = [threading.Thread(target=asking.get, args=(wire.url("/a"),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (5, 1)


def test_ctrl_c_is_not_taken_for_a_fault_of_the_site(wire):
    def interrupted(seconds):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetcher(pause=1.0, sleep=interrupted).get(wire.url("/a"))


# TLS ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate for site.test, and who vouches for it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "site.test")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("site.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.9"))]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "site.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def secure(wire, authority):
    """The wire with TLS, and `names` that it was asked for."""
    wire.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    wire.tls.load_cert_chain(authority)
    wire.tls.sni_callback = lambda line, name, context: wire.names.append(name)
    return wire


def test_a_site_that_proves_its_name_is_read_over_tls(secure, authority):
    secure.says["/a"] = said()
    trust = ssl.create_default_context(cafile=authority)
    assert fetcher(trust=trust).get(secure.url("/a", scheme="https")).body == PAGE
    assert set(secure.names) == {"site.test"}


def test_a_certificate_for_another_name_is_refused(secure, authority):
    trust = ssl.create_default_context(cafile=authority)
    reason = refused(secure.url("/a", "other.test", "https"), trust=trust)
    assert reason.startswith("the certificate of other.test is not valid: ")
    assert "other.test" in reason.partition(": ")[2]
    assert secure.heads == []


def test_a_certificate_that_nobody_vouches_for_is_refused(secure):
    assert refused(secure.url("/a", scheme="https")).startswith("the certificate of site.test is not valid: ")


def test_a_server_without_tls_is_told(wire):
    assert refused(wire.url("/a", scheme="https")) == "no secure connection to site.test could be made"


def test_a_redirect_does_not_give_up_tls(secure, authority):
    secure.says["/a"] = moved(secure.url("/b"))
    reason = refused(secure.url("/a", scheme="https"), trust=ssl.create_default_context(cafile=authority))
    assert reason == "refused, because the site redirects from https to http"
