"""Why an owner may not stay in office: each reason, which goes before which, and what the next owner may conclude."""

from dataclasses import replace

import pytest

from floatip.core.defence import DOUBT_S, Defence
from floatip.core.events import Answered
from floatip.core.situation import Situation
from floatip.core.tenure import Notice, must_leave, must_yield
from floatip.core.types import BrokerName, CheckName, CheckSpec, Mac, NodeName, Role, Standing
from floatip.core.vip import Vip
from tests.unit.core.stage import ADDRESS, MACS, WEB, A, B, C, D, L, Peer, X, Y, Z, a_beat, a_listing, a_spec, a_vip

AT = 100.0
EXPIRES_S = 3.0 - 0.1
"""How long after its renewal a lifetime may be counted on."""
STOOD_STILL = Notice("the kernel lifetime ended while this node stood still")


class Office:
    """Node b in office in term 5, with its address renewed just now, between a and c on three brokers."""

    def __init__(self, role: Role) -> None:
        self.s = Situation(a_spec(B, brokers=(X, Y, Z)), lambda: 0.5)
        self.s.links, self.s.macs = {"eth0": True}, (MACS[B],)
        self.s.peers.remember(((A, (MACS[A],)), (C, (MACS[C],))))
        self.vip = Vip(self.s.spec.vips[0], self.s, 0)
        self.vip.role, self.vip.term = role, 5
        self.vip.binding.inherit("eth0", AT + 1.0)
        self.defence = Defence(self.vip.spec, self.s, self.vip.binding, self.vip.troubles)
        for view in self.s.all_views():
            view.session_up(9, 1, AT - 1.0)
            view.say(a_beat(), AT)

    def hears(
        self, node: NodeName, standing: Standing, term: int, *, on: tuple[BrokerName, ...] = (X,), heard: bool = True
    ) -> "Office":
        """Hear a peer's standing just now; ``heard``: it has seen what b said."""
        for broker in on:
            view = self.s.views[broker]
            seen = {B: view.said} if heard else {}
            view.hear(Peer(node).says(a_beat(a_listing(standing, term)), seen), {}, AT)
        return self

    def answered(self, mac: Mac, now: float, *, announced: bool = False) -> "Office":
        """Hear a MAC answer for the address, or announce it."""
        event = Answered(vip=WEB, address=ADDRESS, mac=mac, interface="eth0", announced=announced)
        self.defence.heard(event, now, alone=self.vip.role is Role.ISOLATED)
        return self

    def leaves(self, now: float = AT) -> Notice | None:
        """What ends the office."""
        return must_leave(self.vip, self.s, now)

    def yields(self, now: float = AT) -> Notice | None:
        """What ends the office of one whom no quorum confirms."""
        return must_yield(self.vip, self.s, self.defence, now)


IN_OFFICE = pytest.mark.parametrize("role", [Role.ACQUIRING, Role.OWNER, Role.ISOLATED])

# -- any office


@IN_OFFICE
def test_nothing_ends_an_office_that_nobody_disputes(role: Role) -> None:
    """Neither by word nor on the wire."""
    office = Office(role)
    assert office.leaves() is None
    assert office.yields() is None


@pytest.mark.parametrize("role", [Role.ACQUIRING, Role.ISOLATED])
def test_an_order_to_stop_ends_it(role: Role) -> None:
    """Before any fault and any better owner: nobody else has the addresses."""
    office = Office(role).hears(C, Standing.OWNER, 9)
    office.s.links["eth0"] = False
    office.s.stopping = True
    assert office.leaves() == Notice("stopping", vacated=True)


def test_an_order_to_stop_does_not_end_the_office_of_an_owner_that_can_hand_over() -> None:
    """It hands over first; a fault still ends it at once."""
    office = Office(Role.OWNER)
    office.s.stopping = True
    assert office.leaves() is None
    office.s.links["eth0"] = False
    assert office.leaves() == Notice("link down: eth0", vacated=True)


