"""The Python API's errands, audits and migrations, against a real socket with a false daemon behind it."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import floatip
from floatip.core.effects import Outcome
from floatip.core.events import ErrandAsked, FailoverAsked
from floatip.core.messages import Errand, Task
from floatip.ops import Failed, Refused, TimedOut, UnknownNode, wire
from tests.unit.ops.backend import N1, N2, N3, FakeBackend, daemon, node, snapshot
from tests.unit.ops.hosts import ADDRESS, Entry, Hosts, inventory


async def test_errands(tmp_path: Path) -> None:
    """The engine gets what is to be done and where; what it brings is JSON, and what is none is told."""
    backend = FakeBackend(errand=lambda event: json.dumps({"macs": [event.at]}))
    asked = wire.ErrandRequest(node="n2", task="add", address=ADDRESS, prefix=24, interface="eth1", lifetime_s=60)
    async with daemon(tmp_path, backend) as cluster:
        assert await cluster.errand(asked) == {"macs": ["n2"]}
        (event,) = backend.asked
        assert isinstance(event, ErrandAsked)
        errand = Errand(task=Task.ADD, address=ADDRESS, prefix=24, interface="eth1", lifetime_s=60)
        assert (event.at, event.errand, event.timeout_s) == ("n2", errand, 10.0)
        backend.errand = lambda _: ""
        assert await cluster.errand(asked) is None
        backend.errand = lambda _: "{"
        with pytest.raises(Failed, match="n2 sent something that is not understood"):
            await cluster.errand(asked)


@pytest.mark.parametrize(
    ("outcome", "error"),
    [(Outcome.REFUSED, Refused), (Outcome.FAILED, Failed), (Outcome.TIMED_OUT, TimedOut), (None, TimedOut)],
)
async def test_errands_that_are_not_done(tmp_path: Path, outcome: Outcome | None, error: type[Exception]) -> None:
    """Each bad end is an error of its kind; a node that is dead or unknown is not even asked."""
    backend = FakeBackend(outcomes={"n2": outcome})
    async with daemon(tmp_path, backend) as cluster:
        with pytest.raises(error, match="n2"):
            await cluster.errand(wire.ErrandRequest(node="n2", task="inventory"))
        backend.now = replace(snapshot(), nodes=(node(N1), replace(node(N2), alive=False)))
        with pytest.raises(Refused, match="n2 is not alive"):
            await cluster.errand(wire.ErrandRequest(node="n2", task="inventory"))
        with pytest.raises(UnknownNode):
            await cluster.errand(wire.ErrandRequest(node="n3", task="inventory"))
    assert len(backend.asked) == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"task": "reboot"}, "no errand is named 'reboot'"),
        ({"prefix": 129}, "makes no sense"),
        ({"prefix": -1}, "makes no sense"),
        ({"lifetime_s": -1}, "makes no sense"),
        ({"lifetime_s": 86_401}, "makes no sense"),
        ({"timeout_s": 0.0}, "a timeout of 0 s"),
        ({"address": ""}, "'' is not an IP address"),
        ({"address": "x" * 60_000}, "is not an IP address"),
        ({"address": "fe80::1%eth0"}, "is not an IP address"),
        ({"interface": "interface-name-x"}, "'interface-name-x' is not the name of an interface"),
        ({"interface": "a b"}, "'a b' is not the name of an interface"),
    ],
)
def test_an_errand_that_peers_could_not_read_is_not_sent(wrong: dict[str, Any], words: str) -> None:
    """What a message between nodes has no words for is refused at the door."""
    with pytest.raises(floatip.FloatipError, match=words) as caught:
        wire.ErrandRequest(**({"node": "n1", "task": "add", "address": ADDRESS} | wrong))
    assert (caught.value.exit_code, len(caught.value.text) < 200) == (2, True)


async def test_audit_asks_every_node(tmp_path: Path) -> None:
    """All at once; one that does not answer, or is dead, is among what needs attention."""
    backend = FakeBackend(errand=lambda _: json.dumps(inventory({"10.77.0.50": Entry(lifetime_s=3)}, [])))
    dead = replace(node(N3), alive=False)
    backend.now = replace(snapshot(), nodes=(node(N1), node(N2), dead))
    backend.outcomes = {"n2": Outcome.TIMED_OUT}
    async with daemon(tmp_path, backend) as cluster:
        found = await cluster.audit()
    assert [(row.node, row.kind, row.vip) for row in found.rows] == [("n1", "VIP", "web")]
    assert found.attention == (
        "n2: not audited: n2: timed out",
        "n3: not audited: n3 is not alive, so nothing can be done on its host",
    )


async def test_audit_of_many_nodes_leaves_room_for_others(tmp_path: Path) -> None:
    """A daemon has room for 64 clients, and a cluster may have more nodes."""
    backend = FakeBackend(errand=lambda _: json.dumps(inventory({}, [])), delay_s=0.05)
    names = [replace(node(N1), name=type(N1)(f"n{number}")) for number in range(1, 101)]
    backend.now = replace(snapshot(), nodes=tuple(names))
    async with daemon(tmp_path, backend) as cluster:
        auditing = asyncio.create_task(cluster.audit(), name="audit")
        await asyncio.sleep(0.05)
        assert (await cluster.status()).node == "n1"
        assert not (await auditing).needs_attention
    assert len(backend.asked) == 100


def on_hosts(hosts: Hosts) -> FakeBackend:
    """Return a daemon whose nodes' errands are done on these hosts."""

    def do(event: ErrandAsked) -> str:
        it = event.errand
        request = wire.ErrandRequest(
            node=event.at, task=it.task, address=it.address, prefix=it.prefix, interface=it.interface,
            lifetime_s=it.lifetime_s,
        )  # fmt: skip
        hosts.requests.append(request)
        return json.dumps(hosts.do(request))

    return FakeBackend(errand=do)


