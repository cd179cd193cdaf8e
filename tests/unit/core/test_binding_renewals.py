"""How the kernel's lifetimes are renewed: when, with what promise, and what follows when it refuses."""

from itertools import pairwise

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.binding import EARLY_S
from floatip.core.types import Binding, Role, VipName
from tests.unit.core.bench import Bench, an_owner_under_release
from tests.unit.core.stage import (
    ADDRESS,
    BLINK,
    WEB,
    B,
    D,
    H,
    L,
    X,
    a_beat,
    a_listing,
    a_spec,
    a_vip,
    binds,
    of,
    renewals,
)

FOREVER = float("inf")
GONE = ev.AddressGone(vip=WEB, address=ADDRESS, cause="deleted")


@pytest.fixture
def owner() -> Bench:
    """Give an owner under ``keep``."""
    return Bench().reach(Role.OWNER)


def test_an_owner_renews_the_lifetime_long_before_it_ends(owner: Bench) -> None:
    """Every third of V: two may be missed."""
    times = []
    for _ in range(60):
        times += [owner.now for _ in renewals(owner.run(0.05))]
    gaps_s = [after - before for before, after in pairwise(times)]
    assert len(times) == 3
    assert all(0.5 <= gap_s <= 1.05 for gap_s in gaps_s)


def test_an_owner_without_quorum_renews_by_timer() -> None:
    """It keeps the address for as long as it takes."""
    bench = Bench().reach(Role.ISOLATED)
    binds = renewals(bench.run(10.0))
    assert len(binds) >= 9
    assert {bind.not_after for bind in binds} == {FOREVER}


def test_under_release_nothing_is_renewed_that_is_not_fresh() -> None:
    """Echoes stopped: the last renewal is at most h after the last word that came back."""
    bench = an_owner_under_release()
    bench.echoing.clear()
    binds = renewals(bench.run(L))
    assert all(bind.not_after <= bench.view().fresh_at(WEB) + H for bind in binds)
    assert bench.role() is not Role.OWNER
    assert of(ef.Unbind, bench.effects)


def test_under_release_a_renewal_that_must_wait_comes_as_soon_as_it_may() -> None:
    """One slow echo is no reason to lose the address."""
    bench = an_owner_under_release()
    bench.echoing.clear()
    bench.run(0.45)
    assert not renewals(bench.run(0.05))
    bench.echoing.add(X)
    assert renewals(bench.run(0.3))
    assert bench.role() is Role.OWNER


REFUSED = ev.BindFailed(vip=WEB, reason="no")


def test_a_renewal_that_was_refused_is_tried_again_with_patience(owner: Bench) -> None:
    """A kernel that says no is not asked a thousand times a second."""
    owner.run(1.1)
    assert sum(len(renewals(owner.give(REFUSED))) for _ in range(50)) <= 1


def test_a_renewal_that_was_refused_is_tried_again_after_half_a_heartbeat(owner: Bench) -> None:
    """Not before; once it was granted, the next comes in its time."""
    while not renewals(owner.run(BLINK)):
        pass
    owner.give(REFUSED)
    refused_at = owner.now
    assert not renewals(owner.run(H / 2 - 0.002))
    assert renewals(owner.run(0.004))
    assert owner.now == pytest.approx(refused_at + H / 2, abs=0.003)
    assert not renewals(owner.run(0.9))
    assert renewals(owner.run(0.15))


def test_renewals_that_are_refused_to_the_end_are_a_fault(owner: Bench) -> None:
    """The owner stays while the address lasts, and leaves before the kernel's clock runs out."""
    owner.binding = False
    renewed_at = owner.vip().binding._renewed_at
    while owner.role() is Role.OWNER:
        assert owner.now < renewed_at + 3.0
        asked = owner.run(BLINK)
        if renewals(asked) or binds(asked):
            owner.give(REFUSED)
    assert owner.now >= renewed_at + 3.0 - EARLY_S
    assert owner.told("web OWNER -> RELEASING: address refused: no")


