"""Who claims first: one sort, the same on every node."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from floatip.core.ranking import Candidate, affinity, ranked
from floatip.core.types import NodeName, Placement, VipName
from tests.unit.core.stage import WEB, A, B, C

NAMES = st.text("abcde-", min_size=1, max_size=3).map(NodeName)
CANDIDATES = st.dictionaries(NAMES, st.integers(-254, 254) | st.sampled_from([1, 2]), max_size=7).map(
    lambda found: [Candidate(node=node, priority=priority) for node, priority in found.items()]
)
PLACEMENTS = st.sampled_from(Placement)


def dumb(
    vip: VipName, candidates: list[Candidate], placement: Placement, pinned: NodeName | None = None
) -> list[NodeName]:
    """Rank by asking of each node who goes before it."""

    def before(one: Candidate, other: Candidate) -> bool:
        if pinned in {one.node, other.node} and one.node != other.node:
            return one.node == pinned
        if one.priority != other.priority:
            return one.priority > other.priority
        if placement is Placement.SPREAD and affinity(one.node, vip) != affinity(other.node, vip):
            return affinity(one.node, vip) > affinity(other.node, vip)
        return one.node < other.node

    places = {one.node: sum(before(other, one) for other in candidates) for one in candidates}
    return sorted(places, key=places.__getitem__)


@given(CANDIDATES, PLACEMENTS, st.none() | NAMES)
def test_the_ranking_is_that_of_the_dumb_version(
    candidates: list[Candidate], placement: Placement, pinned: NodeName | None
) -> None:
    """The pin, then priority, then the hash if asked for, then the name."""
    assert list(ranked(WEB, candidates, placement, pinned=pinned)) == dumb(WEB, candidates, placement, pinned)


def test_a_pin_goes_before_any_priority_and_one_to_nobody_changes_nothing() -> None:
    """A pin to a node that cannot take the VIP has no effect."""
    candidates = [Candidate(node=A, priority=200), Candidate(node=B, priority=100), Candidate(node=C, priority=150)]
    assert ranked(WEB, candidates, Placement.PRIORITY, pinned=B) == (B, A, C)
    assert ranked(WEB, candidates, Placement.PRIORITY, pinned=NodeName("gone")) == (A, C, B)


@given(CANDIDATES, PLACEMENTS, st.randoms(use_true_random=False))
def test_the_ranking_is_the_same_in_whatever_order_they_were_heard(
    candidates: list[Candidate], placement: Placement, chance: Random
) -> None:
    """Each node hears of the others in its own order."""
    mixed = list(candidates)
    chance.shuffle(mixed)
    assert ranked(WEB, mixed, placement) == ranked(WEB, candidates, placement)


@given(CANDIDATES, PLACEMENTS)
def test_one_that_leaves_does_not_reorder_the_rest(candidates: list[Candidate], placement: Placement) -> None:
    """Few VIPs move when a node goes."""
    whole = ranked(WEB, candidates, placement)
    for gone in candidates:
        rest = ranked(WEB, [one for one in candidates if one is not gone], placement)
        assert rest == tuple(node for node in whole if node != gone.node)


def test_spread_gives_each_node_a_fair_share() -> None:
    """300 VIPs of equal priority on three nodes: none has fewer than 70."""
    nodes = [Candidate(node=node, priority=100) for node in (A, B, C)]
    firsts = Counter(ranked(VipName(f"v{number}"), nodes, Placement.SPREAD)[0] for number in range(300))
    assert min(firsts[node] for node in (A, B, C)) > 70


def test_the_hash_is_the_same_in_every_process() -> None:
    """Nodes compare it, so it may not depend on Python's seed."""
    assert affinity(A, WEB) == 0x5E6260187D8C6F0D
