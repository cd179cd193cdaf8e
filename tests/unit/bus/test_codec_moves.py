"""Planned moves and orders that last on the wire: whole, or not at all."""

import json
from dataclasses import replace

import pytest

from floatip.bus import wire
from floatip.bus.codec import decode, encode
from floatip.bus.errors import BusError
from floatip.bus.events import DropReason
from floatip.core.messages import Body, Errand, Message, Release, Reply, Request, State, Task, Verb, Verdict
from floatip.core.types import NodeName, VipName
from tests.unit.bus.strategies import heartbeat, state

N1 = NodeName("n1")


def garbled(body: Body, **fields: object) -> bool:
    """Whether a message with this body is taken as it is, and refused once some fields are replaced."""
    message = replace(heartbeat(), body=body)
    said = json.loads(encode(message))
    assert decode(json.dumps(said).encode(), N1) == message
    return decode(json.dumps(said | fields).encode(), N1) is DropReason.GARBLED


REQUEST = Request(id="r1", verb=Verb.FAILOVER, at=N1, vips=(VipName("web"),), to=NodeName("n2"), look=True)


@pytest.mark.parametrize(
    "fields",
    [
        {"verb": "explode"},
        {"verb": 1},
        {"at": ""},
        {"at": "../n1"},
        {"vips": "web"},
        {"vips": ["web", 1]},
        {"vips": [f"w{i}" for i in range(wire.MAX_VIPS + 1)]},
        {"to": None},
        {"look": 1},
        {"look": "true"},
        {"preempts": 1},
        {"expires": 0},
        {"expires": 301},
        {"expires": float("inf")},
        {"id": ""},
        {"id": "x" * 65},
        {"id": "a b"},
        {"errand": None},
        {"errand": {}},
        {"errand": {"t": "format"}},
        {"errand": {"t": "add", "a": "10.0.0.1; reboot"}},
        {"errand": {"t": "add", "a": "fe80::9%eth0"}},
        {"errand": {"t": "add", "a": "\u0663.0.0.1"}},
        {"errand": {"t": "add", "p": 129}},
        {"errand": {"t": "add", "p": -1}},
        {"errand": {"t": "add", "i": "x" * 16}},
        {"errand": {"t": "add", "i": "../eth0"}},
        {"errand": {"t": "add", "l": 86_401}},
        {"errand": {"t": "add", "l": -1}},
    ],
)
def test_a_request_with_a_bad_value_is_garbled(fields: dict[str, object]) -> None:
    """Nothing is half understood, and nothing strange reaches a host."""
    assert garbled(REQUEST, **fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"verdict": "perhaps"},
        {"verdict": True},
        {"vips": None},
        {"text": "x" * (wire.MAX_TEXT + 1)},
        {"data": "x" * (wire.MAX_DATA + 1)},
        {"data": "\x1b[2J"},
        {"data": "\u00e4"},
        {"data": {}},
    ],
)
def test_a_reply_with_a_bad_value_is_garbled(fields: dict[str, object]) -> None:
    """What an errand brought is printable and of bounded length."""
    assert garbled(Reply(id="r1", verdict=Verdict.FAILED, text="x", data='{"a": 1}'), **fields)


@pytest.mark.parametrize(
    "fields",
    [{"kept": 1}, {"kept": None}, {"swayed": 1}, {"swayed": "true"}, {"to": ""}, {"reserved": -1}, {"reserved": 1e9}],
)
def test_a_release_with_a_bad_value_is_garbled(fields: dict[str, object]) -> None:
    """Whether the addresses are kept, and whether a check was the reason, is a plain yes or no."""
    assert garbled(Release(vips=(VipName("web"),), to=N1, reserved_s=1.0, kept=True, swayed=True), **fields)


def test_a_release_that_does_not_say_whether_it_keeps_does_not() -> None:
    """The word is there only where it is so: an older node never says it."""
    for kept in (True, False):
        release = replace(heartbeat(), body=Release(vips=(), kept=kept))
        assert ("kept" in json.loads(encode(release))) is kept
        assert decode(encode(release), N1) == release


def test_a_release_that_does_not_say_that_a_check_was_the_reason_had_another_one() -> None:
    """The word is there only where it is so, beside that of addresses that are kept."""
    for swayed in (True, False):
        release = replace(heartbeat(), body=Release(vips=(), kept=True, swayed=swayed))
        assert ("swayed" in json.loads(encode(release))) is swayed
        assert decode(encode(release), N1) == release


ORDER: dict[str, object] = {"k": "pin", "s": "web", "v": "n2", "x": 5.0, "c": 7, "n": "n1"}


@pytest.mark.parametrize(
    "fields",
    [
        {"k": "explode"},
        {"s": ""},
        {"s": "a b"},
        {"v": "A"},
        {"v": "x" * 64},
        {"v": None},
        {"x": -1},
        {"x": None},
        {"x": "soon"},
        {"x": float("nan")},
        {"c": -1},
        {"c": 2**63},
        {"c": 1.5},
        {"n": ""},
    ],
)
def test_a_state_with_a_bad_order_is_garbled(fields: dict[str, object]) -> None:
    """An order that nobody could obey or compare is not passed on either."""
    said = json.loads(encode(state()))
    assert isinstance(decode(json.dumps(said | {"orders": [ORDER]}).encode(), N1), Message)
    assert decode(json.dumps(said | {"orders": [ORDER | fields]}).encode(), N1) is DropReason.GARBLED


def test_an_order_that_never_expires_does_not_say_when() -> None:
    """JSON has no word for infinity."""
    said = json.loads(encode(state())) | {"orders": [{key: value for key, value in ORDER.items() if key != "x"}]}
    message = decode(json.dumps(said).encode(), N1)
    assert isinstance(message, Message)
    assert isinstance(message.body, State)
    (order,) = message.body.directives
    assert order.expires_at == float("inf")
    assert json.loads(encode(message))["orders"] == said["orders"]


def test_more_orders_than_anybody_keeps_are_not_read() -> None:
    """A state is of bounded length in each of its lists."""
    said = json.loads(encode(state()))
    orders = [{"k": "pin", "s": f"w{i}", "v": "", "c": 1, "n": "n"} for i in range(wire.MAX_DIRECTIVES + 1)]
    assert isinstance(decode(json.dumps(said | {"orders": orders[1:]}).encode(), N1), Message)
    assert decode(json.dumps(said | {"orders": orders}).encode(), N1) is DropReason.GARBLED


def test_an_older_node_gives_no_orders() -> None:
    """And one that knows of none says nothing of them."""
    said = json.loads(encode(state()))
    assert "orders" not in said
    assert decode(encode(state()), N1) == state()


def test_a_question_that_preempts_says_so_and_another_does_not() -> None:
    """The word is there only where it is so: an older node never says it."""
    for preempts in (True, False):
        message = replace(heartbeat(), body=replace(REQUEST, preempts=preempts))
        assert ("preempts" in json.loads(encode(message))) is preempts
        assert decode(encode(message), N1) == message


HALF = "\ud800"


@pytest.mark.parametrize(
    "errand", [Errand(task=Task.ADD, address=HALF), Errand(task=Task.ADD, address="10.0.0.1", interface=HALF)]
)
def test_what_cannot_be_written_down_is_an_error_of_the_bus(errand: Errand) -> None:
    """Half a character: it ends the session, not the daemon."""
    with pytest.raises(BusError, match="cannot be written down"):
        encode(replace(heartbeat(), body=replace(REQUEST, verb=Verb.ERRAND, errand=errand)))
