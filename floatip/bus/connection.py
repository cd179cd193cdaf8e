"""One connection to one broker, from the first packet to the last. Knows: aiomqtt, paho, the socket. Never: a message.

Nothing here is used twice: a new connection is a new object, with a new client identifier. aiomqtt and paho are
importable in this file only. Four things are done here that they would do otherwise:

* Dialling (name look-up, TCP, TLS) blocks, so it runs in a thread of its own, which nobody waits for longer than
  ``ATTEMPT_S`` and which no other broker shares.
* A message is written to the socket by ``send`` itself, and read by the event loop's callback without a queue or a task
  in between: what is not taken yet waits in the kernel, bounded by TCP.
* Only ``farewell`` says DISCONNECT. Every other end leaves the broker to publish our will.
* No call of ours runs inside a callback of paho, whose locks are not re-entrant.
"""

import asyncio
import contextlib
import logging
import math
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import aiomqtt
from aiomqtt.types import PahoSocket
from paho.mqtt import client as paho
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from floatip.bus.errors import in_words
from floatip.bus.topics import Letter

KEEPALIVE_S = 3
"""Pings go out once a second at most, so a quiet connection pings every 4 s; brokers give up after 4.5 s."""
ATTEMPT_S = 3.0
"""From dialling to the subscription: longer is a failed attempt."""
DIAL_S = 2.0
"""What TCP, and then TLS, may take for each address of the broker: one lost packet is forgiven (RFC 6298: 1 s)."""
FAREWELL_S = 0.5
USER_TIMEOUT_MS = 1000
"""TCP_USER_TIMEOUT: how long data may stay unacknowledged before the kernel ends the connection (RFC 5482)."""
MAX_UNSENT_MESSAGES = 1000
MAX_UNSENT_BYTES = 1024 * 1024
_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOptions:
    """Where a broker is and how to get in; ``tls`` verifies the broker and may hold a client certificate."""

    host: str
    port: int = 1883
    tls: ssl.SSLContext | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


class ConnectionFailedError(Exception):
    """The connection did not come to stand; the message is the reason, in words."""


