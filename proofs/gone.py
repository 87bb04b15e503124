"""R11: a source that fails is not a source that is gone, and a run that would take away more than a fifth asks first.

Folders that are not there, emptied, thinned out and closed; a feed whose pages answer with errors, and one that fails
itself. Each is followed, indexed, troubled, and looked at again; at the small size each trouble is met once.
"""

from __future__ import annotations

import http.server
import random
import shutil
import socketserver
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from index.catalog import Catalog
from index.following import Outside, add
from index.sync import Report, sync_followed
from proofs.outcome import Outcome, Tally
from proofs.words import WordEmbedder

ARTICLES = 10
FIFTH = ARTICLES // 5
OUTSIDE = Outside(networks=("127.0.0.0/8",))
KEPT = (400, 401, 403, 404, 408, 418, 429, 500, 502, 503, 504)


class Site(http.server.BaseHTTPRequestHandler):
    """A feed of ten articles. What is troubled answers with the status that it is given."""

    troubled: ClassVar[dict[str, int]] = {}

    def do_GET(self) -> None:
        status = self.troubled.get(self.path, 200)
        if self.path == "/robots.txt":
            self._send(404, "")
        elif status != 200:
            self._send(status, "")
        elif self.path == "/feed.xml":
            port = self.server.server_address[1]  # type: ignore[index]
            links = "".join(
                f"<item><title>A{n}</title><link>http://127.0.0.1:{port}/{n}</link></item>" for n in range(ARTICLES)
            )
            self._send(200, f"<rss version='2.0'><channel><title>F</title>{links}</channel></rss>")
        else:
            self._send(200, f"<html><body><article><h1>A{self.path[1:]}</h1>{_said(self.path)}</article></body></html>")

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _send(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/rss+xml" if "<rss" in body else "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())


def prove(smoke: bool, seed: int) -> Outcome:
    """Each trouble once, or with five draws of which articles it strikes."""
    tally, rng = Tally("gone", seed), random.Random(seed)
    for _ in range(1 if smoke else 5):
        for name, trouble, lost, held in folder_troubles(rng):
            tally.case(name, *in_a_folder(trouble, lost, held))
        few, many = rng.sample(range(ARTICLES), 1), rng.sample(range(ARTICLES), FIFTH + 1)
        for status in KEPT:
            tally.case(f"pages answer {status}", *in_a_feed({f"/{n}": status for n in many}, 0, 0))
            tally.case(f"the feed answers {status}", *in_a_feed({"/feed.xml": status}, 0, 0))
        tally.case("a page answers 410", *in_a_feed({f"/{n}": 410 for n in few}, 1, 0))
        tally.case("many pages answer 410", *in_a_feed({f"/{n}": 410 for n in many}, 0, len(many)))
    return tally.outcome()


Trouble = Callable[[Path], None]


def folder_troubles(rng: random.Random) -> list[tuple[str, Trouble, int, int]]:
    """What happens to a folder, and how many of its articles are lost and held back by it."""
    drawn = rng.sample(range(ARTICLES), ARTICLES)

    def thinned(number: int) -> Trouble:
        return lambda folder: [(folder / f"{n}.md").unlink() for n in drawn[:number]] and None

    def blanked(folder: Path) -> None:
        for file in folder.iterdir():
            file.write_bytes(b"")

    def scrambled(folder: Path) -> None:
        for file in folder.iterdir():
            file.write_bytes(bytes(range(256)) * 40)

    def replaced(folder: Path) -> None:
        shutil.rmtree(folder)
        folder.write_text("x")

    return [
        ("the folder is not there", lambda folder: folder.rename(folder.parent / "elsewhere") and None, 0, 0),
        ("the folder is empty", thinned(ARTICLES), 0, ARTICLES),
        ("more than a fifth is gone", thinned(FIFTH + 1), 0, FIFTH + 1),
        ("a fifth is gone", thinned(FIFTH), FIFTH, 0),
        ("all files are blank", blanked, 0, ARTICLES),
        ("all files are noise", scrambled, 0, ARTICLES),
        ("the folder is a file", replaced, 0, ARTICLES),
    ]


def in_a_folder(trouble: Trouble, lost: int, held: int) -> list[str]:
    """What is wrong after a folder was troubled, and looked at again without a yes."""
    with tempfile.TemporaryDirectory() as place:
        store, folder = Path(place) / "store", Path(place) / "articles"
        folder.mkdir()
        for number in range(ARTICLES):
            (folder / f"{number}.md").write_text(f"# A{number}\n\n{_said(str(number))}")
        add(store, [str(folder)], "", {})
        sync_followed(store, WordEmbedder())
        trouble(folder)
        return compared(sync_followed(store, WordEmbedder()), store, lost, held)


def in_a_feed(troubled: dict[str, int], lost: int, held: int) -> list[str]:
    """What is wrong after the pages of a feed, or itself, were troubled and asked again."""
    Site.troubled = {}
    with tempfile.TemporaryDirectory() as place, _server() as server:
        store = Path(place) / "store"
        add(store, [f"http://127.0.0.1:{server.server_address[1]}/feed.xml"], "feed", {}, OUTSIDE.networks)
        synced(store)
        Site.troubled = troubled
        _forget_when(store)
        return compared(synced(store), store, lost, held)


def compared(report: Report, store: Path, lost: int, held: int) -> list[str]:
    """Where a report, or what is live after it, is not as it should be."""
    catalog = Catalog(store)
    live = catalog.overview().articles
    catalog.close()
    wrong = []
    if len(report.held) != held:
        wrong.append(f"{len(report.held)} are held back, not {held}")
    if live != ARTICLES - lost:
        wrong.append(f"{live} articles are left, not {ARTICLES - lost}")
    return wrong


def synced(store: Path) -> Report:
    """A sync of what is followed, pages on this machine among it, without pauses between them."""
    from index.sources import fetcher

    kind = fetcher.Fetcher.__init__.__defaults__
    assert kind is not None
    fetcher.Fetcher.__init__.__defaults__ = (kind[0], 0.0, *kind[2:])
    try:
        return sync_followed(store, WordEmbedder(), outside=OUTSIDE)
    finally:
        fetcher.Fetcher.__init__.__defaults__ = kind


def _forget_when(store: Path) -> None:
    """As if the pages had been looked at long ago, so that they are due again."""
    catalog = Catalog(store)
    known = catalog.known()
    old = {source: {**k.memo, "checked": "2020-01-01T00:00:00+00:00"} for source, k in known.items() if k.memo}
    catalog.note_memos(old)
    catalog.close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


def _server() -> _Server:
    server = _Server(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def _said(name: str) -> str:
    words = (f"Subject{name}word{n} is a thing that weighs {n} pounds." for n in range(30))
    return f"<p>{' '.join(words)}</p>"
