"""The hand in the kernel after a reload: what it watches, what it has ready, and what it leaves as it is."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.types import Address, Placed, Route, Timing, VipName, VipSpec
from floatip.hands import kernel as hand_module
from floatip.hands import routing as routing_module
from floatip.hands.kernel import KernelHand
from floatip.host.addresses import Alias, Found, Outcome
from floatip.host.links import Link
from floatip.host.routemessages import Rule
from tests.unit.hands.false_routes import FakeRoutes

WEB, MAIL = VipName("web"), VipName("mail")
OLD, NEW, OTHER, GATEWAY = (ip_address(f"10.77.0.{number}") for number in (50, 60, 51, 1))


@dataclass
class FakeAddresses:
    """Addresses without a kernel."""

    removed: Callable[..., None]
    held: dict[Address, Alias] = field(default_factory=dict)
    ready: list[Address] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def open(self) -> None:
        """Open nothing."""

    def prepare(self, aliases: Iterable[Alias]) -> None:
        """Remember what is ready."""
        self.ready = [alias.address for alias in aliases]

    def ensure(self, aliases: Sequence[Alias], lifetime_s: int, *, verify: bool = False) -> list[Outcome]:
        """Have them."""
        self.calls.append("ensure")
        self.held |= {alias.address: alias for alias in aliases}
        return [Outcome(alias=alias) for alias in aliases]

    def remove(self, aliases: Sequence[Alias], *, foreign_too: bool = False) -> list[Outcome]:
        """Have them no more."""
        self.calls.append("remove")
        for alias in aliases:
            self.held.pop(alias.address, None)
        return [Outcome(alias=alias) for alias in aliases]

    def present(self) -> list[Found]:
        """Say what there is."""
        return [
            Found(address=alias.address, prefix=32, interface="eth0", label="", valid_lft_s=3, proto=0, ours=True)
            for alias in self.held.values()
        ]


@dataclass
class FakeWatcher:
    """A watcher that sees nothing."""

    told: Callable[..., None]
    addresses: set[Address] = field(default_factory=set)
    interfaces: tuple[str, ...] = ()
    tables: set[int] = field(default_factory=set)

    def watch(self, addresses: Collection[Address], interfaces: Collection[str], tables: Collection[int] = ()) -> None:
        """Remember whom to watch."""
        self.addresses, self.interfaces, self.tables = set(addresses), tuple(interfaces), set(tables)

    def open(self) -> None:
        """Open nothing."""

    def disregard(self, *_: object) -> None:
        """Expect nothing."""


class FakeSentinel:
    """A sentinel that remembers what it was told."""

    def __init__(self) -> None:
        self.ready: list[tuple[VipName, list[Address]]] = []
        self.held: dict[str, list[Address]] = {}

    def prepare(self, wards: Iterable[Any]) -> None:
        """Remember what is ready."""
        self.ready = [(ward.vip, [alias.address for alias in ward.aliases]) for ward in wards]

    def hold(self, wards: Iterable[Any]) -> None:
        """Remember what is entrusted to it."""
        self.held |= {ward.vip: [alias.address for alias in ward.aliases] for ward in wards}

    def drop(self, vips: Iterable[VipName]) -> None:
        """Forget it."""
        for vip in vips:
            self.held.pop(vip, None)

    def identify(self, macs: Iterable[str]) -> None:
        """Take it in."""


def vip(name: VipName, *addresses: Address, on: str = "eth0", table: int | None = None) -> VipSpec:
    """Make a VIP, with a gateway if it has a table."""
    placed = tuple(Placed(address=one, prefix=32) for one in addresses)
    route = Route(gateway=GATEWAY, table=table) if table is not None else None
    return VipSpec(name=name, addresses=placed, interfaces=tuple(on.split()), route=route)


class Scene:
    """A hand on a host with three interfaces, and the events that it made."""

    def __init__(self, *specs: VipSpec) -> None:
        self.posted: list[ev.Event] = []
        self.sentinel = FakeSentinel()
        more: dict[str, Any] = {"timing": Timing(), "sentinel": self.sentinel}
        self.hand = KernelHand(specs, **more, post=self.posted.append, warn=pytest.fail, clock=lambda: 0.0)
        self.hand.open()

    @property
    def kernel(self) -> FakeAddresses:
        """What the kernel has."""
        assert isinstance(self.hand.addresses, FakeAddresses)
        return self.hand.addresses

    @property
    def rules(self) -> list[Rule]:
        """Which addresses leave by which table."""
        routes = self.hand._routing._routes
        assert isinstance(routes, FakeRoutes)
        return [item for item in routes.there if isinstance(item, Rule)]

    @property
    def watcher(self) -> FakeWatcher:
        """Whom it watches."""
        assert isinstance(self.hand.watcher, FakeWatcher)
        return self.hand.watcher

    def binds(self, name: VipName, interface: str = "eth0") -> None:
        """Let a VIP be here."""
        bind = ef.Bind(vip=name, interface=interface, lifetime_s=3, not_after=1.0)
        self.hand.add(ef.Add(binds=(bind,)))

    def configured(self, *specs: VipSpec) -> list[ev.Event]:
        """Have these VIPs from now on; return the events that this makes."""
        self.posted.clear()
        self.kernel.calls.clear()
        self.hand.configure(specs)
        return self.posted

    def told(self, kind: type[ev.AddressGone] | type[ev.AddressAppeared]) -> list[tuple[VipName, Address]]:
        """Of which addresses this was told."""
        return [(one.vip, one.address) for one in self.posted if isinstance(one, kind)]


@pytest.fixture(autouse=True)
def _no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a host without a kernel."""
    links = {
        name: Link(name=name, index=index, mac="02:00:00:00:00:0a", up=True, addresses=())
        for index, name in enumerate(("lo", "eth0", "eth1"), 1)
    }
    monkeypatch.setattr(hand_module, "Addresses", FakeAddresses)
    monkeypatch.setattr("floatip.host.watch.Watcher", FakeWatcher)
    monkeypatch.setattr(routing_module, "Routes", FakeRoutes)
    for module in (hand_module, routing_module):
        monkeypatch.setattr(module, "links", lambda: links)


