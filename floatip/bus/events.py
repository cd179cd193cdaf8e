"""What a session tells its daemon. Knows: past facts. Never: what is to be done about them."""

from dataclasses import dataclass
from enum import StrEnum

from floatip.core.messages import Message
from floatip.core.types import BrokerName, NodeName


class DropReason(StrEnum):
    """Why a message that a broker delivered was not believed."""

    TOO_LARGE = "too large"
    """Longer than any message of ours; not looked into."""
    NOT_OURS = "not ours"
    """The topic is not one of this cluster's."""
    MISPLACED = "misplaced"
    """On a topic where such a message never travels, or kept by the broker where nothing is kept."""
    UNSIGNED = "unsigned"
    """We have keys and the sender, it seems, has none."""
    SIGNED_WITHOUT_KEY = "signed, and we have no key"
    """The sender has keys and we have none."""
    BAD_SIGNATURE = "bad signature"
    """Signed with a key that is none of ours, or for another broker or topic, or changed on the way."""
    FUTURE_VERSION = "future version"
    """In a format newer than ours."""
    GARBLED = "garbled"
    """Not of the form."""
    OLD = "old or repeated"
    """Verified, and not beyond what its sender said before on that broker: held back, delivered twice or replayed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """The session stands: connected, subscribed, nothing published yet."""

    broker: BrokerName
    session: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A message came, verified and of the form; ``retained`` if it is an old one that the broker kept.

    ``old``: its sender had said more than that before, so that it tells nothing new (``DropReason.OLD``).
    """

    broker: BrokerName
    message: Message
    retained: bool
    old: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A message came and was not believed; ``sender`` is whom its topic names, if it is a topic of ours."""

    broker: BrokerName
    reason: DropReason
    sender: NodeName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """The session that was up has ended; exactly one for each ``Up``."""

    broker: BrokerName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """An attempt to get a session failed; the next one follows by itself."""

    broker: BrokerName
    reason: str


SessionEvent = Up | Delivered | Dropped | Down | Unreachable
