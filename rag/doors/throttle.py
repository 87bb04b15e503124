"""How often somebody may be wrong: after five times each further try has to wait, twice as long each time."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

FREE = 5
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

    @property
    def until(self) -> float:
        """When the next try is allowed: at once, and from FREE failures on after 1, 2, 4 seconds and so forth."""
        over = self.count - FREE
        return self.last + min(LONGEST_WAIT, 2.0 ** min(over, 10)) if over >= 0 else self.last


class Throttle:
    """The failures of names, addresses or whatever else a text can name. For one thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, remembered: int = REMEMBERED) -> None:
        self._clock = clock
        self._remembered = remembered
        self._failures: OrderedDict[str, Failures] = OrderedDict()

    def __len__(self) -> int:
        return len(self._failures)

    def wait(self, *keys: str) -> int:
        """0 when all of them may try now; otherwise after how many seconds they may."""
        known = [self._failures[key] for key in keys if key in self._failures]
        return max([0, *(math.ceil(failures.until - self._clock()) for failures in known)])

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


def network_of(address: str) -> str:
    """The address, or of IPv6 the network of 64 bits, of which a single machine may use every address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped) if parsed.ipv4_mapped else f"{parsed.exploded[:19]}::/64"
    return str(parsed)
