"""What is allowed and probably not meant. Knows: the whole model, and the files it names. Never: errors."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from floatip.config.fields import duration
from floatip.config.model import Config
from floatip.config.problems import dotted
from floatip.config.tables import Handover, QuorumPolicy
from floatip.core.types import REMOVAL_DELAY_S, Policy, Timing

_LABEL_CHARACTERS = 15


def warnings(config: Config) -> list[str]:
    """Sentences of what an operator should know before trusting this configuration: ``key.path: sentence``."""
    return [sentence for advice in ADVICE for sentence in advice(config)]


def _unsigned(config: Config) -> Iterator[str]:
    if not config.security.keys:
        yield (
            "security.keys: there are none, so messages are not signed and whoever may publish on a broker can move "
            "addresses; make one by `floatip keygen /etc/floatip/cluster.key` and copy it to all nodes"
        )


def _files(config: Config) -> Iterator[str]:
    mqtt = config.mqtt
    secret = [(dotted(("security", "keys", number)), key) for number, key in enumerate(config.security.keys)]
    secret += [(f"mqtt.{key}", getattr(mqtt, key)) for key in ("password_file", "key_file")]
    for where, path in secret:
        yield from _file(where, path, private=True)
    for key in ("ca_file", "cert_file"):
        yield from _file(f"mqtt.{key}", getattr(mqtt, key), private=False)


def _file(where: str, path: Path | None, *, private: bool) -> Iterator[str]:
    if path is None:
        return
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
    except OSError as error:
        yield f"{where}: {path} cannot be read: {(error.strerror or str(error)).lower()}"
        return
    if private and mode & 0o077:
        yield f"{where}: {path} has mode {mode:04o}, so others can read it; set it by `chmod 600 {path}`"


def _embedded(config: Config) -> Iterator[str]:
    embedded = config.mqtt.embedded
    if embedded is None:
        return
    yield f"mqtt.embedded.listen: whoever reaches {embedded.listen} may use this broker: it asks for no password"
    names = [broker.name for broker in config.mqtt.brokers]
    if str(embedded.listen) not in names:
        yield f"mqtt.embedded.listen: {embedded.listen} is not among mqtt.brokers, so this cluster does not use it"
    elif len(names) == 1:
        yield (
            "mqtt.embedded: the only broker is on this node, so when this host dies no other can take over; "
            "put it on a third host, or use three brokers"
        )
    if embedded.listen.address and embedded.listen.address.is_loopback:
        yield f"mqtt.embedded.listen: {embedded.listen} is not reachable from other nodes"


def _brokers(config: Config) -> Iterator[str]:
    mqtt = config.mqtt
    for number, broker in enumerate(mqtt.brokers):
        where = dotted(("mqtt", "brokers", number))
        if broker.at.address is None:
            yield f'{where}: "{broker.at.host}" must be looked up for each connection; an address needs no name server'
        if mqtt.password_file is not None and not broker.tls:
            yield f"{where}: the password goes to {broker.name} unencrypted; mqtts:// encrypts it"
        if broker.tls and mqtt.ca_file is None:
            yield f"{where}: {broker.name} is verified by the host's own certificates; mqtt.ca_file names others"


def _idle_ca(config: Config) -> Iterator[str]:
    mqtt = config.mqtt
    if mqtt.ca_file is not None and not any(broker.tls for broker in mqtt.brokers):
        yield "mqtt.ca_file: has no use without TLS: brokers written as mqtts:// are verified by it"


def _one_broker(config: Config) -> Iterator[str]:
    down = [vip.name for vip in config.vips if config.policy(vip) is QuorumPolicy.RELEASE]
    if down and len(config.mqtt.brokers) == 1:
        yield (
            f"mqtt.brokers: under no_quorum_policy release the one broker takes its VIPs down with it "
            f"({_some(down)}); use three, or keep"
        )


def _lan(config: Config) -> Iterator[str]:
    by_lan = [vip.name for vip in config.vips if config.policy(vip) is QuorumPolicy.LAN]
    if by_lan and config.lan.gateway is None:
        yield (
            f"lan.gateway: without it a node that is cut off from brokers and LAN takes its VIPs under "
            f"no_quorum_policy lan ({_some(by_lan)}); with one it knows that it is cut off"
        )


def _timing(config: Config) -> Iterator[str]:
    timing = config.timing
    if timing.lease_s < 0.5:
        yield (
            f'timing.lease: "{duration(timing.lease_s)}" is short: a host that is busy for as long changes the owner; '
            f'"500ms" is safer'
        )
    if timing.kernel_lifetime_s > 60:
        yield (
            f'timing.kernel_lifetime: a frozen daemon leaves its addresses for "{duration(timing.kernel_lifetime_s)}"'
        )


def _host(config: Config) -> Iterator[str]:
    if config.node == "localhost":
        yield 'node: "localhost" is what hosts without a name are called; each node needs its own, like node = "n1"'
    if not config.sysctl.enforce:
        yield "sysctl.enforce: without it a host with several interfaces answers for a VIP on each of them"


def _vips(config: Config) -> Iterator[str]:
    if not config.vips:
        yield "vip: there is none, so this node owns nothing"
    for number, vip in enumerate(config.vips):
        where = dotted(("vip", number))
        versions = {placed.address.version for placed in vip.addresses}
        if vip.source and 6 not in versions:
            yield f'{where}.source: changes nothing, as "{vip.name}" has no IPv6 address'
        for interface in vip.all_interfaces:
            if len(interface) + 2 > _LABEL_CHARACTERS and 4 in versions:
                yield f"{where}.interfaces: {interface} leaves no room for a label, so `ifconfig` will not show the VIP"


def _overlap(config: Config) -> Iterator[str]:
    timing = config.timing
    for number, vip in enumerate(config.vips):
        release = config.policy(vip) is QuorumPolicy.RELEASE
        if not release or config.handover(vip) is not Handover.MAKE_BEFORE_BREAK:
            continue
        times = Timing(heartbeat_s=timing.heartbeat_s, lease_s=timing.lease_s)
        longest_s = times.lifetime_s(Policy.RELEASE) + REMOVAL_DELAY_S
        yield (
            f"{dotted(('vip', number))}.handover: under no_quorum_policy release, an owner that freezes in the middle "
            f"of a make-before-break move may hold the address beside the new one for up to "
            f'"{duration(longest_s)}"; break-before-make never has two'
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


ADVICE: tuple[Callable[[Config], Iterator[str]], ...] = (
    _unsigned,
    _files,
    _embedded,
    _brokers,
    _idle_ca,
    _one_broker,
    _lan,
    _timing,
    _host,
    _vips,
    _overlap,
)
