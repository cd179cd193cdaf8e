"""What an order that lasts would do: every refusal in its words, from a snapshot alone."""

from dataclasses import replace

import pytest

from floatip.core.snapshot import Snapshot
from floatip.core.types import DirectiveKind
from floatip.ops.errors import BadRequest, FloatipError, Refused, UnknownNode, UnknownVip
from floatip.ops.orders import Wanted, wanted
from floatip.ops.wire import OrderRequest
from tests.unit.ops.backend import N1, N2, N3, candidate, snapshot, vip

WELL = snapshot(vip("web"), replace(vip("db", "10.77.0.51/32"), owner=N2))
LAST = snapshot(
    replace(
        vip(),
        candidates=(N1,),
        nodes=(candidate(N1, 0), candidate(N2, None, "link down", "drained"), candidate(N3, None)),
    )
)


def drain(*nodes: str, value: str = "yes", force: bool = False) -> OrderRequest:
    """Return the request to drain these nodes."""
    return OrderRequest(kind="drain", subjects=nodes, value=value, force=force)


def order(kind: str, *subjects: str, value: str = "") -> OrderRequest:
    """Return the request for an order of this kind."""
    return OrderRequest(kind=kind, subjects=subjects, value=value)


@pytest.mark.parametrize(
    ("cluster", "request_", "error", "words"),
    [
        (WELL, drain("n9"), UnknownNode, "no node of cluster web is named 'n9'; known: n1, n2, n3"),
        (WELL, drain("n9", value=""), UnknownNode, "no node of cluster web is named 'n9'; known: n1, n2, n3"),
        (
            WELL,
            drain("n1", "n2"),
            BadRequest,
            "drain one node at a time: wait until its VIPs have moved before you drain the next",
        ),
        (
            LAST,
            drain(),
            Refused,
            (
                "n1 is not drained: it is the last that can own web (n2: link down, drained; n3: no candidate);"
                " --force takes the VIP down"
            ),
        ),
        (
            snapshot(replace(vip(), candidates=(N1,), nodes=(candidate(N1, 0),))),
            drain("n1"),
            Refused,
            (
                "n1 is not drained: it is the last that can own web (no other node has it configured);"
                " --force takes the VIP down"
            ),
        ),
        (
            snapshot(replace(vip(), frozen_for=N1, candidates=(N1,))),
            drain("n1", force=True),
            Refused,
            "n1 is not drained: web is frozen there; run `floatip thaw web` first",
        ),
        (WELL, order("pin", value="n2"), BadRequest, "name the VIP to pin"),
        (WELL, order("pin", "wbe", value="n2"), UnknownVip, "no VIP of n1 is named 'wbe'; known: web, db"),
        (WELL, order("pin", "wbe"), UnknownVip, "no VIP of n1 is named 'wbe'; known: web, db"),
        (WELL, order("pin", "web", value="n9"), UnknownNode, "no node of cluster web is named 'n9'; known: n1, n2, n3"),
        (
            snapshot(replace(vip(), nodes=(candidate(N1, 0), candidate(N3, 1)))),
            order("pin", "web", value="n2"),
            Refused,
            "web is not pinned: it is not configured on n2",
        ),
        (WELL, order("freeze", "web", "wbe", value="yes"), UnknownVip, "no VIP of n1 is named 'wbe'; known: web, db"),
        (WELL, order("freeze", "wbe"), UnknownVip, "no VIP of n1 is named 'wbe'; known: web, db"),
    ],
)
def test_refusals(cluster: Snapshot, request_: OrderRequest, error: type[FloatipError], words: str) -> None:
    """What may not be ordered is refused with the reason and what helps."""
    with pytest.raises(FloatipError) as caught:
        wanted(cluster, request_)
    assert type(caught.value) is error
    assert caught.value.text == words


def test_a_drain_says_where_each_vip_goes() -> None:
    """Those that the node owns, each to its best other candidate; the asked node if none is named."""
    (one,) = wanted(WELL, drain())
    assert (one.kind, one.subjects, one.value) == (DirectiveKind.DRAIN, ("n1",), "yes")
    assert one.text == ("web would move from n1 to n2",)
    (other,) = wanted(WELL, drain("n2"))
    assert other.text == ("db would move from n2 to n1",)
    (idle,) = wanted(WELL, drain("n3"))
    assert idle.text == ("n3 owns no VIP to move away",)


def test_force_takes_the_last_candidates_vip_down() -> None:
    """And the record says that it was forced, so that the node gives it up."""
    (one,) = wanted(LAST, drain("n1", force=True))
    assert one.value == "forced"
    assert one.text == ("web would be taken down: no other node can own it",)


def test_an_undrain_changes_nothing_else() -> None:
    """It is possible whatever the VIPs are like, and revokes the record."""
    (one,) = wanted(LAST, drain("n1", value=""))
    assert one == Wanted(kind=DirectiveKind.DRAIN, subjects=("n1",), value="", text=("n1 would take VIPs again",))


def test_a_pin_may_wait_for_its_node() -> None:
    """A node that is drained or has a fault can be pinned to: the pin has its effect later; and it can be revoked."""
    assert wanted(LAST, order("pin", "web", value="n2")) == [
        Wanted(kind=DirectiveKind.PIN, subjects=("web",), value="n2")
    ]
    assert wanted(LAST, order("pin", "web")) == [Wanted(kind=DirectiveKind.PIN, subjects=("web",), value="")]


def test_each_vip_is_frozen_for_its_owner() -> None:
    """All of them if none is named; one without an owner is frozen for nobody; thawing is one order."""
    cluster = snapshot(*WELL.vips, replace(vip("six"), owner=None), replace(vip("two"), owner=N2))
    assert [(one.value, one.subjects) for one in wanted(cluster, order("freeze", value="yes"))] == [
        ("n1", ("web",)),
        ("n2", ("db", "two")),
        ("-", ("six",)),
    ]
    (some,) = wanted(cluster, order("freeze", "db", value="yes"))
    assert (some.value, some.subjects) == ("n2", ("db",))
    (thawed,) = wanted(cluster, order("freeze"))
    assert (thawed.value, thawed.subjects) == ("", ("web", "db", "six", "two"))
