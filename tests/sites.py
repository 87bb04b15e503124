"""A site on this machine that answers what is put on it, and a ledger of what became of it."""

import contextlib
import json
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from index.sources.reading import READERS_VERSION
from index.sources.sightings import Known


@dataclass(frozen=True)
class Answer:
    """What the site says at a path; with an `etag` it says 304 to whoever knows it."""

    body: bytes
    kind: str = "text/html; charset=utf-8"
    status: int = 200
    etag: str = ""
    headers: dict = field(default_factory=dict)


class Site:
    """What is at each path, and `asked`, the paths that were asked for since they were last taken."""

    def __init__(self, address):
        self.address = address
        self.answers = {}
        self.asked = []

    def put(self, path, body, kind=Answer.kind, **about):
        body = body if isinstance(body, bytes) else body.encode()
        self.answers[path] = Answer(body, kind, **about)
        return self.url(path)

    def change(self, path, **about):
        self.answers[path] = replace(self.answers[path], **about)

    def url(self, path):
        return self.address + path

    def taken(self):
        """The paths that were asked for since this was last called, each with a mark where that was conditional."""
        asked, self.asked = self.asked, []
        return asked


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        site = self.server.site
        if self.path == "/robots.txt" and self.path not in site.answers:
            self.send_error(404)
            return
        known = self.headers.get("If-None-Match", "")
        site.asked.append(f"{self.path}?" if known else self.path)
        answer = site.answers.get(self.path, Answer(b"Not here.", status=404))
        if known and known == answer.etag and answer.status == 200:
            answer = replace(answer, status=304, body=b"")
        self.send_response(answer.status)
        if answer.status != 304:
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.etag:
            self.send_header("ETag", answer.etag)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def site_at(host="127.0.0.1"):
    """A site that answers as long as the block lasts."""
    server = ThreadingHTTPServer((host, 0), _Handler)
    server.daemon_threads = True
    server.site = Site(f"http://{host}:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Ledger:
    """What a catalog would remember of the sources of one place, run after run; the clock is set by hand."""

    def __init__(self):
        self.known = {}
        self.articles = {}
        self.now = datetime(2024, 9, 1, tzinfo=UTC)

    def later(self, **time):
        self.now += timedelta(**time)

    def run(self, place):
        """What became of each source that was sighted, with the reason; "gone" for what is no more."""
        seen = {sighting.source: sighting for sighting in place.scan(self.known)}
        todo = [s for s in seen.values() if s.state == "seen" and not self._same(s)]
        read = {reading.source: reading for reading in place.read(todo)}
        ended = {}
        for source, sighting in seen.items():
            ended[source] = self._noted(sighting, read.get(source))
        for source in [s for s in self.known if s not in seen and place.covers(s)]:
            del self.known[source]
            ended[source] = "gone"
        return ended

    def _same(self, sighting):
        before = self.known.get(sighting.source)
        return before is not None and (before.digest, before.readers) == (sighting.digest, READERS_VERSION)

    def _noted(self, sighting, reading):
        before = self.known.get(sighting.source)
        if sighting.state == "seen" and reading is None:
            self.known[sighting.source] = replace(before, memo=sighting.memo)
            return "same"
        state, reason, key = sighting.state, sighting.problem, sighting.digest
        if reading:
            assert reading.part_of == sighting.part_of
            state, reason, key = reading.state, reading.reason, reading.digest
        if reading and reading.article:
            self.articles[sighting.source] = reading.article
        recipe = "recipe" if sighting.source in self.articles else None
        self.known[sighting.source] = Known(
            key, state, reason, READERS_VERSION, recipe, sighting.part_of, memo=json.loads(json.dumps(sighting.memo))
        )
        return f"{state}: {reason}" if reason else state
