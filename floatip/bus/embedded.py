"""A broker of our own, for demos, tests and small clusters: amqtt in a process of its own. Never: in the daemon's.

It lets anybody in who can reach its address, since it knows no users; so it listens only where it is told to, never on
every address of a host, and a cluster that uses it should sign its messages ([security] keys). It keeps one order for
all subscribers, holds retained messages in memory only, and never notices a client that froze.
"""

import asyncio
import contextlib
import ctypes
import logging
import os
import signal
import sys
from asyncio.subprocess import Process
from ipaddress import ip_address

from floatip.bus.errors import BusError
from floatip.core.types import Address

DEFAULT_LISTEN = "127.0.0.1:1883"
STOP_S = 3.0
"""How long a child may take to stop before it is killed."""
_PR_SET_PDEATHSIG = 1
_PARENT_OPTION = "--parent"


def parse_listen(listen: str) -> tuple[Address, int]:
    """Return address and port of ``ADDR:PORT`` (IPv6 in brackets); ``BusError`` if it will not do."""
    host, colon, port_text = listen.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    try:
        address = ip_address(host[1:-1] if bracketed else host)
    except ValueError as error:
        raise BusError(
            f"listen {listen!r}: not ADDR:PORT with an IP address of this host: write it as in "
            "`10.78.0.11:1883` or `[fd00::1]:1883`"
        ) from error
    if address.version == 6 and not bracketed:
        raise BusError(f"listen {listen!r}: an IPv6 address needs brackets: write `[{address}]:{port_text}`")
    if not colon or not port_text.isascii() or not port_text.isdigit() or not 1 <= int(port_text) <= 65535:
        raise BusError(f"listen {listen!r}: the port {port_text!r} is not one of 1 to 65535: 1883 is the usual one")
    if address.is_unspecified:
        raise BusError(
            f"listen {listen!r}: every address of this host, and this broker lets in anybody who reaches it: name the "
            "one address that the other nodes use"
        )
    return address, int(port_text)


def serve(listen: str = DEFAULT_LISTEN) -> None:
    """Run the broker until SIGTERM or SIGINT; ``BusError`` if it cannot listen there or amqtt is missing."""
    address, port = parse_listen(listen)
    asyncio.run(_serve(address, port))


async def _serve(address: Address, port: int) -> None:
    try:
        from amqtt.broker import Broker
        from amqtt.errors import BrokerError
    except ImportError as error:
        raise BusError(
            f"the embedded broker needs amqtt, which is not installed ({error}): run `pip install 'floatip[embedded]'`"
        ) from error
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    broker = Broker(_configuration(address, port))
    try:
        await broker.start()
    except BrokerError as error:
        cause = error.__cause__
        why = os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else str(error)
        raise BusError(
            f"cannot listen on {_shown(address, port)}: {why}: see `ss -ltnp 'sport = :{port}'` and `ip address`"
        ) from error
    await stop.wait()
    await broker.shutdown()


def _configuration(address: Address, port: int) -> dict[str, object]:
    """Return all that amqtt is told; what is not named here it does not do (no $SYS topics, no packet logs)."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": _shown(address, port)}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


def _shown(address: Address, port: int) -> str:
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


async def start_child(listen: str) -> Process:
    """Start the broker as a child process that is killed when this process ends, however it ends.

    ``BusError`` if it cannot listen there by its very form. The child says on standard error why it ended, exit 1.
    """
    parse_listen(listen)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "floatip.bus.embedded", listen, _PARENT_OPTION, str(os.getpid())
    )


async def stop_child(child: Process) -> None:
    """Stop the child in good order, or kill it after ``STOP_S``; returns when it is gone."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await child.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def _die_with(parent: int) -> None:
    """Have the kernel kill this process as soon as its parent ends (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)


def main(arguments: list[str]) -> int:
    """Be the child that ``start_child`` starts: LISTEN --parent PID."""
    match arguments:
        case [listen, option, parent] if option == _PARENT_OPTION and parent.isdigit():
            _die_with(int(parent))
        case _:
            sys.stderr.write("floatip: the daemon starts this by itself; people run `floatip broker`\n")
            return 2
    try:
        serve(listen)
    except BusError as error:
        sys.stderr.write(f"floatip broker: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