def test_a_renewal_for_which_it_was_too_late_is_none(owner: Bench) -> None:
    """The kernel was not asked: it has what it had, and is asked again a quarter of a heartbeat later."""
    while not renewals(owner.run(BLINK)):
        pass
    renewed_before = owner.vip().binding._renewed_before
    owner.give(ev.BindFailed(vip=WEB, reason="too late", late=True))
    assert owner.vip().binding._renewed_at == renewed_before
    assert not renewals(owner.run(H / 4 - 0.002))
    assert len(renewals(owner.run(0.004))) == 1
    assert owner.role() is Role.OWNER


def test_a_refusal_that_comes_when_the_lifetime_is_over_is_final(owner: Bench) -> None:
    """There is nothing left to try again for."""
    owner.run(1.5)
    owner.vip().binding._renewed_before = owner.now - 3.0 + EARLY_S + 0.001
    owner.give(REFUSED)
    assert owner.role() is Role.OWNER
    owner.vip().binding._renewed_before = owner.now - 3.0 + EARLY_S
    owner.give(REFUSED)
    assert owner.role() is Role.RELEASING


def test_one_that_was_refused_waits_in_every_batch(owner: Bench) -> None:
    """Another VIP's time to renew is no reason to ask for this one sooner."""
    owner.run(1.5)
    owner.give(REFUSED)
    assert owner.vip().renewal(owner.now + H / 2 - 0.001) is None
    assert owner.vip().renewal(owner.now + H / 2 + 0.001) is not None


def test_an_address_that_is_refused_when_it_is_put_back_is_a_fault(owner: Bench) -> None:
    """It is not there: nothing is gained by waiting."""
    owner.run(1.5)
    owner.binding = False
    owner.give(GONE)
    owner.give(REFUSED)
    assert owner.role() is Role.RELEASING


def test_under_release_the_echo_itself_brings_the_renewal_that_waits_for_it() -> None:
    """A timer would find the promise expired again; one that is not due waits for its time."""
    bench = an_owner_under_release()
    bench.echoing.clear()
    late = of(ef.Send, bench.run(0.5))
    assert bench.vip().binding.renew_at() <= bench.now
    assert [len(renewals(bench.hear(send.message))) for send in late] == [0] * (len(late) - 1) + [1]
    assert bench.vip().binding.renew_at() > bench.now
    bench.run(BLINK)
    assert not renewals(bench.hear(bench.view().say(a_beat(a_listing()), bench.now)))


def test_all_vips_are_renewed_in_one_batch() -> None:
    """A thousand addresses go in one send."""
    vips = tuple(a_vip(f"v{number}", address=f"10.77.0.{number + 50}") for number in range(5))  # type: ignore[arg-type]
    bench = Bench(a_spec(vips=vips)).connect()
    bench.run(1.6)
    batches = of(ef.Renew, bench.run(1.05))
    assert [sorted(bind.vip for bind in batch.binds) for batch in batches] == [[vip.name for vip in vips]]


def test_what_was_renewed_just_now_or_is_not_here_is_left_out_of_a_batch() -> None:
    """Half of the time to the next renewal is soon enough to go along."""
    mail = VipName("mail")
    bench = Bench(a_spec(vips=(a_vip(), a_vip(mail, address="10.77.0.51")))).connect()
    bench.joined_by(B, a_listing(vip=mail))
    bench.run(2 * D)
    assert (bench.role(), bench.vip(mail).binding.state) == (Role.OWNER, Binding.ABSENT)
    assert {bind.vip for bind in renewals(bench.run(3.0))} == {WEB}
    renewed_at = bench.vip().binding._renewed_at
    assert bench.vip().renewal(renewed_at + 0.499) is None
    assert bench.vip().renewal(renewed_at + 0.501) is not None
    bench.binding = False
    bench.give(ev.AddressGone(vip=WEB, address=ADDRESS, cause="deleted"))
    assert bench.vip().renewal(bench.now + 0.6) is None