def test_it_watches_what_is_configured_now_and_has_it_ready() -> None:
    """Addresses and interfaces, for kernel and sentinel."""
    scene = Scene(vip(WEB, OLD))
    assert (scene.watcher.addresses, scene.watcher.interfaces) == ({OLD}, ("eth0",))
    events = scene.configured(vip(WEB, NEW, on="eth0 eth1"), vip(MAIL, OTHER))
    assert (scene.watcher.addresses, scene.watcher.interfaces) == ({NEW, OTHER}, ("eth0", "eth1"))
    assert set(scene.kernel.ready) == {NEW, OTHER}
    assert scene.sentinel.ready == [(WEB, [NEW]), (WEB, [NEW]), (MAIL, [OTHER])]
    assert [one for one in events if isinstance(one, ev.LinkChanged)] == [
        ev.LinkChanged(interface="eth0", up=True),
        ev.LinkChanged(interface="eth1", up=True),
    ]
    assert [one for one in events if isinstance(one, ev.IdentityChanged)]


def test_what_is_bound_of_a_vip_that_stays_is_left_as_it_is() -> None:
    """The kernel is asked for nothing, and nothing is missed; it is renewed and removed as before."""
    scene = Scene(vip(WEB, OLD))
    scene.binds(WEB)
    scene.configured(vip(MAIL, OTHER), vip(WEB, OLD))
    assert scene.kernel.calls == []
    assert (scene.told(ev.AddressGone), scene.told(ev.AddressAppeared)) == ([], [])
    assert scene.sentinel.held == {WEB: [OLD]}
    scene.hand.unbind(ef.Unbind(vips=(WEB,)))
    assert scene.kernel.held == {}
    assert scene.sentinel.held == {}


def test_a_vip_that_is_begun_anew_is_removed_as_it_was_and_added_as_it_is_now() -> None:
    """Nothing is left of it in between."""
    scene = Scene(vip(WEB, OLD))
    scene.binds(WEB)
    scene.hand.unbind(ef.Unbind(vips=(WEB,)))
    scene.configured(vip(WEB, NEW, on="eth1"))
    assert scene.told(ev.AddressGone) == []
    scene.binds(WEB, "eth1")
    assert {address: alias.interface for address, alias in scene.kernel.held.items()} == {NEW: "eth1"}
    assert scene.sentinel.held == {WEB: [NEW]}


def test_an_address_of_a_new_vip_that_is_here_already_is_told_of() -> None:
    """This node is not its owner, so it does not stay."""
    scene = Scene(vip(WEB, OLD))
    scene.kernel.held[OTHER] = Alias(address=OTHER, prefix=32, interface="eth0", label="mail")
    scene.configured(vip(WEB, OLD), vip(MAIL, OTHER))
    assert scene.told(ev.AddressAppeared) == [(MAIL, OTHER)]


def test_an_address_that_went_away_meanwhile_is_told_of() -> None:
    """As at any look."""
    scene = Scene(vip(WEB, OLD))
    scene.binds(WEB)
    scene.kernel.held.clear()
    scene.configured(vip(WEB, OLD), vip(MAIL, OTHER))
    assert scene.told(ev.AddressGone) == [(WEB, OLD)]


def test_an_interface_that_is_not_here_has_no_link() -> None:
    """It may come."""
    scene = Scene(vip(WEB, OLD))
    events = scene.configured(vip(WEB, OLD, on="eth7"))
    assert [one for one in events if isinstance(one, ev.LinkChanged)] == [ev.LinkChanged(interface="eth7", up=False)]


def test_gateways_come_and_go_with_their_vips() -> None:
    """What is bound of a VIP that stays keeps its way; the tables of those that are gone are watched no more."""
    scene = Scene(vip(WEB, OLD, table=150))
    scene.binds(WEB)
    assert (scene.watcher.tables, scene.rules) == ({150}, [Rule(OLD, 150)])
    scene.configured(vip(WEB, OLD, table=150), vip(MAIL, OTHER, table=151))
    assert (scene.watcher.tables, scene.rules) == ({150, 151}, [Rule(OLD, 150)])
    scene.binds(MAIL)
    assert scene.rules == [Rule(OLD, 150), Rule(OTHER, 151)]
    scene.hand.unbind(ef.Unbind(vips=(WEB,)))
    scene.configured(vip(WEB, OLD), vip(MAIL, OTHER, table=151))
    scene.binds(WEB)
    assert (scene.watcher.tables, scene.rules) == ({151}, [Rule(OTHER, 151)])
