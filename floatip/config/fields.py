"""One value at a time: what the strings of the file mean. Knows: text in, value out. Never: another key, a file.

Each reader raises ValueError with "found X, must be Y".
"""

import os
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_interface
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from floatip.config.problems import shown
from floatip.core.types import Address, BrokerName, Placed

NAME_PATTERN = "[a-z0-9][a-z0-9._-]{0,62}"
INTERFACE_PATTERN = r"[^\s/:@]{1,15}"
DURATION_PATTERN = r"[0-9]+(\.[0-9]+)?(ms|s|m|h)"
MQTT_PORT = 1883
MQTTS_PORT = 8883

KeepalivedArguments = bool | Literal["group"]

_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h)")
_HOST_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\[\]:@/\s]+))(?::([0-9]{1,5}))?")
_HOST_NAME = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*"
)
_MAPPED = IPv6Network("::ffff:0:0/96")
_NOT_AN_INTERFACE = {
    ".": "is a folder",
    "..": "is a folder",
    "all": "means every interface in sysctls",
    "default": "means new interfaces in sysctls",
    "lo": "has no LAN on which an address could be announced",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPort:
    """A host (a name in lower case, or an address) and a TCP port."""

    host: str
    port: int

    @property
    def address(self) -> Address | None:
        """The host as an address; None if it is a name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """One MQTT broker: its URL as written, and what it says."""

    url: str
    tls: bool
    at: HostPort

    @property
    def name(self) -> BrokerName:
        """``host:port``, the name by which nodes speak of it."""
        return BrokerName(str(self.at))

    def __str__(self) -> str:
        return self.url


def _text(value: Any, example: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"found {shown(value)}, must be a string like {example}")  # noqa: TRY004 (pydantic reads it)
    return value


def read_duration(value: Any) -> float:
    """Seconds of "200ms", "1s", "5m" or "1h"."""
    number = shown(value).strip('"')
    number = number if re.fullmatch(r"[0-9.]{1,9}", number) else "5"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f'found {shown(value)}, must be a string with a unit: "200ms", "1s" or "5m"')  # noqa: TRY004 (pydantic reads it)
    if not isinstance(value, str) or re.fullmatch(r"[0-9.]+", value):
        raise ValueError(f'found {shown(value)}, must have a unit: "{number}ms", "{number}s" or "{number}m"')
    match = _DURATION.fullmatch(value)
    if match is None:
        raise ValueError(f'found {shown(value)}, must be a number and a unit (ms, s, m or h): "200ms", "1s", "5m"')
    number, unit = match.groups()
    return round(float(number) * _UNIT_S[unit], 6)


def duration(seconds: float) -> str:
    """A short exact spelling of a duration, to the microsecond; the inverse of ``read_duration``."""
    for unit in ("h", "m", "s"):
        if seconds and round(seconds % _UNIT_S[unit], 6) == 0:
            return f"{round(seconds / _UNIT_S[unit])}{unit}"
    number, unit = (seconds * 1000, "ms") if 0 < seconds < 10 else (seconds, "s")
    return f"{number:.6f}".rstrip("0").rstrip(".") + unit


def read_name(value: Any) -> str:
    """A name of a cluster, node, VIP or check."""
    text = _text(value, '"n1"')
    if re.fullmatch(NAME_PATTERN, text) is None:
        raise ValueError(
            f'found {shown(text)}, must be 1 to 63 of a-z, 0-9, ".", "_" and "-", beginning with a letter or digit'
        )
    return text


def read_interface(value: Any) -> str:
    """A name that a Linux network interface can have, and on which a VIP can live."""
    text = _text(value, '"eth0"')
    if text in _NOT_AN_INTERFACE:
        raise ValueError(f'found "{text}", which {_NOT_AN_INTERFACE[text]}, must be an interface like "eth0"')
    if re.fullmatch(INTERFACE_PATTERN, text) is None or not text.isprintable() or len(os.fsencode(text)) > 15:
        raise ValueError(
            f'found {shown(text)}, must be an interface name like "eth0": at most 15 bytes, no blank and none of / : @'
        )
    return text


def read_path(value: Any) -> Path:
    """An absolute path; whether it exists is seen when it is used."""
    text = _text(value, '"/etc/floatip/cluster.key"')
    if not text.startswith("/") or "\0" in text:
        raise ValueError(f'found {shown(text)}, must be an absolute path, beginning with "/"')
    return Path(text)


def read_address(value: Any) -> Address:
    """One IPv4 or IPv6 address, without prefix."""
    text = _text(value, '"10.77.0.1"')
    try:
        found = ip_address(text)
    except ValueError:
        raise ValueError(f'found {shown(text)}, must be an IPv4 or IPv6 address like "10.77.0.1"') from None
    if isinstance(found, IPv6Address) and found.scope_id is not None:
        raise ValueError(f"found {shown(text)}, must be without %{found.scope_id}")
    if found.is_unspecified or found.is_multicast or found.is_loopback or found == IPv4Address("255.255.255.255"):
        raise ValueError(f"found {shown(text)}, must be the address of one host on the LAN")
    return found


def read_placed(value: Any) -> Placed:
    """An address of a VIP: ``ADDRESS[/PREFIX][@INTERFACE]``; a host prefix is implied."""
    text = _text(value, '"10.77.0.50"')
    bare, at, interface = text.partition("@")
    try:
        found = ip_interface(bare)
    except ValueError:
        raise ValueError(
            f'found {shown(text)}, must be an IPv4 or IPv6 address like "10.77.0.50", "fd77::50", "10.77.0.50/24" or '
            f'"10.77.0.50@eth1"'
        ) from None
    prefix = found.network.prefixlen
    if "/" in bare and not bare.endswith(f"/{prefix}"):
        raise ValueError(f'found {shown(text)}, must have its prefix as a number: "{found.ip}/{prefix}"')
    reason = "has a zone (%)" if "%" in bare else _why_no_vip(found.ip, prefix)
    if reason:
        raise ValueError(f"found {shown(text)}, which {reason}, must be an address that one host can have")
    return Placed(address=found.ip, prefix=prefix, interface=read_interface(interface) if at else None)


def _why_no_vip(address: Address, prefix: int) -> str | None:
    """Why an address cannot float between hosts; None if it can."""
    network = ip_interface(f"{address}/{prefix}").network
    rules = {
        "is the unspecified address": address.is_unspecified,
        "is a loopback address": address.is_loopback,
        "is a multicast address": address.is_multicast,
        "is the broadcast address": address == IPv4Address("255.255.255.255"),
        'is of "this network" (0.0.0.0/8)': isinstance(address, IPv4Address) and int(address) >> 24 == 0,
        "is link-local: each interface makes its own": isinstance(address, IPv6Address) and address.is_link_local,
        "is an IPv4 address in IPv6 form": address in _MAPPED,
        "has a prefix of no bits": prefix == 0,
    }
    if prefix <= address.max_prefixlen - 2:
        rules[f"is the network address of {network}"] = address == network.network_address
        rules[f"is the broadcast address of {network}"] = address.version == 4 and address == network.broadcast_address
    return next((reason for reason, applies in rules.items() if applies), None)


def read_host_port(text: str, default_port: int | None = None) -> HostPort | None:
    """``HOST:PORT``, IPv6 in brackets; None if it is not that."""
    match = _HOST_PORT.fullmatch(text)
    if match is None:
        return None
    v6, name, digits = match.groups()
    port = int(digits) if digits else default_port
    if port is None or not 1 <= port <= 65535:
        return None
    try:
        return HostPort(host=str(IPv6Address(v6)) if v6 else str(IPv4Address(name)), port=port)
    except ValueError:
        looks_numeric = v6 or name.rpartition(".")[2].isdecimal()
        return None if looks_numeric or _HOST_NAME.fullmatch(name) is None else HostPort(host=name.lower(), port=port)


def read_listen(value: Any) -> HostPort:
    """Where to listen: ``ADDR:PORT``, an address and never a name."""
    text = _text(value, '"10.78.0.11:1883"')
    found = read_host_port(text)
    if found is None or found.address is None:
        raise ValueError(f'found {shown(text)}, must be ADDR:PORT like "10.78.0.11:1883" or "[fd77::11]:1883"')
    return found


def read_private_listen(value: Any) -> HostPort:
    """As ``read_listen``, but one address of this host and not all of them."""
    found = read_listen(value)
    if found.address is not None and (found.address.is_unspecified or found.address.is_multicast):
        raise ValueError(f'found {shown(value)}, must be one address of this host, like "10.78.0.11:{found.port}"')
    return found


def read_broker(value: Any) -> Broker:
    """``mqtt://HOST[:PORT]`` or ``mqtts://HOST[:PORT]``; ports 1883 and 8883 are implied."""
    text = _text(value, '"mqtt://10.78.0.1:1883"')
    scheme, slashes, rest = text.partition("://")
    if "@" in text:  # not shown: it may hold a password
        raise ValueError("holds credentials, must be without: write username and password_file in [mqtt]")
    if not slashes or scheme not in {"mqtt", "mqtts"}:
        raise ValueError(f'found {shown(text)}, must begin with mqtt:// or, for TLS, mqtts://: "mqtt://10.78.0.1:1883"')
    if any(character in rest for character in "/?#"):
        raise ValueError(f'found {shown(text)}, must end after the port: "{scheme}://10.78.0.1:1883"')
    at = read_host_port(rest, MQTTS_PORT if scheme == "mqtts" else MQTT_PORT)
    if at is None or (at.address is not None and (at.address.is_unspecified or at.address.is_multicast)):
        raise ValueError(
            f'found {shown(text)}, must be {scheme}://HOST:PORT like "{scheme}://10.78.0.1:1883" or '
            f'"{scheme}://[fd77::1]:1883"'
        )
    return Broker(url=text, tls=scheme == "mqtts", at=at)


def read_line(value: Any) -> str:
    """One line of text, at most 200 characters."""
    text = _text(value, '"ops@example.org"')
    if len(text) > 200 or not text.isprintable():
        raise ValueError(f"found {shown(text)}, must be one line of at most 200 printable characters")
    return text


def read_group(value: Any) -> str:
    """A name that a Unix group can have."""
    text = _text(value, '"floatip"')
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,30}\$?", text) is None:
        raise ValueError(f'found {shown(text)}, must be the name of a group like "floatip"')
    return text


