"""Where the addresses are: taken off where they should not be, and put on the interface that has its link."""

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.binding import RETRY_REMOVAL_S
from floatip.core.types import Policy, Role
from tests.unit.core.bench import Bench
from tests.unit.core.stage import ADDRESS, WEB, H, X, a_spec, a_vip, binds, of

# -- off


def test_a_removal_that_failed_is_tried_again_until_it_is_done() -> None:
    """Only then is the VIP released."""
    bench = Bench().reach(Role.RELEASING)
    for _ in range(3):
        bench.give(ev.UnbindFailed(vip=WEB, reason="busy"))
        assert not of(ef.Unbind, bench.run(0.19))
        assert of(ef.Unbind, bench.run(0.02)) == [ef.Unbind(vips=(WEB,))]
    assert bench.told("web not removed: busy")
    assert bench.role() is Role.RELEASING
    bench.give(ev.Unbound(vip=WEB))
    assert bench.role() is Role.BACKUP


def test_what_should_not_be_here_and_was_not_removed_is_tried_again() -> None:
    """An address on a node that does not own it is removed, however long that takes."""
    bench = Bench().reach(Role.BACKUP)
    bench.unbinding = False
    bench.give(ev.AddressAppeared(vip=WEB, address=ADDRESS, cause="by hand"))
    for _ in range(3):
        bench.give(ev.UnbindFailed(vip=WEB, reason="busy"))
        assert not of(ef.Unbind, bench.run(RETRY_REMOVAL_S - 0.001))
        assert of(ef.Unbind, bench.run(0.002)) == [ef.Unbind(vips=(WEB,))]
    bench.give(ev.UnbindFailed(vip=WEB, reason="busy"), ev.Unbound(vip=WEB))
    assert not of(ef.Unbind, bench.run(5.0))


def test_one_that_leaves_does_not_announce() -> None:
    """Not even what was still planned."""
    bench = Bench().reach(Role.RELEASING)
    assert not of(ef.Announce, bench.run(6.0))


# -- on which interface


def test_the_interface_is_chosen_anew_each_time() -> None:
    """The first that has its link then."""
    bench = Bench(a_spec(vips=(a_vip(interfaces=("eth0", "eth1")),)), linked=("eth0", "eth1"))
    bench.give(ev.LinkChanged(interface="eth0", up=False))
    bench.reach(Role.OWNER)
    assert binds(bench.effects)[-1].interface == "eth1"
    bench.give(ev.LinkChanged(interface="eth1", up=False))
    bench.run(0.1)
    bench.give(ev.LinkChanged(interface="eth0", up=True))
    bench.run(3.0)
    assert binds(bench.effects)[-1].interface == "eth0"


def test_an_address_moves_to_the_next_interface_when_its_link_goes_down() -> None:
    """Before any other node is asked (RFC 1122, multihoming)."""
    bench = Bench(a_spec(vips=(a_vip(interfaces=("eth0", "eth1")),)), linked=("eth0", "eth1")).reach(Role.OWNER)
    effects = bench.give(ev.LinkChanged(interface="eth0", up=False)) + bench.run(0.1)
    assert binds(effects)[-1].interface == "eth1"
    assert of(ef.Announce, effects)[-1].interface == "eth1"
    assert bench.role() is Role.OWNER


def test_without_any_word_of_a_link_the_first_interface_is_used() -> None:
    """Links are a fault only if known to be down."""
    bench = Bench(linked=()).reach(Role.OWNER)
    assert binds(bench.effects)[0].interface == "eth0"


def test_an_address_moves_only_when_its_lifetime_may_be_promised() -> None:
    """Under ``release`` the echo is late: it stays where it is until then, which is told once."""
    vips = (a_vip(interfaces=("eth0", "eth1"), policy=Policy.RELEASE),)
    bench = Bench(a_spec(vips=vips), linked=("eth0", "eth1")).connect()
    bench.run(3.5)
    bench.echoing.clear()
    late = of(ef.Send, bench.run(0.45))
    effects = bench.give(ev.LinkChanged(interface="eth0", up=False)) + bench.run(0.1)
    assert not binds(effects)
    assert bench.vip().binding.interface == "eth0"
    bench.echoing.add(X)
    for send in late + of(ef.Send, effects):
        effects += bench.hear(send.message)
    effects += bench.run(H)
    assert [bind.interface for bind in binds(effects)] == ["eth1"]
    assert {one.interface for one in of(ef.Announce, effects)} == {"eth1"}
    assert len([tell for tell in of(ef.Tell, effects) if "moves from eth0 to eth1" in tell.text]) == 1
