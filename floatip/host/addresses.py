"""The VIPs in this kernel: every one with a lifetime, so that the kernel takes it away when nobody renews it.

Knows which addresses are ours and which are somebody else's, and that the same address with another prefix, or on
another interface, is a second entry that answers ARP too. Says what the kernel has, never what floatip has decided.
Never adds an address for good, and never takes away one that is not ours unless told to by name.
"""

import errno
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from floatip.host.clock import boottime_s
from floatip.host.delivery import await_delivery
from floatip.host.errors import NetlinkError
from floatip.host.links import InterfaceNames, indexes
from floatip.host.messages import (
    FOREVER,
    RTM_GETADDR,
    AddressRecord,
    Entry,
    IPAddress,
    ReadyAdd,
    cut_label,
    is_ours,
    pack_add,
    pack_remove,
    read_address,
)
from floatip.host.netlink import Answer, RouteSocket

_REMEDIES = {
    errno.EPERM: "this process lacks CAP_NET_ADMIN, see `floatip doctor`",
    errno.EACCES: "is IPv6 off there? `sysctl -w net.ipv6.conf.{key}.disable_ipv6=0`",
    errno.ENODEV: "see `ip link`",
    errno.ETIMEDOUT: "the kernel did not answer in time, see `dmesg`",
}
_REMEDY = "see `ip addr` and `dmesg`"
_VANISHED = Answer(
    errno.EADDRNOTAVAIL, "the kernel accepted it and does not have it: something else removes it or keeps it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """One address of a VIP as it is to be: `label` is the VIP's name, `source` lets IPv6 connections start from it."""

    address: IPAddress
    prefix: int
    interface: str
    label: str
    source: bool = False
    _hash: int = field(init=False, repr=False, compare=False)
    """Taken once: renewing a thousand of them looks each up several times a second."""

    def __post_init__(self) -> None:
        if not 1 <= self.prefix <= self.address.max_prefixlen:
            raise ValueError(f"{self.address} cannot have the prefix length {self.prefix}")
        object.__setattr__(self, "_hash", hash((self.address, self.prefix, self.interface, self.label, self.source)))

    def __hash__(self) -> int:
        return self._hash

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix} on {self.interface}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one alias: no error, or what went wrong and what helps, with the kernel's errno (0: no errno)."""

    alias: Alias
    error: str | None = None
    errno: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One address that the kernel has; `valid_lft_s` is None if it stays forever."""

    address: IPAddress
    prefix: int
    interface: str
    label: str
    valid_lft_s: int | None
    proto: int
    ours: bool

    @property
    def permanent(self) -> bool:
        """Whether it stays until somebody removes it."""
        return self.valid_lft_s is None

    def __str__(self) -> str:
        return f"{self.address}/{self.prefix} on {self.interface}"


def foreign(found: Iterable[Found], wanted: Iterable[Alias]) -> list[Found]:
    """Entries of wanted addresses that are somebody else's: permanent, or with another owner's lifetime."""
    addresses = {alias.address for alias in wanted}
    return [it for it in found if it.address in addresses and not it.ours]


def leftovers(found: Iterable[Found], wanted: Iterable[Alias]) -> list[Found]:
    """Entries of wanted addresses that an earlier floatip put there."""
    addresses = {alias.address for alias in wanted}
    return [it for it in found if it.address in addresses and it.ours]


def remains(found: Iterable[Found], aliases: Iterable[Alias]) -> bool:
    """Whether an earlier floatip left exactly these aliases: every one as it is to be, and no other entry of them."""
    wanted = {alias.address: alias for alias in aliases}
    there = [it for it in found if it.address in wanted]
    return len(there) == len(wanted) and all(_is_as_wanted(it, wanted[it.address]) for it in there)


class Addresses:
    """Adds, renews, removes and lists addresses; each call is one batch and waits for the kernel.

    `removed` is told of each entry that was taken away by our own doing, before the call returns.
    """

    def __init__(self, removed: Callable[[Entry], None] = lambda _: None) -> None:
        self._removed = removed
        self._socket = RouteSocket()
        self._ready: dict[Alias, ReadyAdd] = {}
        self._until_s: dict[Alias, float] = {}  # boot time until which the kernel keeps what we put there

    def open(self) -> None:
        """Open the netlink socket in the network namespace of the calling thread, where it stays."""
        self._socket.open()

    def close(self) -> None:
        """Close the socket; addresses stay until their lifetimes end."""
        self._socket.close()
        self._until_s.clear()

    def prepare(self, aliases: Iterable[Alias]) -> None:
        """Pack the messages of these aliases ahead of need (0.1 ms each), and forget those of all others."""
        self._ready = {alias: self._ready.get(alias) or _pack(alias) for alias in aliases}

    def ensure(self, aliases: Sequence[Alias], lifetime_s: int, *, verify: bool = False) -> list[Outcome]:
        """Add or renew each alias for `lifetime_s` whole seconds; one outcome each, in the same order.

        Reads back what the kernel has, and removes our other entries of the same addresses, if `verify` is set or if
        any of the aliases was not there by our own doing; what is there then is served. A pure renewal is one send.
        """
        if not 1 <= lifetime_s < FOREVER:
            raise ValueError(f"a lifetime must be at least 1 s and not forever, not {lifetime_s}")
        now_s = boottime_s()
        fresh = verify or any(self._until_s.get(alias, 0.0) <= now_s for alias in aliases)
        answers = self._send_adds(aliases, lifetime_s)
        if fresh:
            answers |= self._verified([alias for alias, answer in answers.items() if not answer.errno], lifetime_s)
            there = {it.address for it, answer in answers.items() if not answer.errno}
            await_delivery(self._socket, [address.packed for address in there if address.version == 6])
        for alias, answer in answers.items():
            if answer.errno:
                self._until_s.pop(alias, None)
            else:
                self._until_s[alias] = now_s + lifetime_s
        return [_added(alias, answers[alias]) for alias in aliases]

    def remove(self, aliases: Sequence[Alias], *, foreign_too: bool = False) -> list[Outcome]:
        """Remove every entry of ours of these addresses, whatever its prefix and interface; "not there" is success.

        An entry that is somebody else's stays, and is the alias's error, unless `foreign_too` is set.
        """
        held = [alias for alias in aliases if self._until_s.pop(alias, None) is not None]
        index = indexes(alias.interface for alias in held)
        self._send_removals(
            [
                Entry(alias.address.packed, alias.prefix, index[alias.interface])
                for alias in held
                if alias.interface in index
            ]
        )
        try:
            remaining = self._clear({alias.address.packed for alias in aliases}, foreign_too=foreign_too)
        except NetlinkError as error:
            return [Outcome(alias=alias, error=str(error), errno=errno.EIO) for alias in aliases]
        return [_left(alias, *remaining.get(alias.address.packed, (None, None))) for alias in aliases]

    def present(self) -> list[Found]:
        """Every IPv4 and IPv6 address on every interface; raises NetlinkError if the kernel does not tell."""
        names = InterfaceNames()
        return [_found(record, names) for record in self._records()]

    def _send_adds(self, aliases: Sequence[Alias], lifetime_s: int) -> dict[Alias, Answer]:
        index = indexes(alias.interface for alias in aliases)
        answers = {alias: Answer(errno.ENODEV) for alias in aliases if alias.interface not in index}
        sent = [alias for alias in aliases if alias.interface in index]
        requests = [self._message(alias).patched(index=index[alias.interface], lifetime_s=lifetime_s) for alias in sent]
        return answers | dict(zip(sent, self._socket.send(requests), strict=True))

    def _verified(self, aliases: Sequence[Alias], lifetime_s: int) -> dict[Alias, Answer]:
        """Answers that correct those of the kernel by what it has, after a second try where that differs."""
        try:
            again = self._not_there(aliases)
            answers = self._send_adds(again, lifetime_s)
            return answers | dict.fromkeys(self._not_there(again), _VANISHED)
        except NetlinkError as error:
            return dict.fromkeys(aliases, Answer(errno.EIO, str(error)))

    def _message(self, alias: Alias) -> ReadyAdd:
        ready = self._ready.get(alias)
        if ready is None:
            ready = self._ready[alias] = _pack(alias)
        return ready

    def _clear(self, packed: Collection[bytes], *, foreign_too: bool) -> dict[bytes, tuple[Found, Answer | None]]:
        """Remove what may go of these addresses; give what stays, and the kernel's answer if it was to go."""
        names = InterfaceNames()
        answers: dict[Entry, Answer] = {}
        records = self._records(packed)
        doomed = [it.entry for it in records if foreign_too or is_ours(it, names[it.ifindex])]
        if doomed:
            answers = self._send_removals(doomed)
            records = self._records(packed)
        return {it.packed: (_found(it, names), answers.get(it.entry)) for it in records}

    def _not_there(self, aliases: Sequence[Alias]) -> list[Alias]:
        """Those of the aliases that the kernel lacks or keeps for good; our other entries of the addresses go."""
        if not aliases:
            return []
        index = indexes(alias.interface for alias in aliases)
        by_entry = {Entry(it.address.packed, it.prefix, index.get(it.interface, 0)): it for it in aliases}
        missing = dict.fromkeys(aliases)
        strays = []
        for record in self._records({alias.address.packed for alias in aliases}):
            alias = by_entry.get(record.entry)
            if alias is None:
                strays.append(record.entry)
            elif record.valid_lft_s is not None:
                missing.pop(alias, None)
        if strays:
            self._send_removals(strays)
            addresses = {alias.address for alias in aliases}
            self._until_s = {it: until for it, until in self._until_s.items() if it.address not in addresses}
        return list(missing)

    def _send_removals(self, entries: Sequence[Entry]) -> dict[Entry, Answer]:
        answers = self._socket.send([pack_remove(entry) for entry in entries])
        for entry, answer in zip(entries, answers, strict=True):
            if not answer.errno:
                self._removed(entry)
        return dict(zip(entries, answers, strict=True))

    def _records(self, only: Collection[bytes] | None = None) -> list[AddressRecord]:
        """Every entry, or those of the packed addresses in `only`."""
        records = (read_address(*message) for message in self._socket.dump(RTM_GETADDR))
        return [it for it in records if it is not None and (only is None or it.packed in only)]


