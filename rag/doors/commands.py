"""The commands that open doors: `python -m rag serve` and `python -m rag mcp`."""

from __future__ import annotations

import os
import socket
import threading
from argparse import ArgumentParser, Namespace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from index.errors import UsageError
from rag.commands import store_argument
from rag.doors.admission import AT_ONCE, KEYS, LOOPBACK, PER_MINUTE, WAITING, Policy, read_keys
from rag.doors.logs import FORMS, configure

if TYPE_CHECKING:
    from rag.doors.desk import Desk
    from rag.doors.metrics import Metrics
    from rag.doors.serving import Address
    from rag.settings import Parts

# Each has models of its own, half a gigabyte or more.
MOST_WORKERS = 64


def arguments(commands: Any) -> None:  # noqa: ANN401 - argparse does not name what it gives
    """Adds both commands; each has `door`, which is called with its options and gives its exit code."""
    serve = commands.add_parser("serve", help="a server for other programs: REST, and OpenAI's chat completions")
    serve.set_defaults(door=_serve)
    tools = commands.add_parser("mcp", help="tools for language models over MCP, on stdin and stdout or --http")
    tools.add_argument("--http", action="store_true", help="over HTTP at /mcp instead of stdin and stdout")
    tools.set_defaults(door=_mcp)
    _served(serve, 8000)
    _served(tools, 8001)
    serve.add_argument(
        "--workers", type=_workers, default=1, metavar="N", help="processes that answer at the port (default: 1)"
    )


def _served(parser: ArgumentParser, port: int) -> None:
    parser.add_argument("--host", default="127.0.0.1", help=f"address to listen at; another needs keys in {KEYS}")
    parser.add_argument("--port", type=int, default=port, help=f"port to listen at (default: {port})")
    store_argument(parser)
    parser.add_argument("--name", action="append", default=[], help="a host name to be asked under, besides loopback")
    parser.add_argument("--per-minute", type=_positive, default=PER_MINUTE, metavar="N", help="requests a key may send")
    parser.add_argument("--at-once", type=_positive, default=AT_ONCE, metavar="N", help="questions answered at once")
    parser.add_argument("--waiting", type=_count, default=WAITING, metavar="N", help="questions that wait for a turn")
    parser.add_argument("--log", choices=FORMS, default="text", help="how lines are written to stderr")
    parser.add_argument("--log-questions", action="store_true", help="write what is asked into the log, too")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"{text} is not a whole number of 1 or more", "Write a number such as 60.")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"{text} is not a whole number", "Write a number such as 16, or 0 for none.")
    return int(text)


def _workers(text: str) -> int:
    count = _positive(text)
    if count > MOST_WORKERS:
        raise UsageError(f"{count} processes are too many", f"Write a number up to {MOST_WORKERS}.")
    return count


def _serve(options: Namespace) -> int:
    from rag.doors.metrics import Metrics
    from rag.doors.serving import app, serve

    if options.workers > 1:
        return _serve_by_several(options)
    configure(options.log, messages=options.log_questions)
    address, policy = _terms(options)
    desk, parts = _desk(options, Metrics())
    return serve(app(desk, parts.index), address, policy, desk.metrics.responded)


def _serve_by_several(options: Namespace) -> int:
    """One socket, and several processes that answer at it: whoever is free takes the next connection."""
    from rag.doors.serving import opened
    from rag.doors.supervisor import supervise
    from rag.doors.tracing import require_grpc
    from rag.settings import build

    configure(options.log, messages=options.log_questions)
    terms = _terms(options)
    require_grpc(os.environ)
    build(store=options.store)  # so that what cannot be meant is told once, and here
    with TemporaryDirectory(prefix="footnote-", ignore_cleanup_errors=True) as folder, opened(*terms) as listener:
        supervise(partial(_one_of_several, options, listener, Path(folder)), options.workers)
    return 0


def _one_of_several(options: Namespace, listener: socket.socket, folder: Path, number: int) -> int:
    from rag.doors.metrics import Metrics, Shared
    from rag.doors.serving import answer, app

    configure(options.log, messages=options.log_questions, worker=number)
    _, policy = _terms(options)
    desk, parts = _desk(options, Metrics(Shared(folder, number)))
    return answer(app(desk, parts.index), listener, policy, desk.metrics.responded)


def _mcp(options: Namespace) -> int:
    from rag.doors.metrics import Metrics
    from rag.doors.serving import serve
    from rag.doors.tools import over_http, over_stdio, server

    configure(options.log, messages=options.log_questions)
    if not options.http:
        desk, parts = _desk(options, Metrics())
        return over_stdio(server(desk, parts.index))
    address, policy = _terms(options)
    desk, parts = _desk(options, Metrics())
    return serve(over_http(server(desk, parts.index)), address, policy, desk.metrics.responded)


def _terms(options: Namespace) -> tuple[Address, Policy]:
    from rag.doors.serving import Address, require_keys

    address = Address(options.host, options.port)
    hosts = frozenset(name.lower() for name in (*LOOPBACK, options.host, *options.name))
    policy = Policy(read_keys(os.environ.get(KEYS, "")), hosts, _share(options, options.per_minute))
    require_keys(address, policy)
    return address, policy


def _share(options: Namespace, limit: int) -> int:
    """What this process may have of a limit for the whole server, rounded up."""
    return -(-limit // getattr(options, "workers", 1))


def _desk(options: Namespace, metrics: Metrics) -> tuple[Desk, Parts]:
    from index.sharing import keep_up
    from rag.doors.desk import Desk
    from rag.doors.tracing import trace
    from rag.settings import build

    trace(os.environ)
    parts = build(store=options.store)
    if parts.index.exists():
        threading.Thread(target=parts.warm, name="warm", daemon=True).start()
    keep_up(parts.store, parts.settings.server)
    places = _share(options, options.at_once), _share(options, options.waiting)
    return Desk(parts.assistant, metrics, *places, log_questions=options.log_questions), parts
