"""What a failover would do: every refusal in its words, from a snapshot alone."""

from dataclasses import replace

import pytest

from floatip.core.snapshot import HandoverSnapshot, Snapshot
from floatip.core.types import NodeName
from floatip.ops.errors import Refused, UnknownNode, UnknownVip
from floatip.ops.plan import plan
from tests.unit.ops.backend import N1, N2, N3, candidate, node, snapshot, spec, vip

WELL = snapshot()


def with_node(name: NodeName, **fields: object) -> Snapshot:
    """Return the cluster with one node that is not quite well."""
    changed = replace(node(name), **fields)  # type: ignore[arg-type]
    return replace(WELL, nodes=tuple(changed if each.name == name else each for each in WELL.nodes))


@pytest.mark.parametrize(
    ("cluster", "to", "words"),
    [
        (
            replace(WELL, quorum=False),
            None,
            (
                "web is not moved: n1 has no quorum (1 of 1 brokers connected), so owner and target could not agree;"
                " bring the brokers back first"
            ),
        ),
        (
            snapshot(replace(vip(), owner=None, candidates=(N1, N3))),
            None,
            (
                "web is not moved: it has no owner that could hand it over (candidates: n1, n3);"
                " `floatip events` shows why"
            ),
        ),
        (
            snapshot(replace(vip(), isolated=True)),
            N2,
            "web is not moved: its owner n1 holds it without quorum; bring its brokers back first",
        ),
        (
            snapshot(replace(vip(), candidates=(N1,))),
            None,
            "web is not moved: no node but n1 could own it; `floatip status` shows the faults",
        ),
        (
            with_node(N2, alive=False, last_heard_ms=5230),
            N2,
            "web is not moved: n2 is not alive (last heard: 5.2 s ago)",
        ),
        (
            with_node(N2, alive=False, last_heard_ms=None),
            N2,
            "web is not moved: n2 is not alive (last heard: never)",
        ),
        (
            with_node(N2, drained=True),
            N2,
            "web is not moved: n2 is drained: it takes no VIPs; run `floatip undrain n2` first",
        ),
        (
            with_node(N2, faults=("link down", "timing differs")),
            N2,
            "web is not moved: n2 has a fault: link down, timing differs",
        ),
        (
            snapshot(replace(vip(), definition_differs=(N2,))),
            N2,
            (
                "web is not moved: n2 has web configured with other addresses or another policy;"
                " make its configuration equal"
            ),
        ),
        (
            snapshot(replace(vip(), owner=N2, faults=("address fight",))),
            N1,
            "web is not moved: n1 has a fault: address fight",
        ),
        (
            snapshot(replace(vip(), candidates=(N1, N3))),
            N2,
            "web is not moved: n2 is not a candidate for it (candidates: n1, n3); is it configured there?",
        ),
    ],
)
def test_refusals(cluster: Snapshot, to: str | None, words: str) -> None:
    """What cannot be moved is refused with the reason and what helps."""
    with pytest.raises(Refused) as caught:
        plan(cluster, "web", to)
    assert caught.value.text == words
    assert caught.value.exit_code == 4


def test_unknown_names() -> None:
    """Names that nobody has are told with those that are known, and never at length."""
    many = snapshot(*(vip(f"v{number}") for number in range(30)))
    with pytest.raises(UnknownVip, match=r"known: v0, v1, .*, v19 and 10 more"):
        plan(many, "web")
    with pytest.raises(UnknownNode, match="known: n1, n2, n3"):
        plan(WELL, "web", "n4")
    with pytest.raises(UnknownVip) as caught:
        plan(WELL, "x" * 60_000)
    assert len(caught.value.text) < 200


@pytest.mark.parametrize(
    ("to", "target", "text"),
    [
        (None, "n2", "web (10.77.0.50/32) would move from n1 to n2, the best of 2 candidates"),
        ("n3", "n3", "web (10.77.0.50/32) would move from n1 to n3"),
    ],
)
def test_moves(to: str | None, target: str, text: str) -> None:
    """Without a target the first-ranked candidate that is not the owner is it."""
    planned = plan(WELL, "web", to)
    assert (planned.owner, planned.target, planned.done) == ("n1", target, False)
    assert planned.text == f"{text} (make-before-break, no interruption)"
    slow = replace(vip(), spec=replace(spec(), make_before_break=False))
    assert plan(snapshot(slow), "web", to).text == f"{text} (break-before-make, some 10 to 30 ms)"


def test_a_target_that_owns_it_already_is_done() -> None:
    """The owner as target is no move; whether that is proven depends on the witnesses."""
    assert plan(WELL, "web", "n1").proven
    unseen = plan(snapshot(replace(vip(), verified_by=())), "web", "n1")
    assert (unseen.done, unseen.proven) == (True, False)
    assert unseen.text == "web is owned by n1 already, but no witness has confirmed it"


FROZEN = replace(
    vip(),
    frozen_for=N1,
    candidates=(N1,),
    nodes=(candidate(N1, 0), candidate(N3, None, "frozen for n1"), candidate(N2, None, "frozen for n1", "drained")),
)


def test_a_frozen_vip_moves_by_force_alone() -> None:
    """Without force it is refused, with the way out; with it the first node takes it that nothing else keeps."""
    for to in (None, "n3"):
        with pytest.raises(Refused) as caught:
            plan(snapshot(FROZEN), "web", to)
        assert caught.value.text == (
            "web is not moved: it is frozen; run `floatip thaw web` first, or move it with --force"
        )
        assert plan(snapshot(FROZEN), "web", to, force=True).target == "n3"


def test_force_does_not_overrule_what_else_is_wrong() -> None:
    """A node that is drained or has a fault besides is no target, and where there is no other there is no move."""
    with pytest.raises(Refused, match="n2 is not a candidate"):
        plan(snapshot(FROZEN), "web", "n2", force=True)
    alone = replace(FROZEN, nodes=FROZEN.nodes[::2])
    with pytest.raises(Refused, match="no node but n1 could own it"):
        plan(snapshot(alone), "web", force=True)


@pytest.mark.parametrize("stage", ["asked", "ready", "released", "claimed"])
def test_a_handover_under_way_is_not_disturbed(stage: str) -> None:
    """Once the target has been asked and answered, a second move is refused and told which one is under way."""
    moving = replace(vip(), handover=HandoverSnapshot(by=N1, to=N2, stage=stage, since_s=0.1))
    if stage == "asked":
        assert plan(snapshot(moving), "web", "n3").target == "n3"
        return
    with pytest.raises(Refused) as caught:
        plan(snapshot(moving), "web", "n3")
    assert caught.value.text == "web is not moved: n1 is handing it over to n2 just now"