class _Complaints(logging.Handler):
    """Remembers the last thing that paho complained of: it tells the cause of a broken socket nowhere else."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()


class Connection(aiomqtt.Client):
    """One attempt to connect and subscribe, and what becomes of it.

    ``receive`` gets each letter in the broker's order, from the event loop's callback; it must be quick. ``ended`` is
    set to the reason once the connection is of no use any more, or to the exception that ``receive`` raised.
    """

    def __init__(
        self, options: BrokerOptions, *, client_id: str, will: Letter, receive: Callable[[Letter], None]
    ) -> None:
        self._complaints = _Complaints()
        logger = logging.Logger("floatip.bus", logging.ERROR)  # noqa: LOG001 (one for each connection, in no tree)
        logger.addHandler(self._complaints)
        super().__init__(
            options.host,
            options.port,
            username=options.username,
            password=options.password,
            identifier=client_id,
            clean_session=True,
            keepalive=KEEPALIVE_S,
            will=aiomqtt.Will(will.topic, will.payload, qos=0, retain=will.retained),
            logger=logger,
        )
        self._client._create_socket = self._create_socket  # type: ignore[method-assign]  # noqa: SLF001 (see there)
        self._client.on_publish = None
        self._tls = options.tls
        self._receive = receive
        self._home = threading.get_ident()
        self._inbox: list[Letter] = []
        self._muted = False
        self._dialling: asyncio.Future[None] | None = None
        self.ended: asyncio.Future[str] = self._loop.create_future()
        for future in (self.ended, self._connected):
            future.add_done_callback(_look_at)

    async def open(self, subscription: str) -> None:
        """Connect and subscribe within ``ATTEMPT_S``; ``ConnectionFailedError`` says why not."""
        attempt = asyncio.create_task(self._establish(subscription), name=f"dial {self._hostname}:{self._port}")
        try:
            either: set[asyncio.Future[None] | asyncio.Future[str]] = {attempt, self.ended}
            await asyncio.wait(either, timeout=ATTEMPT_S, return_when=asyncio.FIRST_COMPLETED)
            if self.ended.done():
                raise ConnectionFailedError(await self.ended)
            if not attempt.done():
                raise ConnectionFailedError(f"no answer within {ATTEMPT_S:g} s")
            await attempt
        except (aiomqtt.MqttError, OSError, UnicodeError) as error:
            raise ConnectionFailedError(in_words(error)) from error
        finally:
            attempt.cancel()

    @property
    def dialling(self) -> bool:
        """Whether the thread that dials is still at it: a name look-up cannot be cut short."""
        return self._dialling is not None and not self._dialling.done()

    def send(self, letter: Letter) -> None:
        """Write to the socket, now; what the kernel does not take follows by itself, and too much of it is an end."""
        if self.ended.done():
            return
        told = self._client.publish(letter.topic, letter.payload, 0, letter.retained)
        if told.rc != paho.MQTT_ERR_SUCCESS:
            self.end(f"cannot publish: {paho.error_string(told.rc)}")
            return
        self._client.loop_write()
        unsent = self._client._out_packet  # noqa: SLF001 (paho counts QoS 0 nowhere else)
        if unsent and (
            len(unsent) > MAX_UNSENT_MESSAGES or sum(packet["to_process"] for packet in unsent) > MAX_UNSENT_BYTES
        ):
            self.end(f"the broker does not take what we send: {len(unsent)} messages wait")

    def end(self, reason: str) -> None:
        """Have no more of it: nothing is received or sent from here on."""
        self._muted = True
        if not self.ended.done():
            self.ended.set_result(reason)

    async def farewell(self) -> None:
        """Send what waits and DISCONNECT, so that no will is published; at most ``FAREWELL_S``."""
        self.end("closed")
        sock = self._client.socket()
        if self.dialling or not isinstance(sock, socket.socket):
            return
        # paho closes right after DISCONNECT; with unread messages in our socket that is a reset, and the broker may
        # then lose what we sent last. A second handle keeps the connection until the broker has closed it.
        with socket.socket(fileno=socket.dup(sock.fileno())) as handle, contextlib.suppress(OSError):
            handle.setblocking(False)
            async with asyncio.timeout(FAREWELL_S):
                self._client.disconnect()
                self._client.loop_write()
                while self._client.socket() is not None:  # noqa: ASYNC110 (paho has no event for it; it seldom waits)
                    await asyncio.sleep(0.01)
                handle.shutdown(socket.SHUT_WR)
                while await self._loop.sock_recv(handle, 65536):
                    pass

    def abort(self) -> None:
        """Close without a word: now, or as soon as the thread that dials lets go of the socket."""
        self.end("aborted")
        if self._dialling is not None and self.dialling:
            self._dialling.add_done_callback(lambda _: self._client._sock_close())  # noqa: SLF001 (no other way to it)
        else:
            self._client._sock_close()  # noqa: SLF001 (disconnect() would take our will back)

    async def _establish(self, subscription: str) -> None:
        self._dialling = self._dial()
        await asyncio.shield(self._dialling)
        await self._connected
        granted = await self.subscribe(subscription, qos=0, timeout=math.inf)
        if any(isinstance(code, ReasonCode) and code.is_failure for code in granted):
            raise ConnectionFailedError(f"the broker refuses the subscription to {subscription}: allow it in its ACL")

    def _dial(self) -> asyncio.Future[None]:
        """Start the thread that connects; the future is done when it is."""
        dialled: asyncio.Future[None] = self._loop.create_future()
        dialled.add_done_callback(_look_at)

        def settle(error: Exception | None) -> None:
            if error is None:
                dialled.set_result(None)
            else:
                dialled.set_exception(error)

        def work() -> None:
            caught = None
            try:
                self._client_connect()
            except Exception as error:  # noqa: BLE001 (whoever waits for the thread gets it)
                caught = error
            with contextlib.suppress(RuntimeError):  # the loop may have been closed meanwhile
                self._loop.call_soon_threadsafe(settle, caught)

        threading.Thread(target=work, name=f"dial {self._hostname}:{self._port}", daemon=True).start()
        return dialled

    def _create_socket(self) -> socket.socket:
        """Return a connected socket; called by paho, whose own one leaks when TLS fails, in the thread that dials."""
        sock = socket.create_connection((self._hostname, self._port), timeout=DIAL_S)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
            return sock if self._tls is None else self._tls.wrap_socket(sock, server_hostname=self._hostname)
        except BaseException:
            sock.close()
            raise

    def _on_socket_open(self, client: paho.Client, userdata: object, sock: PahoSocket) -> None:  # noqa: ARG002
        self._loop.call_soon_threadsafe(self._attach, sock.fileno())

    def _attach(self, fileno: int) -> None:
        self._loop.add_reader(fileno, self._readable)
        self._misc_task = self._loop.create_task(self._misc_loop(), name=f"pings {self._hostname}:{self._port}")

    def _readable(self) -> None:
        """Take what has come, a batch at most, and hand it on."""
        sock = self._client.socket()
        if sock is None:
            return
        try:
            more = self._read_batch()
        except Exception as error:  # noqa: BLE001 (paho's parser raises whatever it trips over)
            self._loop.remove_reader(sock.fileno())
            self.end(f"the broker sent what is no MQTT: {error!r}")
            return
        if more:
            self._loop.call_soon(self._readable)  # TLS may hold what the selector does not see
        inbox, self._inbox = self._inbox, []
        for letter in inbox:
            if self._muted:
                break
            try:
                self._receive(letter)
            except Exception as error:  # noqa: BLE001 (whoever waits for the end gets it)
                self._muted = True
                if not self.ended.done():
                    self.ended.set_exception(error)

    def _read_batch(self) -> bool:
        """Read packets until there are no more, or ``_BATCH`` of them; return whether there may be more."""
        for _ in range(_BATCH):
            before = len(self._inbox)
            if self._client.loop_read() != paho.MQTT_ERR_SUCCESS:
                return False
            sock = self._client.socket()
            if len(self._inbox) == before and not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
                return False
        return True

    def _on_message(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:  # noqa: ARG002
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""
        self._inbox.append(Letter(topic=topic, payload=bytes(message.payload), retained=message.retain))

    def _on_disconnect(
        self,
        client: paho.Client,  # noqa: ARG002
        userdata: object,  # noqa: ARG002
        flags: paho.DisconnectFlags,  # noqa: ARG002
        reason_code: ReasonCode,
        properties: Properties | None = None,  # noqa: ARG002
    ) -> None:
        if self.ended.done():
            return
        refusal = self._connected.exception() if self._connected.done() else None
        if refusal is not None:
            self.ended.set_result(f"the broker refuses us: {refusal}")
        elif reason_code.getName() == "Keep alive timeout":
            self.ended.set_result("the broker does not answer pings" if self._connected.done() else "no answer")
        else:
            self.ended.set_result(self._complaints.last or "the broker closed the connection")

    def _on_socket_register_write(self, client: paho.Client, userdata: object, sock: PahoSocket) -> None:  # noqa: ARG002
        if threading.get_ident() != self._home:
            self._loop.call_soon_threadsafe(self._loop.add_writer, sock.fileno(), self._client.loop_write)
        else:
            self._loop.add_writer(sock.fileno(), self._client.loop_write)


def _look_at(future: asyncio.Future[str] | asyncio.Future[None]) -> None:
    """Take note of a future's exception, which may come when nobody waits for it any more."""
    if not future.cancelled():
        future.exception()
