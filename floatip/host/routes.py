"""Rules and routes of ours in this kernel: which are wanted, which are there, and what makes the two the same.

Knows that everything of ours has our number (`proto`), and touches nothing else but a route that is in the way of one
of ours in its table. Never decides which are wanted.
"""

import errno
import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from socket import AF_INET, AF_INET6
from typing import Final

from floatip.host.links import InterfaceNames, indexes
from floatip.host.netlink import Answer, RouteSocket
from floatip.host.routemessages import (
    RTM_GETROUTE,
    RTM_GETRULE,
    Route,
    Rule,
    pack_forget,
    pack_route,
    pack_rule,
    read_route,
    read_rule,
    routes_question,
    rules_question,
)

Item = Rule | Route

_THERE: Final = frozenset({0, errno.EEXIST})
_GONE: Final = frozenset({0, errno.ENOENT, errno.ESRCH, errno.ENODEV})
_REMEDIES: Final = {
    errno.EPERM: "this process lacks CAP_NET_ADMIN, see `floatip doctor`",
    errno.EACCES: "is IPv6 off there? `sysctl net.ipv6.conf` shows it",
    errno.ENODEV: "there is no such interface, see `ip link`",
    errno.ENETDOWN: "see `ip link`",
    errno.ETIMEDOUT: "the kernel did not answer in time, see `dmesg`",
}
_REMEDY: Final = "see `ip rule` and `ip route show table {table}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What was done, and of each item that could not be put there or taken away, why and what helps."""

    put: tuple[Item, ...] = ()
    taken: tuple[Item, ...] = ()
    failed: tuple[tuple[Item, str], ...] = ()


class Routes:
    """Puts and takes; each call is one send, and `settle` reads before."""

    def __init__(self) -> None:
        self._socket = RouteSocket(strict=True)
        self._have: dict[Item, None] = {}  # a set that keeps its order

    def open(self) -> None:
        """Open the netlink socket in the network namespace of the calling thread, where it stays."""
        self._socket.open()

    def close(self) -> None:
        """Close it; rules and routes stay."""
        self._socket.close()
        self._have.clear()

    def has(self, item: Item) -> bool:
        """Whether it was there when we last put or read it."""
        return item in self._have

    def apply(self, wanted: Iterable[Item]) -> Change:
        """Put what is missing, in this order, then take what is not wanted; what is known to be there costs nothing."""
        rightful = dict.fromkeys(wanted)
        missing = [item for item in rightful if item not in self._have]
        left = [item for item in self._have if item not in rightful]
        excess = [it for it in left if isinstance(it, Rule)] + [it for it in left if isinstance(it, Route)]
        index = indexes({item.interface for item in (*missing, *excess) if isinstance(item, Route)})
        lost = {it for it in (*missing, *excess) if isinstance(it, Route) and it.interface not in index}
        self._forget(lost)  # the kernel took them away with their interface
        put, take = ([it for it in items if it not in lost] for items in (missing, excess))
        requests = [_pack(it, index, put=True) for it in put] + [_pack(it, index, put=False) for it in take]
        answers = self._socket.send(requests)
        failed: list[tuple[Item, str]] = [
            (it, _failure(it, Answer(errno.ENODEV), "put there")) for it in missing if it in lost
        ]
        done: tuple[list[Item], list[Item]] = ([], [])
        for number, (item, answer) in enumerate(zip((*put, *take), answers, strict=True)):
            wants = number < len(put)
            if answer.errno not in (_THERE if wants else _GONE):
                failed.append((item, _failure(item, answer, "put there" if wants else "taken away")))
                continue
            done[not wants].append(item)
        self._have |= dict.fromkeys(done[0])
        self._forget(done[1])
        return Change(put=tuple(done[0]), taken=tuple(done[1]), failed=tuple(failed))

    def settle(self, wanted: Iterable[Item], tables: Collection[int] | None = None) -> Change:
        """Read what the kernel has of ours, all rules, and routes in these tables or in all, and make it as wanted.

        Raises NetlinkError if the kernel does not tell.
        """
        self._have = dict.fromkeys(self._read(tables))
        return self.apply(wanted)

    def _forget(self, items: Iterable[Item]) -> None:
        for item in items:
            self._have.pop(item, None)

    def _read(self, tables: Collection[int] | None) -> Iterable[Item]:
        names = InterfaceNames()
        for family in (AF_INET, AF_INET6):
            rules = [read_rule(*message) for message in self._socket.dump(RTM_GETRULE, rules_question(family))]
            ours = [rule for rule in rules if rule is not None]
            yield from ours
            where = [None] if tables is None else sorted({*tables, *(rule.table for rule in ours)})
            for table in where:
                for message in self._socket.dump(RTM_GETROUTE, routes_question(family, table)):
                    record = read_route(*message)
                    if record is not None and record.ifindex:
                        name = names[record.ifindex]
                        yield Route(record.table, record.network, name, record.gateway, record.onlink)


def undoing(items: Iterable[Item]) -> tuple[bytes, ...]:
    """Requests that take these away, and their like on another interface, for one who cannot read what is there."""
    return tuple(pack_rule(it, put=False) if isinstance(it, Rule) else pack_forget(it) for it in items)


def _pack(item: Item, index: dict[str, int], *, put: bool) -> bytes:
    if isinstance(item, Rule):
        return pack_rule(item, put=put)
    return pack_route(item, index[item.interface], put=put)


def _failure(item: Item, answer: Answer, what: str) -> str:
    said = answer.text or os.strerror(answer.errno)
    return f"{item} could not be {what}: {said}; {_REMEDIES.get(answer.errno, _REMEDY).format(table=item.table)}"
