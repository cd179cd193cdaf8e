"""When the last wills that one broker delivers are proof of a death (design 4.6)."""

from dataclasses import replace

import pytest

from floatip.core.messages import Message, Will
from floatip.core.peerlog import BURST_S, TESTAMENT_S, PeerLog
from floatip.core.types import NodeName, Origin
from floatip.core.wills import HEARTBEATS, Wills
from tests.unit.core.stage import TERMS, B, C, H


def log_of(node: NodeName, heard_at: float = 10.0) -> PeerLog:
    """Make what a broker brought of a node: its first session, last heard at a time."""
    return PeerLog(node=node, terms=TERMS, origin=Origin(1, 1, 5), heard_at=heard_at)


def will_of(node: NodeName, session: int = 1, incarnation: int = 1) -> Message:
    """Make the will of a session."""
    return Message(sender=node, origin=Origin(incarnation, session, 0), terms=TERMS, body=Will())


def test_a_will_just_after_the_last_word_of_its_session_counts() -> None:
    """The broker noticed at once that the connection ended."""
    logs = {B: log_of(B)}
    just_in_time = 10.0 + HEARTBEATS * H - 0.001
    assert Wills().take(will_of(B), logs, listened=True, now=just_in_time) is None
    assert logs[B].died_at == just_in_time


@pytest.mark.parametrize(
    ("will", "listened", "at", "why"),
    [
        (will_of(B), False, 10.1, "has not listened for long enough"),
        (will_of(B), True, 10.0 + HEARTBEATS * H + 0.001, "had fallen silent before"),
        (will_of(B, session=0), True, 10.1, "another session"),
        (will_of(B, session=2), True, 10.1, "another session"),
        (will_of(B, incarnation=2), True, 10.1, "another session"),
        (will_of(C), True, 10.1, "has not listened for long enough"),
    ],
)
def test_a_will_alone_proves_nothing(will: Message, listened: bool, at: float, why: str) -> None:
    """Each condition by itself makes it void, and says so."""
    logs = {B: log_of(B)}
    assert why in (Wills().take(will, logs, listened=listened, now=at) or "")
    assert logs[B].died_at is None


@pytest.mark.parametrize(("apart_s", "burst"), [(0.0, True), (BURST_S - 0.001, True), (BURST_S + 0.001, False)])
def test_wills_that_come_together_are_void_the_earlier_one_too(apart_s: float, burst: bool) -> None:
    """A broker that is stopped publishes all of them."""
    logs, wills = {B: log_of(B), C: log_of(C)}, Wills()
    assert wills.take(will_of(B), logs, listened=True, now=10.1) is None
    reason = wills.take(will_of(C), logs, listened=True, now=10.1 + apart_s)
    assert reason == ("the wills of b came with it" if burst else None)
    assert (logs[B].died_at is None, logs[C].died_at is None) == (burst, burst)


def test_each_of_many_wills_makes_the_one_before_it_void() -> None:
    """However long the burst lasts, and although the first of them is remembered no more."""
    nodes = [NodeName(f"n{number:02}") for number in range(60)]
    logs, wills = {node: log_of(node) for node in nodes}, Wills()
    for number, node in enumerate(nodes):
        wills.take(will_of(node), logs, listened=True, now=10.0 + 0.003 * number)
    assert [node for node in nodes if logs[node].died_at is not None] == []


def test_a_will_of_one_that_was_never_heard_is_one_of_a_burst_too() -> None:
    """Whoever it was: the broker ends."""
    logs, wills = {B: log_of(B)}, Wills()
    wills.take(will_of(B), logs, listened=True, now=10.1)
    wills.take(will_of(NodeName("nix")), logs, listened=True, now=10.15)
    assert logs[B].died_at is None


def test_a_node_with_two_wills_is_no_burst() -> None:
    """Its session broke, and so did the next."""
    logs, wills = {B: log_of(B)}, Wills()
    wills.take(will_of(B, session=0), logs, listened=True, now=10.05)
    assert wills.take(will_of(B), logs, listened=True, now=10.1) is None


# -- the death that follows


def test_a_death_is_proven_two_heartbeats_after_the_will_and_with_a_testament() -> None:
    """Heartbeats of that node; and never while others may still join the burst."""
    log = log_of(B)
    assert log.dead_from() == float("inf")
    log.died_at = 10.1
    assert log.dead_from() == float("inf")
    log.testified_at = 10.1 - TESTAMENT_S
    assert log.dead_from() == pytest.approx(10.1 + 2 * H)
    log.terms = replace(TERMS, heartbeat_s=0.01)
    assert log.dead_from() == pytest.approx(10.1 + BURST_S)
    log.testified_at = 10.1 - TESTAMENT_S - 0.001
    assert log.dead_from() == float("inf")


@pytest.mark.parametrize("listened", [True, False])
@pytest.mark.parametrize(("session", "dead"), [(0, True), (2, False)])
def test_the_will_of_a_later_session_shows_that_the_dead_has_come_back(
    session: int, dead: bool, listened: bool
) -> None:
    """A daemon that started again and lost its broker before its first word; an older session's will says nothing."""
    logs, wills = {B: log_of(B)}, Wills()
    assert wills.take(will_of(B), logs, listened=True, now=10.1) is None
    assert wills.take(will_of(B, session=session), logs, listened=listened, now=11.0) is not None
    assert (logs[B].died_at is not None) is dead
