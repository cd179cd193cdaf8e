"""The HTTP side as its clients see it, decent ones and others."""

import asyncio
import base64
import hashlib
import json
import re
import time
from contextlib import suppress
from dataclasses import replace

import pytest

from floatip.core.snapshot import NodeSnapshot
from floatip.observe import app, feed, guard
from floatip.ops.document import status_document
from tests.unit.observe.browser import following, get, parsed, served, talk
from tests.unit.ops.backend import N2, NOON, URLS, FakeBackend, record, snapshot, vip

PATHS = ("/", "/metrics", "/healthz", "/readyz", "/api/status", "/api/events")
THOUSAND = snapshot(*(vip(f"v{number}") for number in range(1000)))


@pytest.mark.parametrize("count", [0, 2, 49, 50, 51, 100, 1000])
async def test_status_is_the_document_of_the_command(count: int) -> None:
    """Whatever reads ``floatip status --json`` can read this, however many slices it was made of."""
    backend = FakeBackend(now=replace(snapshot(), vips=THOUSAND.vips[:count]))
    async with served(backend) as port:
        reply = await get(port, "/api/status")
    assert (reply.status, reply.headers["content-type"]) == (200, "application/json")
    assert json.loads(reply.body) == status_document(backend.now, wall_s=NOON.timestamp(), urls=URLS)


async def test_every_answer_is_alone_uncached_and_confined() -> None:
    """No answer may be kept, framed, guessed at, or read by another site's script."""
    async with served(FakeBackend()) as port:
        for path in ("/", "/metrics", "/healthz", "/readyz", "/api/status", "/nowhere"):
            headers = (await get(port, path)).headers
            assert headers["connection"] == "close"
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["content-security-policy"].startswith("default-src 'none'")
            assert "unsafe" not in headers["content-security-policy"]
            assert "access-control-allow-origin" not in headers
            assert "server" not in headers


async def test_a_policy_allows_the_style_and_the_script_of_the_page_and_no_other() -> None:
    """The hashes are those of what is sent, to the letter; no attribute needs more."""
    async with served(FakeBackend()) as port:
        reply = await get(port, "/")
    for tag in ("style", "script"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", reply.body, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in reply.headers["content-security-policy"]
    assert not re.search(r"<[^>]+\s(style|on\w+)=", reply.body)
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", reply.body)


async def test_health_and_readiness() -> None:
    """Healthy while the engine is; ready with a quorum that was listened to for long enough; reasons otherwise."""
    backend = FakeBackend()
    async with served(backend) as port:
        assert (await get(port, "/healthz")).body == "ok\n"
        assert (await get(port, "/readyz")).status == 200
        backend.ill = "ends: defect"
        ill = await get(port, "/healthz")
        assert (ill.status, ill.body) == (503, "ends: defect\n")
        (broker,) = backend.now.brokers
        backend.now = replace(backend.now, brokers=(replace(broker, listening=True),))
        listening = await get(port, "/readyz")
        assert (listening.status, listening.body) == (
            503,
            "listens still: 0 of 1 brokers were listened to for long enough\n",
        )
        backend.now = replace(backend.now, brokers=(replace(broker, connected=False),))
        lost = await get(port, "/readyz")
        assert (lost.status, lost.body) == (503, "no quorum: connected to 0 of 1 brokers, 1 needed\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"])
async def test_nothing_but_reading(method: str) -> None:
    """Every other method is refused, on every path."""
    async with served(FakeBackend()) as port:
        for path in PATHS:
            reply = await get(port, path, method=method)
            assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


async def test_head_is_get_without_a_body() -> None:
    """Of the stream of events, too."""
    async with served(FakeBackend()) as port:
        for path in PATHS:
            reply = await get(port, path, method="HEAD")
            assert (reply.status, reply.body) == (200, "")


