"""The envelope: what comes from a broker is believed only after every check, in the right order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floatip.bus.envelope import MAX_BYTES, open_envelope, seal
from floatip.bus.events import DropReason
from floatip.bus.signing import Keys
from floatip.bus.topics import Channel, Letter, Place, place_of
from floatip.core.messages import Message
from floatip.core.types import BrokerName, NodeName
from tests.unit.bus.strategies import few, heartbeat, messages, state

BROKER = BrokerName("10.77.0.1:1883")
KEYS = Keys((b"a" * 32,))
NONE = Keys()
LOG = Place(sender=NodeName("n1"), channel=Channel.LOG)
STATE = Place(sender=NodeName("n1"), channel=Channel.STATE)


def sealed(message: Message, keys: Keys = KEYS, broker: BrokerName = BROKER) -> Letter:
    """Return the message as this cluster publishes it."""
    return seal(message, keys=keys, broker=broker, cluster="web")


def opened(
    data: bytes, place: Place = LOG, *, keys: Keys = KEYS, broker: BrokerName = BROKER, retained: bool = False
) -> Message | DropReason:
    """Open bytes as a node of this cluster does."""
    return open_envelope(data, keys=keys, broker=broker, cluster="web", place=place, retained=retained)


@few
@given(messages, st.sampled_from([KEYS, NONE]))
def test_sealed_messages_open(message: Message, keys: Keys) -> None:
    """Signed or not, every message arrives as it was sent, on its topic."""
    letter = sealed(message, keys)
    place = place_of("web", letter.topic)
    assert place is not None
    assert place.sender == message.sender
    assert opened(letter.payload, place, keys=keys, retained=letter.retained) == message


@few
@given(st.binary(max_size=400), st.sampled_from([KEYS, NONE]), st.sampled_from([LOG, STATE]), st.booleans())
def test_no_bytes_raise(data: bytes, keys: Keys, place: Place, retained: bool) -> None:
    """Whatever a broker delivers is a message or a reason."""
    for marker in (b"", b"u", b"s", b"u{", b'u{"v":1,'):
        assert isinstance(opened(marker + data, place, keys=keys, retained=retained), DropReason)


@few
@given(messages, st.data())
def test_a_changed_bit_breaks_the_signature(message: Message, data: st.DataObject) -> None:
    """No single bit of a signed message can be changed."""
    letter = sealed(message)
    place = place_of("web", letter.topic)
    assert place is not None
    changed = bytearray(letter.payload)
    at = data.draw(st.integers(1, len(changed) - 1))
    changed[at] ^= 1 << data.draw(st.integers(0, 7))
    assert opened(bytes(changed), place) is DropReason.BAD_SIGNATURE


def test_only_state_is_retained() -> None:
    """The broker keeps a node's state and nothing else."""
    assert sealed(state()).retained
    assert sealed(state()).topic == "floatip/web/node/n1/state"
    assert not sealed(heartbeat()).retained
    assert sealed(heartbeat()).topic == "floatip/web/node/n1/log"


@pytest.mark.parametrize(
    ("letter", "place", "keys", "broker", "reason"),
    [
        (sealed(heartbeat(), NONE), LOG, KEYS, BROKER, DropReason.UNSIGNED),
        (sealed(heartbeat()), LOG, NONE, BROKER, DropReason.SIGNED_WITHOUT_KEY),
        (sealed(heartbeat(), Keys((b"b" * 32,))), LOG, KEYS, BROKER, DropReason.BAD_SIGNATURE),
        (sealed(heartbeat()), LOG, KEYS, BrokerName("10.77.0.2:1883"), DropReason.BAD_SIGNATURE),
        (sealed(heartbeat(sender="n2")), LOG, KEYS, BROKER, DropReason.BAD_SIGNATURE),
        (sealed(heartbeat()), STATE, KEYS, BROKER, DropReason.BAD_SIGNATURE),
        (sealed(heartbeat(), NONE), STATE, NONE, BROKER, DropReason.MISPLACED),
        (sealed(state(), NONE), LOG, NONE, BROKER, DropReason.MISPLACED),
    ],
    ids=[
        "unsigned",
        "no-key",
        "other-key",
        "other-broker",
        "other-sender",
        "other-topic",
        "log-on-state",
        "state-on-log",
    ],
)
def test_what_is_forged_has_its_reason(
    letter: Letter, place: Place, keys: Keys, broker: BrokerName, reason: DropReason
) -> None:
    """Another key, topic, sender or broker, or a message where it does not belong, is dropped and counted as such."""
    assert opened(letter.payload, place, keys=keys, broker=broker) is reason


def test_a_retained_claim_is_misplaced() -> None:
    """Nothing that was kept by the broker passes for what a node says now."""
    letter = sealed(heartbeat())
    assert opened(letter.payload) == heartbeat()
    assert opened(letter.payload, retained=True) is DropReason.MISPLACED
    assert opened(sealed(state()).payload, STATE, retained=True) == state()


def test_another_cluster_is_another_signature() -> None:
    """Two clusters that share a key do not hear each other's recordings."""
    letter = seal(heartbeat(), keys=KEYS, broker=BROKER, cluster="other")
    assert opened(letter.payload) is DropReason.BAD_SIGNATURE


def test_large_bytes_are_not_looked_into() -> None:
    """1 MB is dropped unread, whether it claims to be signed or not."""
    for marker in (b"u", b"s", b"x"):
        assert opened(marker + b"x" * 1_000_000) is DropReason.TOO_LARGE
    assert opened(b"x" * MAX_BYTES) is DropReason.GARBLED


def test_a_future_version_is_told_only_by_a_member() -> None:
    """A newer format counts as one only if its signature is good."""
    data = b'{"v":2,"k":"new"}'
    signature = KEYS.sign(BROKER, "floatip/web/node/n1/log", data)
    assert opened(b"s" + signature + data) is DropReason.FUTURE_VERSION
    assert opened(b"u" + data, keys=NONE) is DropReason.FUTURE_VERSION
    assert opened(b"s" + b"0" * 64 + data) is DropReason.BAD_SIGNATURE


def test_both_keys_of_a_rotation_are_heard() -> None:
    """Nodes that already sign with the new key are heard by those that list it second."""
    new = Keys((b"n" * 32,))
    rotating = replace(KEYS, secrets=(*KEYS.secrets, *new.secrets))
    assert opened(sealed(heartbeat(), new).payload, keys=rotating) == heartbeat()
