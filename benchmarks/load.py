"""Many at once: how long simultaneous users wait for answers at the page and over REST, and what the server then holds.

    python -m benchmarks.load STORE [--users 1 10 50 100] [--each 3 | --minutes 30] [--fronts page REST]

STORE is the folder of an index that has no users. Each front is started as its command starts it, one process on
loopback, and asked once before the clock runs. Then all users ask at the same moment, each the next question when the
last one is answered. At the page a question goes the way of a browser: into the queue of the question box, and the
chat is drawn. Over REST, who is told that the server is busy asks again after the Retry-After, and that counts as
waiting; how often it came about is told. Anything but an answer or a clear "busy" is an error, and is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import httpx
import numpy as np

from index.embedder import Embedder
from index.search import Index

ROOT = Path(__file__).parent.parent
# As long as a person would wait, and then it is an error.
PATIENCE = 600.0
BUSY = {503, 429}
# How far the questions of one user are from those of the next.
APART = 7


@dataclass
class Told:
    """What the users of one run were told: seconds to each answer, how often "busy", and what else."""

    seconds: list[float] = field(default_factory=list)
    busy: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)


# One user asks one question; true when it was answered, false for "busy", which was noted.
Ask = Callable[[httpx.AsyncClient, str, Told], Awaitable[bool]]


@contextmanager
def served(*command: str) -> Iterator[tuple[str, int]]:
    """A front in a process of its own: its address and the number of the process."""
    with tempfile.TemporaryFile("w+") as log:  # a pipe that nobody reads would stop the server when it is full
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        try:
            while not (address := re.search(r"http://127\.0\.0\.1:[0-9]+", said(log))):
                if process.poll() is not None:
                    raise RuntimeError(f"the server has ended: {said(log)}")
                time.sleep(0.2)
            yield address[0], process.pid
        finally:
            process.terminate()
            process.wait(30)


def said(log: IO[str]) -> str:
    """All that a server has written so far."""
    return os.pread(log.fileno(), 1 << 20, 0).decode(errors="replace")


def resident(pid: int) -> int:
    """The megabytes that a process holds now."""
    return int(re.search(r"VmRSS:\s+([0-9]+)", Path(f"/proc/{pid}/status").read_text())[1]) // 1024


def at_the_page(url: str) -> Ask:
    """Asks as the question box does, and reads what the page is sent until the event has ended."""
    config = httpx.get(f"{url}/config").json()
    [send] = [c["id"] for c in config["components"] if c["props"].get("elem_id") == "send"]
    event = next(d["id"] for d in config["dependencies"] if [send, "click"] in [list(t) for t in d["targets"]])

    async def ask(client: httpx.AsyncClient, question: str, told: Told) -> bool:
        visit = os.urandom(8).hex()
        given = {"fn_index": event, "session_hash": visit, "data": [question, "", None]}
        joined = await client.post("/gradio_api/queue/join", json=given)
        if joined.status_code in BUSY:
            told.busy[joined.text] += 1
            await asyncio.sleep(1)
            return False
        joined.raise_for_status()
        async with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": visit}) as stream:
            async for line in stream.aiter_lines():
                message = json.loads(line[6:]) if line.startswith("data: ") else {}
                if message.get("msg") == "process_completed":
                    if not message["success"]:
                        told.errors[json.dumps(message["output"])[:200]] += 1
                    return True
        told.errors["the stream ended before the answer"] += 1
        return True

    return ask


def over_rest(_: str) -> Ask:
    """Asks, and waits as long as it is told to when the server is busy."""

    async def ask(client: httpx.AsyncClient, question: str, told: Told) -> bool:
        got = await client.post("/v1/ask", json={"question": question})
        if got.status_code in BUSY:
            told.busy[" ".join(got.json().values())] += 1
            await asyncio.sleep(float(got.headers["retry-after"]))
            return False
        if got.status_code != 200:
            told.errors[got.text[:200]] += 1
        return True

    return ask


async def asked(url: str, ask: Ask, users: int, more: Callable[[int, float], bool], questions: list[str]) -> Told:
    """What so many users are told who all begin now, each with questions of their own.

    `more` says whether a user goes on after so many questions and seconds.
    """
    told, start = Told(), time.perf_counter()

    async def user(number: int) -> None:
        async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
            for n in itertools.count():
                begun = time.perf_counter()
                if not more(n, begun - start):
                    break
                question = questions[(number * APART + n) % len(questions)]
                try:
                    while not await ask(client, question, told):
                        pass
                    told.seconds.append(time.perf_counter() - begun)
                except httpx.HTTPError as error:
                    told.errors[f"{type(error).__name__} {error}"[:200]] += 1

    await asyncio.gather(*(user(number) for number in range(users)))
    return told


def asked_about(store: Path) -> list[str]:
    """A question about each of the first articles of an index."""
    listing = Index(store, Embedder()).listing("indexed", "", 100, 0)
    return [f"What is said of {entry.title}?"[:200] for entry in listing.entries]


def main() -> None:
    """Print a line for each front and number of users."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("store", type=Path)
    parser.add_argument("--users", type=int, nargs="+", default=[1, 10, 50, 100])
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--each", type=int, default=3, help="questions of each user")
    length.add_argument("--minutes", type=float, help="of all users at all fronts together, in equal parts")
    parser.add_argument("--fronts", nargs="+", default=["page", "REST"], choices=["page", "REST"])
    options = parser.parse_args()
    questions, store = asked_about(options.store), str(options.store.resolve())
    fronts: dict[str, tuple[list[str], Callable[[str], Ask]]] = {
        "page": (["app.py", "--port", "0", "--store", store], at_the_page),
        "REST": (["-m", "rag", "serve", "--port", "0", "--store", store], over_rest),
    }
    part = 60 * (options.minutes or 0) / (len(options.fronts) * len(options.users))

    def more(asked_before: int, seconds: float) -> bool:
        return seconds < part if options.minutes else asked_before < options.each

    for name in options.fronts:
        command, door = fronts[name]
        with served(*command) as (url, pid):
            ask = door(url)
            asyncio.run(asked(url, ask, 1, lambda n, _: n < 1, questions))
            before = resident(pid)
            for users in options.users:
                begun = time.perf_counter()
                told = asyncio.run(asked(url, ask, users, more, questions))
                took = time.perf_counter() - begun
                p50, p95, p99 = np.percentile(told.seconds or [0.0], (50, 95, 99))
                print(f"{name} users {users}: {len(told.seconds)} answers in {took:.1f} s", end=", ")
                print(f"p50 {p50:.2f} s, p95 {p95:.2f} s, p99 {p99:.2f} s", end=", ")
                print(f"longest {max(told.seconds, default=0):.2f} s", end=", ")
                print(f"busy {told.busy.total()}, errors {told.errors.total()}", end=", ")
                print(f"resident {resident(pid)} MB (before {before})", flush=True)
                for sentence, count in [*told.busy.most_common(3), *told.errors.most_common(3)]:
                    print(f"    {count} times: {sentence}", flush=True)


if __name__ == "__main__":
    main()
