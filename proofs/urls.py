"""S3: an address cannot reach inside. Each case asks for something that lies inside, or that has no end.

What counts is seen at the socket: an audit hook writes down every connection and every look-up that this process
begins, and canaries on the port of the site, at addresses inside, count who comes. One address of this machine is
allowed, as an intranet would be, so that a redirect and a name that changes its mind have a beginning.
"""

from __future__ import annotations

import ipaddress
import itertools
import random
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass

from index.errors import UnreadableSource
from index.sources.fetcher import Fetcher
from index.sources.fetcher import look_up as by_the_system
from proofs.outcome import Outcome, Tally
from proofs.site import PAGE, Canary, Site, bad, packed, said, slow, squeezed, without_end

ALLOWED, INSIDE, INSIDE_6 = "127.0.0.1", "127.0.0.2", "::1"
LIMIT = 200_000
SECONDS = 0.6
# What a case may take: robots.txt and the page, each within SECONDS, and the machine's own pace.
LATE = 4.0

HOSTS = (
    "127.0.0.2", "127.1", "127.0.2", "2130706434", "0x7f000002", "0x7f.0.0.2", "0X7F.0.0.2", "0177.0.0.2",
    "017700000002", "00000177.0.0.2", "127.0.0.2.", "127.0.0.0x2", "127.0.0.02", "127.0.0.258", "①②⑦.⓪.⓪.②",
    "１２７.０.０.２",
    "127。0。0。2", "127．0．0．2", "١٢٧.٠.٠.٢", "127%2e0%2e0%2e2", "%31%32%37.0.0.2", "0", "0.0.0.0",
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.255.254", "169.254.169.254",
    "169.254.0.1", "100.64.0.1", "100.100.100.200", "100.127.255.254", "168.63.129.16", "192.0.0.1", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255", "[::1]", "[0:0:0:0:0:0:0:1]", "[::]", "[::ffff:127.0.0.2]", "[::ffff:7f00:2]",
    "[0:0:0:0:0:FFFF:7F00:0002]", "[::127.0.0.2]", "[::7f00:2]", "[64:ff9b::7f00:2]", "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::7f00:2]", "[2002:7f00:2::]", "[2001:0:7f00:2::]", "[fe80::1]", "[fe80::1%25eth0]", "[fe80::1%eth0]",
    "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]",
    "[::ffff:0:127.0.0.2]", "[::1", "::1", "[127.0.0.2]", "[v1.127.0.0.2]",
)  # fmt: skip
# What names lead to; nothing else exists.
NAMES = {
    "inside.example": [INSIDE], "inside6.example": [INSIDE_6], "both.example": [ALLOWED, INSIDE],
    "both6.example": [INSIDE_6, ALLOWED], "mapped.example": ["::ffff:127.0.0.2"], "nat64.example": ["64:ff9b::7f00:2"],
    "metadata.google.internal": ["169.254.169.254"], "any.example": ["0.0.0.0"], "link.example": ["fe80::1%1"],
    "broken.example": ["not an address"], "short.example": ["127.1"], "nobody.example": [],
    "xn--nside-4sa.example": [INSIDE],
    "site.example": [ALLOWED],
}  # fmt: skip
OUTSIDE = "site.example"
BY_THE_SYSTEM = ("localhost", "LOCALHOST", "localhost.", "ｌｏｃａｌｈｏｓｔ", "ip6-localhost", "api.localhost")
# {site} and {port} are the site's own, where it may be reached.
TRICKS = (
    "file:///etc/passwd", "file://127.0.0.2/etc/passwd", "ftp://127.0.0.2/", "gopher://127.0.0.2:{port}/_x",
    "dict://127.0.0.2:{port}/", "ldap://127.0.0.2/", "ws://127.0.0.2:{port}/", "jar:http://127.0.0.2!/",
    "data:text/html,x", "javascript:alert(1)", "unix:///run/x.sock", "http+unix://%2Frun%2Fx.sock/", "about:blank",
    "http://", "http://[", "http://a@127.0.0.2:{port}/", "http://{site}@127.0.0.2:{port}/", "http://127.0.0.2:{port}@{site}/",
    "http://127.0.0.2:{port}#@{site}/", "http://127.0.0.2:{port}?@{site}/", "http://{site}\\@127.0.0.2:{port}/",
    "http://127.0.0.2:{port}\\@{site}/", "http:\\\\127.0.0.2:{port}\\", "http:///127.0.0.2:{port}/",
    "http://{site}:80@127.0.0.2:{port}/", "http://127.0.0.2:99999/", "http://127.0.0.2:-1/", "http://127.0.0.2:0/",
    "http://127.0.0.2\t:{port}/", "http://127.0.0.2 :{port}/", "http://127.0.0.2%00.{site}/", "http://xn--/",
    "http://" + "a" * 300 + ".example/", "http://127.0.0.2:{port}:80/", "http://[::1]127.0.0.1:{port}/",
    "http://{site},127.0.0.2:{port}/", "http://{site};127.0.0.2:{port}/", "http://127.0.0.2\u3002:{port}/",
    "http://127.0.0.2\u2024example/", "http://\u200b127.0.0.2:{port}/", "http://127.0.0.2\u00ad:{port}/",
)  # fmt: skip
# Only what is typed or listed holds these; a header ends at them.
TYPED = (
    "http://127.0.0.2\r\n:{port}/", "http://{site}/\r\nHost: 127.0.0.2\r\n\r\nGET /x", "http://{site}\x00@127.0.0.2:{port}/",
    "http:127.0.0.2:{port}", "http:/127.0.0.2:{port}/", "//127.0.0.2:{port}/", "127.0.0.2:{port}", "",
)  # fmt: skip
REDIRECTS = (301, 302, 303, 307, 308)
TARGETS = ("http://127.0.0.2:{port}/", "//127.0.0.2:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.2]:{port}/",
           "//inside.example:{port}/")  # fmt: skip

