"""What is wrong with one VIP: passing faults, fights, conflicts."""

import pytest

from floatip.core.troubles import CONFLICT_S, FIGHT_PAUSE_S, FIGHT_REMOVALS, FIGHT_WINDOW_S, PEACE_S, Troubles
from floatip.core.types import Mac
from tests.unit.core.stage import STRANGER


def test_a_fault_passes_by_itself() -> None:
    """And says when."""
    troubles = Troubles()
    assert (troubles.faults(0.0), troubles.next(0.0)) == ((), None)
    troubles.raise_fault("one", 5.0)
    troubles.raise_fault("two", 3.0)
    assert (troubles.faults(1.0), troubles.next(1.0)) == (("one", "two"), 3.0)
    assert (troubles.faults(3.0), troubles.next(3.0)) == (("one",), 5.0)
    assert (troubles.faults(5.0), troubles.next(5.0)) == ((), None)


def test_a_fault_that_is_raised_again_lasts_longer() -> None:
    """The same words are the same fault."""
    troubles = Troubles()
    troubles.raise_fault("one", 5.0)
    troubles.raise_fault("one", 9.0)
    assert troubles.faults(6.0) == ("one",)


def fight(troubles: Troubles, at: float) -> list[bool]:
    """Remove an address as often as makes a fight."""
    return [troubles.removed(at + number) for number in range(FIGHT_REMOVALS)]


def test_five_removals_in_a_minute_are_a_fight() -> None:
    """The fifth is a fault for a minute; then counting begins anew."""
    troubles = Troubles()
    assert fight(troubles, 0.0) == [False, False, False, False, True]
    assert troubles.faults(4.0 + FIGHT_PAUSE_S - 0.1) == ("address fight: something keeps removing it",)
    assert troubles.faults(4.0 + FIGHT_PAUSE_S) == ()
    assert not troubles.removed(4.5)


def test_removals_that_are_far_apart_are_no_fight() -> None:
    """Only what happens within the window counts."""
    troubles = Troubles()
    apart_s = FIGHT_WINDOW_S / (FIGHT_REMOVALS - 1) + 0.1
    assert not any(troubles.removed(number * apart_s) for number in range(20))


def test_each_fight_doubles_the_pause_up_to_an_hour_and_four_minutes() -> None:
    """1, 2, 4 ... minutes."""
    troubles, pauses, at = Troubles(), [], 0.0
    for _ in range(9):
        fight(troubles, at)
        pauses.append((troubles.next(at + 4.0) or 0.0) - (at + 4.0))
        at += 5_000
    assert pauses == pytest.approx([60, 120, 240, 480, 960, 1920, 3840, 3840, 3840])


def test_a_conflict_is_news_once_a_minute() -> None:
    """Each address and MAC for itself."""
    troubles = Troubles()
    assert troubles.conflict("10.77.0.50", STRANGER, 0.0)
    assert not troubles.conflict("10.77.0.50", STRANGER, CONFLICT_S)
    assert troubles.conflict("10.77.0.51", STRANGER, 1.0)
    assert troubles.conflict("10.77.0.50", STRANGER, CONFLICT_S + 0.1)


def test_conflicts_are_shown_for_a_minute() -> None:
    """What is over is no conflict."""
    troubles = Troubles()
    troubles.conflict("10.77.0.50", STRANGER, 0.0)
    assert troubles.conflicts(CONFLICT_S) == [("10.77.0.50", STRANGER)]
    assert troubles.conflicts(CONFLICT_S + 0.1) == []


def test_a_storm_of_strangers_fills_neither_log_nor_memory() -> None:
    """One a second is told of, and the last minute of them remembered."""
    troubles, told = Troubles(), 0
    for number in range(50_000):
        mac = Mac(f"02:00:00:00:{number >> 8:02x}:{number & 255:02x}")
        told += troubles.conflict("10.77.0.50", mac, number / 100)
    assert told == pytest.approx(500, abs=2)
    assert len(troubles._conflicts) <= CONFLICT_S + 1


def test_after_a_long_peace_a_fight_is_a_first_one_again() -> None:
    """What something did last year is not held against it."""
    troubles = Troubles()
    fight(troubles, 0.0)
    fight(troubles, 1000.0)
    fight(troubles, 1004.0 + PEACE_S + 1)
    assert troubles.next(1004.0 + PEACE_S + 6) == pytest.approx(1004.0 + PEACE_S + 5 + FIGHT_PAUSE_S)
