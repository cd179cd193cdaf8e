"""The codec: every message survives the way there and back, and nothing else gets in."""

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.bus import wire
from floatip.bus.codec import decode, encode
from floatip.bus.errors import BusError
from floatip.bus.events import DropReason
from floatip.core.messages import Claim, Heartbeat, Listing, Message, Reply, State, Verdict, VipState, Will, Witnessed
from floatip.core.types import Mac, NodeName, Origin, Standing, VipName
from tests.unit.bus.strategies import TERMS, few, heartbeat, json_values, messages, state, texts

N1 = NodeName("n1")


def busy_heartbeat(vips: int, peers: int) -> Message:
    """Return a heartbeat that lists VIPs and has seen peers."""
    listing = [
        Listing(vip=VipName(f"web{i}"), standing=Standing.OWNER, term=12, definition="deadbeef") for i in range(vips)
    ]
    return Message(
        sender=N1,
        origin=Origin(1_700_000_000_000_000, 4, 17),
        terms=TERMS,
        body=Heartbeat(state_version=3, list_version=5, listings=tuple(listing)),
        seen={NodeName(f"p{i}"): Origin(1_700_000_000_000_000, 4, 1234) for i in range(peers)},
    )


@few
@given(messages)
def test_every_message_survives_the_round_trip(message: Message) -> None:
    """What is encoded is decoded as the same value."""
    assert decode(encode(message), message.sender) == message


@few
@given(messages)
def test_the_sender_is_not_in_the_bytes(message: Message) -> None:
    """Whoever the topic names is the sender, whatever the payload says."""
    other = NodeName("somebody-else")
    forged = json.loads(encode(message)) | {"sender": "n9", "node": "n9"}
    decoded = decode(json.dumps(forged).encode(), other)
    assert isinstance(decoded, Message)
    assert decoded == replace(message, sender=other)


@few
@given(st.binary(max_size=300))
def test_any_bytes_give_a_reason(data: bytes) -> None:
    """No bytes raise, and none of them happen to be a message."""
    assert isinstance(decode(data, N1), DropReason)


@few
@given(messages, st.data())
def test_truncated_messages_are_garbled(message: Message, data: st.DataObject) -> None:
    """A message cut anywhere is no message."""
    whole = encode(message)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert decode(whole[:cut], N1) is DropReason.GARBLED


@few
@given(messages, st.data())
def test_any_change_is_a_message_or_a_reason(message: Message, data: st.DataObject) -> None:
    """Bytes changed at random never raise."""
    changed = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(decode(bytes(changed), N1), Message | DropReason)


@few
@given(messages, st.data())
def test_any_value_in_any_field_is_a_message_or_a_reason(message: Message, data: st.DataObject) -> None:
    """A field that holds anything at all never raises."""
    fields = json.loads(encode(message))
    fields[data.draw(st.sampled_from(sorted(fields)))] = data.draw(json_values)
    assert isinstance(decode(json.dumps(fields).encode(), N1), Message | DropReason)


@few
@given(messages, st.dictionaries(st.text(min_size=5), json_values, max_size=3))
def test_unknown_fields_are_ignored(message: Message, more: dict[str, Any]) -> None:
    """A newer node may say more than we understand."""
    fields = {f"new {name}": value for name, value in more.items()} | json.loads(encode(message))
    assert decode(json.dumps(fields).encode(), message.sender) == message


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"v":2,"k":"something","new":[1]}', DropReason.FUTURE_VERSION),
        (b'{"v":2}', DropReason.FUTURE_VERSION),
        (b'{"v":123456789,"i":1}', DropReason.FUTURE_VERSION),
        (encode(heartbeat()).replace(b'"v":1', b'"v":2'), DropReason.FUTURE_VERSION),
        (b'{"v":1}', DropReason.GARBLED),
        (b'{"v":0,"k":"will"}', DropReason.GARBLED),
        (b'{"v":"2"}', DropReason.GARBLED),
        (b'{"v":2.5}', DropReason.GARBLED),
        (b"", DropReason.GARBLED),
        (b"[]", DropReason.GARBLED),
        (b"null", DropReason.GARBLED),
        (b"\xff\xfe", DropReason.GARBLED),
        (b"[" * 100_000, DropReason.GARBLED),
        (b'{"v":1,"k":' + b"9" * 100_000, DropReason.GARBLED),
    ],
)
def test_what_is_not_ours_has_its_reason(data: bytes, reason: DropReason) -> None:
    """A newer format is told apart from rubbish."""
    assert decode(data, N1) is reason


