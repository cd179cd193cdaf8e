"""Which rules and routes the VIPs that are bound need, and what is told of those that cannot be had."""

import asyncio
from ipaddress import ip_address, ip_interface, ip_network

import pytest

from floatip.core.types import Placed, Policy, VipName, VipSpec
from floatip.core.types import Route as Way
from floatip.hands import routing as room
from floatip.hands.routing import SourceRouting
from floatip.host.links import Link
from floatip.host.routemessages import Route, Rule
from tests.unit.hands.false_routes import FakeRoutes

GATEWAY, GATEWAY6 = ip_address("10.77.0.1"), ip_address("fd77::1")
ANY, ANY6 = ip_network("0.0.0.0/0"), ip_network("::/0")
LAN, LAN6 = ip_network("10.77.0.0/16"), ip_network("fd77::/64")


def link(name: str, *addresses: str, up: bool = True) -> Link:
    """One interface of this host."""
    return Link(name=name, index=7, mac="", up=up, addresses=tuple(ip_interface(it) for it in addresses))


LINKS = {it.name: it for it in (link("eth0", "10.77.0.11/16", "fd77::11/64"), link("eth1", "10.78.0.11/16"))}


def placed(text: str) -> Placed:
    """An address of a VIP, as the file has it."""
    where, _, interface = text.partition("@")
    one = ip_interface(where)
    return Placed(address=ip_address(one.ip), prefix=one.network.prefixlen, interface=interface or None)


def spec(name: str, *addresses: str, gateway: str = "", table: int = 150) -> VipSpec:
    """One VIP, with a gateway or without."""
    return VipSpec(
        name=VipName(name),
        addresses=tuple(map(placed, addresses)),
        interfaces=("eth0", "eth1"),
        policy=Policy.KEEP,
        route=Way(gateway=ip_address(gateway), table=table) if gateway else None,
    )


WEB = spec("web", "10.77.0.50", "fd77::50", gateway="10.77.0.1")
SHOP = spec("shop", "10.77.0.52", gateway="10.77.0.1")
SIX = spec("six", "10.77.0.53", "fd77::53", gateway="fd77::1")
PLAIN = spec("plain", "10.77.0.54")


class Scene:
    """The routing of some VIPs on this host."""

    def __init__(self, *specs: VipSpec) -> None:
        self.warnings: list[str] = []
        self.now_s = 100.0
        self.routing = SourceRouting(specs, warn=self.warnings.append, clock=lambda: self.now_s)
        self.routes = FakeRoutes()
        self.routes.robbed = True
        self.routing._routes = self.routes  # type: ignore[assignment]
        self.routing.look(LINKS)

    def bind(self, *names: str, interface: str = "eth0") -> None:
        """These are bound there."""
        self.routing.bind((VipName(name), interface) for name in names)

    def release(self, *names: str) -> None:
        """These have left."""
        self.routing.release(VipName(name) for name in names)


def out(interface: str = "eth0", *, onlink: bool = False) -> Route:
    """The way out of table 150."""
    return Route(150, ANY, interface, GATEWAY, onlink)


WEB_RULE, SHOP_RULE = Rule(ip_address("10.77.0.50"), 150), Rule(ip_address("10.77.0.52"), 150)


def test_routes_first_then_the_rules_of_the_gateways_kind() -> None:
    """An IPv4 gateway is no concern of the IPv6 address, and the other way round."""
    scene = Scene(WEB, SIX, PLAIN)
    scene.bind("web")
    assert scene.routes.there == [Route(150, LAN, "eth0"), out(), WEB_RULE]
    scene.release("web")
    scene.bind("six")
    assert scene.routes.there == [
        Route(150, LAN6, "eth0"),
        Route(150, ANY6, "eth0", GATEWAY6),
        Rule(ip_address("fd77::53"), 150),
    ]


def test_a_shared_table_stays_until_the_last_has_left() -> None:
    """A rule is each address's own."""
    scene = Scene(WEB, SHOP)
    scene.bind("web", "shop")
    assert scene.routes.there == [Route(150, LAN, "eth0"), out(), WEB_RULE, SHOP_RULE]
    scene.release("web")
    assert scene.routes.there == [Route(150, LAN, "eth0"), out(), SHOP_RULE]
    scene.release("shop")
    assert scene.routes.there == []


def test_routes_follow_the_address_to_another_interface() -> None:
    """With the subnets that are on that one."""
    scene = Scene(WEB)
    scene.bind("web")
    scene.bind("web", interface="eth1")
    assert scene.routes.there == [out("eth1", onlink=True), WEB_RULE]


