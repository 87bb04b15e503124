"""How often somebody may be wrong."""

import pytest

from rag.doors.throttle import FORGOTTEN, FREE, FREE_OF_NAME, Logins, Throttle, network_of


@pytest.fixture
def throttle(clock):
    return Throttle(clock, remembered=3)


def fail(throttle, clock, times, key="ada"):
    """Fails so often, each time as soon as it is allowed."""
    waits = []
    for _ in range(times):
        waits.append(throttle.wait(key))
        clock.now += waits[-1]
        throttle.failed(key)
    return waits


def test_after_five_failures_the_wait_doubles_up_to_a_minute(throttle, clock):
    assert fail(throttle, clock, 13) == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]


def test_the_wait_passes(throttle, clock):
    fail(throttle, clock, 8)
    assert throttle.wait("ada") == 8
    clock.now += 7.5
    assert throttle.wait("ada") == 1
    clock.now += 0.5
    assert throttle.wait("ada") == 0


def test_the_longest_wait_of_all_counts(throttle, clock):
    fail(throttle, clock, 7, "address")
    assert throttle.wait("ada", "address") == 4
    assert throttle.wait("ada") == 0


def test_who_succeeds_begins_anew(throttle, clock):
    fail(throttle, clock, 10)
    throttle.forget("ada")
    assert throttle.wait("ada") == 0
    assert len(throttle) == 0


def test_many_tries_at_once_are_counted_before_they_are_known_to_have_failed(throttle):
    allowed = 0
    for _ in range(100):
        if not throttle.wait("ada"):
            allowed += 1
            throttle.failed("ada")
    assert allowed == FREE


def test_failures_are_forgotten_in_time_and_never_too_many_are_remembered(throttle, clock):
    for n in range(1000):
        throttle.failed(f"user{n}")
        assert len(throttle) <= 3
    clock.now += FORGOTTEN + 1
    throttle.failed("ada")
    assert len(throttle) == 1


def test_the_one_that_failed_last_is_remembered_longest(throttle, clock):
    fail(throttle, clock, 8)
    throttle.failed("b")
    throttle.failed("c")
    throttle.failed("ada")
    throttle.failed("d")
    assert throttle.wait("ada") > 0


def test_a_name_waits_where_it_failed_and_everywhere_new_after_a_hundred_times(clock):
    logins = Logins(clock)
    logins.succeeded("ada", "home")
    for n in range(FREE_OF_NAME):
        assert logins.wait("ada", f"{n // 4}") == 0
        logins.tries("ada", f"{n // 4}")
    assert (logins.wait("ada", "new"), logins.wait("ada", "home"), logins.wait("grace", "new")) == (1, 0, 0)
    for _ in range(FREE):
        logins.tries("ada", "home")
    assert logins.wait("ada", "home") == 1
    logins.succeeded("ada", "home")
    assert (logins.wait("ada", "new"), logins.wait("ada", "home")) == (0, 0)


def test_never_too_many_addresses_are_remembered(clock):
    logins = Logins(clock, remembered=2)
    for address in ("a", "b", "a", "c"):
        logins.succeeded("ada", address)
    for n in range(FREE_OF_NAME):
        logins.tries("ada", f"{n}")
    assert [logins.wait("ada", address) for address in "abc"] == [0, 1, 0]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002::/64"),
        ("2001:db8:1:2::9", "2001:0db8:0001:0002::/64"),
        ("fe80::1%eth0", "fe80:0000:0000:0000::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_machine_is_known_by_its_network(address, network):
    assert network_of(address) == network
