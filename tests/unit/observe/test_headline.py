"""What the page says first: the worst, in one sentence, and nothing that is not known."""

from dataclasses import replace
from typing import Any

import pytest

from floatip.core.snapshot import CheckSnapshot, ConflictSnapshot, HandoverSnapshot, Snapshot
from floatip.core.types import CheckName, Mac
from floatip.observe.headline import Headline, headline
from floatip.ops.document import status_document
from floatip.ops.models import Status, from_document
from floatip.ops.view import Tone
from tests.unit.ops.backend import N1, N2, NOON, URLS, snapshot, vip

CONFLICT = ConflictSnapshot(address="10.77.0.50", mac=Mac("02:00:00:00:00:09"), peer=None)


def of(now: Snapshot) -> Headline:
    """The headline of a cluster."""
    return headline(from_document(Status, status_document(now, wall_s=NOON.timestamp(), urls=URLS)))


def with_node(now: Snapshot, name: str, **changed: Any) -> Snapshot:
    """The cluster with one node changed."""
    return replace(now, nodes=tuple(replace(it, **changed) if it.name == name else it for it in now.nodes))


def test_all_is_well() -> None:
    """What is meant to be so is no worry, and is told."""
    found = of(snapshot())
    assert (found.says, found.tone) == ("All is well", Tone.GOOD)
    assert found.findings == ("1 of 1 VIPs owned and seen by a witness",)
    moving = HandoverSnapshot(by=N1, to=N2, stage="released", since_s=0.1)
    meant = of(with_node(snapshot(replace(vip(), frozen_for=N1, handover=moving)), "n2", drained=True))
    assert (meant.says, meant.tone) == ("All is well", Tone.GOOD)
    assert meant.findings[1:] == (
        "n2 is drained: it takes no VIPs",
        "Frozen: web",
        "Handover under way: web (n1 -> n2: released)",
    )


def test_a_dead_node_while_all_is_served() -> None:
    """Both in one sentence: it is what is asked at night."""
    found = of(with_node(snapshot(), "n2", alive=False))
    assert (found.says, found.tone) == ("n2 is dead; every VIP has an owner", Tone.WARNING)
    both = of(with_node(with_node(snapshot(), "n2", alive=False), "n3", alive=False))
    assert both.says == "n2 and n3 are dead; every VIP has an owner"


def test_nobody_owns_a_vip() -> None:
    """Worse than that its owner is dead."""
    found = of(with_node(snapshot(replace(vip(), owner=None, verified_by=())), "n2", alive=False))
    assert (found.says, found.tone) == ("Nobody owns web", Tone.BAD)
    assert found.findings == ("1 of 1 VIPs without an owner", "n2 is dead")


def test_a_node_without_a_quorum_knows_little() -> None:
    """It calls nobody dead and nothing ownerless; it says who still answers."""
    lost = replace(snapshot().brokers[0], connected=False)
    blind = with_node(replace(snapshot(), quorum=False, brokers=(lost,)), "n2", alive=False)
    found = of(replace(blind, vips=(replace(vip(), owner=None, last_owner=N2, answered_by=N2),)))
    assert (found.says, found.tone) == ("No quorum: n1 reaches 0 of 1 brokers", Tone.BAD)
    assert found.findings == (
        "1 of 1 VIPs whose owner is not known here",
        "n2 still answers on the LAN for web",
        "n2 cannot be heard from here, dead or alive",
        "Not connected to mqtt://10.78.0.1:1883",
    )
    kept = of(replace(blind, vips=(replace(vip(), isolated=True),)))
    assert kept.findings[0] == "1 of 1 VIPs kept, and no node could take them over"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (replace(snapshot(), vips=(replace(vip(), isolated=True),)), "Kept without a quorum: web"),
        (replace(snapshot(), vips=(replace(vip(), verified_by=()),)), "No witness has seen the owner of web yet"),
        (
            replace(snapshot(), vips=(replace(vip(), conflicts=(CONFLICT,)),)),
            "02:00:00:00:00:09 (unknown host) answered for web, too, in the last minute",
        ),
        (
            replace(snapshot(), vips=(replace(vip(), conflicts=(replace(CONFLICT, peer=N2),) * 2),)),
            "n2 answered for web, too, in the last minute",
        ),
        (
            replace(snapshot(), vips=(replace(vip(), definition_differs=(N2,)),)),
            "Not defined the same on every node: web",
        ),
        (
            replace(snapshot(), brokers=(*snapshot().brokers, replace(snapshot().brokers[0], connected=False))),
            "Not connected to mqtt://10.78.0.1:1883",
        ),
        (
            replace(snapshot(), checks=(CheckSnapshot(name=CheckName("nginx"), passes=False, output=""),)),
            "Check fails on n1: nginx",
        ),
        (with_node(snapshot(), "n2", faults=("eth0 link down",)), "n2: eth0 link down"),
    ],
)
def test_what_needs_a_look(changed: Snapshot, says: str) -> None:
    """No outage, and not well either."""
    found = of(changed)
    assert (found.says, found.tone) == (f"{says}; every VIP has an owner", Tone.WARNING)


def test_many_names_are_few_words() -> None:
    """A headline stays one."""
    found = of(snapshot(*(replace(vip(f"v{number}"), isolated=True) for number in range(9))))
    assert found.says == "Kept without a quorum: v0, v1, v2, v3, v4 and 4 more; every VIP has an owner"
