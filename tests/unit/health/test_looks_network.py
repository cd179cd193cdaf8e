"""Looks at the network: what passes, what does not, and what people are told."""

import asyncio
import socket
import ssl
import subprocess
from ipaddress import IPv4Address
from pathlib import Path

import psutil
import pytest

from floatip.core.types import Address, Mac
from floatip.health import network
from floatip.health.looking import Look
from floatip.health.verdict import Verdict
from tests.unit.health.servers import answering, check, free_port, serving, silent

MAC = Mac("02:00:00:00:00:01")


async def seen(kind: str, target: str, **more: object) -> tuple[bool, str]:
    """Look once."""
    verdict = await Look(check(kind, target, **more))()
    return verdict.passed, verdict.output


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("127.0.0.1", "localhost")])
async def test_a_port_that_accepts(host: str, shown: str) -> None:
    """By address or by name; and the connection is closed in good order."""
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""
        writer.close()
        closed.set()

    async with serving(serve, host) as port:
        assert await seen("tcp", f"{shown}:{port}") == (True, f"{shown}:{port} accepts connections")
        await closed.wait()


async def test_a_port_that_does_not() -> None:
    """With the kernel's reason."""
    port = free_port()
    assert await seen("tcp", f"127.0.0.1:{port}") == (False, f"127.0.0.1:{port}: connection refused")


async def test_a_name_that_nobody_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name server's word for it; and a name may have no address of any use."""

    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert await seen("tcp", "web.example:80") == (
        False,
        "web.example cannot be looked up: name or service not known",
    )
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    assert await seen("tcp", "web.example:80") == (False, "web.example:80: no address")


async def test_the_next_address_of_a_name_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that listens on IPv4 alone is there, though its name has an IPv6 address too."""
    async with serving(silent) as port:
        found = [(socket.AF_INET6, 1, 6, "", ("::1", port, 0, 0)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert await seen("tcp", f"web.example:{port}") == (True, f"web.example:{port} accepts connections")


async def test_a_connection_to_itself_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens the kernel may choose the asked port for us, and connect us to ourselves."""
    port = free_port()
    connect = asyncio.open_connection

    async def from_the_same_port(*args: object, **more: object) -> object:
        return await connect(*args, local_addr=("127.0.0.1", port), **more)  # type: ignore[arg-type]

    monkeypatch.setattr(asyncio, "open_connection", from_the_same_port)
    assert await seen("tcp", f"127.0.0.1:{port}") == (False, f"127.0.0.1:{port}: connection refused")


