"""What is asked of the kernel so that it has the rules and routes that are wanted, and no others of ours."""

import errno
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import pytest

from floatip.host.messages import HEADER
from floatip.host.netlink import DONE, Answer
from floatip.host.routemessages import (
    RTM_DELROUTE,
    RTM_DELRULE,
    RTM_GETROUTE,
    RTM_GETRULE,
    RTM_NEWROUTE,
    RTM_NEWRULE,
    Route,
    Rule,
    pack_route,
    pack_rule,
)
from floatip.host.routes import Routes, undoing

WEB, MAIL = Rule(ip_address("10.77.0.50"), 150), Rule(ip_address("10.77.0.51"), 150)
OUT = Route(150, ip_network("0.0.0.0/0"), "lo", ip_address("10.77.0.1"))
LINK = Route(150, ip_network("10.77.0.0/16"), "lo")
NOWHERE = Route(150, ip_network("0.0.0.0/0"), "no-such-nic", ip_address("10.77.0.1"))
LO = 1


class Kernel:
    """A netlink socket that keeps what it is asked, and answers as the test wants."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.answers: list[int] = []
        self.has: list[bytes] = []
        self.questions: list[tuple[int, bytes]] = []

    def send(self, requests: Sequence[bytes]) -> list[Answer]:
        """Answer in turn with what the test put in, then with success."""
        self.asked += requests
        return [Answer(self.answers.pop(0)) if self.answers else DONE for _ in requests]

    def dump(self, kind: int, question: bytes) -> list[tuple[bytes, int, int]]:
        """Give all that is there of a kind, whatever the family."""
        self.questions.append((kind, question))
        wanted = RTM_NEWRULE if kind == RTM_GETRULE else RTM_NEWROUTE
        return [(data, 0, len(data)) for data in self.has if HEADER.unpack_from(data)[1] == wanted]

    def kinds(self) -> list[int]:
        """The types of the requests since the last time."""
        found = [HEADER.unpack_from(data)[1] for data in self.asked]
        self.asked.clear()
        return found


@pytest.fixture
def kernel() -> Kernel:
    """Give a kernel that has nothing and accepts everything."""
    return Kernel()


@pytest.fixture
def routes(kernel: Kernel) -> Routes:
    """Give Routes on that kernel."""
    made = Routes()
    made._socket = kernel  # type: ignore[assignment]
    return made


def test_what_is_there_is_not_asked_for_again(kernel: Kernel, routes: Routes) -> None:
    """The first time everything, in the order given; then nothing; then what is too much, rules first."""
    assert routes.apply([LINK, OUT, WEB]).put == (LINK, OUT, WEB)
    assert kernel.kinds() == [RTM_NEWROUTE, RTM_NEWROUTE, RTM_NEWRULE]
    assert routes.apply([LINK, OUT, WEB]).put == ()
    assert kernel.kinds() == []
    assert routes.apply([LINK, OUT, WEB, MAIL]).put == (MAIL,)
    assert set(routes.apply([LINK]).taken) == {OUT, WEB, MAIL}
    assert kernel.kinds() == [RTM_NEWRULE, RTM_DELRULE, RTM_DELRULE, RTM_DELROUTE]


def test_there_already_and_gone_already_are_success(kernel: Kernel, routes: Routes) -> None:
    """Whatever was tried before."""
    kernel.answers = [0, errno.EEXIST]
    assert routes.apply([OUT, WEB]).failed == ()
    kernel.answers = [errno.ENOENT, errno.ESRCH]
    assert routes.apply([]).failed == ()
    assert not routes.has(OUT)


def test_what_fails_is_told_and_tried_again(kernel: Kernel, routes: Routes) -> None:
    """It costs the others nothing."""
    kernel.answers = [errno.ENETDOWN, 0]
    change = routes.apply([OUT, WEB])
    assert change.put == (WEB,)
    assert change.failed == (
        (
            OUT,
            "route default via 10.77.0.1 dev lo table 150 could not be put there: Network is down; see `ip link`",
        ),
    )
    assert routes.apply([OUT, WEB]).put == (OUT,)


def test_an_interface_that_is_not_there_is_told(kernel: Kernel, routes: Routes) -> None:
    """It is asked for nothing; what was there has gone with it."""
    [(item, why)] = routes.apply([NOWHERE]).failed
    assert item == NOWHERE
    assert why.endswith("there is no such interface, see `ip link`")
    routes._have[NOWHERE] = None
    assert routes.apply([]).failed == ()
    assert kernel.kinds() == []


def test_settling_goes_by_what_the_kernel_has(kernel: Kernel, routes: Routes) -> None:
    """What was lost is put back, and what is left over of ours goes."""
    routes.apply([OUT, WEB])
    kernel.has = [pack_rule(MAIL, put=True), pack_route(OUT, LO, put=True)]
    kernel.kinds()
    change = routes.settle([OUT, WEB], {150})
    assert (change.put, change.taken, change.failed) == ((WEB,), (MAIL,), ())
    assert kernel.kinds() == [RTM_NEWRULE, RTM_DELRULE]


def test_only_the_tables_that_matter_are_read(kernel: Kernel, routes: Routes) -> None:
    """Those of the VIPs, and those that a rule of ours leads to; at the start all, by our number."""
    kernel.has = [pack_rule(Rule(WEB.address, 160), put=True)]
    routes.settle([], {150})
    tables = [question[-4:] for kind, question in kernel.questions if kind == RTM_GETROUTE]
    assert tables == [number.to_bytes(4, "little") for number in (150, 160, 150, 160)]
    kernel.questions.clear()
    routes.settle([])
    assert [(len(question), question[5]) for kind, question in kernel.questions if kind == RTM_GETROUTE] == [
        (12, 102)
    ] * 2


def test_what_the_sentinel_gets_names_no_interface() -> None:
    """So that it takes a route away wherever it leads, and two VIPs of one table name it alike."""
    elsewhere = OUT._replace(interface="eth9", gateway=ip_address("10.77.0.9"))
    assert undoing([OUT, WEB]) == (undoing([elsewhere])[0], pack_rule(WEB, put=False))
