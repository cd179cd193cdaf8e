"""The tables of the file, each key with its type, default and purpose. Knows: one key at a time.

Never: relations between keys (relations.py), the whole (model.py), files. Descriptions go into the JSON Schema.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from floatip.config.fields import (
    AbsolutePath,
    Argv,
    BrokerUrl,
    Duration,
    Group,
    HostAddress,
    Interface,
    KeepalivedStyle,
    Line,
    Listen,
    Many,
    Name,
    PrivateListen,
    VipAddress,
    duration,
    read_duration,
)
from floatip.core.types import Occasion, Placement

_ROUNDS_S = (0.0, 0.05, 0.25, 1.0, 5.0)
_LATER_ROUNDS_S = 5.0


class QuorumPolicy(StrEnum):
    """``no_quorum_policy``: what an owner does when it has lost its quorum."""

    KEEP = "keep"
    RELEASE = "release"
    LAN = "lan"


class LogLevel(StrEnum):
    """The least important lines that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """How log lines look; ``auto``: for people on a terminal, JSON otherwise."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class Handover(StrEnum):
    """The order of a planned move: the new owner adds first, or the old one removes first."""

    MAKE_BEFORE_BREAK = "make-before-break"
    BREAK_BEFORE_MAKE = "break-before-make"


class CheckType(StrEnum):
    """What a check looks at."""

    EXEC = "exec"
    TCP = "tcp"
    HTTP = "http"
    LINK = "link"
    ARP = "arp"
    FILE = "file"
    PROCESS = "process"


def within(low: str, high: str) -> AfterValidator:
    """A duration from ``low`` to ``high``, both included."""

    def check(seconds: float) -> float:
        if not read_duration(low) <= seconds <= read_duration(high):
            raise ValueError(f'found "{duration(seconds)}", must be from "{low}" to "{high}"')
        return seconds

    return AfterValidator(check)


class Table(BaseModel):
    """One table of the file: no other keys, no conversions, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Embedded(Table):
    """`[mqtt.embedded]`: this node also runs a broker, in a process of its own."""

    listen: PrivateListen = Field(description="ADDR:PORT, one address of this host; whoever reaches it may use it")


class Mqtt(Table):
    """`[mqtt]`: the brokers over which the nodes elect."""

    brokers: Many[BrokerUrl] = Field(
        description="1, 3 or 5 independent brokers, mqtt:// or mqtts:// (TLS), the same on all nodes; "
        "ownership needs a majority of them"
    )
    username: Line | None = Field(default=None, description="user name at the brokers")
    password_file: AbsolutePath | None = Field(default=None, description="file that holds the password of `username`")
    ca_file: AbsolutePath | None = Field(default=None, description="certificates that brokers are verified with (TLS)")
    cert_file: AbsolutePath | None = Field(default=None, description="client certificate (TLS)")
    key_file: AbsolutePath | None = Field(default=None, description="private key of `cert_file`")
    embedded: Embedded | None = Field(default=None, description="this node also runs a broker")


class Security(Table):
    """`[security]`: signatures of messages between nodes."""

    keys: Many[AbsolutePath] = Field(
        default=(), description="cluster keys: the first signs, each verifies; none: messages are unsigned"
    )


class TimingTable(Table):
    """`[timing]`: a property of the cluster; when changing it in service, raise first, everywhere; lower last."""

    heartbeat_s: Annotated[Duration, within("10ms", "10s")] = Field(
        default=0.2, alias="heartbeat", description="interval of a node's messages, 10ms to 10s"
    )
    lease_s: Annotated[Duration, within("30ms", "1m")] = Field(
        default=1.0, alias="lease", description="how long a heartbeat keeps an owner in office; at least 3 heartbeats"
    )
    no_quorum_policy: QuorumPolicy = Field(
        default=QuorumPolicy.KEEP, strict=False, description="what an owner does that has lost its quorum"
    )
    kernel_lifetime_s: Annotated[Duration, within("1s", "1h")] = Field(
        default=3.0,
        alias="kernel_lifetime",
        description="under keep and lan: after how long the kernel removes an address that nobody renews; "
        "whole seconds, at least `lease`",
    )


class Log(Table):
    """`[log]`: the daemon's own lines, on standard error."""

    level: LogLevel = Field(
        default=LogLevel.INFO, strict=False, description="the least important lines that are logged"
    )
    format: LogFormat = Field(
        default=LogFormat.AUTO, strict=False, description="auto: console on a terminal, else JSON"
    )


class Sysctl(Table):
    """`[sysctl]`: kernel settings without which several interfaces answer for a VIP."""

    enforce: bool = Field(default=True, description="set them at start-up and every 60 s")
    restore_on_exit: bool = Field(default=False, description="put the old values back at the end")
    all: bool = Field(default=False, description="also on net.ipv4.conf.all, not only on VIP interfaces")


class Garp(Table):
    """`[garp]`: gratuitous ARP, and unsolicited neighbour advertisements for IPv6."""

    repeat: int = Field(
        default=5, ge=1, le=20, description="rounds after taking over: at 0, 50ms, 250ms, 1s, 5s, 10s..."
    )
    refresh_s: Annotated[Duration, within("1s", "1h")] = Field(
        default=60.0, alias="refresh", description="the owner announces again this often"
    )
    rate: int = Field(
        default=500, ge=1, le=100_000, description="frames per second and interface once the first round is out"
    )

    @property
    def offsets_s(self) -> tuple[float, ...]:
        """When the rounds are sent, in seconds after taking over."""
        later = (_ROUNDS_S[-1] + _LATER_ROUNDS_S * (extra + 1) for extra in range(self.repeat - len(_ROUNDS_S)))
        return (*_ROUNDS_S[: self.repeat], *later)


