"""What happened lately: bounded, and given to followers without a gap."""

import asyncio
import gc

from floatip.core.effects import Kind, Tell
from floatip.core.types import NodeName, Role, VipName
from floatip.observe.journal import Journal
from floatip.ops.models import EventRecord
from tests.unit.ops.backend import NOON, record


def test_only_the_latest_are_kept() -> None:
    """The oldest records make room, in their order."""
    journal = Journal(capacity=3)
    for number in range(5):
        journal.add(record(number))
    assert journal.history() == [record(2), record(3), record(4)]


def test_what_the_engine_tells_is_a_record() -> None:
    """Every field of what was told is in the record, at its time."""
    tell = Tell(
        kind=Kind.ROLE, text="t", vip=VipName("web"), peer=NodeName("n2"), was=Role.BACKUP, now=Role.OWNER, warning=True
    )
    journal = Journal()
    made = journal.tell(tell, NOON)
    assert journal.history() == [made]
    assert (made.at, made.kind, made.text, made.vip, made.peer, made.was, made.now) == (
        NOON,
        "role",
        "t",
        "web",
        "n2",
        "backup",
        "owner",
    )


async def test_followers_get_all_from_the_call_on() -> None:
    """A follower misses nothing that happens between asking and reading, and waits for more."""
    journal = Journal()
    journal.add(record(0))
    stream = journal.follow()
    journal.add(record(1))
    assert await anext(stream) == record(1)

    async def following() -> EventRecord:
        return await anext(stream)

    waiting = asyncio.create_task(following(), name="waiting")
    await asyncio.sleep(0)
    assert not waiting.done()
    journal.add(record(2))
    assert await waiting == record(2)


async def test_a_follower_far_behind_is_ended() -> None:
    """A follower that does not read holds no more than the capacity, and its stream ends at the gap."""
    journal = Journal(capacity=3)
    stream = journal.follow()
    for number in range(4):
        journal.add(record(number))
    assert [each async for each in stream] == []


async def test_a_follower_that_went_is_forgotten() -> None:
    """A stream that nobody holds any more is given nothing."""
    journal = Journal()
    stream = journal.follow()
    assert len(journal._followers) == 1
    del stream
    gc.collect()
    assert len(journal._followers) == 0
