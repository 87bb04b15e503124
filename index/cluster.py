"""Reading and embedding on the nodes of a Ray cluster: the only import of ray.

The run stays on this machine, with the one catalog that is written. Each node has one actor, which holds the model, and
reads files by the processes of index.sources.workers, so that their limits hold there as here. It is handed the bytes
of files and the texts of passages, and so little ahead that the run is never far behind what was read for it.

These are plain actors. Ray Data would begin its actors anew for each round of a run, and load the model with each; and
it takes its input whole, or has the nodes read it, while the bytes of an archive lie on this machine alone and do not
fit into its memory. Who asks for the next batch only as one is answered needs no other way to hold back.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from index.embedder import Embedder, Vectors
from index.errors import FootnoteError, UsageError, first_line
from index.sources.confined import ROOT
from index.sources.frames import Garbled, job_heard, job_said, reading_heard, reading_said
from index.sources.reading import LARGE, limit_of, plain_bytes, unread
from index.sources.sightings import Job, Reading
from index.sources.workers import CRASHED, DEFAULT, READER, Limits, Pool, read_all

log = logging.getLogger(__name__)

# What is put before a node at once: batches of passages, and files for each of its processors.
BATCHES, FILES = 2, 4
# Bytes of files that are under way or wait for their turn, for each processor.
BYTES = 8_000_000
# Fewer than these are done here before the nodes have loaded the model.
FEWEST_FILES, FEWEST_BATCHES = 64, 4
# Whoever was asked so many times and ended each time is asked no more.
TRIES = 3
# Seconds after which a cluster is looked at, which a look may take, and in which a node has to have begun.
LOOK, ANSWER, BEGIN = 5.0, 5.0, 180.0
# What a node is tried with before it embeds, and how near its vectors must be to those made here: in bfloat16, as near
# as both precisions are to each other.
TRIED = ("Who?", "When did the mole fall, and who rebuilt it?", "The ferry left 7 minutes late. " * 20)
NEAR = {"float32": 0.99999, "bfloat16": 0.9998}
# What decides on the vectors, and on the text of an article, beside the code of index/, which the nodes are sent.
LIBRARIES = (
    "torch", "transformers", "sentence-transformers", "tokenizers", "numpy", "trafilatura", "lxml", "pypdf",
    "python-docx", "markdown-it-py", "charset-normalizer", "dateparser", "py3langid", "striprtf",
)  # fmt: skip

_ADDRESS = re.compile(r"auto|(ray://)?([\w.-]+|\[[\da-fA-F:]+\]):\d{1,5}")


@dataclass(frozen=True, slots=True)
class Makeup:
    """What the vectors and articles of a machine rest on, and vectors to compare."""

    versions: Mapping[str, str]
    fingerprint: str
    precision: str
    vectors: Vectors


def makeup(embedder: Embedder) -> Makeup:
    """That of this machine, with this model."""
    versions = {"Python": ".".join(map(str, sys.version_info[:2]))}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = "none"
    return Makeup(versions, embedder.fingerprint, embedder.precision, embedder.embed(TRIED))


def differs(own: Makeup, node: Makeup) -> str:
    """In what a node differs, so that it would give other vectors or other text; "" where it does not."""
    for name, version in own.versions.items():
        if node.versions.get(name) != version:
            return f"has {name} {node.versions.get(name, 'none')}, and this machine has {version}"
    if node.fingerprint != own.fingerprint:
        return "has another embedding model than this machine"
    if node.precision != own.precision:
        return f"embeds in {node.precision}, and this machine in {own.precision}"
    nearest = float((own.vectors * node.vectors).sum(axis=1).min())
    if not nearest >= NEAR.get(own.precision, 1.0):
        return f"gives other vectors than this machine, with a cosine of {nearest:.5f}"
    return ""


class Hands:
    """What a node does for a run: a batch at a time, and beside it as many files as its pool has processes."""

    def __init__(self, reader: str, limits: Limits, processors: int) -> None:
        self._pool = Pool(reader, processors, limits)

    def begin(self, embedder: Embedder) -> Makeup:
        """Loads the model, and says what this machine is made of."""
        self._embedder = embedder
        return makeup(embedder)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """As `Embedder.embed`."""
        return self._embedder.embed(texts)

    def read(self, said: bytes, data: bytes) -> list[bytes]:
        """The readings of a job and its bytes, as they are said between processes."""
        job = job_heard(said)
        with tempfile.TemporaryDirectory(prefix="footnote-") as folder:
            path = Path(folder) / "file"
            path.write_bytes(data)
            return [reading_said(reading) for reading in self._pool.read_all([replace(job, path=path)])]


@dataclass(slots=True, eq=False)
class _Node:
    """A node of the cluster; `begun` is what it will say when it can work, and None from then on.

    `before` counts what it was asked and did not answer yet. Files are read ahead while passages are embedded, so each
    is counted for itself.
    """

    id: str
    name: str
    processors: int
    hands: Any
    begun: Any
    before: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True, eq=False)
class _Request:
    """What a node is asked, and what it answered, as it is `heard`.

    `otherwise` is the answer when every node ends that is asked.
    """

    method: str = ""
    given: tuple[Any, ...] = ()
    heard: Callable[[Any], Any] = lambda answer: answer
    size: int = 0
    otherwise: Any = None
    answer: Any = None
    answered: bool = False
    ref: Any = None
    node: _Node | None = None
    tries: int = 0


class _Ended(Exception):
    """A node ended before it had answered."""


@dataclass(slots=True, eq=False)
class Cluster:
    """The Ray cluster at an address: "auto" for one that runs on this machine, host:port, or ray://host:port.

    It is joined when there is enough to do, and left by `close`. Raises FootnoteError when it is not there or is gone,
    and for a node that would give something else than this machine.
    """

    address: str
    embedder: Embedder
    reader: str = READER
    limits: Limits = DEFAULT
    _ray: Any = None
    _place: tuple[str, int] | None = None
    _own: Makeup | None = None
    _sent: Any = None  # the embedder, where every node finds it
    _nodes: dict[str, _Node] = field(default_factory=dict)
    _since: float = 0.0  # when nodes were last asked to begin
    _looked: float = 0.0  # when the cluster was last seen
    _fallen: int = 0  # that ended before they had begun, one after the other

    def __post_init__(self) -> None:
        _checked(self.address)

    def read_all(self, jobs: Iterable[Job]) -> Iterator[Reading]:
        """What the files say, in the order of the jobs. What holds many articles, and may be large, is read here."""
        upcoming = iter(jobs)
        first = list(islice(upcoming, FEWEST_FILES))
        if len(first) < FEWEST_FILES and not self._nodes:
            yield from read_all(first)
            return
        requests = map(self._reading, chain(first, upcoming))
        for readings in self._answers(requests, lambda node: FILES * node.processors):
            yield from readings

    def embed_all(self, batches: Sequence[Sequence[str]]) -> Iterator[Vectors]:
        """The vectors of each batch."""
        if len(batches) < FEWEST_BATCHES and not self._nodes:
            yield from map(self.embedder.embed, batches)
            return
        requests = (_Request("embed", (list(texts),)) for texts in batches)
        yield from self._answers(requests, lambda _: BATCHES)

    def close(self) -> None:
        """Leaves the cluster, which ends what it began there."""
        ray, self._ray = self._ray, None
        self._nodes.clear()
        if ray:
            self._sent = None
            ray.shutdown()

    def _reading(self, job: Job) -> _Request:
        """The request for the readings of a file, whose bytes are read here."""
        if Path(job.name).suffix.lower() in LARGE:
            return _Request(answer=read_all([job]), answered=True)
        try:
            data = plain_bytes(job.path, limit_of(job.name))
        except (FootnoteError, OSError) as error:
            return _Request(answer=[unread(job, "", error)], answered=True)
        crashed = [Reading(job.source, "", "failed", CRASHED)]

        def heard(readings: list[bytes]) -> list[Reading]:
            try:
                return [reading_heard(said, job) for said in readings]
            except Garbled:
                return crashed

        return _Request("read", (job_said(job), data), heard, len(data), crashed)

    def _answers(self, requests: Iterator[_Request], each: Callable[[_Node], int]) -> Iterator[Any]:
        """The answers, in the order of the requests. No node has more than `each` of them before it."""
        errors = _library().exceptions
        line: deque[_Request] = deque()
        try:
            self._join()
            upcoming = next(requests, None)
            while line or upcoming:
                while upcoming and self._room(line, each):
                    line.append(upcoming)
                    upcoming = next(requests, None)
                self._hand_out(line, each)
                if line[0].answered:
                    yield line.popleft().answer
                else:
                    self._wait(line)
        except (errors.RayError, ConnectionError) as error:
            raise self._gone() from error
        finally:
            for request in line:  # nobody waits for them any more
                if request.node:
                    request.node.before[request.method] -= 1

    def _room(self, line: Sequence[_Request], each: Callable[[_Node], int]) -> bool:
        """Whether another request may stand in line: some wait for their turn behind one that takes long."""
        nodes = self._nodes.values()
        most = BYTES * sum(node.processors for node in nodes)
        return not line or (len(line) < 2 * sum(map(each, nodes)) and sum(one.size for one in line) < most)

    def _hand_out(self, line: Iterable[_Request], each: Callable[[_Node], int]) -> None:
        """Gives the first in line that no node has to those that have the least before them."""
        for request in line:
            if request.answered or request.ref is not None:
                continue
            what = request.method
            free = [node for node in self._nodes.values() if node.begun is None and node.before[what] < each(node)]
            if not free:
                return
            node = min(free, key=lambda node: node.before[what] / node.processors)
            asked = getattr(node.hands, what).options(concurrency_group=what)
            request.node, request.ref = node, asked.remote(*request.given)
            node.before[what] += 1

    def _wait(self, line: Iterable[_Request]) -> None:
        """Takes one answer, or hears that a node has begun or ended; looks at the cluster now and then."""
        if not self._nodes:
            self._join()
        asked = {request.ref: request for request in line if request.ref is not None}
        beginning = {node.begun: node for node in self._nodes.values() if node.begun is not None}
        ready, _ = self._ray.wait([*asked, *beginning], num_returns=1, timeout=LOOK)
        for ref in ready:
            if ref in asked:
                self._take(asked[ref])
            else:
                self._begin(beginning[ref])
        if not ready or time.monotonic() - self._looked > LOOK:
            self._look()

    def _take(self, request: _Request) -> None:
        """Takes the answer; when the node has ended instead, the request is handed out again."""
        node, ref = request.node, request.ref
        assert node is not None
        request.node = request.ref = None
        node.before[request.method] -= 1
        try:
            request.answer, request.answered = request.heard(self._got(node, ref)), True
            request.given = ()
        except _Ended as error:
            self._without(node)
            request.tries += 1
            if request.tries == TRIES:
                if request.otherwise is None:
                    raise FootnoteError(
                        f"{TRIES} nodes of the Ray cluster at {self.address} ended with the same passages",
                        "They may have too little memory. What was embedded is kept; run the command again to go on.",
                    ) from error
                request.answer, request.answered = request.otherwise, True

    def _begin(self, node: _Node) -> None:
        """Lets a node work that has begun, unless it would give something else than this machine."""
        ref, node.begun = node.begun, None
        assert self._own is not None
        try:
            found = self._got(node, ref)
        except _Ended as error:
            self._without(node)
            self._fallen += 1
            if self._fallen == TRIES:
                raise self._gone() from error
            return
        self._fallen = 0
        if how := differs(self._own, found):
            raise FootnoteError(
                f"The node {node.name} of the Ray cluster {how}",
                "Install the same requirements.txt on every node, or stop Ray on this one.",
            )

    def _got(self, node: _Node, ref: Any) -> Any:  # noqa: ANN401 - whatever was asked for
        """What a node answered. Raises _Ended when it ended, and FootnoteError for what it raised."""
        errors = self._ray.exceptions
        try:
            return self._ray.get(ref)
        except errors.RayTaskError as error:
            raise FootnoteError(
                f"The node {node.name} of the Ray cluster failed ({first_line(error.cause)})",
                "What was embedded is kept; run the command again to go on, without this node if it fails again.",
            ) from error
        except (
            errors.RayActorError, errors.ActorUnschedulableError, errors.NodeDiedError, errors.OutOfMemoryError,
            errors.ObjectLostError, errors.WorkerCrashedError,
        ) as error:  # fmt: skip
            raise _Ended from error

    def _without(self, node: _Node) -> None:
        if self._nodes.get(node.id) is node:
            log.warning("The node %s of the Ray cluster has ended; the others are asked", node.name)
            del self._nodes[node.id]

    def _look(self) -> None:
        """Raises FootnoteError when the cluster has gone, or none of its nodes begins."""
        self._reach()
        waited = time.monotonic() - self._since
        if waited > BEGIN and all(node.begun is not None for node in self._nodes.values()):
            raise FootnoteError(
                f"No node of the Ray cluster at {self.address} has begun within {BEGIN:g} s",
                "Its processors may be taken by other work; `ray status` shows it.",
            )

    def _reach(self) -> None:
        """Raises FootnoteError when the cluster has gone: after a minute the library would end this process for it."""
        if self._place and not _reached(self._place):
            raise self._gone()
        self._looked = time.monotonic()

    def _gone(self, how: str = "is gone") -> FootnoteError:
        return FootnoteError(
            f"The Ray cluster at {self.address} {how}",
            "What was embedded is kept; run the command again to go on, or leave `ray` empty to go on here alone.",
        )

    def _join(self) -> None:
        """Has each node begin that has not."""
        ray = self._ray or self._joined()
        self._reach()
        for seen in ray.nodes():
            processors = int(seen["Resources"].get("CPU", 0))
            if seen["Alive"] and processors and seen["NodeID"] not in self._nodes:
                self._nodes[seen["NodeID"]] = self._asked(seen["NodeID"], seen["NodeManagerAddress"], processors)
                self._since = time.monotonic()
        if not self._nodes:
            raise self._gone("has no node left that can work")

    def _asked(self, key: str, name: str, processors: int) -> _Node:
        """A node that was asked to begin: it is to load the model, and nobody else is to use its processors."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        actor = self._ray.remote(
            num_cpus=processors,
            concurrency_groups={"embed": 1, "read": processors},
            scheduling_strategy=NodeAffinitySchedulingStrategy(key, soft=False),
        )
        hands = actor(Hands).remote(self.reader, self.limits, processors)
        return _Node(key, name, processors, hands, hands.begin.remote(self._sent))

    def _joined(self) -> Any:  # noqa: ANN401 - the library
        """The library, once it has joined the cluster."""
        ray, address = _library(), self.address
        if address == "auto":
            address = os.environ.get("RAY_ADDRESS") or address
            _checked(address)
        self._place = None if address == "auto" else _host_and_port(address.removeprefix("ray://"))
        try:
            if self._place and not _reached(self._place):
                raise ConnectionError("nobody answers there")
            with _code() as folder, _signals_kept(), _stderr_shut():
                ray.init(
                    address,
                    runtime_env={"working_dir": folder},
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                )
        except Exception as error:  # whatever the library makes of what it meets at the address
            raise FootnoteError(
                f"The Ray cluster at {self.address} cannot be joined ({first_line(error)})",
                "Look with `ray status` whether it runs, and for the same RAY_AUTH_TOKEN. HOST:6379 needs a node of it "
                "on this machine, ray://HOST:10001 needs none.",
            ) from error
        self._ray = ray
        if self._place is None:
            self._place = _host_and_port(ray.get_runtime_context().gcs_address)
        self._own, self._sent = makeup(self.embedder), ray.put(self.embedder)
        return ray


