"""How often somebody may be wrong: after a few times each further try has to wait, twice as long each time.

Who knows a name must not be able to keep its owner out. So what is wrong at one address delays nobody at another, until
it was wrong very often; and even then nobody at an address from which this name has logged in before.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

FREE = 5
# Wrong passwords for one name from all addresses together, before those wait that it has not logged in from. The most
# that NIST SP 800-63B, 5.2.2 allows in a row.
FREE_OF_NAME = 100
LONGEST_WAIT = 60.0
# After so many seconds without a failure it is as if there had been none.
FORGOTTEN = 15 * 60.0
# Of so many the failures are remembered; beyond them, those are forgotten that failed longest ago.
REMEMBERED = 10_000


@dataclass(slots=True)
class Failures:
    """How often somebody failed, and when last."""

    count: int
    last: float

    def until(self, free: int) -> float:
        """When the next try is allowed: at once, and from `free` failures on after 1, 2, 4 seconds and so forth."""
        over = self.count - free
        return self.last + min(LONGEST_WAIT, 2.0 ** min(over, 10)) if over >= 0 else self.last


class Throttle:
    """The failures of names, addresses or whatever else a text can name. For one thread."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, remembered: int = REMEMBERED, free: int = FREE
    ) -> None:
        self._clock = clock
        self._remembered = remembered
        self._free = free
        self._failures: OrderedDict[str, Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def wait(self, *keys: str) -> int:
        """0 when all of them may try now; otherwise after how many seconds they may."""
        known = [self._failures[key] for key in keys if key in self._failures]
        return max([0, *(math.ceil(failures.until(self._free) - self._clock()) for failures in known)])

    def failed(self, *keys: str) -> None:
        """Counts a failure of each. A try that takes a while is counted before, so that many at once are counted."""
        now = self._clock()
        while self._failures and now - next(iter(self._failures.values())).last > FORGOTTEN:
            self._failures.popitem(last=False)
        for key in keys:
            failures = self._failures.setdefault(key, Failures(0, now))
            failures.count, failures.last = failures.count + 1, now
            self._failures.move_to_end(key)
        while len(self._failures) > self._remembered:
            self._failures.popitem(last=False)

    def forget(self, key: str) -> None:
        """Its failures are forgotten, because it succeeded."""
        self._failures.pop(key, None)


class Logins:
    """The logins that failed, of each name and address, and the addresses from which each name has logged in.

    For one thread. Nothing is kept beyond the process.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._here = Throttle(clock, remembered)
        self._anywhere = Throttle(clock, remembered, FREE_OF_NAME)
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait(self, name: str, address: str) -> int:
        """0 when this name may try from this address now; otherwise after how many seconds it may."""
        anywhere = 0 if (name, address) in self._known else self._anywhere.wait(name)
        return max(anywhere, self._here.wait(_both(name, address), f"address {address}"))

    def tries(self, name: str, address: str) -> None:
        """Counts a try before it is looked at, so that many at once are counted."""
        self._here.failed(_both(name, address))
        self._anywhere.failed(name)

    def failed(self, address: str) -> None:
        """Counts against the address a try that was wrong, for whichever name."""
        self._here.failed(f"address {address}")

    def succeeded(self, name: str, address: str) -> None:
        """What the name failed at is forgotten; what the address failed at with others is not."""
        self._here.forget(_both(name, address))
        self._anywhere.forget(name)
        self._known[name, address] = None
        self._known.move_to_end((name, address))
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)


def _both(name: str, address: str) -> str:
    """A key that is no other pair's, whatever was typed as a name."""
    return f"name {address!r} {name}"


def network_of(address: str) -> str:
    """The address, or of IPv6 the network of 64 bits, of which a single machine may use every address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else f"{parsed.exploded[:19]}::/64"
    return str(parsed)