def read_argv(value: Any) -> tuple[str, ...]:
    """A program by its absolute path, and its arguments."""
    if not isinstance(value, list) or not value or not all(isinstance(word, str) for word in value):
        raise ValueError(f'found {shown(value)}, must be a list of strings: ["/usr/bin/program", "argument"]')
    if not value[0].startswith("/") or any("\0" in word for word in value):
        raise ValueError(f"found {shown(value[0])} as the program, must be its absolute path: no shell is asked")
    return tuple(value)


def read_keepalived_arguments(value: Any) -> KeepalivedArguments:
    """Whether, and as what, a hook names its VIP as keepalived does."""
    if isinstance(value, bool):
        return value
    if value == "group":
        return "group"
    raise ValueError(f'found {shown(value)}, must be true, false or "group"')


def _string(pattern: str | None = None, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string"} | ({"pattern": f"^{pattern}$"} if pattern else {}) | more)


Item = TypeVar("Item")
Many = Annotated[tuple[Item, ...], Field(strict=False)]
"""A TOML array."""

Duration = Annotated[float, PlainValidator(read_duration), PlainSerializer(duration), _string(DURATION_PATTERN)]
"""Seconds; in the file a string with a unit."""
Name = Annotated[str, PlainValidator(read_name), _string(NAME_PATTERN)]
Interface = Annotated[str, PlainValidator(read_interface), _string(INTERFACE_PATTERN)]
AbsolutePath = Annotated[Path, PlainValidator(read_path), PlainSerializer(str), _string("/.*")]
HostAddress = Annotated[Address, PlainValidator(read_address), PlainSerializer(str), _string()]
VipAddress = Annotated[Placed, PlainValidator(read_placed), PlainSerializer(str), _string()]
Listen = Annotated[HostPort, PlainValidator(read_listen), PlainSerializer(str), _string(r".+:[0-9]{1,5}")]
PrivateListen = Annotated[
    HostPort, PlainValidator(read_private_listen), PlainSerializer(str), _string(r".+:[0-9]{1,5}")
]
BrokerUrl = Annotated[Broker, PlainValidator(read_broker), PlainSerializer(str), _string("mqtts?://[^@/?#]+")]
Line = Annotated[str, PlainValidator(read_line), _string(maxLength=200)]
Group = Annotated[str, PlainValidator(read_group), _string()]
Argv = Annotated[
    tuple[str, ...],
    PlainValidator(read_argv),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "minItems": 1}),
]
KeepalivedStyle = Annotated[
    KeepalivedArguments,
    PlainValidator(read_keepalived_arguments),
    WithJsonSchema({"enum": [False, True, "group"]}),
]
