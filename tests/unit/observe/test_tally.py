"""What adds up while a daemon runs."""

import pytest

from floatip.core.effects import Cause, Change, Kind, Tell
from floatip.core.types import NodeName, VipName
from floatip.observe.tally import TAKEOVER_BUCKETS_S, Tally

A, B, WEB = NodeName("a"), NodeName("b"), VipName("web")


def told(kind: Kind, cause: Cause = Cause.TAKEOVER, silent_s: float | None = None) -> Tell:
    """Make the news that a owns the VIP after b."""
    change = Change(owner=A, former=B, cause=cause, silent_s=silent_s)
    return Tell(kind=kind, text="t", vip=WEB, change=change)


def test_changes_of_owner_are_counted_by_cause() -> None:
    """Those that this node made and those that it saw."""
    tally = Tally()
    for kind, cause in ((Kind.ROLE, Cause.TAKEOVER), (Kind.OWNER, Cause.TAKEOVER), (Kind.OWNER, Cause.DRAIN)):
        tally.tell(told(kind, cause))
    tally.tell(Tell(kind=Kind.ROLE, text="t", vip=WEB))
    assert tally.failovers == {(WEB, Cause.TAKEOVER): 2, (WEB, Cause.DRAIN): 1}


@pytest.mark.parametrize(("silent_s", "bucket"), [(0.05, 0), (0.1, 0), (0.11, 1), (1.1, 5), (9.0, 10), (11.0, 11)])
def test_a_takeover_of_this_node_is_timed(silent_s: float, bucket: int) -> None:
    """In the bucket whose bound it does not exceed."""
    tally = Tally()
    tally.tell(told(Kind.ROLE, silent_s=silent_s))
    assert tally.takeovers.index(1) == bucket
    assert len(tally.takeovers) == len(TAKEOVER_BUCKETS_S) + 1
    assert tally.takeover_sum_s == silent_s


def test_a_takeover_of_another_node_is_not() -> None:
    """It times its own."""
    tally = Tally()
    tally.tell(told(Kind.OWNER, silent_s=1.0))
    assert sum(tally.takeovers) == 0


def test_warnings_of_conflicts_are_counted() -> None:
    """And not the news that one is over."""
    tally = Tally()
    for warning in (True, True, False):
        tally.tell(Tell(kind=Kind.CONFLICT, text="t", vip=WEB, warning=warning))
    tally.tell(Tell(kind=Kind.FAULT, text="t", warning=True))
    assert tally.conflicts == 2


def test_the_worst_lateness_is_told_for_a_while() -> None:
    """For half a minute at least, for a minute at most, whoever asks how often."""
    tally = Tally()
    tally.late(0.5, 29.0)
    tally.late(0.1, 29.5)
    assert [tally.lag_s(now) for now in (29.9, 29.9, 30.0, 59.9, 60.0)] == [0.5, 0.5, 0.5, 0.5, 0.0]
    tally.late(0.3, 61.0)
    assert tally.lag_s(200.0) == 0.0
