"""The raw sockets of one interface.

Knows: how to open, filter, read and write them, and what this interface's MAC is now. Never: when to announce, or what
a frame that was heard means. A frame that the kernel does not take is counted, never raised: links go down at any
time, and the next round repeats it.
"""

import asyncio
import contextlib
import fcntl
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from floatip.lan import arp, bpf, ndp
from floatip.lan.heard import Address, Heard, LanError
from floatip.lan.questions import Questions

FRAMES_PER_TURN = 1024
"""A storm costs at most this many frames of each protocol per turn of the loop; a thousand VIPs answer in one."""

BUFFER_BYTES = 4 * 1024 * 1024
"""Room for the two frames each of a thousand addresses, in and out, at the kernel's 768 bytes a small frame."""

_LONGEST_FRAME_BYTES = 2048
_SIOCGIFHWADDR = 0x8927
_IFREQ = struct.Struct("16sH6s16x")
_ARPHRD_ETHER = 1
_SO_SNDBUFFORCE = 32
_SO_RCVBUFFORCE = 33

_Parse = Callable[[bytes, str, str], Heard | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Frames of one interface since it was opened."""

    sent: int
    lost: int
    heard: int
    rejected: int


class Wire:
    """Announces, probes and listens on one interface; LanError if that is missing, not Ethernet or not permitted."""

    def __init__(
        self, interface: str, heard: Callable[[Heard], None], is_own: Callable[[str], bool] | None = None
    ) -> None:
        """Open the sockets; nothing is read before `start`. Frames sent from a MAC that `is_own` are not reported."""
        self.interface = interface
        self.index = 0
        self.mac = ""
        self._heard = heard
        self._is_own = is_own or (lambda _: False)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arp: socket.socket | None = None
        self._ndp: socket.socket | None = None
        self._router = False
        self._frames: dict[Address, tuple[bytes, ...]] = {}
        self._questions = Questions(interface)
        self._count_sent = self._count_lost = self._count_heard = self._count_rejected = 0
        self._open()

    @property
    def counters(self) -> Counters:
        """What went out, was not taken by the kernel, came in, and came in malformed."""
        return Counters(
            sent=self._count_sent,
            lost=self._count_lost,
            heard=self._count_heard,
            rejected=self._count_rejected,
        )

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Report what is heard from now on, from the given loop."""
        self._loop = loop
        for sock, parse in ((self._arp, arp.parse), (self._ndp, ndp.parse)):
            if sock is not None:
                loop.add_reader(sock, partial(self._read_turn, sock, parse))

    def close(self) -> None:
        """Stop listening and close the sockets; what is sent afterwards counts as lost."""
        for sock in (self._arp, self._ndp):
            if sock is not None:
                if self._loop is not None:
                    self._loop.remove_reader(sock)
                sock.close()
        self._arp = self._ndp = None
        self.index = 0

    def reopen(self) -> None:
        """Open the sockets again, for an interface that was deleted and created anew; LanError as when first opened."""
        self.close()
        self._open()
        if self._loop is not None:
            self.start(self._loop)

    def refresh_mac(self) -> bool:
        """Read the interface's MAC; True if it changed. The frames are then built anew for every known address."""
        if self._arp is None:
            return False
        try:
            mac = _mac_of(self.interface, self._arp)
        except (OSError, LanError):
            return False  # the interface has gone: keep the MAC it had, for the frames that may still arrive
        if mac == self.mac:
            return False
        self.mac = mac
        self._build_anew()
        return True

    def prepare(self, addresses: Iterable[Address], most: int | None = None) -> int:
        """Build the announcements of exactly these addresses ahead of need, and forget those of others.

        Build ``most`` new ones at a time; return how many are still missing.
        """
        known, wanted = self._frames, list(addresses)
        new = [address for address in wanted if address not in known]
        self._frames = {address: known[address] for address in wanted if address in known}
        self._frames |= {address: self._build(address) for address in new[:most]}
        self._questions.forget()
        return len(new[most:]) if most is not None else 0

    def _build_anew(self) -> None:
        """The frames of all known addresses say what is so no more: the MAC, or whether this host is a router."""
        known, self._frames = list(self._frames), {}
        self.prepare(known)

    def announce(self, addresses: Iterable[Address]) -> int:
        """Send one round: first one frame for each address, then the other form of each; return the frames sent."""
        wanted = list(addresses)
        self.refresh_mac()
        if any(address.version == 6 for address in wanted):
            self._refresh_router()
        rounds = []
        for address in wanted:
            frames = self._frames.get(address)
            if frames is None:
                frames = self._frames[address] = self._build(address)
            rounds.append((self._socket_for(address), frames))
        sent = sum(self._send(sock, frames[0]) for sock, frames in rounds)
        return sent + sum(self._send(sock, frame) for sock, frames in rounds for frame in frames[1:])

    def probe(self, address: Address, to_mac: str | None = None) -> None:
        """Ask who has the address, of everybody or of one MAC; answers are reported as heard."""
        self.refresh_mac()
        if isinstance(address, IPv4Address):
            self._send(self._arp, arp.probe(address, self.mac, to_mac))
        else:
            self._send(self._ndp, ndp.probe(address, self.mac, to_mac))

    def ask(self, address: Address, to_mac: str | None = None) -> None:
        """Ask for another host's own address, of everybody or of one MAC, from an address of ours that is no VIP."""
        frame = self._questions.frame(
            address, to_mac, mac=self.mac, never_from=self._frames.keys(), now_s=time.monotonic()
        )
        if frame is None:
            self._count_lost += 1
        else:
            self._send(self._socket_for(address), frame)

    def _refresh_router(self) -> None:
        router = _forwards(self.interface)
        if router != self._router:
            self._router = router
            self._build_anew()

    def _build(self, address: Address) -> tuple[bytes, ...]:
        if isinstance(address, IPv4Address):
            return arp.announcements(address, self.mac)
        return ndp.announcements(address, self.mac, router=self._router)

    def _socket_for(self, address: Address) -> socket.socket | None:
        return self._arp if isinstance(address, IPv4Address) else self._ndp

    def _send(self, sock: socket.socket | None, frame: bytes) -> bool:
        try:
            if sock is not None:
                sock.send(frame)
                self._count_sent += 1
                return True
        except OSError:  # ENETDOWN, ENXIO, ENOBUFS, EAGAIN, or what else a driver answers
            pass
        self._count_lost += 1
        return False

    def _read_turn(self, sock: socket.socket, parse: _Parse) -> None:
        for _ in range(FRAMES_PER_TURN):
            try:
                frame = sock.recv(_LONGEST_FRAME_BYTES)
            except OSError:
                return  # nothing left; or ENETDOWN, told once: the kernel listens again when the link is up
            source = frame[6:12].hex(":")
            if source == self.mac or self._is_own(source):
                continue
            heard = parse(frame, self.interface, self.mac)
            if heard is None:
                self._count_rejected += 1
            else:
                self._count_heard += 1
                self._heard(heard)

    def _open(self) -> None:
        try:
            index = socket.if_nametoindex(self.interface)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
                self.mac = _mac_of(self.interface, asker)
        except OSError as error:
            raise LanError(
                f"interface {self.interface}: {error.strerror or error}; `ip link` lists the interfaces of this host"
            ) from error
        self._router = _forwards(self.interface)
        try:
            self._arp = _raw_socket(self.interface, arp.ETHERTYPE, bpf.ARP)
            self._ndp = _raw_socket(self.interface, ndp.ETHERTYPE, bpf.NEIGHBOUR_DISCOVERY)
        except PermissionError as error:
            self.close()
            raise LanError(
                f"interface {self.interface}: a packet socket needs CAP_NET_RAW, which this process lacks; start"
                " floatip by its systemd unit (AmbientCapabilities=CAP_NET_RAW CAP_NET_ADMIN) or as root;"
                " `grep CapEff /proc/self/status` shows what a process has"
            ) from error
        except OSError as error:
            self.close()
            raise LanError(
                f"interface {self.interface}: cannot open a packet socket: {error.strerror};"
                f" `ip link show {self.interface}` shows its state"
            ) from error
        self.index = index
        self._build_anew()


def _mac_of(interface: str, asker: socket.socket) -> str:
    """Ask the kernel for the MAC; OSError if there is no such interface, LanError if it is not Ethernet."""
    answer = fcntl.ioctl(asker, _SIOCGIFHWADDR, _IFREQ.pack(interface.encode(), 0, b""))
    _, hardware, mac = _IFREQ.unpack(answer)
    if hardware != _ARPHRD_ETHER:
        raise LanError(
            f"interface {interface}: its link type is {hardware}, and addresses can be announced only on Ethernet (1);"
            f" `ip link show {interface}` shows it"
        )
    return bytes(mac).hex(":")


def _forwards(interface: str) -> bool:
    """Tell whether this host forwards IPv6 from the interface; False where there is no IPv6."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/sys/net/ipv6/conf/{interface}/forwarding").read_text(encoding="ascii").strip() != "0"
    return False


def _raw_socket(interface: str, ethertype: int, program: tuple[bpf.Instruction, ...]) -> socket.socket:
    """Open a socket that from its first moment sees the frames of one interface that `program` accepts, and no other.

    Protocol 0 receives nothing, so the filter stands before the socket is bound.
    """
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
    try:
        bpf.attach(sock, program)
        for forced, plain in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
            try:
                sock.setsockopt(socket.SOL_SOCKET, forced, BUFFER_BYTES)
            except PermissionError:
                sock.setsockopt(socket.SOL_SOCKET, plain, BUFFER_BYTES)
        sock.bind((interface, ethertype))
    except BaseException:
        sock.close()
        raise
    return sock
