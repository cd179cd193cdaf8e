"""Requests and replies between nodes: none is lost, none is carried out twice."""

import pytest

from floatip.core.messages import Reply, Request, Verb, Verdict
from floatip.core.requests import AGAIN_S, REMEMBERED, Requests
from floatip.core.situation import Situation
from floatip.core.types import NodeName
from tests.unit.core.asking import a_request
from tests.unit.core.stage import WEB, B, C, a_spec

AT = 100.0
ACCEPTED = Reply(id="r1", verdict=Verdict.ACCEPTED, text="done", vips=(WEB,))
LATER = Reply(id="r1", verdict=Verdict.FAILED, text="after all not", vips=(WEB,))


@pytest.fixture
def requests() -> Requests:
    """Give the correspondence of node a."""
    return Requests(Situation(a_spec(), lambda: 0.5))


def said(requests: Requests) -> list[Request | Reply]:
    """Take what is to be said."""
    say, requests.say = requests.say, []
    return say


# -- asking


def test_a_request_is_sent_again_until_a_reply_comes(requests: Requests) -> None:
    """Messages get lost, and a broker may be away for a moment."""
    request = a_request(at=B)
    requests.ask(request, AT)
    assert said(requests) == [request]
    assert requests.settle(AT + AGAIN_S - 0.01) == pytest.approx(AT + AGAIN_S)
    assert said(requests) == []
    assert requests.settle(AT + AGAIN_S) == pytest.approx(AT + 2 * AGAIN_S)
    assert said(requests) == [request]
    requests.replied(ACCEPTED, B)
    assert requests.settle(AT + 2 * AGAIN_S) is None
    assert said(requests) == []


def test_a_reply_to_another_request_ends_nothing(requests: Requests) -> None:
    """Each waits for its own."""
    requests.ask(a_request("r2", at=B), AT)
    requests.replied(ACCEPTED, B)
    requests.settle(AT + AGAIN_S)
    assert len(said(requests)) == 2


def test_a_request_is_not_sent_again_once_it_is_void(requests: Requests) -> None:
    """Nobody waits for it any more."""
    requests.ask(Request(id="r1", verb=Verb.ANNOUNCE, at=B, vips=(WEB,), expires_s=2.0), AT)
    for number in range(1, 50):
        requests.settle(AT + number * 0.1)
    assert len(said(requests)) == 4
    assert requests.settle(AT + 5.0) is None


def test_a_request_of_the_moment_is_sent_once(requests: Requests) -> None:
    """Its asker asks somebody else if nothing comes of it."""
    requests.ask(a_request(at=B), AT, once=True)
    assert len(said(requests)) == 1
    assert requests.settle(AT + 5.0) is None
    assert said(requests) == []


def test_no_two_requests_have_one_id(requests: Requests) -> None:
    """Neither in one life nor in two."""
    later = Requests(Situation(a_spec(), lambda: 0.5))
    ids = [requests.new_id(7), requests.new_id(7), later.new_id(8)]
    assert len(set(ids)) == 3


# -- being asked


def test_a_request_is_carried_out_once_however_many_brokers_deliver_it(requests: Requests) -> None:
    """One with the same id of another asker is another."""
    assert [requests.take(a_request(), B, 0.1, AT) for _ in range(3)] == [True, False, False]
    assert requests.take(a_request(), C, 0.1, AT)


def test_a_request_to_another_node_is_not_ours(requests: Requests) -> None:
    """All hear it."""
    assert not requests.take(a_request(at=C), B, 0.1, AT)
    assert requests.take(a_request(), B, 0.1, AT)


@pytest.mark.parametrize(("age_s", "taken"), [(10.0, True), (10.01, False), (float("inf"), False)])
def test_a_request_that_nobody_waits_for_any_more_is_not_carried_out(
    requests: Requests, age_s: float, taken: bool
) -> None:
    """It may be a recording; and it may come in time by another broker."""
    assert requests.take(a_request(), B, age_s, AT) is taken
    assert requests.take(a_request(), B, 0.1, AT) is not taken


def test_a_request_that_comes_again_gets_all_its_replies_again(requests: Requests) -> None:
    """The first ones got lost; what three brokers deliver at once is one repetition."""
    requests.take(a_request(), B, 0.1, AT)
    requests.reply(ACCEPTED, B, AT)
    requests.reply(LATER, B, AT + 0.1)
    assert said(requests) == [ACCEPTED, LATER]
    assert not requests.take(a_request(), B, 0.1, AT + 0.1 + AGAIN_S / 2)
    assert said(requests) == []
    for _ in range(3):
        assert not requests.take(a_request(), B, 0.1, AT + AGAIN_S)
    assert said(requests) == [ACCEPTED, LATER]


def test_a_request_that_is_still_being_carried_out_gets_no_reply_yet(requests: Requests) -> None:
    """There is none to repeat."""
    requests.take(a_request(), B, 0.1, AT)
    requests.take(a_request(), B, 0.1, AT + AGAIN_S)
    assert said(requests) == []
    requests.reply(ACCEPTED, B, AT + 1.0)
    assert said(requests) == [ACCEPTED]


def test_memory_of_requests_is_bounded(requests: Requests) -> None:
    """The oldest is forgotten."""
    for number in range(REMEMBERED + 1):
        assert requests.take(a_request(f"r{number}"), NodeName("b"), 0.1, AT)
    assert not requests.take(a_request("r1"), B, 0.1, AT)
    assert requests.take(a_request("r0"), B, 0.1, AT)