Resolve = Callable[[str, int], list[str]]


@dataclass(frozen=True)
class Case:
    """Something to ask for, and what must become of it: `fetched`, or refused with a reason.

    `visits` is a path of the site that must have been asked for on the way, or else the case proves nothing.
    """

    name: str
    url: str
    resolve: Resolve | None = None
    visits: str = ""
    fetched: bool = False
    etag: str = ""


def look_up(host: str, port: int) -> list[str]:
    """The names of the proof."""
    return NAMES.get(host, [])


def turning(*answers: str) -> Resolve:
    """A name server that changes its mind: one answer for each look-up, and the last from then on."""
    left = list(answers)
    return lambda host, port: [left.pop(0) if len(left) > 1 else left[0]]


# The cases ----------------------------------------------------------------------------------------------------------


def cases(site: Site, smoke: bool, seed: int) -> Iterator[Case]:
    """All of them. The smoke size leaves out what takes all its time, and most of what is drawn by chance."""
    yield from straight(site)
    yield from redirected(site)
    yield from chained(site)
    yield from rebound(site)
    yield from unending(site, smoke)
    yield from drawn(site, random.Random(seed), 40 if smoke else 1_000)
    yield from controls(site)


def filled(text: str, site: Site) -> str:
    """A trick, with the site's own name and port."""
    return text.replace("{site}", f"{OUTSIDE}:{site.port}").replace("{port}", str(site.port))


def straight(site: Site) -> Iterator[Case]:
    """What someone types, or a feed lists."""
    for host in (*HOSTS, *(name for name in NAMES if name != OUTSIDE), "İnside.example"):
        yield Case(f"host {host}", f"http://{host}:{site.port}/")
        yield Case(f"host {host} with TLS", f"https://{host}:{site.port}/")
    for trick in (*TRICKS, *TYPED):
        yield Case(f"trick {trick[:60]!r}", filled(trick, site))
    for name in (*BY_THE_SYSTEM, socket.gethostname()):
        # Where the system knows them they are this machine; that address, and all others, are not allowed here.
        yield Case(f"system {name}", f"http://{name}:{site.port}/", resolve=elsewhere)


def elsewhere(host: str, port: int) -> list[str]:
    """What the system knows of a name, with the address that is allowed here taken for another one inside."""
    return [INSIDE if address == ALLOWED else address for address in by_the_system(host, port)]


