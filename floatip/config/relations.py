"""What must hold between keys. Knows: the whole model. Never: one key alone (fields.py, tables.py), files.

Each rule yields one Problem per finding; ``reads`` names the other keys it rests on, so that a finding about a value
that is itself wrong can be left out.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from floatip.config.fields import duration
from floatip.config.model import Config
from floatip.config.problems import KeyPath, Problem, dotted
from floatip.config.relations_check import check_fields
from floatip.config.tables import QuorumPolicy, Vip
from floatip.core.types import Address

_HEARTBEAT: KeyPath = ("timing", "heartbeat")
_LEASE: KeyPath = ("timing", "lease")
_POLICY: KeyPath = ("timing", "no_quorum_policy")
_BROKERS: KeyPath = ("mqtt", "brokers")
_KERNEL_TABLES = {253: "default", 254: "main", 255: "local"}
_SOCKET_PATH_BYTES = 107
_MOST_VIPS = 1000

Found = Iterator[Problem]
Rule = Callable[[Config], Found]


def relations(config: Config) -> list[Problem]:
    """Everything that contradicts itself in a configuration whose single values are right."""
    return list(chain.from_iterable(rule(config) for rule in RULES))


def _repeated(values: Sequence[tuple[KeyPath, str]]) -> Iterator[tuple[KeyPath, KeyPath, str]]:
    """(where again, where first, value) of each value that stands twice."""
    first: dict[str, KeyPath] = {}
    for path, value in values:
        if value in first:
            yield path, first[value], value
        first.setdefault(value, path)


def _vips(config: Config) -> Iterator[tuple[KeyPath, Vip]]:
    return ((("vip", number), vip) for number, vip in enumerate(config.vips))


def _vip_count(config: Config) -> Found:
    if len(config.vips) > _MOST_VIPS:
        text = f"found {len(config.vips)} VIPs, must be at most {_MOST_VIPS}: put some addresses together into one VIP"
        yield Problem(path=("vip",), text=text)


def _lease(config: Config) -> Found:
    heartbeat, lease = config.timing.heartbeat_s, config.timing.lease_s
    if round(3 * heartbeat - lease, 6) > 0:
        need = duration(3 * heartbeat)
        text = f'found "{duration(lease)}", must be at least 3 x timing.heartbeat ("{duration(heartbeat)}"): "{need}"'
        yield Problem(path=_LEASE, text=text, reads=(_HEARTBEAT,))


def _kernel_lifetime(config: Config) -> Found:
    lifetime, lease = config.timing.kernel_lifetime_s, config.timing.lease_s
    need = math.ceil(max(lease, 3 * config.timing.heartbeat_s))
    path: KeyPath = ("timing", "kernel_lifetime")
    policies = {config.policy(vip) for vip in config.vips} or {config.timing.no_quorum_policy}
    if lifetime % 1:
        better = max(math.ceil(lifetime), need)
        yield Problem(path=path, text=f'found "{duration(lifetime)}", must be whole seconds: "{better}s"')
    elif lifetime < need and policies != {QuorumPolicy.RELEASE}:
        text = (
            f'found "{duration(lifetime)}", must be at least timing.lease ("{duration(lease)}"), or the kernel removes '
            f'addresses of a living owner: "{need}s"'
        )
        reads = (_LEASE, _HEARTBEAT, _POLICY, *((*vip_path, "no_quorum_policy") for vip_path, _ in _vips(config)))
        yield Problem(path=path, text=text, reads=reads)


def _broker_count(config: Config) -> Found:
    brokers = config.mqtt.brokers
    if len(brokers) not in {1, 3, 5}:
        yield Problem(
            path=_BROKERS,
            text=f"found {len(brokers)} brokers, must be 1, 3 or 5: ownership needs a majority of them",
        )
    for path, first, name in _repeated([((*_BROKERS, number), broker.name) for number, broker in enumerate(brokers)]):
        yield Problem(path=path, text=f"{name} is also brokers[{first[-1]}]; must be another, independent broker")


def _tls(config: Config) -> Found:
    mqtt = config.mqtt
    tls = any(broker.tls for broker in mqtt.brokers)
    for key in ("cert_file", "key_file"):
        if getattr(mqtt, key) is not None and not tls:
            text = "has no use without TLS: write brokers as mqtts://, or leave it out"
            yield Problem(path=("mqtt", key), text=text, reads=(_BROKERS,))
    for key, other in (("cert_file", "key_file"), ("key_file", "cert_file")):
        if getattr(mqtt, key) is not None and getattr(mqtt, other) is None:
            text = f"needs {other} beside it: a client certificate is a pair of both"
            yield Problem(path=("mqtt", key), text=text, reads=(("mqtt", other),))


def _password(config: Config) -> Found:
    if config.mqtt.password_file is not None and not config.mqtt.username:
        text = 'needs username beside it, for example username = "n1"'
        yield Problem(path=("mqtt", "password_file"), text=text, reads=(("mqtt", "username"),))


def _distinct_files(config: Config) -> Found:
    keys = [(("security", "keys", number), str(key)) for number, key in enumerate(config.security.keys)]
    for path, first, key in _repeated(keys):
        yield Problem(path=path, text=f'"{key}" is also keys[{first[-1]}]; must be named once')


def _socket(config: Config) -> Found:
    size = len(str(config.control.socket).encode(errors="surrogateescape"))
    if size > _SOCKET_PATH_BYTES:
        text = f"found a path of {size} bytes, must be at most {_SOCKET_PATH_BYTES} (a limit of Unix sockets)"
        yield Problem(path=("control", "socket"), text=text)


def _distinct_names(config: Config) -> Found:
    vips = [(("vip", number, "name"), vip.name) for number, vip in enumerate(config.vips)]
    checks = [(("check", number, "name"), check.name) for number, check in enumerate(config.checks)]
    for names in (vips, checks):
        for path, first, name in _repeated(names):
            text = f'"{name}" is also the name of {dotted(first[:2])}; must be unique'
            yield Problem(path=path, text=text, reads=(first,))


def _distinct_addresses(config: Config) -> Found:
    first: dict[Address, KeyPath] = {}
    for path, vip in _vips(config):
        for number, placed in enumerate(vip.addresses):
            here: KeyPath = (*path, "addresses", number)
            there = first.setdefault(placed.address, here)
            if there == here:
                continue
            text = f"{placed.address} is also {dotted(there)}; must be in one place only, whatever the prefix"
            yield Problem(path=here, text=text, reads=(there,))


def _aliases(config: Config) -> Found:
    """A plain alias is written down once, and is no VIP's."""
    floating = {placed.address: path for path, vip in _vips(config) for placed in vip.addresses}
    known: dict[Address, KeyPath] = {}
    for number, alias in enumerate(config.aliases):
        here: KeyPath = ("alias", number, "address")
        there = known.setdefault(alias.address, here)
        if there != here:
            text = f"{alias.address} is also {dotted(there)}; must be written down once"
            yield Problem(path=here, text=text, reads=(there,))
        elif alias.address in floating:
            where = floating[alias.address]
            text = f"{alias.address} belongs to {dotted(where)}, whose purpose and contact count; leave it out here"
            yield Problem(path=here, text=text, reads=((*where, "addresses"),))


