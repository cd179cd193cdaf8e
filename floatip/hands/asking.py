"""Asks the LAN who has an address, for whoever wants to know. Knows: questions and answers. Never: why it is asked."""

import asyncio
from collections.abc import Callable

from floatip.core.types import Address, Mac
from floatip.host.inventory import interface_for
from floatip.lan.heard import Heard, HeardKind
from floatip.lan.lan import Lan

EVERY_S = 0.25
"""How often it is asked again as long as nobody answers."""

Ear = Callable[[Heard], None]


class AskingHand:
    """Asks by the wires that are there, and opens others as needed."""

    def __init__(self, lan: Lan, overhear: Callable[[Ear], Callable[[], None]]) -> None:
        self._lan = lan
        self._overhear = overhear

    async def who_has(self, address: Address) -> Mac:
        """The MAC of whoever answers us first; asks until somebody does, so the caller sets the limit.

        On the interface on whose subnet the address is; if there is none, on all that are open. HostError or LanError
        if the kernel does not tell, or the interface is not Ethernet.
        """
        interface = interface_for(address)
        if interface is not None:
            self._lan.open(interface)
        answer: asyncio.Future[Mac] = asyncio.get_running_loop().create_future()

        def hear(heard: Heard) -> None:
            asked = heard.address == address and interface in {None, heard.interface}
            if asked and heard.kind is HeardKind.REPLY and heard.to_us and not answer.done():
                answer.set_result(Mac(heard.mac))

        stop = self._overhear(hear)
        try:
            while not answer.done():
                for name in self._lan.macs() if interface is None else [interface]:
                    self._lan.ask(name, address)
                await asyncio.wait([answer], timeout=EVERY_S)
            return answer.result()
        finally:
            stop()
