"""Keeping watch over a real folder, in a thread that is ended with the test."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from conftest import live

from index import watch as watching
from index.following import Outside, add
from index.ledger import Followed, Outcome
from index.sync import Report
from index.watch import News, watch
from index.writer import writing


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "articles").mkdir()
    (tmp_path / "articles" / "mole.md").write_text("# The mole\n\nThe mole fell in August.")
    return tmp_path / "articles"


@pytest.fixture
def watcher(store, embedder, monkeypatch):
    """Begins to watch, and gives what is said."""
    monkeypatch.setattr(watching, "SETTLED", 0.1)
    monkeypatch.setattr(watching, "LOOK_AGAIN", 0.3)
    stop, said = threading.Event(), []
    thread = threading.Thread(target=watch, args=(store, embedder, Outside(), 3600, said.append, stop))

    def begin():
        thread.start()
        return said

    yield begin
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def until(fact, seconds=20):
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.05)


def test_what_changes_in_a_followed_folder_is_indexed(store, folder, watcher):
    add(store, [str(folder)], "", {})
    said = watcher()
    until(lambda: "1 new, 0 changed, 0 gone" in said)
    (folder / "ferry.md").write_text("# The ferry\n\nThe ferry sails at noon.")
    until(lambda: len(live(store)) == 2)


def test_what_changes_before_the_watch_has_begun_is_indexed_too(store, folder, watcher, monkeypatch):
    begun = watching.changes

    def late(*args):
        (folder / "ferry.md").write_text("# The ferry\n\nThe ferry sails at noon.")
        return begun(*args)

    monkeypatch.setattr(watching, "changes", late)
    add(store, [str(folder)], "", {})
    watcher()
    until(lambda: len(live(store)) == 2)


def test_what_is_followed_later_is_watched_too(store, folder, watcher):
    said = watcher()
    until(lambda: said == [f"Nothing is followed yet by the index in {store}"])
    add(store, [str(folder)], "", {})
    until(lambda: store.exists() and len(live(store)) == 1)


def test_while_another_writes_it_waits_and_goes_on(store, folder, watcher):
    add(store, [str(folder)], "", {})
    with writing(store):
        said = watcher()
        until(lambda: any("is writing to the index" in sentence for sentence in said))
    until(lambda: len(live(store)) == 1)


def test_what_fails_is_said_once():
    said = []
    news = News(said.append)
    failing = Report(failed=1, unread=[Outcome("a.pdf", "", "failed", "damaged PDF")])
    for report in (failing, failing, Report(), failing):
        news.of(report)
    assert said == ["a.pdf: damaged PDF"] * 2


def test_a_folder_that_went_and_came_back_is_watched_again(store, folder, watcher):
    add(store, [str(folder)], "", {})
    watcher()
    until(lambda: len(live(store)) == 1)
    folder.rename(folder.with_name("away"))
    time.sleep(1)  # a look or two at nothing
    folder.mkdir()
    (folder / "mole.md").write_text("# The mole\n\nThe mole fell in August.")
    time.sleep(1)
    (folder / "ferry.md").write_text("# The ferry\n\nThe ferry sails at noon.")
    until(lambda: len(live(store)) == 2)


def test_folders_that_cannot_be_watched_are_looked_through(store, folder, watcher, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr("watchfiles.watch", full)
    add(store, [str(folder)], "", {})
    watcher()
    until(lambda: len(live(store)) == 1)
    (folder / "ferry.md").write_text("# The ferry\n\nThe ferry sails at noon.")
    until(lambda: len(live(store)) == 2)


def test_nothing_but_what_is_followed_is_watched(store, folder, monkeypatch):
    watched = []
    monkeypatch.setattr("watchfiles.watch", lambda *places, **_: watched.extend(places) or iter([set()]))
    stop = threading.Event()
    next(watching.changes([Followed(str(folder)), Followed("https://harbour.example/", "page")], store, stop))
    assert watched == [folder]


def test_what_nobody_has_foreseen_does_not_end_the_watch(store, folder, watcher, monkeypatch):
    begun, times = watching.sync_followed, []

    def broken(*args, **options):
        times.append(1)
        if len(times) == 1:
            raise RuntimeError("a bug")
        return begun(*args, **options)

    monkeypatch.setattr(watching, "sync_followed", broken)
    add(store, [str(folder)], "", {})
    said = watcher()
    until(lambda: len(live(store)) == 1 if store.exists() and len(times) > 1 else False)
    assert said[0] == "Something unforeseen happened: a bug. It is tried again."


BEGINS = """
import time
from pathlib import Path
from index.watch import watching
with watching(Path({store!r})):
    print("on", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_watch_of_its_own_process_ends_with_the_one_that_began_it(store, end):
    code = BEGINS.format(store=str(store))
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], **pipes) as app:
        assert app.stdout.readline() == "on\n"
        app.send_signal(end)
        # What watches holds the same error stream, so this returns when both have ended.
        app.communicate(timeout=30)


def children(of):
    rows = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    return [int(pid) for pid, parent in map(str.split, rows.splitlines()) if int(parent) == of]


def test_a_watch_of_its_own_process_that_ends_is_begun_anew(store):
    code = f"import index.watch as w; w.LOOK_AGAIN = 0.1{BEGINS.format(store=str(store))}"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as app:
        app.stdout.readline()
        until(lambda: children(app.pid))
        (first,) = children(app.pid)
        os.kill(first, signal.SIGKILL)
        until(lambda: children(app.pid) not in ([], [first]))
        app.terminate()
        app.communicate(timeout=30)
