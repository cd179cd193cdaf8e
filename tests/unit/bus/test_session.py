"""The session: what is told to the daemon, in which order, and when it tries again. The connection is a fake."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from floatip.bus import session as session_module
from floatip.bus.connection import ConnectionFailedError
from floatip.bus.envelope import open_envelope, seal
from floatip.bus.events import Delivered, Down, Dropped, DropReason, SessionEvent, Unreachable, Up
from floatip.bus.session import FIRST_PAUSE_S, LONGEST_PAUSE_S
from floatip.bus.signing import Keys
from floatip.bus.topics import place_of
from floatip.core.messages import Claim, Heartbeat, Listing, Message, Will
from floatip.core.types import NodeName, Standing, VipName
from tests.unit.bus.session_scene import BROKER, KEYS, FakeConnection, Scene, down, sealed
from tests.unit.bus.strategies import heartbeat, state


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """Run a session and end it after the test."""
    FakeConnection.made = []
    monkeypatch.setattr(session_module, "Connection", FakeConnection)
    scene = Scene()
    yield scene
    scene.session.close()
    await asyncio.wait({scene.run}, timeout=1)
    assert scene.run.done()


async def test_up_then_messages_then_down(scene: Scene) -> None:
    """A session is one Up, its messages in order, and one Down."""
    connection = await scene.up()
    for seq in (1, 2, 3):
        connection.receive(sealed(heartbeat(seq)))
    connection.ended.set_result("the broker closed the connection")
    await scene.settle()
    assert scene.events == [
        Up(broker=BROKER, session=1),
        *(Delivered(broker=BROKER, message=heartbeat(seq), retained=False) for seq in (1, 2, 3)),
        down("the broker closed the connection"),
    ]


async def test_subscribes_to_the_cluster_under_a_name_of_its_own(scene: Scene) -> None:
    """One filter, and a client identifier that no other session of any node has."""
    first = await scene.up()
    scene.session.disconnect("again")
    second = await scene.connection(2)
    assert first.subscription == "floatip/web/node/#"
    assert (first.client_id, second.client_id) == ("floatip:web:n1:7:1", "floatip:web:n1:7:2")


async def test_the_will_names_incarnation_and_session(scene: Scene) -> None:
    """The broker can tell peers which session died, signed, on the log topic, not retained."""
    connection = await scene.connection(1)
    place = place_of("web", connection.will.topic)
    assert place is not None
    assert not connection.will.retained
    will = open_envelope(connection.will.payload, keys=KEYS, broker=BROKER, cluster="web", place=place)
    assert isinstance(will, Message)
    assert will.body == Will()
    assert (will.sender, will.origin.incarnation, will.origin.session, will.origin.seq) == ("n1", 7, 1, 0)


async def test_a_new_incarnation_is_in_the_next_will(scene: Scene) -> None:
    """An attempt that began under an old incarnation can be ended, and the next one speaks under the new."""
    await scene.connection(1)
    scene.incarnation = 8
    scene.session.disconnect("new incarnation")
    connection = await scene.connection(2)
    assert connection.client_id == "floatip:web:n1:8:2"
    assert scene.events == [Unreachable(broker=BROKER, reason="new incarnation")]


async def test_what_comes_before_the_subscription_is_delivered_after_up(scene: Scene) -> None:
    """Brokers may send retained messages before they confirm a subscription: Up is still told first."""
    connection = await scene.connection(1)
    connection.receive(replace(sealed(state(sender="n2")), retained=True))
    connection.receive(sealed(heartbeat(sender="n2")))
    assert scene.events == []
    await scene.up()
    assert scene.events == [
        Up(broker=BROKER, session=1),
        Delivered(broker=BROKER, message=state(sender="n2"), retained=True),
        Delivered(broker=BROKER, message=heartbeat(sender="n2"), retained=False),
    ]


async def test_a_flood_before_the_subscription_is_a_failed_attempt(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is put aside before Up is bounded, and is not carried over into the next session."""
    monkeypatch.setattr(session_module, "MAX_EARLY", 10)
    connection = await scene.connection(1)
    for seq in range(20):
        connection.receive(sealed(heartbeat(seq)))
    await scene.settle()
    assert [type(event) for event in scene.events] == [Unreachable]
    await scene.up(2)
    assert scene.events[1:] == [Up(broker=BROKER, session=2)]


