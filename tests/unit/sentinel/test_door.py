"""Who may ask the sentinel, what it answers, and that nobody keeps it from its work."""

import os
import socket
from collections.abc import Iterator

import pytest

from floatip.sentinel import words
from floatip.sentinel.door import MOST_CALLERS, Door

ADDRESS = f"\0floatip-test-door-{os.getpid()}"
ACCOUNT = b'{"pid":1,"held":[]}\n'


class House:
    """A door with callers, and what became of it."""

    def __init__(self) -> None:
        self.left = 0
        self.door = Door(lambda: ACCOUNT, self.leave, ADDRESS)
        self.callers: list[socket.socket] = []
        assert self.door.open()

    def leave(self) -> None:
        """Somebody has taken over."""
        self.left += 1

    def serve(self) -> None:
        """Let whoever is there have a turn, as if everything was ready."""
        for _ in range(2):
            self.door.serve(self.door.sockets())

    def call(self, verb: str = "") -> socket.socket:
        """Call, and say something."""
        caller = socket.socket(socket.AF_UNIX)
        caller.settimeout(0.5)
        caller.connect(ADDRESS)
        self.callers.append(caller)
        if verb:
            caller.send(verb.encode())
        self.serve()
        return caller


@pytest.fixture
def house() -> Iterator[House]:
    """Give an open door; its name is free afterwards."""
    house = House()
    yield house
    for each in (*house.callers, *house.door.sockets()):
        each.close()


def ended(caller: socket.socket) -> bool:
    """Whether the door has closed the connection."""
    try:
        return caller.recv(4096) == b""
    except ConnectionError:
        return True


def test_a_list_is_an_answer_and_the_end(house: House) -> None:
    """What is held, once."""
    caller = house.call("list\n")
    assert caller.recv(4096) == ACCOUNT
    assert ended(caller)


def test_who_waits_is_told(house: House) -> None:
    """What is held, then whatever happens; and nobody else is."""
    waiting, silent = house.call("wait\n"), house.call()
    assert waiting.recv(4096) == ACCOUNT
    house.door.tell(b"news\n")
    assert waiting.recv(4096) == b"news\n"
    silent.setblocking(False)
    with pytest.raises(BlockingIOError):
        silent.recv(4096)


def test_a_takeover_is_answered_and_obeyed(house: House) -> None:
    """The answer is out before the sentinel leaves."""
    caller = house.call("takeover\n")
    assert (caller.recv(4096), house.left) == (ACCOUNT, 1)


def test_a_takeover_by_one_who_has_gone_is_obeyed(house: House) -> None:
    """It may have been frozen: the daemon that asked is at work by now."""
    caller = socket.socket(socket.AF_UNIX)
    caller.connect(ADDRESS)
    caller.send(b"takeover\n")
    caller.close()
    house.serve()
    assert house.left == 1


@pytest.mark.parametrize("verb", ["remove\n", "x" * 100, "\n"])
def test_anything_else_ends_the_connection(house: House, verb: str) -> None:
    """A verb that is none is not answered."""
    assert ended(house.call(verb))
    assert house.left == 0


def test_a_verb_may_come_in_pieces(house: House) -> None:
    """It is answered when it is whole."""
    caller = house.call("li")
    caller.send(b"st\n")
    house.serve()
    assert caller.recv(4096) == ACCOUNT


def test_other_users_are_not_let_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root, and whoever the sentinel runs as."""
    monkeypatch.setattr(words, "other_end", lambda _: (1, os.geteuid() + 1))
    assert ended(house.call("takeover\n"))
    assert house.left == 0


def test_callers_are_few(house: House) -> None:
    """One more than there may be is turned away; the others stay."""
    waiting = [house.call("wait\n") for _ in range(MOST_CALLERS)]
    assert ended(house.call("wait\n"))
    house.door.tell(b"news\n")
    assert all(caller.recv(4096).startswith(ACCOUNT) for caller in waiting)


def test_one_who_waits_and_does_not_read_holds_nobody_up(house: House) -> None:
    """What does not go at once is lost for him."""
    house.call("wait\n")
    for _ in range(1000):
        house.door.tell(bytes(4096))


def test_one_who_waits_and_goes_is_forgotten(house: House) -> None:
    """His place is free again."""
    house.call("wait\n").close()
    house.serve()
    assert len(house.door.sockets()) == 1


def test_a_name_that_is_taken(house: House) -> None:
    """The second sentinel is told, and can try again."""
    second = Door(lambda: ACCOUNT, house.leave, ADDRESS)
    assert not second.open()
    assert second.sockets() == []
