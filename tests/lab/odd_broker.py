"""A broker that works, but for one fault. Knows: enough MQTT for QoS 0. Never: two faults at once.

``python -m tests.lab.odd_broker FAULT ADDRESS:PORT``, or ``async with odd_broker(FAULT) as port`` in a test.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from enum import StrEnum

from tests.lab.test_bus_odd_brokers import CONNACK, packet, published, suback

PINGRESP = b"\xd0\x00"


class Fault(StrEnum):
    """What is wrong with it."""

    NONE = "none"
    DISORDER = "disorder"
    """The second connection hears every 40th message after the one that follows it."""
    LOSS = "loss"
    """The second connection does not hear every 40th message."""
    TWICE = "twice"
    """The second connection hears every 40th message twice."""
    DEAF = "deaf"
    """Nothing that is published comes back, as with an ACL that forbids it."""
    TARDY = "tardy"
    """Every message comes 0.13 s late."""
    LATE = "late"
    """Every message comes 0.25 s late."""
    JEALOUS = "jealous"
    """A new connection ends the one before it, as of one identity."""


_DELAY_S = {Fault.TARDY: 0.13, Fault.LATE: 0.25}


class OddBroker:
    """The connections of a broker, in the order in which they came."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault
        self._clients: list[asyncio.StreamWriter] = []
        self._count = 0
        self._held: bytes | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be the broker of one connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await packet(reader)
            writer.write(CONNACK)
            if self._fault is Fault.JEALOUS:
                for other in self._clients:
                    other.close()
            while True:
                await self._answer(await packet(reader), writer)
        if writer in self._clients:
            self._clients.remove(writer)
        writer.close()

    async def _answer(self, received: bytes, writer: asyncio.StreamWriter) -> None:
        match received[0] >> 4:
            case 3:
                size = int.from_bytes(received[1:3], "big")
                self._publish(published(received[3 : 3 + size].decode(), received[3 + size :]))
            case 8:
                self._clients.append(writer)
                writer.write(suback(received))
            case 12:
                writer.write(PINGRESP)
            case 14:
                raise asyncio.IncompleteReadError(b"", None)
            case _:
                pass

    def _publish(self, letter: bytes) -> None:
        self._count += 1
        odd = self._count % 40 == 0
        for number, client in enumerate(self._clients):
            if self._fault is Fault.DEAF:
                continue
            if self._fault in _DELAY_S:
                asyncio.get_running_loop().call_later(_DELAY_S[self._fault], client.write, letter)
            elif number == 1 and self._fault in {Fault.DISORDER, Fault.LOSS, Fault.TWICE}:
                client.write(self._to_the_second(letter, odd=odd))
            else:
                client.write(letter)

    def _to_the_second(self, letter: bytes, *, odd: bool) -> bytes:
        if not odd:
            held, self._held = self._held or b"", None
            return letter + held
        if self._fault is Fault.DISORDER:
            self._held = letter
        return letter * 2 if self._fault is Fault.TWICE else b""


@contextlib.asynccontextmanager
async def odd_broker(fault: Fault, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Have such a broker, on a port of its own."""
    server = await asyncio.start_server(OddBroker(fault).serve, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.sleep(0.05)


async def _main(fault: str, listen: str) -> None:
    host, _, port = listen.rpartition(":")
    async with odd_broker(Fault(fault), host, int(port)):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
