"""The bus and brokers that misbehave: a script plays the broker, packet by packet."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NoReturn

import pytest

from floatip.bus import connection
from floatip.bus.envelope import seal
from floatip.bus.events import Delivered, Down, Unreachable, Up
from floatip.core.messages import Message, State
from floatip.core.types import NodeName, Origin
from tests.lab.bus_scene import BROKER, KEYS, TERMS, Node

pytestmark = pytest.mark.lab

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CONNACK = b"\x20\x02\x00\x00"


async def packet(reader: asyncio.StreamReader) -> bytes:
    """Return the next packet: its first byte, and what follows its length."""
    kind = await reader.readexactly(1)
    length = shift = 0
    while True:
        (byte,) = await reader.readexactly(1)
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return kind + await reader.readexactly(length)


def published(topic: str, payload: bytes, *, retained: bool = False) -> bytes:
    """Return a PUBLISH packet of QoS 0."""
    content = len(topic).to_bytes(2, "big") + topic.encode() + payload
    length, rest = b"", len(content)
    while True:
        rest, digit = divmod(rest, 128)
        length += bytes([digit | (0x80 if rest else 0)])
        if not rest:
            return bytes([0x30 | retained]) + length + content


def suback(subscribe: bytes, code: int = 0) -> bytes:
    """Return the answer to a SUBSCRIBE packet."""
    return b"\x90\x03" + subscribe[1:3] + bytes([code])


@contextlib.asynccontextmanager
async def played(script: Script) -> AsyncIterator[Node]:
    """Have a node that talks to a broker which follows the script on each connection."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await script(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    node = Node("n1", server.sockets[0].getsockname()[1])
    try:
        yield node
    finally:
        await node.close()
        server.close()
        for writer in writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Play a broker up to the subscription."""
    assert (await packet(reader))[:1] == b"\x10"
    writer.write(CONNACK)
    writer.write(suback(await packet(reader)))


async def reason(node: Node) -> str:
    """Return why the first attempt failed."""
    await node.wait(lambda: node.of(Unreachable))
    assert node.of(Up) == []
    return node.of(Unreachable)[0].reason


async def test_closed_before_an_answer() -> None:
    """A broker that hangs up instead of answering is a failed attempt at once, not after a time-out."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await packet(reader)

    async with played(script) as node, asyncio.timeout(2):
        assert "closed the connection" in await reason(node)


async def test_refused_with_a_code() -> None:
    """A refusal is told in the broker's words."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await packet(reader)
        writer.write(b"\x20\x02\x00\x03")

    async with played(script) as node:
        assert "the broker refuses us" in await reason(node)


async def test_subscription_refused() -> None:
    """A broker that does not let us listen is of no use, and the ACL is named."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await packet(reader)
        writer.write(CONNACK)
        writer.write(suback(await packet(reader), 0x80))
        await reader.read()

    async with played(script) as node:
        assert "refuses the subscription to floatip/web/node/#" in await reason(node)


async def test_closed_while_subscribing() -> None:
    """A connection that breaks before the subscription is confirmed was never up."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await packet(reader)
        writer.write(CONNACK)
        await packet(reader)

    async with played(script) as node, asyncio.timeout(2):
        assert "closed the connection" in await reason(node)


@pytest.mark.parametrize("answer", [b"", CONNACK], ids=["no answer", "no confirmation"])
async def test_silent_broker(monkeypatch: pytest.MonkeyPatch, answer: bytes) -> None:
    """A broker that accepts and says nothing more is given up in time."""
    monkeypatch.setattr(connection, "ATTEMPT_S", 0.3)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read()

    async with played(script) as node, asyncio.timeout(3):
        assert await reason(node) == "no answer within 0.3 s"


@pytest.mark.parametrize(
    "rubbish",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x30\x02\xff\xff", b"\x30\x00", b"\xff" * 64, b"\x20\x00"],
    ids=["http", "topic too long", "no topic", "ones", "empty answer"],
)
async def test_what_is_no_mqtt_ends_the_session(rubbish: bytes) -> None:
    """Bytes that are no packet end the session, or are passed over; they never reach the event loop as an error."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await welcome(reader, writer)
        await asyncio.sleep(0.05)
        writer.write(rubbish)
        await asyncio.sleep(0.05)

    loop = asyncio.get_running_loop()
    mishaps: list[object] = []
    loop.set_exception_handler(lambda _, context: mishaps.append(context))
    async with played(script) as node:
        await node.wait(lambda: len(node.of(Down)) == 2)
    assert mishaps == []


async def test_a_parser_that_trips_ends_the_session() -> None:
    """Whatever the MQTT library raises over a broker's bytes is the end of that session, and of nothing else."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await welcome(reader, writer)
        await tripped.wait()
        writer.write(published("floatip/web/node/n1/log", b"x"))
        await reader.read()

    def trip() -> NoReturn:
        raise struct.error("unpack requires a buffer of 2 bytes")

    tripped = asyncio.Event()
    async with played(script) as node:
        await node.up()
        assert node.session._connection is not None
        node.session._connection._client.loop_read = trip  # type: ignore[method-assign,assignment]
        tripped.set()
        await node.up(2)
        assert node.of(Down)[0].reason.startswith("the broker sent what is no MQTT: error('unpack requires")


async def test_retained_before_the_subscription_is_confirmed() -> None:
    """Brokers may send retained messages first: Up is told before them all the same."""
    message = Message(
        sender=NodeName("n2"), origin=Origin(1, 1, 1), terms=TERMS, body=State(state_version=1, version="0.1.0")
    )

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await packet(reader)
        writer.write(CONNACK)
        subscribe = await packet(reader)
        letter = seal(message, keys=KEYS, broker=BROKER, cluster="web")
        early = published(letter.topic, letter.payload, retained=True)
        writer.write(early + suback(subscribe) + published(letter.topic, letter.payload))
        await reader.read()

    async with played(script) as node:
        await node.wait(lambda: len(node.of(Delivered)) == 2)
        assert [type(event) for event in node.events] == [Up, Delivered, Delivered]
        assert [event.retained for event in node.of(Delivered)] == [True, False]


async def test_topics_that_are_no_text_are_dropped() -> None:
    """A topic that is not UTF-8 belongs to nobody and ends nothing."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await welcome(reader, writer)
        writer.write(b"\x30\x04\x00\x02\xff\xfe")
        await reader.read()

    async with played(script) as node:
        await node.wait(lambda: len(node.events) == 2)
        assert sorted(type(event).__name__ for event in node.events) == ["Dropped", "Up"]


async def test_unanswered_pings_end_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """A quiet session with a broker that answers nothing more ends by itself."""
    monkeypatch.setattr(connection, "KEEPALIVE_S", 1)

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await welcome(reader, writer)
        await reader.read()

    async with played(script) as node:
        await node.wait(lambda: node.of(Down))
        assert node.of(Down)[0].reason == "the broker does not answer pings"


async def test_a_mistake_in_deliver_ends_run() -> None:
    """What the daemon's own code raises comes out of run, and is not taken for trouble with the broker."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await welcome(reader, writer)
        await told.wait()
        writer.write(published("floatip/web/node/n1/log", b"x") * 3)
        await reader.read()

    told = asyncio.Event()

    async with played(script) as node:
        await node.up()

        def deliver(event: object) -> None:
            if not isinstance(event, Down):
                raise ZeroDivisionError("a mistake")

        node.session._deliver = deliver
        told.set()
        await asyncio.wait({node.task}, timeout=3)
        assert isinstance(node.task.exception(), ZeroDivisionError)