def hostile(**fields: object) -> bytes:
    """Return a heartbeat in which some fields are replaced."""
    return json.dumps(json.loads(encode(busy_heartbeat(1, 1))) | fields).encode()


@pytest.mark.parametrize(
    "fields",
    [
        {"i": -1},
        {"i": 2**63},
        {"i": 1.0},
        {"i": "1"},
        {"i": True},
        {"n": None},
        {"t": {"h": float("nan"), "l": 1, "k": 1, "r": 1, "b": "00"}},
        {"t": {"h": float("inf"), "l": 1, "k": 1, "r": 1, "b": "00"}},
        {"t": {"h": 0, "l": 1, "k": 1, "r": 1, "b": "00"}},
        {"t": {"h": 1, "l": 1, "k": 1e9, "r": 1, "b": "00"}},
        {"t": {"h": 1, "l": 1, "k": 1, "r": 1, "b": "XX"}},
        {"t": {}},
        {"p": {"N2": [1, 1, 1]}},
        {"p": {"n2": [1, 1]}},
        {"p": {"n2": [1, 1, 1, 1]}},
        {"p": {f"n{i}": [1, 1, 1] for i in range(wire.MAX_PEERS + 1)}},
        {"k": "heartbeats"},
        {"k": None},
        {"L": [{"v": "../etc", "s": "o", "t": 1, "d": "00"}]},
        {"L": [{"v": "web\n", "s": "o", "t": 1, "d": "00"}]},
        {"L": [{"v": "w" * 64, "s": "o", "t": 1, "d": "00"}]},
        {"L": [{"v": "web", "s": "x", "t": 1, "d": "00"}]},
        {"L": [{"v": "web", "s": "o", "t": -1, "d": "00"}]},
        {"L": [{"v": "web", "s": "o", "t": 1, "d": "00"}] * 2},
        {"L": [{"v": f"w{i}", "s": "o", "t": 1, "d": "0"} for i in range(wire.MAX_VIPS + 1)]},
        {"L": {}},
        {"L": None},
    ],
)
def test_strict_in_every_field(fields: dict[str, object]) -> None:
    """A value of another kind, out of range, too long or said twice spoils the whole message."""
    assert isinstance(decode(hostile(), N1), Message)
    assert decode(hostile(**fields), N1) is DropReason.GARBLED


@pytest.mark.parametrize("fine", [True, False])
def test_a_state_says_whether_the_lan_is_fine(fine: bool) -> None:
    """As ``lan``; an older node does not say it, and then nobody may count on its LAN."""
    message = replace(state(), body=State(state_version=1, version="0.1.0", lan_fine=fine))
    said = json.loads(encode(message))
    assert said["lan"] is fine
    assert decode(json.dumps(said).encode(), N1) == message
    del said["lan"]
    older = decode(json.dumps(said).encode(), N1)
    assert older == replace(message, body=State(state_version=1, version="0.1.0", lan_fine=False))


@pytest.mark.parametrize("fine", [1, 0, "true", "", None, [], {}])
def test_a_state_whose_lan_is_neither_is_garbled(fine: object) -> None:
    """Something that is only nearly true makes nobody's LAN dead."""
    said = json.loads(encode(state())) | {"lan": fine}
    assert decode(json.dumps(said).encode(), N1) is DropReason.GARBLED


