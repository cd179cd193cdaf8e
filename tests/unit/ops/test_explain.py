"""Why a VIP is where it is, and what would happen then: each sentence from a snapshot alone."""

from dataclasses import replace

import pytest

from floatip.core.snapshot import BrokerSnapshot, HandoverSnapshot, Snapshot, VipSnapshot
from floatip.core.types import BrokerName, NodeName, Policy
from floatip.ops.errors import UnknownVip
from floatip.ops.explain import explain
from floatip.ops.models import Explanation, from_document, instant, to_document
from tests.unit.ops.backend import N1, N2, N3, NOON, candidate, snapshot, spec, vip


def told(one: VipSnapshot, cluster: Snapshot | None = None) -> Explanation:
    """Return the explanation of a VIP in a cluster that is well but for what is given."""
    return explain(replace(cluster or snapshot(), vips=(one,)), "web", wall_s=NOON.timestamp())


def under(policy: Policy) -> VipSnapshot:
    """Return the VIP under this policy."""
    return replace(vip(), spec=spec(policy=policy))


def brokers(count: int) -> Snapshot:
    """Return a cluster with so many brokers."""
    found = tuple(
        BrokerSnapshot(name=BrokerName(f"b{number}:1883"), connected=True, listening=False, rtt_ms=0.7)
        for number in range(count)
    )
    return replace(snapshot(), brokers=found, quorum_of=count // 2 + 1)


def test_a_vip_that_is_well() -> None:
    """Its owner, why and since when, who has seen it, and all nodes in their order."""
    found = told(vip())
    assert (found.vip, found.owner, found.since) == ("web", "n1", instant(NOON.timestamp() - 185))
    assert found.why == ("n1 owns it (term 3): it was the first to claim it", "seen on the LAN by n2, n3")
    assert [(one.node, one.rank, one.priority) for one in found.candidates] == [
        ("n1", 0, 100),
        ("n2", 1, 100),
        ("n3", 2, 100),
    ]
    assert from_document(Explanation, to_document(found)) == found
    with pytest.raises(UnknownVip, match="known: web"):
        explain(snapshot(), "wbe", wall_s=0.0)


@pytest.mark.parametrize(
    ("policy", "dies", "loses_mqtt", "brokers_die"),
    [
        (
            Policy.KEEP,
            (
                "n2 would take over: at once if only the daemon dies (clients lose nothing),"
                " after 1.2 s of silence on brokers and LAN if the host does"
            ),
            "n1 would keep the address, isolated; the others see it answer on the LAN, and wait",
            (
                "without the broker, its owner keeps it; nobody can take it over, and no move is possible,"
                " until they are back"
            ),
        ),
        (
            Policy.LAN,
            (
                "n2 would take over: at once if only the daemon dies (clients lose nothing),"
                " after 1.2 s of silence on brokers and LAN if the host does"
            ),
            "n1 would keep the address, isolated; the others see it answer on the LAN, and wait",
            "without the broker, its owner keeps it; if that dies, the LAN decides who takes over",
        ),
        (
            Policy.RELEASE,
            "n2 would take over after 2.8 s (its kernel has let go by then)",
            "n1 would remove the address after 1 s, and n2 would take over after 2.8 s",
            "without the broker, its owner removes the address, and nobody has it until they are back",
        ),
    ],
)
def test_what_would_happen_under_each_policy(policy: Policy, dies: str, loses_mqtt: str, brokers_die: str) -> None:
    """What keep, lan and release would do differs, and the times are those of the configuration."""
    found = told(under(policy))
    assert found.if_owner_dies == dies
    assert found.if_owner_loses_mqtt == loses_mqtt
    assert found.if_brokers_die == brokers_die


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "without the broker, its owner keeps it"),
        (3, "nothing happens while one of them is away; with fewer than 2 of 3 brokers, its owner keeps it"),
        (5, "nothing happens while up to 2 of them are away; with fewer than 3 of 5 brokers, its owner keeps it"),
    ],
)
def test_how_many_brokers_may_die(count: int, words: str) -> None:
    """A minority of them changes nothing."""
    assert told(vip(), brokers(count)).if_brokers_die.startswith(words)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (Policy.KEEP, "n2 could not take over before the brokers are back"),
        (Policy.LAN, "n2 would take over by the word of the LAN, once that is silent"),
        (Policy.RELEASE, "n2 would take over after 2.8 s (its kernel has let go by then)"),
    ],
)
def test_without_a_quorum_the_owners_death_is_another_matter(policy: Policy, words: str) -> None:
    """Under keep nobody follows, under lan somebody does."""
    assert told(under(policy), replace(snapshot(), quorum=False)).if_owner_dies == words


