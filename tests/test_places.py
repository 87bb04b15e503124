"""Places at which questions are answered: who waits has the next one, in the order they came, and none is lost."""

import asyncio
import threading

import pytest

from rag.doors.faults import Busy
from rag.doors.places import Places


async def _turns(count=5):
    """Lets everything that is due happen."""
    for _ in range(count):
        await asyncio.sleep(0)


def test_who_waits_has_the_next_place_in_the_order_they_came():
    async def walk():
        places, came = Places(1, waiting=3), []
        await places.take()

        async def asks(name):
            await places.take()
            came.append(name)

        asking = [asyncio.create_task(asks(name)) for name in "abc"]
        await _turns()
        with pytest.raises(Busy, match="As many questions"):
            await places.take()
        for so_far in ("a", "ab", "abc"):
            threading.Thread(target=places.give_back).start()
            await asyncio.wait_for(_until(lambda so_far=so_far: came == list(so_far)), 5)
        places.give_back()
        await asyncio.gather(*asking)
        await places.take()

    asyncio.run(walk())


async def _until(true):
    while not true():
        await asyncio.sleep(0.01)


def test_nobody_waits_longer_than_patience_lasts():
    async def walk():
        places = Places(1, waiting=1, patience=0.02)
        await places.take()
        with pytest.raises(Busy, match="Too many questions are waiting"):
            await places.take()
        places.give_back()
        await places.take()

    asyncio.run(walk())


@pytest.mark.parametrize("called", [False, True])
def test_the_place_of_one_who_went_away_goes_to_the_next(called):
    async def walk():
        places = Places(1, waiting=2)
        await places.take()
        first, second = (asyncio.create_task(places.take()) for _ in range(2))
        await _turns()
        if called:  # it has its turn, and does not know it yet
            places.give_back()
        first.cancel()
        if not called:
            await _turns()
            places.give_back()
        await asyncio.wait_for(second, 5)
        assert first.cancelled() or first.done()
        if called and not first.cancelled():
            pytest.fail("who went away has a place")
        with pytest.raises(Busy):
            await asyncio.wait_for(Places(0).take(), 1)

    asyncio.run(walk())


def test_a_loop_that_has_ended_holds_no_place():
    places = Places(1, waiting=1)
    asyncio.run(places.take())
    ended = asyncio.new_event_loop()
    places._line.append((ended, ended.create_future()))
    ended.close()
    places.give_back()
    asyncio.run(asyncio.wait_for(places.take(), 1))
