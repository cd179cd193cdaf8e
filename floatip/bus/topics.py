"""Where messages travel. Knows: the names of topics. Never: what is in a message.

The sender of a message is whoever its topic names, so that a broker's ACL can hold each node to its own name.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from floatip.core.types import NodeName

_NODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z", re.ASCII)


class Channel(StrEnum):
    """The two topics of a node: what it says now, and what the broker keeps of it (retained)."""

    LOG = "log"
    STATE = "state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a topic tells: whose it is, and which of the two."""

    sender: NodeName
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One MQTT message: a topic, what is published on it, and whether the broker keeps it (or had kept it)."""

    topic: str
    payload: bytes
    retained: bool = False


def topic_of(cluster: str, node: NodeName, channel: Channel) -> str:
    """Return the topic on which ``node`` speaks."""
    return f"floatip/{cluster}/node/{node}/{channel}"


def subscription(cluster: str) -> str:
    """Return the one filter that matches every topic of the cluster."""
    return f"floatip/{cluster}/node/#"


def place_of(cluster: str, topic: str) -> Place | None:
    """Return sender and channel of a topic of this cluster; None for any other topic."""
    prefix = f"floatip/{cluster}/node/"
    if not topic.startswith(prefix):
        return None
    node, _, channel = topic[len(prefix) :].partition("/")
    if channel not in {"log", "state"} or not _NODE.match(node):
        return None
    return Place(sender=NodeName(node), channel=Channel(channel))
