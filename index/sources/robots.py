"""What a site asks of programs in its robots.txt (RFC 9309). The only import of protego."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from index.errors import UnreadableSource

if TYPE_CHECKING:
    from protego import Protego

# The name by which a robots.txt speaks to Footnote.
NAME = "Footnote"
# As much as RFC 9309 asks to be read.
MAX_SIZE = 512_000
# protego keeps each rule once for each program that its group names: a small file could make millions of them.
MAX_NAMES, MAX_KEPT = 2_000, 500_000

_NAMES = re.compile(r"(?i)\s*user[-\s]*agent")


@dataclass(frozen=True, slots=True)
class Robots:
    """What a robots.txt allows Footnote. `delay` is the pause in seconds that it asks for, 0 when it asks for none."""

    delay: float = 0.0
    _file: Protego | None = None

    def allow(self, url: str) -> bool:
        """Whether the address may be fetched."""
        return self._file is None or self._file.can_fetch(url, NAME)


def read_robots(data: bytes) -> Robots:
    """The rules of a robots.txt; what is no rule in it counts for nothing, and it ends after MAX_SIZE.

    Raises UnreadableSource for one that names so many programs and rules that no one wrote it.
    """
    from protego import Protego

    text = data[:MAX_SIZE].decode("utf-8-sig", "replace")
    lines = text.splitlines()
    names = sum(_NAMES.match(line) is not None for line in lines)
    if names > MAX_NAMES or names * len(lines) > MAX_KEPT:
        raise UnreadableSource(f"its {len(lines):,} lines speak to {names:,} programs")
    file = Protego.parse(text)
    return Robots(float(file.crawl_delay(NAME) or 0.0), file)
