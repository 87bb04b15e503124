"""Processes that index, for proofs that kill, crowd and starve them. A proof changes things in the child alone.

The children are forked from a server that has imported everything, so that one begins within milliseconds.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import ModuleType
from typing import Any

from index.database import Error
from index.terminal import guarded
from proofs.words import WordEmbedder

PRELOAD = ["proofs.warm"]
# Seconds after which a run that has not ended is taken to hang.
PATIENCE = 90


@dataclass(frozen=True, slots=True)
class Kill:
    """A signal at the nth call of a function: "before" it runs, or "after"."""

    target: str
    when: str = "before"
    nth: int = 1
    signal: int = signal.SIGKILL


@dataclass(frozen=True, slots=True)
class Job:
    """One run of `sync` in a process of its own.

    Without paths it syncs what is followed. `constants` are set wherever a module of the index has that name.
    `record` gets a line for each publication, written before it is committed. `gate` is waited for before the run, and
    `hold` while it embeds. No file may grow over `file_limit` bytes.
    `alone` reads the articles in this process, which saves the second that others need to begin.
    """

    store: Path
    paths: tuple[Path, ...]
    out: Path
    embedder: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    record: Path | None = None
    kill: Kill | None = None
    gate: Path | None = None
    hold: Path | None = None
    started: Path | None = None
    file_limit: int | None = None
    alone: bool = False


def context() -> Any:
    """Where children come from."""
    forkserver = multiprocessing.get_context("forkserver")
    forkserver.set_forkserver_preload(PRELOAD)
    return forkserver


def start(job: Job) -> ForkServerProcess:
    """Begins a run. What it says goes into the file `out`."""
    process = context().Process(target=_run, args=(job,))
    process.start()
    return process


def finish(process: ForkServerProcess) -> int | None:
    """The exit code, negative for a signal; None for a process that had to be killed because it did not end."""
    process.join(PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
        return None
    return process.exitcode


def sync_in_child(job: Job) -> tuple[int | None, str]:
    """Runs it to its end. Gives the exit code and what was said."""
    code = finish(start(job))
    return code, job.out.read_text(encoding="utf-8") if job.out.exists() else ""


def _run(job: Job) -> None:
    # Where a shell has put the proof into the background, Ctrl-C is ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = ending(job)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a command line ends: what is pressed now comes too late
    sys.exit(code)


def ending(job: Job) -> int:
    """Runs the job in this process, as a command line would, and gives the exit code."""
    speak_into(job.out)
    return guarded(lambda: _synced(job))


def speak_into(file: Path) -> None:
    """Sends both outputs of this process into a file."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)


def _synced(job: Job) -> int:
    from index.sync import sync_followed, sync_paths

    embedder = WordEmbedder(**job.embedder)
    if job.hold:
        embedder.before = lambda: _wait_for(job.hold)
    if job.alone:
        _read_alone()
    if job.file_limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job.file_limit, job.file_limit))
    for name, value in job.constants.items():
        set_constant(name, value)
    if job.record:
        _record(job.record)
    if job.kill:
        _kill_at(job.kill)
    if job.started:
        job.started.touch()
    _wait_for(job.gate)
    report = sync_paths(job.store, job.paths, embedder) if job.paths else sync_followed(job.store, embedder)
    said = {"embedded": report.embedded, "new": report.new, "changed": report.changed}
    print(json.dumps(said | ({"failed": report.problems} if report.failed else {})), flush=True)
    return 1 if report.failed else 0


def _read_alone() -> None:
    from index.sources import reading, workers

    class Alone:
        def read_all(self, jobs: Iterable[Any]) -> Iterator[Any]:
            for job in jobs:
                yield from reading.read(job)

    workers._shared = Alone()  # type: ignore[assignment]


def _wait_for(file: Path | None) -> None:
    end = time.monotonic() + PATIENCE
    while file and not file.exists() and time.monotonic() < end:
        time.sleep(0.001)


# Changes to the index, in this process ------------------------------------------------------------------------------


def modules() -> list[ModuleType]:
    """The modules of the index that are loaded."""
    return [module for name, module in list(sys.modules.items()) if name.startswith("index.")]


def set_constant(name: str, value: object) -> None:
    """Sets it wherever it is. Raises LookupError when it is nowhere, because a proof would then prove nothing."""
    owners = [module for module in modules() if hasattr(module, name)]
    if not owners:
        raise LookupError(f"no module of the index has {name}")
    for module in owners:
        setattr(module, name, value)


def replace(target: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Puts `make(function)` in the place of a function "name", or of a method "Class.name", of the index."""
    owner, _, name = target.rpartition(".")
    if owner:
        holders: list[Any] = [next((getattr(m, owner) for m in modules() if hasattr(m, owner)), None)]
    else:
        original = next((getattr(m, name) for m in modules() if hasattr(m, name)), None)
        holders = [m for m in modules() if getattr(m, name, None) is original]
    if not holders or not hasattr(holders[0], name):
        raise LookupError(f"the index has no {target}")
    changed = make(getattr(holders[0], name))
    for holder in holders:
        setattr(holder, name, changed)


def _kill_at(kill: Kill) -> None:
    calls = 0

    def make(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def counted(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            last = calls == kill.nth
            if last and kill.when == "before":
                os.kill(os.getpid(), kill.signal)
            result = function(*args, **kwargs)
            if last:
                os.kill(os.getpid(), kill.signal)
            return result

        return counted

    if kill.target == "embed":
        WordEmbedder.embed = make(WordEmbedder.embed)  # type: ignore[method-assign]
    else:
        replace(kill.target, make)


def _record(file: Path) -> None:
    """Has each transaction note, before it is committed, what it is about to publish."""
    from proofs.pictures import picture

    def make(transaction: Callable[..., Any]) -> Callable[..., Any]:
        @contextlib.contextmanager
        def recorded(catalog: Any) -> Iterator[None]:
            try:
                before = catalog.generation()
            except Error:  # a new file without a table
                before = 0
            with transaction(catalog):
                yield
                generation = catalog.generation()
                if generation != before:
                    _append(file, {"generation": generation, "digest": picture(catalog).digest})
            if generation != before:
                _append(file, {"generation": generation, "committed": time.monotonic()})

        return recorded

    replace("Catalog.transaction", make)


def _append(file: Path, line: Mapping[str, object]) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, (json.dumps(line) + "\n").encode())
    os.close(handle)


def lines(file: Path) -> list[dict[str, Any]]:
    """The JSON lines of a file; none when it is not there."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
