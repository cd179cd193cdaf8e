"""Messages that were bent with care: what codec and envelope accept could have been written by us."""

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from floatip.bus.codec import decode, encode
from floatip.bus.envelope import open_envelope, seal
from floatip.bus.events import DropReason
from floatip.bus.signing import Keys
from floatip.bus.topics import Place, place_of
from floatip.core.messages import Message
from floatip.core.types import BrokerName, NodeName
from tests.unit.bus.strategies import json_values, messages
from tests.unit.examples import examples

N1 = NodeName("n1")
BROKER = BrokerName("10.78.0.1:8883")
KEYS = Keys((b"a" * 32, b"b" * 32))
KINDS = ["heartbeat", "claim", "release", "state", "will", "request", "reply"]
ODD = st.one_of(
    json_values,
    st.sampled_from([-1, 0, 2**31, 2**63, 2**64, -(2**63), 10**400, 1e308, -0.0, 0.1, "", "\0", "n1", "../n1", [], {}]),
    st.sampled_from([True, False, None, "o", "0" * 64, "z" * 63, "a" * 64, "00:00:00:00:00:00", "∞", "é", "\ud7ff"]),
    st.sampled_from(KINDS),
)


def places(document: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a JSON document."""
    found = [path] if path else []
    if isinstance(document, dict):
        for key, value in document.items():
            found += places(value, (*path, key))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            found += places(value, (*path, number))
    return found


def bend(document: Any, draw: st.DataObject) -> None:
    """Change one place of a document: another value, none, twice, under another key, or one more key beside it."""
    path = draw.draw(st.sampled_from(places(document)))
    inside: Any = document
    for step in path[:-1]:
        inside = inside[step]
    last: Any = path[-1]
    match draw.draw(st.sampled_from(["other", "none", "twice", "moved", "more"])):
        case "none":
            del inside[last]
        case "twice" if isinstance(inside, list):
            inside.append(copy.deepcopy(inside[last]))
        case "moved" if isinstance(inside, dict):
            inside[draw.draw(st.sampled_from(sorted(inside)) | st.text(max_size=3))] = inside.pop(last)
        case "more" if isinstance(inside, dict):
            inside[draw.draw(st.text(max_size=3) | st.sampled_from(["L", "p", "to", "x", "f"]))] = draw.draw(ODD)
        case _:
            inside[last] = draw.draw(ODD)


def holds(data: bytes) -> None:
    """These bytes are a reason, or a message that our own encoder can write down and that means the same then."""
    found = decode(data, N1)
    if isinstance(found, Message):
        assert decode(encode(found), N1) == found
    else:
        assert isinstance(found, DropReason)


@examples(150)
@given(messages, st.integers(1, 3), st.data())
def test_a_bent_message_is_refused_or_could_be_ours(message: Message, bends: int, data: st.DataObject) -> None:
    """Anything anywhere in the document, up to three times."""
    document = json.loads(encode(message))
    for _ in range(bends):
        if places(document):
            bend(document, data)
    holds(json.dumps(document).encode("utf-8", "surrogatepass"))


@examples(60)
@given(messages, messages, st.data())
def test_two_messages_in_one_are_refused_or_could_be_ours(one: Message, other: Message, data: st.DataObject) -> None:
    """Every key twice: two readers must not see two messages in it."""
    first, second = encode(one), encode(other)
    holds(first[:-1] + b"," + second[1:])
    at = data.draw(st.integers(0, len(first)))
    holds(first[:at] + second + first[at:])


@examples(60)
@given(st.sampled_from(KINDS), st.dictionaries(st.text(max_size=6), ODD, max_size=8), st.data())
def test_nonsense_under_a_good_head_is_refused(kind: str, fields: dict[str, Any], data: st.DataObject) -> None:
    """A good head and any body; and the head in any order, with spaces and escapes that JSON allows."""
    head = {"v": 1, "i": 7, "s": 1, "n": 1, "t": {"h": 0.2, "l": 1.0, "k": 1.22, "r": 4.8, "b": "00"}, "k": kind}
    order = data.draw(st.permutations(sorted(head)))
    holds(json.dumps({key: head[key] for key in order} | fields, indent=data.draw(st.sampled_from([None, 1]))).encode())


@examples(60)
@given(messages, st.data())
def test_no_part_of_a_sealed_message_can_be_exchanged(message: Message, data: st.DataObject) -> None:
    """Signature, topic and payload belong together: what a key did not sign as a whole is never believed."""
    letter = seal(message, keys=KEYS, broker=BROKER, cluster="web")
    place = place_of("web", letter.topic)
    assert place is not None
    bent = bytearray(letter.payload)
    start, size = data.draw(st.integers(0, len(bent))), data.draw(st.integers(0, 80))
    bent[start : start + size] = data.draw(st.binary(max_size=80))
    opened = open_envelope(bytes(bent), keys=KEYS, broker=BROKER, cluster="web", place=place)
    assert isinstance(opened, DropReason) or bytes(bent) == letter.payload
    elsewhere = Place(
        sender=NodeName(data.draw(st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True))), channel=place.channel
    )
    moved = open_envelope(letter.payload, keys=KEYS, broker=BROKER, cluster="web", place=elsewhere)
    assert isinstance(moved, DropReason) or elsewhere == place
