"""The hand for errands: what it does on this host, what it brings, and how what goes wrong is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from ipaddress import IPv4Interface, ip_address
from typing import Any

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Errand, Task
from floatip.core.types import Address
from floatip.hands import errands as module
from floatip.hands.errands import ErrandHand
from floatip.host.bootentry import BootEntry
from floatip.host.errors import NetlinkError
from floatip.host.inventory import HostAddress, Inventory
from floatip.host.listeners import Listener
from floatip.lan.heard import Heard, HeardKind
from tests.unit.hands.false_host import ALIAS, MAC, OWN, PEER, STRANGER, World, host_address
from tests.unit.passing import later

ROUNDS_S = 300.0
"""When the last round is; for as long no machine is busy."""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """Put a false host in place of this one."""
    world = World()
    monkeypatch.setattr(module, "inventory", world.take_inventory)
    monkeypatch.setattr(module, "present", lambda: list(world.present))
    monkeypatch.setattr(module, "primaries", lambda found: tuple(one for one in found if one.prefix < 32))
    monkeypatch.setattr(module, "interface_for", lambda _: world.subnet)
    monkeypatch.setattr(module, "add_alias", world.add_alias)
    monkeypatch.setattr(module, "remove_alias", world.remove_alias)
    monkeypatch.setattr(module, "additions", lambda address, interface: (f"{address} on {interface}",))
    monkeypatch.setattr(module, "TrafficCounter", lambda: world)
    monkeypatch.setattr(module, "QUESTIONS_S", (0.0, 0.01, 0.02))
    monkeypatch.setattr(module, "LISTEN_S", 0.03)
    monkeypatch.setattr(module, "ROUNDS_S", (100.0, 200.0, ROUNDS_S))
    return world


@pytest.fixture
async def hand(world: World) -> AsyncIterator[ErrandHand]:
    """Give the hand on that host."""
    documented: dict[Address, tuple[str, str]] = {ALIAS: ("printer", "it")}
    hand = ErrandHand(world, world.overhear, world.posted.append, documented)  # type: ignore[arg-type]
    yield hand
    await hand.close()


async def done(hand: ErrandHand, world: World, task: Task, **fields: Any) -> ev.ErrandDone:
    """Run one errand to its end."""
    before = len(world.posted)
    errand = Errand(task=task, address="" if task is Task.INVENTORY else str(ALIAS))
    hand.run(ef.RunErrand(id="e1", errand=replace(errand, **fields)))
    async with asyncio.timeout(5):
        while len(world.posted) == before:  # noqa: ASYNC110 (there is no event to wait for)
            await asyncio.sleep(0.001)
    event = world.posted[before]
    assert isinstance(event, ev.ErrandDone)
    assert event.id == "e1"
    return event


@pytest.mark.parametrize(
    ("lifetime_s", "asked_s", "text"), [(60, 60, "for 60 s"), (0, None, "for good")], ids=["for a while", "for good"]
)
async def test_an_alias_is_added(
    hand: ErrandHand, world: World, lifetime_s: int, asked_s: int | None, text: str
) -> None:
    """Where its subnet is, with the prefix and lifetime that were asked for, and announced now and three times more."""
    ended = await done(hand, world, Task.ADD, prefix=16, lifetime_s=lifetime_s)
    assert (ended.done, ended.text) == (True, f"10.77.0.60/16 is on eth0 {text}")
    assert world.added == [(ALIAS, 16, "eth0", asked_s)]
    assert json.loads(ended.data) == {"interface": "eth0", "mac": MAC, "additions": ["10.77.0.60/16 on eth0"]}
    assert world.announced == [("eth0", ALIAS)]
    await later(ROUNDS_S)
    assert world.announced == [("eth0", ALIAS)] * 4


async def test_without_a_prefix_it_is_a_host_address(hand: ErrandHand, world: World) -> None:
    """/32, or /128."""
    await done(hand, world, Task.ADD)
    await done(hand, world, Task.ADD, address="fd77::60")
    assert [(str(address), prefix) for address, prefix, *_ in world.added] == [("10.77.0.60", 32), ("fd77::60", 128)]


async def test_what_is_gone_is_not_announced(hand: ErrandHand, world: World) -> None:
    """Removed right after it was added, or an interface that went away, or a kernel that does not tell."""
    await done(hand, world, Task.ADD)
    ended = await done(hand, world, Task.REMOVE)
    assert (ended.done, ended.text, ended.data) == (True, "10.77.0.60 is not on this host any more", "null")
    assert world.removed == [ALIAS]
    await later(ROUNDS_S)
    assert len(world.announced) == 1
    await done(hand, world, Task.ADD)
    world.opened.clear()
    await later(ROUNDS_S)
    assert len(world.announced) == 2


@pytest.mark.parametrize("task", [Task.WHO_HAS, Task.REMOVE])
async def test_a_later_errand_ends_the_announcements(hand: ErrandHand, world: World, task: Task) -> None:
    """An address that moves on at once is not called back by the host that it leaves, though it is still there."""
    await done(hand, world, Task.ADD)
    await done(hand, world, Task.ADD, address="10.77.0.61")
    await done(hand, world, task)
    world.present.append(host_address(ALIAS))
    await later(ROUNDS_S)
    assert [address for _, address in world.announced].count(ALIAS) == 1
    assert len(world.announced) == 1 + 4


async def test_a_kernel_that_fails_between_rounds_ends_nothing(
    hand: ErrandHand, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Announcing again is a courtesy: that it is not possible is nobody's error."""
    broken: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: broken.append(context))

    def fails() -> list[HostAddress]:
        raise NetlinkError("no answer")

    await done(hand, world, Task.ADD)
    monkeypatch.setattr(module, "present", fails)
    await later(ROUNDS_S)
    assert (broken, len(world.announced)) == ([], 1)


