"""The pace of announcements, against a clock that is a number."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.lan.heard import Address
from floatip.lan.pacer import CATCH_UP_S, TICK_S, Pacer

MANY: list[Address] = [IPv4Address("10.77.1.0") + i for i in range(1000)]


def drain(pacer: Pacer, now_s: float = 0.0) -> list[tuple[float, Address]]:
    """Take as a loop would, until nothing is left, and note when each address came out."""
    taken: list[tuple[float, Address]] = []
    for _ in range(100_000):
        taken += [(now_s, address) for address in pacer.take(now_s)]
        wait_s = pacer.wait_s(now_s)
        if wait_s is None:
            return taken
        assert wait_s >= TICK_S
        now_s += wait_s
    pytest.fail("the queue never ran empty")


def test_few_addresses_leave_at_once() -> None:
    """A handful of addresses does not wait for a timer."""
    pacer = Pacer(500)
    pacer.add(MANY[:5])
    assert pacer.take(0.0) == MANY[:5]
    assert pacer.wait_s(0.0) is None


def test_a_thousand_addresses_take_their_time() -> None:
    """A thousand IPv4 addresses, two frames each, take four seconds at 500 frames a second, in their order."""
    pacer = Pacer(500)
    pacer.add(MANY)
    taken = drain(pacer)
    assert [address for _, address in taken] == MANY
    assert 3.8 <= taken[-1][0] <= 4.0


def test_ipv6_needs_one_frame() -> None:
    """IPv6 addresses, one frame each, leave twice as fast."""
    pacer = Pacer(500)
    pacer.add(IPv6Address("fd77::1") + i for i in range(1000))
    assert 1.8 <= drain(pacer)[-1][0] <= 2.0


def test_dropped_address_never_comes_out() -> None:
    """An address that is dropped while it waits is not let out, and the others are."""
    pacer = Pacer(500)
    pacer.add(MANY)
    first = pacer.take(0.0)
    pacer.drop(MANY[500:])
    assert first + [address for _, address in drain(pacer)] == MANY[:500]


def test_queued_twice_comes_out_once() -> None:
    """Rounds that overtake each other do not pile up."""
    pacer = Pacer(500)
    pacer.add(MANY)
    pacer.add(reversed(MANY))
    assert [address for _, address in drain(pacer)] == MANY


def test_a_pace_that_changes_counts_for_what_waits() -> None:
    """Nothing of it is lost, or comes out twice."""
    pacer = Pacer(500)
    pacer.add(MANY)
    first = pacer.take(0.0)
    pacer.set_rate(5000)
    taken = drain(pacer)
    assert first + [address for _, address in taken] == MANY
    assert 0.35 <= taken[-1][0] <= 0.41
    with pytest.raises(ValueError, match="must be above 0"):
        pacer.set_rate(0)


def test_a_late_loop_does_not_burst() -> None:
    """After a pause only what the catch-up time allows goes out at once."""
    pacer = Pacer(500)
    pacer.add(MANY)
    pacer.take(0.0)
    assert len(pacer.take(3.0)) <= 500 * CATCH_UP_S / 2 + 1


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_that_sends_nothing_is_refused(rate: int) -> None:
    """A rate of zero would silence announcements for ever, so it is an error."""
    with pytest.raises(ValueError, match="must be above 0"):
        Pacer(rate)


@given(
    rate=st.integers(1, 5000),
    steps=st.lists(st.tuples(st.floats(0, 2), st.integers(0, 40)), min_size=1, max_size=40),
)
def test_no_window_exceeds_the_rate(rate: int, steps: list[tuple[float, int]]) -> None:
    """However takes and adds are spread, no span of time sees more frames than rate, catch-up and one address allow."""
    pacer, now_s, sent, fresh = Pacer(rate), 0.0, [], iter(range(1 << 20))
    for pause_s, count in steps:
        now_s += pause_s
        pacer.add(IPv4Address(0x0A4D0000 + next(fresh)) for _ in range(count))
        sent.append((now_s, 2 * len(pacer.take(now_s))))
    for start in range(len(sent)):
        for end in range(start, len(sent)):
            frames = sum(count for _, count in sent[start : end + 1])
            assert frames <= rate * (sent[end][0] - sent[start][0] + CATCH_UP_S) + 2 + 1e-6
