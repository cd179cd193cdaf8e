"""How far each sender has come on one broker: what is not beyond that is old. Knows: places. Never: drops a message.

An old message is one that was held back, delivered twice or recorded and replayed, or its sender begins again below
its own past. Nothing follows from it but that its sender is told (the core sees to both); it is counted.
"""

from collections import OrderedDict

from floatip.bus.wire import MAX_PEERS
from floatip.core.messages import Message, Will
from floatip.core.types import NodeName, Origin


class Newest:
    """The newest place of each sender; at most ``MAX_PEERS`` senders, the one heard longest ago makes room."""

    def __init__(self) -> None:
        self._places: OrderedDict[NodeName, Origin] = OrderedDict()

    def is_old(self, message: Message) -> bool:
        """Take a live message; return whether its sender was further already. A will has no place in the order."""
        if isinstance(message.body, Will):
            return False
        known = self._places.get(message.sender)
        if known is not None and message.origin <= known:
            return True
        self._places[message.sender] = message.origin
        self._places.move_to_end(message.sender)
        if len(self._places) > MAX_PEERS:
            self._places.popitem(last=False)
        return False
