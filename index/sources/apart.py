"""A feed read in a process of its own, with limits of time and memory: `python -m index.sources.apart`.

feedparser looks for a mail address in the name of an author in quadratic time: 100,000 letters keep it busy for a
minute. The run waits for no feed that long.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import astuple

from index.errors import FootnoteError, UnreadableSource
from index.sources.confined import ROOT, limit, surroundings
from index.sources.feeds import Entry, read_feed

SECONDS = 20.0
MEMORY = 1 << 30


def read_feed_apart(data: bytes, url: str, content_type: str = "", seconds: float = SECONDS) -> list[Entry]:
    """The same as read_feed(). Raises UnreadableSource for a feed that takes longer, or more memory, too."""
    asked = json.dumps([url, content_type]).encode() + b"\n" + data
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
        raise UnreadableSource(f"gave up reading the feed after {seconds:g} s") from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        raise UnreadableSource("the reader of feeds crashed") from error
    if isinstance(answer, str):
        raise UnreadableSource(answer)
    return [Entry(*said) for said in answer]


def main() -> None:
    """Reads a feed from standard input and writes what it lists, or the reason why it cannot be read, as JSON."""
    limit({"AS": MEMORY, "CPU": int(SECONDS) + 5, "CORE": 0})
    outward = os.dup(1)
    os.dup2(2, 1)  # libraries may print
    head, _, data = sys.stdin.buffer.read().partition(b"\n")
    try:
        answer: object = [astuple(entry) for entry in read_feed(data, *json.loads(head))]
    except FootnoteError as error:
        answer = str(error)
    except MemoryError:
        answer = "needs too much memory"
    except Exception:
        answer = "a damaged feed"
    with open(outward, "wb") as out:
        out.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