@IN_OFFICE
def test_a_fault_ends_it(role: Role) -> None:
    """All are named, before any better owner: nobody else has the addresses."""
    office = Office(role).hears(C, Standing.OWNER, 9)
    office.vip.troubles.raise_fault("address refused: no space", AT + 1.0)
    assert office.leaves() == Notice("address refused: no space", vacated=True)
    office.s.links["eth0"] = False
    first, *rest = office.vip.faults(AT)
    assert rest
    assert office.leaves() == Notice("; ".join([first, *rest]), vacated=True)


@pytest.mark.parametrize("role", [Role.ACQUIRING, Role.ISOLATED])
def test_another_configuration_ends_it(role: Role) -> None:
    """Before any fault and any better owner; an owner with a quorum hands over first."""
    office = Office(role).hears(C, Standing.OWNER, 9)
    office.s.links["eth0"] = False
    office.s.spec = replace(office.s.spec, vips=())
    office.s.retiring = {WEB: office.vip.spec}
    assert office.leaves() == Notice("it is configured otherwise now", vacated=True)
    office = Office(Role.OWNER)
    office.s.retiring = {WEB: office.vip.spec}
    assert office.leaves() is None
    office.s.links["eth0"] = False
    assert office.leaves() == Notice("link down: eth0", vacated=True)


@pytest.mark.parametrize(("role", "leaves"), [(Role.ACQUIRING, True), (Role.ISOLATED, False)])
def test_an_isolated_owner_keeps_what_it_is_to_begin_anew(role: Role, leaves: bool) -> None:
    """Without a quorum nobody could claim it then."""
    office = Office(role)
    office.s.retiring = {WEB: office.vip.spec}
    assert office.leaves() == (Notice("it is configured otherwise now", vacated=True) if leaves else None)


@IN_OFFICE
def test_a_check_that_fails_ends_it_unless_one_did_so_lately(role: Role) -> None:
    """Before any better owner; a fault goes before it, and damps nothing."""
    office = Office(role)
    http = CheckName("http")
    office.vip.spec = a_vip(checks=(http,), damping_s=5.0)
    office.s.checkups.replace([CheckSpec(name=http, rise=1, fall=1)])
    assert office.leaves() is None
    office.s.checkups.heard(http, "503", passed=False)
    swayed = Notice("check http fails: 503", vacated=True, swayed=True)
    assert office.leaves() == swayed
    office.s.swayed_at[WEB] = AT - 4.9
    assert office.leaves() is None
    office.s.swayed_at[WEB] = AT - 5.0
    assert office.leaves() == swayed
    office.hears(C, Standing.OWNER, 9)
    assert office.leaves() == swayed
    office.s.links["eth0"] = False
    assert office.leaves() == Notice("link down: eth0", vacated=True, swayed=False)


# -- an owner with a quorum, or one that takes office


@pytest.mark.parametrize("role", [Role.ACQUIRING, Role.OWNER])
@pytest.mark.parametrize("heard", [True, False])
@pytest.mark.parametrize(("node", "term", "leaves"), [(A, 6, True), (C, 5, True), (A, 5, False), (C, 4, False)])
def test_a_higher_owner_ends_it(role: Role, node: NodeName, term: int, heard: bool, leaves: bool) -> None:
    """By (term, node), whether it has heard us or not (rule 7); it has the addresses, too."""
    office = Office(role).hears(node, Standing.OWNER, term, heard=heard)
    assert office.leaves() == (Notice(f"{node} owns it", vacated=False) if leaves else None)


@pytest.mark.parametrize("role", [Role.ACQUIRING, Role.OWNER])
def test_an_owner_whose_lifetime_has_run_out_stays(role: Role) -> None:
    """A quorum says that it is the owner: the address is added again."""
    office = Office(role)
    assert office.vip.binding.expired(AT + 9.0)
    assert office.leaves(AT + 9.0) is None


# -- an isolated owner


@pytest.mark.parametrize(
    ("node", "term", "heard", "leaves"), [(A, 1, True, True), (C, 9, True, True), (C, 9, False, False)]
)
def test_an_owner_that_hears_it_ends_isolation(node: NodeName, term: int, heard: bool, leaves: bool) -> None:
    """Whatever the terms; one that does not may be an old word (4.6 (a))."""
    office = Office(Role.ISOLATED).hears(node, Standing.OWNER, term, heard=heard)
    assert office.leaves(AT + D - 0.01) == (Notice(f"{node} owns it", vacated=False) if leaves else None)
    assert office.leaves(AT + D + 0.01) is None