def _checked(address: str) -> None:
    """Raises UsageError for what is no address. An empty one, and "local", would begin a cluster."""
    if not _ADDRESS.fullmatch(address):
        raise UsageError(
            f"{address!r} is no address of a Ray cluster",
            'Write ray = "auto", ray = "HOST:6379" or ray = "ray://HOST:10001".',
        )


def _library() -> Any:  # noqa: ANN401 - the library
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise FootnoteError("Ray is not installed", "Run `pip install -r requirements-ray.txt`.") from error
    # What a node complains of would be written to stdout, where the result belongs; nothing public stops that.
    ray._private.worker._worker_logs_enabled = False
    return ray


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _reached(place: tuple[str, int]) -> bool:
    """Whether anything listens at this host and port."""
    try:
        with socket.create_connection(place, ANSWER):
            return True
    except OSError:
        return False


@contextlib.contextmanager
def _code() -> Iterator[str]:
    """A folder that holds index/ alone, for the nodes to be sent, whatever of Footnote lies there already."""
    with tempfile.TemporaryDirectory(prefix="footnote-code-") as folder:
        shutil.copytree(ROOT / "index", Path(folder) / "index", ignore=shutil.ignore_patterns("__pycache__"))
        yield folder


@contextlib.contextmanager
def _stderr_shut() -> Iterator[None]:
    """Nothing comes to stderr meanwhile: the library writes a line there each second that it is not let in."""
    before, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(before, 2)
        os.close(before)
        os.close(nowhere)


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """What SIGTERM does in this process stays as it is; the library would set its own."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)
