"""Several wires together, and errors that name the remedy; the wires here only remember what they were asked."""

import asyncio
import errno
import os
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address

import pytest

from floatip.lan import lan as lan_module
from floatip.lan import wire as wire_module
from floatip.lan.heard import Address, Heard, LanError
from floatip.lan.lan import Lan
from floatip.lan.wire import Wire

VIPS: list[Address] = [IPv4Address("10.77.0.50") + i for i in range(100)]
INDEXES = {"eth0": 2, "eth1": 3}
MACS = {"eth0": "02:00:00:00:00:01", "eth1": "02:00:00:00:00:02"}


class FakeWire(Wire):
    """A wire without sockets."""

    def __init__(self, interface: str, heard: Callable[[Heard], None], is_own: Callable[[str], bool]) -> None:
        self.interface = interface
        self.index = INDEXES[interface]
        self.mac = MACS[interface]
        self.is_own = is_own
        self.announced: list[Address] = []
        self.probed: list[tuple[Address, str | None]] = []
        self.asked: list[tuple[Address, str | None]] = []
        self.calls: list[str] = []
        self.went_out = asyncio.Event()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note the call."""
        self.calls.append("start")

    def close(self) -> None:
        """Note the call."""
        self.calls.append("close")

    def reopen(self) -> None:
        """Note the call."""
        self.calls.append("reopen")

    def refresh_mac(self) -> bool:
        """Note the call."""
        self.calls.append("refresh")
        return False

    def announce(self, addresses: Iterable[Address]) -> int:
        """Remember what would have gone out."""
        batch = list(addresses)
        self.announced += batch
        self.went_out.set()
        return 2 * len(batch)

    async def has_announced(self, address: Address) -> None:
        """Wait until an address has gone out."""
        async with asyncio.timeout(10):
            while address not in self.announced:
                self.went_out.clear()
                await self.went_out.wait()

    def probe(self, address: Address, to_mac: str | None = None) -> None:
        """Remember what would have been asked."""
        self.probed.append((address, to_mac))

    def ask(self, address: Address, to_mac: str | None = None) -> None:
        """Remember whom it was to ask."""
        self.asked.append((address, to_mac))


class Scene:
    """A Lan with two fake wires."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, rate_per_s: float) -> None:
        self.wires: dict[str, FakeWire] = {}
        monkeypatch.setattr(lan_module, "_index_of", INDEXES.get)
        self.lan = Lan(lambda _: None, rate_per_s=rate_per_s, wire=self._make)
        self.lan.open("eth0")
        self.lan.open("eth1")

    def _make(self, interface: str, heard: Callable[[Heard], None], is_own: Callable[[str], bool]) -> Wire:
        self.wires[interface] = FakeWire(interface, heard, is_own)
        return self.wires[interface]


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Open two wires that let out a hundred paced addresses in a fifth of a second."""
    return Scene(monkeypatch, rate_per_s=1000)


async def test_first_round_goes_out_at_once(scene: Scene) -> None:
    """An announcement that is not paced has left for all addresses when the call returns."""
    assert scene.lan.announce("eth0", VIPS) == 200
    assert scene.wires["eth0"].announced == VIPS


async def test_later_rounds_are_paced(scene: Scene) -> None:
    """A paced round starts at once, comes out whole and in order, and takes as long as the rate says."""
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    sent = scene.lan.announce("eth0", VIPS, paced=True)
    assert 0 < sent < 200
    await scene.wires["eth0"].has_announced(VIPS[-1])
    assert loop.time() - start_s >= 0.14
    assert scene.wires["eth0"].announced == VIPS


async def test_a_pace_that_changes_counts_for_all_interfaces(scene: Scene) -> None:
    """Those that are open, what waits on them included, and those that are opened later."""
    scene.lan.announce("eth0", VIPS, paced=True)
    scene.lan.close("eth1")
    scene.lan.set_rate(100_000)
    scene.lan.open("eth1")
    start_s = asyncio.get_running_loop().time()
    scene.lan.announce("eth1", [VIPS[0]], paced=True)
    scene.lan.announce("eth1", VIPS[1:50], paced=True)
    await scene.wires["eth0"].has_announced(VIPS[-1])
    assert asyncio.get_running_loop().time() - start_s < 0.14
    assert scene.wires["eth1"].announced == VIPS[:50]


async def test_cancelled_address_is_never_announced(scene: Scene) -> None:
    """After cancel returns, not one more frame leaves for the address; the others still get theirs."""
    scene.lan.announce("eth0", VIPS, paced=True)
    before = list(scene.wires["eth0"].announced)
    scene.lan.cancel(VIPS[::2])
    await asyncio.sleep(0.3)
    assert set(scene.wires["eth0"].announced) - set(before) == set(VIPS[1::2]) - set(before)


async def test_newer_call_supersedes_what_is_queued(scene: Scene) -> None:
    """An address that is announced at once, on whichever interface, loses its place in every queue."""
    scene.lan.announce("eth0", VIPS, paced=True)
    before = list(scene.wires["eth0"].announced)
    scene.lan.announce("eth1", VIPS)
    await asyncio.sleep(0.3)
    assert scene.wires["eth0"].announced == before
    assert scene.wires["eth1"].announced == VIPS


async def test_rounds_that_overlap_do_not_pile_up(scene: Scene) -> None:
    """A second paced round while the first still waits sends each waiting address once."""
    scene.lan.announce("eth0", VIPS, paced=True)
    scene.lan.announce("eth0", VIPS, paced=True)
    await asyncio.sleep(0.5)
    announced = scene.wires["eth0"].announced
    assert set(announced) == set(VIPS)
    assert announced.count(VIPS[-1]) == 1


async def test_close_forgets_the_queue(scene: Scene) -> None:
    """Nothing leaves an interface after it was closed, and its wire is closed too."""
    scene.lan.announce("eth0", VIPS, paced=True)
    before = list(scene.wires["eth0"].announced)
    scene.lan.close("eth0")
    await asyncio.sleep(0.3)
    assert scene.wires["eth0"].announced == before
    assert scene.wires["eth0"].calls == ["start", "close"]
    assert scene.lan.macs() == {"eth1": MACS["eth1"]}
    scene.lan.close()
    assert scene.lan.macs() == {}


async def test_probe_asks_everybody_and_each(scene: Scene) -> None:
    """A probe goes to the whole LAN, and to each of the MACs by itself."""
    scene.lan.probe("eth0", VIPS[0], ["02:00:00:00:00:08", "02:00:00:00:00:09"])
    assert scene.wires["eth0"].probed == [
        (VIPS[0], None),
        (VIPS[0], "02:00:00:00:00:08"),
        (VIPS[0], "02:00:00:00:00:09"),
    ]


async def test_a_host_is_asked_for_on_its_own_lan(scene: Scene) -> None:
    """A question goes out once, on the interface it is for, and to nobody through one that was never opened."""
    scene.lan.ask("eth1", VIPS[0], "02:00:00:00:00:08")
    scene.lan.ask("eth1", VIPS[1])
    assert scene.wires["eth1"].asked == [(VIPS[0], "02:00:00:00:00:08"), (VIPS[1], None)]
    assert scene.wires["eth0"].asked == []
    with pytest.raises(LanError, match="eth7 is not open"):
        scene.lan.ask("eth7", VIPS[0])


async def test_all_wires_know_all_own_macs(scene: Scene) -> None:
    """What one interface sends is no stranger's when another interface on the same LAN hears it."""
    assert scene.wires["eth0"].is_own(MACS["eth1"])
    assert not scene.wires["eth0"].is_own("02:00:00:00:00:09")


