"""Why a node may not own a VIP, or may not claim it beside its peers."""

import pytest

from floatip.core.fitness import definition_differs, disagreements, link_faults, terms_differ, too_slow
from floatip.core.messages import Release
from floatip.core.situation import Situation
from floatip.core.types import BrokerName, NodeName, Placed, Policy, Terms, Timing, VipName, VipSpec
from tests.unit.core.stage import (
    ADDRESS,
    WEB,
    B,
    C,
    D,
    H,
    L,
    Peer,
    X,
    Y,
    Z,
    a_beat,
    a_claim,
    a_digest,
    a_listing,
    a_spec,
    a_vip,
)


@pytest.fixture
def s() -> Situation:
    """Give a node with three brokers."""
    return Situation(a_spec(brokers=(Z, X, Y)), lambda: 0.5)


def meet(s: Situation, terms: Terms) -> None:
    """Hear a peer that goes by these terms, at 10 s."""
    s.peers.heard(Peer(B, terms).says(a_beat()), 10.0)


@pytest.mark.parametrize(
    ("timing", "brokers", "says"),
    [
        (Timing(), (X, Y, Z), None),
        (Timing(lease_s=0.8), (X, Y, Z), None),
        (Timing(lease_s=1.1), (X, Y, Z), "timing differs: b waits 1.32 s for an owner, this node less"),
        (Timing(lease_s=2.0), (X, Y, Z), "timing differs: b waits 2.24 s for an owner, this node less"),
        (Timing(), (X, Y), "brokers differ: b counts another set of brokers"),
    ],
)
def test_a_living_peers_constants_may_forbid_to_claim(
    s: Situation, timing: Timing, brokers: tuple[object, ...], says: str | None
) -> None:
    """The one with the smaller D claims nothing, nor one who counts other brokers."""
    meet(s, a_spec(B, brokers=brokers, timing=timing).terms)  # type: ignore[arg-type]  # names of brokers
    assert terms_differ(s, Policy.KEEP, 10.1) == says
    assert terms_differ(s, Policy.KEEP, 10.0 + 2 * L) is None


def test_a_peer_of_which_only_a_retained_state_is_known_forbids_nothing(s: Situation) -> None:
    """It has said nothing live of its terms."""
    meet(s, s.spec.terms)
    s.peers.known[B].terms = None
    assert terms_differ(s, Policy.KEEP, 10.1) is None


@pytest.mark.parametrize(
    ("policy", "slow", "says"),
    [
        (Policy.RELEASE, (X,), None),
        (Policy.RELEASE, (X, Y), "brokers too slow: the median echo takes longer than 0.2 s"),
        (Policy.KEEP, (X, Y), None),
    ],
)
def test_under_release_a_majority_of_the_brokers_must_be_quick(
    s: Situation, policy: Policy, slow: tuple[object, ...], says: str | None
) -> None:
    """A renewal counts on an echo within h; a broker that has said nothing yet is not slow."""
    for broker, view in s.views.items():
        view.rtts.extend([0.3 if broker in slow else H] * (broker != Z))
    assert too_slow(s, policy) == says


@pytest.mark.parametrize(
    ("links", "named", "faults"),
    [
        ({}, None, ()),
        ({"eth0": False}, None, ("link down: eth0",)),
        ({"eth0": False, "eth1": True}, None, ()),
        ({"eth0": True, "eth2": False}, "eth2", ("link down: eth2",)),
        ({"eth0": False, "eth1": False}, "eth2", ("link down: eth0, eth1",)),
        ({"eth0": False, "eth1": False}, "eth1", ("link down: eth0, eth1",)),
    ],
)
def test_a_vip_needs_one_of_its_interfaces_and_each_that_an_address_names(
    s: Situation, links: dict[str, bool], named: str | None, faults: tuple[str, ...]
) -> None:
    """Links are a fault only if known to be down."""
    s.links = links
    spec = a_vip(interfaces=("eth0", "eth1"), addresses=(Placed(address=ADDRESS, prefix=32, interface=named),))
    assert link_faults(s, spec) == faults


# -- what the peers mean by it


def listed(s: Situation, node: NodeName, definition: str, at: float = 10.0, broker: BrokerName = X) -> Peer:
    """Hear a peer list the VIP by a definition."""
    peer = Peer(node)
    s.views[broker].hear(peer.says(a_beat(a_listing(definition=definition))), {WEB: Policy.KEEP}, at)
    return peer