def test_an_isolated_owner() -> None:
    """It keeps the address without a quorum, and by which policy."""
    why = told(replace(vip(), isolated=True, verified_by=())).why
    assert why[1:] == (
        "n1 is isolated: it keeps the address without a quorum (keep policy)",
        "no other node has seen it on the LAN",
    )


@pytest.mark.parametrize(
    ("one", "cluster", "words"),
    [
        (
            vip(),
            replace(snapshot(), quorum=False),
            "nobody is known to own it: n1 reaches no majority of the brokers",
        ),
        (replace(vip(), candidates=()), snapshot(), "nobody owns it: no node could (see the candidates)"),
        (
            vip(),
            snapshot(),
            "nobody owns it at this moment: n1 comes first, and claims it when its turn has come",
        ),
        (
            replace(vip(), frozen_for=N2, candidates=(N2,)),
            snapshot(),
            "nobody owns it: it is frozen, and only n2 may take it",
        ),
        (
            replace(vip(), frozen_for=NodeName("-"), candidates=()),
            snapshot(),
            "nobody owns it: it is frozen, and nobody may take it",
        ),
    ],
)
def test_without_an_owner(one: VipSnapshot, cluster: Snapshot, words: str) -> None:
    """The reason why nobody owns it; and what would happen to an owner is not made up."""
    found = told(replace(one, owner=None, since_s=None), cluster)
    assert found.why == (words,)
    assert (found.since, found.if_owner_dies, found.if_owner_loses_mqtt) == (
        None,
        "it has no owner that could die",
        "it has no owner",
    )


def test_a_frozen_vip() -> None:
    """Nobody follows its owner, whatever the policy, and the way out is named."""
    frozen = replace(under(Policy.RELEASE), frozen_for=N1, candidates=(N1,))
    found = told(frozen)
    assert found.why[-1] == "frozen: only n1 may take it"
    assert found.if_owner_dies == "nobody would take over: the VIP is frozen (`floatip thaw web`)"
    assert found.if_owner_loses_mqtt == (
        "n1 would remove the address after 1 s, and nobody would take over: the VIP is frozen (`floatip thaw web`)"
    )


def test_nobody_else_could() -> None:
    """No other candidate: nobody would take over, and the reasons stand beside the nodes."""
    nodes = (candidate(N1, 0), candidate(N2, None, "drained"), candidate(N3, None, "link down"))
    found = told(replace(vip(), candidates=(N1,), nodes=nodes))
    assert found.if_owner_dies == "nobody would take over: no other node could own it now"
    assert [(one.node, one.rank, one.reasons) for one in found.candidates] == [
        ("n1", 0, ()),
        ("n2", None, ("drained",)),
        ("n3", None, ("link down",)),
    ]


@pytest.mark.parametrize(
    ("candidates", "words"),
    [
        ((N1, N2, N3), "pinned to n2"),
        ((N1, N3), "pinned to n2, which has no effect: that node cannot take it now"),
    ],
)
def test_a_pin(candidates: tuple[NodeName, ...], words: str) -> None:
    """A pin to a node that cannot take the VIP is told to have no effect."""
    assert told(replace(vip(), pinned_to=N2, candidates=candidates)).why[-1] == words


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (
            vip(),
            (
                "n2 comes before n1, but an owner stays until it fails or is moved (preempt is off): "
                "`floatip failover web --to n2`"
            ),
        ),
        (
            replace(vip(), spec=replace(spec(), preempt=True, preempt_delay_s=60.0)),
            "n2 comes before n1, but preempts after 60 s only",
        ),
        (replace(vip(), frozen_for=N1), "n2 comes before n1, but the VIP is frozen"),
    ],
)
def test_a_better_node_is_told_of(one: VipSnapshot, words: str) -> None:
    """Why the best candidate is not the owner: no preempt, not yet, or frozen."""
    assert words in told(replace(one, candidates=(N2, N1, N3))).why


def test_a_handover_under_way() -> None:
    """Who gives it to whom, and how far it is."""
    moving = replace(vip(), handover=HandoverSnapshot(by=N1, to=N3, stage="released", since_s=0.1))
    assert told(moving).why[-1] == "a handover is under way: n1 to n3 (released)"


def test_a_cause_that_is_not_known() -> None:
    """A node that came later does not make up why the owner owns it."""
    assert told(replace(vip(), cause="")).why[0] == "n1 owns it (term 3): it did so when this node began to listen"
