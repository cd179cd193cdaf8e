"""What the kernel, the LAN and operators report of one VIP, and what follows for it."""

from dataclasses import dataclass

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.incidents import REFUSED_S, Incident, take
from floatip.core.tenure import Notice
from floatip.core.types import Binding, Role, VipName
from tests.unit.core.bench import Bench
from tests.unit.core.stage import ADDRESS, MACS, STRANGER, WEB, C, binds, of


def test_an_incident_of_a_kind_that_nobody_knows_is_a_defect() -> None:
    """It ends the process instead of being overlooked."""

    @dataclass(frozen=True)
    class Odd:
        vip: VipName = WEB

    bench = Bench()
    with pytest.raises(AssertionError, match="Odd"):
        take(bench.vip(), bench.engine._s, Odd(), 100.0)  # type: ignore[arg-type]  # nobody's event


@pytest.mark.parametrize(
    "event",
    [
        ev.Bound(vip=WEB),
        ev.Unbound(vip=WEB),
        ev.BindFailed(vip=WEB, reason="why"),
        ev.BindFailed(vip=WEB, reason="why", late=True),
        ev.UnbindFailed(vip=WEB, reason="why"),
        ev.AddressGone(vip=WEB, address=ADDRESS, cause="why"),
        ev.AddressAppeared(vip=WEB, address=ADDRESS, cause="why"),
        ev.Answered(vip=WEB, address=ADDRESS, mac=STRANGER),
    ],
)
@pytest.mark.parametrize("role", list(Role))
def test_whatever_happens_whenever_leaves_a_machine_that_goes_on(role: Role, event: Incident) -> None:
    """No role is surprised; and none but those that hold the addresses announces or keeps them."""
    bench = Bench().reach(role)
    effects = bench.give(event)
    assert not of(ef.Announce, effects) or role in {Role.OWNER, Role.ISOLATED, Role.ACQUIRING}
    bench.unbinding = True
    bench.echoing = set(bench.spec.brokers)
    bench.run(10.0)
    vip = bench.vip()
    assert (vip.binding.state is Binding.BOUND) is (vip.role in {Role.OWNER, Role.ISOLATED})


def test_an_address_that_is_there_is_bound() -> None:
    """The way from acquiring to owner."""
    bench = Bench().reach(Role.ACQUIRING)
    bench.give(ev.Bound(vip=WEB))
    assert bench.role() is Role.OWNER


def test_a_refusal_is_a_fault_for_a_while() -> None:
    """Others may have more luck."""
    bench = Bench().reach(Role.ACQUIRING)
    bench.give(ev.BindFailed(vip=WEB, reason="no space"))
    bench.run(0.1)
    assert bench.vip().faults(bench.now) == ("address refused: no space",)
    assert not bench.vip().faults(bench.now + REFUSED_S)


def test_what_something_else_removed_is_put_back_and_told() -> None:
    """With the cause; where nothing is held there is nothing to put back."""
    bench = Bench().reach(Role.OWNER)
    assert binds(bench.give(ev.AddressGone(vip=WEB, address=ADDRESS, cause="deleted by hand")))
    assert bench.told("10.77.0.50 was removed: deleted by hand")
    bench = Bench().reach(Role.BACKUP)
    assert not bench.give(ev.AddressGone(vip=WEB, address=ADDRESS, cause="deleted by hand"))


def test_what_goes_away_of_an_owner_that_is_leaving_is_not_put_back() -> None:
    """It goes because it was asked to: no word, and no fight."""
    bench = Bench().reach(Role.OWNER)
    vip, s = bench.vip(), bench.engine._s
    vip.let_go(Notice("test"), bench.now)
    assert (vip.role, vip.binding.state) == (Role.RELEASING, Binding.BOUND)
    s.effects.clear()
    for _ in range(10):
        take(vip, s, ev.AddressGone(vip=WEB, address=ADDRESS, cause="deleted by hand"), bench.now)
    assert (vip.binding.state, s.effects, vip.faults(bench.now)) == (Binding.BOUND, [], ())


@pytest.mark.parametrize(
    ("role", "off"),
    [(Role.INIT, True), (Role.BACKUP, True), (Role.FAULT, True), (Role.CANDIDATE, True), (Role.OWNER, False)],
)
def test_an_address_that_should_not_be_here_is_taken_off(role: Role, off: bool) -> None:
    """An owner's own is where it should be."""
    bench = Bench().reach(role)
    effects = bench.give(ev.AddressAppeared(vip=WEB, address=ADDRESS, cause="added by hand"))
    assert bool(of(ef.Unbind, effects)) is off
    assert bench.told("10.77.0.50 appeared: added by hand; removed") is off


def test_an_operator_may_have_it_announced() -> None:
    """In full; and a backup announces nothing, whoever asks."""
    bench = Bench().reach(Role.OWNER)
    bench.run(10.0)
    assert len(of(ef.Announce, bench.give(ev.AnnounceAsked(id="m1", vip=WEB)) + bench.run(2.0))) == 4
    bench = Bench().reach(Role.BACKUP)
    assert not of(ef.Announce, bench.give(ev.AnnounceAsked(id="m1", vip=WEB)) + bench.run(2.0))


@pytest.mark.parametrize("role", [Role.CANDIDATE, Role.ACQUIRING, Role.RELEASING])
def test_a_mac_that_answers_on_the_way_is_only_reported(role: Role) -> None:
    """What this node is about to do is settled by then; a peer's MAC is no news there."""
    bench = Bench().reach(role)
    bench.give(ev.Answered(vip=WEB, address=ADDRESS, mac=STRANGER), ev.Answered(vip=WEB, address=ADDRESS, mac=MACS[C]))
    assert bench.role() is role
    assert bench.told("a stranger, 02:00:00:00:00:ff, answers for 10.77.0.50")
