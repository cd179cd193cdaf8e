"""What this host tells of itself: its links, its hardware and LAN addresses. Never: what follows for a VIP."""

from floatip.core.effects import Kind
from floatip.core.events import IdentityChanged, LinkChanged
from floatip.core.situation import Situation


def linked(s: Situation, event: LinkChanged) -> bool:
    """Take in whether an interface has its link; return whether that is news."""
    if s.links.get(event.interface) == event.up:
        return False
    s.links[event.interface] = event.up
    s.tell(Kind.LINK, f"{event.interface} link {'up' if event.up else 'down'}", warning=not event.up)
    s.outbox.state = True
    return True


def identified(s: Situation, event: IdentityChanged) -> bool:
    """Take in the addresses of this node; return whether clients know it by other hardware addresses."""
    renamed = bool(s.macs and event.macs and event.macs != s.macs)
    s.macs, s.addresses, s.ports = event.macs or s.macs, event.addresses, event.ports
    s.outbox.state = True
    return renamed