async def test_open_again_follows_the_link(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening again reads the MAC of the same link, and reopens if the name means another link now."""
    scene.lan.open("eth0")
    assert scene.wires["eth0"].calls == ["start", "refresh"]
    monkeypatch.setattr(lan_module, "_index_of", {"eth0": 9}.get)
    scene.lan.open("eth0")
    assert scene.wires["eth0"].calls == ["start", "refresh", "reopen"]


async def test_unopened_interface_is_named(scene: Scene) -> None:
    """Using an interface that was never opened names it, and those that are open."""
    with pytest.raises(LanError, match=r"eth7 is not open \(open: eth0, eth1\)"):
        scene.lan.announce("eth7", VIPS)


class BuildingWire(Wire):
    """A wire that counts what it builds, and sends nothing."""

    def __init__(self) -> None:
        self.built: list[Address] = []
        super().__init__("eth0", lambda _: None)

    def _open(self) -> None:
        self.mac = MACS["eth0"]

    def _build(self, address: Address) -> tuple[bytes, ...]:
        self.built.append(address)
        return (str(address).encode(),)


def test_frames_that_are_ready_are_not_built_again() -> None:
    """Those of others are forgotten: whoever comes back is built anew."""
    wire = BuildingWire()
    wire.prepare(VIPS[:3])
    wire.prepare(VIPS[1:5])
    assert wire.built == VIPS[:5]
    assert list(wire._frames) == VIPS[1:5]
    wire.prepare(VIPS[:1])
    assert wire.built == [*VIPS[:5], VIPS[0]]


def test_missing_interface_is_named() -> None:
    """An interface that does not exist is an error that names it and the command that lists those that do."""
    with pytest.raises(LanError, match=r"interface nosuch0: .*`ip link`"):
        Wire("nosuch0", lambda _: None)


def test_interface_without_ethernet_is_named() -> None:
    """Loopback has no MAC to announce, and the error says so."""
    with pytest.raises(LanError, match=r"interface lo: its link type is 772"):
        Wire("lo", lambda _: None)


@pytest.mark.parametrize(
    ("number", "remedy"),
    [(errno.EPERM, "CAP_NET_RAW.*AmbientCapabilities"), (errno.ENODEV, "No such device; `ip link show lo`")],
)
def test_refused_socket_names_the_remedy(monkeypatch: pytest.MonkeyPatch, number: int, remedy: str) -> None:
    """A packet socket that the kernel refuses is an error that says what would help."""

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(wire_module, "_mac_of", lambda *_: MACS["eth0"])
    monkeypatch.setattr(wire_module, "_raw_socket", refuse)
    with pytest.raises(LanError, match=f"interface lo: .*{remedy}"):
        Wire("lo", lambda _: None)