def redirected(site: Site) -> Iterator[Case]:
    """The same, as places that a site sends its readers to."""
    places = [f"http://{host}:{site.port}/" for host in (*HOSTS, *(name for name in NAMES if name != OUTSIDE))]
    places += [filled(trick, site) for trick in TRICKS]
    for number, place in enumerate(places):
        yield sent(site, f"/to/{number}", place, 302)
    for number, (status, target) in enumerate(itertools.product(REDIRECTS, TARGETS)):
        yield sent(site, f"/by/{number}", filled(target, site), status)


def sent(site: Site, path: str, place: str, status: int) -> Case:
    """The case of a page that sends its readers to a place."""
    site.says[path] = said(f"Location: {place}", status=f"{status} Moved", body=b"")
    return Case(f"redirect {status} to {place[:60]!r}", f"http://{OUTSIDE}:{site.port}{path}", visits=path)


def chained(site: Site) -> Iterator[Case]:
    """Redirects that lead inside at the end of a way, on the way to robots.txt, or nowhere."""
    for length in range(1, 6):
        for step in range(length):
            site.says[f"/chain/{length}/{step}"] = said(f"Location: {step + 1}", status="302 Moved", body=b"")
        place = f"http://{INSIDE}:{site.port}/"
        site.says[f"/chain/{length}/{length}"] = said(f"Location: {place}", status="307 Moved", body=b"")
        start = f"http://{OUTSIDE}:{site.port}/chain/{length}/0"
        yield Case(f"chain of {length}", start, visits=f"/chain/{length}/{length}")
    site.says["/loop"] = said("Location: /loop", status="302 Moved", body=b"")
    yield Case("loop", f"http://{OUTSIDE}:{site.port}/loop", visits="/loop")
    site.says["/no-place"] = said(status="302 Moved", body=b"")
    yield Case("redirect to nothing", f"http://{OUTSIDE}:{site.port}/no-place", visits="/no-place")
    site.says["/two-places"] = said("Location: /page", f"Location: http://{INSIDE}/", status="302 Moved", body=b"")
    yield Case("redirect to two places", f"http://{OUTSIDE}:{site.port}/two-places", visits="/two-places")
    two = f"HTTP/1.1 302 Moved\r\nRefresh: 0; url=http://{INSIDE}:{site.port}/\r\nContent-Length: 0\r\n\r\n"
    site.says["/refresh"] = two.encode()
    yield Case("refresh", f"http://{OUTSIDE}:{site.port}/refresh", visits="/refresh")


def rebound(site: Site) -> Iterator[Case]:
    """Names that lead to the site when they are looked up first, and inside when they are looked up again."""
    url = f"http://rebinding.example:{site.port}/page"
    yield Case("rebinding after robots.txt", url, turning(ALLOWED, INSIDE), visits="/robots.txt")
    yield Case("rebinding after robots.txt, IPv6", url, turning(ALLOWED, INSIDE_6), visits="/robots.txt")
    site.says["/again"] = said("Location: /page", status="302 Moved", body=b"")
    url = f"http://rebinding.example:{site.port}/again"
    yield Case("rebinding at a redirect", url, turning(ALLOWED, ALLOWED, INSIDE), visits="/again")
    yield Case("rebinding to the metadata", url, turning(ALLOWED, ALLOWED, "169.254.169.254"), visits="/again")
    url = f"http://rebinding.example:{site.port}/page"
    # Were a name looked up once more than it is connected to, the second connection would get the third answer.
    yield Case("no look-up between", url, turning(ALLOWED, ALLOWED, INSIDE), visits="/page", fetched=True)


def unending(site: Site, smoke: bool) -> Iterator[Case]:
    """Answers that are too much, too slow, or untrue."""
    answers = bad() | ({} if smoke else slow())
    site.says |= answers
    for path in answers:
        yield Case(f"answer {path}", f"http://{OUTSIDE}:{site.port}{path}", visits=path)


NETWORKS = ("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.2/31", "127.64.0.0/10", "169.254.0.0/16",
            "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4",
            "240.0.0.0/4")  # fmt: skip


def drawn(site: Site, chance: random.Random, number: int) -> Iterator[Case]:
    """Addresses inside, in a spelling drawn by chance, typed or sent to."""
    for count in range(number):
        network = ipaddress.IPv4Network(chance.choice(NETWORKS))
        host = spelled(int(network[chance.randrange(network.num_addresses)]), chance)
        url = f"{chance.choice(['http', 'HTTP', 'https'])}://{host}:{site.port}/"
        if chance.random() < 0.5:
            yield Case(f"drawn {host}", url)
        else:
            yield sent(site, f"/drawn/{count}", url, chance.choice(REDIRECTS))