def test_who_lists_it_and_means_something_else_is_named_once(s: Situation) -> None:
    """On however many brokers; who means the same, or lists another VIP, is not."""
    listed(s, C, "other", broker=Y)
    listed(s, B, "other", broker=X)
    listed(s, B, "other", broker=Y)
    listed(s, NodeName("same"), a_vip().definition)
    mail = a_listing(vip=VipName("mail"), definition="other")
    s.views[X].hear(Peer(NodeName("mail")).says(a_beat(mail)), {WEB: Policy.KEEP}, 10.0)
    assert definition_differs(s, a_vip(), 10.1) == (B, C)


def test_what_was_meant_is_over_when_it_is_listed_no_more(s: Situation) -> None:
    """D after the last word, or at once with a release; a digest that stands for the list renews it."""
    peer = listed(s, B, "other")
    s.views[X].hear(peer.says(a_digest(1)), {WEB: Policy.KEEP}, 11.0)
    assert definition_differs(s, a_vip(), 11.0 + D - 0.001) == (B,)
    assert definition_differs(s, a_vip(), 11.0 + D) == ()
    s.views[X].hear(peer.says(Release(vips=(a_vip().name,))), {WEB: Policy.KEEP}, 11.1)
    assert definition_differs(s, a_vip(), 11.1) == ()


def test_a_claim_that_means_something_else_counts_too(s: Situation) -> None:
    """It may be the owner in a moment."""
    s.views[X].hear(Peer().says(a_claim()), {WEB: Policy.KEEP}, 10.0)
    assert definition_differs(s, a_vip(), 10.1) == ()
    assert definition_differs(s, a_vip(policy=Policy.RELEASE), 10.1) == (B,)


def test_all_disagreements_are_told_together(s: Situation) -> None:
    """Whoever mends one wants to know the others."""
    release = a_vip(policy=Policy.RELEASE)
    assert disagreements(s, release, 10.1) == ()
    meet(s, a_spec(B, brokers=(X,)).terms)
    for view in s.all_views():
        view.rtts.append(H + 0.01)
    listed(s, B, "other")
    assert disagreements(s, release, 10.1) == (
        "brokers differ: b counts another set of brokers",
        "brokers too slow: the median echo takes longer than 0.2 s",
        "definition differs from that of b",
    )
    assert len(disagreements(s, a_vip(), 10.1)) == 2


# -- links and LANs

BOTH = {"eth0": True, "eth1": True}
TWO = a_vip(interfaces=("eth0", "eth1"))
NAMED = a_vip(addresses=(Placed(address=ADDRESS, prefix=32, interface="eth2"),))


@pytest.mark.parametrize(
    ("spec", "links", "dead", "faults"),
    [
        (a_vip(), {"eth0": True}, ("eth0",), ("LAN unreachable: nobody answers on eth0",)),
        (a_vip(), {"eth0": True}, ("eth1",), ()),
        (a_vip(), {}, ("eth0",), ()),
        (TWO, BOTH, ("eth0",), ()),
        (TWO, BOTH, ("eth0", "eth1"), ("LAN unreachable: nobody answers on eth0, eth1",)),
        (
            TWO,
            {"eth0": False, "eth1": True},
            ("eth1",),
            ("link down: eth0", "LAN unreachable: nobody answers on eth1"),
        ),
        (TWO, {"eth0": False, "eth1": False}, ("eth0",), ("link down: eth0, eth1",)),
        (NAMED, {"eth0": True, "eth2": True}, ("eth2",), ("LAN unreachable: nobody answers on eth2",)),
        (NAMED, {"eth0": True, "eth2": True}, ("eth0",), ("LAN unreachable: nobody answers on eth0",)),
    ],
)
def test_an_address_needs_a_lan_that_answers(
    s: Situation, spec: VipSpec, links: dict[str, bool], dead: tuple[str, ...], faults: tuple[str, ...]
) -> None:
    """On one of the VIP's interfaces, and on each that an address names; one without a link has one fault, not two."""
    s.links, s.lan_dead = links, frozenset(dead)
    assert link_faults(s, spec) == faults
