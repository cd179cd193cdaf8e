"""The hand on the wire after a reload: where it listens, what it has ready, and that nothing is built twice."""

import asyncio
from collections.abc import Callable, Iterable
from ipaddress import ip_address

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.types import Mac, Placed, VipName, VipSpec
from floatip.hands import lan as hand_module
from floatip.hands.lan import AT_ONCE, LanHand
from floatip.lan.heard import Address, Heard, HeardKind, LanError

WEB, MAIL = VipName("web"), VipName("mail")
STRANGER = Mac("02:00:00:00:00:99")
FIRST = ip_address("10.77.1.0")


class FakeLan:
    """A LAN that remembers which interfaces are open, and what each has ready after each call."""

    def __init__(self, heard: Callable[[Heard], None], *, rate_per_s: float) -> None:
        self.say = heard
        self.rate_per_s = rate_per_s
        self.missing: set[str] = set()
        self.opened: dict[str, list[list[Address]]] = {}
        self.closed: list[str] = []
        self.announced: list[tuple[str, list[Address], bool]] = []
        self.cancelled: list[Address] = []

    def open(self, interface: str) -> None:
        """Listen there."""
        if interface in self.missing:
            raise LanError(f"interface {interface} does not exist")
        self.opened.setdefault(interface, [])

    def close(self, interface: str) -> None:
        """Listen there no more."""
        self.closed.append(interface)
        del self.opened[interface]

    def macs(self) -> dict[str, str]:
        """Name the open interfaces."""
        return dict.fromkeys(self.opened, "02:00:00:00:00:0a")

    def prepare(self, interface: str, addresses: Iterable[Address], most: int | None = None) -> int:
        """Have exactly these ready, so many new ones at a time; return how many are missing."""
        if interface not in self.opened:
            raise LanError(f"interface {interface} is not open")
        calls, wanted = self.opened[interface], list(addresses)
        new = [one for one in wanted if not calls or one not in calls[-1]]
        late = [] if most is None else new[most:]
        calls.append([one for one in wanted if one not in late])
        return len(late)

    def set_rate(self, rate_per_s: float) -> None:
        """Remember it."""
        self.rate_per_s = rate_per_s

    def announce(self, interface: str, addresses: Iterable[Address], *, paced: bool) -> int:
        """Remember it."""
        self.announced.append((interface, list(addresses), paced))
        return 0

    def cancel(self, addresses: Iterable[Address]) -> None:
        """Remember it."""
        self.cancelled += addresses


def vip(name: VipName, *addresses: Address, on: str = "eth0") -> VipSpec:
    """Make a VIP on one interface."""
    placed = tuple(Placed(address=one, prefix=32) for one in addresses)
    return VipSpec(name=name, addresses=placed, interfaces=tuple(on.split()))


def many(count: int, start: int = 0) -> list[Address]:
    """Make so many addresses."""
    return [FIRST + number for number in range(start, start + count)]


class Scene:
    """A hand for some VIPs, and the events that it made."""

    def __init__(self, *specs: VipSpec) -> None:
        self.posted: list[ev.Event] = []
        self.warned: list[str] = []
        self.hand = LanHand(specs, rate_per_s=500, post=self.posted.append, warn=self.warned.append)
        self.hand.open()

    @property
    def lan(self) -> FakeLan:
        """The LAN behind the hand."""
        assert isinstance(self.hand.lan, FakeLan)
        return self.hand.lan

    async def built(self, interface: str = "eth0") -> list[list[Address]]:
        """Wait until nothing more is built there; return what was to be ready, call by call."""
        calls = -1
        while calls != len(self.lan.opened[interface]):
            calls = len(self.lan.opened[interface])
            await asyncio.sleep(2 * hand_module.BREATH_S)
        return self.lan.opened[interface]

    def hears(self, address: Address, interface: str = "eth0") -> list[VipName]:
        """Let somebody claim an address; return the VIPs of which that is told."""
        self.posted.clear()
        kind = HeardKind.ANNOUNCEMENT
        self.lan.say(Heard(interface=interface, address=address, mac=STRANGER, kind=kind, to_us=False))
        return [one.vip for one in self.posted if isinstance(one, ev.Answered)]


