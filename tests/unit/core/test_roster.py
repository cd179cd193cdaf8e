"""Which VIPs a node has, and how that changes: what stays, what is given up first, what is begun, and its terms."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import pytest

from floatip.core.effects import Configure
from floatip.core.messages import Witnessed
from floatip.core.roster import SOFT, Roster, same_outside
from floatip.core.situation import Situation
from floatip.core.types import (
    BELIEVED,
    Binding,
    Policy,
    Role,
    Standing,
    VipName,
    VipSpec,
)
from floatip.core.vip import Vip
from tests.unit.core.reloading import MAIL, NEWS, OTHERWISE, mail
from tests.unit.core.stage import MACS, WEB, B, C, Peer, X, Y, a_beat, a_listing, a_spec, a_state, a_vip, of

CHANGES = [pytest.param({name: value}, id=name) for name, value in OTHERWISE.items()]


@pytest.mark.parametrize("change", CHANGES)
def test_what_kernel_and_peers_see_is_told_from_what_they_do_not(change: dict[str, Any]) -> None:
    """What a node decides alone changes in place; all else is something else on the wire or in the kernel."""
    assert same_outside(a_vip(), a_vip(**change)) is (change.keys() <= SOFT)
    assert same_outside(a_vip(**change), a_vip(**change))


def test_of_everything_that_can_be_configured_it_is_known_what_a_change_means() -> None:
    """A field that is new is looked at from outside until somebody says otherwise; the name is the VIP itself."""
    settable = {field.name for field in fields(VipSpec) if field.init}
    assert settable - {"name"} == OTHERWISE.keys()
    assert settable >= SOFT
    assert len(SOFT) == 9
    assert not same_outside(a_vip(), mail(address="10.77.0.50"))


class Scene:
    """The roster of node a, whose VIPs stand where the test puts them."""

    def __init__(self, *vips: VipSpec, terms: Mapping[VipName, int] | None = None) -> None:
        self.s = Situation(a_spec(brokers=(X, Y), vips=vips), lambda: 0.5)
        terms = terms or {}
        self.vips = {vip.name: Vip(vip, self.s, terms.get(vip.name, 0)) for vip in vips}
        self.roster = Roster(self.s, self.vips, terms)
        self.now = 100.0

    def change(self, *vips: VipSpec) -> tuple[VipSpec, ...]:
        """Have these VIPs from now on; return what the hands are told."""
        self.roster.change(replace(self.s.spec, vips=vips), self.now)
        told = self.told()
        assert told is not None
        return told

    def settle(self) -> tuple[set[VipName], tuple[VipSpec, ...] | None]:
        """Let go of what was given up; return the names, and what the hands are told, if they are."""
        self.s.effects.clear()
        return self.roster.settle(self.now), self.told()

    def told(self) -> tuple[VipSpec, ...] | None:
        """What the hands were told last."""
        told = of(Configure, self.s.effects)
        return told[-1].vips if told else None

    def serves(self, name: VipName, role: Role = Role.OWNER, binding: Binding = Binding.BOUND) -> Vip:
        """Let a VIP be in office."""
        self.vips[name].role, self.vips[name].binding.state = role, binding
        return self.vips[name]

    def seen_term(self, name: VipName) -> int:
        """The highest term that the node knows of."""
        return self.vips[name].seen_term


# -- order


def test_vips_stand_as_the_configuration_names_them() -> None:
    """Those that are being given up come last; whoever is first in the file goes first."""
    web, news = a_vip(), a_vip(NEWS, address="10.77.0.52")
    scene = Scene(web, mail())
    scene.serves(WEB)
    assert scene.roster.in_order([MAIL, WEB]) == [WEB, MAIL]
    assert scene.change(news, mail()) == (news, mail(), web)
    assert list(scene.vips) == [NEWS, MAIL, WEB]
    assert scene.roster.in_order({WEB, MAIL, NEWS}) == [NEWS, MAIL, WEB]
    assert scene.roster.in_order([MAIL]) == [MAIL]
    assert scene.change(web, mail(), news) == (web, mail(), news)
    assert list(scene.vips) == [WEB, MAIL, NEWS]


def test_one_that_is_begun_anew_takes_its_own_place() -> None:
    """Not the last one."""
    scene = Scene(a_vip(), mail())
    other = a_vip(address="10.77.0.60")
    assert scene.change(other, mail()) == (a_vip(), mail())
    assert scene.settle() == ({WEB}, (other, mail()))
    assert list(scene.vips) == [WEB, MAIL]


# -- in place, given up, begun anew


def test_one_that_is_the_same_outside_stays_what_it_is() -> None:
    """It is the same VIP, and goes by what is said of it now."""
    scene = Scene(a_vip())
    vip = scene.serves(WEB)
    other = a_vip(priority=7)
    assert scene.change(other) == (other,)
    assert scene.vips == {WEB: vip}
    assert vip.spec is other
    assert scene.s.retiring == {}
    assert scene.roster.settle(scene.now) == set()


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("binding", list(Binding))
def test_it_is_given_up_when_neither_role_nor_kernel_have_anything_of_it(role: Role, binding: Binding) -> None:
    """Not before."""
    scene = Scene(a_vip())
    scene.serves(WEB, role, binding)
    assert scene.change() == (a_vip(),)
    over = role in {Role.INIT, Role.BACKUP, Role.FAULT} and binding is Binding.ABSENT
    assert scene.settle() == (({WEB}, ()) if over else (set(), None))
    assert scene.vips.keys() == (set() if over else {WEB})
    assert scene.s.retiring == ({} if over else {WEB: a_vip()})
    assert scene.s.policies == ({} if over else {WEB: Policy.KEEP})


def test_the_last_configuration_counts() -> None:
    """What was to follow before is forgotten, whether it was nothing or something else."""
    scene = Scene(a_vip())
    vip = scene.serves(WEB)
    scene.change()
    scene.change(a_vip(address="10.77.0.60"))
    scene.change(a_vip(address="10.77.0.70"))
    assert scene.s.retiring == {WEB: a_vip()}
    scene.serves(WEB, Role.BACKUP, Binding.ABSENT)
    assert scene.settle() == ({WEB}, (a_vip(address="10.77.0.70"),))
    assert scene.vips[WEB] is not vip


def test_one_that_is_changed_back_before_it_was_given_up_stays() -> None:
    """Nobody has noticed anything."""
    scene = Scene(a_vip())
    vip = scene.serves(WEB)
    scene.change(a_vip(address="10.77.0.60"))
    scene.change(a_vip(priority=3))
    assert scene.s.retiring == {}
    assert scene.vips == {WEB: vip}
    assert vip.spec.priority == 3
    scene.serves(WEB, Role.BACKUP, Binding.ABSENT)
    assert scene.settle() == (set(), None)


def test_others_are_not_touched() -> None:
    """Whatever becomes of their neighbours."""
    scene = Scene(a_vip(), mail())
    vip = scene.serves(MAIL)
    assert scene.change(mail()) == (mail(), a_vip())
    assert scene.settle() == ({WEB}, (mail(),))
    assert scene.vips == {MAIL: vip}


def test_one_waits_for_all_that_have_its_addresses() -> None:
    """No address is in two VIPs for a moment; whoever waited is listened for from when it begins."""
    other = mail(address="10.77.0.60")
    scene = Scene(a_vip(), other)
    for name in (WEB, MAIL):
        scene.serves(name)
    news = replace(a_vip(NEWS), addresses=(*a_vip().addresses, *other.addresses))
    assert scene.change(news) == (a_vip(), other)
    scene.now = 103.0
    scene.serves(WEB, Role.BACKUP, Binding.ABSENT)
    assert scene.settle() == ({WEB}, None)
    assert scene.vips.keys() == {MAIL}
    scene.now = 107.0
    scene.serves(MAIL, Role.BACKUP, Binding.ABSENT)
    assert scene.settle() == ({MAIL, NEWS}, (news,))
    assert scene.vips[NEWS]._born == 107.0


def test_the_hands_are_told_when_something_begins_and_at_the_end() -> None:
    """Many VIPs go in many steps: nobody asks for what has gone, so the hands need not know at each."""
    third = a_vip(NEWS, address="10.77.0.52")
    scene = Scene(a_vip(), mail(), third)
    anew = mail(address="10.77.0.60")
    scene.change(anew)
    told = []
    for name in (WEB, MAIL, NEWS):
        scene.serves(name, Role.BACKUP, Binding.ABSENT)
        for rest in scene.s.retiring.keys() - {name}:
            scene.serves(rest)
        told.append(scene.settle())
    assert told == [({WEB}, None), ({MAIL}, (anew, third)), ({NEWS}, (anew,))]


def test_each_change_is_written_down_and_told_to_the_peers() -> None:
    """When it is made, and when the last of it is done."""
    scene = Scene(a_vip())
    scene.change()
    assert (scene.s.outbox.state, scene.s.outbox.store) == (True, True)
    scene.s.outbox.state = scene.s.outbox.store = False
    scene.settle()
    assert (scene.s.outbox.state, scene.s.outbox.store) == (True, True)
    scene.s.outbox.state = scene.s.outbox.store = False
    scene.settle()
    assert (scene.s.outbox.state, scene.s.outbox.store) == (False, False)


# -- terms


def test_terms_are_remembered_of_vips_that_are_not_configured() -> None:
    """They may come back, and a term must never fall."""
    scene = Scene(a_vip(), terms={WEB: 4, MAIL: 9})
    assert dict(scene.roster.terms()) == {WEB: 4, MAIL: 9}
    vip = scene.serves(WEB, Role.BACKUP, Binding.ABSENT)
    vip.term, vip.seen_term = 6, 5
    assert dict(scene.roster.terms()) == {WEB: 6, MAIL: 9}
    scene.change(mail())
    assert scene.seen_term(MAIL) == 9
    scene.settle()
    assert dict(scene.roster.terms()) == {WEB: 6, MAIL: 9}
    scene.change(a_vip(), mail())
    assert (scene.seen_term(WEB), scene.seen_term(MAIL)) == (6, 9)
    assert dict(scene.roster.terms()) == {WEB: 6, MAIL: 9}


@pytest.mark.parametrize(("term", "seen_term"), [(6, 5), (5, 6)])
def test_one_that_is_begun_anew_goes_on_above_its_terms(term: int, seen_term: int) -> None:
    """Its own, and those that it heard of."""
    scene = Scene(a_vip())
    vip = scene.serves(WEB, Role.BACKUP, Binding.ABSENT)
    vip.term, vip.seen_term = term, seen_term
    scene.change(a_vip(address="10.77.0.60"))
    scene.settle()
    assert scene.seen_term(WEB) == 6
    assert dict(scene.roster.terms()) == {WEB: 6}


def test_what_peers_said_of_a_vip_before_it_was_configured_here_counts() -> None:
    """On any broker, and what their witnesses saw; nothing that nobody can count on from."""
    scene = Scene(terms={MAIL: 2})
    for node, broker, term in ((B, X, 5), (C, X, 6), (B, Y, 7), (C, Y, BELIEVED)):
        view = scene.s.views[broker]
        view.session_up(9, 1, 0.0)
        view.hear(Peer(node).says(a_beat(a_listing(Standing.OWNER, term, MAIL))), {}, 1.0)
    scene.change(mail())
    assert scene.seen_term(MAIL) == 7
    scene = Scene(terms={MAIL: 2})
    for node, term in ((B, 8), (C, BELIEVED)):
        witnessed = (Witnessed(vip=MAIL, term=term, mac=MACS[B]),)
        scene.s.peers.learn(Peer(node).says(a_state(node, witnessed=witnessed)))
    scene.change(mail())
    assert scene.seen_term(MAIL) == 8
    scene = Scene(terms={MAIL: 2})
    scene.change(mail(), a_vip(NEWS, address="10.77.0.52"))
    assert (scene.seen_term(MAIL), scene.seen_term(NEWS)) == (2, 0)
