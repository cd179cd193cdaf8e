"""The hand on the wire: what becomes a frame, and which event becomes of a frame that was heard."""

from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Address

import pytest

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.types import Mac, Placed, VipName, VipSpec
from floatip.hands import lan as hand_module
from floatip.hands.lan import LanHand
from floatip.lan.heard import Address, Heard, HeardKind, LanError

WEB = VipName("web")
VIP = IPv4Address("10.77.0.50")
PEER = IPv4Address("10.77.0.12")
PEER_MAC = Mac("02:00:00:00:00:0c")
STRANGER = Mac("02:00:00:00:00:99")


class FakeLan:
    """A LAN that remembers what was asked of it."""

    def __init__(self, heard: Callable[[Heard], None], *, rate_per_s: float) -> None:
        self.say = heard
        self.asked: list[tuple[str, Address, str | None]] = []

    def ask(self, interface: str, address: Address, to_mac: str | None = None) -> None:
        """Remember whom it was to ask."""
        if interface != "eth0":
            raise LanError(f"interface {interface} is not open")
        self.asked.append((interface, address, to_mac))

    def cancel(self, addresses: Iterable[Address]) -> None:
        """Announce nothing anyhow."""


class Scene:
    """A hand for one VIP on eth0, a clock that the test moves, and the events that were posted."""

    def __init__(self) -> None:
        self.posted: list[ev.Event] = []
        self.warned: list[str] = []
        self.now_s = 0.0
        spec = VipSpec(name=WEB, addresses=(Placed(address=VIP, prefix=32),), interfaces=("eth0",))
        self.hand = LanHand(
            [spec], rate_per_s=500, post=self.posted.append, warn=self.warned.append, clock=lambda: self.now_s
        )

    @property
    def lan(self) -> FakeLan:
        """The LAN behind the hand."""
        assert isinstance(self.hand.lan, FakeLan)
        return self.hand.lan

    def hear(self, address: Address, mac: Mac, kind: HeardKind, interface: str = "eth0") -> list[ev.Event]:
        """Let one frame be heard, and give the events it made."""
        before = len(self.posted)
        self.lan.say(Heard(interface=interface, address=address, mac=mac, kind=kind, to_us=kind is HeardKind.REPLY))
        return self.posted[before:]


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    """Make the hand with a LAN without sockets."""
    monkeypatch.setattr(hand_module, "Lan", FakeLan)
    scene = Scene()
    yield scene
    assert scene.warned == []


@pytest.mark.parametrize(
    ("kind", "announced"), [(HeardKind.ANNOUNCEMENT, True), (HeardKind.REPLY, False), (HeardKind.REQUEST, False)]
)
def test_a_claim_of_our_vip_says_where_and_whether_it_was_asked_for(
    scene: Scene, kind: HeardKind, announced: bool
) -> None:
    """The event names the interface on which it was heard, and tells an announcement from an answer or a question."""
    expected = ev.Answered(vip=WEB, address=VIP, mac=STRANGER, interface="eth0", announced=announced)
    assert scene.hear(VIP, STRANGER, kind) == [expected]


def test_a_probe_of_our_vip_claims_nothing(scene: Scene) -> None:
    """Somebody asks whether it is free: that is no answer."""
    assert scene.hear(VIP, STRANGER, HeardKind.PROBE) == []


def test_what_nobody_asked_for_concerns_nobody(scene: Scene) -> None:
    """Frames about addresses that are neither VIPs nor asked for make no event."""
    assert scene.hear(PEER, PEER_MAC, HeardKind.REPLY) == []


@pytest.mark.parametrize("mac", [None, PEER_MAC])
def test_a_host_that_was_asked_for_is_reached(scene: Scene, mac: Mac | None) -> None:
    """One question a call, to its MAC alone if that is known; its answer tells that it is there, and by which MAC."""
    scene.hand.ask(ef.Ask(interface="eth0", address=PEER, mac=mac))
    assert scene.lan.asked == [("eth0", PEER, mac)]
    reached = ev.Reached(interface="eth0", address=PEER, mac=PEER_MAC)
    assert scene.hear(PEER, PEER_MAC, HeardKind.REPLY) == [reached]


def test_only_its_answers_count(scene: Scene) -> None:
    """What it says of itself does not show that it hears us."""
    scene.hand.ask(ef.Ask(interface="eth0", address=PEER, mac=PEER_MAC))
    claimed = ev.Answered(vip=WEB, address=VIP, mac=PEER_MAC, interface="eth0", announced=True)
    assert scene.hear(VIP, PEER_MAC, HeardKind.ANNOUNCEMENT) == [claimed]
    assert scene.hear(PEER, PEER_MAC, HeardKind.REQUEST) == []


def test_asking_on_an_interface_that_is_not_open_is_no_event(scene: Scene) -> None:
    """Nobody answers there; whoever could not open it was told so."""
    scene.hand.ask(ef.Ask(interface="eth7", address=PEER))
    assert scene.posted == []