@pytest.fixture(autouse=True)
def _no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a LAN without sockets, and a hand that breathes quickly."""
    monkeypatch.setattr(hand_module, "Lan", FakeLan)
    monkeypatch.setattr(hand_module, "BREATH_S", 0.001)


async def test_it_listens_where_a_vip_can_be_and_nowhere_else() -> None:
    """Interfaces are opened and closed; one that stays is looked at again, and not closed meanwhile."""
    scene = Scene(vip(WEB, *many(1)), vip(MAIL, *many(1, 1), on="eth1"))
    assert scene.lan.opened == {"eth0": [many(1)], "eth1": [many(1, 1)]}
    scene.hand.configure([vip(WEB, *many(1), on="eth0 eth2")])
    assert scene.lan.closed == ["eth1"]
    assert scene.lan.opened == {"eth0": [many(1), many(1)], "eth2": [many(1)]}
    scene.hand.configure([])
    assert scene.lan.opened == {}


async def test_an_interface_that_cannot_be_opened_is_named_and_the_others_are_used() -> None:
    """Nothing is built for it."""
    scene = Scene(vip(WEB, *many(1)))
    scene.lan.missing.add("eth7")
    scene.hand.configure([vip(MAIL, *many(1, 1), on="eth7"), vip(WEB, *many(2))])
    assert scene.warned == ["interface eth7 does not exist"]
    assert scene.lan.opened == {"eth0": [many(1), many(2)]}


async def test_what_is_new_is_built_bit_by_bit_and_what_is_ready_stays() -> None:
    """A frame takes milliseconds, and heartbeats wait for none."""
    scene = Scene(vip(WEB, *many(10)))
    scene.hand.configure([vip(MAIL, *many(9, 10)), vip(WEB, *many(10))])
    calls = await scene.built()
    assert [len(one) for one in calls] == [10, 10 + AT_ONCE, 10 + 2 * AT_ONCE, 19]
    assert all(set(many(10)) <= set(one) for one in calls)
    assert set(calls[-1]) == set(many(19))


async def test_what_is_gone_is_forgotten() -> None:
    """At once."""
    scene = Scene(vip(WEB, *many(10)), vip(MAIL, *many(3, 10)))
    scene.hand.configure([vip(MAIL, *many(3, 10))])
    assert (await scene.built())[1:] == [many(3, 10)]


async def test_a_later_configuration_ends_the_building_for_an_earlier_one() -> None:
    """Nothing is built of what is not configured any more."""
    scene = Scene(vip(WEB, *many(1)))
    scene.hand.configure([vip(WEB, *many(1)), vip(MAIL, *many(100, 1))])
    scene.hand.configure([vip(WEB, *many(1))])
    scene.lan.opened["eth0"].clear()
    assert await scene.built() == []
    scene.hand.configure([vip(MAIL, *many(100, 1))])
    scene.hand.configure([])
    assert scene.lan.opened == {}


async def test_it_knows_the_new_addresses_and_no_longer_the_old_ones() -> None:
    """What is heard of them on an interface where the VIP cannot be concerns nobody."""
    old, new = many(2)
    scene = Scene(vip(WEB, old))
    assert (scene.hears(old), scene.hears(new)) == ([WEB], [])
    scene.hand.configure([vip(WEB, new), vip(MAIL, old, on="eth1")])
    assert (scene.hears(old), scene.hears(old, "eth1")) == ([], [MAIL])
    assert (scene.hears(new), scene.hears(new, "eth1")) == ([WEB], [])


async def test_the_first_announcement_of_one_that_is_begun_anew_goes_out_at_once() -> None:
    """As that of any other; one that did not change keeps its pace."""
    old, new = many(2)
    scene = Scene(vip(WEB, old), vip(MAIL, *many(1, 5)))
    for name in (WEB, MAIL):
        scene.hand.announce(ef.Announce(vip=name, interface="eth0"))
    scene.hand.forget([WEB])
    assert scene.lan.cancelled == [old]
    scene.hand.configure([vip(WEB, new), vip(MAIL, *many(1, 5))])
    scene.lan.announced.clear()
    for name in (WEB, MAIL):
        scene.hand.announce(ef.Announce(vip=name, interface="eth0"))
    assert scene.lan.announced == [("eth0", [new], False), ("eth0", many(1, 5), True)]


async def test_the_pace_can_change() -> None:
    """For all interfaces."""
    scene = Scene(vip(WEB, *many(1)))
    scene.hand.set_rate(7.0)
    assert scene.lan.rate_per_s == 7.0
