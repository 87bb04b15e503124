"""What the scan must know of a feed or a page, read in a process of its own: `python -m index.sources.apart`.

feedparser looks for a mail address in the name of an author in quadratic time: 100,000 letters keep it busy for a
minute. lxml takes as long for 40,000 attributes of one element. The run waits for neither, and hears Ctrl-C meanwhile.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import astuple
from typing import Any

from index.errors import FootnoteError, UnreadableSource
from index.sources.confined import ROOT, limit, surroundings
from index.sources.decoding import text_of
from index.sources.feeds import Entry, read_feed
from index.sources.webpage import feeds_of

SECONDS = 20.0
MEMORY = 1 << 30


def read_feed_apart(data: bytes, url: str, content_type: str = "", seconds: float = SECONDS) -> list[Entry]:
    """The same as read_feed(). Raises UnreadableSource for a feed that takes longer, or more memory, too."""
    return [Entry(*said) for said in _asked(data, ["feed", url, content_type], seconds)]


def feeds_of_apart(page: bytes, url: str, seconds: float = SECONDS) -> tuple[str, ...]:
    """The addresses of the feeds that the page at `url` names as its own; none of one that takes longer to read."""
    try:
        return tuple(_asked(page, ["page", url, ""], seconds))
    except UnreadableSource:
        return ()


def _asked(data: bytes, about: list[str], seconds: float) -> list[Any]:
    asked = json.dumps(about).encode() + b"\n" + data
    try:
        done = subprocess.run(
            [sys.executable, "-m", "index.sources.apart"],
            input=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=False,
            cwd=ROOT,
            env=surroundings(),
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableSource(f"gave up reading the {about[0]} after {seconds:g} s") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise UnreadableSource(f"the reader of the {about[0]} crashed") from error
    if isinstance(answer, str):
        raise UnreadableSource(answer)
    return list(answer)


def _read(data: bytes, kind: str, url: str, content_type: str) -> list[Any]:
    if kind == "page":
        return list(feeds_of(text_of(data, markup=True), url))
    return [astuple(entry) for entry in read_feed(data, url, content_type)]


def main() -> None:
    """Reads from standard input, and writes what is listed, or the reason why it cannot be read, as JSON."""
    limit({"AS": MEMORY, "CPU": int(SECONDS) + 5, "CORE": 0})
    outward = os.dup(1)
    os.dup2(2, 1)  # libraries may print
    head, _, data = sys.stdin.buffer.read().partition(b"\n")
    try:
        answer: object = _read(data, *json.loads(head))
    except FootnoteError as error:
        answer = str(error)
    except MemoryError:
        answer = "needs too much memory"
    except Exception:
        answer = "a damaged feed or page"
    with open(outward, "wb") as out:
        out.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
