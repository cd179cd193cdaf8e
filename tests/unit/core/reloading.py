"""A node that is configured otherwise in service: what the tests of a reload stand on."""

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import State, VipState
from floatip.core.types import CheckName, NodeName, Placed, Placement, Policy, Role, Route, VipName, VipSpec
from tests.unit.core.bench import Bench
from tests.unit.core.handing import Handing
from tests.unit.core.stage import ADDRESS, B, D, a_state, a_vip, of

MAIL, NEWS = VipName("mail"), VipName("news")
MOVED = a_vip(address="10.77.0.60")
"""The usual VIP with another address."""
GATEWAY = ip_address("10.77.0.1")
OTHERWISE: dict[str, Any] = {
    "priority": 150,
    "placement": Placement.SPREAD,
    "make_before_break": False,
    "preempt": True,
    "preempt_delay_s": 5.0,
    "checks": (CheckName("http"),),
    "damping_s": 1.0,
    "purpose": "shop",
    "contact": "ops",
    "addresses": (Placed(address=ADDRESS, prefix=24),),
    "interfaces": ("eth0", "eth1"),
    "policy": Policy.RELEASE,
    "route": Route(gateway=GATEWAY, table=100),
    "source": True,
}
"""Another value for each thing that can be configured of a VIP."""
ANEW = "web is begun anew as it is configured now"
GONE = "web is not configured any more"


def mail(**more: Any) -> VipSpec:
    """Make another VIP than the usual one."""
    return a_vip(MAIL, **({"address": "10.77.0.51"} | more))


def reload(bench: Bench, *vips: VipSpec, **more: Any) -> list[ef.Effect]:
    """Let a node be configured otherwise from now on; return what it does at once."""
    bench.spec = replace(bench.spec, vips=vips, **more)
    return bench.give(ev.Reconfigured(spec=bench.spec))


def an_owner(*vips: VipSpec, **more: Any) -> Bench:
    """Make an owner of these VIPs, or of the usual one."""
    bench = Bench()
    bench = Bench(replace(bench.spec, vips=vips or bench.spec.vips, **more)).connect()
    bench.run(D + 0.3)
    assert {vip.role for vip in bench.engine._vips.values()} <= {Role.OWNER}
    bench.effects.clear()
    return bench


def of_vips(*vips: VipSpec, node: NodeName = B, **more: Any) -> State:
    """Make the state of a peer that has these VIPs configured."""
    states = tuple(VipState(vip=vip.name, priority=vip.priority, definition=vip.definition) for vip in vips)
    fields: dict[str, Any] = {"version": 2, "vips": states}
    return a_state(node, **(fields | more))


def configured(bench: Bench) -> list[tuple[VipSpec, ...]]:
    """What the hands were told of VIPs, time after time."""
    return [one.vips for one in of(ef.Configure, bench.effects)]


def untouched(bench: Bench) -> bool:
    """Whether nothing that a client could notice was done."""
    return not of(ef.Unbind, bench.effects) and not of(ef.Add, bench.effects) and not of(ef.Hush, bench.effects)


def taken_over(hand: Handing, by: NodeName = B) -> None:
    """Let a peer that was asked take the VIP."""
    hand.replies(by)
    hand.claims(by)
    hand.owns(by)
    hand.answers(by)
    hand.bench.run(0.01)


def stored_terms(bench: Bench) -> dict[str, int]:
    """The terms that were written down last."""
    return dict(of(ef.Store, bench.effects)[-1].stored.terms)
