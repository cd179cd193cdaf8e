"""What the kernel, the LAN and operators report of one VIP, and what its machine makes of it. Never: changes a role."""

from typing import assert_never

from floatip.core import events as ev
from floatip.core.effects import Kind
from floatip.core.situation import Situation
from floatip.core.types import Binding, Role
from floatip.core.vip import IDLE, REFUSED_S, Vip

Incident = (
    ev.Bound
    | ev.BindFailed
    | ev.Unbound
    | ev.UnbindFailed
    | ev.AddressGone
    | ev.AddressAppeared
    | ev.Answered
    | ev.Inherited
    | ev.AnnounceAsked
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
            vip.answered(event, now)
        case ev.Inherited():
            vip.inherit(event.interface, now)
        case ev.AnnounceAsked():
            vip.binding.announce(now)
        case _:
            assert_never(event)


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
        vip.let_go("it was removed while this node stood still", now)
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
