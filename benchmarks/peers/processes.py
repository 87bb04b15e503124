"""A phase of a system as a process of its own: what it said and when, and what it took."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Nothing is fetched from a model hub, and nothing is reported to anyone.
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "LANGSMITH_TRACING": "false",
    "TOKENIZERS_PARALLELISM": "false",
}
# What says how many threads a computation may use.
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
# Lines of what went wrong that are told.
LAST = 3


class Failed(Exception):
    """A phase that did not come to its end, with the last that its process wrote."""


@dataclass(frozen=True)
class Said:
    """One thing that a process said, so many seconds after it was started."""

    at: float
    said: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Phase:
    """A process from its start to its end: seconds by the clock and of the processor, its most memory in bytes.

    `load` is the load average of the machine before it.
    """

    seconds: float
    cpu: float
    peak: int
    load: float
    said: tuple[Said, ...]

    def the(self, said: str) -> Said:
        """The first thing of that name that was said."""
        return next(one for one in self.said if one.said == said)


def run(command: Sequence[str], log: Path, limit: float, threads: int = 0) -> Phase:
    """Runs a command to its end, which must come within `limit` seconds, and raises Failed when it went wrong.

    `threads` is how many its libraries may use for one computation, 0 for as many as they choose.

    The most memory is that of the largest process among it and those it waited for. Linux counts a new process as large
    as the one that started it, so this one must stay small: it loads no model.
    """
    environment = os.environ | QUIET | (dict.fromkeys(THREADS, str(threads)) if threads else {})
    load, start = os.getloadavg()[0], time.perf_counter()
    said: list[Said] = []
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            list(command), cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    assert process.stdout is not None
    timer = threading.Timer(limit, process.kill)
    timer.start()
    try:
        with process.stdout as lines:
            for line in lines:
                values = json.loads(line)
                said.append(Said(time.perf_counter() - start, values.pop("said"), values))
    except BaseException:
        process.kill()
        raise
    finally:
        _, status, used = os.wait4(process.pid, 0)
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        last = [line for line in log.read_text(encoding="utf-8").splitlines() if line.strip()][-LAST:]
        slow = seconds >= limit
        raise Failed(f"not done within {limit:.0f} s" if slow else " / ".join(last) or f"exit {process.returncode}")
    # macOS counts in bytes, Linux in kilobytes.
    unit = 1 if os.uname().sysname == "Darwin" else 1024
    return Phase(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss * unit, load, tuple(said))