def _is_as_wanted(found: Found, alias: Alias) -> bool:
    """An entry whose lifetime has ended may be gone the next moment, so it counts as gone."""
    label = cut_label(alias.interface, alias.label) if alias.address.version == 4 else ""
    as_wanted = (found.prefix, found.interface, found.label) == (alias.prefix, alias.interface, label)
    return as_wanted and found.ours and bool(found.valid_lft_s)


def _pack(alias: Alias) -> ReadyAdd:
    label = cut_label(alias.interface, alias.label)
    return pack_add(alias.address, alias.prefix, label=label, source=alias.source)


def _added(alias: Alias, answer: Answer) -> Outcome:
    if not answer.errno:
        return Outcome(alias=alias)
    return Outcome(
        alias=alias, error=f"{alias} could not be added: {_why(alias.interface, answer)}", errno=answer.errno
    )


def _left(alias: Alias, still: Found | None, answer: Answer | None) -> Outcome:
    if still is None:
        return Outcome(alias=alias)
    command = f"`ip addr del {still.address}/{still.prefix} dev {still.interface}`"
    if answer is None:
        error = (
            f"{still} is there and not floatip's: it was left alone; {command} or `floatip cleanup --force` removes it"
        )
        return Outcome(alias=alias, error=error, errno=errno.EEXIST)
    why = _why(still.interface, answer) if answer.errno else "something else puts it back"
    return Outcome(
        alias=alias, error=f"{still} could not be removed: {why}; try {command}", errno=answer.errno or errno.EEXIST
    )


def _why(interface: str, answer: Answer) -> str:
    said = answer.text or os.strerror(answer.errno)
    return f"{said}; {_REMEDIES.get(answer.errno, _REMEDY).format(key=interface.replace('.', '/'))}"


def _found(record: AddressRecord, names: InterfaceNames) -> Found:
    name = names[record.ifindex]
    return Found(
        address=ip_address(record.packed),
        prefix=record.prefix,
        interface=name,
        label=record.label,
        valid_lft_s=record.valid_lft_s,
        proto=record.proto,
        ours=is_ours(record, name),
    )
