"""Renewals of many VIPs go out together, in time for each of them."""

import itertools

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.types import Policy, Role, VipName
from tests.unit.core.bench import Bench
from tests.unit.core.stage import H, a_spec, a_vip, of

KEPT, RELEASED = VipName("kept"), VipName("released")


def a_pair() -> Bench:
    """Give the owner of two VIPs of other lifetimes: 3 s and 1 s."""
    vips = (a_vip(KEPT), a_vip(RELEASED, address="10.77.0.51", policy=Policy.RELEASE))
    return Bench(a_spec(vips=vips)).connect()


def test_vips_of_other_lifetimes_are_each_renewed_in_time() -> None:
    """The shorter one sets the pace."""
    bench = a_pair()
    bench.run(10.0)
    assert {name: bench.vip(name).role for name in (KEPT, RELEASED)} == {KEPT: Role.OWNER, RELEASED: Role.OWNER}
    at: dict[VipName, list[float]] = {KEPT: [], RELEASED: []}
    end = bench.now + 10.0
    while bench.now < end:
        for batch in of(ef.Renew, bench.run(0.01)):
            for bind in batch.binds:
                at[bind.vip].append(bench.now)
    gaps = {name: [after - before for before, after in itertools.pairwise(times)] for name, times in at.items()}
    assert max(gaps[KEPT]) <= 1.0 + H
    assert max(gaps[RELEASED]) <= 1 / 3 + H


def test_a_vip_that_is_not_renewed_is_looked_at_until_it_is() -> None:
    """Under release no lifetime may be promised while nothing comes back."""
    bench = a_pair()
    bench.run(10.0)
    bench.echoing.clear()
    bench.run(0.6)
    assert bench.engine._renewals.overdue == {RELEASED}
    bench.echoing.update(bench.spec.brokers)
    bench.run(2 * H)
    assert not bench.engine._renewals.overdue


@pytest.mark.parametrize("number", [1, 50])
def test_one_batch_a_second_whatever_the_number(number: int) -> None:
    """All VIPs of a node in one go."""
    vips = tuple(a_vip(VipName(f"v{i}"), address=f"10.77.1.{i + 1}") for i in range(number))
    bench = Bench(a_spec(vips=vips)).connect()
    bench.run(10.0)
    batches = of(ef.Renew, bench.run(10.0))
    assert len(batches) == 10
    assert {len(one.binds) for one in batches} == {number}


def test_a_node_that_owns_nothing_is_not_woken() -> None:
    """The last VIP takes the timer with it."""
    bench = Bench(a_spec(vips=(a_vip(KEPT),))).connect()
    bench.run(10.0)
    bench.give(ev.LinkChanged(interface="eth0", up=False))
    bench.run(3.0)
    assert not of(ef.Renew, bench.run(10.0))
    assert bench.engine._renewals._at == float("inf")
