"""What the tests of the doors share: a real index, assistants whose answers grow, servers that end with the test."""

import contextlib
import logging
import socket
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import uvicorn

from rag.answers import Question
from rag.chain import Assistant
from rag.doors.admission import Policy, admitted
from rag.doors.desk import Desk
from rag.doors.metrics import Metrics
from rag.doors.serving import app, watched
from rag.reader import SentenceReader
from rag.retrieve import HybridRetriever

FERRY = "When does the ferry sail?"
NOON = "The ferry sails at noon."
KEY, OTHER_KEY = "k" * 16, "another-key-of-some-length"


class Grows:
    """A writer that gives drafts made from what was read."""

    def __init__(self, *drafts):
        self.drafts = drafts

    def write(self, walk):
        return ((draft(walk), n == len(self.drafts)) for n, draft in enumerate(self.drafts, start=1))


class Endless:
    """An assistant whose answer grows with every turn that it is given, and never ends; it tells when it is stopped."""

    def __init__(self, index):
        self.begins = replace(over(index).ask(Question(FERRY)), done=False)
        self.turns = threading.Semaphore(0)
        self.begun = 0
        self.stopped = threading.Event()

    def overview(self):
        return self.begins.searched

    def stream(self, question):
        self.begun += 1
        try:
            while True:
                yield self.begins
                self.turns.acquire()
        finally:
            self.stopped.set()


def over(index, writer=None, threshold=0.0):
    """An assistant that quotes whole sentences, whatever they are worth, and then has `writer` write."""
    return Assistant(HybridRetriever(index=index), SentenceReader(index, threshold), writer)


@contextlib.contextmanager
def listening(inner, **given):
    """An ASGI app, served at a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            inner, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=1, **given
        )
    )
    thread = threading.Thread(target=server.run, args=([listener],))
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # of connections that a test leaves open
    thread.start()
    try:
        until(lambda: server.started)
        yield SimpleNamespace(url=f"http://127.0.0.1:{listener.getsockname()[1]}", port=listener.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@contextlib.contextmanager
def served(assistant, library, policy=None, wrap=app, **given):
    """The doors of `python -m rag serve` over an assistant and an index."""
    desk = Desk(assistant, Metrics(), **given)
    inner = admitted(wrap(desk, library), policy or Policy())
    with listening(watched(inner, desk.metrics.responded)) as server:
        yield SimpleNamespace(desk=desk, **vars(server))


def until(true, seconds=20):
    """Waits until something is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def stops(endless, seconds=20):
    """Whether an answer that grows on is stopped before it has grown often."""
    end = time.monotonic() + seconds
    while not endless.stopped.wait(0.05) and time.monotonic() < end:
        endless.turns.release()
    return endless.stopped.is_set()