@pytest.mark.parametrize("task", [Task.ADD, Task.REMOVE])
async def test_what_the_kernel_refuses_is_told(hand: ErrandHand, world: World, task: Task) -> None:
    """In its words; and nothing is announced."""
    world.error = "10.77.0.60/32 on eth0 could not be added: no"
    ended = await done(hand, world, task)
    assert (ended.done, ended.text, ended.data) == (False, world.error, "")
    assert world.announced == []


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"task": Task.ADD}, "no interface of this host is on a subnet with 10.77.0.60; name one with --interface"),
        ({"task": Task.WHO_HAS}, "no interface of this host is on a subnet with 10.77.0.60; name one with --interface"),
        ({"task": Task.ADD, "interface": "eth9"}, "interface eth9 does not exist"),
        ({"task": Task.WHO_HAS, "interface": "eth9"}, "interface eth9 does not exist"),
        ({"task": Task.ANNOUNCE}, "10.77.0.60 is not on this host"),
    ],
)
async def test_what_cannot_be_done_is_told(hand: ErrandHand, world: World, fields: dict[str, Any], text: str) -> None:
    """No interface, or not that one, or not that address."""
    world.subnet = None
    ended = await done(hand, world, **fields)
    assert (ended.done, ended.text) == (False, text)
    assert world.ears == []


async def test_a_kernel_that_does_not_answer_is_told(hand: ErrandHand, world: World) -> None:
    """An inventory, or an alias, that could not be had ends the errand and not the daemon."""
    world.inventory = world.error = NetlinkError("netlink: no answer")
    for task in (Task.INVENTORY, Task.ADD):
        ended = await done(hand, world, task)
        assert (ended.done, ended.text) == (False, "netlink: no answer")


async def test_what_nobody_thought_of_is_told(hand: ErrandHand, world: World) -> None:
    """Whoever asked gets an answer, whatever went wrong."""
    world.inventory = KeyError("x")
    ended = await done(hand, world, Task.INVENTORY)
    assert (ended.done, ended.text) == (False, "KeyError: 'x'")


async def test_announce(hand: ErrandHand, world: World) -> None:
    """Where the address is, whatever its subnet; the answer names our MAC."""
    world.subnet = None
    world.present.append(host_address(ALIAS))
    ended = await done(hand, world, Task.ANNOUNCE)
    assert (ended.text, json.loads(ended.data)) == ("10.77.0.60 is announced on eth0", {"mac": MAC})
    assert world.announced == [("eth0", ALIAS)]


def heard(mac: str, kind: HeardKind, address: Address = ALIAS, interface: str = "eth0") -> Heard:
    """Return a frame that claims, or asks for, the address."""
    return Heard(interface=interface, address=address, mac=mac, kind=kind, to_us=False)


