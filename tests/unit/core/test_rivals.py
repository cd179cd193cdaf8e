"""Who else says that the VIP is theirs, and who of two yields (rule 7, 4.6)."""

import pytest

from floatip.core.rivals import incumbent, isolated_owners, isolated_rival, outranked_by, owner_that_hears_us
from floatip.core.situation import Situation
from floatip.core.types import BrokerName, NodeName, Standing, Terms, Timing
from tests.unit.core.stage import MACS, TERMS, A, B, C, D, Peer, X, Y, Z, a_beat, a_digest, a_listing, a_spec

SPEC = a_spec().vips[0]
SLOW = a_spec(timing=Timing(lease_s=4.0)).terms


class Scene:
    """What node b hears on three brokers."""

    def __init__(self) -> None:
        self.s = Situation(a_spec(B, brokers=(X, Y, Z)), lambda: 0.5)
        self.s.macs = (MACS[B],)
        self.s.peers.remember(((A, (MACS[A],)), (C, (MACS[C],))))
        for view in self.s.all_views():
            view.session_up(9, 1, 0.0)
            view.say(a_beat(), 1.0)

    def says(
        self,
        node: NodeName,
        standing: Standing,
        term: int = 1,
        *,
        on: tuple[BrokerName, ...] = (X,),
        hearing: bool = False,
        terms: Terms = TERMS,
    ) -> "Scene":
        """Hear a peer's standing at 1 s; ``hearing``: it has seen what b said just then."""
        for broker in on:
            view = self.s.views[broker]
            seen = {B: view._origin} if hearing else {}
            view.hear(Peer(node, terms).says(a_beat(a_listing(standing, term)), seen), {}, 1.0)
        return self


@pytest.mark.parametrize("standing", [Standing.CLAIMING, Standing.HELD, Standing.RELEASING])
def test_only_who_says_owner_or_isolated_is_the_incumbent(standing: Standing) -> None:
    """The others are on their way."""
    scene = Scene().says(A, standing)
    assert incumbent(scene.s, SPEC, 1.1) is None


def said(scene: Scene, now: float) -> tuple[NodeName, int, bool]:
    """Who owns it, for which term, and whether isolated."""
    one = incumbent(scene.s, SPEC, now)
    assert one is not None
    return one.node, one.term, one.isolated


def test_an_owner_goes_before_an_isolated_one_whatever_the_terms() -> None:
    """Quorum is worth more than age."""
    scene = Scene().says(A, Standing.ISOLATED, 9)
    assert said(scene, 1.1) == (A, 9, True)
    scene.says(C, Standing.OWNER, 2)
    assert said(scene, 1.1) == (C, 2, False)
    scene.says(A, Standing.OWNER, 3, on=(Y,))
    assert said(scene, 1.1) == (A, 3, False)


def test_an_owners_word_lasts_for_the_owner_down_interval() -> None:
    """The larger of both nodes'; a digest that stands for the list renews it."""
    scene = Scene().says(A, Standing.OWNER)
    assert incumbent(scene.s, SPEC, 1.0 + D - 0.01) is not None
    assert incumbent(scene.s, SPEC, 1.0 + D + 0.01) is None
    scene.says(C, Standing.OWNER, terms=SLOW)
    assert incumbent(scene.s, SPEC, 1.0 + SLOW.keep_s - 0.01) is not None
    peer = Peer(A)
    view = scene.s.views[Y]
    view.hear(peer.says(a_beat(a_listing())), {}, 5.0)
    view.hear(peer.says(a_digest(1)), {}, 6.0)
    assert said(scene, 7.0) == (A, 1, False)


def test_isolated_owners_are_named_once() -> None:
    """On however many brokers they are heard."""
    scene = Scene().says(C, Standing.ISOLATED, on=(X, Y)).says(A, Standing.ISOLATED).says(NodeName("d"), Standing.OWNER)
    assert isolated_owners(scene.s, SPEC, 1.1) == (A, C)


@pytest.mark.parametrize(
    ("standing", "node", "term", "yields"),
    [
        (Standing.OWNER, A, 6, True),
        (Standing.OWNER, C, 5, True),
        (Standing.OWNER, A, 5, False),
        (Standing.OWNER, C, 4, False),
        (Standing.ISOLATED, C, 9, False),
        (Standing.HELD, C, 9, False),
    ],
)
def test_rule_7_the_higher_owner_wins(standing: Standing, node: NodeName, term: int, yields: bool) -> None:
    """An owner yields to one who says owner with a higher (term, node)."""
    scene = Scene().says(node, standing, term)
    assert outranked_by(scene.s, SPEC, 5, 1.1) == (node if yields else None)


@pytest.mark.parametrize(
    ("standing", "hearing", "yields"),
    [(Standing.OWNER, True, True), (Standing.OWNER, False, False), (Standing.ISOLATED, True, False)],
)
def test_an_isolated_owner_yields_to_an_owner_that_hears_it(standing: Standing, hearing: bool, yields: bool) -> None:
    """Whatever the terms; one that has not heard us may be an old word (4.6 a)."""
    scene = Scene().says(A, standing, 1, hearing=hearing)
    assert owner_that_hears_us(scene.s, SPEC, 1.1) == (A if yields else None)


def test_an_owner_that_heard_us_long_ago_hears_us_no_more() -> None:
    """Its acknowledgement must be younger than D."""
    scene = Scene()
    old = scene.s.views[X]._origin
    peer = Peer(A)
    for at in (1.0, 2.0, 3.0):
        scene.s.views[X].hear(peer.says(a_beat(a_listing()), {B: old}), {}, at)
    assert owner_that_hears_us(scene.s, SPEC, 1.0 + D - 0.01) == A
    assert owner_that_hears_us(scene.s, SPEC, 3.1) is None


@pytest.mark.parametrize(
    ("node", "term", "on", "hearing", "yields"),
    [
        (C, 5, (X, Y), True, True),
        (C, 1, (X, Y, Z), True, True),
        (A, 9, (X, Y, Z), True, False),
        (C, 5, (X,), True, False),
        (C, 5, (X, Y), False, False),
    ],
)
def test_of_two_isolated_ones_the_lower_yields_if_they_meet_on_a_majority(
    node: NodeName, term: int, on: tuple[BrokerName, ...], hearing: bool, yields: bool
) -> None:
    """The hardware address decides, as on the wire, and not the term (4.6 b)."""
    scene = Scene().says(node, Standing.ISOLATED, term, on=on, hearing=hearing)
    assert isolated_rival(scene.s, SPEC, 1.1) == (node if yields else None)


def test_one_whose_hardware_address_is_not_known_is_waited_for() -> None:
    """It tells before it says anything else; one that does not know its own yields."""
    scene = Scene().says(C, Standing.ISOLATED, on=(X, Y), hearing=True)
    scene.s.peers.known[C].macs = ()
    assert isolated_rival(scene.s, SPEC, 1.1) is None
    scene = Scene().says(A, Standing.ISOLATED, on=(X, Y), hearing=True)
    scene.s.macs = ()
    assert isolated_rival(scene.s, SPEC, 1.1) == A


def test_an_owner_is_no_isolated_rival() -> None:
    """It is met by another rule."""
    scene = Scene().says(C, Standing.OWNER, 9, on=(X, Y), hearing=True)
    assert isolated_rival(scene.s, SPEC, 1.1) is None
