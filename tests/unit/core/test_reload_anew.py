"""A VIP is something else from now on: it is given up as it was and begun anew, unless it is back before."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Claim, Verdict
from floatip.core.roster import SOFT
from floatip.core.types import Binding, CheckName, Placed, Policy, Role, Stored
from tests.unit.core.bench import Bench, an_owner_under_release
from tests.unit.core.handing import Handing
from tests.unit.core.reloading import (
    ANEW,
    GONE,
    MAIL,
    MOVED,
    OTHERWISE,
    an_owner,
    configured,
    mail,
    reload,
    stored_terms,
    taken_over,
    untouched,
)
from tests.unit.core.stage import (
    WEB,
    B,
    D,
    L,
    a_claim,
    a_vip,
    of,
    sent,
)

CHANGES = [pytest.param({name: value}, id=name) for name, value in OTHERWISE.items() if name not in SOFT]


# -- something else


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_another_thing_outside_is_begun_anew(change: Mapping[str, Any]) -> None:
    """Without listening anew: the brokers and the LAN have been heard all the time."""
    bench, other = an_owner(), a_vip(**change)
    bench.run(2.0)
    assert of(ef.Unbind, reload(bench, other))
    bench.run(0.01)
    assert (bench.role(), bench.vip().spec) == (Role.BACKUP, other)
    assert configured(bench) == [(a_vip(),), (other,)]
    assert bench.told(ANEW)
    bench.run(L + 0.05)
    assert bench.role() is Role.OWNER
    assert [one.bids[0].term for one in sent(Claim, bench.effects)] == [2]
    added = of(ef.Add, bench.effects)[-1]
    assert bench.effects.index(of(ef.Configure, bench.effects)[-1]) < bench.effects.index(added)


def test_nodes_that_change_it_one_after_the_other_hand_it_over_first() -> None:
    """A peer that still means the same by it serves meanwhile."""
    hand = Handing()
    reload(hand.bench, MOVED)
    assert hand.asked_whom() == [B]
    taken_over(hand)
    assert hand.bench.told(ANEW)
    hand.bench.run(3.0)
    assert hand.bench.vip().hindrances(hand.bench.now) == ("definition differs from that of b",)
    assert sent(Claim, hand.bench.effects) == []


def test_under_release_the_addresses_are_off_before_it_is_begun_anew() -> None:
    """As at any farewell."""
    bench = an_owner_under_release()
    bench.effects.clear()
    bench.unbinding = False
    reload(bench, a_vip(policy=Policy.RELEASE, address="10.77.0.60"))
    bench.run(0.5)
    assert bench.vip().spec == a_vip(policy=Policy.RELEASE)
    bench.give(ev.Unbound(vip=WEB))
    assert bench.vip().spec.addresses[0] == Placed(address=MOVED.addresses[0].address, prefix=32)


def test_an_isolated_owner_begins_anew_when_it_has_a_quorum_again() -> None:
    """Until then it serves what was: nobody could claim anything else."""
    bench = Bench().reach(Role.ISOLATED)
    bench.effects.clear()
    reload(bench, MOVED)
    bench.run(10.0)
    assert (bench.role(), bench.vip().spec) == (Role.ISOLATED, a_vip())
    assert untouched(bench)
    bench.connect().run_until(Role.OWNER)
    bench.run(0.01)
    assert of(ef.Unbind, bench.effects)
    assert bench.vip().spec == MOVED
    bench.run_until(Role.OWNER)
    assert bench.vip().spec == MOVED


# -- back again


def test_one_that_is_back_before_anybody_took_it_stays() -> None:
    """It was only asked about; the target is not needed any more, unless it is ready."""
    hand = Handing()
    reload(hand.bench)
    reload(hand.bench, a_vip(priority=7))
    assert hand.bench.engine._s.retiring == {}
    hand.replies(B, Verdict.REFUSED, "busy")
    hand.bench.run(3.0)
    assert hand.role() is Role.OWNER
    assert untouched(hand.bench)
    assert not hand.bench.told(GONE)


def test_one_that_was_back_once_is_handed_over_again_when_it_goes_again() -> None:
    """That nobody took it then says nothing."""
    hand = Handing()
    reload(hand.bench)
    reload(hand.bench, a_vip())
    hand.replies(B, Verdict.REFUSED, "busy")
    hand.bench.run(3.0)
    hand.bench.effects.clear()
    reload(hand.bench)
    assert hand.asked_whom() == [B]
    assert of(ef.Unbind, hand.bench.effects) == []


def test_a_vip_that_comes_back_later_goes_on_above_its_term() -> None:
    """It is listened for as a new one is."""
    bench = an_owner()
    bench.vip().term = 5
    reload(bench)
    bench.run(0.01)
    assert stored_terms(bench) == {WEB: 5}
    bench.run(5.0)
    reload(bench, a_vip())
    bench.run(D - 0.01)
    assert sent(Claim, bench.effects) == []
    bench.run(0.1)
    assert [one.bids[0].term for one in sent(Claim, bench.effects)] == [6]


def test_the_terms_of_what_was_not_configured_are_stored_again() -> None:
    """Over as many lives as it takes."""
    bench = Bench(replace(Bench().spec, vips=(mail(),)), stored=Stored(terms=((WEB, 4), (MAIL, 2)))).connect()
    assert stored_terms(bench) == {WEB: 4, MAIL: 2}
    reload(bench, mail(), a_vip(checks=(CheckName("none"),)))
    assert stored_terms(bench) == {WEB: 4, MAIL: 2}
    assert bench.vip().seen_term == 4
    assert bench.vip().binding.state is Binding.ABSENT


def test_a_claim_of_another_one_meanwhile_counts() -> None:
    """While it was not configured nobody here listened; while it is given up everybody does."""
    hand = Handing()
    reload(hand.bench)
    hand.replies()
    hand.says(B, a_claim(9))
    hand.owns(B, 9)
    hand.answers()
    hand.bench.run(0.3)
    assert stored_terms(hand.bench)[WEB] == 9
