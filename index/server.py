"""Which Chroma server holds the segments of a store, where one is named.

Whoever reaches the port of a Chroma server from 1.0.0 on can run code on its machine before any login (CVE-2026-45829),
and the server itself asks for no key. So an address is taken when it is of this machine, or of a proxy that speaks
https; docs/scale.md has the rest. It comes from the settings alone and never from a store, which somebody else may have
made: whoever is asked gets the token.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from index.errors import UsageError

TOKEN, INSECURE = "FOOTNOTE_CHROMA_TOKEN", "FOOTNOTE_CHROMA_INSECURE"
TENANT, DATABASE = "FOOTNOTE_CHROMA_TENANT", "FOOTNOTE_CHROMA_DATABASE"
# What Chroma calls them where nobody has named any.
DEFAULTS = {TENANT: "default_tenant", DATABASE: "default_database"}

_EXAMPLE = 'Write it as "http://127.0.0.1:8000".'
_NAME = re.compile(r"[\w-][\w.-]*")
_PRINTABLE = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Server:
    """A Chroma server: its address, the tenant and database that are used, and what a proxy before it asks for."""

    address: str
    tenant: str = DEFAULTS[TENANT]
    database: str = DEFAULTS[DATABASE]
    token: str = field(default="", repr=False)

    @property
    def here(self) -> bool:
        """Whether it is on this machine."""
        return _is_here(urlsplit(self.address).hostname or "")

    @property
    def headers(self) -> dict[str, str]:
        """What each request brings along: the token, as proxies and as Chroma's own cloud read it."""
        return {"Authorization": f"Bearer {self.token}", "X-Chroma-Token": self.token} if self.token else {}


def server_at(address: str, environ: Mapping[str, str] | None = None) -> Server | None:
    """The server at an address, with what the environment says of it; None for no address.

    Raises UsageError for an address that is none, or that others may listen at.
    """
    environ = os.environ if environ is None else environ
    if not address:
        return None
    parts = _parsed(address)
    host = parts.hostname or ""
    if parts.scheme == "http" and not _is_here(host) and environ.get(INSECURE) != "1":
        raise UsageError(
            f"The Chroma server at {address} is neither on this machine nor behind https, and who reaches it can run "
            "code there (CVE-2026-45829)",
            f"Put a proxy with https and a key before it, or set {INSECURE}=1 where nobody else is on that network.",
        )
    token = environ.get(TOKEN, "")
    if token and not _PRINTABLE.fullmatch(token):
        # It is not repeated: what cannot be sent would be told as the reason.
        raise UsageError(f"{TOKEN} has a space, or a letter that no header can have", "Set it anew.")
    tenant, database = (_named(key, environ) for key in (TENANT, DATABASE))
    return Server(address.rstrip("/"), tenant, database, token)


def _parsed(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise UsageError("chroma is no address of a server", _EXAMPLE) from None
    if "@" in address:  # it may hold a password, so it is not repeated
        raise UsageError("chroma is an address with a name in it", f"Leave that out, and set {TOKEN}.")
    if not usable or parts.query or parts.fragment or not _PRINTABLE.fullmatch(address):
        raise UsageError(f"chroma is {address!r}, no address of a server", _EXAMPLE)
    return parts


def _named(key: str, environ: Mapping[str, str]) -> str:
    name = environ.get(key) or DEFAULTS[key]
    if not _NAME.fullmatch(name):
        raise UsageError(f"{key} is {name!r}, no name", "It has letters, digits, dots, - and _.")
    return name


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