def _interfaces(config: Config) -> Found:
    for path, vip in _vips(config):
        names = [((*path, "interfaces", number), name) for number, name in enumerate(vip.interfaces)]
        for again, _, name in _repeated(names):
            yield Problem(path=again, text=f'"{name}" is named twice; must be named once')


def _bootstrap(config: Config) -> Found:
    """What is needed to elect, or to leave the LAN, cannot be an address that is elected."""
    floating: dict[Address, KeyPath] = {
        placed.address: (*path, "addresses", number)
        for path, vip in _vips(config)
        for number, placed in enumerate(vip.addresses)
    }
    embedded = config.mqtt.embedded
    fixed: list[tuple[KeyPath, Address | None, str]] = [
        *(((*_BROKERS, number), broker.at.address, "a broker") for number, broker in enumerate(config.mqtt.brokers)),
        (("mqtt", "embedded", "listen"), embedded.listen.address if embedded else None, "a broker"),
        (("lan", "gateway"), config.lan.gateway, "a gateway"),
        *(((*path, "gateway"), vip.gateway, "a gateway") for path, vip in _vips(config)),
    ]
    for path, address, what in fixed:
        if address is not None and address in floating:
            where = floating[address]
            text = f"{address} is also {dotted(where)}; {what} must have an address that does not float"
            yield Problem(path=path, text=text, reads=(where,))


def _preempt(config: Config) -> Found:
    for path, vip in _vips(config):
        if vip.preempt_delay_s and not vip.preempt:
            text = "has no use without preempt = true: set that, or leave it out"
            yield Problem(path=(*path, "preempt_delay"), text=text, reads=((*path, "preempt"),))


def _source_routing(config: Config) -> Found:
    for path, vip in _vips(config):
        gateway_path, table_path, addresses = (*path, "gateway"), (*path, "table"), (*path, "addresses")
        gateway, table = vip.gateway, vip.table
        if table in _KERNEL_TABLES:
            text = (
                f'found {table}, which is the kernel\'s own table "{_KERNEL_TABLES[table]}", must be another like 150'
            )
            yield Problem(path=table_path, text=text)
        if gateway is not None and table is None:
            yield Problem(path=gateway_path, text="needs table beside it, for example table = 150", reads=(table_path,))
        if table is not None and gateway is None:
            yield Problem(path=table_path, text="needs gateway beside it: the way out", reads=(gateway_path,))
        if gateway is None:
            continue
        if gateway.version not in {placed.address.version for placed in vip.addresses}:
            text = f"{gateway} is IPv{gateway.version}, must be of the kind of one of the addresses of this VIP"
            yield Problem(path=gateway_path, text=text, reads=(addresses,))
        if len(outs := _outs(vip, gateway)) > 1:
            named = " and ".join(", ".join(names) for names in outs)
            text = f"{gateway} is the gateway of addresses on {named}; they must be on one, or be VIPs of their own"
            yield Problem(path=gateway_path, text=text, reads=(addresses, (*path, "interfaces")))