def test_a_gateway_outside_every_subnet_is_on_the_link_all_the_same() -> None:
    """The VIP's own subnet, and that of the host in which the VIP is, are on the link too."""
    scene = Scene(spec("wide", "10.77.9.50/24", gateway="10.78.9.1"))
    scene.bind("wide")
    gateway = ip_address("10.78.9.1")
    assert scene.routes.there[:-1] == [
        Route(150, LAN, "eth0"),
        Route(150, ip_network("10.77.9.0/24"), "eth0"),
        Route(150, ANY, "eth0", gateway, onlink=True),
    ]


def test_an_address_that_names_its_interface_leaves_there() -> None:
    """Wherever the VIP's others are."""
    scene = Scene(spec("named", "10.78.0.50@eth1", gateway="10.78.0.1"))
    scene.bind("named")
    assert {item.interface for item in scene.routes.there if isinstance(item, Route)} == {"eth1"}


def test_a_host_that_changes_its_subnet_is_news() -> None:
    """The VIPs' own entries, and interfaces without any, are none."""
    scene = Scene(WEB)
    assert not scene.routing.look({**LINKS, "eth0": link("eth0", "10.77.0.11/16", "fd77::11/64", "10.77.0.50/24")})
    assert not scene.routing.look({**LINKS, "eth7": link("eth7", "10.77.7.7/24")})
    assert scene.routing.look({**LINKS, "eth0": link("eth0", "10.77.0.11/24")})
    scene.bind("web")
    assert scene.routes.there[0] == Route(150, ip_network("10.77.0.0/24"), "eth0")


def test_without_a_gateway_there_is_nothing_to_do() -> None:
    """But for the first look, which finds what an earlier daemon left."""
    scene = Scene(PLAIN)
    scene.bind("plain")
    scene.release("plain")
    assert scene.routing.undo(VipName("plain"), "eth0") == ()
    assert not scene.routing.look({**LINKS, "eth0": link("eth0")})
    for _ in range(3):
        scene.routing.settle()
    assert scene.routes.settled == [None]


def test_what_was_lost_is_told_once_in_a_while() -> None:
    """However often it is put back."""
    scene = Scene(WEB)
    scene.bind("web")
    for _ in range(3):
        scene.routing.settle()
        scene.now_s += room.SAID_S / 2
    assert scene.routes.settled == [None, {150}, {150}]
    told = (
        "was gone, and is put back: route 10.77.0.0/16 dev eth0 table 150, "
        "route default via 10.77.0.1 dev eth0 table 150, rule from 10.77.0.50 lookup 150"
    )
    assert scene.warnings == [told, told]


def test_what_fails_is_told_once_while_it_does() -> None:
    """With the VIPs that it concerns; not while the link is down."""
    scene = Scene(WEB, SHOP)
    scene.routes.refused = {out(): "the route could not be put there"}
    scene.bind("web")
    scene.bind("shop")
    [told] = scene.warnings
    assert told == (
        "the route could not be put there; until then replies of web may leave by another way than their `gateway`; "
        "tries again"
    )
    scene.routing.look({**LINKS, "eth0": link("eth0", "10.77.0.11/16", up=False)})
    scene.routing.settle()
    scene.routing.look(LINKS)
    scene.routing.settle()
    again = [text for text in scene.warnings if text.startswith("the route")]
    assert again == [told, told.replace("web", "web, shop")]


def test_a_kernel_that_does_not_tell_is_asked_again() -> None:
    """The look into every table is not forgotten."""
    scene = Scene(WEB)
    scene.routes.mute = True
    scene.routing.settle()
    assert scene.warnings == ["the kernel did not list its rules; looks again soon"]
    scene.routes.mute = False
    scene.routing.settle()
    assert scene.routes.settled == [None]


async def test_a_burst_of_changes_is_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Soon, and none once the hand is closed."""
    monkeypatch.setattr(room, "SOON_S", 0.01)
    scene = Scene(WEB)
    for _ in range(3):
        scene.routing.changed()
    await asyncio.sleep(0.1)
    assert len(scene.routes.settled) == 1
    scene.routing.changed()
    scene.routing.close()
    assert scene.routing._soon is None
    assert len(scene.routes.settled) == 1


def test_the_sentinel_undoes_what_the_vip_needs() -> None:
    """Its rules, and the routes of its table."""
    scene = Scene(WEB, SHOP)
    web, shop = (scene.routing.undo(VipName(name), "eth0") for name in ("web", "shop"))
    assert len(web) == len(shop) == 3
    assert len(set(web) & set(shop)) == 2
