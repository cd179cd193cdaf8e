"""What a host tells of itself is taken in once, and is news only if it is."""

from floatip.core import effects as ef
from floatip.core.events import IdentityChanged, LinkChanged
from floatip.core.hostfacts import identified, linked
from floatip.core.situation import Situation
from tests.unit.core.stage import MACS, A, B, a_spec, of


def a_situation() -> Situation:
    """Make what one node knows before it was told anything."""
    return Situation(a_spec(), lambda: 0.5)


def test_a_link_is_news_once() -> None:
    """The second message about the same state says nothing."""
    s = a_situation()
    assert linked(s, LinkChanged(interface="eth0", up=False))
    assert not linked(s, LinkChanged(interface="eth0", up=False))
    assert linked(s, LinkChanged(interface="eth0", up=True))
    assert [tell.text for tell in of(ef.Tell, s.effects)] == ["eth0 link down", "eth0 link up"]
    assert s.links == {"eth0": True}


def test_other_hardware_addresses_are_told_from_the_first_ones() -> None:
    """Only who was known by others before has to announce itself anew; an empty answer changes nothing."""
    s = a_situation()
    assert not identified(s, IdentityChanged(macs=(MACS[A],), addresses=("10.77.0.11",)))
    assert not identified(s, IdentityChanged(macs=(MACS[A],), addresses=("10.77.0.12",)))
    assert not identified(s, IdentityChanged(macs=(), addresses=()))
    assert s.macs == (MACS[A],)
    assert identified(s, IdentityChanged(macs=(MACS[B],), addresses=()))
    assert s.outbox.state
