"""Web addresses: how one is written, and which of them lie on the public internet.

An address is taken apart here and nowhere else, so that what was checked is what is asked. What browsers mend in
silence (numbers such as 0x7f.1, tabs, backslashes, names and passwords) is refused: articles have no need of it, and
attacks do.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import quote

from index.errors import UsageError
from index.printable import visible

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Percent-encoded, which makes three of a Latin letter with an accent and nine of a Chinese one.
MAX_URL = 6_000
PORTS = {"http": 80, "https": 443}

_WHOLE = re.compile(r"(?is)(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?")
_SCHEME = re.compile(r"(?i)https?:")
# Their place is in no address, and software on the way takes them for different things.
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\\]")
_IN_BRACKETS = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::([0-9]*))?")
_NAMED = re.compile(r"([^:\[\]]+)(?::([0-9]*))?")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
# A name whose last part is a number is read as an IPv4 address, in whatever base.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# What may stand in a path and in a query as it is; '%' because it is percent-encoded already.
_PATH = "/%!$&'()*+,;=:@[]|~"
_QUERY = _PATH + "?^`{}"
_TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|gclsrc|gbraid|wbraid|dclid|msclkid|yclid|twclid|ttclid|igshid|igsh|srsltid"
    r"|mc_[ce]id|mkt_tok|oly_(anon|enc)_id|vero_id|_hs(enc|mi)|wt_(zmc|mc)|at_(medium|campaign)",
    re.IGNORECASE,
)

# The IANA registries of special addresses, and of IPv6 all that is not handed out; written down, because what Python
# calls global differs from one version to the next.
_SPECIAL = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # looks public, and tells a virtual machine in Azure about itself
    )
)  # fmt: skip
_HANDED_OUT = IPv6Network("2000::/3")
# With Teredo, 6to4 and the documentation's: none of them is where a site is, and some hold an IPv4 address.
_SPECIAL_6 = tuple(IPv6Network(n) for n in ("2001::/23", "2001:db8::/32", "2002::/16", "3ffe::/16", "3fff::/20"))
# Networks without IPv4 reach the IPv4 sites through it, with the IPv4 address in the last four bytes.
_NAT64 = IPv6Network("64:ff9b::/96")


class NoAddress(ValueError):
    """The text is no address of a page. `str(error)` says why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Url:
    """An http(s) address taken apart; `str(url)` is it whole again, without its fragment."""

    scheme: str
    host: str  # ASCII, lower case; an IPv6 address without its brackets
    port: int
    target: str  # path and query, percent-encoded

    @property
    def authority(self) -> str:
        """Host and port, as the Host header names them: without the port that the scheme implies."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what one robots.txt speaks for."""
        return f"{self.scheme}://{self.authority}"

    def __str__(self) -> str:
        return self.origin + self.target


def parsed(text: str) -> Url:
    """The address taken apart. Raises NoAddress for what is none, or is written as no honest page writes one."""
    text = text.strip(" \t\r\n\f\v")
    if len(text) > MAX_URL:
        raise NoAddress(f"it is longer than {MAX_URL:,} characters")
    if _UNFIT.search(text):
        raise NoAddress("it holds a backslash or a control character")
    if (parts := _WHOLE.fullmatch(text)) is None:
        raise NoAddress("it has no '//'" if _SCHEME.match(text) else "it does not begin with http:// or https://")
    scheme, authority, path, query = parts[1].lower(), parts[2], parts[3] or "/", parts[4] or ""
    host, port = _host_and_port(authority)
    try:
        target = quote(path, safe=_PATH) + quote(query, safe=_QUERY)
    except UnicodeError as error:
        raise NoAddress("it holds characters that are none") from error
    url = Url(scheme, host, PORTS[scheme] if port is None else port, target)
    if len(str(url)) > MAX_URL:
        raise NoAddress(f"it is longer than {MAX_URL:,} characters")
    return url


def canonical(url: str) -> str:
    """The address of a page, written the one way it is known by. Raises UsageError for what is no http(s) address.

    Scheme and host in lower case and ASCII, without the implied port, the fragment, and parameters that only say where
    a reader came from (utm_source, fbclid and others).
    """
    try:
        parts = parsed(url)
    except NoAddress as error:
        shown = visible(url.strip())[:200]
        raise UsageError(f"'{shown}' cannot be followed: {error}.", "Write it as https://example.org/page.") from error
    path, _, query = parts.target.partition("?")
    kept = [piece for piece in query.split("&") if not _TRACKING.fullmatch(piece.partition("=")[0])]
    query = "&".join(kept)
    return str(replace(parts, target=f"{path}?{query}" if query else path))


def read_networks(ranges: Sequence[str]) -> tuple[Network, ...]:
    """The networks that may be read although they are not public, from "10.1.0.0/16". Raises UsageError."""
    try:
        return tuple(ipaddress.ip_network(text.strip()) for text in ranges)
    except ValueError as error:
        raise UsageError(f"networks: {error}.", "Write a network as 10.1.0.0/16.") from error


def reachable(address: str, allowed: Sequence[Network] = ()) -> Address | None:
    """The address, when a page may be read from there: it is public, or in a network that is allowed. Otherwise None.

    An IPv4 address inside an IPv6 one is judged, and reached, as the IPv4 address that it is.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        if found.scope_id:
            return None
        found = found.ipv4_mapped or found
    judged = IPv4Address(int(found) & 0xFFFF_FFFF) if found in _NAT64 else found
    return found if _public(judged) or any(judged in network for network in allowed) else None


def _public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _SPECIAL)
    return address in _HANDED_OUT and not any(address in network for network in _SPECIAL_6)


def _host_and_port(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise NoAddress("it holds a user's name or password")
    if authority.startswith("["):
        if (parts := _IN_BRACKETS.fullmatch(authority)) is None:
            raise NoAddress("what stands in its brackets is no IPv6 address")
        host = _ipv6(parts[1])
    elif parts := _NAMED.fullmatch(authority):
        host = _name(parts[1])
    else:
        raise NoAddress("it names no host")
    if not parts[2]:
        return host, None
    if len(parts[2]) > 5 or not 0 < (port := int(parts[2])) < 1 << 16:
        raise NoAddress(f"there is no port {parts[2][:10]}")
    return host, port


def _ipv6(text: str) -> str:
    try:
        return str(IPv6Address(text))
    except ValueError as error:
        raise NoAddress("what stands in its brackets is no IPv6 address") from error


def _name(text: str) -> str:
    """The name of a host in ASCII and lower case, or an IPv4 address in its usual form: four decimal numbers."""
    import idna

    try:
        name = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode("ascii")
    except UnicodeError as error:
        raise NoAddress("its host holds characters that no name may have") from error
    name = name.removesuffix(".")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        try:
            return str(IPv4Address(name))
        except ValueError as error:
            raise NoAddress("its host is a number, and not four of them from 0 to 255") from error
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise NoAddress("its host holds characters that no name may have")
    return name
