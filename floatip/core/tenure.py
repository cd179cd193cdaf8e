"""Why an owner may not stay in office (design 4.4 rule 7, 4.6). Knows: the reasons. Never: changes a role."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from floatip.core.defence import Defence
from floatip.core.events import Answered
from floatip.core.rivals import isolated_rival, outranked_by, owner_that_hears_us
from floatip.core.situation import Situation
from floatip.core.types import Policy, Role

if TYPE_CHECKING:
    from floatip.core.vip import Vip


@dataclass(frozen=True, slots=True)
class Notice:
    """The reason; ``vacated``: nobody else has the addresses, so the next owner need not ask the LAN."""

    why: str
    vacated: bool = True
    swayed: bool = False
    """A check is the reason."""


def must_leave(vip: "Vip", s: Situation, now: float) -> Notice | None:
    """What ends any office: an order, a fault, a lifetime that has run out, a better owner's word.

    An owner with a quorum that is to stop, or to give this VIP up, hands over first (see ``motives``).
    """
    if s.stopping and vip.role is not Role.OWNER:
        return Notice("stopping")
    if vip.spec.name in s.retiring and vip.role is not Role.OWNER and not _waits(vip, s):
        return Notice("it is configured otherwise now")
    if faults := vip.faults(now):
        return Notice("; ".join(faults))
    if (failing := s.checkups.failing(vip.spec)) and now >= s.damped_until(vip.spec):
        return Notice("; ".join(failing), swayed=True)
    if vip.role is not Role.ISOLATED:
        owner = outranked_by(s, vip.spec, vip.term, now)
    elif vip.binding.expired(now):
        return Notice("the kernel lifetime ended while this node stood still")
    else:
        owner = owner_that_hears_us(s, vip.spec, now)
    return Notice(f"{owner} owns it", vacated=False) if owner else None


def _waits(vip: "Vip", s: Situation) -> bool:
    """Whether an isolated owner that is to begin the VIP anew keeps it: without a quorum nobody could claim it then."""
    return vip.role is Role.ISOLATED and any(one.name == vip.spec.name for one in s.spec.vips)


def must_yield(vip: "Vip", s: Situation, defence: Defence, now: float) -> Notice | None:
    """What ends the office of one whom no quorum confirms: a peer that has the addresses too, and goes first."""
    if vip.role is Role.ISOLATED and (rival := isolated_rival(s, vip.spec, now)):
        return Notice(f"{rival} is isolated too, and goes first", vacated=False)
    why = defence.yields(now, doubted=vip.doubted and vip.role is Role.ISOLATED)
    return Notice(why, vacated=False) if why else None


def must_withdraw(vip: "Vip", s: Situation, event: Answered) -> str | None:
    """What ends a candidacy: a peer takes the VIP by the word of the LAN, while this node waits for a broker's."""
    node = s.peers.by_mac(event.mac)
    taken = event.announced and not event.testament and vip.spec.policy is not Policy.RELEASE
    return f"{node} announces it" if taken and node not in {None, vip.succession.last_owner} else None
