"""The bus on a real mosquitto: order, wills, and brokers that stop, freeze or vanish."""

import asyncio
import signal
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt import publish

from floatip.bus import connection
from floatip.bus.connection import BrokerOptions
from floatip.bus.events import Delivered, Down, Dropped, DropReason, Unreachable, Up
from floatip.bus.signing import Keys
from floatip.core.messages import State
from tests.lab.bus_scene import (
    Mosquitto,
    Node,
    black_hole,
    dropped_packets,
    free_port,
    loop_watched,
    mosquitto,
    nodes,
)

pytestmark = pytest.mark.lab
__all__ = ["mosquitto"]

A_NODE = """
import asyncio, sys
from tests.lab.bus_scene import Node

async def main():
    node = Node("n2", int(sys.argv[1]))
    await node.up()
    print("up", flush=True)
    while True:
        node.say()
        await asyncio.sleep(0.05)

asyncio.run(main())
"""


@pytest.fixture
def another(mosquitto: Mosquitto) -> Iterator[subprocess.Popen[bytes]]:
    """Run node n2 in a process of its own, up and speaking."""
    command = [sys.executable, "-c", A_NODE, str(mosquitto.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process
        process.kill()


async def test_one_order_and_nothing_lost_in_a_burst(mosquitto: Mosquitto) -> None:
    """2,000 messages of two nodes at once come to both of them, all, in one and the same order."""
    async with nodes(mosquitto.port, "n1", "n2") as (first, second):
        for number in range(1000):
            first.say()
            second.say()
            if number % 100 == 0:
                await asyncio.sleep(0)
        for node in (first, second):
            await node.delivered(2000)
        orders = [
            [(event.message.sender, event.message.origin.seq) for event in n.of(Delivered)] for n in (first, second)
        ]
        assert orders[0] == orders[1]
        assert first.heard("n1") == first.heard("n2") == list(range(1, 1001))


async def test_echo_is_quick(mosquitto: Mosquitto) -> None:
    """A message is back within a few milliseconds (median of 100): no delay by Nagle, queue or task."""
    async with nodes(mosquitto.port, "n1") as (node,):
        took_s = [await node.echo() for _ in range(100)]
        assert statistics.median(took_s) < 0.010


async def test_will_of_a_killed_node_names_its_session(mosquitto: Mosquitto, another: subprocess.Popen[bytes]) -> None:
    """After kill -9 the broker says at once which session died."""
    async with nodes(mosquitto.port, "n1") as (node,):
        await node.wait(lambda: node.heard("n2"))
        another.kill()
        await node.wait(lambda: node.wills("n2"), 2)
        assert node.wills("n2") == [1]


async def test_no_will_when_a_session_is_ended_in_good_order(mosquitto: Mosquitto) -> None:
    """Neither disconnect nor close publishes a will, and the session after it is a new one."""
    async with nodes(mosquitto.port, "n1", "n2") as (watcher, node):
        node.session.disconnect("tried out")
        await node.up(2)
        node.say()
        await watcher.wait(lambda: watcher.heard("n2"))
        await node.close()
        await asyncio.sleep(0.3)
        assert watcher.wills("n2") == []
        assert [event.reason for event in node.of(Down)] == ["tried out", "closed"]


async def test_a_cancelled_session_leaves_its_will(mosquitto: Mosquitto) -> None:
    """A daemon that falls over leaves its will as if it were killed."""
    async with nodes(mosquitto.port, "n1", "n2") as (watcher, node):
        node.task.cancel()
        await watcher.wait(lambda: watcher.wills("n2"), 2)
        assert watcher.wills("n2") == [1]


async def test_the_last_words_arrive_although_much_is_unread(mosquitto: Mosquitto) -> None:
    """What is said right before close gets through, and no will follows, while others' messages lie unread here.

    The broker is held up, so that it tries to pass more on to us before it reads what we said.
    """
    async with nodes(mosquitto.port, "n1", "n2", "n3") as (watcher, node, talker):
        for _ in range(100):
            talker.say()
        time.sleep(0.05)  # noqa: ASYNC251 (the loop must not read what the broker sends meanwhile)
        mosquitto.send_signal(signal.SIGSTOP)
        for _ in range(100):
            talker.say()
        last = [node.say() for _ in range(20)]
        node.session.close()
        await asyncio.sleep(0.1)
        mosquitto.send_signal(signal.SIGCONT)
        await watcher.wait(lambda: len(watcher.heard("n3")) == 200)
        await asyncio.sleep(0.3)
        assert watcher.heard("n2") == last
        assert watcher.wills("n2") == []


async def test_a_restarted_broker_is_found_again(mosquitto: Mosquitto) -> None:
    """Each end is told once, attempts in between are told as such, and each session has a new number."""
    async with nodes(mosquitto.port, "n1") as (node,):
        for _ in range(3):
            number = node.session.number or 0
            mosquitto.stop()
            await node.wait(lambda: node.of(Unreachable))
            mosquitto.start()
            await node.up(number + 1)
            node.events.append(Unreachable(broker=node.session.broker, reason="mark"))
            node.events = [event for event in node.events if not isinstance(event, Unreachable)]
        kinds = [type(event) for event in node.events]
        assert kinds == [Up, Down, Up, Down, Up, Down, Up]
        numbers = [event.session for event in node.of(Up)]
        assert numbers == sorted(set(numbers))


async def test_a_stopped_broker_publishes_wills_before_down(mosquitto: Mosquitto) -> None:
    """What the broker says last still belongs to the session: it is delivered before its Down."""
    async with nodes(mosquitto.port, "n1", "n2") as (first, second):
        mosquitto.stop(signal.SIGTERM)
        await first.wait(lambda: first.of(Unreachable))
        await second.wait(lambda: second.of(Unreachable))
        assert first.wills("n2") or second.wills("n1")
        for node in (first, second):
            kinds = [type(event) for event in node.events if not isinstance(event, Unreachable)]
            assert kinds in ([Up, Down], [Up, Delivered, Down], [Up, Delivered, Delivered, Down])


async def test_a_frozen_broker_holds_nobody_up(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """While a broker is frozen the loop runs, another session echoes, and attempts fail after their time."""
    other = Mosquitto(tmp_path)
    try:
        async with nodes(mosquitto.port, "n1") as (frozen,), nodes(other.port, "n1") as (alive,):
            mosquitto.send_signal(signal.SIGSTOP)
            async with loop_watched() as lag:
                frozen.session.disconnect("its echo stopped")
                for _ in range(20):
                    frozen.say()
                    await alive.echo()
                    await asyncio.sleep(0.05)
                await frozen.wait(lambda: frozen.of(Unreachable), connection.ATTEMPT_S + 3)
            assert lag.worst_s < 0.25
            assert frozen.of(Unreachable)[0].reason.startswith("no answer")
            mosquitto.send_signal(signal.SIGCONT)
            await frozen.up(2)
    finally:
        other.stop()


async def test_a_broker_that_takes_nothing_ends_the_session(mosquitto: Mosquitto) -> None:
    """What cannot be sent does not pile up without bound, and the loop is not held up by it."""
    async with nodes(mosquitto.port, "n1") as (node,), loop_watched() as lag:
        mosquitto.send_signal(signal.SIGSTOP)
        big = State(state_version=1, version="0.1.0", addresses=("1" * 64,) * 1000)
        for _ in range(500):
            node.say(big)
            await asyncio.sleep(0)
            if node.of(Down):
                break
        (down,) = node.of(Down)
        assert "does not take what we send" in down.reason
        assert lag.worst_s < 0.5
        mosquitto.send_signal(signal.SIGCONT)


async def test_a_black_hole_is_told_and_holds_nobody_up(mosquitto: Mosquitto) -> None:
    """An address that swallows every packet costs the loop nothing, and closing does not wait for it."""
    with black_hole() as address:
        hole = Node("n1", 0, options=BrokerOptions(host=address))
        async with nodes(mosquitto.port, "n1") as (alive,), loop_watched() as lag:
            await hole.wait(lambda: hole.of(Unreachable))
            await alive.echo()
            assert alive.of(Down) == []
            began_s = time.monotonic()
            await hole.close()
            assert time.monotonic() - began_s < 1
        assert lag.worst_s < 0.25
        assert hole.of(Unreachable)[0].reason == "no answer"


async def test_a_connection_that_comes_too_late_is_closed(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the dialling thread brings after its attempt was given up is closed, and only then is the next one made."""
    monkeypatch.setattr(connection, "ATTEMPT_S", 0.3)
    mishaps: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: mishaps.append(context))
    with dropped_packets(f"tcp dport {mosquitto.port} tcp flags & (syn | ack) == syn"):
        late = Node("n1", mosquitto.port)
        await late.wait(lambda: late.of(Unreachable))
    monkeypatch.setattr(connection, "ATTEMPT_S", 3.0)
    await late.up(2)
    assert late.session.number == 2
    assert [event.reason for event in late.of(Unreachable)] == ["no answer within 0.3 s"]
    await late.echo()
    assert late.heard("n1") == [1]
    assert mishaps == []
    await late.close()


async def test_a_cut_connection_is_noticed_by_the_kernel(mosquitto: Mosquitto) -> None:
    """A cable pulled behind the switch ends the session within seconds although nothing says so."""
    async with nodes(mosquitto.port, "n1") as (node,):
        with dropped_packets(f"tcp dport {mosquitto.port}"):
            began_s = time.monotonic()
            while not node.of(Down) and time.monotonic() - began_s < 8:
                node.say()
                await asyncio.sleep(0.1)
        assert node.of(Down)
        assert "timed out" in node.of(Down)[0].reason.lower()
        assert time.monotonic() - began_s < 5
        await node.up(2)


async def test_retained_state_comes_flagged(mosquitto: Mosquitto) -> None:
    """A late joiner gets each node's newest state, marked as old; those who were there get it as news."""
    async with nodes(mosquitto.port, "n1", "n2") as (first, second):
        for version in (1, 2):
            first.say(State(state_version=version, version="0.1.0"))
        await second.wait(lambda: len(second.heard("n1")) == 2)
        assert [event.retained for event in second.of(Delivered)] == [False, False]
        async with nodes(mosquitto.port, "n3") as (late,):
            await late.wait(lambda: late.heard("n1"))
            (old,) = late.of(Delivered)
            assert old.retained
            assert isinstance(old.message.body, State)
            assert old.message.body.state_version == 2
            assert isinstance(late.events[0], Up)


async def test_strangers_on_the_broker_are_dropped_and_told(mosquitto: Mosquitto) -> None:
    """Rubbish, 1 MB, other keys and retained claims on our topics cost nothing but a line each."""
    log = "floatip/web/node/n9/log"
    stranger = Node("n8", mosquitto.port, keys=Keys((b"other" * 10,)))
    async with nodes(mosquitto.port, "n1") as (node,):
        await stranger.up()
        stranger.say()
        await asyncio.to_thread(
            publish.multiple,
            [
                {"topic": log, "payload": b"\x00\xff rubbish"},
                {"topic": log, "payload": b"u" * 1_000_000},
                {"topic": log, "payload": b"u{}"},
                {"topic": "floatip/web/node/n9/log/deeper", "payload": b"x"},
                {"topic": log, "payload": b"s", "retain": True},
            ],
            port=mosquitto.port,
        )
        await node.wait(lambda: len(node.of(Dropped)) == 6)
        reasons = {event.reason for event in node.of(Dropped)}
        assert reasons == {
            DropReason.GARBLED,
            DropReason.TOO_LARGE,
            DropReason.UNSIGNED,
            DropReason.NOT_OURS,
            DropReason.BAD_SIGNATURE,
        }
        seq = node.say()
        await node.wait(lambda: node.heard("n1") == [seq])
        async with nodes(mosquitto.port, "n2") as (late,):
            await late.wait(lambda: late.of(Dropped))
            assert late.of(Dropped)[0].reason is DropReason.MISPLACED
    await stranger.close()


async def test_a_wrong_password_is_told_as_such(tmp_path: Path) -> None:
    """The broker's refusal is in words, and so is a connection refused."""
    broker = Mosquitto(tmp_path, more="allow_anonymous false")
    options = BrokerOptions(host="127.0.0.1", port=broker.port, username="n1", password="wrong")  # noqa: S106 (a wrong one)
    refused, nobody = Node("n1", 0, options=options), Node("n1", free_port())
    try:
        await refused.wait(lambda: refused.of(Unreachable))
        await nobody.wait(lambda: nobody.of(Unreachable))
        assert "the broker refuses us" in refused.of(Unreachable)[0].reason
        assert "Not authorized" in refused.of(Unreachable)[0].reason
        assert nobody.of(Unreachable)[0].reason == "Connection refused"
    finally:
        await refused.close()
        await nobody.close()
        broker.stop()


def certificate(folder: Path, name: str) -> Path:
    """Make a self-signed certificate for 127.0.0.1 and its key (NAME.pem, NAME.key)."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    files = ["-out", str(folder / f"{name}.pem"), "-keyout", str(folder / f"{name}.key")]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)
    return folder / f"{name}.pem"


async def test_tls_carries_a_burst_and_refuses_strangers(tmp_path: Path) -> None:
    """Over TLS nothing stays behind in a buffer; a broker whose certificate is not of our CA is not spoken to."""
    good, other = certificate(tmp_path, "good"), certificate(tmp_path, "other")
    more = f"allow_anonymous true\ncertfile {good}\nkeyfile {good.with_suffix('.key')}"
    broker = Mosquitto(tmp_path, more=more)

    def options(ca: Path) -> BrokerOptions:
        return BrokerOptions(host="127.0.0.1", port=broker.port, tls=ssl.create_default_context(cafile=str(ca)))

    node, stranger = Node("n1", 0, options=options(good)), Node("n2", 0, options=options(other))
    try:
        await node.up()
        said = [node.say() for _ in range(1000)]
        await node.wait(lambda: len(node.heard("n1")) == len(said))
        assert node.heard("n1") == said
        await stranger.wait(lambda: stranger.of(Unreachable))
        assert stranger.of(Unreachable)[0].reason.startswith("its certificate is not good")
        async with loop_watched() as lag:
            await node.close()
        assert lag.worst_s < 0.25
    finally:
        await node.close()
        await stranger.close()
        broker.stop()
