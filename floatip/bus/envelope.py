"""What is published: a signature around a message. Knows: the order of the checks. Never: a socket.

``u`` and the message, where the cluster has no keys; ``s``, the signature and the message, where it has.
"""

from floatip.bus import codec, wire
from floatip.bus.events import DropReason
from floatip.bus.signing import SIGNATURE_BYTES, Keys
from floatip.bus.topics import Channel, Letter, Place, topic_of
from floatip.core.messages import Message, State
from floatip.core.types import BrokerName

MAX_BYTES = 1 + SIGNATURE_BYTES + wire.MAX_BYTES
_PLAIN = b"u"
_SIGNED = b"s"


def channel_of(message: Message) -> Channel:
    """Return where such a message travels: state on its own topic, all else on the log."""
    return Channel.STATE if isinstance(message.body, State) else Channel.LOG


def seal(message: Message, *, keys: Keys, broker: BrokerName, cluster: str) -> Letter:
    """Return what to publish on this broker; ``BusError`` if the message is too long."""
    channel = channel_of(message)
    topic = topic_of(cluster, message.sender, channel)
    data = codec.encode(message)
    marked = _SIGNED + keys.sign(broker, topic, data) + data if keys else _PLAIN + data
    return Letter(topic=topic, payload=marked, retained=channel is Channel.STATE)


def open_envelope(  # noqa: PLR0911 (one return for each reason)
    data: bytes, *, keys: Keys, broker: BrokerName, cluster: str, place: Place, retained: bool = False
) -> Message | DropReason:
    """Return the message that came on this broker at this place, or why it is not believed; never raises."""
    if len(data) > MAX_BYTES:
        return DropReason.TOO_LARGE
    if retained and place.channel is not Channel.STATE:
        return DropReason.MISPLACED
    marker = data[:1]
    if marker == _PLAIN:
        if keys:
            return DropReason.UNSIGNED
        payload = data[1:]
    elif marker == _SIGNED:
        if not keys:
            return DropReason.SIGNED_WITHOUT_KEY
        signature, payload = data[1 : 1 + SIGNATURE_BYTES], data[1 + SIGNATURE_BYTES :]
        topic = topic_of(cluster, place.sender, place.channel)
        if not keys.verify(signature, broker, topic, payload):
            return DropReason.BAD_SIGNATURE
    else:
        return DropReason.GARBLED
    message = codec.decode(payload, place.sender)
    if isinstance(message, Message) and channel_of(message) is not place.channel:
        return DropReason.MISPLACED
    return message
