"""Faults of addresses: what people, other programs and foreign hosts do to them."""

import socket
import threading
from collections.abc import Callable
from ipaddress import ip_address
from random import Random

from floatip.lab import namespace
from tests.campaign.fault import Begun
from tests.campaign.faults_net import data_nics
from tests.campaign.scene import STRANGER, Scene

FOREIGN_MAC = "02:66:00:00:00:66"
_BROADCAST = b"\xff" * 6


def removed(scene: Scene, dice: Random) -> Begun:
    """An address of an owner is removed by hand."""
    owner = _owner(scene, dice)
    entry = dice.choice(scene.entries(owner))
    scene.ip(owner, f"addr del {entry.address}/{entry.prefix} dev {scene.interface(owner, entry.index)}")
    return Begun(text=f"{entry.address} removed from {owner}")


def flushed(scene: Scene, dice: Random) -> Begun:
    """A network manager flushes an owner's interface and sets it up anew."""
    owner, net = _owner(scene, dice), scene.cluster.net
    nic = net.hosts[owner].nics[data_nics(scene, owner)[0]]
    scene.ip(owner, f"addr flush dev {nic.name}")

    def again() -> None:
        scene.ip(owner, f"addr replace {nic.ipv4} dev {nic.name} brd +")
        if nic.ipv6:
            scene.ip(owner, f"addr replace {nic.ipv6} dev {nic.name} nodad")

    return Begun(text=f"{owner} {nic.name} flushed", end=again)


def added(scene: Scene, dice: Random) -> Begun:
    """An address is added by hand on a node that is not its owner, for good, with some prefix or other."""
    vip = scene.any_vip(dice)
    node = dice.choice([node for node in scene.nodes if node not in scene.owners(vip)])
    address = dice.choice(scene.vips[vip])
    prefix = dice.choice((32, 24) if ip_address(address).version == 4 else (128, 64))
    nodad = " nodad" if ip_address(address).version == 6 else ""
    scene.ip(node, f"addr add {address}/{prefix} dev {dice.choice(data_nics(scene, node))}{nodad}")
    return Begun(text=f"{address}/{prefix} added on {node}")


def mac_changed(scene: Scene, dice: Random) -> Begun:
    """A NIC gets another hardware address."""
    node = scene.any_node(dice)
    nic = dice.choice(data_nics(scene, node))
    mac = f"02:77:aa:{dice.randrange(256):02x}:{dice.randrange(256):02x}:{dice.randrange(256):02x}"
    scene.ip(node, f"link set dev {nic} address {mac}")
    return Begun(text=f"{node} {nic} is now {mac}")


def stranger_holds(scene: Scene, dice: Random) -> Begun:
    """A foreign host has an address of a VIP configured: its kernel answers, and it announced once."""
    address = dice.choice(scene.vips[scene.any_vip(dice)])
    ipv4 = ip_address(address).version == 4
    written = f"{address}/{32 if ipv4 else 128}"
    scene.ip(STRANGER, f"addr add {written} dev eth0{'' if ipv4 else ' nodad'}")
    if ipv4:
        scene.cluster.net.run(STRANGER, ["arping", "-q", "-A", "-c", "1", "-I", "eth0", address])
    return Begun(text=f"a stranger has {address}", end=lambda: scene.ip(STRANGER, f"addr del {written} dev eth0"))


def stranger_announces(scene: Scene, dice: Random) -> Begun:
    """A foreign MAC announces an IPv4 address of a VIP again and again, in the form of requests or replies."""
    address = scene.vips[scene.any_vip(dice)][0]
    frame, pause_s = announcement(address, FOREIGN_MAC, reply=dice.random() < 0.5), dice.choice((0.05, 0.3, 1.5))
    with namespace.inside(STRANGER):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.bind(("eth0", 0))
    return Begun(text=f"{FOREIGN_MAC} announces {address} each {pause_s} s", end=_repeat(sock, frame, pause_s))


def announcement(address: str, mac: str, *, reply: bool) -> bytes:
    """Give the bytes of a gratuitous ARP."""
    hardware, protocol = bytes.fromhex(mac.replace(":", "")), ip_address(address).packed
    target = hardware if reply else bytes(6)
    head = b"\x00\x01\x08\x00\x06\x04" + (b"\x00\x02" if reply else b"\x00\x01")
    return _BROADCAST + hardware + b"\x08\x06" + head + hardware + protocol + target + protocol


def _repeat(sock: socket.socket, frame: bytes, pause_s: float) -> Callable[[], None]:
    """Send a frame again and again, until what is returned is called."""
    stop = threading.Event()

    def send() -> None:
        with sock:
            sock.send(frame)
            while not stop.wait(pause_s):
                sock.send(frame)

    thread = threading.Thread(target=send, name="stranger", daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join()

    return end


def _owner(scene: Scene, dice: Random) -> str:
    return dice.choice(sorted({node for vip in scene.vips for node in scene.owners(vip)}))