def test_a_lifetime_that_has_run_out_ends_isolation() -> None:
    """Before the word of any owner; nobody need have the addresses."""
    office = Office(Role.ISOLATED).hears(C, Standing.OWNER, 9)
    assert office.leaves() == Notice("c owns it", vacated=False)
    office.vip.binding.inherit("eth0", AT + 1.0 - EXPIRES_S)
    assert office.leaves() == STOOD_STILL
    assert office.leaves().vacated  # type: ignore[union-attr]  # it is the one above


def test_a_lifetime_is_counted_on_until_a_tenth_of_a_second_before_its_end() -> None:
    """A kernel may be early."""
    office = Office(Role.ISOLATED)
    assert office.leaves(AT + EXPIRES_S - 0.001) is None
    assert office.leaves(AT + EXPIRES_S + 0.001) == STOOD_STILL


@pytest.mark.parametrize(
    ("node", "on", "heard", "yields"),
    [
        (C, (X, Y), True, True),
        (A, (X, Y), True, False),
        (C, (X,), True, False),
        (C, (X, Y), False, False),
    ],
)
def test_an_isolated_rival_that_goes_first_ends_isolation(
    node: NodeName, on: tuple[BrokerName, ...], heard: bool, yields: bool
) -> None:
    """If the two have met on a majority; it is not an owner's word, and does not end any other office."""
    office = Office(Role.ISOLATED).hears(node, Standing.ISOLATED, 1, on=on, heard=heard)
    assert office.leaves() is None
    assert office.yields() == (Notice(f"{node} is isolated too, and goes first", vacated=False) if yields else None)
    office.vip.role = Role.OWNER
    assert office.yields() is None


# -- what was heard on the wire


def on_the_wire(node: NodeName) -> Notice:
    """Say that this peer has the address, too."""
    return Notice(f"{node} ({MACS[node]}) has it too, and goes first", vacated=False)


@pytest.mark.parametrize("role", [Role.OWNER, Role.ISOLATED])
@pytest.mark.parametrize(("node", "yields"), [(C, True), (A, False)])
def test_a_peer_that_has_the_address_too_and_goes_first_ends_it(role: Role, node: NodeName, yields: bool) -> None:
    """Once it is certain; the one with the higher MAC goes first."""
    office = Office(role).answered(MACS[node], AT)
    assert office.yields() is None
    office.answered(MACS[node], AT + DOUBT_S + 0.001)
    assert office.yields(AT + DOUBT_S + 0.001) == (on_the_wire(node) if yields else None)


@pytest.mark.parametrize("role", [Role.OWNER, Role.ISOLATED])
def test_one_that_announces_again_and_again_ends_it_whatever_the_mac(role: Role) -> None:
    """It has the quorum."""
    office = Office(role).answered(MACS[A], AT, announced=True)
    assert office.yields() is None
    office.answered(MACS[A], AT + L, announced=True)
    why = f"a ({MACS[A]}) announces it again and again, so it has the quorum"
    assert office.yields(AT + L) == Notice(why, vacated=False)


@pytest.mark.parametrize(
    ("role", "doubted", "yields"),
    [(Role.ISOLATED, True, True), (Role.ISOLATED, False, False), (Role.OWNER, True, False)],
)
def test_in_doubt_any_peer_ends_isolation(role: Role, doubted: bool, yields: bool) -> None:
    """At its first frame; an owner's lease says that it has no doubt."""
    office = Office(role).answered(MACS[A], AT)
    office.vip.doubted = doubted
    assert office.yields() == (on_the_wire(A) if yields else None)


def test_the_word_of_a_rival_goes_before_the_wire() -> None:
    """Both end the office; it is told what a majority of the brokers know."""
    office = Office(Role.ISOLATED).hears(C, Standing.ISOLATED, 1, on=(X, Y)).answered(MACS[C], AT)
    office.vip.doubted = True
    assert office.yields() == Notice("c is isolated too, and goes first", vacated=False)
