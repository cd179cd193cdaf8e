"""What changes in service in a play: whether services are well, and how nodes are configured. Never: what follows.

> checks                  the VIP of all nodes depends on a check; ``checks -50``: it only has that weight
> fails a                 the check of a fails from now on; ``well a``
> reload a priority=150   a reads its configuration again: something is said otherwise of web
                          (also ``address=10.77.0.60``), ``+mail``: it has another VIP, ``-web``: it has not
"""

from dataclasses import replace
from ipaddress import ip_address

from floatip.core import events as ev
from floatip.core.types import CheckName, CheckSpec, Placed, VipName, VipSpec
from tests.unit.core.operators import Operator

HTTP = CheckName("http")
WEB, MAIL = VipName("web"), VipName("mail")
SPARE = VipSpec(name=MAIL, addresses=(Placed(address=ip_address("10.77.0.51"), prefix=32),), interfaces=("eth0",))


class Upkeep(Operator):
    """Whoever looks after the nodes."""

    def do_checks(self, weight: str = "0") -> None:
        """Configure all nodes: their service is watched, and is well."""
        check = CheckSpec(name=HTTP, rise=1, fall=1, weight=int(weight))
        for node in self.world.nodes.values():
            vips = tuple(replace(vip, checks=(HTTP,)) for vip in node.spec.vips)
            node.spec = replace(node.spec, vips=vips, checks=(check,))

    def do_fails(self, name: str) -> None:
        """Let the service of a node fail."""
        self.world.nodes[name].give(ev.Checked(check=HTTP, passed=False, output="503"))

    def do_well(self, name: str) -> None:
        """Let it be well again."""
        self.world.nodes[name].give(ev.Checked(check=HTTP, passed=True))

    def do_reload(self, name: str, *changes: str) -> None:
        """Have a node read its configuration again."""
        node = self.world.nodes[name]
        vips = {vip.name: vip for vip in node.spec.vips}
        for change in changes:
            key, _, value = change.partition("=")
            if change == "+mail":
                vips[MAIL] = SPARE
            elif change.startswith("-"):
                del vips[VipName(change[1:])]
            elif key == "address":
                vips[WEB] = replace(vips[WEB], addresses=(Placed(address=ip_address(value), prefix=32),))
            else:
                vips[WEB] = replace(vips[WEB], priority=int(value))
        node.spec = replace(node.spec, vips=tuple(vips.values()))
        node.give(ev.Reconfigured(spec=node.spec))
