"""An owner that hears others claim its addresses on the wire: what the tests of its defence stand on."""

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.types import Address, Mac, NodeName, NodeSpec, Role
from tests.unit.core.bench import Bench
from tests.unit.core.stage import ADDRESS, WEB, A, B, C, Peer, a_spec, a_state, of

LOOKS_AROUND = (
    ev.LinkChanged(interface="eth1", up=True),
    ev.LinkChanged(interface="eth1", up=False),
    ev.LinkChanged(interface="eth1", up=True),
)
"""Another link is back: the LAN may be another than before."""


def an_owner(node: NodeName, spec: NodeSpec | None = None) -> Bench:
    """Make an owner that knows the MACs of its peers, with all that it announces soon behind it."""
    bench = Bench(spec or a_spec(node)).reach(Role.OWNER)
    for peer in {A, B, C} - {node}:
        bench.hear(Peer(peer, incarnation=0).says(a_state(peer, version=2)), retained=True)
    bench.run(6.0)
    return bench


def isolated(node: NodeName, spec: NodeSpec | None = None) -> Bench:
    """Make one that has lost its brokers a while ago, and has just looked around."""
    bench = an_owner(node, spec)
    bench.cut()
    bench.run_until(Role.ISOLATED)
    bench.run(0.5)
    return bench


def hear(bench: Bench, mac: Mac, *, announced: bool = False, address: Address = ADDRESS) -> list[ef.Effect]:
    """Let this MAC answer for the address, or announce it."""
    return bench.give(ev.Answered(vip=WEB, address=address, mac=mac, interface="eth0", announced=announced))


def announcements(effects: list[ef.Effect]) -> int:
    """How many rounds were announced."""
    return len(of(ef.Announce, effects))
