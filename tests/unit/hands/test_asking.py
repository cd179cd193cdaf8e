"""Asking the LAN who has an address: where it is asked, and whose word counts."""

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from floatip.core.types import Address, Mac
from floatip.hands import asking as module
from floatip.hands.asking import AskingHand, Ear
from floatip.lan.heard import Heard, HeardKind, LanError

GATEWAY = IPv4Address("10.77.0.1")
MAC = Mac("02:00:00:00:00:01")
OTHER = Mac("02:00:00:00:00:99")


def reply(mac: Mac = MAC, **more: object) -> Heard:
    """An answer to us."""
    fields = {"interface": "eth0", "address": GATEWAY, "kind": HeardKind.REPLY, "to_us": True, **more}
    return Heard(mac=mac, **fields)  # type: ignore[arg-type]


class Lan:
    """A LAN of two interfaces that says something after each question."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.asked: list[str] = []
        self.ears: list[Ear] = []
        self.says: list[Heard] = []

    def open(self, interface: str) -> None:
        """Open one that is Ethernet."""
        if interface == "tun0":
            raise LanError("tun0 is not Ethernet")
        self.opened.append(interface)

    def macs(self) -> dict[str, str]:
        """Both."""
        return {"eth0": OTHER, "eth1": OTHER}

    def ask(self, interface: str, address: Address) -> None:
        """Remember, and let the next word be heard."""
        assert address == GATEWAY
        self.asked.append(interface)
        if self.says:
            heard = self.says.pop(0)
            asyncio.get_running_loop().call_soon(lambda: [ear(heard) for ear in list(self.ears)])

    def overhear(self, ear: Ear) -> Callable[[], None]:
        """Let somebody hear."""
        self.ears.append(ear)
        return lambda: self.ears.remove(ear)


@pytest.fixture
def lan(monkeypatch: pytest.MonkeyPatch) -> Lan:
    """Give the LAN; the gateway is on the subnet of eth0."""
    monkeypatch.setattr(module, "EVERY_S", 0.01)
    monkeypatch.setattr(module, "interface_for", lambda _: "eth0")
    return Lan()


async def who_has(lan: Lan, within_s: float = 20) -> Mac:
    """Ask, with patience."""
    hand = AskingHand(lan, lan.overhear)  # type: ignore[arg-type]
    async with asyncio.timeout(within_s):
        return await hand.who_has(GATEWAY)


async def test_whoever_answers_is_told(lan: Lan) -> None:
    """Asked once, on the interface of its subnet, which is opened; nobody listens afterwards."""
    lan.says = [reply()]
    assert await who_has(lan) == MAC
    assert (lan.opened, lan.asked, lan.ears) == (["eth0"], ["eth0"], [])


@pytest.mark.parametrize(
    "noise",
    [
        reply(OTHER, address=IPv4Address("10.77.0.2")),
        reply(OTHER, interface="eth1"),
        reply(OTHER, to_us=False),
        reply(OTHER, kind=HeardKind.REQUEST),
        reply(OTHER, kind=HeardKind.ANNOUNCEMENT),
    ],
    ids=["another address", "another interface", "to others", "a question", "an announcement"],
)
async def test_only_an_answer_counts(lan: Lan, noise: Heard) -> None:
    """It is asked again until there is one."""
    lan.says = [noise, reply()]
    assert await who_has(lan) == MAC
    assert lan.asked == ["eth0", "eth0"]


async def test_who_does_not_want_to_wait_any_more(lan: Lan) -> None:
    """It is asked over and over, and nobody listens afterwards."""
    with pytest.raises(TimeoutError):
        await who_has(lan, 0.2)
    assert len(lan.asked) >= 3
    assert lan.ears == []


async def test_an_address_of_no_subnet_is_asked_for_everywhere(lan: Lan, monkeypatch: pytest.MonkeyPatch) -> None:
    """On all that are open."""
    monkeypatch.setattr(module, "interface_for", lambda _: None)
    lan.says = [reply(OTHER, to_us=False), reply(interface="eth1")]
    assert await who_has(lan) == MAC
    assert (lan.opened, lan.asked) == ([], ["eth0", "eth1"])


async def test_what_cannot_be_asked_is_an_error(lan: Lan, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its reason."""
    monkeypatch.setattr(module, "interface_for", lambda _: "tun0")
    with pytest.raises(LanError, match="tun0 is not Ethernet"):
        await who_has(lan)
    assert lan.ears == []
