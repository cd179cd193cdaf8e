"""A session whose keys change: which change takes a new one, and who is believed."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from floatip.bus import session as session_module
from floatip.bus.envelope import open_envelope
from floatip.bus.events import Delivered, Dropped, DropReason, Up
from floatip.bus.signing import Keys
from floatip.bus.topics import Letter, place_of
from floatip.core.types import NodeName
from tests.unit.bus.session_scene import BROKER, KEYS, FakeConnection, Scene, down, sealed
from tests.unit.bus.strategies import heartbeat


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


OTHER = b"b" * 32


async def test_another_signing_key_takes_a_new_session(scene: Scene) -> None:
    """Will and all: a peer that forgets the old key could not read the will of the old session."""
    connection = await scene.up()
    scene.session.rekey(Keys((OTHER, *KEYS.secrets)))
    await scene.settle()
    assert scene.events == [Up(broker=BROKER, session=1), down("signs with another key from now on")]
    assert connection.parting == ["farewell", "abort"]
    second = await scene.up(2)
    scene.session.publish(heartbeat(1, session=2))
    for letter in (second.will, *second.sent):
        assert letter.payload != sealed(heartbeat(1, session=2)).payload
        assert _opened(letter, Keys((OTHER,)))
        assert not _opened(letter, KEYS)


async def test_more_keys_to_verify_with_leave_the_session_alone(scene: Scene) -> None:
    """Whoever signs with one of them is heard from now on; this node signs as before."""
    connection = await scene.up()
    stranger = sealed(heartbeat(1, sender="n2"), Keys((OTHER,)))
    connection.receive(stranger)
    scene.session.rekey(Keys((*KEYS.secrets, OTHER)))
    connection.receive(stranger)
    scene.session.publish(heartbeat(1))
    await scene.settle()
    dropped = Dropped(broker=BROKER, reason=DropReason.BAD_SIGNATURE, sender=NodeName("n2"))
    heard = Delivered(broker=BROKER, message=heartbeat(1, sender="n2"), retained=False)
    assert scene.events == [Up(broker=BROKER, session=1), dropped, heard]
    assert _opened(connection.sent[0], KEYS)
    scene.session.rekey(KEYS)
    connection.receive(stranger)
    assert scene.events[-1] == dropped
    assert len(FakeConnection.made) == 1


@pytest.mark.parametrize(("before", "after"), [((), KEYS.secrets), (KEYS.secrets, ())])
async def test_signing_at_all_takes_a_new_session_too(
    scene: Scene, before: tuple[bytes, ...], after: tuple[bytes, ...]
) -> None:
    """As does signing no more."""
    scene.session._keys = Keys(before)
    await scene.up()
    scene.session.rekey(Keys(after))
    await scene.settle()
    assert scene.events[-1] == down("signs with another key from now on")


async def test_other_keys_while_nobody_answers_count_for_the_next_attempt(scene: Scene) -> None:
    """The one that is under way has the old will."""
    await scene.connection(1)
    scene.session.rekey(Keys((OTHER,)))
    second = await scene.connection(2)
    assert _opened(second.will, Keys((OTHER,)))
    scene.session.close()
    scene.session.rekey(KEYS)
    await scene.settle()


def _opened(letter: Letter, keys: Keys) -> bool:
    """Whether these keys verify a letter."""
    place = place_of("web", letter.topic)
    assert place is not None
    opened = open_envelope(letter.payload, keys=keys, broker=BROKER, cluster="web", place=place, retained=False)
    return not isinstance(opened, DropReason)