def spelled(address: int, chance: random.Random) -> str:
    """An IPv4 address in one of the ways that software somewhere takes for it."""
    parts = list(address.to_bytes(4, "big"))
    way = chance.randrange(8)
    if way == 0:
        return chance.choice([str, hex, lambda n: f"0{n:o}"])(address)
    if way == 1:
        return ".".join(chance.choice([str, hex, lambda n: f"0{n:o}", lambda n: f"0x{n:08X}"])(part) for part in parts)
    if way == 2:
        return f"{parts[0]}.{chance.choice([str, hex])(address & 0xFFFFFF)}"
    if way == 3:
        return f"{parts[0]}.{parts[1]}.{address & 0xFFFF}"
    if way == 4:
        return "".join(chance.choice([c, chr(0xFF10 + int(c))]) if c.isdigit() else chance.choice(".。．｡")
                       for c in ".".join(map(str, parts)))  # fmt: skip
    if way == 5:
        prefix = chance.choice(["::ffff:", "::", "64:ff9b::", "64:ff9b:1::", "::ffff:0:", "0:0:0:0:0:ffff:"])
        return f"[{prefix}{ipaddress.IPv4Address(address)}]"
    if way == 6:
        return f"[2002:{address >> 16:x}:{address & 0xFFFF:x}::{chance.randrange(1 << 16):x}]"
    return f"{ipaddress.IPv4Address(address)}{chance.choice(['', '.', '%', '%00', '..'])}"


def controls(site: Site) -> Iterator[Case]:
    """What has to be fetched, so that refusing everything proves nothing."""
    place = f"http://{OUTSIDE}:{site.port}"
    for name, body in squeezed(PAGE).items():
        site.says[f"/packed-{name}"] = packed(name, body)
        yield Case(f"control {name}", f"{place}/packed-{name}", visits=f"/packed-{name}", fetched=True)
    yield Case("control", f"{place}/page", visits="/page", fetched=True)
    yield Case("control by its address", f"http://{ALLOWED}:{site.port}/page", visits="/page", fetched=True)
    yield Case("control mapped", f"http://[::ffff:{ALLOWED}]:{site.port}/page", visits="/page", fetched=True)
    yield Case("control with a fragment", f"{place}/page#@{INSIDE}", visits="/page", fetched=True)
    yield Case(
        "control with a query", f"{place}/page?u=http://{INSIDE}/", visits=f"/page?u=http://{INSIDE}/", fetched=True
    )
    yield Case("a header in an ETag", f"{place}/page", visits="/page", fetched=True, etag='"x"\r\nX-Evil: 1')
    site.says["/folded%0d%0aX-Evil:%201"] = said()
    evil = "/folded%0d%0aX-Evil:%201"
    yield Case("a header in a path", f"{place}{evil}", visits=evil, fetched=True)
    for step in range(5):
        site.says[f"/five/{step}"] = said(f"Location: {step + 1}", status="302 Moved", body=b"")
    site.says["/five/5"] = said()
    yield Case("control of five redirects", f"{place}/five/0", visits="/five/5", fetched=True)
    site.says["/endless-redirect"] = without_end(b"HTTP/1.1 302 Moved\r\nLocation: /page\r\n\r\n", b"word " * 1_000)
    yield Case("control of a redirect that goes on", f"{place}/endless-redirect", visits="/page", fetched=True)


# What is seen -------------------------------------------------------------------------------------------------------


