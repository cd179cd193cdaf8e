"""A host of the lab that only looks on: what its kernel believes of one address, and what it hears said of it.

Knows: that host's neighbour table and its ARP and ND frames, each with the time (CLOCK_BOOTTIME). Never: says anything.
"""

import selectors
import socket
import threading
from dataclasses import dataclass
from ipaddress import ip_address
from types import TracebackType
from typing import Self

from floatip.lab import netlink
from floatip.lab.namespace import inside
from floatip.lab.realtime import now_s
from floatip.lan import arp, ndp
from floatip.lan.heard import Heard, HeardKind
from floatip.lan.wire import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """From `at_s` on the kernel believed that `mac` has the address; None: it did not know."""

    at_s: float
    mac: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A frame that claims the address, or asks for it."""

    at_s: float
    heard: Heard


class Onlooker:
    """Use as context manager; reads along in a thread of its own."""

    def __init__(self, host: str, address: str) -> None:
        self.address = ip_address(address)
        self.said: list[Said] = []
        self._host = host
        with inside(host):
            self._wire = Wire("eth0", self._hear)
        self._neighbours = netlink.monitor(host, neighbours=True)
        self.beliefs = [Belief(at_s=now_s(), mac=netlink.neighbours(host).get(self.address))]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look_on, name="onlooker", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(5.0)
        self._wire.close()
        self._neighbours.close()

    def believes(self) -> str | None:
        """Give the MAC that the host's kernel believes in now."""
        return netlink.neighbours(self._host).get(self.address)

    def longest_wrong_s(self, right: str, start_s: float) -> float:
        """Give the longest time, from `start_s` on, in which the kernel believed in another MAC than the right one."""
        longest, wrong_since = 0.0, None
        ends = [*(belief.at_s for belief in self.beliefs[1:]), now_s()]
        for belief, end_s in zip(self.beliefs, ends, strict=True):
            if belief.mac in {None, right}:
                wrong_since = None
            elif end_s > start_s:
                wrong_since = wrong_since or max(belief.at_s, start_s)
                longest = max(longest, end_s - wrong_since)
        return longest

    def announced_by(self, mac: str, start_s: float = 0.0) -> list[float]:
        """Give the times of the rounds in which this MAC announced the address: frames within 20 ms are one."""
        rounds: list[float] = []
        for said in self.said:
            ours = said.heard.mac == mac and said.heard.kind is HeardKind.ANNOUNCEMENT
            if ours and said.at_s >= start_s and (not rounds or said.at_s - rounds[-1] > 0.02):
                rounds.append(said.at_s)
        return rounds

    def _hear(self, heard: Heard) -> None:
        if heard.address == self.address:
            self.said.append(Said(at_s=now_s(), heard=heard))

    def _look_on(self) -> None:
        wire = self._wire
        with selectors.DefaultSelector() as selector:
            for sock, parse in ((wire._arp, arp.parse), (wire._ndp, ndp.parse)):
                assert sock is not None
                selector.register(sock, selectors.EVENT_READ, parse)
            selector.register(self._neighbours, selectors.EVENT_READ)
            while not self._ended.is_set():
                for key, _ in selector.select(0.1):
                    assert isinstance(key.fileobj, socket.socket)
                    if key.data is None:
                        self._read_beliefs()
                    else:
                        wire._read_turn(key.fileobj, key.data)

    def _read_beliefs(self) -> None:
        try:
            while True:
                for belief in netlink.beliefs(self._neighbours.recv(65536)):
                    if belief.address == self.address and belief.mac != self.beliefs[-1].mac:
                        self.beliefs.append(Belief(at_s=now_s(), mac=belief.mac))
        except BlockingIOError:
            return
