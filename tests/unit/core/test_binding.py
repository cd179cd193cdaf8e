"""What is asked of the kernel, and what may be promised to it."""

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.binding import EARLY_S
from floatip.core.troubles import FIGHT_REMOVALS
from floatip.core.types import Binding, Role
from tests.unit.core.bench import RELEASE, Bench, an_owner_under_release
from tests.unit.core.stage import ADDRESS, BLINK, WEB, H, L, X, binds, of

GONE = ev.AddressGone(vip=WEB, address=ADDRESS, cause="deleted")


@pytest.fixture
def owner() -> Bench:
    """Give an owner under ``keep``."""
    return Bench().reach(Role.OWNER)


# -- adding ----------------------------------------------------------------------------------------------------------


def test_the_address_is_added_for_a_finite_lifetime_and_announced_once_it_is_there() -> None:
    """No announcement unless bound."""
    bench = Bench().reach(Role.ACQUIRING)
    (bind,) = binds(bench.effects)
    assert (bind.vip, bind.interface, bind.lifetime_s) == (WEB, "eth0", 3)
    assert not of(ef.Announce, bench.effects)
    assert of(ef.Announce, bench.give(ev.Bound(vip=WEB))) == [ef.Announce(vip=WEB, interface="eth0")]
    assert bench.role() is Role.OWNER


def test_a_lifetime_is_promised_no_later_than_the_majority_upholds_it() -> None:
    """A kernel that is asked late must not be asked at all."""
    bench = Bench().reach(Role.ACQUIRING)
    (bind,) = binds(bench.effects)
    hold = bench.view().holds[WEB]
    assert bind.not_after == pytest.approx(hold.sent_at + L)
    assert bind.not_after > bench.now


def test_under_release_a_lifetime_is_promised_for_a_heartbeat_only() -> None:
    """The others count on the last renewal: D begins with the word that upheld it."""
    bench = Bench(RELEASE).connect()
    bench.binding = False
    bench.run(3.0)
    bind = binds(bench.effects)[0]
    assert bind.not_after == pytest.approx(bench.view().holds[WEB].sent_at + H)
    assert bind.lifetime_s == 1


def test_a_kernel_that_was_asked_too_late_is_asked_again() -> None:
    """Nothing was done, so nothing is wrong."""
    bench = Bench().reach(Role.ACQUIRING)
    asked = bench.give(ev.BindFailed(vip=WEB, reason="too late", late=True))
    assert binds(asked)
    assert bench.role() is Role.ACQUIRING
    bench.give(ev.Bound(vip=WEB))
    assert bench.role() is Role.OWNER


def test_a_late_answer_to_what_is_no_longer_wanted_changes_nothing(owner: Bench) -> None:
    """Outcomes may overtake decisions."""
    owner.run(1.5)
    for event in (ev.Unbound(vip=WEB), ev.BindFailed(vip=WEB, reason="too late", late=True), ev.Bound(vip=WEB)):
        owner.give(event)
        assert owner.vip().binding.state is Binding.BOUND


# -- announcing ------------------------------------------------------------------------------------------------------


def test_it_announces_five_times_and_then_each_refresh() -> None:
    """RFC 5227, section 2.3, and a little more."""
    bench = Bench().connect()
    bench.run_until(Role.OWNER)
    added_at, times = bench.now - BLINK, [0.0]
    for _ in range(14_000):
        times += [bench.now - added_at for _ in of(ef.Announce, bench.run(0.01))]
    assert times == pytest.approx([0.0, 0.05, 0.25, 1.0, 5.0, 65.0, 125.0], abs=0.011)


def test_an_operator_can_have_it_announced_again(owner: Bench) -> None:
    """In full, from now."""
    owner.run(10.0)
    assert of(ef.Announce, owner.give(ev.AnnounceAsked(id="m1", vip=WEB)))
    assert len(of(ef.Announce, owner.run(6.0))) == 4


def test_what_is_not_here_is_not_announced() -> None:
    """No announcement unless bound."""
    bench = Bench().reach(Role.BACKUP)
    assert not of(ef.Announce, bench.give(ev.AnnounceAsked(id="m1", vip=WEB)) + bench.run(6.0))