class Control(Table):
    """`[control]`: the socket on which operators talk to this daemon."""

    socket: AbsolutePath = Field(default=Path("/run/floatip/floatip.sock"), description="where the socket is")
    group: Group = Field(default="floatip", description="its members may operate; others may not even read")


class Http(Table):
    """`[http]`: status page and metrics, read only."""

    listen: Listen = Field(description="ADDR:PORT")


class Lan(Table):
    """`[lan]`: whether this node still reaches its LAN."""

    gateway: HostAddress | None = Field(default=None, description="asked, besides the peers, for LAN health")
    health: bool = Field(default=True, description="a node that hears nobody on the LAN has a fault")


class Vip(Table):
    """`[[vip]]`: one or more addresses that always move together."""

    name: Name = Field(description="unique in the cluster, the same on all nodes")
    addresses: Many[VipAddress] = Field(
        min_length=1, description="ADDRESS[/PREFIX][@INTERFACE], IPv4 or IPv6; /32 and /128 are implied"
    )
    interfaces: Many[Interface] = Field(
        min_length=1, description="where the addresses live; the next one is used when the first loses its link"
    )
    priority: int = Field(default=100, ge=1, le=254, description="the candidate with the highest takes over")
    placement: Placement = Field(
        default=Placement.PRIORITY, strict=False, description="spread: equal priorities are spread over the nodes"
    )
    preempt: bool = Field(default=False, description="a better candidate gets the VIP from a healthy owner")
    preempt_delay_s: Annotated[Duration, within("0s", "1h")] = Field(
        default=0.0, alias="preempt_delay", description="how long it must have been the better one"
    )
    handover: Handover | None = Field(
        default=None,
        strict=False,
        description="order of a planned move; default make-before-break, under release break-before-make",
    )
    source: bool = Field(default=False, description="an IPv6 VIP may be the source of outgoing connections")
    no_quorum_policy: QuorumPolicy | None = Field(
        default=None, strict=False, description="overrides the one of [timing] for this VIP"
    )
    gateway: HostAddress | None = Field(default=None, description="replies of this VIP leave through it; needs `table`")
    table: int | None = Field(
        default=None, ge=1, le=2**32 - 1, description="routing table for `gateway`, not 253, 254 or 255"
    )
    checks: Many[Name] = Field(default=(), description="names of the [[check]]s that must pass")
    damping_s: Annotated[Duration, within("0s", "1h")] = Field(
        default=10.0,
        alias="damping",
        description="after a check has made the VIP change its owner, no check does so again for so long",
    )
    purpose: Line = Field(default="", description="for people: what it is for")
    contact: Line = Field(default="", description="for people: whom to ask")

    @property
    def all_interfaces(self) -> tuple[str, ...]:
        """Every interface that an address of this VIP can be on, each once."""
        named = (placed.interface for placed in self.addresses)
        return tuple(dict.fromkeys([*self.interfaces, *filter(None, named)]))


class Alias(Table):
    """`[[alias]]`: a plain address that floatip does not manage, written down so that `audit` knows it."""

    address: HostAddress = Field(description="the address, without a prefix")
    purpose: Line = Field(description="for people: what it is for")
    contact: Line = Field(default="", description="for people: whom to ask")


class Check(Table):
    """`[[check]]`: a look at a service of this host."""

    name: Name = Field(description="unique; VIPs refer to it")
    type: CheckType = Field(strict=False, description="what is looked at")
    target: Line | None = Field(
        default=None,
        description="tcp: HOST:PORT; http: URL; link: interface; arp: address; file: path; process: its name",
    )
    command: Argv | None = Field(
        default=None, description="exec: the program and its arguments; exit code 0 is success"
    )
    interval_s: Annotated[Duration, within("10ms", "1h")] = Field(
        default=1.0, alias="interval", description="how often"
    )
    timeout_s: Annotated[Duration, within("1ms", "1h")] = Field(
        default=0.5, alias="timeout", description="after this it has failed; at most `interval`"
    )
    contains: Line | None = Field(default=None, description="file: a text in its first 64 KiB")
    max_age_s: Annotated[Duration, within("100ms", "8760h")] | None = Field(
        default=None, alias="max_age", description="file: it must have been modified within this time"
    )
    rise: int = Field(default=2, ge=1, le=1000, description="successes in a row until it passes")
    fall: int = Field(default=3, ge=1, le=1000, description="failures in a row until it fails")
    weight: int = Field(
        default=0, ge=-254, le=254, description="0: failing is a fault; else added to the priority while failing"
    )


class Hook(Table):
    """`[[hook]]`: a program that is told what happened."""

    on: Many[Annotated[Occasion, Field(strict=False)]] = Field(min_length=1, description="the events it is called for")
    command: Argv = Field(description="FLOATIP_* in the environment, the event as JSON on standard input")
    vips: Many[Name] = Field(default=(), description="names of the [[vip]]s it is called for; none: all of them")
    keepalived_arguments: KeepalivedStyle = Field(
        default=False,
        description="true: also the arguments INSTANCE NAME MASTER|BACKUP|FAULT|STOP PRIORITY of keepalived's notify; "
        '"group": GROUP instead of INSTANCE, and priority 0',
    )
    keepalived_name: Line | None = Field(default=None, description="NAME in those arguments; default: the VIP's")
    timeout_s: Annotated[Duration, within("10ms", "1h")] = Field(
        default=10.0, alias="timeout", description="after this it is killed"
    )
