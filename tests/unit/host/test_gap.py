"""The gap detector: time that passed unseen."""

import pytest

from floatip.host.clock import GapDetector, Reading, boottime_s, realtime_s

HEARTBEAT_S = 0.2
LEASE_S = 1.0


def reading(boot: float, real: float) -> Reading:
    """Give a reading near a boot long ago."""
    return Reading(boottime_s=5000.0 + boot, realtime_s=1.7e9 + real)


@pytest.mark.parametrize(
    ("boot", "real", "why"),
    [
        (0.01, 0.01, None),
        (0.2, 0.2, None),
        (0.99, 0.99, None),
        (1.01, 1.01, "one turn took 1.010 s"),
        (60.0, 60.0, "one turn took 60.000 s"),
        (0.01, 0.40, None),
        (0.01, 0.42, "the wall clock ran ahead by 0.410 s"),
        (0.01, 3600.0, "the wall clock ran ahead by 3599.990 s"),
        (0.01, -3600.0, None),
        (0.0, 0.0, None),
    ],
)
def test_turn_is_a_gap_if_too_long_or_overtaken_by_the_wall_clock(boot: float, real: float, why: str | None) -> None:
    """A turn longer than the lease, or a wall clock more than two heartbeats ahead, is a gap; a step back is none."""
    detector = GapDetector(heartbeat_s=HEARTBEAT_S, lease_s=LEASE_S)
    assert detector.turn(reading(0, 0)) is None
    found = detector.turn(reading(boot, real))
    if why is None:
        assert found is None
    else:
        assert found is not None
        assert found.startswith(why)


def test_each_turn_is_compared_with_the_one_before() -> None:
    """Many short turns are no gap, and a gap is told once."""
    detector = GapDetector(heartbeat_s=HEARTBEAT_S, lease_s=LEASE_S)
    told = [detector.turn(reading(at, at + (10 if at >= 3 else 0))) for at in (0, 0.9, 1.8, 2.7, 3.1, 3.5, 4.0)]
    assert [it is not None for it in told] == [False, False, False, False, True, False, False]


def test_clocks_run() -> None:
    """Both clocks are in seconds and go forward; the wall clock is past the year 2020."""
    before = Reading.take()
    assert boottime_s() >= before.boottime_s
    assert realtime_s() > 1.577e9
