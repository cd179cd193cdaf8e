"""What a hook is told: by its arguments, its environment, and its standard input."""

import json
import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from floatip.core import effects as ef
from floatip.core.types import Mac, NodeName, Occasion, Role, VipName
from floatip.hands.hookwords import Call, Hook

ADDRESSES = (IPv4Address("10.77.0.50"), IPv6Address("fd77::50"))
EFFECT = ef.CallHooks(
    occasion=Occasion.ACQUIRED,
    vip=VipName("web"),
    was=Role.ACQUIRING,
    now=Role.OWNER,
    term=7,
    priority=90,
    owner=NodeName("n1"),
    why="owner n2 silent for 1.2 s",
)


def call(**more: object) -> Call:
    """The effect, as it is told."""
    effect = replace(EFFECT, **more)  # type: ignore[arg-type]
    return Call.of(effect, cluster="prod", node="n1", addresses=ADDRESSES)


def test_the_environment() -> None:
    """All that is known, as text."""
    assert call().environment == {
        "FLOATIP_EVENT": "acquired",
        "FLOATIP_VIP": "web",
        "FLOATIP_CLUSTER": "prod",
        "FLOATIP_NODE": "n1",
        "FLOATIP_ROLE": "owner",
        "FLOATIP_WAS": "acquiring",
        "FLOATIP_OWNER": "n1",
        "FLOATIP_TERM": "7",
        "FLOATIP_PRIORITY": "90",
        "FLOATIP_REASON": "owner n2 silent for 1.2 s",
        "FLOATIP_ADDRESSES": "10.77.0.50 fd77::50",
    }


def test_what_is_not_known_is_empty_and_a_mac_is_told_of_conflicts_alone() -> None:
    """Nobody has to ask whether a variable is set, but for that one."""
    told = call(occasion=Occasion.CONFLICT, owner=None, mac=Mac("02:00:00:00:00:99"))
    assert told.environment["FLOATIP_OWNER"] == ""
    assert told.environment["FLOATIP_MAC"] == "02:00:00:00:00:99"


def test_a_reason_is_one_line() -> None:
    """Whatever a peer or an operator wrote; a null byte could not be passed at all."""
    assert call(why="a\0b\nc").environment["FLOATIP_REASON"] == "a b c"
    assert len(call(why="x" * 200_000).environment["FLOATIP_REASON"]) == 200


def test_the_document() -> None:
    """One line of JSON with the same, and the time at which it happened."""
    line = call().document
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    document = json.loads(line)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", document.pop("time"))
    assert document == {
        "schema": 1,
        "event": "acquired",
        "vip": "web",
        "cluster": "prod",
        "node": "n1",
        "role": "owner",
        "was": "acquiring",
        "owner": "n1",
        "term": 7,
        "priority": 90,
        "reason": "owner n2 silent for 1.2 s",
        "addresses": ["10.77.0.50", "fd77::50"],
        "mac": None,
    }


@pytest.mark.parametrize(
    ("occasion", "state"),
    [
        (Occasion.ACQUIRED, "MASTER"),
        (Occasion.RELEASED, "BACKUP"),
        (Occasion.BACKUP, "BACKUP"),
        (Occasion.FAULT, "FAULT"),
        (Occasion.STOP, "STOP"),
    ],
)
def test_arguments_as_keepalived_has_them(occasion: Occasion, state: str) -> None:
    """Of an instance with its priority, of a group with 0; and none, unless they are asked for."""
    hook = Hook(on=frozenset(Occasion), command=("/x", "-v"), keepalived_arguments=True)
    told = call(occasion=occasion)
    assert told.argv(hook) == ("/x", "-v", "INSTANCE", "web", state, "90")
    assert told.argv(replace(hook, keepalived_arguments="group")) == ("/x", "-v", "GROUP", "web", state, "0")
    assert told.argv(replace(hook, keepalived_arguments=False)) == ("/x", "-v")


@pytest.mark.parametrize("arguments", [True, "group"])
def test_keepalived_knows_no_conflicts(arguments: bool) -> None:
    """A hook that is told as by keepalived is not called for one."""
    hook = Hook(on=frozenset(Occasion), command=("/x",), keepalived_arguments=arguments)
    calls = {occasion: replace(EFFECT, occasion=occasion) for occasion in Occasion}
    assert [occasion for occasion, told in calls.items() if not hook.wants(told)] == [Occasion.CONFLICT]
    assert replace(hook, keepalived_arguments=False).wants(calls[Occasion.CONFLICT])
    assert not replace(hook, on=frozenset({Occasion.STOP})).wants(calls[Occasion.FAULT])


@pytest.mark.parametrize("more", [{"keepalived_arguments": True}, {"on": frozenset(Occasion)}, {}])
def test_a_release_in_a_fault_or_at_the_end_makes_no_backup(more: dict[str, Any]) -> None:
    """Whoever asks for backups hears of the fault, or of the end; whoever asks for releases alone hears of each."""
    hook = replace(Hook(on=frozenset({Occasion.RELEASED}), command=("/x",)), **more)
    told = replace(EFFECT, occasion=Occasion.RELEASED, was=Role.RELEASING, now=Role.BACKUP)
    assert hook.wants(told)
    assert hook.wants(told, next_is_fault=True) is (not more)
    assert hook.wants(replace(told, stops=True)) is (not more)


def test_a_hook_may_be_for_some_vips_and_call_them_as_keepalived_did() -> None:
    """Others' do not concern it; the name in keepalived's arguments is keepalived's."""
    hook = Hook(
        on=frozenset(Occasion),
        command=("/x",),
        vips=frozenset({"web"}),
        keepalived_arguments=True,
        keepalived_name="VI_1",
    )
    assert hook.wants(EFFECT)
    assert not hook.wants(replace(EFFECT, vip=VipName("db")))
    assert call().argv(hook) == ("/x", "INSTANCE", "VI_1", "MASTER", "90")
