"""Farewells: what is remembered of an owner that leaves."""

from floatip.core.farewells import MOST_RESERVED_S, Vacancy, take_farewell
from floatip.core.messages import Release
from floatip.core.peerlog import Entry, PeerLog
from floatip.core.types import Origin, Standing, VipName
from tests.unit.core.stage import WEB, B, C, a_spec

AT = 100.0
TERM = 7


def a_log(*, lists: bool = True) -> PeerLog:
    """Node B on one broker, as owner of the VIP or not."""
    log = PeerLog(node=B, terms=a_spec().terms, origin=Origin(1, 1, 1))
    if lists:
        log.entries[WEB] = Entry(standing=Standing.OWNER, term=TERM, definition="d", at=AT)
    return log


def taken(body: Release, *, lists: bool = True, before: Vacancy | None = None) -> dict[VipName, Vacancy]:
    """What is remembered after this farewell."""
    vacancies = {WEB: before} if before is not None else {}
    take_farewell(vacancies, a_log(lists=lists), body, {WEB}, AT)
    return vacancies


def test_an_owner_that_leaves_to_somebody_and_keeps_the_addresses() -> None:
    """Who left, from which term, to whom, and until when it is reserved."""
    left = taken(Release(vips=(WEB,), to=C, reserved_s=1.0, kept=True))[WEB]
    assert left == Vacancy(B, TERM, C, AT, AT + 1.0, kept=True, handed_to=C, definition="d")


def test_the_second_farewell_is_without_the_addresses_and_remembers_to_whom() -> None:
    """The list says nothing of the VIP any more by then."""
    first = Vacancy(B, TERM, C, AT - 0.1, AT + 0.9, kept=True, handed_to=C, definition="d")
    left = taken(Release(vips=(WEB,), vacated=True), lists=False, before=first)[WEB]
    assert (left.term, left.to, left.kept, left.handed_to, left.definition) == (TERM, None, False, C, "d")


def test_a_second_farewell_of_another_node_says_nothing() -> None:
    """Only who kept the addresses can say that they are gone."""
    first = Vacancy(C, TERM, B, AT - 0.1, AT + 0.9, kept=True, handed_to=B)
    assert taken(Release(vips=(WEB,), vacated=True), lists=False, before=first)[WEB] == first


def test_whoever_owned_nothing_leaves_nothing() -> None:
    """A release of what was not listed, or of a mere claim, is no farewell."""
    assert taken(Release(vips=(WEB,), vacated=True), lists=False) == {}
    assert taken(Release(vips=(WEB,))) == {}


def test_a_reservation_has_an_end() -> None:
    """Nobody can reserve a VIP for a day."""
    left = taken(Release(vips=(WEB,), to=C, reserved_s=86_400.0, kept=True))[WEB]
    assert left.reserved_until == AT + MOST_RESERVED_S


def test_a_vip_that_is_unknown_here_is_not_remembered() -> None:
    """Names come from other hosts: they must not fill the memory."""
    assert taken(Release(vips=(VipName("other"),), to=C, kept=True)) == {}
