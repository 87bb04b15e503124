"""Keeping an index up to date: folders when they change, the web now and then. The only import of watchfiles.

Everything it needs to know is in the store, so it may be stopped anywhere and started again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from index.embedder import Embedder
from index.errors import FootnoteError, explained
from index.following import FILES, Outside, followed_now
from index.ledger import Followed
from index.server import Server
from index.sources.files import lies_in
from index.sync import Report, sync_followed

# Seconds. Changes that come together are indexed together.
SETTLED = 1.0
# Seconds after which what is followed is looked up again, and a run that failed is tried again.
LOOK_AGAIN = 15.0
# Seconds between two looks at whether the process that watches still runs.
POLLED = 0.2

Say = Callable[[str], None]

log = logging.getLogger(__name__)


def watch(
    store: Path,
    embedder: Embedder,
    outside: Outside,
    every: float,
    say: Say,
    stop: threading.Event | None = None,
    clock: Callable[[], float] = time.monotonic,
    server: Server | None = None,
) -> None:
    """Syncs at once, then whenever a followed folder changes, and what lies on the web `every` so many seconds.

    What goes wrong is said and tried again. Returns when `stop` is set.
    """
    stop = stop or threading.Event()
    due, news = _Due(clock, every), News(say)
    while not stop.is_set():
        following = _following(store, outside, news)
        due.files = True
        if following:
            _sync(store, embedder, outside, due, news, server)
        # What changed before the watch began is seen by nobody, so files are looked at once more when it has.
        due.files = True
        for changed in changes(following, store, stop):
            due.files = due.files or changed
            if following and (due.files or due.web):
                _sync(store, embedder, outside, due, news, server)
            if _following(store, outside, news) != following:
                break


def _following(store: Path, outside: Outside, news: News) -> list[Followed]:
    """What is followed, and what sources.toml no longer lists; nothing when that cannot be told."""
    try:
        following, dropped = followed_now(store, outside.listing)
        if not following:
            news.once("", f"Nothing is followed yet by the index in {store}")
        return [*following, *dropped]
    except FootnoteError as error:
        news.once("", explained(error))
        return []


@contextlib.contextmanager
def watching(store: Path) -> Iterator[None]:
    """A process of its own that keeps watch meanwhile, begun anew when it ends; it ends with this one, in any way."""
    command = [sys.executable, "-m", "index", "watch", "--with-parent", "--store", str(store)]
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root)}
    over = threading.Event()

    def keep() -> None:
        while not over.is_set():
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=sys.stderr, env=environment) as child:  # noqa: S603
                while child.poll() is None and not over.wait(POLLED):
                    pass
                child.terminate()
            if not over.is_set():
                log.warning("what keeps the index up to date has ended; it is begun anew in %g s", LOOK_AGAIN)
                over.wait(LOOK_AGAIN)

    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join(2 * POLLED + 5)


def until_alone(stop: threading.Event) -> None:
    """Sets `stop` when the process that started this one has ended, which is when nothing more can come from it."""

    def wait() -> None:
        while os.read(0, 1024):
            pass
        stop.set()

    threading.Thread(target=wait, daemon=True).start()


class _Due:
    """What is to be looked at next: files when they change, the web when its time has come."""

    def __init__(self, clock: Callable[[], float], every: float) -> None:
        self.files = False
        self._clock, self._every = clock, every
        self._last: float | None = None

    @property
    def web(self) -> bool:
        """Whether the web is to be asked again."""
        return self._last is None or self._clock() - self._last >= self._every

    def covers(self, followed: Followed) -> bool:
        """Whether something that is followed is to be looked at now."""
        return self.files if followed.kind == FILES else self.web

    def done(self, web: bool) -> None:
        """Nothing is due any more, as of now."""
        self.files = False
        self._last = self._clock() if web else self._last


class News:
    """What there is to say of the runs, each thing once until it is another."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said: dict[str, str] = {}

    def once(self, about: str, sentence: str) -> None:
        """Says a sentence about something, unless it is what was said of it last."""
        if self._said.get(about) != sentence:
            self._said[about] = sentence
            self._say(sentence)

    def of(self, report: Report) -> None:
        """Says what a run did; nothing of one that found everything as it was."""
        if report.new or report.changed or report.gone:
            self._say(f"{report.new:,} new, {report.changed:,} changed, {report.gone:,} gone")
        failed = {outcome.source: outcome.reason for outcome in report.unread if outcome.state == "failed"}
        self._said = {about: said for about, said in self._said.items() if about in failed or about == "held"}
        for source, reason in failed.items():
            self.once(source, f"{source}: {reason}")
        if report.held:
            many = f"{len(report.held):,} articles would go; `python -m index sync --yes` takes them out"
            self.once("held", f"Held back: {many}")


def _sync(store: Path, embedder: Embedder, outside: Outside, due: _Due, news: News, server: Server | None) -> None:
    web = due.web
    try:
        report = sync_followed(store, embedder, outside=outside, only=due.covers, server=server)
    except FootnoteError as error:
        news.once("", explained(error))
        return
    except Exception as error:  # the outermost loop: what nobody has foreseen does not end the watch
        log.warning("a run failed", exc_info=error)
        news.once("", f"Something unforeseen happened: {error}. It is tried again.")
        return
    due.done(web)
    news.of(report)


def changes(following: list[Followed], store: Path, stop: threading.Event) -> Iterator[bool]:
    """Whether followed files changed, each time they have, and every LOOK_AGAIN seconds that they have not.

    Ends when one of them came, went or is another than it was, as after a mount: a watch holds to what was there.
    """
    places = [Path(f.location) for f in following if f.kind == FILES]
    before = _which(places)
    for changed in _seen(places, store, stop):
        yield changed
        if _which(places) != before:
            return


def _which(places: list[Path]) -> list[tuple[int, int] | None]:
    """Which folders and files these are on the disk now."""
    found: list[tuple[int, int] | None] = []
    for place in places:
        try:
            status = place.stat()
            found.append((status.st_dev, status.st_ino))
        except OSError:
            found.append(None)
    return found


def _seen(places: list[Path], store: Path, stop: threading.Event) -> Iterator[bool]:
    from watchfiles import watch as watched

    inside = str(store.resolve())
    there = [place for place in places if place.exists()]
    try:
        for found in (
            watched(
                *there,
                watch_filter=lambda _, path: not lies_in(path, inside),
                debounce=int(1000 * SETTLED),
                rust_timeout=int(1000 * LOOK_AGAIN),
                yield_on_timeout=True,
                stop_event=stop,
                raise_interrupt=True,
                ignore_permission_denied=True,
            )
            if there
            else ()
        ):
            yield bool(found)
    except OSError as error:
        # Such as no more folders to be watched at once than the system allows; then they are looked through instead.
        log.warning("folders cannot be watched (%s); they are looked through every %g s", error, LOOK_AGAIN)
        while not stop.wait(LOOK_AGAIN):
            yield True
    while not stop.wait(LOOK_AGAIN):
        yield False
