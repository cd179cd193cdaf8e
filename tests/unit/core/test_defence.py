"""An owner against others that claim its addresses: a stranger, a peer, an isolated owner that yields."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import State
from floatip.core.types import Role, Standing
from tests.unit.core.bench import Bench
from tests.unit.core.stage import ADDRESS, BLINK, MACS, STRANGER, WEB, B, C, Peer, X, a_listing, of


@pytest.mark.parametrize(
    ("role", "mac", "told"),
    [
        (Role.OWNER, STRANGER, "a stranger, 02:00:00:00:00:ff, answers for 10.77.0.50"),
        (Role.BACKUP, STRANGER, "a stranger, 02:00:00:00:00:ff, answers for 10.77.0.50"),
        (Role.OWNER, MACS[C], "c (02:00:00:00:00:0c) answers for 10.77.0.50"),
        (Role.ISOLATED, MACS[C], "c (02:00:00:00:00:0c) answers for 10.77.0.50"),
        (Role.BACKUP, MACS[B], None),
    ],
)
def test_a_mac_that_should_not_answer_is_a_conflict(role: Role, mac: object, told: str | None) -> None:
    """A stranger's always, a peer's when this node owns the VIP; told once a minute."""
    bench = Bench().reach(role)
    for node in (B, C):
        bench.hear(Peer(node, incarnation=0).says(_state_of(node)), retained=True)
    if role is Role.ISOLATED:
        bench.connect()
        bench.hear(Peer(C).says(_state_of(C)))
    for _ in range(3):
        bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=mac))  # type: ignore[arg-type]  # a MAC
    conflicts = [tell for tell in of(ef.Tell, bench.effects) if tell.kind is ef.Kind.CONFLICT]
    assert [tell.text for tell in conflicts] == ([told] if told else [])
    assert bench.role() is role


def _state_of(node: object) -> State:
    return State(state_version=2, version="1", macs=(MACS[node],))  # type: ignore[index]  # a node's name


def test_an_owner_defends_its_address_against_another_mac() -> None:
    """Clients that believed the other find back (RFC 5227, section 2.4): at most once a second, and last of all."""
    bench = Bench().reach(Role.OWNER)
    bench.run(10.0)
    foreign = ev.Answered(vip=WEB, address=ADDRESS, mac=STRANGER)
    began, times = bench.now, []
    for _ in range(28):
        times += [bench.now - began for _ in of(ef.Announce, bench.give(foreign))]
        for _ in range(100):
            times += [bench.now - began for _ in of(ef.Announce, bench.run(BLINK))]
    assert times == pytest.approx([0.0, 1.0, 2.0], abs=0.003)
    assert len(of(ef.Announce, bench.run(2.0))) == 1
    assert not of(ef.Announce, bench.run(5.0))


def test_an_address_that_is_not_there_yet_is_not_defended() -> None:
    """No announcement unless bound; and what was planned comes all the same."""
    bench = Bench().reach(Role.OWNER)
    bench.binding = False
    bench.give(ev.AddressGone(vip=WEB, address=ADDRESS, cause="script"))
    assert not of(ef.Announce, bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=STRANGER)))
    assert len(of(ef.Announce, bench.give(ev.Bound(vip=WEB)) + bench.run(2.0))) == 4


def test_an_owner_announces_anew_when_an_isolated_one_has_yielded() -> None:
    """Clients may have believed the other: in full, once, and not before it is off."""
    bench = Bench().reach(Role.OWNER)
    bench.run(10.0)
    peer = bench.joined_by(B, a_listing(Standing.ISOLATED, term=1))
    assert not of(ef.Announce, bench.run(3.0))
    bench.beating[X, B] = peer, (a_listing(Standing.RELEASING, term=1),)
    assert len(of(ef.Announce, bench.run(2.0))) == 4
    bench.beating[X, B] = peer, ()
    assert len(of(ef.Announce, bench.run(10.0))) == 1
    assert bench.role() is Role.OWNER
