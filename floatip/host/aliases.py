"""Plain aliases: addresses that an operator moves between hosts, and that stay without floatip.

Knows: how one is added for a while and then for good, and how every entry of one is taken away. Never: takes away the
address by which an interface is in its subnet.
"""

import errno
import os
import socket
from contextlib import closing
from typing import Final

from floatip.host.addresses import Addresses, Alias
from floatip.host.delivery import await_delivery
from floatip.host.errors import NetlinkError
from floatip.host.inventory import present, primaries
from floatip.host.messages import FOREVER, IPAddress, cut_label, pack_add
from floatip.host.netlink import RouteSocket

_REMEDIES: Final = {
    errno.EPERM: "this process lacks CAP_NET_ADMIN, see `floatip doctor`",
    errno.EACCES: "is IPv6 off there? `sysctl net.ipv6.conf` shows it",
}
_SLACK_S: Final = 2  # what may have gone of a lifetime by the time it is read back, in the kernel's whole seconds


def add_alias(
    address: IPAddress, prefix: int, interface: str, *, label: str, lifetime_s: int | None, source: bool = False
) -> str | None:
    """Add an alias, or give the one that is there another lifetime; None, or a sentence that says what went wrong.

    `lifetime_s` None means for good. `label` is the part behind "eth0:" (IPv4 only, cut to what the kernel has room
    for). An IPv6 alias is no source of outgoing connections unless `source` is set. Other entries of the address stay.
    An address that somebody else put there for good is not given an end.
    """
    if lifetime_s is not None and not 1 <= lifetime_s < FOREVER:
        return f"a lifetime must be at least 1 s and not forever, not {lifetime_s}"
    try:
        alias = Alias(address=address, prefix=prefix, interface=interface, label=label, source=source)
        why = _add(alias, FOREVER if lifetime_s is None else lifetime_s)
    except (ValueError, NetlinkError) as error:
        return str(error)
    return why and f"{alias} could not be added: {why}"


def remove_alias(address: IPAddress) -> str | None:
    """Remove every entry of an address, whatever its prefix and interface; None, or a sentence.

    "Not there" is success. An interface's own address is refused: with it would go its subnet's route, and others.
    """
    try:
        own = next((it for it in primaries(present()) if it.address == address), None)
        if own is not None:
            return (
                f"{own} is that interface's own address in its subnet and no alias, so it was not removed: with it"
                f" this host would leave the subnet; if that is wanted, `ip addr del {own.address}/{own.prefix}"
                f" dev {own.interface}`"
            )
        alias = Alias(address=address, prefix=address.max_prefixlen, interface="", label="")
        addresses = Addresses()
        addresses.open()
        with closing(addresses):
            (outcome,) = addresses.remove([alias], foreign_too=True)
    except NetlinkError as error:
        return str(error)
    return outcome.error


def _add(alias: Alias, lifetime_s: int) -> str | None:
    """Send, read back, and wait until packets are delivered; a sentence's second half if that fails."""
    try:
        index = socket.if_nametoindex(alias.interface)
    except OSError:
        return "there is no such interface, see `ip link`"
    if lifetime_s != FOREVER and _is_somebodys(alias):
        return "it is there for good already, and not by floatip: it was left alone"
    label = cut_label(alias.interface, alias.label) if alias.label else alias.interface
    ready = pack_add(alias.address, alias.prefix, label=label, source=alias.source)
    route = RouteSocket()
    route.open()
    with closing(route):
        (answer,) = route.send([ready.patched(index=index, lifetime_s=lifetime_s)])
        if answer.errno:
            said = answer.text or os.strerror(answer.errno)
            return f"{said}; {_REMEDIES.get(answer.errno, 'see `ip addr` and `dmesg`')}"
        if not _is_there(alias, lifetime_s):
            return "the kernel accepted it and does not have it: something else removes it or changes its lifetime"
        if alias.address.version == 6:
            await_delivery(route, [alias.address.packed])
    return None


def _is_somebodys(alias: Alias) -> bool:
    wanted = (alias.address, alias.prefix, alias.interface)
    return any(
        it.permanent and not it.by_floatip for it in present() if (it.address, it.prefix, it.interface) == wanted
    )


def _is_there(alias: Alias, lifetime_s: int) -> bool:
    """Whether the kernel has exactly this entry, for good or for about as long as it was told."""
    addresses = Addresses()
    addresses.open()
    with closing(addresses):
        found = addresses.present()
    wanted = (alias.address, alias.prefix, alias.interface)
    for it in found:
        if (it.address, it.prefix, it.interface) == wanted:
            if it.valid_lft_s is None or lifetime_s == FOREVER:
                return it.valid_lft_s is None and lifetime_s == FOREVER
            return lifetime_s - _SLACK_S <= it.valid_lft_s <= lifetime_s
    return False
