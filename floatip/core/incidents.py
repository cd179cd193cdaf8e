"""What the kernel and the LAN report of one VIP, and what its machine makes of it. Never: changes a role."""

from typing import assert_never

from floatip.core import events as ev
from floatip.core.effects import Kind
from floatip.core.situation import Situation
from floatip.core.tenure import Notice, must_withdraw
from floatip.core.types import Binding, Mac, Occasion, Role
from floatip.core.vip import IDLE, SEATED, Vip

REFUSED_S = 5.0
"""How long a node whose kernel refused the address leaves the VIP to others."""

Incident = (
    ev.Bound
    | ev.BindFailed
    | ev.Unbound
    | ev.UnbindFailed
    | ev.AddressGone
    | ev.AddressAppeared
    | ev.Answered
    | ev.Inherited
)


def take(vip: Vip, s: Situation, event: Incident, now: float) -> None:
    """Tell the VIP; it settles afterwards."""
    match event:
        case ev.Bound():
            vip.binding.bound()
        case ev.BindFailed():
            _bind_failed(vip, s, event, now)
        case ev.Unbound():
            vip.binding.unbound()
        case ev.UnbindFailed():
            vip.binding.unbind_failed(event.reason, now)
        case ev.AddressGone():
            _gone(vip, s, event, now)
        case ev.AddressAppeared():
            _appeared(vip, s, event)
        case ev.Answered():
            _answered(vip, s, event, now)
        case ev.Inherited():
            vip.inherit(event.interface, now)
        case _:
            assert_never(event)


def _answered(vip: Vip, s: Situation, event: ev.Answered, now: float) -> None:
    """A MAC that is not ours answers for, or announces, an address of the VIP."""
    if _is_parting(vip, s, event.mac, now):
        return
    if vip.role in IDLE:
        vip.succession.answered(event.mac, now, testament=event.testament)
    elif vip.role in SEATED:
        vip.defence.heard(event, now, alone=vip.role is Role.ISOLATED or not s.connected)
    elif vip.role is Role.RELEASING:
        if event.announced and not event.testament:
            vip.handover.announced(event.mac)
    elif vip.role is Role.CANDIDATE and (why := must_withdraw(vip, s, event)):
        vip.withdraw(why, now)
    if (why := vip.defence.report(event, now, seated=vip.role in SEATED)) is not None:
        vip.calls.call(Occasion.CONFLICT, vip.spec, vip.role, vip.role, term=vip.term, why=why, mac=event.mac)


def _is_parting(vip: Vip, s: Situation, mac: Mac, now: float) -> bool:
    """Whether the MAC is that of the former owner, which keeps the addresses until it sees us have them."""
    node = s.peers.by_mac(mac) if vip.role in SEATED or vip.role is Role.ACQUIRING else None
    return node is not None and any(
        left.kept and left.by == node and now < left.reserved_until
        for view in s.all_views()
        if (left := view.vacancies.get(vip.spec.name)) is not None
    )


def parted(vip: Vip, now: float) -> None:
    """The former owner has removed the addresses: whoever believes it must hear once more who has them."""
    if vip.role in SEATED:
        vip.binding.defend(now)


def stir(vip: Vip, now: float) -> None:
    """The LAN has healed, or a link is back: clients there may believe somebody else."""
    if vip.role in SEATED:
        vip.defence.stir(now, isolated=vip.role is Role.ISOLATED)


def _bind_failed(vip: Vip, s: Situation, event: ev.BindFailed, now: float) -> None:
    """The kernel refused the addresses; or, ``late``, it was not asked because the promise had expired."""
    if event.late:
        vip.binding.too_late(now)
    elif vip.binding.refused(now):
        vip.troubles.raise_fault(f"address refused: {event.reason}", now + REFUSED_S)
        s.outbox.state = True


def _gone(vip: Vip, s: Situation, event: ev.AddressGone, now: float) -> None:
    """Something else removed an address that we hold: put it back, unless it is a fight."""
    if vip.binding.state is not Binding.BOUND or vip.role is Role.RELEASING:
        return
    s.tell(Kind.ADDRESS, f"{event.address} was removed: {event.cause}", vip=vip.spec.name, warning=True)
    if vip.doubted:
        vip.let_go(Notice("it was removed while this node stood still"), now)
    elif not vip.binding.expired(now) and vip.troubles.removed(now):
        s.outbox.state = True
    else:
        vip.binding.gone()


def _appeared(vip: Vip, s: Situation, event: ev.AddressAppeared) -> None:
    """An address of the VIP is here and should not be: take it off."""
    if vip.role in IDLE or vip.role is Role.CANDIDATE:
        s.tell(Kind.ADDRESS, f"{event.address} appeared: {event.cause}; removed", vip=vip.spec.name, warning=True)
        s.outbox.unbinds.append(vip.spec.name)
    elif vip.binding.state is Binding.BOUND:
        s.tell(
            Kind.ADDRESS,
            f"{event.address} appeared beside ours: {event.cause}; removed",
            vip=vip.spec.name,
            warning=True,
        )
        vip.binding.gone()
