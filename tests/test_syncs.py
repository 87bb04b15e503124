"""The syncs that are begun from the page: one at a time, watched and stopped by any."""

import threading

import pytest
from doors import until

from index.sync import Report
from page.syncs import Stopped, Syncs


class Steps:
    """A sync that takes as many steps as it is let."""

    def __init__(self, new):
        self.new, self.let, self.begun = new, threading.Semaphore(0), 0

    def __call__(self, progress):
        self.begun += 1
        for step in range(3):
            progress("embedding", step, 3)
            assert self.let.acquire(timeout=20)
        return Report(new=self.new)

    def finish(self):
        for _ in range(3):
            self.let.release()


def test_a_sync_is_watched_from_its_first_step_to_its_end():
    syncs, sync, seen = Syncs(), Steps(1), []
    for running in syncs.watched(sync):
        if not running.ended.done():
            seen.append(running.step)
            sync.let.release()
    assert running.ended.result() == Report(new=1)
    assert ("embedding", 2, 3) in seen
    assert syncs.running is None


def test_a_sync_of_who_was_removed_meanwhile_ends_at_its_next_step():
    there, sync = [True], Steps(1)
    running = Syncs(lambda: lambda: there[0]).begin(sync)
    until(lambda: running.step == ("embedding", 0, 3))
    there[0] = False
    sync.let.release()
    with pytest.raises(Stopped):
        running.ended.result(20)


def test_who_asks_for_another_meanwhile_watches_the_one_that_runs():
    syncs, first, second = Syncs(), Steps(1), Steps(2)
    begun = syncs.begin(first)
    assert syncs.begin(second) is begun is syncs.running
    first.finish()
    assert [r.ended.result().new for r in syncs.watched(second) if r.ended.done()] == [1]
    assert second.begun == 0


def test_what_a_page_wants_done_itself_comes_after_the_one_that_runs():
    syncs, first, second = Syncs(), Steps(1), Steps(2)
    second.finish()
    syncs.begin(first)
    watched = syncs.watched(second, own=True)
    assert next(watched).sync is first
    assert second.begun == 0
    first.finish()
    assert [r.ended.result().new for r in watched if r.ended.done()] == [2]


def test_those_that_wait_all_have_their_turn():
    syncs, ended = Syncs(), []
    wanted = [Steps(n) for n in range(5)]

    def watch(sync):
        ended.extend(r.ended.result().new for r in syncs.watched(sync, own=True) if r.ended.done())

    threads = [threading.Thread(target=watch, args=(sync,)) for sync in wanted]
    for thread in threads:
        thread.start()
    for sync in wanted:
        sync.finish()
    for thread in threads:
        thread.join(20)
    assert sorted(ended) == [0, 1, 2, 3, 4]
    assert [sync.begun for sync in wanted] == [1] * 5


def test_a_sync_that_is_stopped_ends_at_its_next_step_and_another_may_begin():
    syncs, sync = Syncs(), Steps(1)
    running = syncs.begin(sync)
    until(lambda: running.step[0])
    syncs.stop()
    assert running.stopping
    assert not running.ended.done()
    sync.let.release()
    with pytest.raises(Stopped):
        running.ended.result(20)
    sync.finish()
    assert syncs.begin(sync).ended.result(20).new == 1


def test_a_sync_that_is_stopped_behind_its_last_step_has_done_its_work():
    syncs, sync = Syncs(), Steps(1)
    running = syncs.begin(sync)
    sync.let.release()
    sync.let.release()
    until(lambda: running.step[1] == 2)
    syncs.stop()
    sync.let.release()
    assert running.ended.result(20).new == 1


def test_stopping_nothing_stops_nothing_that_comes_later():
    syncs, sync = Syncs(), Steps(1)
    syncs.stop()
    sync.finish()
    assert syncs.begin(sync).ended.result(20).new == 1