def test_too_large_is_not_looked_into() -> None:
    """A message of 1 MB is dropped for its size alone, in no time."""
    data = b'{"v":1,"k":"will","x":"' + b"x" * 1_000_000 + b'"}'
    took_s = []
    for _ in range(5):
        began_s = time.perf_counter()
        assert decode(data, N1) is DropReason.TOO_LARGE
        took_s.append(time.perf_counter() - began_s)
    assert min(took_s) < 0.0005


def test_a_thousand_vips_fit() -> None:
    """Heartbeat and state of a node with 1,000 VIPs are messages that peers read."""
    vips = [VipName(f"customer-service-{i:04}") for i in range(1000)]
    mac = Mac("aa:bb:cc:dd:ee:ff")
    body = State(
        state_version=1,
        version="0.1.0",
        vips=tuple(VipState(vip=vip, priority=100, definition="deadbeef") for vip in vips),
        witnessed=tuple(Witnessed(vip=vip, term=9, mac=mac) for vip in vips),
    )
    for message in (busy_heartbeat(1000, 50), replace(state(), body=body)):
        assert decode(encode(message), N1) == message


def test_what_peers_would_not_read_is_not_sent() -> None:
    """A message over the limit is an error here, with the remedy, and no silent loss there."""
    claim = Claim(bids=())
    listing = [
        Listing(vip=VipName(f"{i:04}" + "w" * 59), standing=Standing.HELD, term=1, definition="deadbeef")
        for i in range(4000)
    ]
    body = Heartbeat(state_version=1, list_version=1, listings=tuple(listing))
    with pytest.raises(BusError, match=r"a heartbeat of \d+ bytes is longer than the 393216 .* spread the VIPs"):
        encode(replace(heartbeat(), body=body))
    encode(replace(heartbeat(), body=claim))


@few
@given(st.text())
def test_any_fault_text_gets_through(text: str) -> None:
    """Whatever a check printed, peers accept the state that tells of it, as one printable line."""
    decoded = decode(encode(state(faults=(text,))), N1)
    assert isinstance(decoded, Message)
    assert isinstance(decoded.body, State)
    (told,) = decoded.body.faults
    assert len(told) <= wire.MAX_TEXT
    assert "\n" not in told
    assert "\x1b" not in told


@few
@given(texts)
def test_printable_text_is_not_changed(text: str) -> None:
    """What can be shown is shown as it is."""
    reply = replace(heartbeat(), body=Reply(id="1", verdict=Verdict.REFUSED, text=text))
    assert decode(encode(reply), N1) == reply


def test_terminal_escapes_of_others_are_refused() -> None:
    """A peer cannot write to an operator's terminal."""
    reply = encode(replace(heartbeat(), body=Reply(id="1", verdict=Verdict.ACCEPTED, text="marker")))
    assert decode(reply.replace(b"marker", b"\\u001b[2J"), N1) is DropReason.GARBLED
    assert decode(reply.replace(b"marker", b"\\u202eabc"), N1) is DropReason.GARBLED


def test_a_digest_differs_from_an_empty_list() -> None:
    """No list ("as before") and an empty list ("nothing") are two different words."""
    for listings in (None, ()):
        message = replace(heartbeat(), body=Heartbeat(state_version=1, list_version=1, listings=listings))
        assert decode(encode(message), N1) == message


def test_a_will_is_short() -> None:
    """The broker holds one will for each session; it is a few words long."""
    assert len(encode(replace(heartbeat(), body=Will()))) < 200


def test_decoding_is_quick() -> None:
    """A heartbeat with 3 peers and 5 VIPs takes far less than 100 us (best of five, against a busy machine)."""
    data = encode(busy_heartbeat(5, 3))
    rounds_s = []
    for _ in range(5):
        began_s = time.perf_counter()
        for _ in range(200):
            decode(data, N1)
        rounds_s.append((time.perf_counter() - began_s) / 200)
    assert min(rounds_s) < 100e-6