async def test_who_has_an_address(hand: ErrandHand, world: World) -> None:
    """It is asked for three times; whoever claims it counts once, and neither who asks nor what is elsewhere counts."""
    world.says = [
        heard(STRANGER, HeardKind.ANNOUNCEMENT),
        heard(PEER, HeardKind.REPLY),
        heard("02:00:00:00:00:01", HeardKind.PROBE),
        heard("02:00:00:00:00:02", HeardKind.TESTAMENT),
        heard("02:00:00:00:00:03", HeardKind.REPLY, OWN),
        heard("02:00:00:00:00:04", HeardKind.REPLY, ALIAS, "eth1"),
    ]
    ended = await done(hand, world, Task.WHO_HAS)
    assert json.loads(ended.data) == {"macs": [PEER, STRANGER]}
    assert ended.text == f"{PEER}, {STRANGER} answers for 10.77.0.60"
    assert world.probed == [("eth0", ALIAS)] * 3
    assert world.ears == []
    world.says = []
    ended = await done(hand, world, Task.WHO_HAS)
    assert (ended.done, ended.text, json.loads(ended.data)) == (True, "nobody answers for 10.77.0.60", {"macs": []})


async def test_an_inventory(hand: ErrandHand, world: World) -> None:
    """Each address with what is known of it; of aliases what came in since the last look; boot files and warnings."""
    boot = BootEntry(
        manager="ifupdown",
        file="/etc/network/interfaces",
        line=3,
        address=IPv4Interface("10.77.0.60/24"),
        interface="eth0",
        text="address 10.77.0.60/24",
        remedy="remove it",
    )
    listener = Listener(protocol="tcp", port=80, process="nginx", specific=True)
    world.present.append(replace(host_address(ALIAS), listeners=(listener,)))
    world.inventory = Inventory(addresses=tuple(world.present), boot=(boot,), warnings=("one",))
    first = json.loads((await done(hand, world, Task.INVENTORY)).data)
    ended = await done(hand, world, Task.INVENTORY)
    second = json.loads(ended.data)
    assert ended.text == "2 addresses"
    assert world.looked == [[("eth0", ALIAS)]] * 2
    own, alias = second["addresses"]
    assert (own["address"], own["primary"], own["documented"], own["traffic"]) == ("10.77.0.11", True, False, None)
    assert first["addresses"][1]["traffic"] is None
    assert alias == {
        "address": "10.77.0.60",
        "prefix": 32,
        "interface": "eth0",
        "permanent": True,
        "label": "eth0",
        "by_floatip": False,
        "primary": False,
        "listeners": [{"protocol": "tcp", "port": 80, "process": "nginx", "specific": True}],
        "traffic": {"packets": 7, "since_s": 1.3},
        "documented": True,
        "purpose": "printer",
        "contact": "it",
    }
    assert second["boot"] == [
        {
            "address": "10.77.0.60/24",
            "interface": "eth0",
            "manager": "ifupdown",
            "file": "/etc/network/interfaces",
            "line": 3,
            "remedy": "remove it",
        }
    ]
    assert second["warnings"] == ["one"]


async def test_too_much_for_a_message_is_told(hand: ErrandHand, world: World) -> None:
    """A host with thousands of addresses: no message could carry its inventory."""
    many = (host_address(ip_address(f"10.{number >> 8}.{number & 255}.1")) for number in range(2000))
    world.inventory = Inventory(addresses=tuple(many), boot=(), warnings=())
    ended = await done(hand, world, Task.INVENTORY)
    assert (ended.done, ended.data) == (False, "")
    assert ended.text.endswith("bytes, more than the 200000 that fit into a message between nodes")


async def test_what_is_brought_is_printable(hand: ErrandHand, world: World) -> None:
    """Peers drop a message with anything else in it, and names of processes are free."""
    world.inventory = Inventory(addresses=(), boot=(), warnings=("a\x7f\x1b\u202eé",))
    data = (await done(hand, world, Task.INVENTORY)).data
    assert all(" " <= char <= "~" for char in data)
    assert json.loads(data)["warnings"] == ["a\x7f\x1b\u202eé"]


async def test_errands_run_side_by_side_and_end_with_the_hand(
    hand: ErrandHand, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that listens holds no other up; what is not done when the daemon ends is left, and tells nobody."""
    monkeypatch.setattr(module, "LISTEN_S", ROUNDS_S)
    hand.run(ef.RunErrand(id="slow", errand=Errand(task=Task.WHO_HAS, address=str(ALIAS))))
    assert (await done(hand, world, Task.ADD)).done
    assert len(world.posted) == 1
    await hand.close()
    assert len(world.posted) == 1
    assert world.ears == []