async def test_nothing_is_delivered_after_disconnect(scene: Scene) -> None:
    """From the call on, the old session is silent, in both directions."""
    connection = await scene.up()
    scene.session.disconnect("its echo stopped")
    connection.receive(sealed(heartbeat()))
    scene.session.publish(heartbeat())
    await scene.settle()
    assert scene.events == [Up(broker=BROKER, session=1), down("its echo stopped")]
    assert connection.sent == []
    assert connection.parting == ["farewell", "abort"]


async def test_each_session_has_a_new_number(scene: Scene) -> None:
    """Up and Down come in pairs and numbers grow."""
    for number in (1, 2, 3):
        await scene.up(number)
        scene.session.disconnect(f"end {number}")
        await scene.settle()
    assert scene.events == [
        event for number in (1, 2, 3) for event in (Up(broker=BROKER, session=number), down(f"end {number}"))
    ]


async def test_publishes_on_the_topic_of_the_message(scene: Scene) -> None:
    """State is retained on its own topic, all else goes to the log."""
    connection = await scene.up()
    scene.session.publish(state())
    scene.session.publish(heartbeat())
    assert [(letter.topic, letter.retained) for letter in connection.sent] == [
        ("floatip/web/node/n1/state", True),
        ("floatip/web/node/n1/log", False),
    ]


async def test_words_of_an_old_session_are_not_spoken_in_a_new_one(scene: Scene) -> None:
    """A message decided for session 1 is void in session 2, and before any session is up."""
    scene.session.publish(heartbeat(session=1))
    connection = await scene.up()
    scene.session.publish(heartbeat(session=1))
    scene.session.disconnect("again")
    scene.session.publish(heartbeat(session=1))
    second = await scene.up(2)
    scene.session.publish(heartbeat(session=1))
    scene.session.publish(heartbeat(session=2))
    assert len(connection.sent) == 1
    assert second.sent == [seal(heartbeat(session=2), keys=KEYS, broker=BROKER, cluster="web")]


async def test_a_message_that_cannot_be_sent_ends_the_session(scene: Scene) -> None:
    """Now or never: a message too long for peers is no silent loss."""
    await scene.up()
    listing = [
        Listing(vip=VipName(f"{i:04}" + "w" * 59), standing=Standing.HELD, term=1, definition="deadbeef")
        for i in range(4000)
    ]
    body = Heartbeat(state_version=1, list_version=1, listings=tuple(listing))
    scene.session.publish(replace(heartbeat(), body=body))
    await scene.settle()
    last = scene.events[-1]
    assert isinstance(last, Down)
    assert "spread the VIPs" in last.reason


async def test_what_is_not_believed_is_told_with_its_sender(scene: Scene) -> None:
    """The daemon counts drops by reason, and by sender where there is one."""
    connection = await scene.up()
    good = sealed(heartbeat())
    connection.receive(replace(good, payload=b"rubbish"))
    connection.receive(sealed(heartbeat(), Keys((b"b" * 32,))))
    connection.receive(replace(good, topic="floatip/web/node/n1/other"))
    connection.receive(replace(good, retained=True))
    assert scene.events[1:] == [
        Dropped(broker=BROKER, reason=DropReason.GARBLED, sender=NodeName("n1")),
        Dropped(broker=BROKER, reason=DropReason.BAD_SIGNATURE, sender=NodeName("n1")),
        Dropped(broker=BROKER, reason=DropReason.NOT_OURS, sender=None),
        Dropped(broker=BROKER, reason=DropReason.MISPLACED, sender=NodeName("n1")),
    ]