@pytest.mark.parametrize(
    "path",
    [
        "/../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//metrics",
        "/metrics/",
        "/page/live.js",
        "/<script>",
        "/%00",
        "*",
    ],
)
async def test_there_is_nothing_else(path: str) -> None:
    """Files are not served, and what was asked for is not repeated."""
    async with served(FakeBackend()) as port:
        reply = await get(port, path)
    assert reply.status in {400, 404}
    assert "script" not in reply.body
    assert "passwd" not in reply.body


async def test_what_is_no_request_is_turned_down() -> None:
    """Garbage, huge heads, endless bodies, upgrades: an answer or a hangup, and the next client is served."""
    async with served(FakeBackend()) as port:
        for request in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
            b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
            b"GET /x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nxxxxx",
        ):
            raw = await talk(port, request)
            assert not raw or parsed(raw).status in {400, 404}, request[:40]
        body = b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n" + b"a" * 1_000_000
        raw = await talk(port, body)
        assert not raw or parsed(raw).status in {200, 400}
        split = b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
        assert parsed(await talk(port, split)).status == 200
        upgrade = await get(port, "/healthz", more="Connection: Upgrade\r\nUpgrade: websocket\r\n")
        assert upgrade.status == 200


async def test_who_asks_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A head that drips in is waited for no longer than one that never comes."""
    monkeypatch.setattr(guard, "PATIENCE_S", 0.2)
    async with served(FakeBackend()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def drip() -> None:
            while True:
                writer.write(b"G")
                await asyncio.sleep(0.02)

        dripping = asyncio.create_task(drip())
        with suppress(ConnectionError):
            async with asyncio.timeout(5):
                assert await reader.read() == b""
        dripping.cancel()
        writer.close()


async def test_who_reads_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written for it is thrown away, and its place is free again."""
    monkeypatch.setattr(guard, "PATIENCE_S", 0.2)
    backend = FakeBackend(now=THOUSAND)
    async with served(backend) as port:
        for path in ("/api/status", "/"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            await asyncio.sleep(1.5)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(10_000_000)
            writer.close()
        assert (await get(port, "/healthz")).status == 200


async def test_too_many_clients_are_told_so_and_then_cut_off() -> None:
    """A crowd that asks nothing leaves the daemon as it is; once it is gone, all are served."""
    async with served(FakeBackend()) as port:
        crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(guard.MAX_CONNECTIONS)]
        await asyncio.sleep(0.05)
        assert (await get(port, "/healthz")).status == 503
        crowd += [await asyncio.open_connection("127.0.0.1", port) for _ in range(guard.MAX_CONNECTIONS)]
        await asyncio.sleep(0.05)
        assert await talk(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        for _, writer in crowd:
            writer.close()
        await asyncio.sleep(0.1)
        assert (await get(port, "/healthz")).status == 200


async def longest_turn_s(port: int, path: str) -> float:
    """Ask once, and return the longest time of this thread that a turn of the loop took meanwhile."""
    worst_s = 0.0

    async def turn() -> None:
        nonlocal worst_s
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            worst_s = max(worst_s, time.thread_time() - began)

    turning = asyncio.create_task(turn())
    assert (await get(port, path)).status == 200
    turning.cancel()
    return worst_s


@pytest.mark.parametrize("path", ["/", "/api/status", "/metrics"])
async def test_a_thousand_vips_do_not_stop_the_loop(path: str) -> None:
    """They are written down slice by slice; the best of a few tries counts, for garbage is collected now and then."""
    turns = []
    for _ in range(3):
        async with served(FakeBackend(now=THOUSAND)) as port:
            turns.append(await longest_turn_s(port, path))
    assert min(turns) < 0.01


async def test_a_crowd_that_asks_for_the_same_costs_what_one_costs() -> None:
    """It is made once for all of them."""
    backend = FakeBackend()
    async with served(backend) as port:
        replies = await asyncio.gather(*(get(port, "/") for _ in range(50)))
    assert len({reply.body for reply in replies}) == 1
    assert backend.looks == 1


async def test_events_are_told_from_the_beginning_and_as_they_happen() -> None:
    """Each is one JSON document as ``floatip events --json`` prints it, with an id."""
    backend = FakeBackend()
    backend.journal.add(record(0, "first"))
    async with served(backend) as port, following(port) as stream, asyncio.timeout(5):
        assert await stream.readuntil(b"\n\n") == b": floatip events\n\n"
        first = await stream.readuntil(b"\n\n")
        backend.journal.add(record(1, "second\nline"))
        second = await stream.readuntil(b"\n\n")
    documents = [json.loads(one.decode().split("data: ")[1]) for one in (first, second)]
    assert [one["text"] for one in documents] == ["first", "second\nline"]
    assert documents[0]["at"] == "2026-01-01T12:00:00.000Z"


async def test_who_comes_back_goes_on_where_it_was() -> None:
    """By the id of the last event; an id of another life, or no id at all, begins anew."""
    backend = FakeBackend()
    for number in range(1200):
        backend.journal.add(record(number, str(number)))
    async with served(backend) as port, asyncio.timeout(20):
        async with following(port) as stream:
            await stream.readuntil(b"\n\n")
            first = (await stream.readuntil(b"\n\n")).decode()
        assert json.loads(first.split("data: ")[1])["text"] == "200"
        life, at = first.split("\n")[0].removeprefix("id: ").split("-")
        assert at == "201"
        for last_id, expected in (
            (f"{life}-1198", "1198"),
            (f"{life}-3", "200"),
            ("0000-1198", "200"),
            ("x" * 100, "200"),
        ):
            async with following(port, last_id) as stream:
                await stream.readuntil(b"\n\n")
                assert json.loads((await stream.readuntil(b"\n\n")).decode().split("data: ")[1])["text"] == expected
        async with following(port, f"{life}-1200") as stream:
            await stream.readuntil(b"\n\n")
            backend.journal.add(record(0, "new"))
            assert (await stream.readuntil(b"\n\n")).startswith(f"id: {life}-1201\n".encode())


async def test_a_quiet_stream_still_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A comment now and then shows that the daemon is there."""
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.05)
    async with served(FakeBackend()) as port, following(port) as stream, asyncio.timeout(5):
        await stream.readuntil(b"\n\n")
        assert await stream.readuntil(b"\n\n") == b":\n\n"
        assert await stream.readuntil(b"\n\n") == b":\n\n"


async def test_followers_are_few_and_forgotten_when_they_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """One too many is told so; the place of one that hung up is free."""
    monkeypatch.setattr(app, "MAX_FOLLOWERS", 1)
    async with served(FakeBackend()) as port:
        async with following(port) as stream:
            await stream.readuntil(b"\n\n")
            assert (await get(port, "/api/events")).status == 503
        await asyncio.sleep(0.05)
        async with following(port) as stream:
            assert await stream.readuntil(b"\n\n") == b": floatip events\n\n"


async def test_a_follower_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its events are not kept for it without end."""
    monkeypatch.setattr(guard, "PATIENCE_S", 0.2)
    backend = FakeBackend()
    async with served(backend) as port, following(port):
        for number in range(200):
            for _ in range(50):
                backend.journal.add(record(number, "x" * 1000))
            await asyncio.sleep(0)
        await asyncio.sleep(1.0)
        async with asyncio.timeout(5):
            while len(backend.journal._followers):  # noqa: ASYNC110  nobody tells when one is forgotten
                await asyncio.sleep(0.05)


async def test_what_peers_say_is_text() -> None:
    """A node's name or fault with markup in it is shown, not obeyed."""
    evil = '<script>alert(1)</script>"&'
    bad = NodeSnapshot(name=N2, alive=True, last_heard_ms=1, drained=False, faults=(evil,), version=evil)
    backend = FakeBackend(now=replace(snapshot(), nodes=(*snapshot().nodes[:1], bad)))
    backend.journal.add(replace(record(), owner=evil, former=evil, cause=evil, vip=evil))
    async with served(backend) as port:
        body = (await get(port, "/")).body
    assert "alert(1)" in body
    assert "<script>alert" not in body
    assert body.count("<script>") == 1