def test_it_is_announced_again_when_the_quorum_is_back() -> None:
    """There may have been a rival meanwhile."""
    bench = Bench().reach(Role.ISOLATED)
    bench.run(6.0)
    bench.connect()
    before = len(bench.effects)
    bench.run(2.0)
    assert bench.role() is Role.OWNER
    assert of(ef.Announce, bench.effects[before:])


# -- losing ----------------------------------------------------------------------------------------------------------


def test_an_address_that_something_else_removed_is_put_back_and_announced(owner: Bench) -> None:
    """At once, with the cause in the log."""
    effects = owner.give(GONE)
    assert binds(effects)
    assert owner.told("10.77.0.50 was removed: deleted")
    assert of(ef.Announce, owner.run(2 * BLINK))
    assert owner.role() is Role.OWNER


def test_an_address_removed_while_nothing_may_be_promised_is_put_back_as_soon_as_it_may() -> None:
    """Under ``release`` the echo is late: a quarter of a heartbeat after it, added and announced."""
    bench = an_owner_under_release()
    bench.echoing.clear()
    late = of(ef.Send, bench.run(0.45))
    assert not binds(bench.give(GONE))
    before = len(bench.effects)
    for send in late:
        bench.hear(send.message)
    bench.echoing.add(X)
    bench.run(H / 4 + 2 * BLINK)
    assert binds(bench.effects[before:])
    assert of(ef.Announce, bench.effects[before:])
    assert bench.role() is Role.OWNER


def test_addresses_whose_time_was_over_are_no_fight(owner: Bench) -> None:
    """Nobody renewed them in time: the kernel only did what it was told."""
    for _ in range(2 * FIGHT_REMOVALS):
        owner.vip().binding._renewed_at -= 3.0 - EARLY_S
        assert owner.vip().binding.expired(owner.now)
        assert binds(owner.give(GONE))
        owner.run(0.1)
        assert owner.role() is Role.OWNER
    assert not owner.told("address fight")


def test_an_address_that_was_put_back_too_late_is_put_back_again(owner: Bench) -> None:
    """The kernel was not asked, so it is not waited for."""
    late = ev.BindFailed(vip=WEB, reason="too late", late=True)
    owner.binding = False
    assert binds(owner.give(GONE))
    assert binds(owner.give(late))
    assert owner.role() is Role.OWNER


@pytest.mark.parametrize("once", [True, False])
def test_what_was_there_once_is_taken_off_even_if_it_could_not_be_put_back(once: bool) -> None:
    """One of its addresses may be left: only what was never there needs no removal."""
    bench = an_owner_under_release() if once else Bench(RELEASE).connect()
    bench.binding = False
    bench.run(0.1 if once else 2.9)
    bench.give(GONE)
    bench.echoing.clear()
    bench.run(0.5)
    bench.give(ev.BindFailed(vip=WEB, reason="too late", late=True))
    assert bench.role() is (Role.OWNER if once else Role.ACQUIRING)
    assert of(ef.Unbind, bench.give(ev.StopAsked())) == ([ef.Unbind(vips=(WEB,))] if once else [])


def test_an_address_that_is_on_its_way_is_not_put_back_twice() -> None:
    """The outcome of the first is still awaited."""
    bench = Bench().reach(Role.ACQUIRING)
    assert not bench.give(GONE)
    bench.give(ev.Bound(vip=WEB))
    bench.run(0.5)
    assert binds(bench.give(GONE))
    assert not binds(bench.give(GONE) + bench.run(0.9))


def test_a_binding_that_is_never_reported_is_asked_for_again(owner: Bench) -> None:
    """Nothing waits for ever."""
    owner.binding = False
    owner.give(GONE)
    assert binds(owner.run(2.1))


def test_one_that_is_to_hush_announces_no_more(owner: Bench) -> None:
    """Not even what was to be announced by now: the next owner is about to."""
    owner.vip().binding.announce(owner.now)
    owner.vip().binding.hush()
    assert of(ef.Hush, owner.engine._s.effects) == [ef.Hush(vip=WEB)]
    assert not of(ef.Announce, owner.run(3.0))
