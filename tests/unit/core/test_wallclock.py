"""The wall clock: what it shows, and when it will show something."""

from floatip.core.wallclock import WallClock


def test_it_goes_on_from_its_last_reading() -> None:
    """What it shows follows this node's own clock."""
    clock = WallClock(1000.0, 5.0)
    assert clock.shows(7.5) == 1002.5
    clock.set(500.0, 10.0)
    assert clock.shows(11.0) == 501.0


def test_a_moment_of_it_is_one_of_this_nodes_clock() -> None:
    """A setting of the clock moves it."""
    clock = WallClock(1000.0, 5.0)
    assert clock.reaches(1010.0) == 15.0
    clock.set(990.0, 6.0)
    assert clock.reaches(1010.0) == 26.0


def test_what_never_comes_is_never_reached() -> None:
    """An order without an end wakes nobody."""
    assert WallClock(1000.0, 5.0).reaches(float("inf")) is None
