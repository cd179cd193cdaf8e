"""The operators of a play. Knows: how they ask. Never: what becomes of it.

> failover web via c      an operator asks at c; ``to b``: for that node
> drain a via c           orders at c that a takes no VIPs; ``forced``: even if nobody can take its VIPs
> freeze web for a via c  that web is not moved
> pin web to b via c      that web prefers b
> undrain a via c         revokes that; ``thaw web via c``, ``unpin web via c``
> announce web via c      asks to have it announced again
> errand inventory at b via c
"""

from floatip.core import events as ev
from floatip.core.messages import Errand, Task
from floatip.core.types import DirectiveKind, NodeName, VipName
from tests.unit.core.world import World


class Operator:
    """All of them; each wish has an id of its own."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._wishes = 0

    def _id(self) -> str:
        self._wishes += 1
        return f"op{self._wishes}"

    def do_failover(self, vip: str, *words: str) -> None:
        """Ask for a failover."""
        asked = dict(zip(words[::2], words[1::2], strict=True))
        to = NodeName(asked["to"]) if "to" in asked else None
        wish = ev.FailoverAsked(id=self._id(), vips=(VipName(vip),), to=to, timeout_s=5.0)
        self.world.nodes[asked["via"]].give(wish)

    def do_announce(self, vip: str, _: str, via: str) -> None:
        """Ask to have a VIP announced again."""
        self.world.nodes[via].give(ev.AnnounceAsked(id=self._id(), vip=VipName(vip)))

    def do_errand(self, task: str, _: str, at: str, __: str, via: str) -> None:
        """Ask for something to be done on a host."""
        errand = Errand(task=Task(task), address="10.77.0.99")
        self.world.nodes[via].give(ev.ErrandAsked(id=self._id(), at=NodeName(at), errand=errand))

    # -- orders that last ---------------------------------------------------------------------------------------------

    def _order(self, kind: DirectiveKind, subject: str, value: str, via: str) -> None:
        order = ev.DirectiveAsked(id=self._id(), kind=kind, subjects=(subject,), value=value, timeout_s=5.0)
        self.world.nodes[via].give(order)

    def do_drain(self, name: str, _: str, via: str, how: str = "yes") -> None:
        """Order that a node takes no VIPs."""
        self._order(DirectiveKind.DRAIN, name, how, via)

    def do_undrain(self, name: str, _: str, via: str) -> None:
        """Revoke that."""
        self._order(DirectiveKind.DRAIN, name, "", via)

    def do_freeze(self, vip: str, _: str, node: str, __: str, via: str) -> None:
        """Order that a VIP is not moved."""
        self._order(DirectiveKind.FREEZE, vip, node, via)

    def do_thaw(self, vip: str, _: str, via: str) -> None:
        """Revoke that."""
        self._order(DirectiveKind.FREEZE, vip, "", via)

    def do_pin(self, vip: str, _: str, node: str, __: str, via: str) -> None:
        """Order that a VIP prefers a node."""
        self._order(DirectiveKind.PIN, vip, node, via)

    def do_unpin(self, vip: str, _: str, via: str) -> None:
        """Revoke that."""
        self._order(DirectiveKind.PIN, vip, "", via)
