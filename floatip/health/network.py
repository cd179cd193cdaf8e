"""Looks at what answers on the network. Knows: TCP, TLS, the first line of HTTP. Never: for how long to wait."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from ipaddress import ip_address
from urllib.parse import quote, urlsplit

from floatip.config.fields import HostPort, read_host_port
from floatip.core.types import Address, Mac
from floatip.health.verdict import Verdict
from floatip.programs import aside

Ask = Callable[[Address], Awaitable[Mac | None]]
"""Asks the LAN who has an address."""

PORTS = {"http": 80, "https": 443}
MOST_LINE = 4096
"""A status line is shorter, in bytes."""

_SAFE = "/?&=%:;,+!$'()*~@[]-._"

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _NotReachedError(Exception):
    """Why there is no connection, in a sentence."""


async def look_tcp(target: str) -> Verdict:
    """Connect to HOST:PORT."""
    at = read_host_port(target)
    if at is None:
        return Verdict(passed=False, output=f'"{target}" is not HOST:PORT')
    try:
        async with _connected(at, None):
            return Verdict(passed=True, output=f"{at} accepts connections")
    except _NotReachedError as error:
        return Verdict(passed=False, output=str(error))


async def look_http(url: str) -> Verdict:
    """GET a URL; a status from 200 to 399 passes, and redirects are not followed."""
    parts = urlsplit(url)
    at = read_host_port(parts.netloc, PORTS.get(parts.scheme))
    if at is None or parts.scheme not in PORTS:
        return Verdict(passed=False, output=f'"{url}" is not a URL of http or https')
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_SAFE)
    request = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUser-Agent: floatip\r\nAccept: */*\r\n"
    try:
        tls = await aside(_trust) if parts.scheme == "https" else None
        async with _connected(at, tls) as (reader, writer):
            writer.write(f"{request}Connection: close\r\n\r\n".encode("ascii"))
            line = await reader.readline()
    except _NotReachedError as error:
        return Verdict(passed=False, output=str(error))
    except (OSError, ValueError) as error:  # reset, or a line without an end
        return Verdict(passed=False, output=f"{at} does not answer in HTTP: {_reason(error)}")
    return _status(at, line)


async def look_arp(target: str, ask: Ask | None) -> Verdict:
    """Ask the LAN who has an address; the answer of anybody will do."""
    if ask is None:
        return Verdict(passed=False, output="there is no LAN to ask")
    mac = await ask(ip_address(target))
    if mac is None:
        return Verdict(passed=False, output=f"nobody answers for {target}")
    return Verdict(passed=True, output=f"{mac} answers for {target}")


def _status(at: HostPort, line: bytes) -> Verdict:
    words = line.decode("latin-1").split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not (words[1].isascii() and words[1].isdecimal()):
        found = f'"{line.decode("latin-1").strip()}"' if line else "it closes the connection"
        return Verdict(passed=False, output=f"{at} does not answer in HTTP: {found}")
    return Verdict(passed=200 <= int(words[1]) <= 399, output=f"{at} answers {' '.join(words[1:])}")


@asynccontextmanager
async def _connected(at: HostPort, tls: ssl.SSLContext | None) -> AsyncIterator[Stream]:
    """Connect to the first address of a host that accepts, and close in good order."""
    reader, writer = await _first(at, tls)
    try:
        if writer.get_extra_info("sockname") == writer.get_extra_info("peername"):
            raise _NotReachedError(f"{at}: connection refused")  # its port was ours, by chance, and we met ourselves
        yield reader, writer
    finally:
        if tls is None:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        else:
            writer.transport.abort()


async def _first(at: HostPort, tls: ssl.SSLContext | None) -> Stream:
    why = "no address"
    for address in await _addresses(at):
        try:
            return await asyncio.open_connection(
                address, at.port, ssl=tls, server_hostname=at.host if tls else None, limit=MOST_LINE
            )
        except OSError as error:
            why = _reason(error)
    raise _NotReachedError(f"{at}: {why}")


async def _addresses(at: HostPort) -> list[str]:
    """Look a name up, away from the loop: name servers may not answer for a long time."""
    if at.address is not None:
        return [at.host]
    try:
        found = await aside(socket.getaddrinfo, at.host, at.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _NotReachedError(f"{at.host} cannot be looked up: {_reason(error)}") from error
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


@cache
def _trust() -> ssl.SSLContext:
    """What certificates are verified with: the host's own list; reading it takes some 20 ms."""
    return ssl.create_default_context()


def _reason(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {error.verify_message}"
        case ssl.SSLError():
            return f"TLS failed: {error.reason or error}"
        case socket.gaierror(strerror=str(text)):
            return text.lower()
        case OSError(errno=int(number)):
            return os.strerror(number).lower()
        case _:
            return str(error) or type(error).__name__
