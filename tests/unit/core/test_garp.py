"""When an owner announces."""

from floatip.core.garp import MOST_WAITING, Announcements
from floatip.core.types import NodeSpec

OFFSETS = (0.0, 0.05, 0.25, 1.0, 5.0)


def walk(schedule: Announcements, until: float) -> list[float]:
    """Wake when asked to; return when it announced."""
    rounds = []
    while (at := schedule.next()) is not None and at <= until:
        assert schedule.due(at)
        rounds.append(at)
    return rounds


def test_it_announces_at_once_a_few_times_soon_after_and_then_seldom() -> None:
    """The offsets, then every ``refresh``, for as long as it is in office."""
    schedule = Announcements(OFFSETS, 60.0)
    assert schedule.next() is None
    schedule.begin(10.0)
    assert walk(schedule, 200.0) == [10.0, 10.05, 10.25, 11.0, 15.0, 75.0, 135.0, 195.0]


def test_the_default_offsets_are_those_of_the_design() -> None:
    """5 rounds within 5 s."""
    assert NodeSpec.__dataclass_fields__["garp_offsets_s"].default == OFFSETS


def test_rounds_that_were_missed_count_as_one() -> None:
    """A loop that was held up does not make up for it by a burst."""
    schedule = Announcements(OFFSETS, 60.0)
    schedule.begin(10.0)
    assert schedule.due(10.6)
    assert not schedule.due(10.6)
    assert schedule.next() == 11.0
    assert schedule.due(20.0)
    assert schedule.next() == 80.0


def test_beginning_anew_supersedes_what_waited() -> None:
    """A second reason to announce is one more full series, not two at once."""
    schedule = Announcements(OFFSETS, 60.0)
    schedule.begin(10.0)
    schedule.due(10.1)
    schedule.begin(10.2)
    assert walk(schedule, 16.0)[:3] == [10.2, 10.25, 10.45]


def test_one_that_stopped_announces_no_more() -> None:
    """No announcement unless bound."""
    schedule = Announcements(OFFSETS, 60.0)
    schedule.begin(10.0)
    schedule.stop()
    assert schedule.next() is None
    assert not schedule.due(99.0)


def test_one_round_more_changes_nothing_of_the_plan() -> None:
    """Then, and what was planned; what was due by then goes with it."""
    schedule = Announcements(OFFSETS, 60.0)
    schedule.begin(10.0)
    assert walk(schedule, 11.0) == [10.0, 10.05, 10.25, 11.0]
    schedule.once(12.0)
    assert walk(schedule, 100.0) == [12.0, 15.0, 75.0]
    schedule.once(130.0)
    assert walk(schedule, 134.0) == [130.0]
    schedule.once(137.0)
    assert walk(schedule, 138.0) == [135.0, 137.0]
    schedule.begin(138.0)
    schedule.stop()
    schedule.begin(75.0)
    assert walk(schedule, 81.0) == [75.0, 75.05, 75.25, 76.0, 80.0]
    schedule.once(140.0)
    assert schedule.due(140.0)
    assert not schedule.due(140.0)
    assert schedule.next() == 200.0


def test_no_more_rounds_wait_than_anybody_needs() -> None:
    """However many peers are answered before the address is there; the first ones stay, and so does the refresh."""
    schedule = Announcements(OFFSETS, 60.0)
    for number in range(100):
        schedule.once(10.0 + number)
    assert walk(schedule, 99.0) == [10.0 + number for number in range(MOST_WAITING)] + [9.0 + MOST_WAITING + 60.0]
