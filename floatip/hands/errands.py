"""The hand for errands: what operators want done on this host with addresses that are no VIPs; each ends in ErrandDone.

What takes long (sockets of all processes, boot files) is looked at in a thread: the loop has heartbeats to send.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address, ip_interface
from typing import Any

from floatip.core import effects as ef
from floatip.core import events as ev
from floatip.core.messages import Errand, Task
from floatip.core.types import Address
from floatip.host.aliases import add_alias, remove_alias
from floatip.host.bootfiles import additions
from floatip.host.errors import HostError
from floatip.host.inventory import HostAddress, Inventory, interface_for, inventory, present, primaries
from floatip.lan.heard import Heard, HeardKind, LanError
from floatip.lan.lan import Lan
from floatip.lan.traffic import Traffic, TrafficCounter

QUESTIONS_S = (0.0, 0.05, 0.1)
LISTEN_S = 0.2
"""How long to ask and listen who has an address."""
ROUNDS_S = (0.05, 0.25, 1.0)
"""When an alias is announced again after it was added."""
MOST_BYTES = 200_000
"""What one message between nodes has room for."""

Post = Callable[[ev.Event], None]
Ear = Callable[[Heard], None]


class ErrandError(Exception):
    """Why an errand was not done, in a sentence."""


class ErrandHand:
    """Runs errands side by side; each as a task of its own."""

    def __init__(
        self,
        lan: Lan,
        overhear: Callable[[Ear], Callable[[], None]],
        post: Post,
        documented: Mapping[Address, tuple[str, str]],
    ) -> None:
        """``documented``: purpose and contact of the plain aliases that the configuration names."""
        self.documented = documented
        self._lan = lan
        self._overhear = overhear
        self._post = post
        self._traffic = TrafficCounter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._rounds: dict[Address, list[asyncio.TimerHandle]] = {}
        """The announcements that are still to come; a later errand about the same address ends them."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inventory")

    def run(self, effect: ef.RunErrand) -> None:
        """Begin one."""
        task = asyncio.create_task(self._run(effect), name=f"errand {effect.errand.task}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Leave whatever is not done yet."""
        for address in list(self._rounds):
            self._hush(address)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._traffic.close()

    async def _run(self, effect: ef.RunErrand) -> None:
        try:
            text, brought = await self._do(effect.errand)
        except (ErrandError, HostError, LanError) as error:
            self._post(ev.ErrandDone(id=effect.id, done=False, text=str(error)))
            return
        except Exception as error:  # noqa: BLE001  whatever it was, somebody waits for the answer
            self._post(ev.ErrandDone(id=effect.id, done=False, text=f"{type(error).__name__}: {error}"))
            return
        data = json.dumps(brought, separators=(",", ":"))
        if len(data) > MOST_BYTES:
            text = f"this takes {len(data)} bytes, more than the {MOST_BYTES} that fit into a message between nodes"
            self._post(ev.ErrandDone(id=effect.id, done=False, text=text))
            return
        self._post(ev.ErrandDone(id=effect.id, done=True, text=text, data=data))

    async def _do(self, errand: Errand) -> tuple[str, Any]:
        """Do it; return a sentence, and what it brought."""
        if errand.task is Task.INVENTORY:
            found = await asyncio.get_running_loop().run_in_executor(self._executor, inventory)
            return f"{len(found.addresses)} addresses", self._inventory(found)
        address = ip_address(errand.address)
        self._hush(address)
        match errand.task:
            case Task.WHO_HAS:
                macs = await self._who_has(address, self._place(errand, address))
                return f"{', '.join(macs) or 'nobody'} answers for {address}", {"macs": macs}
            case Task.ADD:
                return await self._add(errand, address)
            case Task.REMOVE:
                if error := remove_alias(address):
                    raise ErrandError(error)
                return f"{address} is not on this host any more", None
            case Task.ANNOUNCE:
                interface = self._bound_on(address)
                self._announce(interface, address)
                return f"{address} is announced on {interface}", {"mac": self._lan.macs()[interface]}

    # -- addresses ----------------------------------------------------------------------------------------------------

    async def _add(self, errand: Errand, address: Address) -> tuple[str, Any]:
        """Have the address, and tell the LAN; for a while, or (lifetime 0) for good."""
        interface = self._place(errand, address)
        self._lan.open(interface)
        prefix, lifetime_s = errand.prefix or address.max_prefixlen, errand.lifetime_s or None
        if prefix not in _prefixes(address):
            prefix = address.max_prefixlen
        if error := add_alias(address, prefix, interface, label="", lifetime_s=lifetime_s):
            raise ErrandError(error)
        self._announce(interface, address)
        how = "for good" if lifetime_s is None else f"for {lifetime_s} s"
        return f"{address}/{prefix} is on {interface} {how}", {
            "interface": interface,
            "mac": self._lan.macs()[interface],
            "additions": list(additions(ip_interface(f"{address}/{prefix}"), interface)),
        }

    def _announce(self, interface: str, address: Address) -> None:
        """Announce it now, and a few times more; an interface that goes away meanwhile needs none."""
        self._lan.open(interface)
        self._lan.announce(interface, [address])
        loop = asyncio.get_running_loop()
        self._rounds = {it: timers for it, timers in self._rounds.items() if timers[-1].when() > loop.time()}
        self._rounds[address] = [loop.call_later(later_s, self._again, interface, address) for later_s in ROUNDS_S]

    def _hush(self, address: Address) -> None:
        """Announce it no more by itself: whoever moves it on, or looks who has it, would be misled."""
        for timer in self._rounds.pop(address, ()):
            timer.cancel()

    def _again(self, interface: str, address: Address) -> None:
        with suppress(HostError, LanError):
            if interface in self._lan.macs() and any(one.address == address for one in present()):
                self._lan.announce(interface, [address])

    def _place(self, errand: Errand, address: Address) -> str:
        """The interface that was named, or the one on whose subnet the address is."""
        interface = errand.interface or interface_for(address)
        if not interface:
            raise ErrandError(f"no interface of this host is on a subnet with {address}; name one with --interface")
        return interface

    def _bound_on(self, address: Address) -> str:
        held = next((one.interface for one in present() if one.address == address), None)
        if held is None:
            raise ErrandError(f"{address} is not on this host")
        return held

    # -- the LAN ------------------------------------------------------------------------------------------------------

    async def _who_has(self, address: Address, interface: str) -> list[str]:
        """Ask the LAN who has the address; return the MACs that said so."""
        macs: set[str] = set()

        def hear(heard: Heard) -> None:
            claims = heard.kind not in {HeardKind.PROBE, HeardKind.TESTAMENT}
            if heard.address == address and heard.interface == interface and claims:
                macs.add(heard.mac)

        self._lan.open(interface)
        stop = self._overhear(hear)
        try:
            waited_s = 0.0
            for at_s in QUESTIONS_S:
                await asyncio.sleep(at_s - waited_s)
                waited_s = at_s
                self._lan.probe(interface, address)
            await asyncio.sleep(LISTEN_S - waited_s)
        finally:
            stop()
        return sorted(macs)

    # -- the inventory ------------------------------------------------------------------------------------------------

    def _notes(self, address: Address) -> dict[str, Any]:
        purpose, contact = self.documented.get(address, ("", ""))
        return {"documented": address in self.documented, "purpose": purpose, "contact": contact}

    def _inventory(self, found: Inventory) -> dict[str, Any]:
        """The inventory as JSON has it, with what came in for each alias since the last look."""
        own = primaries(found.addresses)
        aliases = [one for one in found.addresses if one not in own]
        now_s = asyncio.get_running_loop().time()
        came = self._traffic.look([(one.interface, one.address) for one in aliases], now_s)
        return {
            "addresses": [
                _document(one, primary=one in own, traffic=came.get((one.interface, one.address)))
                | self._notes(one.address)
                for one in found.addresses
            ],
            "boot": [
                {
                    "address": str(one.address),
                    "interface": one.interface,
                    "manager": one.manager,
                    "file": one.file,
                    "line": one.line,
                    "remedy": one.remedy,
                }
                for one in found.boot
            ],
            "warnings": list(found.warnings),
        }


def _prefixes(address: Address) -> set[int]:
    """Return with which prefixes the address may be added: of its subnets here, and alone."""
    networks = (ip_interface(f"{one.address}/{one.prefix}").network for one in primaries(present()))
    return {address.max_prefixlen} | {network.prefixlen for network in networks if address in network}


def _document(one: HostAddress, *, primary: bool, traffic: Traffic | None) -> dict[str, Any]:
    return {
        "address": str(one.address),
        "prefix": one.prefix,
        "interface": one.interface,
        "permanent": one.permanent,
        "label": one.label,
        "by_floatip": one.by_floatip,
        "primary": primary,
        "listeners": [
            {"protocol": it.protocol, "port": it.port, "process": it.process, "specific": it.specific}
            for it in one.listeners
        ],
        "traffic": None if traffic is None else {"packets": traffic.packets, "since_s": round(traffic.since_s, 1)},
    }