async def test_migrate_a_plain_alias(tmp_path: Path) -> None:
    """By errands alone, from whichever node is asked; in the spelling of the user."""
    hosts = Hosts(have={"n1": {ADDRESS: Entry()}})
    backend, steps = on_hosts(hosts), list[floatip.ops.Step]()
    async with daemon(tmp_path, backend) as cluster:
        plan = await cluster.migrate(f"{ADDRESS}/16", source="n1", target="n2", dry_run=True)
        assert (hosts.holders(), plan.steps) == (["n1"], ())
        done = await cluster.migrate(f"{ADDRESS}/16", source="n1", target="n2", on_step=steps.append)
    assert (hosts.holders(), done.proven, done.address) == (["n2"], True, ADDRESS)
    assert done.steps == tuple(steps) != ()


async def test_migrate_a_vips_address(tmp_path: Path) -> None:
    """A VIP goes as a whole, by a failover; where it is already that is done; elsewhere it is refused."""
    backend = FakeBackend()
    async with daemon(tmp_path, backend) as cluster:
        plan = await cluster.migrate("10.77.0.50", source="n1", target="n3", dry_run=True)
        assert plan.text.startswith("web (10.77.0.50/32) would move from n1 to n3")
        assert backend.asked == []
        done = await cluster.migrate("10.77.0.50", source="n1", target="n3")
        assert (done.proven, done.text, len(done.steps)) == (True, "web: proven", 3)
        (event,) = backend.asked
        assert isinstance(event, FailoverAsked)
        assert (event.vips, event.to) == (("web",), "n3")
        again = await cluster.migrate("10.77.0.50", source="n1", target="n3")
        assert again.text == "web is owned by n3 already, seen by n2, n3"
        with pytest.raises(Refused, match=r"belongs to the VIP web, which is owned by n3, not by n1"):
            await cluster.migrate("10.77.0.50", source="n1", target="n2")
        backend.outcomes = {"web": Outcome.UNPROVEN}
        assert (await cluster.migrate("10.77.0.50", source="n3", target="n1")).exit_code == 5
        backend.outcomes = {"web": Outcome.FAILED}
        with pytest.raises(Failed):
            await cluster.migrate("10.77.0.50", source="n1", target="n2")