async def test_failed_attempts_are_told_and_repeated(scene: Scene) -> None:
    """Each attempt that fails is one Unreachable, and no Up or Down."""
    for number in (1, 2):
        connection = await scene.connection(number)
        connection.opened.set_exception(ConnectionFailedError("Connection refused"))
        await scene.settle()
        assert connection.parting == ["abort"]
    assert scene.events == [Unreachable(broker=BROKER, reason="Connection refused")] * 2
    await scene.up(3)
    assert scene.events[-1] == Up(broker=BROKER, session=3)


async def test_no_second_attempt_beside_one_that_still_dials(scene: Scene) -> None:
    """A name look-up that hangs is waited for, so that threads do not pile up."""
    connection = await scene.connection(1)
    connection.dialling = True
    connection.opened.set_exception(ConnectionFailedError("no answer within 3 s"))
    await asyncio.sleep(0.5)
    assert len(FakeConnection.made) == 1
    connection.dialling = False
    await scene.connection(2)


async def test_close_is_for_good(scene: Scene) -> None:
    """After close, run returns; the session ended in good order, once."""
    connection = await scene.up()
    scene.session.close()
    await asyncio.wait_for(scene.run, 1)
    assert scene.events == [Up(broker=BROKER, session=1), down("closed")]
    assert connection.parting[0] == "farewell"


async def test_close_while_dialling_or_waiting(scene: Scene) -> None:
    """A session that never came to stand can be closed at once, without a word to the daemon."""
    await scene.connection(1)
    scene.session.close()
    await asyncio.wait_for(scene.run, 1)
    assert scene.events == []


async def test_a_cancelled_session_leaves_its_will(scene: Scene) -> None:
    """A daemon that dies of an exception says no farewell, so that peers take over soon."""
    connection = await scene.up()
    scene.run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scene.run
    assert scene.events == [Up(broker=BROKER, session=1), down("this node stops without farewell")]
    assert connection.parting == ["abort"]


async def test_an_error_of_the_daemon_ends_run(scene: Scene) -> None:
    """A mistake in deliver is not swallowed, and the will is left."""
    connection = await scene.up()
    connection.ended.set_exception(ValueError("a mistake"))
    with pytest.raises(ValueError, match="a mistake"):
        await scene.run
    assert scene.events[-1] == down("this node stops without farewell")
    assert connection.parting == ["abort"]


async def test_the_daemon_may_answer_from_within_deliver(scene: Scene) -> None:
    """Publishing or disconnecting while an event is delivered works."""

    def deliver(event: SessionEvent) -> None:
        scene.events.append(event)
        if isinstance(event, Up):
            scene.session.publish(replace(heartbeat(), body=Claim(bids=())))
        if isinstance(event, Delivered):
            scene.session.disconnect("enough")

    scene.session._deliver = deliver
    connection = await scene.connection(1)
    connection.receive(sealed(heartbeat(1)))
    connection.receive(sealed(heartbeat(2)))
    await scene.up()
    assert len(connection.sent) == 1
    assert [type(event) for event in scene.events] == [Up, Delivered, Down]


async def test_pauses_grow_and_are_bounded(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """From 50 ms to 2 s, each with a part by chance, however many failures there were."""
    waited: list[float] = []

    async def wait_for(waiting: object, pause_s: float) -> None:
        waited.append(pause_s)
        waiting.close()  # type: ignore[attr-defined]

    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "wait_for", wait_for)
        for failures in [*range(8), 100, 10_000]:
            await scene.session._rest(failures)
    longest = [min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**n) for n in range(8)] + [LONGEST_PAUSE_S] * 2
    assert all(most / 2 <= pause_s <= most for pause_s, most in zip(waited, longest, strict=True))
    assert len(set(waited)) == len(waited)