def _shared_tables(config: Config) -> Found:
    """VIPs that share a table leave by one gateway, and out of one interface: ARP is answered where replies leave."""
    tables: dict[tuple[int, int], tuple[KeyPath, Vip]] = {}
    for path, vip in _vips(config):
        if vip.gateway is None or vip.table is None:
            continue
        where, other = tables.setdefault((vip.table, vip.gateway.version), (path, vip))
        both = (*((*at, key) for at in (path, where) for key in ("gateway", "table")),)
        if other.gateway != vip.gateway:
            text = f"table {vip.table} leads to {other.gateway} for {dotted(where)}; must be the same, or another table"
            yield Problem(path=(*path, "gateway"), text=text, reads=both)
        elif where != path and len(names := _names(other, vip)) > 1:
            text = (
                f"table {vip.table} is also that of {dotted(where)}, and leads out of one interface, but these VIPs "
                f"can be on {', '.join(names)}; must be another table"
            )
            places = (*((*at, key) for at in (path, where) for key in ("addresses", "interfaces")),)
            yield Problem(path=(*path, "table"), text=text, reads=(*both, *places))


def _names(*vips: Vip) -> list[str]:
    """The interfaces that addresses of the kind of their gateways can be on."""
    outs = [out for vip in vips if vip.gateway is not None for out in _outs(vip, vip.gateway)]
    return list(dict.fromkeys(name for out in outs for name in out))


def _outs(vip: Vip, gateway: Address) -> list[tuple[str, ...]]:
    """The interfaces that addresses of the gateway's kind can be on; more than one choice of them is one too many."""
    ways = (
        vip.interfaces if placed.interface is None else (placed.interface,)
        for placed in vip.addresses
        if placed.address.version == gateway.version
    )
    return list(dict.fromkeys(ways))


def _check_names(config: Config) -> Found:
    defined = [check.name for check in config.checks]
    for path, vip in _vips(config):
        names = [((*path, "checks", number), name) for number, name in enumerate(vip.checks)]
        for again, _, name in _repeated(names):
            yield Problem(path=again, text=f'"{name}" is named twice; must be named once')
        for here, name in names:
            if name not in defined:
                known = f"one of: {', '.join(defined)}" if defined else f'defined: [[check]] with name = "{name}"'
                yield Problem(path=here, text=f'no [[check]] is named "{name}", must be {known}', reads=(("check",),))


def _checks(config: Config) -> Found:
    for number, check in enumerate(config.checks):
        path: KeyPath = ("check", number)
        kind: KeyPath = (*path, "type")
        for key, text in check_fields(check):
            yield Problem(path=(*path, key), text=text, reads=(kind,))
        if check.timeout_s > check.interval_s:
            text = f'found "{duration(check.timeout_s)}", must be at most interval ("{duration(check.interval_s)}")'
            yield Problem(path=(*path, "timeout"), text=text, reads=((*path, "interval"),))


def _hooks(config: Config) -> Found:
    for number, hook in enumerate(config.hooks):
        if hook.keepalived_name is not None and not hook.keepalived_arguments:
            text = 'has no use without keepalived_arguments = true or "group": set that, or leave it out'
            path: KeyPath = ("hook", number, "keepalived_name")
            yield Problem(path=path, text=text, reads=(("hook", number, "keepalived_arguments"),))
        events = [(("hook", number, "on", place), str(event)) for place, event in enumerate(hook.on)]
        for again, _, event in _repeated(events):
            yield Problem(path=again, text=f'"{event}" is named twice; must be named once')


def _hook_vips(config: Config) -> Found:
    defined = [vip.name for vip in config.vips]
    for number, hook in enumerate(config.hooks):
        names = [(("hook", number, "vips", place), name) for place, name in enumerate(hook.vips)]
        for again, _, name in _repeated(names):
            yield Problem(path=again, text=f'"{name}" is named twice; must be named once')
        for here, name in names:
            if name not in defined:
                known = f"one of: {', '.join(defined)}" if defined else f'defined: [[vip]] with name = "{name}"'
                yield Problem(path=here, text=f'no [[vip]] is named "{name}", must be {known}', reads=(("vip",),))


RULES: tuple[Rule, ...] = (
    _vip_count,
    _lease,
    _kernel_lifetime,
    _broker_count,
    _tls,
    _password,
    _distinct_files,
    _socket,
    _distinct_names,
    _distinct_addresses,
    _aliases,
    _interfaces,
    _bootstrap,
    _preempt,
    _source_routing,
    _shared_tables,
    _check_names,
    _checks,
    _hooks,
    _hook_vips,
)
