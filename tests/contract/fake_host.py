"""A small Addresses without a kernel.

Knows entries with lifetimes on a clock that the test moves. Behaves as floatip.host.addresses does, which the contract
tests hold it to, so that tests of the daemon may use it in its place.
"""

import errno
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from floatip.host.addresses import Alias, Found, Outcome
from floatip.host.messages import FOREVER, PROTOCOL, Entry, IPAddress, cut_label


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    found: Found
    until_s: float | None

    def at(self, now_s: float) -> Found:
        """As it is found at this time."""
        left = None if self.until_s is None else int(self.until_s - now_s)
        return replace(self.found, valid_lft_s=left)


class FakeAddresses:
    """The kernel's addresses, and what floatip does with them; `now_s` is the clock."""

    def __init__(self, interfaces: Sequence[str], removed: Callable[[Entry], None] = lambda _: None) -> None:
        self.now_s = 0.0
        self._interfaces = list(interfaces)
        self._removed = removed
        self._held: dict[tuple[IPAddress, int, str], _Held] = {}

    def open(self) -> None:
        """Do nothing: there is no socket."""

    def close(self) -> None:
        """Do nothing: addresses stay until their lifetimes end."""

    def prepare(self, aliases: Iterable[Alias]) -> None:
        """Do nothing: there is no message to pack."""

    def ensure(self, aliases: Sequence[Alias], lifetime_s: int, *, verify: bool = False) -> list[Outcome]:
        """Add or renew; our other entries of the same addresses go if any of the aliases was not there, or `verify`."""
        if not 1 <= lifetime_s < FOREVER:
            raise ValueError(f"a lifetime must be at least 1 s and not forever, not {lifetime_s}")
        self._expire()
        fresh = verify or any(_key(alias) not in self._held for alias in aliases)
        outcomes = []
        for alias in aliases:
            if alias.interface not in self._interfaces:
                outcomes.append(Outcome(alias=alias, error=f"{alias} could not be added", errno=errno.ENODEV))
                continue
            before = self._held.get(_key(alias))
            label = cut_label(alias.interface, alias.label) if alias.address.version == 4 else ""
            found = Found(
                address=alias.address,
                prefix=alias.prefix,
                interface=alias.interface,
                label=before.found.label if before else label,
                valid_lft_s=lifetime_s,
                proto=PROTOCOL,
                ours=True,
            )
            self._held[_key(alias)] = _Held(found=found, until_s=self.now_s + lifetime_s)
            outcomes.append(Outcome(alias=alias))
        if fresh:
            done = {_key(it.alias) for it in outcomes if it.error is None}
            addresses = {address for address, _, _ in done}
            self._take([key for key in self._held if key[0] in addresses and key not in done])
        return outcomes

    def remove(self, aliases: Sequence[Alias], *, foreign_too: bool = False) -> list[Outcome]:
        """Remove our entries of these addresses, or all of them; an entry that stays is an error."""
        self._expire()
        addresses = {alias.address for alias in aliases}
        self._take([key for key in self._held if key[0] in addresses], foreign_too=foreign_too)
        left = {address for address, _, _ in self._held}
        return [
            Outcome(alias=alias, error=f"{alias} is not floatip's", errno=errno.EEXIST)
            if alias.address in left
            else Outcome(alias=alias)
            for alias in aliases
        ]

    def present(self) -> list[Found]:
        """Give every entry that has not expired."""
        self._expire()
        return [held.at(self.now_s) for held in self._held.values()]

    def by_hand_add(self, address: IPAddress, prefix: int, interface: str, lifetime_s: int | None) -> None:
        """Add what somebody else would, for good or for a while."""
        found = Found(
            address=address,
            prefix=prefix,
            interface=interface,
            label=interface if address.version == 4 else "",
            valid_lft_s=lifetime_s,
            proto=0,
            ours=False,
        )
        until_s = None if lifetime_s is None else self.now_s + lifetime_s
        self._held[address, prefix, interface] = _Held(found=found, until_s=until_s)

    def by_hand_remove(self, address: IPAddress, prefix: int, interface: str) -> None:
        """Remove what is there, whoever added it."""
        self._expire()
        del self._held[address, prefix, interface]

    def _take(self, keys: Iterable[tuple[IPAddress, int, str]], *, foreign_too: bool = False) -> None:
        for key in keys:
            if foreign_too or self._held[key].found.ours:
                del self._held[key]
                self._removed(Entry(key[0].packed, key[1], self._interfaces.index(key[2])))

    def _expire(self) -> None:
        ended = [key for key, held in self._held.items() if held.until_s is not None and held.until_s <= self.now_s]
        for key in ended:
            del self._held[key]


def _key(alias: Alias) -> tuple[IPAddress, int, str]:
    return alias.address, alias.prefix, alias.interface