class Watch:
    """What this process connects to and looks up. A hook cannot be taken back, so there is one, which may look away."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.looked_up: list[str] = []
        self._thread = 0
        sys.addaudithook(self._hear)

    def start(self) -> None:
        """Forgets what was, and listens to this thread and to those that it starts."""
        self.connected, self.looked_up = [], []
        self._thread = threading.get_ident()

    def _hear(self, event: str, about: tuple[object, ...]) -> None:
        if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
            place = about[1]
            self.connected.append(str(place[0] if isinstance(place, tuple) else place))
        elif event in ("socket.getaddrinfo", "socket.gethostbyname") and threading.get_ident() == self._thread:
            self.looked_up.append(str(about[0]))

    def problems(self) -> Iterable[str]:
        """What may not be: a connection to another address than the one, or a look-up below the check."""
        if inside := sorted({address for address in self.connected if address != ALLOWED}):
            yield f"connected to {inside}"
        if names := sorted({name for name in self.looked_up if name != ALLOWED}):
            yield f"looked up {names} once more"


_watch: list[Watch] = []


def prove(smoke: bool, seed: int) -> Outcome:
    """Every case; see `cases` for what the sizes are."""
    if not _watch:
        _watch.append(Watch())
    tally = Tally("urls", seed)
    with ExitStack() as stack:
        site = stack.enter_context(Site(ALLOWED))
        stack.callback(site.shutdown)
        canaries = [stack.enter_context(closing(Canary(address, site.port))) for address in (INSIDE, INSIDE_6)]
        for case in cases(site, smoke, seed):
            site.says |= {"/page": said(), "/page?u=http://127.0.0.2/": said(), "/": said()}
            tally.case(case.name, *tried(case, site, canaries))
        tally.case("the canary hears", *heard(site, canaries))
        for number, answer in enumerate(robots(site)):
            site.says["/robots.txt"] = answer
            case = Case(f"robots.txt {number}", f"http://{OUTSIDE}:{site.port}/page", visits="/robots.txt")
            tally.case(case.name, *tried(case, site, canaries))
    live = sum(canary.live for canary in canaries)
    return tally.outcome(f"connections seen at the socket; {live} canaries inside")


def robots(site: Site) -> Iterator[bytes | Callable[[], Iterator[bytes]]]:
    """What a robots.txt may be besides a robots.txt. A page of such a site is not fetched."""
    for target in TARGETS:
        yield said(f"Location: {filled(target, site)}", status="301 Moved", body=b"")
    yield said("Location: /robots.txt", status="302 Moved", body=b"")
    yield said(status="503 Busy", body=b"")
    yield without_end(b"HTTP/1.1 200 OK\r\n\r\n", b"# word\n" * 5_000)
    yield from (bad()[path] for path in ("/bomb-gzip", "/bomb-br", "/bomb-zstd", "/endless-head", "/short", "/no-http"))
    yield said(body=b"User-agent: a\n" * 10_000 + b"Disallow: /x\n" * 10_000)


def tried(case: Case, site: Site, canaries: Sequence[Canary]) -> Iterator[str]:
    """Why a case fails: what came of it, how long it took, and what was connected to."""
    site.heads.clear()
    before = sum(canary.visits for canary in canaries)
    _watch[0].start()
    start = time.monotonic()
    fetcher = Fetcher([f"{ALLOWED}/32"], 0.0, LIMIT, SECONDS, resolve=case.resolve or look_up)
    reason = ""
    try:
        body = fetcher.get(case.url, case.etag).body
        came = "" if case.fetched and body == PAGE else f"it was fetched: {body[:60]!r}"
    except UnreadableSource as error:
        reason = str(error)
        came = f"it was refused: {reason}" if case.fetched else "" if reason.strip() else "no reason was given"
        came = came or ("the reason is not understood" if "is not understood" in reason else "")
    except Exception as error:
        came = f"{type(error).__name__} came out: {error}"
    yield came
    yield "it took too long" if time.monotonic() - start > LATE else ""
    yield from _watch[0].problems()
    yield "the canary was visited" if sum(canary.visits for canary in canaries) > before else ""
    yield "" if not case.visits or case.visits in site.asked() else f"{case.visits} was not asked for: {reason}"
    yield "" if case.visits or not _watch[0].connected else "there was a connection"
    yield "a header was smuggled in" if any("\nX-Evil" in head for head in site.heads) else ""


def heard(site: Site, canaries: Sequence[Canary]) -> Iterator[str]:
    """That hook and canary notice a connection inside, or else all that they did not notice proves nothing."""
    _watch[0].start()
    before = canaries[0].visits
    with socket.create_connection((INSIDE, site.port), timeout=5) as line:
        line.recv(100)
    yield "" if canaries[0].visits == before + 1 else "the canary did not notice"
    yield "" if any(_watch[0].problems()) else "the hook did not notice"
