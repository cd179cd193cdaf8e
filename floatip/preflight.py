"""What must be right before a daemon starts; what is not ends the start with one sentence that names the remedy."""

import errno
import socket
import ssl
from collections.abc import Collection, Sequence
from ipaddress import ip_address

import structlog

from floatip.bus.connection import BrokerOptions
from floatip.config import Config
from floatip.core.types import Address, BrokerName, VipName
from floatip.hands.kernel import KernelHand
from floatip.host import predecessor
from floatip.host.addresses import Alias, Found, foreign, leftovers
from floatip.host.links import links
from floatip.programs import in_thread, step_down

_REMEDIES = {
    errno.EADDRINUSE: "see `ss -ltnp 'sport = :{port}'`, and stop what listens there or choose another port",
    errno.EADDRNOTAVAIL: "see `ip address`, and choose an address of this host, or 127.0.0.1",
    errno.EACCES: "choose a port above 1023, or give the daemon CAP_NET_BIND_SERVICE",
}
"""What to do when a listener cannot be had."""


class RefusalError(Exception):
    """The daemon will not start as things are: names the thing, what was found, and the remedy."""


def broker_options(config: Config) -> dict[BrokerName, BrokerOptions]:
    """Where each broker is and how to get in; raises RefusalError for files that cannot be used."""
    mqtt = config.mqtt
    password = None
    if mqtt.password_file is not None:
        try:
            password = mqtt.password_file.read_text(encoding="utf-8").rstrip("\n")
        except OSError as error:
            raise RefusalError(f"mqtt.password_file {mqtt.password_file} cannot be read: {error.strerror}") from error
    tls = _tls(config) if any(broker.tls for broker in mqtt.brokers) else None
    return {
        broker.name: BrokerOptions(
            host=broker.at.host,
            port=broker.at.port,
            tls=tls if broker.tls else None,
            username=mqtt.username,
            password=password,
        )
        for broker in mqtt.brokers
    }


def _tls(config: Config) -> ssl.SSLContext:
    mqtt = config.mqtt
    try:
        context = ssl.create_default_context(cafile=mqtt.ca_file)
        if mqtt.cert_file is not None:
            context.load_cert_chain(mqtt.cert_file, mqtt.key_file)
    except (OSError, ssl.SSLError) as error:
        raise RefusalError(f"mqtt: ca_file, cert_file or key_file cannot be used: {error}") from error
    return context


def http_listener(config: Config) -> socket.socket | None:
    """Where the HTTP side will listen, bound; None if there is to be none. RefusalError if that cannot be had."""
    if config.http is None:
        return None
    at = config.http.listen
    listener = socket.socket(socket.AF_INET6 if ":" in at.host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((at.host, at.port))
        listener.listen(100)
    except OSError as error:
        listener.close()
        remedy = _REMEDIES.get(error.errno or 0, "choose another address or port").format(port=at.port)
        raise RefusalError(f"http.listen {at}: {(error.strerror or str(error)).lower()}: {remedy}") from error
    return listener


def take_over(kernel: KernelHand) -> dict[VipName, str]:
    """Settle what an earlier daemon left in the kernel: give the VIPs that are gone on with, and where each of them is.

    The rest of it is removed. RefusalError beside an address that somebody else put there.
    """
    log = structlog.get_logger()
    held = [entry for hold in predecessor.take_over() for entry in hold.entries]
    aliases = kernel.all_aliases()
    found = kernel.addresses.present()
    _refuse(foreign(found, aliases))
    heirs = kernel.inherit(found)
    known = {alias.address for alias in aliases}
    rest = [alias for alias in aliases if VipName(alias.label) not in heirs]
    rest += [
        Alias(address=ip_address(it.address), prefix=it.prefix, interface=it.interface, label="")
        for it in held
        if ip_address(it.address) not in known
    ]
    if left := leftovers(found, rest):
        log.info("removed what an earlier daemon left", addresses=[str(one) for one in left])
        outcomes = kernel.addresses.remove(rest)
        failed = [outcome.error for outcome in outcomes if outcome.error and outcome.alias.address in known]
        if failed:
            raise RefusalError(f"cannot remove what an earlier daemon left: {failed[0]}")
    if heirs:
        log.info("goes on with what an earlier daemon left", vips=sorted(heirs))
    return heirs


def _refuse(theirs: Sequence[Found]) -> None:
    if theirs:
        first = theirs[0]
        raise RefusalError(
            f"{', '.join(str(one) for one in theirs)}: already there, and not by floatip: "
            f"`ip address delete {first.address}/{first.prefix} dev {first.interface}` or `floatip cleanup --force`, "
            "and take it out of the host's own network configuration"
        )


def refuse_foreign(kernel: KernelHand, config: Config, *, besides: Collection[Address]) -> None:
    """RefusalError if an address of a VIP, ``besides`` those that are managed already, is here for good."""
    aliases = [
        Alias(address=placed.address, prefix=placed.prefix, interface=vip.interfaces[0], label=vip.name)
        for vip in config.vips
        for placed in vip.addresses
        if placed.address not in besides
    ]
    _refuse(foreign(kernel.addresses.present(), aliases) if aliases else [])


def refuse_missing(config: Config) -> None:
    """Refuse to start without an interface that a VIP needs."""
    present = links()
    if missing := [name for name in config.interfaces if name not in present]:
        raise RefusalError(
            f"interface {', '.join(missing)}: not on this host (here are {', '.join(sorted(present))}): "
            "see `ip link`, and `interfaces` of the VIPs"
        )


def refuse_rank() -> None:
    """Refuse to start in a real-time class that checks and hooks would have to keep."""
    try:
        in_thread(step_down).result()
    except PermissionError as error:
        raise RefusalError(
            "this daemon is in a real-time class, and may not give it up for the checks and hooks that it starts: "
            "allow it by `SystemCallFilter=sched_setscheduler` in its unit, as floatip.service.d/realtime.conf does"
        ) from error
