"""The Python API's orders and explanations, against a real socket with a false daemon behind it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import floatip
from floatip.core.effects import Outcome
from floatip.core.events import DirectiveAsked, FailoverAsked
from floatip.core.types import DirectiveKind
from floatip.ops import Failed, OrderResult, ProtocolMismatch, Refused, TimedOut, UnknownNode, UnknownVip
from tests.unit.ops.backend import N1, N2, N3, FakeBackend, candidate, daemon, snapshot, stranger, vip

Give = Callable[[floatip.Cluster], Any]


def last(backend: FakeBackend) -> DirectiveAsked:
    """Return the order that the engine got last."""
    event = backend.asked[-1]
    assert isinstance(event, DirectiveAsked)
    return event


async def test_drain_and_undrain(tmp_path: Path) -> None:
    """The engine gets the node (the asked one if none is named) and how; the result is about that node."""
    backend = FakeBackend()
    async with daemon(tmp_path, backend) as cluster:
        done = await cluster.drain(timeout_s=3)
        assert (done.subject, done.proven, done.exit_code) == ("n1", True, 0)
        event = last(backend)
        assert (event.kind, event.subjects, event.value) == (DirectiveKind.DRAIN, ("n1",), "yes")
        assert (event.timeout_s, event.lasts_s) == (3.0, None)
        assert (await cluster.status()).nodes[0].drained
        await cluster.drain("n2", force=True)
        assert (last(backend).subjects, last(backend).value) == (("n2",), "forced")
        assert (await cluster.undrain("n2")).subject == "n2"
        assert last(backend).value == ""
        assert (await cluster.undrain()).subject == "n1"
        assert not any(each.drained for each in (await cluster.status()).nodes)


async def test_a_drain_is_told_beforehand(tmp_path: Path) -> None:
    """A dry run says what would move and asks the engine nothing; refused is refused."""
    backend = FakeBackend()
    async with daemon(tmp_path, backend) as cluster:
        assert await cluster.drain_plan() == ("web would move from n1 to n2",)
        backend.now = snapshot(replace(vip(), candidates=(N1,)))
        with pytest.raises(Refused, match="it is the last that can own web"):
            await cluster.drain_plan("n1")
        assert await cluster.drain_plan("n1", force=True) == ("web would be taken down: no other node can own it",)
    assert backend.asked == []


async def test_pin_and_unpin(tmp_path: Path) -> None:
    """A pin has its node and for how long; unpinned nothing is left."""
    backend = FakeBackend()
    async with daemon(tmp_path, backend) as cluster:
        assert (await cluster.pin("web", "n3", for_s=60)).proven
        assert (last(backend).subjects, last(backend).value, last(backend).lasts_s) == (("web",), "n3", 60.0)
        assert (await cluster.status()).vips[0].pinned_to == "n3"
        await cluster.unpin("web")
        assert (await cluster.status()).vips[0].pinned_to is None
        for wrong in (0.0, -1.0, float("nan"), float("inf")):
            with pytest.raises(floatip.FloatipError, match="an order cannot last") as caught:
                await cluster.pin("web", "n3", for_s=wrong)
            assert caught.value.exit_code == 2


async def test_freeze_and_thaw(tmp_path: Path) -> None:
    """All VIPs or some, each for its owner; a result for each, in one list."""
    backend = FakeBackend(now=snapshot(vip("a"), replace(vip("b"), owner=N2), vip("c")))
    async with daemon(tmp_path, backend) as cluster:
        assert {each.subject for each in await cluster.freeze()} == {"a", "b", "c"}
        assert [each.frozen_for for each in backend.now.vips] == ["n1", "n2", "n1"]
        assert [each.subject for each in await cluster.thaw("b")] == ["b"]
        assert [each.frozen for each in (await cluster.status()).vips] == [True, False, True]
        assert len(await cluster.thaw()) == 3
        assert [each.subject for each in await cluster.freeze(["c", "c"])] == ["c"]
        assert len(await cluster.freeze(["c", "a"])) == 2


@pytest.mark.parametrize(
    ("give", "error", "words"),
    [
        (lambda cluster: cluster.drain("n9"), UnknownNode, "named 'n9'"),
        (lambda cluster: cluster.undrain("n9"), UnknownNode, "named 'n9'"),
        (lambda cluster: cluster.pin("wbe", "n1"), UnknownVip, "named 'wbe'"),
        (lambda cluster: cluster.pin("web", "n9"), UnknownNode, "named 'n9'"),
        (lambda cluster: cluster.unpin("wbe"), UnknownVip, "named 'wbe'"),
        (lambda cluster: cluster.freeze("wbe"), UnknownVip, "named 'wbe'"),
        (lambda cluster: cluster.thaw(["web", "wbe"]), UnknownVip, "named 'wbe'"),
        (lambda cluster: cluster.explain("wbe"), UnknownVip, "named 'wbe'"),
        (lambda cluster: cluster.plan("web", force=True, to="n9"), UnknownNode, "named 'n9'"),
    ],
)
async def test_what_is_refused_is_not_begun(
    tmp_path: Path, give: Give, error: type[floatip.FloatipError], words: str
) -> None:
    """An order about what is not there comes back as an error of its kind, and the engine is asked nothing."""
    backend = FakeBackend()
    async with daemon(tmp_path, backend) as cluster:
        with pytest.raises(floatip.FloatipError, match=words) as caught:
            await give(cluster)
    assert type(caught.value) is error
    assert backend.asked == []


@pytest.mark.parametrize(
    ("outcome", "error", "code"),
    [(Outcome.REFUSED, Refused, 4), (Outcome.FAILED, Failed, 1), (Outcome.TIMED_OUT, TimedOut, 6), (None, TimedOut, 6)],
)
async def test_bad_ends_of_orders_are_errors(
    tmp_path: Path, outcome: Outcome | None, error: type[floatip.FloatipError], code: int
) -> None:
    """With the results of all subjects; one that is given but not confirmed is a result."""
    backend = FakeBackend(now=snapshot(vip("a"), vip("b")), outcomes={"a": outcome})
    async with daemon(tmp_path, backend) as cluster:
        with pytest.raises(error) as caught:
            await cluster.freeze()
        assert (type(caught.value), caught.value.exit_code) == (error, code)
        assert [(type(each), each.proven) for each in caught.value.results] == [
            (OrderResult, False),
            (OrderResult, True),
        ]
        backend.outcomes = {"a": Outcome.UNPROVEN}
        assert [each.exit_code for each in await cluster.freeze()] == [5, 0]


async def test_a_frozen_vip_moves_by_force_and_is_frozen_there(tmp_path: Path) -> None:
    """Refused without force; with it the VIP is frozen for its target, moved, and frozen for whoever owns it then."""
    frozen = replace(
        vip(), frozen_for=N1, candidates=(N1,), nodes=(candidate(N1, 0), candidate(N3, None, "frozen for n1"))
    )
    backend = FakeBackend(now=snapshot(frozen, vip("db")))
    async with daemon(tmp_path, backend) as cluster:
        with pytest.raises(Refused, match="it is frozen"):
            await cluster.failover(["web", "db"])
        assert backend.asked == []
        moves = await cluster.failover(["web", "db"], force=True)
        assert [(each.vip, each.owner) for each in moves] == [("web", "n3"), ("db", "n2")]
    did = [event.vips if isinstance(event, FailoverAsked) else event.value for event in backend.asked]  # type: ignore[union-attr]
    assert did == [("db",), "n3", ("web",), "n3"]
    assert backend.now.vips[0].frozen_for == "n3"


async def test_explain(tmp_path: Path) -> None:
    """The explanation arrives as values."""
    async with daemon(tmp_path, FakeBackend()) as cluster:
        found = await cluster.explain("web")
    assert (found.owner, found.candidates[0].node) == ("n1", "n1")
    assert found.why[0] == "n1 owns it (term 3): it was the first to claim it"


async def test_strange_results_of_the_new_verbs(tmp_path: Path) -> None:
    """A result without what was asked for is another version's."""
    async with stranger(tmp_path, b'{"v":1,"result":{}}\n') as path, floatip.connect(path) as cluster:
        for asking in (cluster.drain(), cluster.freeze(), cluster.explain("web"), cluster.announce("web")):
            with pytest.raises(ProtocolMismatch):
                await asking


async def test_a_frozen_daemon_has_not_said_how_an_order_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An order may have been carried out; a question may be asked again."""
    monkeypatch.setattr("floatip.ops.client.PATIENCE_S", 0.1)
    monkeypatch.setattr("floatip.ops.client.LONGER_S", 0.1)
    async with stranger(tmp_path, None) as path, floatip.connect(path) as cluster:
        with pytest.raises(TimedOut, match="did not say how it ended"):
            await cluster.drain(timeout_s=0.1)
        with pytest.raises(floatip.ops.NotRunning, match="may be frozen"):
            await cluster.explain("web")