@pytest.mark.parametrize(
    ("answer", "passed", "told"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", True, "answers 200 OK"),
        (b"HTTP/1.0 204\r\n\r\n", True, "answers 204"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", True, "answers 302 Found"),
        (b"HTTP/1.1 399 x\n", True, "answers 399 x"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", False, "answers 404 Not Found"),
        (b"HTTP/1.1 503 Nicht da \xe4\r\n\r\n", False, "answers 503 Nicht da ä"),
        (b"HTTP/1.1 199 x\r\n\r\n", False, "answers 199 x"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", False, 'does not answer in HTTP: "SSH-2.0-OpenSSH_9.2"'),
        (b"HTTP/1.1 2\xb2 x\r\n", False, 'does not answer in HTTP: "HTTP/1.1 2² x"'),
        (b"HTTP/1.1\r\n", False, 'does not answer in HTTP: "HTTP/1.1"'),
        (b"", False, "does not answer in HTTP: it closes the connection"),
        (b"x" * 100_000, False, "does not answer in HTTP: Separator is not found, and chunk exceed the limit"),
    ],
    ids=lambda value: value[:20].decode("latin-1") if isinstance(value, bytes) else "",
)
async def test_the_status_decides(answer: bytes, passed: bool, told: str) -> None:
    """From 200 to 399 is well."""
    async with serving(answering(answer)) as port:
        found, output = await seen("http", f"http://127.0.0.1:{port}")
    assert (found, output) == (passed, f"127.0.0.1:{port} {told}")


async def test_what_is_asked() -> None:
    """One request for the path and query, in ASCII, naming the host as the URL does."""
    asked: list[bytes] = []
    async with serving(answering(b"HTTP/1.1 200 OK\r\n\r\n", asked)) as port:
        for path in ("", "/health?deep=1&x=%20#top", "/süß"):
            await seen("http", f"http://localhost:{port}{path}")
    lines = [request.decode("ascii").split("\r\n") for request in asked]
    assert [line[0] for line in lines] == [
        "GET / HTTP/1.1",
        "GET /health?deep=1&x=%20 HTTP/1.1",
        "GET /s%C3%BC%C3%9F HTTP/1.1",
    ]
    assert all({f"Host: localhost:{port}", "Connection: close"} < set(line) for line in lines)


async def test_a_server_that_hangs_up() -> None:
    """A reset is no answer."""

    async def reset(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with serving(reset) as port:
        passed, output = await seen("http", f"http://127.0.0.1:{port}/")
    assert not passed
    assert output.startswith(f"127.0.0.1:{port} does not answer in HTTP: ")
    port = free_port()
    assert await seen("http", f"http://127.0.0.1:{port}/") == (False, f"127.0.0.1:{port}: connection refused")


@pytest.mark.parametrize("kind", ["http", "https"])
async def test_a_server_that_is_silent(kind: str) -> None:
    """It is given up in time, and no connection stays."""
    files = psutil.Process().num_fds()
    async with serving(silent) as port:
        target = f"{kind}://127.0.0.1:{port}/"
        assert await seen("http", target, timeout="100ms") == (False, f"{target} did not answer within 100ms")
    await asyncio.sleep(0)
    assert psutil.Process().num_fds() <= files + 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody but itself has signed, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    files = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-subj", "/CN=floatip", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-out", str(files[0]), "-keyout", str(files[1])], check=True, capture_output=True)
    return files


@pytest.fixture
def served_by(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    """What a server of https needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def trusting(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust that certificate."""
    context = ssl.create_default_context(cafile=str(certificate[0]))
    monkeypatch.setattr(network, "_trust", lambda: context)


async def test_a_certificate_that_nobody_trusts(served_by: ssl.SSLContext) -> None:
    """Whoever may listen there is not whom the URL names."""
    async with serving(answering(b"HTTP/1.1 200 OK\r\n\r\n"), tls=served_by) as port:
        passed, output = await seen("http", f"https://127.0.0.1:{port}/")
    assert not passed
    assert output.startswith(f"127.0.0.1:{port}: its certificate is not trusted: self")


@pytest.mark.usefixtures("trusting")
async def test_a_certificate_that_is_trusted(served_by: ssl.SSLContext) -> None:
    """It must be that of the host that is named; and TLS must be spoken."""
    async with serving(answering(b"HTTP/1.1 200 OK\r\n\r\n"), tls=served_by) as port:
        assert await seen("http", f"https://127.0.0.1:{port}/") == (True, f"127.0.0.1:{port} answers 200 OK")
        passed, output = await seen("http", f"https://localhost:{port}/")
    assert not passed
    assert "its certificate is not trusted: Hostname mismatch" in output

    async def in_the_clear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")

    async with serving(in_the_clear) as port:
        passed, output = await seen("http", f"https://127.0.0.1:{port}/")
    assert not passed
    assert output.startswith(f"127.0.0.1:{port}: ")


async def test_who_answers_on_the_lan() -> None:
    """The MAC is told; nobody, a LAN that cannot be asked, and none at all are failures."""

    async def ask(address: Address) -> Mac | None:
        if address == IPv4Address("10.77.0.3"):
            raise OSError("no such interface")
        return MAC if address == IPv4Address("10.77.0.1") else None

    found = [await Look(check("arp", f"10.77.0.{number}"), ask)() for number in (1, 2, 3)]
    assert found == [
        Verdict(passed=True, output=f"{MAC} answers for 10.77.0.1"),
        Verdict(passed=False, output="nobody answers for 10.77.0.2"),
        Verdict(passed=False, output="cannot look: OSError: no such interface"),
    ]
    assert await seen("arp", "10.77.0.1") == (False, "there is no LAN to ask")


async def test_a_lan_that_does_not_answer_in_time() -> None:
    """The check's time limit is the asker's."""

    async def ask(_: Address) -> Mac | None:
        await asyncio.sleep(600)
        return MAC

    verdict = await Look(check("arp", "10.77.0.1", timeout="50ms"), ask)()
    assert verdict == Verdict(passed=False, output="10.77.0.1 did not answer within 50ms")


@pytest.mark.parametrize(
    ("kind", "target", "told"),
    [
        ("tcp", "127.0.0.1", '"127.0.0.1" is not HOST:PORT'),
        ("http", "ftp://x", '"ftp://x" is not a URL of http or https'),
    ],
)
async def test_what_no_configuration_lets_through(kind: str, target: str, told: str) -> None:
    """It is said all the same."""
    assert await seen(kind, target) == (False, told)
